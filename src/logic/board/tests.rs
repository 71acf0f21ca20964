//! Ages, clocks and rules: what the board makes of single looks.

use super::*;
use crate::limits::STATUS_FILE_OCTETS;
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
        is_mount: false,
        content: Ok(content),
    })
}

/// Tells of a close and settles all looks that come due with the same sight.
fn close(board: &mut Board, content: &[u8], modified: Nanos, now: Now) {
    board.event("x", FileEvent::Closed, now).unwrap();
    look(board, content, modified, now);
}

fn look(board: &mut Board, content: &[u8], modified: Nanos, now: Now) {
    while let Some((id, _)) = board.next_due() {
        board.settle(id, &sight(content, modified), now);
    }
    publish(board, now);
}

/// A scan that finds the file.
fn scan(board: &mut Board, now: Now) {
    board.begin_scan();
    board.found("x");
    board.end_scan(true, now);
}

fn publish(board: &mut Board, now: Now) -> Vec<String> {
    board.expire(now);
    let mut changes = Vec::new();
    board.publish(now, &mut changes);
    changes.iter().map(Change::to_string).collect()
}

fn code(board: &Board) -> Option<u16> {
    board.rating("x").map(Code::number)
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
        scan(&mut board, at(step + 299, 299));
        look(&mut board, b"200", at(0, 0).wall, at(step + 299, 299));
        board.event("x", FileEvent::Attributes, at(step + 299, 299)).unwrap();
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
    board.event("x", FileEvent::Modified, at(400, 400)).unwrap();
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
    scan(&mut board, at(11, 11));
    look(&mut board, b"", at(10, 10).wall, at(11, 11));
    assert_eq!(code(&board), Some(200), "the last result is kept");
    assert_eq!(board.deadline(), Some(at(0, 12).boot));
    board.expire(at(12, 12));
    look(&mut board, b"", at(10, 10).wall, at(12, 12));
    assert_eq!(code(&board), Some(300));
    // Dated in the future it has no longer grace.
    close(&mut board, b"200", at(20, 20).wall, at(20, 20));
    for second in [30, 31, 32] {
        scan(&mut board, at(second, second));
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
fn the_writers_promise_beats_the_general_rule_and_the_checks_own_rule_beats_that() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let shown = |board: &Board, now| board.checks(now).next().map(|view| view.max_age);
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200 fine\nmax-age 20m\n", at(0, 0).wall, at(0, 0));
    assert_eq!(shown(&board, at(0, 0)), Some(minutes(20)));
    assert!(publish(&mut board, at(1200, 1200)).is_empty());
    assert_eq!(publish(&mut board, at(1201, 1201)), ["x: 200 -> 300 (stale, 20m 1s old)"]);
    close(&mut board, b"200\nmax-age 10s", at(2000, 2000).wall, at(2000, 2000));
    assert_eq!(publish(&mut board, at(2011, 2011)), ["x: 200 -> 300 (stale, 11s old)"]);
    let own = CheckRules { max_age: Some(minutes(7)), required: false };
    board.set_rules(Rules { max_age: minutes(5), checks: [("x".to_owned(), own)].into() });
    assert_eq!(publish(&mut board, at(2011, 2011)), ["x: 300 -> 200"]);
    assert_eq!(shown(&board, at(2011, 2011)), Some(minutes(7)));
    board.set_rules(Rules::default());
    assert_eq!(publish(&mut board, at(2011, 2011)), ["x: 200 -> 300 (stale, 11s old)"]);
    // The next result promises nothing.
    close(&mut board, b"200", at(2012, 2012).wall, at(2012, 2012));
    assert_eq!(shown(&board, at(2012, 2012)), Some(minutes(5)));
}

#[test]
fn a_result_from_before_the_boot_is_stale_unless_it_may_be_older_than_an_hour() {
    let booted = |seconds: i64| Now { boot: Nanos(seconds * 1_000_000_000), ..at(0, 0) };
    let mut board = Board::new(Rules::default());
    board.event("x", FileEvent::Closed, booted(20)).unwrap();
    while let Some((id, _)) = board.next_due() {
        board.settle(id, &sight(b"200", at(-80, 0).wall), booted(20));
    }
    assert_eq!(publish(&mut board, booted(20)), ["x: none -> 300 (stale, from before the boot, 1m 20s old)"]);
    assert!(board.checks(booted(20)).next().unwrap().stale);
    assert_eq!(board.deadline(), None, "no timer makes it fresh");
    for (promise, code) in [("1h", 300), ("61m", 200)] {
        let content = format!("200\nmax-age {promise}\n");
        close(&mut board, content.as_bytes(), at(-80, 0).wall, booted(20));
        assert_eq!(self::code(&board), Some(code), "{promise}");
    }
    // Written since the boot, if only just.
    close(&mut board, b"200", at(-20, 0).wall, booted(20));
    assert_eq!(code(&board), Some(200));
}

#[test]
fn a_result_stands_while_its_file_is_replaced_by_unlink_and_create() {
    let mut board = Board::new(Rules::default());
    let code_after = |board: &mut Board, event, now| {
        board.event("x", event, now).unwrap();
        publish(board, now);
        code(board)
    };
    let absent = |board: &mut Board, now| {
        while let Some((id, _)) = board.next_due() {
            board.settle(id, &Look::Absent, now);
        }
        publish(board, now);
    };
    close(&mut board, b"300", at(0, 0).wall, at(0, 0));
    assert_eq!(code_after(&mut board, FileEvent::Gone, at(1, 1)), None);
    absent(&mut board, at(1, 1));
    assert_eq!(code(&board), None);
    assert_eq!(code_after(&mut board, FileEvent::Created, at(2, 2)), Some(300));
    look(&mut board, b"", at(2, 2).wall, at(2, 2));
    assert_eq!(code_after(&mut board, FileEvent::Modified, at(2, 2)), Some(300));
    look(&mut board, b"2", at(2, 2).wall, at(50, 50));
    assert_eq!(code(&board), Some(300), "it stands for as long as that is written");
    close(&mut board, b"200", at(50, 50).wall, at(50, 50));
    assert_eq!(code(&board), Some(200));
    // Under a writer that hangs, the old result ages on.
    assert_eq!(code_after(&mut board, FileEvent::Gone, at(60, 60)), None);
    assert_eq!(code_after(&mut board, FileEvent::Created, at(60, 60)), Some(200));
    publish(&mut board, at(351, 351));
    assert_eq!(code(&board), Some(300));
    // Two seconds later it is a new check.
    close(&mut board, b"200", at(400, 400).wall, at(400, 400));
    assert_eq!(code_after(&mut board, FileEvent::Gone, at(410, 410)), None);
    absent(&mut board, at(410, 410));
    assert_eq!(board.deadline(), Some(at(412, 412).boot));
    publish(&mut board, at(412, 412));
    assert_eq!((board.checks.len(), board.index.len()), (1, 0), "nothing is kept");
    assert_eq!(code_after(&mut board, FileEvent::Created, at(412, 412)), None);
}

/// The directory's permissions have changed: no event tells of the files, and each may be unreadable now.
#[test]
fn what_can_be_read_is_found_out_anew() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    board.recheck_all();
    let due = board.next_due().unwrap();
    assert_eq!(&*due.1, "x");
    board.settle(due.0, &unreadable(7), at(1, 1));
    assert_eq!(publish(&mut board, at(1, 1)), ["x: 200 -> 300 (unreadable: Permission denied)"]);
}

