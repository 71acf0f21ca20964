//! Points in time as plain numbers, so that the logic can be tested without waiting.
//!
//! Two clocks are at work. File times and people use the wall clock, which may be set at any moment. Ages run
//! on the boot clock (`CLOCK_BOOTTIME`), which only goes forward, also through suspend.

use crate::limits::LONGEST_MAX_AGE;
use std::time::Duration;

/// Nanoseconds of a clock. 64 bits reach to the year 2262; arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// As a deadline: one that has passed.
    pub const PAST: Nanos = Nanos(i64::MIN);

    /// A time from seconds and nanoseconds, as the kernel gives it.
    pub fn from_parts(seconds: i64, nanoseconds: i64) -> Nanos {
        Nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Nanos) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This time and `duration` more.
    pub fn after(self, duration: Duration) -> Nanos {
        Nanos(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// This time less `duration`. May lie before the clock's start: a file can be older than the boot.
    pub fn before(self, duration: Duration) -> Nanos {
        Nanos(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Since 1970, to compare with file times.
    pub wall: Nanos,
    /// Since boot (`CLOCK_BOOTTIME`), for ages and deadlines.
    pub boot: Nanos,
}

/// Reads a max-age: `5m`, `25h`, `1h 30m`. The error says what was expected.
///
/// # Errors
/// The text is no duration, or none that a max-age can be.
pub fn parse_max_age(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(age) if !age.is_zero() && age <= LONGEST_MAX_AGE => Ok(age),
        Ok(_) => Err(format!("max-age {text:?}: expected more than 0s and at most 100 years")),
        Err(error) => Err(format!("max-age {text:?}: {error}; expected a duration as 5m or 25h")),
    }
}

/// A duration for people, to the second, or to the millisecond below one: `5m 3s`, `250ms`.
pub fn spoken(duration: Duration) -> String {
    let rounded = if duration < Duration::from_secs(1) {
        Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    } else {
        Duration::from_secs(duration.as_secs())
    };
    humantime::format_duration(rounded).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_and_never_goes_below_zero() {
        let now = Nanos(5_000_000_000);
        assert_eq!(now.since(Nanos(2_000_000_000)), Duration::from_secs(3));
        assert_eq!(now.since(Nanos(9_000_000_000)), Duration::ZERO);
        assert_eq!(Nanos(i64::MAX).after(Duration::MAX), Nanos(i64::MAX));
        assert_eq!(Nanos(i64::MIN).before(Duration::MAX), Nanos(i64::MIN));
        assert_eq!(Nanos::from_parts(i64::MAX, 5), Nanos(i64::MAX));
        assert_eq!(Nanos::from_parts(-1, 500_000_000), Nanos(-500_000_000));
    }

    #[test]
    fn durations_are_spoken_short() {
        assert_eq!(spoken(Duration::from_millis(303_123)), "5m 3s");
        assert_eq!(spoken(Duration::from_micros(250_900)), "250ms");
        assert_eq!(spoken(Duration::ZERO), "0s");
    }
}
