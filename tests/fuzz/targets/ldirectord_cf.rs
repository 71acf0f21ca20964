//! Any text as a ldirectord.cf: what is made of it, ocowatch takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::command::fleet::import::ldirectord::convert;
use oco::config::Fault;
use ocowatch::config::parse;

fuzz_target!(|text: &str| match convert(text) {
    Ok(made) => {
        assert!(!made.chars().any(|c| c.is_control() && c != '\n'), "{made:?}");
        if let Err(fault) = parse(&made) {
            panic!("{fault:?} in\n{made}");
        }
    }
    Err(Fault { place, what }) => {
        assert!(!what.is_empty() && !what.chars().any(char::is_control), "one printable line: {what:?}");
        let place = place.expect("any fault has its line");
        let lines = text.lines().count().max(1);
        assert!((1..=lines).contains(&place.line), "line {} of {lines}", place.line);
    }
});
