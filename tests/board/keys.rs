//! Keys of pushers: the first one counts, and so do the limits of those who are new or fast.

use crate::board::Board;
use crate::scene::Scene;
use crate::watcher::watch;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const SERVICE: &str = r#"{"name": "app", "state": "OK"}"#;

#[test]
fn the_first_key_is_trusted_and_another_one_is_not() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.push("h1", "right", SERVICE).status, 200);
    let wrong = board.push("h1", "wrong", SERVICE);
    assert_eq!(wrong.error(), (403, "Invalid server key".to_owned()));
    assert_eq!(board.ping("h1", "wrong").error().0, 403);
    board.wait_for_log("push: h1 from 127.0.0.1: wrong key");
    let log = board.stop();
    assert!(!log.contains("right") && !log.contains("wrong\n"), "{log}");
    for file in ["board/keys", "board/secret"] {
        let mode = std::fs::metadata(scene.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let board = Board::start(&scene);
    assert_eq!((board.ping("h1", "right").status, board.ping("h1", "wrong").status), (200, 403));
    assert_eq!(scene.told_by_board(&["key", "list"]).split("  ").next(), Some("h1"));
    scene.told_by_board(&["key", "forget", "h1"]);
    assert_eq!(board.ping("h1", "wrong").status, 200, "a host that was made anew");
    assert_eq!(board.ping("h1", "right").status, 403);
}

#[test]
fn new_names_are_limited_and_nothing_is_kept_of_those_beyond() {
    let scene = Scene::new("[push]\nnew-a-minute = 3\n");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    for name in ["h1", "h2", "h3"] {
        assert_eq!(board.ping(name, "k").status, 200);
    }
    assert_eq!(board.ping("h4", "k").error().0, 429);
    let refused = board.push("h4", "k", SERVICE);
    assert_eq!((refused.error().0, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(board.push("h1", "k", SERVICE).status, 200);
    assert_eq!(scene.target("push/app/h4"), None);
    assert_eq!(scene.told_by_board(&["key", "list"]).lines().count(), 3);
}

#[test]
fn strangers_need_a_key_that_was_made_for_them() {
    let scene = Scene::new("[push]\naccept-new = false\n");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.ping("h1", "k").error().0, 403);
    let key = scene.told_by_board(&["token", "new", "h1", "--role", "push"]);
    assert_eq!(board.push("h1", key.trim(), SERVICE).status, 200);
    assert_eq!(board.push("h1", "k", SERVICE).error().0, 403);
    let listed = scene.told_by_board(&["token", "list"]);
    assert!(listed.starts_with("h1  push  20"), "{listed}");
    scene.told_by_board(&["token", "revoke", "h1"]);
    assert_eq!(board.push("h1", key.trim(), SERVICE).error().0, 403);
}

#[test]
fn who_is_new_has_to_come_from_where_new_ones_may() {
    let scene = Scene::new("[access]\nproxies = [\"127.0.0.1\"]\n[push]\naccept-new = [\"192.0.2.0/24\"]\n");
    let board = Board::start(&scene);
    let ping = |from: &str, name: &str| {
        let headers = format!("Content-Type: application/json\r\nX-Forwarded-For: {from}\r\n");
        let body = format!(r#"{{"server": {{"name": "{name}", "key": "k"}}}}"#);
        board.post_with("/api/ping", &headers, &body).status
    };
    assert_eq!(ping("198.51.100.1", "h1"), 403);
    assert_eq!(ping("192.0.2.7, 198.51.100.1", "h1"), 403, "the last one counts");
    assert_eq!(ping("192.0.2.7", "h1"), 200);
    assert_eq!(ping("198.51.100.1", "h1"), 200, "it is known now");
    assert_eq!(board.ping("h2", "k").status, 403);
}

#[test]
fn who_floods_is_slowed_and_nobody_else_is() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    // Several at once, until one is refused: they are faster than what may come, however slow the machine is.
    let (taken, is_refused) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_refused.load(Ordering::SeqCst) {
                    match board.push("h1", "k", SERVICE).status {
                        200 => assert!(taken.fetch_add(1, Ordering::SeqCst) < 5000, "nothing is refused"),
                        status => {
                            is_refused.store(true, Ordering::SeqCst);
                            assert_eq!(status, 429);
                        }
                    }
                }
            });
        }
    });
    let taken = taken.into_inner();
    assert!(taken >= 100, "{taken} taken");
    assert_eq!(board.push("h2", "k", SERVICE).status, 200);
    for _ in 0..200 {
        assert_eq!(board.ping("h1", "k").status, 200, "a ping that is refused ends its client");
        assert_eq!(board.push("h1", "k", "").status, 200, "empty lists have a bucket of their own");
    }
}

#[test]
fn names_that_look_alike_are_listed_apart_and_forgotten_as_they_are_listed() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    for name in ["h", "h\u{1b}", "h\u{7}", "h "] {
        assert_eq!(board.ping(name, "k").status, 200);
    }
    let names = || -> Vec<String> {
        let listed = scene.told_by_board(&["key", "list"]);
        listed.lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(), ["h", "h%07", "h%1B", "h%20"]);
    scene.told_by_board(&["key", "forget", "h%1B"]);
    scene.told_by_board(&["key", "forget", "h "]);
    assert_eq!(names(), ["h", "h%07"]);
}
