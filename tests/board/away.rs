//! Without the watcher and without its journal: the API tells what is known and what is wrong, and the log tells it once.

use crate::board::Board;
use crate::http::Reply;
use crate::scene::{Scene, wait_for};
use crate::watcher::watch;

const SERVICE: &str = r#"{"name": "app", "state": "OK"}"#;
const READ: [&str; 6] =
    ["status", "nodes", "log", "incidents", "availability?name=push/app", "log?name=push/*"];

fn ask(board: &Board, what: &str) -> Reply {
    board.get(&format!("/api/v1/{what}"))
}

#[test]
fn without_a_watcher_the_past_is_known_up_to_its_last_sign_of_life() {
    let scene = Scene::new("");
    let mut watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.push("h1", "k", SERVICE).status, 200);
    wait_for("the service in the journal", || {
        let reply = ask(&board, "availability?name=push/app");
        (reply.status == 200 && reply.header("warning").is_none()).then_some(())
    });
    let status = ask(&board, "status").json();
    assert_eq!((&status["warning"], &status["services"][0]["need"]), (&serde_json::Value::Null, &1.into()));
    watcher.signal("KILL");
    watcher.wait();
    let status = ask(&board, "status").json();
    assert!(status["warning"].as_str().unwrap().starts_with("The watcher does not answer: "), "{status}");
    assert!(status["services"][0]["need"].is_null(), "nobody told it: {status}");
    board.wait_for_log("warn: the watcher is away: ");
    let availability = ask(&board, "availability?name=push/app").json();
    assert!(availability["no_data"].as_i64().unwrap() > 0, "{availability}");
    assert_eq!(availability["warning"], status["warning"]);
    for what in READ {
        let reply = ask(&board, what);
        let warning = reply.header("warning").unwrap_or_default();
        assert!(warning.starts_with("199 ocoboard \"The watcher does not answer: "), "{what}: {reply:?}");
    }
    let _watcher = watch(&scene);
    board.wait_for_log("info: the watcher is back");
    assert_eq!(ask(&board, "log").header("warning"), None);
    assert_eq!(board.log().matches("the watcher is away").count(), 1);
}

#[test]
fn without_a_journal_what_is_known_is_told() {
    let scene = Scene::new("");
    let ops = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    let board = Board::start(&scene);
    board.wait_for_log("warn: journal: ");
    for what in READ {
        let reply = ask(&board, what);
        assert_eq!(reply.status, 200, "{what}: {reply:?}");
        let warning = reply.header("warning").unwrap_or_default();
        assert!(warning.contains("journal"), "{what}: {reply:?}");
    }
    assert_eq!(ask(&board, "log").body, "");
    assert_eq!(ask(&board, "incidents").json(), serde_json::json!([]));
    let availability = ask(&board, "availability?name=push/app&from=-1h").json();
    assert!(availability["no_data"].as_i64().unwrap() >= 3_600_000 && availability["measured"].is_null());
    assert!(availability["warning"].as_str().unwrap().contains("cannot be read"), "{availability}");
    let headers = format!("Content-Type: application/json\r\nAuthorization: Bearer {}\r\n", ops.trim());
    assert_eq!(board.post_with("/api/v1/mute", &headers, r#"{"name": "push"}"#).status, 503);
    assert_eq!(board.get("/health").status, 503);
    let _watcher = watch(&scene);
    board.wait_for_log("info: journal: it is read again");
    assert_eq!(board.log().matches("warn: journal: ").count(), 1);
}
