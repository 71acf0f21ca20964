//! Any bytes as what a target says instead of an OCO line, whole and in pieces. The first octet says how long those are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::limits::LINE_OCTETS;
use oco::logic::answer;
use oco::logic::code::Code;
use ocowatch::probe::oco::OcoTalk;
use ocowatch::probe::step::Step;

fuzz_target!(|input: &[u8]| {
    let Some((length, said)) = input.split_first() else { return };
    let whole = probe(said, said.len().max(1));
    assert_eq!(probe(said, usize::from(*length).max(1)), whole, "the pieces say what the whole says");
    let (step, words) = whole;
    let Step::Told(code) = step else { panic!("{step:?} at the end") };
    assert_eq!(code == Code::OK, words.is_empty());
    assert!(words.len() <= LINE_OCTETS && !words.chars().any(char::is_control), "{words:?}");
    if code != Code::KO {
        let line = said.split_inclusive(|octet| *octet == b'\n').next().expect("it said something");
        match answer::parse(line) {
            Some(parsed) => assert_eq!(parsed.verdict.number(), code.number()),
            // Of another program, with the code of a check.
            None => {
                let word = if code.number() < 300 { "OK" } else { "KO" };
                let start = format!("{} {word}", code.number());
                assert!(line.starts_with(start.as_bytes()), "nobody said {code:?}");
                assert!(String::from_utf8_lossy(line).contains(" oco-"), "that is no line of OCO");
            }
        }
    }
});

fn probe(said: &[u8], length: usize) -> (Step, String) {
    let (mut talk, mut words) = (OcoTalk::new(Vec::new()), String::new());
    for piece in said.chunks(length) {
        match talk.received(piece, &mut words) {
            Step::Receive => {}
            step => return (step, words),
        }
    }
    (talk.closed(&mut words), words)
}
