//! Any configuration of NRPE, and the scripts that its commands become.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::nrpe::{Directive, directives, script};

fuzz_target!(|input: &[u8]| {
    let lines = input.split(|octet| *octet == b'\n').count();
    let mut prefix = None;
    let mut last = 0;
    for (number, directive) in directives(input) {
        assert!(last < number && number <= lines, "line {number} after {last} of {lines}");
        last = number;
        let Ok(directive) = directive else { continue };
        match directive {
            Directive::Command { name: _, line } => {
                let Ok(script) = script("f", prefix, line) else {
                    assert!(line.contains(&0) || prefix.is_some_and(|prefix| prefix.contains(&0)));
                    continue;
                };
                let newlines = script.content.iter().filter(|octet| **octet == b'\n').count();
                assert_eq!(newlines, 3 + usize::from(!script.missing.is_empty()), "lines that nobody wrote");
                assert!(script.content.starts_with(b"#!/bin/sh\n# From f.\n"));
            }
            Directive::Prefix(line) => prefix = Some(line),
            Directive::File(path) | Directive::Directory(path) => assert!(!path.is_empty()),
        }
    }
});
