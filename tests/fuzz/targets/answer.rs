//! Any bytes as an answer line, and any checks as what an answer is made of: the words `300-http` of the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::limits::LINE_OCTETS;
use oco::logic::answer::{Composer, Parsed, parse};
use oco::logic::code::{Code, Verdict};
use oco::logic::name::check_name;
use std::cmp::Reverse;
use std::collections::BTreeMap;

fuzz_target!(|input: &[u8]| {
    if let Some(parsed) = parse(input) {
        is_consistent(&parsed);
    }
    let ratings: BTreeMap<&str, Code> =
        input.split(|octet| !is_of_a_word(*octet)).filter_map(|word| rating(word)).collect();
    compose(&ratings);
});

fn is_of_a_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-')
}

fn rating(word: &[u8]) -> Option<(&str, Code)> {
    let (digits, rest) = word.split_first_chunk()?;
    let name = check_name(rest.strip_prefix(b"-")?).ok()?;
    Some((name, Code::from_digits(*digits)?))
}

/// What was believed says the same when it is written again.
fn is_consistent(parsed: &Parsed<'_>) {
    let mut entries: Vec<String> =
        parsed.entries.iter().map(|(code, name)| format!("{code}-{name}")).collect();
    if parsed.omitted > 0 {
        entries.push(format!("+{}", parsed.omitted));
    }
    let line = format!("{} {} {}", parsed.verdict, parsed.program, entries.join(","));
    assert_eq!(parse(line.trim_end().as_bytes()).as_ref(), Some(parsed), "{line:?}");
    let is_up = parsed.entries.iter().all(|(code, _)| code.number() < 300);
    assert_eq!(parsed.verdict.is_up(), is_up, "{line:?}");
}

fn compose(ratings: &BTreeMap<&str, Code>) {
    let mut listed: Vec<(Code, &str)> = ratings.iter().map(|(name, code)| (*code, *name)).collect();
    let mut composer = Composer::default();
    let answer = composer.compose(&mut listed.clone());
    let line = answer.line;
    assert!(line.len() <= LINE_OCTETS, "{} octets", line.len());
    let body = line.strip_suffix("\r\n").expect("a line ends in CRLF");
    assert!(body.bytes().all(|octet| matches!(octet, b' '..=b'~')), "{body:?}");
    let parsed = parse(line.as_bytes()).expect("what is composed is read");
    assert_eq!(parsed.verdict, answer.verdict);
    let worst = listed.iter().map(|(code, _)| code.number()).max().unwrap_or(200);
    let expected = match worst {
        200 => Verdict::Ok,
        201..=299 => Verdict::But,
        300..=399 => Verdict::Ko,
        _ => Verdict::Incident,
    };
    assert_eq!(parsed.verdict, expected, "{body:?}");
    listed.retain(|(code, _)| code.number() != 200);
    listed.sort_by_key(|(code, name)| (Reverse(*code), *name));
    let kept = parsed.entries.len();
    assert_eq!(Some(parsed.entries.as_slice()), listed.get(..kept), "the worst come first");
    assert_eq!(kept + usize::try_from(parsed.omitted).expect("few"), listed.len(), "none is forgotten");
}
