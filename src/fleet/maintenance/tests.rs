//! Maintenance: who is covered and until when, and rows that are the windows as they were.

use super::*;
use crate::calendar::parse_span;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;

fn window(of: &[&str], when: When) -> Window {
    let of = of.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
    Window { of, when, who: "watch.toml".into(), text: "backup".into() }
}

fn weekly(of: &[&str], hours: &str) -> Window {
    window(of, When::Weekly(Hours::parse(hours).unwrap()))
}

fn once(of: &[&str], from: i64, until: Option<i64>) -> Window {
    window(of, When::Once { from: Millis(from), until: until.map(Millis) })
}

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

#[test]
fn a_window_covers_what_stands_below_it() {
    for (of, covered, others) in [
        ("db", ["db/ping", "db/ping/a"], ["web/ping", "node:db"]),
        ("db/*", ["db/ping", "db/disk/a"], ["web/ping/a", "slo:db"]),
        ("db/ping", ["db/ping", "db/ping/a"], ["db/disk", "db/disk/a"]),
        ("*/ping", ["db/ping", "web/ping/a"], ["db/disk", "db/disk/ping"]),
        ("db/ping/a", ["db/ping/a", "db/ping/a"], ["db/ping", "db/ping/b"]),
        ("node:db", ["node:db", "node:db"], ["db/ping", "node:dbs"]),
        ("slo:db", ["slo:db", "slo:db"], ["node:db", "db/ping"]),
    ] {
        let window = once(&["x/y", of], 0, None);
        assert!(covered.iter().all(|covered| window.covers(&name(covered))), "{of}");
        assert!(!others.iter().any(|other| window.covers(&name(other))), "{of}");
    }
}

#[test]
fn windows_are_half_open_and_say_what_comes_next() {
    let zone = Zone::UTC;
    for (window, at, is_open, next) in [
        (once(&["a"], 10, Some(20)), 9, false, Some(10)),
        (once(&["a"], 10, Some(20)), 10, true, Some(20)),
        (once(&["a"], 10, Some(20)), 19, true, Some(20)),
        (once(&["a"], 10, Some(20)), 20, false, None),
        (once(&["a"], 10, None), 9, false, Some(10)),
        (once(&["a"], 10, None), 10, true, None),
        (once(&["a"], 10, Some(10)), 5, false, None),
        (once(&["a"], 10, Some(5)), 7, false, None),
        (weekly(&["a"], "thu 00:01-00:02"), MINUTE - 1, false, Some(MINUTE)),
        (weekly(&["a"], "thu 00:01-00:02"), MINUTE, true, Some(2 * MINUTE)),
        (weekly(&["a"], "mon-sun 00:00-24:00"), 0, true, None),
    ] {
        assert_eq!(window.is_open(Millis(at), &zone), is_open, "{window:?} {at}");
        assert_eq!(window.next_change(Millis(at), &zone), next.map(Millis), "{window:?} {at}");
    }
}

#[test]
fn windows_are_joined() {
    let windows = [
        weekly(&["db"], "thu 00:01-00:03"),
        once(&["db/ping"], 2 * MINUTE, Some(5 * MINUTE)),
        once(&["web", "node:shop"], 0, None),
        once(&["web/page"], 0, Some(4 * MINUTE)),
    ];
    let at = |at: i64| open(&windows, Millis(at), &Zone::UTC);
    let until =
        |open: &Open<'_>, text: &str| open.of(&name(text)).map(|(_, until)| until.map(|until| until.0));
    let now = at(0);
    assert_eq!(now.next_change(), Some(Millis(MINUTE)));
    assert_eq!((until(&now, "db/ping/a"), until(&now, "node:shop")), (None, Some(None)));
    assert!(now.is_planned(&name("web/page/x")) && !now.is_planned(&name("db/ping")));
    let now = at(2 * MINUTE);
    assert_eq!(now.next_change(), Some(Millis(3 * MINUTE)));
    assert_eq!(until(&now, "db/ping/a"), Some(Some(5 * MINUTE)), "the one that is open longest");
    assert_eq!(until(&now, "db/disk"), Some(Some(3 * MINUTE)));
    assert_eq!(until(&now, "web/page"), Some(None), "until it is undone is longer than any");
    let last = open(&windows[1..], Millis(5 * MINUTE), &Zone::UTC);
    assert_eq!((last.next_change(), last.is_planned(&name("db/ping"))), (None, false));
}

/// The rows after the changes.
fn apply(rows: &mut Vec<Row>, changes: Vec<RowChange>) {
    for change in changes {
        match change {
            RowChange::Begin(row) => rows.push(row),
            RowChange::End { index, at } => rows[index].until = Some(at),
        }
    }
}

fn ends(rows: &[Row]) -> Vec<(i64, Option<i64>)> {
    rows.iter().map(|row| (row.from.0, row.until.map(|until| until.0))).collect()
}

