//! A writer that is killed at any point: each batch is there as a whole, or not at all, and every one that was
//! committed is.

use super::file::child;
use super::*;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

const BATCH: i64 = 50;

fn batch(number: i64) -> Vec<Entry> {
    let (old, new) = if number % 2 == 0 { (300, 200) } else { (200, 300) };
    (0..BATCH)
        .map(|n| {
            let who = format!("web/oco/host{n}");
            Entry::Transition(transition(&who, number * 1000 + n, standing(old, ""), standing(new, "")))
        })
        .collect()
}

/// How many batches there are, each whole.
fn check(dir: &Path, now: i64) -> i64 {
    let (_writer, opened) = Writer::open(dir, at(now), i64::MAX / 2).unwrap();
    assert_eq!(opened.set_aside, None);
    let rows = Reader::open(&dir.join(FILE)).unwrap().log(&LogWish { limit: 100_000, ..LogWish::default() });
    let rows = i64::try_from(rows.unwrap().rows.len()).unwrap();
    assert_eq!(rows % BATCH, 0);
    let batches = rows / BATCH;
    for object in opened.kept.objects.values() {
        let state = if batches % 2 == 1 { State::Ok } else { State::Ko };
        assert_eq!((object.standing.state, object.recent.len()), (state, usize::try_from(batches).unwrap()));
    }
    batches
}

#[test]
fn dropped_between_batches_nothing_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let (mut writer, _) = Writer::open(dir.path(), at(number * 1000), 0).unwrap();
        writer.write(&batch(number)).unwrap();
        drop(writer);
        assert_eq!(check(dir.path(), number * 1000 + 500), number + 1);
    }
}

#[test]
fn killed_at_any_moment_nothing_that_was_committed_is_missing() {
    if let Ok(dir) = std::env::var("OCO_TEST_JOURNAL_TO_WRITE") {
        let (mut writer, opened) = Writer::open(Path::new(&dir), at(0), 0).unwrap();
        let first =
            opened.kept.last.since(at(0)).div_euclid(1000) + i64::from(!opened.kept.objects.is_empty());
        for number in first.. {
            writer.write(&batch(number)).unwrap();
            println!("committed {}", number + 1);
            std::io::stdout().flush().unwrap();
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut done = 0;
    for round in 0..6_i64 {
        let mut writing = child("killed::killed_at_any_moment_nothing_that_was_committed_is_missing")
            .env("OCO_TEST_JOURNAL_TO_WRITE", dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writing.stdout.take().unwrap()).lines();
        let mut told =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
        // Some batches later it dies, wherever it is by then.
        let goal = done + 3 + round * 7;
        let mut last = told.by_ref().find(|number: &i64| *number >= goal).unwrap();
        writing.kill().unwrap();
        last = told.last().unwrap_or(last);
        writing.wait().unwrap();
        let found = check(dir.path(), 0);
        assert!(found == last || found == last + 1, "{last} were committed, {found} are there");
        done = found;
    }
}
