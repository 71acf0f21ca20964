//! The probe that sends a datagram and looks at the one that comes back.

use super::step::Step;
use super::words;
use crate::config::Udp;
use oco::logic::code::Code;

/// A datagram came: the first one decides.
pub fn received(settings: &Udp, datagram: &[u8], words: &mut String) -> Step {
    match &settings.expect {
        Some(expect) if !expect.is_match(datagram) => {
            words::expected(words, expect.as_str(), datagram);
            Step::Told(Code::KO)
        }
        _ => Step::Told(Code::OK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::Regex;

    #[test]
    fn the_first_answer_decides() {
        let settings = |expect: Option<&str>| Udp {
            send: Vec::new(),
            expect: expect.map(|e| Regex::new(e).unwrap()),
            port: None,
        };
        let probe = |expect, datagram: &[u8]| {
            let mut words = String::new();
            (received(&settings(expect), datagram, &mut words), words)
        };
        assert_eq!(probe(None, b""), (Step::Told(Code::OK), String::new()));
        assert_eq!(probe(Some("^p.ng"), b"ping\n"), (Step::Told(Code::OK), String::new()));
        let strange = r#"expected ping, got "p?""#.to_owned();
        assert_eq!(probe(Some("ping"), b"p\xff\n"), (Step::Told(Code::KO), strange));
    }
}
