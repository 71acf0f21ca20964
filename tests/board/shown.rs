//! Pages and what programs read, over HTTP: with the watcher, without it, and for whom. What they show is tested where
//! they are made.

use crate::board::Board;
use crate::http::{Reply, Request, connect};
use crate::scene::{PATIENCE, PUSH, Scene, wait_for};
use crate::watcher::watch;
use std::io::{BufRead, BufReader, Write};
use std::time::Instant;

const FAILING: &str = r#"{"name": "app", "state": "FAIL", "info": "<b>burns</b>"}"#;

/// A board with a service that fails, once the pages know it.
fn burning(board: &Board) {
    assert_eq!(board.push("h1", "k", FAILING).status, 200);
    wait_for("the failure on the page", || board.get("/").body.contains("push/app").then_some(()));
}

#[test]
fn pages_are_shown_escaped_and_sent_once() {
    let scene = Scene::new("title = \"The <fleet>\"\n");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    burning(&board);
    let page = board.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(
        page.body.contains("The &#60;fleet&#62;") || page.body.contains("The &lt;fleet&gt;"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<b>burns"), "{}", page.body);
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'self'"));
    for path in ["/g/push", "/g/push/app", "/g/push/app?span=7d", "/h/h1", "/incidents", "/log", "/levels"] {
        assert_eq!(board.get(path).status, 200, "{path}");
    }
    assert_eq!(board.get("/g/push/app?span=soon").status, 400);
    assert_eq!(board.get("/n/nobody").status, 404);
    assert_eq!(board.get("/nowhere/at/all").status, 404);
    let style = board.get("/style.css");
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    let etag = style.header("etag").unwrap().to_owned();
    let again = board.get_with("/style.css", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let head = Request::raw("HEAD", "/style.css", "", b"").send(board.address);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!((board.post("/", "{}").status, board.post("/api/v1/status", "{}").status), (405, 405));
}

#[test]
fn pages_are_compressed_for_who_takes_it() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let mut stream = connect(board.address);
    let request = "GET /style.css HTTP/1.1\r\nHost: b\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0);
    }
    assert!(head.to_lowercase().contains("content-encoding: gzip"), "{head}");
    let mut style = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(reader), &mut style).unwrap();
    assert_eq!(style, board.get("/style.css").body);
}

#[test]
fn without_a_watcher_what_is_known_is_shown_and_said_to_be_old() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    // There is not even a journal.
    let begun = Instant::now();
    for path in ["/", "/levels", "/api/v1/status", "/metrics"] {
        assert_eq!(board.get(path).status, 200, "{path}");
    }
    assert!(begun.elapsed().as_secs() < 10, "nothing hangs");
    let mut watcher = watch(&scene);
    burning(&board);
    watcher.signal("KILL");
    watcher.wait();
    assert_eq!(board.get("/health").status, 503);
    let warned = wait_for("the page to say so", || {
        let page = board.get("/");
        page.body.contains("The watcher does not answer").then_some(page)
    });
    assert!(warned.status == 200 && warned.body.contains("push/app"), "{}", warned.body);
    let status = board.get("/api/v1/status").json();
    assert_eq!(status["services"][0]["name"], "push/app");
}

#[test]
fn programs_read_what_the_command_prints() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    burning(&board);
    let status = board.get("/api/v1/status").json();
    assert_eq!((&status["version"], &status["services"][0]["targets"][0]["host"]), (&1.into(), &"h1".into()));
    assert_eq!(board.get("/api/v1/status?name=push/other").error().0, 404);
    assert!(board.get("/api/v1/log").body.contains("\"push/app\""));
    assert_eq!(board.get("/api/v1/incidents").json(), serde_json::json!([]));
    assert_eq!(board.get("/api/v1/availability?name=push/app").json()["name"], "push/app");
    assert_eq!(board.get("/api/v1/availability?name=push/other").error().0, 404);
    assert_eq!(board.get("/api/v1/availability").error().0, 400);
    assert_eq!(board.get("/api/v1/nothing").error().0, 404);
    let metrics = board.get("/metrics").body;
    assert!(metrics.contains("oco_fleet_code{name=\"push/app\"} 3"), "{metrics}");
    assert!(metrics.contains("oco_board_pushes_total{status=\"200\"} "), "{metrics}");
}

#[test]
fn who_listens_hears_what_happens_and_the_end_waits_for_nobody() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    // What the first look finds is not new.
    board.wait_until_well();
    let stream = connect(board.address);
    (&stream).write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: b\r\n\r\n").unwrap();
    let begun = Instant::now();
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.take_while(|_| begun.elapsed() < PATIENCE);
    assert!(lines.any(|line| line.starts_with("retry: ")));
    burning(&board);
    assert!(lines.any(|line| line.starts_with("data: ") && line.contains("push/app")));
    let begun = Instant::now();
    board.stop();
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
}

/// Logs in by a token, and returns the cookie as a header.
fn cookie(board: &Board, token: &str) -> String {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let entered = board.post_with("/login", headers, &format!("token={}", token.trim()));
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    format!("Cookie: {cookie}\r\n")
}

