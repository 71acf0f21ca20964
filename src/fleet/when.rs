//! A time as a person writes it, and as a person is shown it: in a time zone. What `since`, `from` and `to` hold.
//!
//! RFC 3339; `2026-11-25`, its midnight; `10:00`; `-2h` and `+2h`, before and after now. What names no offset is the
//! zone's. A time that the clocks skip is as much later, one that they pass twice is the first.

use crate::time::Millis;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Characters of a time or a zone: no good one is longer, and errors quote them.
const LONGEST: usize = 64;
/// How a date and a time of a day may be written without an offset.
const DATE_TIMES: [&str; 4] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
const TIMES: [&str; 2] = ["%H:%M", "%H:%M:%S"];

/// Which day a time without one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// The last one that has come: of history.
    Past,
    /// The next one that comes: of what is planned.
    Future,
}

/// Reads a time, in the time zone `zone`; what that may be is told at [`time_zone`].
///
/// The end of a span whose beginning is known is read with the beginning as `now`, toward the future: `22:00` to `02:00`
/// goes over midnight.
///
/// # Errors
/// The words say what was expected.
pub fn parse_when(text: &str, now: Millis, zone: &str, toward: Toward) -> Result<Millis, String> {
    parse_when_in(text, now, &time_zone(zone)?, toward)
}

/// The same in a time zone that is known already.
///
/// # Errors
/// The words say what was expected.
pub fn parse_when_in(text: &str, now: Millis, zone: &TimeZone, toward: Toward) -> Result<Millis, String> {
    let expected = |why: &str| {
        let text = beginning(text);
        format!("{text:?}: {why}expected a time as 2026-11-25T10:00:00Z, 2026-11-25, 10:00 or -2h")
    };
    if text.len() > LONGEST {
        return Err(expected("too long; "));
    }
    let out_of_range = || expected("out of range; ");
    if let Some((is_before, length)) = relative(text) {
        let length = humantime::parse_duration(length).map_err(|error| expected(&format!("{error}; ")))?;
        let length = i64::try_from(length.as_millis()).map_err(|_| out_of_range())?;
        let at = if is_before { now.0.checked_sub(length) } else { now.0.checked_add(length) };
        let at = at.filter(|at| Timestamp::from_millisecond(*at).is_ok());
        return at.map(Millis).ok_or_else(out_of_range);
    }
    let local = |at: DateTime| zone.to_timestamp(at).map(millis).map_err(|_| out_of_range());
    if let Some(time) = TIMES.iter().find_map(|format| Time::strptime(format, text).ok()) {
        let clock = Timestamp::from_millisecond(now.0).map_err(|_| out_of_range())?;
        let today = zone.to_datetime(clock).date();
        return of_day(today, toward, |day| local(day.to_datetime(time)), now);
    }
    if let Ok(day) = Date::strptime("%Y-%m-%d", text) {
        return local(day.to_datetime(Time::midnight()));
    }
    if let Some(at) = DATE_TIMES.iter().find_map(|format| DateTime::strptime(format, text).ok()) {
        return local(at);
    }
    // The library knows more than RFC 3339: a name of a zone in brackets, which might contradict the offset.
    let at = text.parse::<Timestamp>().ok().filter(|_| !text.contains('['));
    at.map(millis).ok_or_else(|| expected(""))
}

/// Reads a beginning and an end. The end is looked for behind the beginning, so that `22:00` to `02:00` goes over
/// midnight; one as `-1h` is before now.
///
/// # Errors
/// One is no time, or the end is not behind the beginning; the words say what was expected.
pub fn parse_from_to(
    (from, to): (&str, &str),
    now: Millis,
    zone: &TimeZone,
    toward: Toward,
) -> Result<(Millis, Millis), String> {
    let begin = parse_when_in(from, now, zone, toward)?;
    let end = parse_end(to, begin, now, zone)?;
    if begin < end {
        return Ok((begin, end));
    }
    Err(format!("from {from} to {to}: expected an end after its beginning"))
}