#[test]
fn a_row_is_the_window_as_it_was() {
    let zone = Zone::UTC;
    let file = [weekly(&["db", "web/page"], "thu 00:10-00:20"), once(&["db"], 0, None)];
    let mut rows = Vec::new();
    let look = |rows: &mut Vec<Row>, file: &[Window], since: i64, at: i64| {
        let changes = row_changes(file, rows, Millis(since * MINUTE), Millis(at * MINUTE), &zone);
        let count = changes.len();
        apply(rows, changes);
        count
    };
    assert_eq!(look(&mut rows, &file, 0, 5), 0);
    assert_eq!(look(&mut rows, &file, 5, 10), 1);
    assert_eq!(
        rows[0],
        Row {
            of: "db/*, web/page".into(),
            from: Millis(10 * MINUTE),
            until: Some(Millis(20 * MINUTE)),
            text: "backup".into()
        }
    );
    assert_eq!(look(&mut rows, &file, 10, 12), 0, "it is there");
    assert_eq!(look(&mut rows, &file, 13, 13), 0, "nor at a start within it");
    // Another end in the file: the row ends, and one with that begins, now.
    let changed = [weekly(&["db", "web/page"], "thu 00:10-00:30")];
    assert_eq!(look(&mut rows, &changed, 13, 14), 2);
    assert_eq!(ends(&rows), [(10 * MINUTE, Some(14 * MINUTE)), (14 * MINUTE, Some(30 * MINUTE))]);
    // Taken out of the file: it ends, the past stays.
    assert_eq!(look(&mut rows, &[], 14, 15), 1);
    assert_eq!(ends(&rows), [(10 * MINUTE, Some(14 * MINUTE)), (14 * MINUTE, Some(15 * MINUTE))]);
    assert_eq!(look(&mut rows, &[], 15, 40), 0);
    // Put in while it is open: from then on. Twice in the file: one row.
    let twice = [file[0].clone(), file[0].clone()];
    let mut rows = Vec::new();
    assert_eq!(look(&mut rows, &twice, 15, 16), 1);
    assert_eq!(ends(&rows), [(16 * MINUTE, Some(20 * MINUTE))]);
    // A late look finds what opened and closed meanwhile; a start does not.
    let mut rows = Vec::new();
    assert_eq!(look(&mut rows, &file, 30, 30), 0);
    assert_eq!(look(&mut rows, &file, 5, 30), 1);
    assert_eq!(ends(&rows), [(10 * MINUTE, Some(20 * MINUTE))]);
    assert_eq!(look(&mut rows, &file, 20, 31), 0);
    // At its end there is nothing to do, whether or not it is still in the file.
    assert_eq!(look(&mut vec![rows[0].clone()], &file, 15, 20), 0);
    assert_eq!(look(&mut vec![rows[0].clone()], &[], 15, 20), 0);
    // Nor for one that closed without a row.
    assert_eq!(look(&mut Vec::new(), &file, 15, 30), 0);
    // Always.
    let always = [weekly(&["db"], "mon-sun 00:00-24:00")];
    let mut rows = Vec::new();
    assert_eq!((look(&mut rows, &always, 0, 1), look(&mut rows, &always, 1, 99)), (1, 0));
    assert_eq!(ends(&rows), [(MINUTE, None)]);
    assert_eq!(look(&mut rows, &[], 99, 100), 1);
    assert_eq!(ends(&rows), [(MINUTE, Some(100 * MINUTE))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However late the looks come, and with restarts that nobody slept through, the rows are the windows.
    #[test]
    fn rows_are_the_windows(
        hours in prop::sample::select(vec![
            "sun 02:00-04:00", "mon-sun 22:00-02:00, sun 02:15-02:45", "sat 23:59-00:01", "mon-fri 08:00-18:00, fri 18:00-20:00",
        ]),
        week in prop::sample::select(vec!["2026-W13", "2026-W43", "2026-W20"]),
        pauses in prop::collection::vec(1..3_000 * MINUTE, 1..60),
        restarts in prop::collection::vec(any::<bool>(), 60),
    ) {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let (start, _) = parse_span(week, Millis(0), &zone).unwrap();
        let file = [weekly(&["db"], hours)];
        let (mut rows, mut since) = (Vec::new(), start);
        for (pause, is_restart) in pauses.into_iter().zip(restarts) {
            let at = Millis(since.0 + pause);
            let live: Vec<Row> = rows.iter().filter(|row: &&Row| row.until.is_none_or(|until| until > since)).cloned().collect();
            for change in row_changes(&file, &live, since, at, &zone) {
                match change {
                    RowChange::Begin(row) => rows.push(row),
                    RowChange::End { .. } => prop_assert!(false, "nothing was changed"),
                }
            }
            if is_restart {
                let live: Vec<Row> = rows.iter().filter(|row| row.until.is_none_or(|until| until > at)).cloned().collect();
                prop_assert_eq!(row_changes(&file, &live, at, at, &zone), []);
            }
            since = at;
        }
        let When::Weekly(hours) = &file[0].when else { unreachable!() };
        let until = rows.last().and_then(|row| row.until).unwrap_or(since).max(since);
        let told: Vec<(Millis, Millis)> = rows.iter().map(|row| (row.from, row.until.unwrap())).collect();
        // What was open when it was first looked at began unseen.
        let mut expected = hours.windows(start, Millis(until.0), &zone);
        expected.retain(|(from, _)| *from > start && *from <= since);
        prop_assert_eq!(told.into_iter().filter(|(from, _)| hours.next_change(Millis(from.0 - 1), &zone) == Some((*from, true))).collect::<Vec<_>>(), expected);
    }
}
