//! Seeds that drive the policy over the real fleet, with the real acts and incidents: hosts that come and go, people who
//! act at any moment, files that change or lose their alerts, commands that fail or hang, a journal that hangs, and kills.
//!
//! Receivers stand at the other end. They know only what arrived, and each knows what may arrive next; whoever is told
//! must be told rightly, and who should have been told by now must have been.
//!
//! The journal is the real one, and commands go through the outbox that ships. What stands in for the event loop is
//! `World::settle`, which hands entries to the journal in the order of `EventLoop::keep`: should that order change there,
//! `tests/fleet/kills.rs` would notice a part of it, and nothing here. The journal's thread is none here: entries are
//! written after the time in which it gathers them, and none is ever refused or lost while it lives
//! (`journal_writer::tests`). A command that is to run begins at once, for there is no limit to how many do
//! (`children::tests`). Levels fail nobody here (`tests/fleet/levels.rs`).

mod file;
mod journal;
mod receivers;
mod world;

use crate::decide::simulation::Seed;
use std::collections::BTreeMap;
use world::World;

/// Enough for everything that is to be reached, within a few seconds.
const SEEDS: u64 = 16;
const STEPS: u64 = 100;

/// A number that whoever runs it names, to run one seed alone or more of them.
#[expect(
    clippy::disallowed_methods,
    reason = "it says how much is to be tried, and nothing of what is decided"
)]
fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_alert_is_lost_none_comes_twice_and_each_failure_that_was_told_has_one_end() {
    let one = from_environment("OCO_SEED");
    let first = one.unwrap_or(0);
    let end = first + one.map_or_else(|| from_environment("OCO_SEEDS").unwrap_or(SEEDS), |_| 1);
    let (mut reached, mut failed) = (BTreeMap::<String, u64>::new(), Vec::new());
    for seed in first..end {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(Seed(seed), one.is_some());
            for _ in 0..STEPS {
                world.step();
            }
            world.calm_down();
            world.reached
        });
        match run {
            Ok(of_seed) => {
                of_seed.into_iter().for_each(|(what, count)| *reached.entry(what).or_default() += count);
            }
            Err(_) => failed.push(seed),
        }
    }
    assert!(failed.is_empty(), "run one again with OCO_SEED=: {failed:?}");
    println!("{reached:#?}");
    if one.is_some() {
        return;
    }
    for (what, least) in [
        ("failure", 200),
        ("told ko", 300),
        ("told ok", 300),
        ("told partial", 100),
        ("told but", 100),
        ("told unknown", 40),
        ("told flapping", 10),
        ("told incident", 50),
        ("told direct", 60),
        ("told again", 400),
        ("told a further step", 400),
        ("told once more after flapping", 5),
        ("held: maintenance", 10),
        ("held: muted", 10),
        ("held: acknowledged", 20),
        ("held: outside of its hours", 100),
        ("held: while", 50),
        ("went out after it was held", 100),
        ("command failed", 500),
        ("given up", 80),
        ("recovery of an alert that is gone", 30),
        ("recovery of what is gone", 30),
        ("killed", 80),
        ("killed while it flapped", 5),
        ("killed between a command and its note", 15),
        ("killed when a part was written", 1),
        ("killed before what was decided was done", 15),
        ("went out before the journal was written", 20),
        ("reloaded", 80),
        ("the journal hung", 20),
    ] {
        assert!(reached.get(what).is_some_and(|count| *count >= least), "{what}: {reached:#?}");
    }
}
