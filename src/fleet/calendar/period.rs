//! The periods of levels and reports: on the boundaries of the calendar, or so much until now.

use super::zone::Zone;
use crate::time::Millis;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use oco::limits::LONGEST_MAX_AGE;
use std::fmt;
use std::time::Duration;

/// The shortest rolling period: durations in the file begin there.
const SHORTEST_ROLLING: Duration = Duration::from_millis(100);

/// A period of a level. [`Display`](fmt::Display) writes what [`Period::parse`] reads.
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
    /// Those of the calendar.
    pub const OF_CALENDAR: [Period; 5] =
        [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];

    /// Reads `day`, `week`, `month`, `quarter`, `year` or a duration as `30d`.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(text: &str) -> Result<Period, String> {
        if let Some(period) = Period::of_word(text) {
            return Ok(period);
        }
        let length = humantime::parse_duration(text).ok();
        let length = length.filter(|length| (SHORTEST_ROLLING..=LONGEST_MAX_AGE).contains(length));
        let millis = length.and_then(|length| i64::try_from(length.as_millis()).ok());
        millis.map(Period::Rolling).ok_or_else(|| {
            format!(
                "{text:?}: expected day, week, month, quarter, year, or a duration as 30d, 100ms to 100 years"
            )
        })
    }

    /// The period of the calendar of this word.
    pub(super) fn of_word(text: &str) -> Option<Period> {
        Period::OF_CALENDAR.into_iter().find(|period| period.word() == Some(text))
    }

    fn word(self) -> Option<&'static str> {
        match self {
            Period::Day => Some("day"),
            Period::Week => Some("week"),
            Period::Month => Some("month"),
            Period::Quarter => Some("quarter"),
            Period::Year => Some("year"),
            Period::Rolling(_) => None,
        }
    }

    /// The period in which `at` lies, [from, to); a rolling one ends at `at`.
    ///
    /// Each moment lies in one period of the calendar, and each begins where the one before ends, also where a clock
    /// shows midnight twice or never.
    pub fn around(self, at: Millis, zone: &Zone) -> (Millis, Millis) {
        if let Period::Rolling(length) = self {
            return (Millis(at.0.saturating_sub(length)), at);
        }
        let first = self.first_day(zone.date(at));
        let next = self.next_first_day(first);
        let (from, to) = (zone.day_start(first), zone.day_start(next));
        if at < to {
            return (from, to);
        }
        // A clock that was put back over midnight shows the day before once more.
        (to, zone.day_start(self.next_first_day(next)))
    }

    /// The first day of the period in which a day lies.
    fn first_day(self, day: Date) -> Date {
        match self {
            Period::Day | Period::Rolling(_) => day,
            Period::Week => day.saturating_sub(i64::from(day.weekday().since(Weekday::Monday)).days()),
            Period::Month => day.first_of_month(),
            Period::Quarter => {
                let first = day.first_of_month();
                first.saturating_sub(i64::from((first.month() - 1) % 3).months())
            }
            Period::Year => day.first_of_year(),
        }
    }

    /// The first day of the next period.
    fn next_first_day(self, first: Date) -> Date {
        let length = match self {
            Period::Day | Period::Rolling(_) => 1.day(),
            Period::Week => 7.days(),
            Period::Month => 1.month(),
            Period::Quarter => 3.months(),
            Period::Year => 1.year(),
        };
        first.saturating_add(length)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.word(), self) {
            (Some(word), _) => f.pad(word),
            (None, Period::Rolling(length)) => {
                let length = Duration::from_millis(u64::try_from(*length).unwrap_or(0));
                humantime::format_duration(length).fmt(f)
            }
            (None, Period::Day | Period::Week | Period::Month | Period::Quarter | Period::Year) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::zone::millis;
    use proptest::prelude::*;

    const DAY: i64 = 86_400_000;

    fn at(text: &str) -> Millis {
        millis(text.parse().unwrap())
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(Some(name)).unwrap()
    }

    #[test]
    fn periods_are_read_and_written() {
        for period in Period::OF_CALENDAR.into_iter().chain([Period::Rolling(30 * DAY), Period::Rolling(100)])
        {
            assert_eq!(Period::parse(&period.to_string()), Ok(period));
        }
        assert_eq!(Period::Rolling(30 * DAY), Period::parse("30d").unwrap());
        for bad in ["", "Day", "days", "fortnight", "30", "99ms", "0s", "101y", "-1d", "rolling"] {
            let words = Period::parse(bad).unwrap_err();
            assert!(words.contains(&format!("{bad:?}: expected day")), "{words}");
        }
    }

    #[test]
    fn periods_have_the_calendars_boundaries() {
        let now = "2026-05-17T10:00:00+02:00";
        for (period, from, to) in [
            (Period::Day, "2026-05-17T00:00:00+02:00", "2026-05-18T00:00:00+02:00"),
            (Period::Week, "2026-05-11T00:00:00+02:00", "2026-05-18T00:00:00+02:00"),
            (Period::Month, "2026-05-01T00:00:00+02:00", "2026-06-01T00:00:00+02:00"),
            (Period::Quarter, "2026-04-01T00:00:00+02:00", "2026-07-01T00:00:00+02:00"),
            (Period::Year, "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
            (Period::Rolling(30 * DAY), "2026-04-17T10:00:00+02:00", now),
        ] {
            assert_eq!(period.around(at(now), &zone("Europe/Paris")), (at(from), at(to)), "{period}");
        }
    }

    #[test]
    fn lengths_are_right_when_the_clock_is_put_and_in_leap_years() {
        for (name, period, inside, length) in [
            ("Europe/Paris", Period::Day, "2026-03-29T12:00:00Z", 23),
            ("Europe/Paris", Period::Day, "2026-10-25T12:00:00Z", 25),
            ("Europe/Paris", Period::Week, "2026-03-29T12:00:00Z", 167),
            ("Europe/Paris", Period::Week, "2026-10-19T12:00:00Z", 169),
            ("Europe/Paris", Period::Month, "2026-03-29T12:00:00Z", 31 * 24 - 1),
            ("Europe/Paris", Period::Quarter, "2026-03-01T12:00:00Z", 90 * 24 - 1),
            ("Europe/Paris", Period::Year, "2026-12-31T22:59:59Z", 365 * 24),
            ("UTC", Period::Month, "2024-02-29T23:59:59Z", 29 * 24),
            ("UTC", Period::Month, "2100-02-28T23:59:59Z", 28 * 24),
            ("UTC", Period::Year, "2024-12-31T23:59:59Z", 366 * 24),
            ("Australia/Lord_Howe", Period::Day, "2026-04-04T20:00:00Z", 24),
            ("Pacific/Apia", Period::Week, "2011-12-29T20:00:00Z", 6 * 24),
        ] {
            let (from, to) = period.around(at(inside), &zone(name));
            let expected = length * 3_600_000 + if name.contains("Howe") { 1_800_000 } else { 0 };
            assert_eq!(to.since(from), expected, "{name} {period} {inside}");
            assert!((from..to).contains(&at(inside)));
        }
    }

    #[test]
    fn the_ends_of_all_time_are_met_without_a_fault() {
        for period in Period::OF_CALENDAR {
            for at in [i64::MIN, i64::MAX] {
                period.around(Millis(at), &zone("Asia/Tokyo"));
                period.around(Millis(at), &zone("America/Los_Angeles"));
            }
        }
    }

    proptest! {
        #[test]
        fn each_moment_lies_in_one_period(
            seconds in prop_oneof![0..4_000_000_000_i64, 1_162_000_000..1_163_000_000_i64, 1_325_100_000..1_325_300_000_i64],
            name in prop::sample::select(vec![
                "Europe/Paris", "America/St_Johns", "Pacific/Apia", "America/Havana", "America/Sao_Paulo", "Africa/Casablanca",
            ]),
        ) {
            let (zone, at) = (zone(name), Millis(seconds * 1_000));
            for period in Period::OF_CALENDAR {
                let (from, to) = period.around(at, &zone);
                prop_assert!(from <= at && at < to, "{} {:?}", period, (from, at, to));
                prop_assert_eq!(period.around(from, &zone), (from, to));
                prop_assert_eq!(period.around(Millis(to.0 - 1), &zone), (from, to));
                prop_assert_eq!(period.around(to, &zone).0, to);
                prop_assert_eq!(period.around(Millis(from.0 - 1), &zone).1, from);
            }
        }
    }
}
