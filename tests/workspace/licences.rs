//! What all crates of the workspace may be: their licences, by the list of tests/crates/deny.toml, and where they come from.

use crate::{PLATFORM, cargo, top};

/// Licences that may be used as they are.
fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(top().join("tests/crates/deny.toml")).unwrap();
    let settings: toml::Table = toml::from_str(&text).unwrap();
    let list = settings["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Whether an expression of SPDX can be met with these licences alone. Old ones have `/` for OR.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let is_met = any(&mut words, allowed);
    assert!(words.is_empty(), "{expression}: not understood from {words:?} on");
    is_met
}

fn any(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut is_met = all(words, allowed);
    while words.pop_if(|word| *word == "OR").is_some() {
        is_met |= all(words, allowed);
    }
    is_met
}

fn all(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut is_met = one(words, allowed);
    while words.pop_if(|word| *word == "AND").is_some() {
        is_met &= one(words, allowed);
    }
    is_met
}

fn one(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let word = words.pop().expect("a licence");
    if word == "(" {
        let is_met = any(words, allowed);
        assert_eq!(words.pop(), Some(")"));
        return is_met;
    }
    // An exception is another licence.
    let is_other = words.pop_if(|word| *word == "WITH").is_some() && words.pop().is_some();
    !is_other && allowed.iter().any(|one| one == word)
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned(), "ISC".to_owned()];
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Unlicense/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND ISC OR GPL-3.0", true),
        ("GPL-3.0 OR ISC AND BSD-2-Clause", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT OR ISC) AND (GPL-3.0 OR BSL-1.0)", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
    ] {
        assert_eq!(is_met(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn crates_come_from_the_registry_under_licences_that_may_be_handed_out() {
    // Of other platforms there are crates that no build fetches.
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", PLATFORM]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let allowed = allowed();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "all crates, not ours alone");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{name} names no licence"));
        assert!(is_met(licence, &allowed), "{name}: {licence}: only {allowed:?} may be handed out");
        match package["source"].as_str() {
            // Ours.
            None => {}
            Some(source) => assert!(source.starts_with("registry+"), "{name}: {source}: not of the registry"),
        }
    }
}
