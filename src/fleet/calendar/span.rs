//! What a report is over, as people write it: `2026-10`, `2026-W40`, `2026-Q3`, `2026`, `last-month`, `FROM..TO`.

use super::period::Period;
use super::zone::{Zone, millis};
use crate::time::Millis;
use jiff::Timestamp;
use jiff::civil::{Date, ISOWeekDate, Weekday};

const EXPECTED: &str = "expected 2026, 2026-Q3, 2026-10, 2026-W40, 2026-10-25, last-month (day, week, quarter, year) or FROM..TO, dates or RFC 3339";

/// Reads a span, [from, to). A year, quarter, month, ISO week or day is one of `zone`; `last-month` is the one before
/// that in which `now` lies. In `FROM..TO` a date is its whole day, at both ends; RFC 3339 is that moment, half-open.
/// A span that is not over is given whole.
///
/// # Errors
/// It is none, or it has no time; the words say what was expected.
pub fn parse_span(text: &str, now: Millis, zone: &Zone) -> Result<(Millis, Millis), String> {
    let wrong = |why: &str| format!("period {text:?}: {why}");
    let (from, to) = if let Some((from, to)) = text.split_once("..") {
        let ends = parse_end(from, zone).zip(parse_end(to, zone));
        let ((from, _), (_, to)) = ends.ok_or_else(|| wrong(EXPECTED))?;
        (from, to)
    } else if let Some(word) = text.strip_prefix("last-") {
        let period = Period::of_word(word).ok_or_else(|| wrong(EXPECTED))?;
        let (start, _) = period.around(now, zone);
        period.around(Millis(start.0.saturating_sub(1)), zone)
    } else {
        let (period, day) = parse_calendar(text).ok_or_else(|| wrong(EXPECTED))?;
        period.around(zone.day_start(day), zone)
    };
    if from < to { Ok((from, to)) } else { Err(wrong("no time; expected an end after its start")) }
}

/// What an end of `FROM..TO` begins and ends with.
fn parse_end(text: &str, zone: &Zone) -> Option<(Millis, Millis)> {
    if let Some(day) = parse_day(text) {
        return Some(Period::Day.around(zone.day_start(day), zone));
    }
    let at = millis(text.parse::<Timestamp>().ok()?);
    Some((at, at))
}

/// A period of the calendar, and its first day.
fn parse_calendar(text: &str) -> Option<(Period, Date)> {
    if let Some(day) = parse_day(text) {
        return Some((Period::Day, day));
    }
    let (year, part) = match text.split_once('-') {
        Some((year, part)) => (year, Some(part)),
        None => (text, None),
    };
    let year = i16::try_from(number(year, 4)?).ok()?;
    let part_number =
        |digits: &str, length| number(digits, length).and_then(|number| i8::try_from(number).ok());
    let Some(part) = part else { return Some((Period::Year, Date::new(year, 1, 1).ok()?)) };
    if let Some(week) = part.strip_prefix('W') {
        let week = ISOWeekDate::new(year, part_number(week, 2)?, Weekday::Monday).ok()?;
        return Some((Period::Week, week.date()));
    }
    if let Some(quarter) = part.strip_prefix('Q') {
        let quarter = part_number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
        return Some((Period::Quarter, Date::new(year, quarter * 3 - 2, 1).ok()?));
    }
    Some((Period::Month, Date::new(year, part_number(part, 2)?, 1).ok()?))
}

/// `2026-10-25`, and nothing else that a date may look like.
fn parse_day(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn number(digits: &str, length: usize) -> Option<u16> {
    let is_number = digits.len() == length && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        millis(text.parse().unwrap())
    }

    #[test]
    fn spans_are_read() {
        let paris = Zone::parse(Some("Europe/Paris")).unwrap();
        for (text, from, to) in [
            ("2026", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
            ("2026-10", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"),
            ("2026-Q3", "2026-07-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00"),
            ("2026-Q4", "2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00"),
            ("2026-W40", "2026-09-28T00:00:00+02:00", "2026-10-05T00:00:00+02:00"),
            ("2026-W01", "2025-12-29T00:00:00+01:00", "2026-01-05T00:00:00+01:00"),
            ("2026-W53", "2026-12-28T00:00:00+01:00", "2027-01-04T00:00:00+01:00"),
            ("2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
            ("2024-02-29", "2024-02-29T00:00:00+01:00", "2024-03-01T00:00:00+01:00"),
            ("last-day", "2026-02-28T00:00:00+01:00", "2026-03-01T00:00:00+01:00"),
            ("last-week", "2026-02-16T00:00:00+01:00", "2026-02-23T00:00:00+01:00"),
            ("last-month", "2026-02-01T00:00:00+01:00", "2026-03-01T00:00:00+01:00"),
            ("last-quarter", "2025-10-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00"),
            ("last-year", "2025-01-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"),
            ("2026-10-24..2026-10-25", "2026-10-24T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
            ("2026-10-25..2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
            (
                "2026-10-01T10:00:00Z..2026-10-01T10:00:00.001Z",
                "2026-10-01T10:00:00Z",
                "2026-10-01T10:00:00.001Z",
            ),
            (
                "2026-10-01..2026-10-01T10:00:00+02:00",
                "2026-10-01T00:00:00+02:00",
                "2026-10-01T10:00:00+02:00",
            ),
        ] {
            let now = at("2026-03-01T12:00:00+01:00");
            assert_eq!(parse_span(text, now, &paris), Ok((at(from), at(to))), "{text}");
        }
    }

    #[test]
    fn other_words_are_told_what_was_expected() {
        for bad in [
            "",
            "26",
            "02026",
            "2026-",
            "2026-13",
            "2026-00",
            "2026-1",
            "2026-W00",
            "2026-W54",
            "2027-W53",
            "2026-W1",
            "2026-Q0",
            "2026-Q5",
            "2026-q3",
            "2026-02-29",
            "2026-10-1",
            "2026-10-25T10:00:00Z",
            "last",
            "last-",
            "last-30d",
            "next-month",
            "..",
            "2026-10..2026-11",
            "2026-10-25..",
            "2026-10-25..2026-10-24",
            "2026-10-25...2026-10-26",
            "2026-10-01T10:00:00Z..2026-10-01T10:00:00Z",
            "+026",
            "10:00..11:00",
        ] {
            let words = parse_span(bad, Millis(0), &Zone::UTC).unwrap_err();
            assert!(words.contains(&format!("{bad:?}")) && words.contains("expected"), "{words}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9WQT:Zlast.-]{0,30}|\\PC{0,20}", now in any::<i64>()) {
            if let Ok((from, to)) = parse_span(&text, Millis(now), &Zone::UTC) {
                prop_assert!(from < to);
            }
        }
    }
}
