//! Hours against their text, and against a clock on the wall looked at minute by minute.

use super::*;
use crate::calendar::zone::millis;
use jiff::civil::Weekday;
use proptest::prelude::*;

const HOUR: i64 = 60 * MINUTE;

fn at(text: &str) -> Millis {
    millis(text.parse().unwrap())
}

fn zone(name: &str) -> Zone {
    Zone::parse(Some(name)).unwrap()
}

fn hours(text: &str) -> Hours {
    Hours::parse(text).unwrap()
}

fn total(windows: &[(Millis, Millis)]) -> i64 {
    windows.iter().map(|(from, to)| to.since(*from)).sum()
}

#[test]
fn hours_are_read_and_written() {
    for (text, written, minutes) in [
        ("mon-fri 08:00-18:00", "mon-fri 08:00-18:00", 5 * 600),
        (" Mon-FRI  8:00-18:00 ,sat 22:00-02:00", "mon-fri 08:00-18:00, sat 22:00-02:00", 5 * 600 + 240),
        ("sat-mon 00:00-24:00", "sat-mon 00:00-24:00", 3 * 1_440),
        ("sun 22:00-00:00", "sun 22:00-00:00", 120),
        ("mon 23:59-23:58", "mon 23:59-23:58", 1_439),
        ("mon-sun 00:00-24:00", "mon-sun 00:00-24:00", 7 * 1_440),
        ("tue-mon 12:00-12:01", "tue-mon 12:00-12:01", 7),
        ("sun 22:00-02:00, mon 01:00-03:00", "sun 22:00-02:00, mon 01:00-03:00", 300),
        ("wed-wed 10:00-11:00", "wed 10:00-11:00", 60),
    ] {
        let read = hours(text);
        assert_eq!(read.to_string(), written);
        assert_eq!(hours(written), read);
        let week = read.windows(Millis(A_MONDAY), Millis(A_MONDAY + WEEK), &Zone::UTC);
        assert_eq!(total(&week), minutes * MINUTE, "{text}");
    }
}

#[test]
fn other_words_are_told_what_was_expected() {
    for (text, word) in [
        ("", "\"\""),
        ("mon", "HH:MM-HH:MM"),
        ("08:00-18:00", "DAY"),
        ("mon 08:00", "HH:MM-HH:MM"),
        ("monday 08:00-18:00", "\"monday\""),
        ("mon- 08:00-18:00", "day \"\""),
        ("mon-fri-sun 08:00-18:00", "\"fri-sun\""),
        ("mon 08:00-25:00", "\"25:00\""),
        ("mon 08:60-09:00", "\"08:60\""),
        ("mon 8-18", "\"8\""),
        ("mon 08:0-18:00", "\"08:0\""),
        ("mon +8:00-18:00", "\"+8:00\""),
        ("mon 24:00-08:00", "24:00"),
        ("mon 08:00-08:00", "00:00-24:00"),
        ("mon 08:00-24:01", "\"24:01\""),
        ("mon 08:00 - 18:00", "\"08:00 \""),
        ("mon 08:00-18:00,", "\"\""),
        ("mon 08:00-18:00 x", "\"18:00 x\""),
    ] {
        let words = Hours::parse(text).unwrap_err();
        assert!(words.contains(word) && words.contains("expected"), "{text:?}: {words}");
    }
    let window = "mon 08:00-18:00";
    assert!(Hours::parse(&vec![window; HOURS_WINDOWS].join(",")).is_ok());
    assert!(Hours::parse(&vec![window; HOURS_WINDOWS + 1].join(",")).unwrap_err().contains("at most 64"));
}

#[test]
fn a_window_is_what_the_wall_shows_when_the_clock_is_put() {
    let paris = zone("Europe/Paris");
    let night = hours("sun 02:00-04:00");
    let day = |date: &str, next: &str| {
        (at(&format!("{date}T00:00:00+01:00")), at(&format!("{next}T00:00:00+01:00")))
    };
    // 02:30 is not there.
    let (from, to) = day("2026-03-29", "2026-03-30");
    assert_eq!(night.windows(from, to, &paris), [(at("2026-03-29T01:00:00Z"), at("2026-03-29T02:00:00Z"))]);
    assert_eq!(hours("sun 02:15-02:45").windows(from, to, &paris), []);
    // It is there twice.
    let (from, to) = day("2026-10-25", "2026-10-26");
    assert_eq!(night.windows(from, to, &paris), [(at("2026-10-25T00:00:00Z"), at("2026-10-25T03:00:00Z"))]);
    let twice = [
        (at("2026-10-25T00:15:00Z"), at("2026-10-25T00:45:00Z")),
        (at("2026-10-25T01:15:00Z"), at("2026-10-25T01:45:00Z")),
    ];
    assert_eq!(hours("sun 02:15-02:45").windows(from, to, &paris), twice);
    assert_eq!(hours("sun 02:15-02:45").next_change(twice[0].1, &paris), Some((twice[1].0, true)));
}

#[test]
fn weeks_and_days_have_their_hours() {
    let (paris, always) = (zone("Europe/Paris"), hours("mon-sun 00:00-24:00"));
    for (from, to, length) in [
        ("2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 167),
        ("2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 169),
        ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23),
        ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25),
    ] {
        let windows = always.windows(at(from), at(to), &paris);
        assert_eq!(windows, [(at(from), at(to))], "joined over days, weeks and jumps");
        assert_eq!(total(&windows), length * HOUR);
    }
    assert_eq!(always.next_change(Millis(0), &paris), None);
    assert_eq!(hours("mon-sun 06:00-24:00").windows(Millis(0), Millis(0), &paris), []);
    assert_eq!(always.windows(Millis(1), Millis(0), &paris), []);
}

