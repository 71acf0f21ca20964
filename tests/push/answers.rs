//! Boards that refuse, and what answers in the place of a board: each is one line, exit 3, and no longer than it may take.

use crate::board::{Board, TAKEN, serve};
use crate::scene::Scene;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(20);

/// An answer with this status and body.
fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[test]
fn what_a_board_says_is_repeated() {
    let scene = Scene::new("200\n");
    for (status, body, why) in [
        (
            "400 Bad Request",
            "{\"error\": \"Data: \\\"period\\\" key is missing\"}",
            "http 400: Data: \"period\" key is missing",
        ),
        ("403 Forbidden", "{\"error\": \"Invalid server key\"}", "http 403: Invalid server key"),
        ("404 Not Found", "<html>no such page</html>", "http 404"),
        ("413 Content Too Large", "{\"error\": \"too\\nlarge\\u001b[1m\"}", "http 413: too?large?[1m"),
        ("429 Too Many Requests", "", "http 429"),
        ("503 Service Unavailable", "{\"error\": \"the watcher is away\"}", "http 503: the watcher is away"),
        ("200 OK", "<html>Log in</html>", "http 200, but not the answer of a board"),
        ("200 OK", "{\"pong\": 1}", "http 200, but not the answer of a board"),
        ("204 No Content", "", "http 204"),
    ] {
        let board = Board::new(&answer(status, body));
        scene.push(&board.url()).failed(&board.url(), why);
        assert_eq!(board.requests().len(), 1, "nothing is tried twice");
    }
}

#[test]
fn a_board_that_refuses_one_request_is_told_no_other() {
    let scene = Scene::empty("");
    for number in 0..300 {
        scene.check(&format!("check{number}"), &format!("300 {}\n", "\"".repeat(4000)));
    }
    let board = Board::new(&answer("403 Forbidden", "{\"error\": \"Invalid server key\"}"));
    scene.push(&board.url()).failed(&board.url(), "http 403: Invalid server key");
    assert_eq!(board.requests().len(), 1);
}

#[test]
fn answers_in_other_forms_are_understood() {
    let scene = Scene::new("200\n");
    for answer in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"ok\r\n5\r\n\": 1}\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n{\"ok\": 1}\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"ok\": 1}",
    ] {
        let board = Board::new(answer);
        scene.push(&board.url()).is_well();
    }
}

#[test]
fn no_redirect_is_followed() {
    let (scene, other) = (Scene::new("200\n"), Board::new(TAKEN));
    for status in
        ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let answer = format!("HTTP/1.1 {status}\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n", other.url());
        let board = Board::new(&answer);
        let why = format!("http {}, a redirect, which is not followed", &status[..3]);
        scene.push(&board.url()).failed(&board.url(), &why);
    }
    assert!(other.requests().is_empty());
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let (scene, board, proxy) = (Scene::new("200\n"), Board::new(TAKEN), Board::new(TAKEN));
    let mut command = scene.command(&board.url());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, proxy.url());
    }
    crate::scene::run(&mut command).is_well();
    assert_eq!((board.requests().len(), proxy.requests().len()), (1, 0));
}

#[test]
fn boards_that_are_not_there_are_named() {
    let scene = Scene::new("200\n");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    scene.push(&url(free)).failed(&url(free), "connection refused");
    let pushed = scene.push_in_a_second("http://board.invalid");
    assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{pushed:?}");
    assert!(pushed.said.starts_with("oco-push: http://board.invalid: "), "{pushed:?}");
}

/// Writes this again and again, until the other side has gone.
fn repeat(stream: &mut TcpStream, octets: &[u8], pause: Duration) {
    while stream.write_all(octets).is_ok() {
        std::thread::sleep(pause);
    }
}

/// Reads until the other side has gone.
fn drain(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

#[test]
fn slow_boards_cost_no_more_than_the_time_given() {
    let scene = Scene::new("200\n");
    let late = "not done within 1s";
    // Nobody ever accepts; the kernel does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = url(listener.local_addr().unwrap());
    scene.push_in_a_second(&at).failed(&at, late);
    // It accepts, and says nothing.
    let at = url(serve(|mut stream| drain(&mut stream)));
    scene.push_in_a_second(&at).failed(&at, late);
    type Slow = fn(&mut TcpStream);
    let slow: [Slow; 6] = [
        |stream| repeat(stream, b"H", PAUSE),
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            repeat(stream, b"X-More: x\r\n", PAUSE);
        },
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            repeat(stream, b" ", PAUSE);
        },
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            repeat(stream, b"1\r\n \r\n", PAUSE);
        },
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"ok\": 1}");
            drain(stream);
        },
        |stream| repeat(stream, b"HTTP/1.1 100 Continue\r\n\r\n", PAUSE),
    ];
    for (number, slow) in slow.into_iter().enumerate() {
        let board = Board::with(slow);
        let pushed = scene.push_in_a_second(&board.url());
        println!("{number}: {pushed:?}");
        assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{number}: {pushed:?}");
    }
}

#[test]
fn what_is_no_answer_of_a_board_is_one_line() {
    let scene = Scene::new("200\n");
    type Odd = fn(&mut TcpStream);
    let odd: [Odd; 9] = [
        // It closes before it answers, in the head, in the body.
        |_| {},
        |stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-")),
        |stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\": 1}")),
        // Another protocol.
        |stream| drop(stream.write_all(b"220 mail.example.org ESMTP\r\n")),
        |stream| drop(stream.write_all(&[0, 255, 13, 10, 13, 10])),
        // It never ends.
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            repeat(
                stream,
                &b"X-More: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(1000),
                Duration::ZERO,
            );
        },
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n");
            repeat(stream, &[b' '; 65536], Duration::ZERO);
        },
        |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            repeat(stream, &[b"ffff\r\n".as_slice(), &[b' '; 65535], b"\r\n"].concat(), Duration::ZERO);
        },
        // Lengths that are none.
        |stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\n{\"ok\": 1}")),
    ];
    for (number, odd) in odd.into_iter().enumerate() {
        let board = Board::with(odd);
        let pushed = scene.push(&board.url());
        println!("{number}: {pushed:?}");
        assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{number}: {pushed:?}");
        assert!(pushed.said.starts_with(&format!("oco-push: {}: ", board.url())), "{number}: {pushed:?}");
        assert!(pushed.took < Duration::from_secs(8), "{number}: {pushed:?}");
    }
    // Before it was asked at all.
    let at = url(serve(drop));
    let pushed = scene.push(&at);
    assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{pushed:?}");
}