/// Reads a beginning and an end of history, of which either may be left open: both as [`parse_from_to`] does, one alone as
/// a time that has come.
///
/// # Errors
/// As [`parse_from_to`].
pub fn parse_past(
    (from, to): (Option<&str>, Option<&str>),
    now: Millis,
    zone: &TimeZone,
) -> Result<(Option<Millis>, Option<Millis>), String> {
    if let (Some(from), Some(to)) = (from, to) {
        let (from, to) = parse_from_to((from, to), now, zone, Toward::Past)?;
        return Ok((Some(from), Some(to)));
    }
    let past = |text: &str| parse_when_in(text, now, zone, Toward::Past);
    Ok((from.map(past).transpose()?, to.map(past).transpose()?))
}

/// Reads the end of what begins at `begin`, as [`parse_from_to`] does.
///
/// # Errors
/// It is no time; the words say what was expected.
pub fn parse_end(text: &str, begin: Millis, now: Millis, zone: &TimeZone) -> Result<Millis, String> {
    let around = if relative(text).is_some() { now } else { begin };
    parse_when_in(text, around, zone, Toward::Future)
}

/// The time zone of this name: of the time zone database, or what else the variable `TZ` may hold, as `:Europe/Paris`,
/// `/usr/share/zoneinfo/Europe/Paris` or `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// # Errors
/// There is none; the words say what was expected.
pub fn time_zone(text: &str) -> Result<TimeZone, String> {
    let name = text.strip_prefix(':').unwrap_or(text);
    let name = name.split_once("zoneinfo/").map_or(name, |(_, name)| name);
    let unknown =
        || format!("time zone {:?}: unknown; expected a name as Europe/Paris or UTC", beginning(text));
    // A name is looked for below a directory.
    if name.len() > LONGEST || name.starts_with(['/', '.']) || name.contains("..") {
        return Err(unknown());
    }
    if name.is_empty() || name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).map_err(|_| unknown())
}

/// `at` as somebody wants it: in that zone, as [`rfc3339_in`] has it; none: in UTC, as [`rfc3339`] has it.
pub fn shown(at: Millis, zone: Option<&TimeZone>) -> String {
    zone.map_or_else(|| rfc3339(at), |zone| rfc3339_in(at, zone))
}

/// `at` in UTC for programs, to the millisecond where it has some: `2026-11-25T10:00:00.5Z`.
pub fn rfc3339(at: Millis) -> String {
    timestamp(at).to_string()
}

/// `at` in `zone` for people, to the second: `2026-11-25T11:00:00+01:00`.
pub fn rfc3339_in(at: Millis, zone: &TimeZone) -> String {
    let second = Timestamp::from_second(timestamp(at).as_millisecond().div_euclid(1000)).unwrap_or_default();
    second.display_with_offset(zone.to_offset(second)).to_string()
}

/// The nearest time that can be written.
fn timestamp(at: Millis) -> Timestamp {
    let nearest = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.0).unwrap_or(nearest)
}

/// Whether it is before now, and how much.
fn relative(text: &str) -> Option<(bool, &str)> {
    let before = text.strip_prefix('-').map(|length| (true, length));
    before.or_else(|| text.strip_prefix('+').map(|length| (false, length)))
}

/// The time of a day on today, or on the nearest day before or behind, so that it lies where it is looked for.
fn of_day(
    today: Date,
    toward: Toward,
    at: impl Fn(Date) -> Result<Millis, String>,
    now: Millis,
) -> Result<Millis, String> {
    let found = at(today)?;
    match toward {
        Toward::Past if found > now => today.yesterday().map_or(Ok(found), at),
        Toward::Future if found <= now => today.tomorrow().map_or(Ok(found), at),
        Toward::Past | Toward::Future => Ok(found),
    }
}

fn millis(at: Timestamp) -> Millis {
    Millis(at.as_millisecond())
}