#[test]
fn a_jump_of_the_clock_is_a_change_of_its_own() {
    let paris = zone("Europe/Paris");
    let (spring, autumn) = (at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z"));
    assert_eq!(hours("sun 02:30-03:30").next_change(Millis(spring.0 - 1), &paris), Some((spring, true)));
    assert_eq!(hours("sun 01:00-02:30").next_change(Millis(spring.0 - 1), &paris), Some((spring, false)));
    assert_eq!(hours("sun 02:00-02:30").next_change(Millis(autumn.0 - 1), &paris), Some((autumn, true)));
    // A year in which a window lies in the hole is waited through.
    let never_then = hours("sun 02:15-02:45").next_change(at("2026-03-22T02:00:00Z"), &paris);
    assert_eq!(never_then, Some((at("2026-04-05T00:15:00Z"), true)));
}

#[test]
fn any_time_at_all_is_taken() {
    let (tokyo, week) = (zone("Asia/Tokyo"), hours("mon 00:00-24:00"));
    for at in [i64::MIN, i64::MIN + 1, -1, i64::MAX - 1, i64::MAX] {
        week.contains(Millis(at), &tokyo);
        week.next_change(Millis(at), &tokyo);
        week.windows(Millis(at), Millis(at.saturating_add(WEEK)), &tokyo);
    }
}

/// What a clock on the wall shows: the day, and the minute of it.
fn wall(at: Millis, zone: &Zone) -> (usize, i64) {
    let shown = zone.time_zone().to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap());
    let day = usize::try_from(shown.date().weekday().since(Weekday::Monday)).unwrap();
    (day, i64::from(shown.hour()) * 60 + i64::from(shown.minute()))
}

/// Whether windows hold then, each looked at as it was written.
fn naive(windows: &[(usize, usize, i64, i64)], at: Millis, zone: &Zone) -> bool {
    let (day, minute) = wall(at, zone);
    let has = |first: usize, last: usize, day: usize| {
        if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
    };
    windows.iter().any(|(first, last, start, end)| {
        let yesterday = (day + 6) % 7;
        if start < end {
            has(*first, *last, day) && (*start..*end).contains(&minute)
        } else {
            has(*first, *last, day) && minute >= *start || has(*first, *last, yesterday) && minute < *end
        }
    })
}

fn some_windows() -> impl Strategy<Value = Vec<(usize, usize, i64, i64)>> {
    let time = || prop_oneof![0..1_440_i64, (0..24_i64).prop_map(|hour| hour * 60), 100..220_i64];
    let window = (0..7_usize, 0..7_usize, time(), prop_oneof![time(), Just(1_440)]);
    prop::collection::vec(window.prop_filter("some time", |window| window.2 != window.3), 1..4)
}

fn written(windows: &[(usize, usize, i64, i64)]) -> String {
    let time = |minute: &i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let write = |(first, last, start, end): &(usize, usize, i64, i64)| {
        format!("{}-{} {}-{}", DAYS[*first], DAYS[*last], time(start), time(end))
    };
    windows.iter().map(write).collect::<Vec<_>>().join(",")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn hours_are_what_the_wall_shows(
        windows in some_windows(),
        name in prop::sample::select(vec!["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
        start in prop::sample::select(vec![
            "2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2006-10-27T12:00:00Z", "2026-04-03T00:00:00Z",
            "2026-03-06T00:00:00Z", "2024-02-26T00:00:00Z",
        ]),
        skip in 0..DAY,
    ) {
        let (zone, read) = (zone(name), hours(&written(&windows)));
        prop_assert_eq!(&hours(&read.to_string()), &read);
        let from = at(start).0 - at(start).0.rem_euclid(MINUTE) + skip - skip % MINUTE;
        let to = from + 4 * DAY;
        let minutes = || (from..to).step_by(usize::try_from(MINUTE).unwrap()).map(Millis);
        let mut expected: Vec<(Millis, Millis)> = Vec::new();
        for minute in minutes().filter(|minute| naive(&windows, *minute, &zone)) {
            let end = Millis(minute.0 + MINUTE);
            match expected.last_mut() {
                Some(last) if last.1 == minute => last.1 = end,
                _ => expected.push((minute, end)),
            }
        }
        prop_assert_eq!(&read.windows(Millis(from), Millis(to), &zone), &expected);
        for minute in minutes().step_by(97) {
            let holds = naive(&windows, minute, &zone);
            prop_assert_eq!(read.contains(minute, &zone), holds);
            prop_assert_eq!(read.contains(Millis(minute.0 + MINUTE - 1), &zone), holds);
            let change = minutes().skip_while(|next| *next <= minute).find(|next| naive(&windows, *next, &zone) != holds);
            let told = read.next_change(minute, &zone).filter(|(at, _)| at.0 < to);
            prop_assert_eq!(told, change.map(|change| (change, !holds)));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9:, -]{0,40}|\\PC{0,20}") {
        if let Ok(read) = Hours::parse(&text) {
            prop_assert_eq!(Hours::parse(&read.to_string()), Ok(read));
        }
    }
}
