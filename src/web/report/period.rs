//! The time that a report is of, and the pieces of it that are the cells of its bars.

use super::limits::CELLS;
use oco_fleet::calendar::{Period as Calendar, Zone, parse_span};
use oco_fleet::time::Millis;

const HOUR: i64 = 3_600_000;

/// The time that a report is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// As it was asked for: `2026-10`, `last-month`.
    pub text: String,
    /// Its first moment.
    pub from: Millis,
    /// The first moment that is not in it.
    pub to: Millis,
    /// Until then the report tells: `to`, or now where that is not over.
    pub until: Millis,
}

impl Period {
    /// Reads a period in `zone`, as it is at `now`.
    ///
    /// # Errors
    /// It is none, or has not begun; the words say what was expected.
    pub fn parse(text: &str, now: Millis, zone: &Zone) -> Result<Period, String> {
        let (from, to) = parse_span(text, now, zone)?;
        if from >= now {
            return Err(format!("period {text:?}: not begun yet; expected one that has"));
        }
        Ok(Period { text: text.to_owned(), from, to, until: to.min(now) })
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.until == self.to
    }

    /// Where the cells of a bar begin, and how long one is, in words: hours, days or weeks of `zone` where there are few
    /// enough of them, else equal parts. The whole period is cut, also what is still to come.
    pub fn cells(&self, zone: &Zone) -> (Vec<Millis>, String) {
        for (hours, words) in [(1, "1 hour"), (3, "3 hours"), (6, "6 hours")] {
            let starts = self.equal(hours * HOUR);
            if let Some(starts) = starts.filter(|starts| starts.len() <= 60) {
                return (starts, words.to_owned());
            }
        }
        for (calendar, words) in
            [(Calendar::Day, "1 day"), (Calendar::Week, "1 week"), (Calendar::Month, "1 month")]
        {
            if let Some(starts) = self.by_calendar(calendar, zone) {
                return (starts, words.to_owned());
            }
        }
        let cells = i64::try_from(CELLS).unwrap_or(1);
        let step = self.to.since(self.from) / cells + 1;
        let words = oco_fleet::transition::rough_millis(step);
        (self.equal(step).unwrap_or_else(|| vec![self.from]), words)
    }

    /// Pieces of `step` milliseconds; none: there are too many.
    fn equal(&self, step: i64) -> Option<Vec<Millis>> {
        let count = usize::try_from(self.to.since(self.from) / step.max(1)).ok()?;
        if count > CELLS {
            return None;
        }
        let starts = (0..).map(|index| Millis(self.from.0.saturating_add(step.saturating_mul(index))));
        Some(starts.take_while(|start| *start < self.to).collect())
    }

    /// Days, weeks or months, the first and the last perhaps not whole; none: there are too many.
    fn by_calendar(&self, calendar: Calendar, zone: &Zone) -> Option<Vec<Millis>> {
        let mut starts = vec![self.from];
        let mut at = calendar.around(self.from, zone).1;
        while at < self.to {
            starts.push(at);
            if starts.len() > CELLS {
                return None;
            }
            let next = calendar.around(at, zone).1;
            if next <= at {
                return None;
            }
            at = next;
        }
        Some(starts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::when::Toward;
    use oco_fleet::when::parse_when;
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        parse_when(text, Millis(0), "UTC", Toward::Past).unwrap()
    }

    fn period(text: &str, now: &str) -> Result<Period, String> {
        Period::parse(text, at(now), &Zone::parse(Some("Europe/Paris")).unwrap())
    }

    #[test]
    fn a_period_that_is_not_over_ends_now() {
        let now = "2026-10-15T12:00:00Z";
        let month = period("2026-10", now).unwrap();
        assert_eq!((month.until, month.is_over()), (at(now), false));
        assert_eq!((month.from, month.to), (at("2026-09-30T22:00:00Z"), at("2026-10-31T23:00:00Z")));
        let last = period("last-month", now).unwrap();
        assert_eq!((last.from, last.until, last.is_over()), (at("2026-08-31T22:00:00Z"), month.from, true));
        let words = period("2027", now).unwrap_err();
        assert!(words.contains("not begun") && words.contains("2027"), "{words}");
        assert!(period("2026-13", now).unwrap_err().contains("expected"));
    }

    #[test]
    fn cells_are_pieces_of_the_calendar_where_these_are_few() {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        for (text, count, words) in [
            ("2026-10-25", 25, "1 hour"),
            ("2026-10-01..2026-10-07", 56, "3 hours"),
            ("2026-10-01..2026-10-14", 56, "6 hours"),
            ("2026-10", 31, "1 day"),
            ("2026-Q3", 92, "1 day"),
            ("2026", 53, "1 week"),
            ("2022-01-01..2026-12-31", 60, "1 month"),
        ] {
            let period = period(text, "2028-01-01T00:00:00Z").unwrap();
            let (starts, found) = period.cells(&zone);
            assert_eq!((starts.len(), found.as_str()), (count, words), "{text}");
        }
        let (starts, _) = period("1990-01-01..2027-01-01", "2028-01-01T00:00:00Z").unwrap().cells(&zone);
        assert!(starts.len() <= CELLS && starts.len() > CELLS / 2);
    }

    proptest! {
        #[test]
        fn any_period_is_cut_without_a_hole(
            from in 0_i64..4_000_000_000,
            length in 1_i64..1_000_000_000,
            name in prop::sample::select(vec!["Europe/Paris", "Pacific/Apia", "America/Havana", "UTC"]),
        ) {
            let zone = Zone::parse(Some(name)).unwrap();
            let (from, to) = (Millis(from * 1000), Millis((from + length) * 1000));
            let period = Period { text: String::new(), from, to, until: to };
            let (starts, words) = period.cells(&zone);
            prop_assert!(starts.len() <= CELLS, "{} {}", starts.len(), words);
            prop_assert_eq!(starts[0], from);
            prop_assert!(starts.is_sorted_by(|a, b| a < b) && *starts.last().unwrap() < to);
        }

        #[test]
        fn any_text_is_a_period_that_has_begun_or_refused(
            text in "[0-9WQT:Zlast.-]{0,30}|20[0-9]{2}(-(0[1-9]|1[0-2]|W[0-5][0-9]|Q[1-4]))?",
            now in 0_i64..4_000_000_000_000,
        ) {
            if let Ok(period) = Period::parse(&text, Millis(now), &Zone::UTC) {
                prop_assert!(period.from < period.until && period.until <= period.to);
                prop_assert!(period.until <= Millis(now));
                prop_assert_eq!(period.is_over(), period.to <= Millis(now));
            }
        }
    }
}
