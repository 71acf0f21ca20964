//! Each answer of the push interface, and what becomes of what was pushed.

use crate::board::Board;
use crate::http::Request;
use crate::scene::{Scene, wait_for};
use crate::watcher::watch;
use serde_json::json;

#[test]
fn what_overcli_sends_is_taken_and_shown() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let pong = board.ping("localhost", "1234");
    assert_eq!((pong.status, pong.body.as_str()), (200, "{\"pong\": 1}"));
    let reply = board.post(
        "/api/set/service/status",
        r#"{"services": [{"info": "Runs fine", "state": "OK", "name": "app"}], "period": "60", "server": {"name": "localhost", "key": "1234"}}"#,
    );
    assert_eq!((reply.status, reply.body.as_str()), (200, "{\"ok\": 1}"));
    assert_eq!(reply.json(), json!({"ok": 1}));
    assert_eq!(scene.shown("push/app/localhost"), (200, "Runs fine".to_owned()));
    for (state, code) in [("WARN", 210), ("ERR", 300), ("FAIL", 300), ("UNK", 310), ("OK", 200)] {
        let service = json!({"name": "app", "state": state, "info": "now so|x=1\nand more"}).to_string();
        assert_eq!(board.push("localhost", "1234", &service).status, 200);
        assert_eq!(scene.shown("push/app/localhost"), (code, "now so".to_owned()));
    }
    let burns = r#"{"name": "app", "state": "FAIL", "code": 500, "info": "burns"}"#;
    assert_eq!(board.push("localhost", "1234", burns).status, 200);
    assert_eq!(scene.shown("push/app/localhost"), (500, "burns".to_owned()));
}

#[test]
fn hostile_names_become_parts_of_names() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let service = json!({"name": "a/b\u{202e}", "state": "OK", "info": "\u{1b}[31mred"}).to_string();
    assert_eq!(board.push("Всё 50%", "k", &service).status, 200);
    let (code, reason) = scene.shown("push/a%2Fb%E2%80%AE/%D0%92%D1%81%D1%91%2050%25");
    assert_eq!((code, reason.contains('\u{1b}')), (200, false), "{reason}");
    board.wait_for_log("push: Всё 50% is new");
    let raw: Vec<char> = board.log().chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert!(raw.is_empty(), "{raw:?}");
}

#[test]
fn one_bad_service_fails_the_request_and_nothing_of_it_is_taken() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let (status, said) = board.push("h1", "k", r#"{"name": "good", "state": "OK"}, {"name": "bad"}"#).error();
    assert_eq!(status, 400);
    assert!(said.starts_with("Data: \"services\" should be a list of objects"), "{said}");
    assert_eq!(scene.target("push/good/h1"), None);
    // It was no good request: the key of it is not kept.
    assert_eq!(board.ping("h1", "other").status, 200);
}

