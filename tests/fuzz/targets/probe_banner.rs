//! Any bytes as what a target greets with and replies, whole and in pieces. The first octet says how long those are, and
//! whether something is said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use ocowatch::config::Banner;
use ocowatch::probe::banner::BannerTalk;
use ocowatch::probe::step::Step;
use regex::bytes::Regex;
use std::sync::LazyLock;

static GREETING: LazyLock<Regex> = LazyLock::new(|| Regex::new("^220").expect("a regular expression"));
static REPLY: LazyLock<Regex> = LazyLock::new(|| Regex::new("^221").expect("a regular expression"));

fuzz_target!(|input: &[u8]| {
    let Some((first, said)) = input.split_first() else { return };
    let send = (first & 1 == 0).then(|| b"QUIT\r\n".to_vec());
    let then = (first & 2 == 0).then(|| REPLY.clone());
    let settings = Banner { expect: GREETING.clone(), port: None, send, then };
    let whole = probe(&settings, said, said.len().max(1));
    let length = usize::from(first >> 2).max(1);
    assert_eq!(probe(&settings, said, length), whole, "the pieces say what the whole says");
    let (step, words) = whole;
    assert!(matches!(step, Step::Told(_)), "{step:?} at the end");
    assert_eq!(step == Step::Told(Code::OK), words.is_empty());
    assert!(words.len() < 400 && !words.chars().any(char::is_control), "{words:?}");
    assert!(step != Step::Told(Code::OK) || said.starts_with(b"220"), "nobody greeted so");
});

fn probe(settings: &Banner, said: &[u8], length: usize) -> (Step, String) {
    let (mut talk, mut words) = (BannerTalk::new(Vec::new()), String::new());
    for piece in said.chunks(length) {
        let mut step = talk.received(settings, piece, &mut words);
        while step == Step::Send {
            let count = talk.unsent(settings).len().min(4);
            assert!(count > 0, "nothing is to be said");
            step = talk.sent(settings, count, &mut words);
        }
        if step != Step::Receive {
            return (step, words);
        }
    }
    (talk.closed(settings, &mut words), words)
}
