//! Any lines as the board's file of keys, and each as the period that a report is of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco_fleet::calendar::Zone;
use oco_fleet::object::check_reported_part;
use oco_fleet::time::Millis;
use oco_fleet::when::rfc3339;
use ocoboard::keys::ledger::{Line, Word};
use ocoboard::report::limits::CELLS;
use ocoboard::report::period::Period;
use std::sync::LazyLock;

/// One with summer time, where the system has it.
static ZONES: LazyLock<Vec<Zone>> =
    LazyLock::new(|| [Ok(Zone::UTC), Zone::parse(Some("America/Santiago"))].into_iter().flatten().collect());

fuzz_target!(|text: &str| {
    for line in text.lines() {
        key(line);
        for zone in ZONES.iter() {
            // 1970, 2026 and 2096.
            for now in [0, 1_795_600_830_000, 4_000_000_000_000] {
                period(line, Millis(now), zone);
            }
        }
    }
});

fn key(text: &str) {
    let Some(line) = Line::parse(text) else { return };
    let written = line.text();
    assert_eq!(Line::parse(written.strip_suffix('\n').expect("a whole line")), Some(line), "{text}");
    assert!(written.lines().count() == 1 && !written.trim_end().chars().any(char::is_control), "{written:?}");
    assert!(check_reported_part(line.name).is_ok());
    let is_end = matches!(line.word, Word::Forget | Word::Revoke);
    assert!(!is_end || (line.hash, line.at) == ([0; 32], 0));
}

fn period(text: &str, now: Millis, zone: &Zone) {
    let period = match Period::parse(text, now, zone) {
        Ok(period) => period,
        Err(why) => return assert!(why.contains("expected") && !why.chars().any(char::is_control), "{why}"),
    };
    assert!(period.from < period.until && period.until <= period.to && period.until <= now, "{period:?}");
    assert_eq!(period.is_over(), period.to <= now);
    let (starts, words) = period.cells(zone);
    assert!((1..=CELLS + 1).contains(&starts.len()) && !words.is_empty(), "{} cells", starts.len());
    assert_eq!(starts.first(), Some(&period.from));
    assert!(starts.is_sorted_by(|one, next| one < next) && starts.iter().all(|start| *start < period.to));
    // The same time by its two moments.
    let moments = format!("{}..{}", rfc3339(period.from), rfc3339(period.to));
    let read = Period::parse(&moments, now, zone);
    assert_eq!(read.map(|read| (read.from, read.to)), Ok((period.from, period.to)), "{moments}");
}
