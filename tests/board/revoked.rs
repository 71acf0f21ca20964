//! What ends when a token is revoked.

use crate::board::Board;
use crate::scene::{PATIENCE, Scene};
use crate::watcher::watch;
use std::io::{Read, Write};
use std::net::TcpStream;

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

/// A stream of events that somebody opened with this header: it is open when this returns.
fn listen(board: &Board, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(board.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: b\r\n{header}\r\n\r\n").unwrap();
    let mut begin = String::new();
    while !begin.contains("retry: ") {
        let mut octets = [0; 1024];
        let count = stream.read(&mut octets).unwrap();
        assert!(count > 0, "{begin}");
        begin.push_str(std::str::from_utf8(&octets[..count]).unwrap());
    }
    assert!(begin.starts_with("HTTP/1.1 200"), "{begin}");
    stream
}

/// Reads until its end, which is that of the body: the last chunk.
fn read_to_end(stream: &mut TcpStream) {
    let mut text = String::new();
    while !text.ends_with("0\r\n\r\n") {
        let mut octets = [0; 1024];
        let count = stream.read(&mut octets).expect("the stream to end");
        if count == 0 {
            return;
        }
        text.push_str(&String::from_utf8_lossy(&octets[..count]));
    }
}

#[test]
fn a_stream_of_events_ends_when_its_token_is_revoked() {
    let scene = Scene::new("[access]\nread = \"users\"\n");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let token = |name: &str| scene.told_by_board(&["token", "new", name]).trim().to_owned();
    let (eyes, ears) = (token("eyes"), token("ears"));
    let mut by_token = listen(&board, &format!("Authorization: Bearer {eyes}"));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let login = board.post_with("/login", form, &format!("token={eyes}"));
    let cookie = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut by_cookie = listen(&board, &format!("Cookie: {cookie}"));
    let other = listen(&board, &format!("Authorization: Bearer {ears}"));
    scene.told_by_board(&["token", "revoke", "eyes"]);
    read_to_end(&mut by_token);
    read_to_end(&mut by_cookie);
    // Who was not revoked listens on: there is nothing to read, and no end.
    other.set_nonblocking(true).unwrap();
    let mut octets = [0; 4096];
    loop {
        match (&other).read(&mut octets) {
            Ok(count) => assert!(count > 0 && !octets[..count].ends_with(b"0\r\n\r\n")),
            Err(error) => break assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
}
