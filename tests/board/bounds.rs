//! Clients that are many, or say too much. Those that say too little are [`slow`](crate::slow).

use crate::board::Board;
use crate::http::{Reply, connect};
use crate::scene::{Scene, text};
use crate::watcher::watch;
use oco::system::open_files;
use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A ping with these headers, each a line.
fn ping(headers: &str) -> String {
    let body = r#"{"server": {"name": "a", "key": "b"}}"#;
    let length = body.len();
    format!(
        "POST /api/ping HTTP/1.1\r\nHost: b\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn a_connection_is_kept_for_further_requests() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let stream = connect(board.address);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let request = ping("");
    for _ in 0..3 {
        (&stream).write_all(request.as_bytes()).unwrap();
        assert_eq!(Reply::next(&mut reader).unwrap().status, 200);
    }
    // Two at once are answered in order.
    (&stream).write_all(format!("{request}GET /nowhere HTTP/1.1\r\nHost: b\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(Reply::next(&mut reader).unwrap().status, 200);
    assert_eq!(Reply::next(&mut reader).unwrap().status, 404);
}

#[test]
fn who_says_that_no_more_will_come_is_answered() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    board.wait_until_well();
    let push = ping("");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: b\r\n\r\n");
    for request in [push, get("/health"), get("/"), get("/api/v1/status"), get("/metrics"), get("/nowhere")] {
        let stream = connect(board.address);
        (&stream).write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut reader = BufReader::new(stream);
        let reply = Reply::next(&mut reader).unwrap_or_else(|| panic!("no answer: {request}"));
        assert_eq!(reply.status, if request.contains("nowhere") { 404 } else { 200 }, "{request}");
        // Nothing else can be asked for.
        assert!(Reply::next(&mut reader).is_none(), "{request}");
    }
}

#[test]
fn the_last_answer_and_the_end_come_together() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let push = ping("Connection: close\r\n");
    let is_together = || {
        let mut stream = connect(board.address);
        stream.write_all(push.as_bytes()).unwrap();
        let mut answer = [0; 2048];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].ends_with(br#"{"pong": 1}"#), "{:?}", text(&answer[..length]));
        stream.set_nonblocking(true).unwrap();
        matches!(stream.read(&mut answer), Ok(0))
    };
    // The kernel waits for the end for a fifth of a second: a board that was held up for longer is forgiven, and a machine
    // that has other work for a while, too.
    let rounds = (0..3).map(|_| (0..100).filter(|_| is_together()).count());
    let together = rounds.inspect(|together| println!("{together} of 100")).find(|together| *together >= 90);
    assert!(together.is_some(), "ends come late three times");
}

#[test]
fn who_asks_for_a_body_first_is_told_to_go_on() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let mut stream = connect(board.address);
    let body = r#"{"server": {"name": "a", "key": "b"}}"#;
    let head = format!(
        "POST /api/ping HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut octets = [0; 25];
    stream.read_exact(&mut octets).unwrap();
    assert_eq!(&octets, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(Reply::read(stream).status, 200);
}

#[test]
fn who_holds_all_places_keeps_nobody_out() {
    hold("");
}

#[test]
fn who_holds_them_by_bodies_that_never_come_does_not_either() {
    hold(
        "POST /api/ping HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    );
}

/// So many connections are held, five times as many as there are places.
const HELD: usize = 10_000;

/// Takes all places, says this in each, and then asks as somebody else.
fn hold(said: &str) {
    // Both tests at once would need twice as many descriptors.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let descriptors = open_files::raise_limit(u64::try_from(HELD + 512).unwrap());
    if descriptors < u64::try_from(HELD + 512).unwrap() {
        return println!("skipped: who holds {HELD} connections: there are only {descriptors} descriptors");
    }
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let begun = Instant::now();
    let held: Vec<_> = (0..HELD)
        .map(|_| {
            let mut stream = connect(board.address);
            // Who had to make room for another one is not heard any more.
            let _ = stream.write_all(said.as_bytes());
            stream
        })
        .collect();
    let opened = begun.elapsed();
    assert_eq!(board.ping("h1", "k").status, 200);
    println!(
        "{} connections opened after {opened:?}, another answered after {:?}",
        held.len(),
        begun.elapsed()
    );
    // By themselves the places come free each 15 s, and before it there are twice as many as there are places.
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[test]
fn heads_have_a_limit() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let long = board.get_with("/health", &format!("X: {}\r\n", "x".repeat(64 * 1024)));
    assert_eq!(long.status, 431);
    assert_eq!(board.ping("h1", "k").status, 200);
}
