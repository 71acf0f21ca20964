//! Any bytes as a certificate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocowatch::probe::tls::certificate::{not_after, say_end, validity};

fuzz_target!(|input: &[u8]| {
    let end = not_after(input);
    assert_eq!(end, validity(input).map(|(_, end)| end));
    if let Some(end) = end {
        let mut words = String::new();
        say_end(end, &mut words);
        assert!(words.starts_with("certificate expire") && words.len() < 60);
    }
});
