//! Who may come in, see and do what.

use crate::board::Board;
use crate::http::{Reply, Request};
use crate::scene::Scene;
use std::time::{Duration, Instant};

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {}\r\n", token.trim())
}

fn log_in(board: &Board, token: &str, headers: &str) -> Reply {
    let body = format!("token={}&to=%2Fg%2Fweb", token.trim());
    let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
    board.post_with("/login", &headers, &body)
}

#[test]
fn where_only_users_may_see_others_are_shown_the_way() {
    let scene = Scene::new("[access]\nread = \"users\"\n");
    let token = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let shown = board.get("/g/web?span=7d");
    assert_eq!((shown.status, shown.header("location")), (303, Some("/login?to=%2Fg%2Fweb%3Fspan%3D7d")));
    assert_eq!(board.get("/api/v1/status").error().0, 401);
    assert_eq!(board.get("/metrics").status, 401);
    assert_eq!(board.get("/health").status, 503);
    assert_eq!(board.ping("h1", "k").status, 200, "pushers have keys");
    let form = board.get("/login?to=%2Fg%2Fweb%3F%22%3E");
    assert_eq!(form.status, 200);
    assert!(form.body.contains("value=\"/g/web?&quot;&gt;\""), "{}", form.body);
    let entered = log_in(&board, &token, "");
    assert_eq!((entered.status, entered.header("location")), (303, Some("/g/web")));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(board.get_with("/g/web", &cookie).status, 200, "it is let in");
    assert_eq!(board.get_with("/g/web", &bearer(&token)).status, 200);
    scene.told_by_board(&["token", "revoke", "eyes"]);
    assert_eq!(board.get_with("/g/web", &cookie).status, 303, "a revoked token ends its logins");
    assert_eq!(board.get_with("/g/web", &bearer(&token)).status, 401);
}

#[test]
fn who_is_logged_in_can_log_out_from_our_page_alone() {
    let scene = Scene::new("");
    let token = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let entered = log_in(&board, &token, "");
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let cookie = format!("Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let page = board.get_with("/login", &cookie).body;
    let key = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!board.get("/login").body.contains("/logout"));
    assert_eq!(board.post_with("/logout", &cookie, "form=x").status, 403);
    let left = board.post_with("/logout", &cookie, &format!("form={key}"));
    assert_eq!((left.status, left.header("location")), (303, Some("/")));
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"), "{left:?}");
}

#[test]
fn wrong_tokens_are_slowed_and_logged_without_them() {
    let scene = Scene::new("");
    let token = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let begun = Instant::now();
    for _ in 0..4 {
        assert_eq!(log_in(&board, "open-sesame", "").status, 403);
    }
    assert!(begun.elapsed() > Duration::from_millis(1500), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(log_in(&board, &token, "").status, 303);
    assert!(begun.elapsed() < Duration::from_millis(1500), "who has a right one does not wait");
    assert_eq!(board.get_with("/", &bearer("open-sesame")).status, 401);
    board.wait_for_log("warn: wrong token from 127.0.0.1");
    let log = board.stop();
    assert!(!log.contains("sesame") && !log.contains(token.trim()), "{log}");
}

#[test]
fn other_sites_can_not_log_somebody_in_or_out() {
    let scene = Scene::new("");
    let token = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    for foreign in ["Origin: https://example.org\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        assert_eq!(log_in(&board, &token, foreign).status, 403, "{foreign}");
    }
    let entered = log_in(&board, &token, "Origin: http://board\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(entered.status, 303);
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let headers = format!("Cookie: {cookie}\r\n");
    assert_eq!(board.post_with("/logout", &headers, "form=x").status, 403);
    assert_eq!(board.get("/logout").status, 405);
}

#[test]
fn who_is_outside_of_the_networks_may_nothing() {
    let scene = Scene::new("[access]\nnetworks = [\"192.0.2.0/24\"]\nproxies = [\"127.0.0.1\"]\n");
    let board = Board::start(&scene);
    for path in ["/", "/health", "/login"] {
        let from = |address: &str| board.get_with(path, &format!("X-Forwarded-For: {address}\r\n")).status;
        assert_eq!((from("198.51.100.1"), board.get(path).status), (403, 403), "{path}");
        assert_ne!(from("192.0.2.1"), 403, "{path}");
    }
    assert_eq!(board.ping("h1", "k").error().0, 403);
}

#[test]
fn the_user_of_a_proxy_is_believed_by_a_socket_alone() {
    let scene = Scene::new("");
    let socket = scene.path("web");
    scene.configure(&format!(
        "listen = [\"127.0.0.1:0\", \"unix:{}\"]\n[access]\nread = \"users\"\n",
        socket.display()
    ));
    let board = Board::start(&scene);
    assert_eq!(board.get_with("/g/web", "Remote-User: root\r\n").status, 303);
    let by_socket = |headers: &str| Request::raw("GET", "/g/web", headers, b"").send_unix(&socket).status;
    assert_eq!((by_socket("Remote-User: alice\r\n"), by_socket("")), (200, 303));
}

#[test]
fn cookies_are_secure_where_the_way_is() {
    let scene = Scene::new("[access]\nproxies = [\"127.0.0.1\"]\n");
    let token = scene.told_by_board(&["token", "new", "eyes"]);
    let board = Board::start(&scene);
    let entered = log_in(&board, &token, "X-Forwarded-Proto: https\r\n");
    assert!(entered.header("set-cookie").unwrap().ends_with("; Secure"), "{entered:?}");
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let page = board.get("/login");
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}
