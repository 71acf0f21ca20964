use super::*;
use crate::config::Probe;
use proptest::prelude::*;
use regex::bytes::Regex;

fn settings(expect: Option<&str>) -> Http {
    Http {
        path: "/health".to_owned(),
        port: None,
        host: None,
        method: "GET".to_owned(),
        status: vec![(200, 299), (301, 301)],
        expect: expect.map(|expect| Regex::new(expect).unwrap()),
        headers: Vec::new(),
        tls: None,
    }
}

fn probe(settings: &Http, pieces: &[&[u8]]) -> (Step, String) {
    let (mut talk, mut words) = (HttpTalk::new(Vec::new()), String::new());
    assert_eq!(talk.sent(5, false), Step::Send);
    assert_eq!(talk.sent(50, true), Step::Receive);
    for piece in pieces {
        match talk.received(settings, piece, &mut words) {
            Step::Receive => {}
            step => return (step, words),
        }
        assert!(talk.kept.capacity() <= 2 * (PAGE_OCTETS + RESPONSE_HEAD_OCTETS));
    }
    (talk.closed(settings, &mut words), words)
}

use crate::limits::PAGE_OCTETS;

fn ok() -> (Step, String) {
    (Step::Told(Code::OK), String::new())
}

fn ko(words: &str) -> (Step, String) {
    (Step::Told(Code::KO), words.to_owned())
}

#[test]
fn the_request_has_what_servers_need() {
    let text = |settings: &Http, name, port| {
        let mut out = Vec::new();
        request(settings, Target { probe: &Probe::Ping, name, port }, &mut out);
        String::from_utf8(out).unwrap()
    };
    let mut asked = settings(None);
    let own = format!("User-Agent: {}\r\nAccept: */*\r\nConnection: close\r\n", oco::logic::answer::PROGRAM);
    let expected = |host| format!("GET /health HTTP/1.1\r\nHost: {host}\r\n{own}\r\n");
    assert_eq!(text(&asked, "web1", 80), expected("web1"));
    assert_eq!(text(&asked, "192.0.2.1:8080", 8080), expected("192.0.2.1:8080"));
    assert_eq!(text(&asked, "[fe80::1%eth0]", 80), expected("[fe80::1]"));
    asked.host = Some("www.example.org".to_owned());
    assert_eq!(text(&asked, "web1", 8080), expected("www.example.org"));
    // An address of IPv6 that the settings have stands in brackets in the request.
    asked.host = Some("::1".to_owned());
    assert_eq!(text(&asked, "web1", 80), expected("[::1]"));
    asked.method = "POST".to_owned();
    asked.headers = vec![("host".to_owned(), "a".to_owned()), ("X-Probe".to_owned(), "oco".to_owned())];
    let expected =
        format!("POST /health HTTP/1.1\r\n{own}Content-Length: 0\r\nhost: a\r\nX-Probe: oco\r\n\r\n");
    assert_eq!(text(&asked, "web1", 80), expected);
}

#[test]
fn a_request_that_was_sent_in_part_is_gone_on_with() {
    let (mut talk, mut scratch, settings) = (HttpTalk::new(Vec::new()), Vec::new(), settings(None));
    let target = Target { probe: &Probe::Ping, name: "web1", port: 80 };
    let whole = talk.unsent(&settings, target, &mut scratch).to_vec();
    assert_eq!(talk.sent(10, false), Step::Send);
    assert_eq!(talk.unsent(&settings, target, &mut scratch), &whole[10..]);
    assert_eq!(talk.sent(whole.len() - 10, true), Step::Receive);
    assert!(talk.unsent(&settings, target, &mut scratch).is_empty());
}

