//! Any bytes as the answer to a datagram.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use ocowatch::config::Udp;
use ocowatch::probe::step::Step;
use ocowatch::probe::udp::received;
use regex::bytes::Regex;
use std::sync::LazyLock;

static EXPECT: LazyLock<Regex> = LazyLock::new(|| Regex::new("^a+b").expect("a regular expression"));

fuzz_target!(|input: &[u8]| {
    let settings = Udp { send: Vec::new(), expect: Some(EXPECT.clone()), port: None };
    let mut words = String::new();
    let step = received(&settings, input, &mut words);
    assert_eq!(step == Step::Told(Code::OK), words.is_empty());
    assert!(words.len() < 400 && !words.chars().any(char::is_control), "{words:?}");
});
