//! Behind nginx and HAProxy, each with the file of etc for it: who comes from where, what is live, and who is believed.

use crate::board::Board;
use crate::front::{self, Front, have};
use crate::scene::{PUSH, Scene, wait_for};
use crate::watcher::watch;
use std::time::{Duration, Instant};

/// Who may connect, and whose new names are taken in. The proxy itself is at 127.0.0.1.
const ACCESS: &str = "networks = [\"127.0.0.2\", \"127.0.0.3\"]\n";
const NEW: &str = "[push]\naccept-new = [\"127.0.0.2\"]\n";

const FAILING: &str = r#"{"name": "burns", "state": "FAIL"}"#;
const HEALTHY: &str = r#"{"name": "app", "state": "OK"}"#;

/// An address counts as the proxy's connection has it, whatever the client says.
fn addresses_count(front: &Front) {
    let forged = ["--header", "X-Forwarded-For: 127.0.0.2"];
    let new = front.push("127.0.0.2", "h1", HEALTHY, &[]);
    assert_eq!((new.status, new.body.as_str()), (200, "{\"ok\": 1}"), "{new:?}");
    for arguments in [&[][..], &forged] {
        let new = front.push("127.0.0.3", "h2", HEALTHY, arguments);
        assert!(new.status == 403 && new.body.starts_with("{\"error\": "), "{new:?}");
        assert_eq!(front.push("127.0.0.3", "h1", HEALTHY, arguments).status, 200, "it is known");
        let far = front.push("127.0.0.4", "h1", HEALTHY, arguments);
        assert!(far.status == 403 && far.body.contains("may not connect"), "{far:?}");
    }
}

/// Bodies up to 1 MiB reach the board, and larger ones do not, said in JSON.
fn bodies_are_bounded(front: &Front, scene: &Scene) {
    let file = scene.path("body");
    let data = format!("@{}", file.display());
    let post = ["--header", "Content-Type: application/json", "--data-binary", &data];
    let chunked = ["--header", "Transfer-Encoding: chunked"];
    for path in ["/api/ping", "/api/set/service/status", "/api/set/alerts"] {
        std::fs::write(&file, " ".repeat(1024 * 1024)).unwrap();
        assert_eq!(front.ask("127.0.0.2", path, &post).status, 400, "{path}");
        std::fs::write(&file, " ".repeat(1024 * 1024 + 1)).unwrap();
        for more in [&[][..], &chunked] {
            let said = front.ask("127.0.0.2", path, &[&post, more].concat());
            assert!(said.status == 413 && said.body.starts_with("{\"error\": "), "{path}: {said:?}");
            assert!(said.header("content-type") == "application/json", "{path}: {said:?}");
        }
    }
}

/// An event is there while the stream goes on.
fn events_are_live(front: &Front, arguments: &[&str]) {
    let (mut client, lines) = front.listen("127.0.0.2", arguments);
    let hear = |what: &str| {
        let end = Instant::now() + Duration::from_secs(15);
        while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(what) {
                return;
            }
        }
        panic!("no {what} came");
    };
    hear("retry: ");
    assert_eq!(front.push("127.0.0.2", "h1", FAILING, &[]).status, 200);
    hear("push/burns");
    assert!(client.has_ended().is_none(), "it goes on");
}

/// Without TLS people are led to it, and pushers are told.
fn nothing_is_served_in_the_clear(front: &Front) {
    let page = front.ask_in_the_clear("/g/push", &[]);
    assert!(
        page.status == 308 && page.header("location").starts_with("https://board.example.org"),
        "{page:?}"
    );
    let push = front.ask_in_the_clear("/api/ping", &["--data", "{}"]);
    assert!(push.status == 403 && push.body.starts_with("{\"error\": "), "{push:?}");
}

/// Pushers hear JSON also where the board has ended.
fn pushers_hear_json_while_the_board_is_away(front: &Front) {
    let push = front.push("127.0.0.2", "h1", HEALTHY, &[]);
    assert!(matches!(push.status, 502..=504) && push.body.starts_with("{\"error\": "), "{push:?}");
}