#[test]
fn what_is_not_understood_is_said_as_json() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let not_json = "The browser (or proxy) sent a request that this server could not understand.";
    let no_object = "Invalid data: should be JSON object";
    let json_type = "Content-Type: application/json\r\n";
    for (headers, body, said) in [
        (json_type, "", not_json),
        (json_type, "{", not_json),
        (json_type, "[]", no_object),
        ("", "{}", no_object),
        ("Content-Type: text/plain\r\n", "{}", no_object),
        (json_type, "{}", "Data: \"server\" key is missing"),
        (json_type, r#"{"server": {"name": "a", "key": "b"}}"#, "Data: \"period\" key is missing"),
    ] {
        let reply = board.post_with("/api/set/service/status", headers, body);
        assert_eq!(reply.error(), (400, said.to_owned()), "{headers} {body}");
    }
    for path in ["/api/ping", "/api/set/service/status", "/api/set/alerts"] {
        let reply = board.get(path);
        assert_eq!((reply.error().0, reply.header("allow")), (405, Some("POST")), "{path}");
        assert_eq!(board.post(&format!("{path}/"), "{}").error().0, 404);
    }
    assert_eq!(board.post("/api/set", "{}").error().0, 404);
    for (path, method, status, allow) in [
        ("/nowhere", "POST", 404, None),
        ("/g/a/b/c", "DELETE", 404, None),
        ("/", "POST", 405, Some("GET, HEAD")),
        ("/style.css", "PUT", 405, Some("GET, HEAD")),
        ("/metrics", "POST", 405, Some("GET, HEAD")),
        ("/health", "POST", 405, Some("GET, HEAD")),
        ("/api/v1/status", "POST", 405, Some("GET, HEAD")),
        ("/api/v1/nothing", "POST", 404, None),
    ] {
        let reply = Request::raw(method, path, "", b"{}").send(board.address);
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{method} {path}");
    }
    let elsewhere = board.get("/nowhere");
    assert_eq!((elsewhere.status, elsewhere.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[test]
fn bodies_have_a_limit_however_they_are_sent() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let with = |octets: usize| {
        let frame = json!({"server": {"name": "a", "key": "b"}, "x": ""}).to_string();
        let filler = "x".repeat(octets - frame.len());
        json!({"server": {"name": "a", "key": "b"}, "x": filler}).to_string()
    };
    assert_eq!(board.post("/api/ping", &with(1024 * 1024)).status, 200);
    assert_eq!(board.post("/api/ping", &with(1024 * 1024 + 1)).error().0, 413);
    assert_eq!(board.post("/api/ping", &with(4 * 1024 * 1024)).error().0, 413);
    let large = with(2 * 1024 * 1024);
    let chunked = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let request = |headers: &str, body: &str| {
        format!(
            "POST /api/ping HTTP/1.1\r\nHost: b\r\nConnection: close\r\n{headers}Content-Type: application/json\r\n\r\n{body}"
        )
    };
    let send = |text: String| Request::whole(text).send(board.address);
    assert_eq!(send(request("Transfer-Encoding: chunked\r\n", &chunked)).error().0, 413);
    let small = with(100);
    let chunked = format!("{:x}\r\n{small}\r\n0\r\n\r\n", small.len());
    assert_eq!(send(request("Transfer-Encoding: chunked\r\n", &chunked)).status, 200);
    // Who waits for our word is told before it sends anything.
    let expects = "Expect: 100-continue\r\nContent-Length: 99999999\r\n";
    assert_eq!(send(request(expects, "")).error().0, 413);
    let zipped =
        board.post_with("/api/ping", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "x");
    assert_eq!(zipped.error().0, 415);
}

#[test]
fn a_watcher_that_is_away_is_told_and_comes_back_unasked() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let service = r#"{"name": "app", "state": "OK"}"#;
    assert_eq!(board.ping("h1", "k").status, 200);
    let (status, said) = board.push("h1", "k", service).error();
    assert_eq!(status, 503);
    assert!(said.starts_with("the watcher is away: "), "{said}");
    assert_eq!(board.get("/health").status, 503);
    let alerts = r#"{"server": {"name": "h1", "key": "k"}, "alerts": ["x"]}"#;
    assert_eq!(board.post("/api/set/alerts", alerts).error().0, 503);
    assert_eq!(board.push("h1", "k", "").status, 200, "an empty list has nothing to lose");
    let mut watcher = watch(&scene);
    assert_eq!(board.push("h1", "k", service).status, 200);
    board.wait_until_well();
    watcher.signal("KILL");
    watcher.wait();
    assert_eq!(board.push("h1", "k", service).error().0, 503);
    let _watcher = watch(&scene);
    assert_eq!(board.push("h1", "k", service).status, 200);
}

#[test]
fn a_watcher_that_hangs_holds_up_no_ping() {
    let scene = Scene::new("");
    let watcher = watch(&scene);
    let board = Board::start(&scene);
    watcher.signal("STOP");
    let time_of_ping = || {
        let begun = std::time::Instant::now();
        assert_eq!(board.ping("h1", "k").status, 200);
        begun.elapsed()
    };
    // One that waited for the watcher would take two seconds each time; a slow machine does not.
    let times = [(); 3].map(|()| time_of_ping());
    assert!(times.iter().any(|time| time.as_secs() < 2), "{times:?}");
    let (status, said) = board.push("h1", "k", r#"{"name": "app", "state": "OK"}"#).error();
    assert_eq!((status, said.as_str()), (503, "the watcher is away: timed out"));
    assert_eq!(board.get("/health").status, 503);
    watcher.signal("CONT");
    board.wait_until_well();
}

#[test]
fn a_group_that_takes_in_nobody_is_told() {
    let scene = Scene::with("", "");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let (status, said) = board.push("h1", "k", r#"{"name": "app", "state": "OK"}"#).error();
    assert_eq!((status, said.contains("does not accept reports")), (503, true), "{said}");
    board.wait_for_log("not taken: push/app/h1");
}

#[test]
fn a_group_that_takes_in_nobody_stands_on_top_of_the_pages_until_a_push_is_taken() {
    let scene = Scene::with("", "[access]\nread = \"users\"\n");
    let watcher = watch(&scene);
    let eyes = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let bearer = format!("Authorization: Bearer {}\r\n", eyes.trim());
    let says =
        |path: &str| board.get_with(path, &bearer).body.contains("Pushes are not taken: the hostgroup push");
    board.wait_until_well();
    assert!(!says("/"), "nothing was pushed yet");
    let service = r#"{"name": "app", "state": "OK"}"#;
    assert_eq!(board.push("h1", "k", service).error().0, 503);
    for path in ["/", "/log", "/incidents"] {
        assert!(says(path), "{path}");
    }
    assert!(!board.get("/login").body.contains("Pushes"), "strangers are told nothing");
    let file = scene.path("watch.toml");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + crate::scene::PUSH).unwrap();
    watcher.signal("HUP");
    wait_for("a push to be taken", || (board.push("h1", "k", service).status == 200).then_some(()));
    assert!(!says("/"));
}

#[test]
fn many_services_at_once_are_all_taken() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let services: Vec<String> = (0..5000)
        .map(|number| format!(r#"{{"name": "s{number}", "state": "OK", "info": "fine"}}"#))
        .collect();
    assert_eq!(board.push("h1", "k", &services.join(",")).status, 200);
    let status: serde_json::Value =
        serde_json::from_str(&scene.told(&["status", "--json", "push/*"])).unwrap();
    assert_eq!(status["services"].as_array().unwrap().len(), 5000);
}

#[test]
fn every_answer_to_a_pusher_is_counted() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let path = "/api/set/service/status";
    let json = "Content-Type: application/json\r\n";
    assert_eq!(board.get(path).status, 405);
    assert_eq!(board.post_with(path, &format!("{json}Content-Encoding: gzip\r\n"), "x").status, 415);
    assert_eq!(board.post(path, &" ".repeat(1024 * 1024 + 1)).status, 413);
    assert_eq!(board.post(path, "{").status, 400);
    assert_eq!(board.ping("h1", "k").status, 200);
    assert_eq!(board.get("/health").status, 503, "no pusher asks that");
    let metrics = board.get("/metrics").body;
    let counts: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("oco_board_pushes_total{")).collect();
    let count = |status: u16| format!("oco_board_pushes_total{{status=\"{status}\"}} 1");
    assert_eq!(counts, [200, 400, 405, 413, 415].map(count));
}

#[test]
fn where_the_watcher_refuses_one_service_nothing_of_the_push_is_taken() {
    let group = "[hostgroup.push]\nhosts = [{ name = \"h1\", address = \"127.0.0.1\" }]\n\
                 [hostgroup.push.service.app]\nprobe = { report = \"25h\" }\n";
    let scene = Scene::with(group, "");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.push("h1", "k", r#"{"name": "app", "state": "OK"}"#).status, 200);
    let services = [r#"{"name": "app", "state": "FAIL"}"#, r#"{"name": "other", "state": "OK"}"#];
    for services in [services.join(","), services.iter().rev().copied().collect::<Vec<_>>().join(",")] {
        let (status, said) = board.push("h1", "k", &services).error();
        assert_eq!(status, 503, "{said}");
        assert!(said.starts_with("push/other/h1: not known"), "{said}");
        assert_eq!(scene.shown("push/app/h1").0, 200, "{services}");
    }
    assert_eq!(board.push("h1", "k", services[0]).status, 200);
    assert_eq!(scene.shown("push/app/h1").0, 300);
}