#[test]
fn what_was_unreadable_in_between_is_no_younger() {
    // Of the future, and of the past with a step of the wall clock. Its inode may be unknown in between.
    for (modified, step, inode) in [(1_000_000, 0, 7), (1_000_000, 0, 0), (0, -86_400, 7), (0, 86_400, 0)] {
        let modified = at(modified, 0).wall;
        let mut board = Board::new(Rules::default());
        close(&mut board, b"200", modified, at(0, 0));
        board.event("x", FileEvent::Attributes, at(step + 200, 200)).unwrap();
        while let Some((id, _)) = board.next_due() {
            board.settle(id, &unreadable(inode), at(step + 200, 200));
        }
        publish(&mut board, at(step + 200, 200));
        assert_eq!(code(&board), Some(300));
        board.event("x", FileEvent::Attributes, at(step + 250, 250)).unwrap();
        look(&mut board, b"200", modified, at(step + 250, 250));
        assert_eq!(code(&board), Some(200), "is as old as it was");
        publish(&mut board, at(step + 301, 301));
        assert_eq!(code(&board), Some(300), "{modified:?}, step {step}");
    }
    // Another file of that name is as old as it says.
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    board.event("x", FileEvent::Attributes, at(200, 200)).unwrap();
    while let Some((id, _)) = board.next_due() {
        board.settle(id, &unreadable(8), at(200, 200));
    }
    close(&mut board, b"200", at(299, 299).wall, at(299, 299));
    publish(&mut board, at(301, 301));
    assert_eq!(code(&board), Some(200));
}

fn unreadable(inode: u64) -> Look<'static> {
    let content = Err(Fault::Unreadable(libc::EACCES));
    Look::File(Sight { inode, modified: Nanos::default(), size: 0, links: 1, is_mount: false, content })
}

#[test]
fn files_are_limited_in_number() {
    let mut board = Board::new(Rules::default());
    for number in 0..CHECKS {
        board.found(&number.to_string());
    }
    assert_eq!(board.event("one-more", FileEvent::Closed, at(0, 0)), Err(TooMany));
    assert_eq!(board.event("7", FileEvent::Closed, at(0, 0)), Ok(()));
}

