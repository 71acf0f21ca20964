//! Any bytes as the response to an HTTP probe, whole and in pieces. The first octet says how long those are, and what is
//! asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use ocowatch::config::Http;
use ocowatch::probe::http::HttpTalk;
use ocowatch::probe::step::Step;
use regex::bytes::Regex;
use std::sync::LazyLock;

static READY: LazyLock<Regex> = LazyLock::new(|| Regex::new("ready").expect("a regular expression"));

fuzz_target!(|input: &[u8]| {
    let Some((first, said)) = input.split_first() else { return };
    let settings = Http {
        path: "/".to_owned(),
        port: None,
        host: None,
        method: if first & 1 == 0 { "GET" } else { "HEAD" }.to_owned(),
        status: vec![(200, 399)],
        expect: (first & 2 == 0).then(|| READY.clone()),
        headers: Vec::new(),
        tls: None,
    };
    let whole = probe(&settings, said, said.len().max(1));
    let in_pieces = probe(&settings, said, usize::from(first >> 2).max(1));
    // Words may differ: what is wrong with a line is not looked for before its end came.
    assert_eq!(in_pieces.0, whole.0, "the pieces say what the whole says: {} or {}", in_pieces.1, whole.1);
    for (step, words) in [whole, in_pieces] {
        assert!(matches!(step, Step::Told(_)), "{step:?} at the end");
        assert_eq!(step == Step::Told(Code::OK), words.is_empty());
        assert!(words.len() < 400 && !words.chars().any(char::is_control), "{words:?}");
        let is_response = said.windows(5).any(|part| part == b"HTTP/");
        assert!(step != Step::Told(Code::OK) || is_response, "nobody answered so");
    }
});

fn probe(settings: &Http, said: &[u8], length: usize) -> (Step, String) {
    let (mut talk, mut words) = (HttpTalk::new(Vec::new()), String::new());
    assert_eq!(talk.sent(100, true), Step::Receive);
    for piece in said.chunks(length) {
        match talk.received(settings, piece, &mut words) {
            Step::Receive => {}
            step => return (step, words),
        }
    }
    (talk.closed(settings, &mut words), words)
}
