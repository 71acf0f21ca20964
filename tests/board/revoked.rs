//! What ends when a token is revoked.

use crate::board::Board;
use crate::scene::Scene;
use crate::watcher::watch;

const SERVICE: &str = r#"{"name": "app", "state": "OK"}"#;

#[test]
fn a_revoked_push_token_is_refused_also_where_new_servers_are_taken_in() {
    let scene = Scene::new("[push]\naccept-new = true\n");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let made = || scene.told_by_board(&["token", "new", "srvy", "--role", "push"]).trim().to_owned();
    let first = made();
    assert_eq!(board.push("srvy", &first, SERVICE).status, 200);
    scene.told_by_board(&["token", "revoke", "srvy"]);
    let refused = board.push("srvy", &first, SERVICE);
    assert_eq!(refused.error(), (403, "Invalid server key".to_owned()));
    assert_eq!(board.ping("srvy", &first).status, 403);
    let second = made();
    assert_eq!(board.push("srvy", &second, SERVICE).status, 200, "the name may get another one");
    assert_eq!(board.push("srvy", &first, SERVICE).status, 403);
    board.stop();
    scene.told_by_board(&["key", "forget", "srvy"]);
    let board = Board::start(&scene);
    assert_eq!(board.push("srvy", &first, SERVICE).status, 403, "also when the name is forgotten");
    assert_eq!(board.push("srvy", "its own", SERVICE).status, 200);
}
