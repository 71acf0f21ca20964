//! Any configuration of NRPE, and the scripts that its commands become.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::nrpe::{Directive, Identity, Surroundings, directives, is_plain, script};
use std::time::Duration;

fuzz_target!(|input: &[u8]| {
    let lines = input.split(|octet| *octet == b'\n').count();
    let mut around = Surroundings::default();
    let mut last = 0;
    for (number, directive) in directives(input) {
        assert!(last < number && number <= lines, "line {number} after {last} of {lines}");
        last = number;
        let Ok(directive) = directive else { continue };
        match directive {
            Directive::Command { name: _, line } => {
                let Ok(script) = script("f", &around, line) else {
                    let prefix = around.prefix.as_deref().unwrap_or_default();
                    assert!(line.contains(&0) || prefix.contains(&0));
                    continue;
                };
                let newlines = script.content.iter().filter(|octet| **octet == b'\n').count();
                let stepped = usize::from(around.identity != Identity::AsStarted);
                let own = newlines - stepped;
                assert!(own == 4 || own == 5 && script.off.is_some(), "lines that nobody wrote");
                assert!(script.content.starts_with(b"#!/bin/sh\n# From f.\n"));
            }
            Directive::Prefix(line) => around.prefix = Some(line.to_owned()),
            Directive::User(user) => {
                let user = String::from_utf8_lossy(user).into_owned();
                around.identity = match is_plain(&user) {
                    true => Identity::Other(user, None),
                    false => Identity::Lost(user, "nobody".to_owned()),
                };
            }
            Directive::Group(group) => assert!(!group.is_empty()),
            Directive::Timeout(timeout) => {
                assert!(timeout >= Duration::from_secs(1) && timeout <= Duration::from_secs(86_400));
                around.timeout = timeout;
            }
            Directive::File(path) | Directive::Directory(path) => assert!(!path.is_empty()),
        }
    }
});
