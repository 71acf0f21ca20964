//! Any text as the configuration file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::config::{Settings, check_listeners, parse};
use oco::limits::LONGEST_MAX_AGE;
use oco::logic::name::check_name;
use std::time::Duration;

fuzz_target!(|text: &str| match parse(text) {
    Ok(settings) => is_sound(&settings),
    Err((line, what)) => {
        assert!(!what.is_empty() && what.lines().count() == 1, "one line: {what:?}");
        let lines = text.split('\n').count();
        assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "line {line:?} of {lines}");
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
