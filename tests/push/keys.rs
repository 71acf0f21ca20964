//! The key: made once, and never told to anybody but the board.

use crate::board::{Board, TAKEN};
use crate::scene::{Scene, run};
use std::os::unix::fs::PermissionsExt;

fn key_of(board: &Board, request: usize) -> String {
    board.requests()[request].body["server"]["key"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_is_made_on_first_use_and_stays() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    scene.push(&board.url()).is_well();
    scene.push(&board.url()).is_well();
    let key = std::fs::read_to_string(scene.path("key")).unwrap();
    assert_eq!([key_of(&board, 0), key_of(&board, 1)], [key.trim(), key.trim()]);
    let mode = std::fs::metadata(scene.path("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn a_board_that_is_away_at_first_changes_no_key() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    scene.push("http://127.0.0.1:1").failed("http://127.0.0.1:1", "connection refused");
    let key = std::fs::read_to_string(scene.path("key")).unwrap();
    scene.push(&board.url()).is_well();
    assert_eq!(key_of(&board, 0), key.trim());
}

#[test]
fn a_key_by_people_counts_and_without_one_nothing_is_sent() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    std::fs::write(scene.path("key"), "1234\n").unwrap();
    scene.push(&board.url()).is_well();
    assert_eq!(key_of(&board, 0), "1234");
    for (name, content, why) in [
        ("empty", Some(""), "no key in it; expected one line of printable ASCII"),
        ("away/key", None, "no such file or directory"),
    ] {
        let path = scene.path(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let pushed = run(scene.bare(&board.url()).arg("--key-file").arg(&path));
        let said = format!("oco-push: key file {}: {why}\n", path.display());
        assert_eq!((pushed.status, pushed.said), (Some(3), said));
    }
    assert_eq!(board.requests().len(), 1);
}
