//! Any text as the name of an object, as a pattern, and as an order to the control socket.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::control::Request;
use oco_fleet::object::{ObjectName, Pattern, check_reported_part, decode, encode};

fuzz_target!(|input: &[u8]| {
    let part = encode(input);
    assert_eq!(decode(&part).as_deref(), Some(input));
    assert!(input.is_empty() || input.len() > 80 || check_reported_part(&part).is_ok(), "{part}");
    // What it refuses must not panic, and what it takes is said again as it was.
    if let Ok(request) = serde_json::from_slice::<Request>(input) {
        let said = serde_json::to_vec(&request).unwrap();
        assert_eq!(serde_json::from_slice::<Request>(&said).unwrap(), request);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(name) = ObjectName::parse(first) {
        assert_eq!(name.as_str(), first);
        assert_eq!(name.host().is_some(), name.service_of_target().is_some());
        assert!(!first.chars().any(char::is_control));
        if let Ok(pattern) = Pattern::parse(second) {
            assert!(!pattern.is_name() || pattern.matches(&name) == (pattern.as_str() == first));
        }
        assert!(Pattern::parse(first).is_ok_and(|pattern| pattern.matches(&name)), "{first}");
    }
});