fn beginning(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARIS: &str = "Europe/Paris";

    fn at(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn read(text: &str, now: &str, toward: Toward) -> String {
        parse_when(text, at(now), PARIS, toward).map_or_else(|error| error, rfc3339)
    }

    #[test]
    fn times_are_read_in_the_callers_zone() {
        // Eleven in Paris.
        let now = "2026-11-25T10:00:00.250Z";
        for (text, past, future) in [
            ("2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z", None),
            ("2026-11-25T10:00:00.125+05:30", "2026-11-25T04:30:00.125Z", None),
            ("2026-11-25 10:00:00-02:00", "2026-11-25T12:00:00Z", None),
            ("2026-11-25", "2026-11-24T23:00:00Z", None),
            ("2026-07-01", "2026-06-30T22:00:00Z", None),
            ("2026-11-25T10:00", "2026-11-25T09:00:00Z", None),
            ("2026-11-25 10:00:30", "2026-11-25T09:00:30Z", None),
            ("10:00", "2026-11-25T09:00:00Z", Some("2026-11-26T09:00:00Z")),
            ("11:00:30", "2026-11-24T10:00:30Z", Some("2026-11-25T10:00:30Z")),
            ("23:30", "2026-11-24T22:30:00Z", Some("2026-11-25T22:30:00Z")),
            ("00:00", "2026-11-24T23:00:00Z", Some("2026-11-25T23:00:00Z")),
            ("-2h", "2026-11-25T08:00:00.25Z", None),
            ("-1d 30m", "2026-11-24T09:30:00.25Z", None),
            ("-0s", "2026-11-25T10:00:00.25Z", None),
            ("+90m", "2026-11-25T11:30:00.25Z", None),
        ] {
            assert_eq!(read(text, now, Toward::Past), past, "{text}");
            assert_eq!(read(text, now, Toward::Future), future.unwrap_or(past), "{text}");
        }
    }

    #[test]
    fn days_without_an_hour_or_with_one_twice_have_every_time() {
        // On 2026-03-29 clocks go from two to three, on 2026-10-25 from three to two.
        assert_eq!(read("2026-03-29T02:30", "2026-01-01T00:00:00Z", Toward::Past), "2026-03-29T01:30:00Z");
        assert_eq!(read("2026-10-25T02:30", "2026-01-01T00:00:00Z", Toward::Past), "2026-10-25T00:30:00Z");
        assert_eq!(read("12:00", "2026-03-29T12:00:00Z", Toward::Future), "2026-03-30T10:00:00Z");
        assert_eq!(read("12:00", "2026-03-29T08:00:00Z", Toward::Past), "2026-03-28T11:00:00Z");
        // A day that an island left out when it went over the date line.
        let apia = parse_when("2011-12-30", at("2026-01-01T00:00:00Z"), "Pacific/Apia", Toward::Past);
        assert_eq!(apia.map(rfc3339), Ok("2011-12-30T10:00:00Z".to_owned()));
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in [
            "",
            " ",
            "-",
            "+",
            "--2h",
            "-2",
            "2h",
            "10",
            "10:61",
            "24:30",
            "2026-13-01",
            "2026-02-30",
            "tomorrow",
            "2026-11-25T10:00:00Z[Europe/Paris]",
            "2026-W40",
            "-999999999999y",
            "99999-01-01",
            "-20000y",
            "10:00\n",
            "\u{661}0:00",
        ] {
            let said = read(text, "2026-11-25T10:00:00Z", Toward::Past);
            assert!(
                said.starts_with(&format!("{text:?}: ")) && said.contains("expected a time as"),
                "{text}: {said}"
            );
            assert!(!said.contains('\n'), "{text}");
        }
        let long = "1".repeat(100_000);
        assert!(read(&long, "2026-11-25T10:00:00Z", Toward::Past).len() < 300);
    }

    #[test]
    fn zones_are_what_tz_may_hold() {
        let now = at("2026-11-25T10:00:00Z");
        for (zone, shown) in [
            ("Europe/Paris", "2026-11-25T11:00:00+01:00"),
            (":Europe/Paris", "2026-11-25T11:00:00+01:00"),
            ("/usr/share/zoneinfo/Europe/Paris", "2026-11-25T11:00:00+01:00"),
            ("Asia/Kolkata", "2026-11-25T15:30:00+05:30"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-11-25T11:00:00+01:00"),
            ("America/New_York", "2026-11-25T05:00:00-05:00"),
            ("UTC", "2026-11-25T10:00:00+00:00"),
            ("", "2026-11-25T10:00:00+00:00"),
        ] {
            assert_eq!(rfc3339_in(now, &time_zone(zone).unwrap()), shown, "{zone}");
        }
        for zone in ["Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "\u{e9}", " "] {
            let error = time_zone(zone).unwrap_err();
            assert!(error.starts_with(&format!("time zone {zone:?}: unknown")), "{error}");
        }
        assert!(time_zone(&"x".repeat(100_000)).unwrap_err().len() < 200);
    }

    #[test]
    fn times_that_cannot_be_written_are_the_nearest_that_can() {
        assert_eq!(rfc3339(Millis(i64::MAX)), "9999-12-30T22:00:00.999999999Z");
        assert!(rfc3339_in(Millis(i64::MIN), &TimeZone::UTC).starts_with("-00"));
    }

    fn zones() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "UTC",
            "Europe/Paris",
            "America/St_Johns",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Asia/Kolkata",
        ])
    }

    #[test]
    fn an_end_is_looked_for_behind_its_beginning() {
        let zone = time_zone("Europe/Paris").unwrap();
        let now = parse_when("2026-11-25T01:00:00+01:00", Millis(0), "UTC", Toward::Past).unwrap();
        let read = |from, to, toward| {
            parse_from_to((from, to), now, &zone, toward).map(|(from, to)| {
                [rfc3339_in(from, &zone), rfc3339_in(to, &zone)].map(|time| time[..16].to_owned())
            })
        };
        for (from, to, toward, expected) in [
            ("22:00", "02:00", Toward::Past, ["2026-11-24T22:00", "2026-11-25T02:00"]),
            ("22:00", "02:00", Toward::Future, ["2026-11-25T22:00", "2026-11-26T02:00"]),
            ("00:10", "00:20", Toward::Past, ["2026-11-25T00:10", "2026-11-25T00:20"]),
            ("-2h", "-1h", Toward::Past, ["2026-11-24T23:00", "2026-11-25T00:00"]),
            ("2026-11-24", "10:00", Toward::Past, ["2026-11-24T00:00", "2026-11-24T10:00"]),
            ("2026-11-23", "2026-11-24", Toward::Past, ["2026-11-23T00:00", "2026-11-24T00:00"]),
        ] {
            assert_eq!(read(from, to, toward).unwrap(), expected, "{from} {to}");
        }
        for (from, to) in
            [("-1h", "-2h"), ("-1h", "-1h"), ("2026-11-24", "2026-11-23"), ("x", "-1h"), ("-1h", "x")]
        {
            assert!(read(from, to, Toward::Past).unwrap_err().contains("expected"), "{from} {to}");
        }
    }

    proptest! {
        /// What is shown, in any zone, is read back, whatever the zone of the reader.
        #[test]
        fn a_time_that_is_shown_is_read_back(at in 0..4_102_444_800_000i64, zone in zones(), other in zones()) {
            let now = Millis(0);
            prop_assert_eq!(parse_when(&rfc3339(Millis(at)), now, other, Toward::Past), Ok(Millis(at)));
            let shown = rfc3339_in(Millis(at), &time_zone(zone).unwrap());
            let second = Millis(at.div_euclid(1000) * 1000);
            prop_assert_eq!(parse_when(&shown, now, other, Toward::Past), Ok(second));
        }

        /// A time of a day lies within a day and an hour of now, on the side where it is looked for.
        #[test]
        fn a_time_of_a_day_lies_where_it_is_looked_for(
            now in 1_000_000_000_000..4_102_444_800_000i64,
            zone in zones(),
            hour in 0..24u8,
            minute in 0..60u8,
        ) {
            const HOUR: i64 = 3_600_000;
            let text = format!("{hour:02}:{minute:02}");
            let past = parse_when(&text, Millis(now), zone, Toward::Past).unwrap().0;
            let future = parse_when(&text, Millis(now), zone, Toward::Future).unwrap().0;
            // An hour more where clocks change; a whole day more on the island that left one out.
            let most = if zone == "Pacific/Apia" { 49 } else { 25 } * HOUR;
            prop_assert!(now - most <= past && past <= now, "{past} {now}");
            prop_assert!(now < future && future <= now + most, "{future} {now}");
        }

        /// No text is too odd.
        #[test]
        fn any_text_is_a_time_or_an_error(text in "\\PC*|[-+0-9:TZ .]{0,30}", now in any::<i64>(), zone in "\\PC{0,20}") {
            let _ = parse_when(&text, Millis(now), "Europe/Paris", Toward::Future);
            let _ = parse_when("10:00", Millis(now), &zone, Toward::Past);
        }
    }
}
