//! Ages, clocks and rules: what the board makes of single looks.

use super::*;
use std::time::Duration;

const NOON: i64 = 1_800_000_000_000_000_000;

/// A moment: seconds after noon on the wall clock, and after an hour of uptime on the boot clock.
fn at(wall: i64, boot: i64) -> Now {
    Now { wall: Nanos(NOON).after_seconds(wall), boot: Nanos(3_600_000_000_000).after_seconds(boot) }
}

impl Nanos {
    fn after_seconds(self, seconds: i64) -> Nanos {
        Nanos(self.0 + seconds * 1_000_000_000)
    }
}

fn sight(content: &[u8], modified: Nanos) -> Look<'_> {
    Look::File(Sight {
        inode: 7,
        modified,
        size: content.len().try_into().unwrap(),
        links: 1,
        content: Ok(content),
    })
}

/// Tells of a close and settles all looks that come due with the same sight.
fn close(board: &mut Board, content: &[u8], modified: Nanos, now: Now) {
    board.event("x", Event::Closed).unwrap();
    look(board, content, modified, now);
}

fn look(board: &mut Board, content: &[u8], modified: Nanos, now: Now) {
    while let Some((id, _)) = board.next_due() {
        board.settle(id, &sight(content, modified), now);
    }
    publish(board, now);
}

fn publish(board: &mut Board, now: Now) -> Vec<String> {
    board.expire(now);
    let mut changes = Vec::new();
    board.publish(now, &mut changes);
    changes.iter().map(Change::to_string).collect()
}

fn code(board: &Board) -> Option<u16> {
    board.ratings().next().map(|(code, _)| code.number())
}

#[test]
fn exactly_max_age_is_not_stale() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    publish(&mut board, at(300, 300));
    assert_eq!(code(&board), Some(200));
    let just_after = Now { boot: Nanos(at(300, 300).boot.0 + 1), ..at(300, 300) };
    assert_eq!(board.deadline(), Some(just_after.boot));
    assert_eq!(publish(&mut board, just_after), ["x: 200 -> 300 (stale, 5m old)"]);
}

#[test]
fn a_step_of_the_wall_clock_changes_no_age() {
    for step in [-86_400, 86_400] {
        let mut board = Board::new(Rules::default());
        close(&mut board, b"200", at(0, 0).wall, at(0, 0));
        publish(&mut board, at(step + 299, 299));
        assert_eq!(code(&board), Some(200), "made stale by a step of {step} s");
        // Neither a scan nor a change of its mode makes it younger.
        board.begin_scan();
        look(&mut board, b"200", at(0, 0).wall, at(step + 299, 299));
        board.event("x", Event::Attributes).unwrap();
        look(&mut board, b"200", at(0, 0).wall, at(step + 299, 299));
        publish(&mut board, at(step + 301, 301));
        assert_eq!(code(&board), Some(300), "kept fresh by a step of {step} s");
        // A result written after the step is as old as it is.
        close(&mut board, b"200 ", at(step + 310, 310).wall, at(step + 310, 310));
        assert_eq!(code(&board), Some(200));
        publish(&mut board, at(step + 611, 611));
        assert_eq!(code(&board), Some(300));
    }
}

#[test]
fn a_result_of_the_future_is_as_old_as_it_was_seen() {
    let mut board = Board::new(Rules::default());
    let future = at(1_000_000, 0).wall;
    close(&mut board, b"200", future, at(0, 0));
    close(&mut board, b"200", future, at(200, 200));
    publish(&mut board, at(301, 301));
    assert_eq!(code(&board), Some(300), "closed again without being written");
    // Written again with the very same time and size: a new state.
    board.event("x", Event::Modified).unwrap();
    close(&mut board, b"200", future, at(400, 400));
    assert_eq!(code(&board), Some(200));
    publish(&mut board, at(700, 700));
    assert_eq!(code(&board), Some(200));
    publish(&mut board, at(701, 701));
    assert_eq!(code(&board), Some(300));
}

#[test]
fn a_file_older_than_the_boot_has_an_age() {
    let mut board = Board::new(Rules { max_age: Duration::from_secs(86_400 * 30), ..Rules::default() });
    close(&mut board, b"200", at(-86_400 * 20, 0).wall, at(0, 0));
    let view = board.checks(at(0, 0)).next().unwrap();
    assert_eq!((view.age, view.stale), (Some(Duration::from_secs(86_400 * 20)), false));
}

#[test]
fn without_events_an_empty_file_is_believed_after_two_seconds() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    board.begin_scan();
    look(&mut board, b"", at(10, 10).wall, at(11, 11));
    assert_eq!(code(&board), Some(200), "the last result is kept");
    assert_eq!(board.deadline(), Some(at(0, 12).boot));
    board.expire(at(12, 12));
    look(&mut board, b"", at(10, 10).wall, at(12, 12));
    assert_eq!(code(&board), Some(300));
    // Dated in the future it has no longer grace.
    close(&mut board, b"200", at(20, 20).wall, at(20, 20));
    for second in [30, 31, 32] {
        board.begin_scan();
        look(&mut board, b"", at(1_000_000, 0).wall, at(second, second));
        assert_eq!(code(&board), Some(if second < 32 { 200 } else { 300 }), "after {second} s");
    }
}

#[test]
fn rules_apply_at_once() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    let rules = |max_age, required: &str| Rules {
        max_age: Duration::from_secs(max_age),
        checks: [(required.to_owned(), CheckRules { max_age: None, required: true })].into(),
    };
    board.set_rules(rules(5, "x"));
    assert_eq!(publish(&mut board, at(6, 6)), ["x: 200 -> 300 (stale, 6s old)"]);
    board.set_rules(rules(60, "y"));
    let changes = publish(&mut board, at(6, 6));
    assert!(changes.contains(&"x: 300 -> 200".to_owned()), "{changes:?}");
    assert!(changes.contains(&"y: none -> 300 (required, but there is no file)".to_owned()), "{changes:?}");
    board.set_rules(Rules::default());
    assert_eq!(publish(&mut board, at(6, 6)), ["y: 300 -> none (removed)"]);
}

#[test]
fn files_are_limited_in_number() {
    let mut board = Board::new(Rules::default());
    for number in 0..CHECKS {
        board.found(&number.to_string()).unwrap();
    }
    assert_eq!(board.found("one-more"), Err(TooMany));
    assert_eq!(board.event("one-more", Event::Closed), Err(TooMany));
    assert_eq!(board.event("7", Event::Closed), Ok(()));
}

#[test]
fn what_is_gone_leaves_nothing_behind() {
    let mut board = Board::new(Rules::default());
    for round in 0..1000 {
        let name = format!("check{round}");
        board.event(&name, Event::Closed).unwrap();
        look(&mut board, b"200", at(0, 0).wall, at(0, 0));
        board.event(&name, Event::Gone).unwrap();
        while let Some((id, _)) = board.next_due() {
            board.settle(id, &Look::Absent, at(0, 0));
        }
        publish(&mut board, at(0, 0));
    }
    assert!(board.checks.len() <= 2 && board.order.is_empty(), "{} slots", board.checks.len());
}

/// The bench measures what a file costs; this says which change it was.
#[test]
fn a_check_is_small() {
    assert!(size_of::<Check>() <= 96, "{}", size_of::<Check>());
}
