//! Weekly hours and the periods of levels, in a time zone.

/// Weekly hours: `mon-fri 08:00-18:00`, several by comma, over midnight too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours;

impl Hours {
    /// Reads hours.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(text: &str) -> Result<Hours, String> {
        let has_times = text.contains('-') && text.contains(':');
        if has_times { Ok(Hours) } else { Err(format!("{text:?}: expected hours as mon-fri 08:00-18:00")) }
    }
}

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

impl Period {
    /// Reads a period.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(text: &str) -> Result<Period, String> {
        match text {
            "day" => Ok(Period::Day),
            "week" => Ok(Period::Week),
            "month" => Ok(Period::Month),
            "quarter" => Ok(Period::Quarter),
            "year" => Ok(Period::Year),
            _ => match text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok()) {
                Some(days) => Ok(Period::Rolling(i64::from(days) * 86_400_000)),
                None => Err(format!("{text:?}: expected day, week, month, quarter, year or as 30d")),
            },
        }
    }
}
