//! A file of keys that is damaged.

use crate::board::Board;
use crate::scene::{Scene, parts};

#[test]
fn a_damaged_line_of_keys_is_told_and_its_name_is_refused() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    for name in ["h1", "h2"] {
        assert_eq!(board.ping(name, "k").status, 200);
    }
    board.stop();
    let path = scene.path("board/keys");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("first h1 ", "first h1 x", 1)).unwrap();
    let board = Board::start(&scene);
    let line =
        format!("{}:1: not a line of keys; h1 is refused until ocoboard key forget h1", path.display());
    board.wait_for_log(&line);
    for key in ["k", "other"] {
        assert_eq!(board.ping("h1", key).error(), (403, "Invalid server key".to_owned()));
    }
    assert_eq!(board.ping("h2", "k").status, 200);
    assert_eq!(board.log().matches("not a line of keys").count(), 1);
    let (status, _, said) = parts(&scene.ocoboard(&["key", "forget", "h1"]).output().unwrap());
    assert_eq!((status, said.contains(&line)), (Some(0), true), "{said}");
    assert_eq!(board.ping("h1", "other").status, 200, "a host made anew");
}

#[test]
fn what_is_no_file_of_keys_ends_the_start() {
    let scene = Scene::new("");
    let path = scene.path("board/keys");
    std::fs::write(&path, "\u{7f}ELF something else\n").unwrap();
    let (status, _, said) = parts(&scene.ocoboard(&[]).output().unwrap());
    assert_ne!(status, Some(0));
    assert!(said.contains(&format!("{}: not a file of keys", path.display())), "{said}");
}

#[test]
fn a_line_that_a_crash_cut_is_taken_away_by_the_next() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    assert_eq!(board.ping("h1", "k").status, 200);
    let path = scene.path("board/keys");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}first h2 3f2a")).unwrap();
    assert_eq!(board.ping("h3", "k").status, 200);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&whole) && !text.contains("h2") && text.lines().count() == 2, "{text}");
    assert_eq!(board.ping("h2", "k").status, 200, "its first request was never answered");
    board.stop();
    let board = Board::start(&scene);
    for name in ["h1", "h2", "h3"] {
        assert_eq!((board.ping(name, "k").status, board.ping(name, "other").status), (200, 403), "{name}");
    }
    assert!(!board.log().contains("not a line of keys"));
}