#[test]
fn who_may_act_sees_forms_and_they_are_obeyed_from_our_pages_alone() {
    let scene = Scene::new("time-zone = \"UTC\"\n");
    let _watcher = watch(&scene);
    let ops = scene.told_by_board(&["token", "new", "ops", "--role", "act"]);
    let eyes = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    burning(&board);
    let (ops, eyes) = (cookie(&board, &ops), cookie(&board, &eyes));
    let form_key = |cookie: &str| {
        let page = board.get_with("/", cookie).body;
        let key = page.split("name=\"form\" value=\"").nth(1)?.split('"').next()?;
        Some(key.to_owned())
    };
    assert_eq!((form_key(""), form_key(&eyes)), (None, None), "who may not act sees no forms");
    let key = form_key(&ops).expect("a form");
    let act = |cookie: &str, more: &str, key: &str| {
        let body = format!("form={key}&act=ack&name=push%2Fapp&text=seen&back=%2Fg%2Fpush");
        let headers = format!("{cookie}Content-Type: application/x-www-form-urlencoded\r\n{more}");
        board.post_with("/act", &headers, &body)
    };
    assert_eq!(act("", "", &key).status, 403);
    assert_eq!(act(&eyes, "", &key).status, 403);
    assert_eq!(act(&ops, "", "x").status, 403);
    assert_eq!(act(&ops, "Origin: https://example.org\r\n", &key).status, 403);
    assert_eq!(act(&ops, "Sec-Fetch-Site: cross-site\r\n", &key).status, 403);
    let done = act(&ops, "Origin: http://board\r\n", &key);
    assert_eq!((done.status, done.header("location")), (303, Some("/g/push")));
    let back = board.get_with("/g/push/app", &ops).body;
    assert!(back.contains("<bdi>seen</bdi>"), "a page that follows shows what was done: {back}");
    let status: serde_json::Value = serde_json::from_str(&scene.told(&["status", "--json"])).unwrap();
    assert_eq!(status["services"][0]["acked"]["text"], "seen");
}

#[test]
fn the_link_of_an_alert_acknowledges_its_failure_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("mail");
    let program = folder.path().join("mail.alert");
    std::fs::write(&program, format!("#!/bin/sh\ncat >> {}\n", mail.display())).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let watch_text = format!("{PUSH}[[alert]]\nof = [\"push/*\"]\ncommand = [{program:?}]\n");
    let scene = Scene::with(&watch_text, "[access]\nread = \"users\"\n");
    let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    std::fs::write(scene.path("watch.toml"), format!("base-url = \"http://board\"\n{text}")).unwrap();
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.push("h1", "k", FAILING).status, 200);
    let path = wait_for("the link", || {
        let told = std::fs::read_to_string(&mail).unwrap_or_default();
        let link = told.split("http://board").nth(1)?.split_whitespace().next()?.to_owned();
        Some(link)
    });
    let shown = board.get(&path);
    assert!(shown.status == 200 && shown.body.contains("push/app"), "{shown:?}");
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    let acked = || -> Option<serde_json::Value> {
        let status: serde_json::Value = serde_json::from_str(&scene.told(&["status", "--json"])).unwrap();
        Some(status["services"][0]["acked"].clone()).filter(|acked| !acked.is_null())
    };
    assert!(shown.body.contains("<form") && !shown.body.contains("<nav"), "{shown:?}");
    assert_eq!(acked(), None, "opening the link changes nothing");
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let done: Reply = board.post_with(&path, headers, "text=on+my+way");
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(acked().unwrap()["text"], "on my way");
    let shown = board.get(&path);
    assert!(shown.body.contains("Acknowledged by") && !shown.body.contains("<form"), "{shown:?}");
    assert!(!shown.body.contains("on my way"), "the board is for users");
    assert_eq!(board.get("/a/00000000000000000000000000000000").status, 404);
    assert_eq!(board.push("h1", "k", r#"{"name": "app", "state": "OK"}"#).status, 200);
    wait_for("the failure to be over", || (board.get(&path).status == 410).then_some(()));
    assert_eq!(board.post_with(&path, headers, "").status, 410);
    let token = path.rsplit('/').next().unwrap();
    assert!(!board.log().contains(token));
}

#[test]
fn public_pages_are_for_everybody() {
    let scene = Scene::with(
        &format!("{PUSH}[node.shop]\nmembers = [\"push/*\"]\nrule = \"any\"\n"),
        "[access]\nread = \"users\"\n[[page]]\nname = \"shop\"\nof = [\"node:shop\"]\n",
    );
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    for path in ["/p/shop", "/style.css", "/live.js"] {
        assert_eq!(board.get(path).status, 200, "{path}");
    }
    assert_eq!(board.get("/p/other").status, 404);
    for path in ["/", "/n/shop", "/h/h1", "/nowhere", "/badge/other.svg"] {
        assert_eq!(board.get(path).status, 303, "{path}");
    }
    assert_eq!(board.get("/api/v1/events").error().0, 401);
}

#[test]
fn reports_are_written_by_the_command() {
    let scene =
        Scene::new("[[report]]\nname = \"all\"\nof = [\"push\"]\nevery = \"month\"\ndir = \"/tmp\"\n");
    let watcher = watch(&scene);
    let board = Board::start(&scene);
    burning(&board);
    drop(watcher);
    let json = scene.told_by_board(&[
        "report",
        "push/app",
        "--period",
        "2026-01-01..2030-12-31",
        "--format",
        "json",
    ]);
    let report: serde_json::Value =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert!(report.to_string().contains("push/app"), "{report}");
}
