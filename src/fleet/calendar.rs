//! Weekly hours and the periods of levels, in a time zone.

/// Weekly hours: `mon-fri 08:00-18:00`, several by comma, over midnight too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours;

/// A period of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday on.
    Week,
    /// A calendar month.
    Month,
    /// From January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
    /// So many milliseconds until now.
    Rolling(i64),
}