#[test]
fn what_is_gone_leaves_nothing_behind() {
    let mut board = Board::new(Rules::default());
    for round in 0..1000 {
        let name = format!("check{round}");
        board.event(&name, FileEvent::Closed, at(0, 0)).unwrap();
        look(&mut board, b"200", at(0, 0).wall, at(0, 0));
        board.event(&name, FileEvent::Gone, at(0, 0)).unwrap();
        while let Some((id, _)) = board.next_due() {
            board.settle(id, &Look::Absent, at(0, 0));
        }
        publish(&mut board, at(3, 3));
    }
    assert!(board.checks.len() <= 2 && board.index.len() == 0, "{} slots", board.checks.len());
}

/// The bench measures what a file costs; this says which change it was.
#[test]
fn a_check_is_small() {
    assert!(size_of::<Check>() <= 88, "{}", size_of::<Check>());
}

#[test]
fn a_result_stands_for_its_successor_though_events_were_lost_in_between() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"500", at(0, 0).wall, at(0, 0));
    board.event("x", FileEvent::Gone, at(1, 1)).unwrap();
    board.begin_scan();
    board.end_scan(true, at(1, 1));
    publish(&mut board, at(1, 1));
    assert_eq!(code(&board), None);
    board.event("x", FileEvent::Created, at(2, 2)).unwrap();
    look(&mut board, b"", at(2, 2).wall, at(2, 2));
    assert_eq!(code(&board), Some(500));
}

/// As when the directory could not be searched for a moment: each answer would cost a look at each file for good.
#[test]
fn what_could_not_be_read_for_a_moment_is_not_looked_at_for_ever() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"200", at(0, 0).wall, at(0, 0));
    board.recheck_all();
    let (id, _) = board.next_due().unwrap();
    let Look::File(sight) = sight(b"", Nanos::default()) else { panic!("a file") };
    let unreadable = Sight { inode: 0, content: Err(Fault::Unreadable(libc::EACCES)), ..sight };
    board.settle(id, &Look::File(unreadable), at(1, 1));
    publish(&mut board, at(1, 1));
    assert_eq!(code(&board), Some(300));
    board.recheck_volatile();
    assert_eq!(board.due(), 1, "it may pass without an event");
    look(&mut board, b"200", at(0, 0).wall, at(2, 2));
    assert_eq!(code(&board), Some(200));
    board.recheck_volatile();
    assert_eq!(board.due(), 0);
}

#[test]
fn a_result_that_is_gone_promises_nothing() {
    let rules = CheckRules { max_age: None, required: true };
    let mut board = Board::new(Rules { checks: [("x".to_owned(), rules)].into(), ..Rules::default() });
    close(&mut board, b"200\nmax-age 25h\n", at(0, 0).wall, at(0, 0));
    let max_age = |board: &Board| board.check("x", at(1, 1)).unwrap().max_age;
    assert_eq!(max_age(&board), Duration::from_secs(90_000));
    board.event("x", FileEvent::Gone, at(1, 1)).unwrap();
    publish(&mut board, at(1, 1));
    assert_eq!(max_age(&board), Duration::from_secs(300));
}

/// Only oco_perfdata_incomplete shows it.
#[test]
fn what_is_said_instead_of_a_cut_result_that_is_gone_is_whole() {
    let rules = CheckRules { max_age: None, required: true };
    let mut board = Board::new(Rules { checks: [("x".to_owned(), rules)].into(), ..Rules::default() });
    let is_cut = |board: &Board, now| board.check("x", now).unwrap().is_cut;
    let content = [b"200 ", vec![b'x'; STATUS_FILE_OCTETS].as_slice()].concat();
    close(&mut board, &content, at(0, 0).wall, at(0, 0));
    assert!(is_cut(&board, at(0, 0)));
    board.event("x", FileEvent::Gone, at(1, 1)).unwrap();
    publish(&mut board, at(1, 1));
    assert!(!is_cut(&board, at(1, 1)));
    board.event("x", FileEvent::Created, at(2, 2)).unwrap();
    assert!(is_cut(&board, at(2, 2)), "what it said stands again");
    board.event("x", FileEvent::Gone, at(2, 2)).unwrap();
    publish(&mut board, at(5, 5));
    assert!(!is_cut(&board, at(5, 5)), "it is forgotten");
    close(&mut board, b"200 fine\n", at(6, 6).wall, at(6, 6));
    assert!(!is_cut(&board, at(6, 6)));
}

/// A file system likes to give the number of the old file to the new one.
#[test]
fn a_new_file_whose_writer_is_heard_is_not_looked_at_for_ever() {
    let mut board = Board::new(Rules::default());
    close(&mut board, b"300", at(0, 0).wall, at(0, 0));
    board.event("x", FileEvent::Gone, at(1, 1)).unwrap();
    board.event("x", FileEvent::Created, at(1, 1)).unwrap();
    look(&mut board, b"", at(1, 1).wall, at(1, 1));
    board.recheck_volatile();
    assert_eq!(board.due(), 1, "its writer may have opened it by no name");
    board.event("x", FileEvent::Modified, at(1, 1)).unwrap();
    close(&mut board, b"200", at(1, 1).wall, at(1, 1));
    assert_eq!(code(&board), Some(200));
    board.recheck_volatile();
    assert_eq!(board.due(), 0);
}
