//! Any text as the configuration file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::config::{Fault, Settings, check_listeners, parse};
use oco::limits::LONGEST_MAX_AGE;
use oco::logic::name::check_name;
use std::time::Duration;

fuzz_target!(|text: &str| match parse(text) {
    Ok(settings) => is_sound(&settings),
    Err(Fault { place, what }) => {
        assert!(!what.is_empty() && !what.chars().any(char::is_control), "one printable line: {what:?}");
        let place = place.expect("any error has its line");
        let lines = text.lines().count().max(1);
        assert!((1..=lines).contains(&place.line), "line {} of {lines}", place.line);
        let excerpt = place.excerpt();
        assert!(excerpt.split('\n').count() == 2 && !excerpt.replace('\n', "").chars().any(char::is_control));
    }
});

fn is_sound(settings: &Settings) {
    let is_age = |age: Duration| !age.is_zero() && age <= LONGEST_MAX_AGE;
    assert!(is_age(settings.rules.max_age));
    for (name, rules) in &settings.rules.checks {
        assert_eq!(check_name(name.as_bytes()), Ok(name.as_str()));
        assert!(rules.max_age.is_none_or(is_age));
    }
    assert!(settings.directory.as_ref().is_none_or(|path| path.is_absolute()));
    assert!((1..=1_000_000).contains(&settings.max_connections));
    assert_eq!(check_listeners(&settings.listeners), Ok(()));
    for listener in &settings.listeners {
        assert!(listener.allow.as_ref().is_none_or(|networks| !networks.is_empty()));
        // Whatever was read can be asked.
        let _ = (listener.covers("http"), listener.allows(listener.address.ip()));
    }
}
