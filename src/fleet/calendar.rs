//! Weekly hours, periods and spans of time, in a time zone. Nothing here has a clock; only the making of a [`Zone`] reads
//! the time zone database.
//!
//! ```text
//!  zone    which offset holds when, and where a day begins
//!  hours   mon-fri 08:00-18:00: what a clock on the wall shows
//!  period  day, week, month, quarter, year, 30d
//!  span    2026-10, 2026-W40, last-month, FROM..TO
//! ```

mod hours;
mod period;
mod span;
mod zone;

pub use hours::{HOURS_WINDOWS, Hours};
pub use period::Period;
pub use span::parse_span;
pub use zone::Zone;