#[test]
fn nginx_with_our_file_serves_people_with_passwords_and_pushers() {
    if !have("behind nginx", &["nginx", "openssl", "curl"]) {
        return;
    }
    let scene = Scene::with(&format!("{PUSH}[node.shop]\nmembers = [\"push/*\"]\nrule = \"any\"\n"), "");
    let socket = scene.path("web");
    scene.configure(&format!(
        "listen = [\"127.0.0.1:0\", \"unix:{}\"]\n[[page]]\nname = \"shop\"\nof = [\"node:shop\"]\n\
         [access]\nread = \"users\"\nproxy-role = \"act\"\n{ACCESS}{NEW}",
        socket.display()
    ));
    let _watcher = watch(&scene);
    let eyes = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let front = front::nginx(&scene, &socket);
    addresses_count(&front);
    bodies_are_bounded(&front, &scene);
    nothing_is_served_in_the_clear(&front);

    // Who has the password is who he is, and may act; whatever else he says of himself.
    let anna = ["--user", "anna:secret", "--header", "Remote-User: mallory"];
    let page = front.ask("127.0.0.2", "/", &anna);
    assert!(page.status == 200 && page.body.contains("anna") && !page.body.contains("mallory"), "{page:?}");
    // What the first look finds is not new.
    wait_for("the group on its page", || {
        (front.ask("127.0.0.2", "/g/push", &anna).status == 200).then_some(())
    });
    events_are_live(&front, &anna);
    wait_for("the form on the page", || {
        front.ask("127.0.0.2", "/", &anna).body.contains("name=\"form\"").then_some(())
    });

    // Nobody else is believed: not without a password, nor with a wrong one, nor where none is asked for.
    let (mallory, wrong) = (["--header", "Remote-User: anna"], ["--user", "anna:wrong"]);
    for arguments in [&[][..], &mallory, &wrong] {
        assert_eq!(front.ask("127.0.0.2", "/", arguments).status, 401, "{arguments:?}");
        assert_eq!(front.ask("127.0.0.2", "/api/v1/events", arguments).status, 401, "{arguments:?}");
        let badge = front.ask("127.0.0.2", "/badge/push%2Fapp.svg", arguments);
        assert!(
            badge.status == 303 && badge.header("location").starts_with("/login"),
            "{arguments:?}: {badge:?}"
        );
        for path in ["/p/shop", "/badge/shop.svg", "/style.css", "/live.js"] {
            assert_eq!(front.ask("127.0.0.2", path, arguments).status, 200, "{path} {arguments:?}");
        }
    }
    // A token of the board is looked at by the board.
    let bearer = |token: &str| format!("Authorization: Bearer {}", token.trim());
    let (right, wrong) = (bearer(&eyes), bearer("open-sesame"));
    let status = front.ask("127.0.0.2", "/api/v1/status", &["--header", &right]);
    assert!(status.status == 200 && status.body.contains("push/app"), "{status:?}");
    assert_eq!(front.ask("127.0.0.2", "/api/v1/status", &["--header", &wrong]).status, 401);
    let both = ["--header", &right, "--header", "Remote-User: anna", "--data", "{}"];
    assert_eq!(front.ask("127.0.0.2", "/api/v1/ack", &both).status, 403, "it may read alone");
    board.stop();
    pushers_hear_json_while_the_board_is_away(&front);
}

#[test]
fn haproxy_with_our_file_serves_people_with_tokens_and_pushers() {
    if !have("behind HAProxy", &["haproxy", "openssl", "curl"]) {
        return;
    }
    let access = format!("[access]\nread = \"users\"\nproxies = [\"127.0.0.1\"]\n{ACCESS}{NEW}");
    let scene = Scene::new(&access);
    let _watcher = watch(&scene);
    let eyes = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let front = front::haproxy(&scene, board.address);
    addresses_count(&front);
    bodies_are_bounded(&front, &scene);
    nothing_is_served_in_the_clear(&front);

    for arguments in [&[][..], &["--header", "Remote-User: anna"]] {
        let page = front.ask("127.0.0.2", "/g/push", arguments);
        assert!(
            page.status == 303 && page.header("location").starts_with("/login"),
            "{arguments:?}: {page:?}"
        );
    }
    let origin = format!("Origin: https://board.example.org:{}", front.port());
    let form = format!("token={}", eyes.trim());
    let entered = front.ask("127.0.0.2", "/login", &["--header", &origin, "--data", &form]);
    assert_eq!(entered.status, 303, "{entered:?}");
    let cookie = entered.header("set-cookie");
    assert!(cookie.ends_with("; Secure"), "the way is encrypted: {cookie}");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    wait_for("the group on its page", || {
        let page = front.ask("127.0.0.2", "/g/push", &["--header", &cookie]);
        // Until it is read, nobody is there.
        assert!(matches!(page.status, 200 | 404), "{page:?}");
        (page.status == 200 && page.body.contains("eyes")).then_some(())
    });
    events_are_live(&front, &["--header", &cookie]);
    board.stop();
    pushers_hear_json_while_the_board_is_away(&front);
}
