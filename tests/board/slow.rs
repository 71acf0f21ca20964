//! Clients that say nothing, or a little for ever. Each wait of the board for them ends by itself, and these tests wait for
//! that: they take as long as the limits are, and run side by side.

use crate::board::Board;
use crate::http::{Reply, connect};
use crate::scene::{PATIENCE, Scene, text};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A piece is said each so long: more than often enough for whoever only looks whether anything comes.
const EACH: Duration = Duration::from_millis(200);

/// The kernel tells nobody of who says nothing before.
const SILENCE_HIDDEN: Duration = Duration::from_secs(1);

/// Says `begin`, and then `piece` for ever. Returns what came back, and after how long, when the other end has closed.
#[track_caller]
fn trickle(mut stream: TcpStream, begin: &[u8], piece: &[u8]) -> (Vec<u8>, Duration) {
    let begun = Instant::now();
    stream.set_read_timeout(Some(EACH)).unwrap();
    stream.write_all(begin).unwrap();
    let mut answer = Vec::new();
    let mut is_heard = true;
    while begun.elapsed() < PATIENCE {
        is_heard = is_heard && stream.write_all(piece).is_ok();
        let mut octets = [0; 4096];
        match stream.read(&mut octets) {
            Ok(0) => return (answer, begun.elapsed()),
            Ok(length) => {
                answer.extend_from_slice(&octets[..length]);
                // Who is answered has no more to say, or the answer would be lost by what is not read.
                is_heard = false;
                let _ = stream.shutdown(Shutdown::Write);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return (answer, begun.elapsed()),
        }
    }
    panic!("the board listens for ever: {}", text(begin));
}

/// Whether it took about as long as this limit, which no other is near.
#[track_caller]
fn is_about(took: Duration, seconds: u64) {
    let limit = Duration::from_secs(seconds);
    assert!(took > limit.mul_f32(0.7) && took < limit * 2, "{took:?}, where {limit:?} is the limit");
}

#[test]
fn a_head_that_trickles_ends_in_time() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let (_, took) = trickle(connect(board.address), b"GET /health HTTP/1.1\r\n", b"X: y\r\n");
    is_about(took, 15);
}

#[test]
fn who_says_nothing_at_all_is_not_kept() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    // Until something is said the kernel keeps it to itself for a second, and beside ten thousand others of another test it
    // may drop it then, which the board never hears of.
    let is_hidden = |took: Duration| took < 3 * SILENCE_HIDDEN;
    let mut ends = std::iter::repeat_with(|| trickle(connect(board.address), b"", b"")).take(5);
    let (answer, took) = ends.find(|(_, took)| !is_hidden(*took)).expect("one that the board hears of");
    assert_eq!(text(&answer), "");
    is_about(took, 15);
}

#[test]
fn a_body_that_trickles_for_ever_is_answered_408() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let ways = [
        ("/api/set/service/status", "Content-Length: 1000000", " "),
        ("/api/ping", "Transfer-Encoding: chunked", "1\r\n \r\n"),
        ("/act", "Content-Length: 1000000", "a"),
        ("/login", "Transfer-Encoding: chunked", "1\r\na\r\n"),
    ];
    std::thread::scope(|scope| {
        for (path, length, piece) in ways {
            let begin = format!(
                "POST {path} HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
            );
            let address = board.address;
            scope.spawn(move || {
                let (answer, took) = trickle(connect(address), begin.as_bytes(), piece.as_bytes());
                let reply = Reply::next(&mut BufReader::new(answer.as_slice()));
                let reply = reply.unwrap_or_else(|| panic!("{path}: no answer after {took:?}"));
                assert_eq!((reply.status, reply.header("connection")), (408, Some("close")), "{path}");
                assert!(reply.body.contains("The body did not come in time"), "{path}: {}", reply.body);
                is_about(took, 30);
            });
        }
        // They hold up nobody.
        assert_eq!(board.ping("h1", "k").status, 200);
    });
}

#[test]
fn a_handshake_that_trickles_and_a_head_that_trickles_within_tls_end_in_time() {
    let scene = Scene::new("");
    if !crate::tls::certify(&scene, "", "board.example.org") {
        return println!("skipped: who trickles within TLS: no openssl");
    }
    scene.configure(&crate::tls::files(&scene, ""));
    let board = Board::start(&scene);
    let address = board.address;
    std::thread::scope(|scope| {
        // The first half of a client's first word, of 512 octets.
        let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
        for (begin, piece) in [(&hello[..], &b"\x00"[..]), (hello, b""), (b"", b"")] {
            scope.spawn(move || is_about(trickle(connect(address), begin, piece).1, 10));
        }
        scope.spawn(move || {
            let begun = Instant::now();
            let mut client = Command::new("openssl");
            client.args(["s_client", "-quiet", "-connect", &address.to_string()]);
            client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut client = client.spawn().unwrap();
            let mut says = client.stdin.take().unwrap();
            says.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
            while client.try_wait().unwrap().is_none() {
                if begun.elapsed() > PATIENCE {
                    client.kill().unwrap();
                    panic!("the board listens for ever within TLS");
                }
                let _ = says.write_all(b"X: y\r\n");
                std::thread::sleep(EACH);
            }
            is_about(begun.elapsed(), 15);
        });
    });
}
