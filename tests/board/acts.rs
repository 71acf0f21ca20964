//! Acts by the API, and direct alerts of pushers.

use crate::board::Board;
use crate::http::Reply;
use crate::scene::{PUSH, Scene, wait_for};
use crate::watcher::watch;
use std::os::unix::fs::PermissionsExt;

fn act(board: &Board, token: &str, word: &str, json: &str) -> Reply {
    let headers = format!("Content-Type: application/json\r\nAuthorization: Bearer {}\r\n", token.trim());
    board.post_with(&format!("/api/v1/{word}"), &headers, json)
}

#[test]
fn acts_need_a_token_of_role_act_and_are_the_watchers() {
    let scene = Scene::new("time-zone = \"UTC\"\n");
    let _watcher = watch(&scene);
    let ops = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    let eyes = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    assert_eq!(board.push("h1", "k", r#"{"name": "app", "state": "FAIL"}"#).status, 200);
    let ack = r#"{"name": "push/app", "for": "2h", "text": "disk ordered"}"#;
    assert_eq!(board.post("/api/v1/ack", ack).error().0, 401);
    assert_eq!(act(&board, &eyes, "ack", ack).error().0, 403);
    let done = act(&board, &ops, "ack", ack);
    assert_eq!((done.status, done.body.as_str()), (200, "{\"ok\": 1}"));
    let status: serde_json::Value = serde_json::from_str(&scene.told(&["status", "--json"])).unwrap();
    let acked = &status["services"][0]["acked"];
    assert!(acked["who"].as_str().unwrap().starts_with("ops via "), "{acked}");
    assert_eq!(acked["text"], "disk ordered");
    assert_eq!(act(&board, &ops, "unack", r#"{"name": "push/app"}"#).status, 200);
    for word in ["mute", "unmute", "maint", "unmaint"] {
        assert_eq!(act(&board, &ops, word, r#"{"name": "push/app"}"#).body, "{\"ok\": 1}", "{word}");
    }
    let adjust = r#"{"name": "push/app", "from": "-2h", "to": "-1h", "state": "ok", "text": "x"}"#;
    let adjusted = act(&board, &ops, "adjust", adjust);
    assert_eq!(adjusted.status, 200, "{adjusted:?}");
    let id = adjusted.json()["id"].as_i64().unwrap();
    assert_eq!(adjusted.json()["ids"], serde_json::json!([id]));
    assert_eq!(act(&board, &ops, "unadjust", &format!(r#"{{"id": {id}}}"#)).status, 200);
    assert_eq!(act(&board, &ops, "ack", r#"{"name": "push/other"}"#).error().0, 404);
    assert_eq!(act(&board, &ops, "ack", r#"{"name": "a b"}"#).error().0, 404);
    assert_eq!(act(&board, &ops, "mute", "{}").error(), (400, "\"name\" is missing".to_owned()));
    assert_eq!(act(&board, &ops, "mute", "[").error().0, 400);
    let muted = act(&board, &ops, "mute", r#"{"name": "push/app", "until": "18:00"}"#).error();
    assert_eq!((muted.0, muted.1.starts_with("\"until\": not a key")), (400, true), "{muted:?}");
    let (status, said) = act(&board, &ops, "maint", r#"{"name": "push/app", "to": "whenever"}"#).error();
    assert_eq!((status, said.contains("whenever")), (400, true), "{said}");
    let get = board.get_with("/api/v1/ack", &format!("Authorization: Bearer {}\r\n", ops.trim()));
    assert_eq!((get.error().0, get.header("allow")), (405, Some("POST")));
}

#[test]
fn acts_while_the_watcher_is_away_are_not_done() {
    let scene = Scene::new("");
    let ops = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    let board = Board::start(&scene);
    let (status, said) = act(&board, &ops, "mute", r#"{"name": "push/app"}"#).error();
    assert_eq!((status, said.starts_with("the watcher is away")), (503, true), "{said}");
}

#[test]
fn alerts_of_pushers_are_sent_ten_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let alerts = folder.path().join("alerts");
    let program = folder.path().join("teller");
    std::fs::write(&program, format!("#!/bin/sh\ncat >> {}\n", alerts.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let scene = Scene::with(&format!("{PUSH}[[alert]]\nof = [\"push/*\"]\ncommand = [{program:?}]\n"), "");
    let watcher = watch(&scene);
    let board = Board::start(&scene);
    let alert = |list: &str| {
        let body = format!(r#"{{"server": {{"name": "h1", "key": "k"}}, "alerts": {list}}}"#);
        board.post("/api/set/alerts", &body)
    };
    let reply = alert(r#"[{"message": "Something bad has happened", "service": "app"}]"#);
    assert_eq!((reply.status, reply.body.as_str()), (200, "{\"ok\": 1}"), "{}", watcher.log());
    let service: serde_json::Value = serde_json::from_str(&scene.told(&["status", "--json"])).unwrap();
    assert_eq!(
        (&service["services"][0]["name"], &service["services"][0]["state"]),
        (&"push/app".into(), &"unknown".into())
    );
    let told = wait_for("the alert", || {
        let told = std::fs::read_to_string(&alerts).unwrap_or_default();
        told.contains("Something bad has happened (h1 via ").then_some(told)
    });
    assert_eq!(told.matches("Something bad").count(), 1, "{told}");
    for number in 0..30 {
        assert_eq!(alert(&format!(r#"["number {number} of the rest"]"#)).status, 200);
    }
    let count = |log: &str| log.matches("alert by h1 via ").count();
    wait_for("nine more", || (count(&watcher.log()) == 10).then_some(()));
    board.stop();
    // The end tells of those that were held.
    watcher.wait_for_log("21 more alerts of h1 within an hour, the last one: number 29 of the rest");
}

#[test]
fn all_corrections_of_a_group_are_named_and_can_be_taken_back() {
    let scene = Scene::new("time-zone = \"UTC\"\n");
    let _watcher = watch(&scene);
    let ops = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    let board = Board::start(&scene);
    let services =
        r#"{"name": "app", "state": "OK"}, {"name": "disk", "state": "OK"}, {"name": "raid", "state": "OK"}"#;
    assert_eq!(board.push("h1", "k", services).status, 200);
    let adjust = r#"{"name": "push", "from": "-2h", "to": "-1h", "state": "ok", "text": "x"}"#;
    let adjusted = act(&board, &ops, "adjust", adjust).json();
    let ids: Vec<i64> = adjusted["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    assert_eq!((ids.len(), &adjusted["id"]), (3, &serde_json::Value::Null), "{adjusted}");
    for id in ids {
        assert_eq!(act(&board, &ops, "unadjust", &format!(r#"{{"id": {id}}}"#)).status, 200);
    }
    assert!(!scene.told(&["adjustments"]).contains("push/"));
}

#[test]
fn a_service_that_an_alert_made_is_there_for_all_and_stays_over_a_restart() {
    let scene = Scene::new("");
    let mut watcher = watch(&scene);
    let board = Board::start(&scene);
    let body = r#"{"server": {"name": "h1", "key": "k"}, "alerts": [{"message": "bad", "service": "made"}]}"#;
    let reply = board.post("/api/set/alerts", body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let is_there = || {
        wait_for("the service that an alert made", || {
            let paths = ["/g/push/made", "/badge/push/made.svg", "/api/v1/availability?name=push/made"];
            let are_there = paths.iter().all(|path| board.get(path).status == 200);
            let is_listed = board.get("/g/push").body.contains("made");
            let is_measured = board.get("/metrics").body.contains("push/made");
            let status = scene.told(&["status", "--json"]);
            (are_there && is_listed && is_measured && status.contains("\"push/made\"")).then_some(())
        });
    };
    is_there();
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let _watcher = watch(&scene);
    board.wait_until_well();
    is_there();
}
