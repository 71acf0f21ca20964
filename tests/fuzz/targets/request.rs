//! Any bytes as what an HTTP client sends, whole and in pieces. The first octet says how long the pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::limits::HTTP_HEAD_OCTETS;
use oco::logic::http::{self, Asked, Method};
use oco::logic::http_exchange::{HttpEvent, HttpExchange, HttpStep};
use oco::logic::pages::Page;

fuzz_target!(|input: &[u8]| {
    let Some((length, sent)) = input.split_first() else { return };
    let (asked, read) = ask(sent, usize::from(*length).max(1));
    match asked {
        Some(Ok(request)) => {
            assert_eq!(http::read::<Page>(read), Some(Ok(request)), "the pieces say what the whole says");
            let target = read.split(|octet| *octet == b' ').nth(1).expect("a request has a target");
            let word: &[u8] = match request.page {
                Page::Health => b"/",
                Page::Checks => b"/checks",
                Page::Metrics => b"/metrics",
            };
            let is_named = target.windows(word.len()).any(|part| part == word);
            assert!(is_named || request.page == Page::Health, "nobody asked for this page");
            let word: &[u8] = match request.method {
                Method::Get => b"GET ",
                Method::Head => b"HEAD ",
                Method::Options => b"OPTIONS ",
            };
            assert!(read.trim_ascii_start().starts_with(word), "nobody asked for this");
            assert!(request.method != Method::Options || request.page == Page::Health, "always up");
            let response = http::response(true, http::PLAIN, "200 OK\r\n", request);
            assert!(is_sound(&response, 200, request.method == Method::Head));
        }
        Some(Err(refused)) => {
            assert!(!matches!(http::read::<Page>(read), Some(Ok(_))), "a good request was refused");
            let is_head = read.trim_ascii_start().starts_with(b"HEAD ");
            assert!(is_sound(&http::refuse(refused), refused.why.status().0, is_head && refused.is_head));
            assert!(is_head || !refused.is_head, "it was no HEAD");
        }
        None => assert!(!matches!(http::read::<Page>(sent), Some(Ok(_))), "a good request was not seen"),
    }
});

/// Whether a response has this status, and as long a body as it says; none to a HEAD.
fn is_sound(response: &[u8], status: u16, is_head: bool) -> bool {
    let response = std::str::from_utf8(response).expect("text");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    let has_length = head.contains(&format!("\r\nContent-Length: {}\r\n", body.len()));
    head.starts_with(&format!("HTTP/1.1 {status} ")) && if is_head { body.is_empty() } else { has_length }
}

/// What comes of it, and the part that was read by then.
fn ask(sent: &[u8], length: usize) -> (Option<Asked<Page>>, &[u8]) {
    let mut exchange = HttpExchange::default();
    let mut octets = 0;
    for piece in sent.chunks(length) {
        octets += piece.len();
        match exchange.on(HttpEvent::Received(piece)) {
            HttpStep::Receive => {}
            HttpStep::Answer(asked) => {
                return (Some(asked), sent.get(..octets.min(HTTP_HEAD_OCTETS)).unwrap_or_default());
            }
            step => panic!("{step:?} after a read"),
        }
        assert!(exchange.held_octets() <= 2 * HTTP_HEAD_OCTETS, "the memory of a request is bounded");
    }
    // What ends in its middle is refused, and never answered.
    match exchange.on(HttpEvent::Closed) {
        HttpStep::Answer(asked @ Err(_)) => (Some(asked), sent),
        HttpStep::Close if sent.is_empty() => (None, sent),
        step => panic!("{step:?} after the end"),
    }
}