#[test]
fn the_status_decides() {
    let plain = settings(None);
    assert_eq!(probe(&plain, &[b"HTTP/1.1 200 OK\r\n\r\n"]), ok());
    assert_eq!(probe(&plain, &[b"HTTP/1.1 2", b"04 \r\nA: ", b"b\r\n", b"\r\n"]), ok());
    assert_eq!(probe(&plain, &[b"HTTP/1.0 301 Moved\r\nA : b\r\n\r\n"]), ok());
    assert_eq!(probe(&plain, &[b"HTTP/1.1 404 Not Found\r\n\r\n"]), ko("http 404"));
    assert_eq!(probe(&plain, &[b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"]), ko("http 503"));
    assert_eq!(probe(&plain, &[b"HTTP/1.1 103 E\r\n\r\n", b"HTTP/1.1 200\n\n"]), ok());
}

#[test]
fn a_length_that_is_none_is_ko_and_not_read_until_the_end_of_the_connection() {
    for length in ["-5", "12345678901234567890123", "5, 6"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nready");
        let said = probe(&settings(Some("ready")), &[answer.as_bytes()]);
        assert_eq!(said, ko("http content-length is invalid"), "{length}");
        assert_eq!(probe(&settings(None), &[answer.as_bytes()]), ok(), "the page is not looked at");
    }
}

#[test]
fn an_answer_before_all_was_said_counts() {
    let (mut talk, mut words) = (HttpTalk::new(Vec::new()), String::new());
    assert_eq!(talk.sent(5, false), Step::Send);
    let step = talk.received(&settings(None), b"HTTP/1.1 413 Too Large\r\n\r\n", &mut words);
    assert_eq!((step, words), ko("http 413"));
}

#[test]
fn what_is_no_response_is_shown() {
    let plain = settings(None);
    assert_eq!(probe(&plain, &[]), ko("closed"));
    assert_eq!(probe(&plain, &[b"HTTP/1.1 200 OK\r\nA: b"]), ko("closed"));
    assert_eq!(probe(&plain, &[b"220 mail\r\nx"]), ko(r#"expected HTTP, got "220 mail""#));
    let fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(RESPONSE_FIELDS + 1));
    assert_eq!(probe(&plain, &[fields.as_bytes()]), ko("http head has more than 96 fields"));
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(RESPONSE_HEAD_OCTETS));
    assert_eq!(probe(&plain, &[long.as_bytes()]), ko("http head has more than 16 KiB"));
    let pieces: Vec<&[u8]> = long.as_bytes().chunks(100).collect();
    assert_eq!(probe(&plain, &pieces), ko("http head has more than 16 KiB"));
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(2000);
    let pieces: Vec<&[u8]> = interim.chunks(25).collect();
    assert_eq!(probe(&plain, &pieces), ko("http head has more than 16 KiB"));
}

#[test]
fn the_page_is_searched() {
    let asked = settings(Some("ready"));
    let missing = || ko("expected ready, not found");
    assert_eq!(probe(&asked, &[b"HTTP/1.1 200 OK\r\n\r\nall ready"]), ok());
    assert_eq!(probe(&asked, &[b"HTTP/1.1 200 OK\r\n\r\nall"]), missing());
    assert_eq!(probe(&asked, &[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrea", b"dy"]), ok());
    assert_eq!(probe(&asked, &[b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nready"]), missing());
    assert_eq!(probe(&asked, &[b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nready"]), ko("closed"));
    let chunked: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n";
    assert_eq!(probe(&asked, &[chunked, b"2\r\ndy\r\n0\r\n\r\n"]), ok());
    assert_eq!(probe(&asked, &[chunked, b"x"]), ko("http chunks are broken"));
    assert_eq!(probe(&asked, &[chunked]), ko("closed"));
    assert_eq!(probe(&asked, &[b"HTTP/1.1 204 None\r\n\r\nready"]), missing());
    let flood = vec![b'x'; 16 * 1024];
    let mut pieces: Vec<&[u8]> = vec![b"HTTP/1.1 200 OK\r\n\r\n"];
    pieces.extend(std::iter::repeat_n(flood.as_slice(), 9));
    pieces.push(b"ready");
    assert_eq!(probe(&asked, &pieces), missing());
}

proptest! {
    #[test]
    fn pieces_say_what_the_whole_says(
        text in "(HTTP/1\\.[01] (200|100|404|30) ?[a-z]{0,3}\r?\n((A|Content-Length|transfer-encoding): (b|3|chunked)\r?\n){0,2}\r?\n){0,3}(3\r\nrea\r\n)?[a-z0-9]{0,20}",
        length in 1usize..30,
        has_expect: bool,
    ) {
        let asked = settings(has_expect.then_some("a"));
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(length).collect();
        let whole = probe(&asked, &[text.as_bytes()]);
        let (in_pieces, same) = (probe(&asked, &pieces), whole.clone());
        // What is shown of it may be less.
        prop_assert!(in_pieces == same || in_pieces.1.starts_with("expected HTTP") && same.1.starts_with("expected HTTP"));
        prop_assert_eq!(whole.0 == Step::Told(Code::OK), whole.1.is_empty());
    }

    #[test]
    fn any_octets_end(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (step, _) = probe(&settings(Some("a")), &[&octets]);
        prop_assert!(matches!(step, Step::Told(_)));
    }
}
