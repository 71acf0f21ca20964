//! Any octets as a mail that answers to an alert.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocoboard::ack_mail::{Answer, read};

fuzz_target!(|mail: &[u8]| {
    if let Answer::Acknowledge { tokens, who, text } = read(mail) {
        assert!((1..=8).contains(&tokens.len()), "{tokens:?}");
        for token in tokens {
            assert!(
                token.len() == 32 && token.bytes().all(|octet| b"0123456789abcdef".contains(&octet)),
                "{token:?}"
            );
        }
        assert!(!who.is_empty());
        for words in [who, text] {
            assert!(words.chars().count() <= 200 && !words.chars().any(char::is_control), "{words:?}");
        }
    }
});
