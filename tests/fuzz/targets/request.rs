//! Any bytes as what an HTTP client sends, whole and in pieces. The first octet says how long the pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::limits::HTTP_HEAD_OCTETS;
use oco::logic::exchange::{Event, Exchange, Step};
use oco::logic::http::{self, Asked, Page};
use oco::logic::time::Nanos;

fuzz_target!(|input: &[u8]| {
    let Some((length, sent)) = input.split_first() else { return };
    let (asked, read) = ask(sent, usize::from(*length).max(1));
    match asked {
        Some(Ok(request)) => {
            assert_eq!(http::read(read), Some(Ok(request)), "the pieces say what the whole says");
            let target = read.split(|octet| *octet == b' ').nth(1).expect("a request has a target");
            let word: &[u8] = match request.page {
                Page::Health => b"/",
                Page::Checks => b"/checks",
                Page::Metrics => b"/metrics",
            };
            let is_named = target.windows(word.len()).any(|part| part == word);
            assert!(is_named || request.page == Page::Health, "nobody asked for this page");
            let is_got =
                read.trim_ascii_start().starts_with(if request.is_head { b"HEAD " } else { b"GET " });
            assert!(is_got, "nobody asked for this");
        }
        Some(Err(refusal)) => {
            assert!(!matches!(http::read(read), Some(Ok(_))), "a good request was refused");
            let response = String::from_utf8(http::refuse(refusal)).expect("text");
            let (head, body) = response.split_once("\r\n\r\n").expect("a head");
            assert!(head.starts_with(&format!("HTTP/1.1 {} ", refusal.status().0)));
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
        }
        None => assert!(!matches!(http::read(sent), Some(Ok(_))), "a good request was not seen"),
    }
});

/// What comes of it, and the part that was read by then.
fn ask(sent: &[u8], length: usize) -> (Option<Asked>, &[u8]) {
    let mut exchange = Exchange::new(Nanos(0));
    let mut octets = 0;
    for piece in sent.chunks(length) {
        octets += piece.len();
        match exchange.on(Event::Received(piece)) {
            Step::Receive => {}
            Step::Answer(asked) => {
                return (Some(asked), sent.get(..octets.min(HTTP_HEAD_OCTETS)).unwrap_or_default());
            }
            step => panic!("{step:?} after a read"),
        }
        assert!(exchange.held_octets() <= 2 * HTTP_HEAD_OCTETS, "the memory of a request is bounded");
    }
    (None, sent)
}
