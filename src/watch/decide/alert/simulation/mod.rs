//! Seeds that drive the policy over the real fleet, with the real acts and incidents: hosts that come and go, people who
//! act at any moment, files that change or lose their alerts, commands that fail or hang, a journal that hangs, and kills.
//!
//! Receivers stand at the other end. They know only what arrived, and each knows what may arrive next; whoever is told
//! must be told rightly, and who should have been told by now must have been. What this does not do: a command starts at
//! once, and no alert waits for its transition to be in the journal.

mod file;
mod receivers;
mod store;
mod world;

use crate::decide::simulation::Seed;
use std::collections::BTreeMap;
use world::World;

/// Enough for everything that is to be reached, within a few seconds.
const SEEDS: u64 = 16;
const STEPS: u64 = 100;

#[test]
fn no_alert_is_lost_none_comes_twice_and_each_failure_that_was_told_has_one_end() {
    let mut reached: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut world = World::new(Seed(seed));
        for _ in 0..STEPS {
            world.step();
        }
        world.calm_down();
        for (what, count) in std::mem::take(&mut world.reached) {
            *reached.entry(what).or_default() += count;
        }
    }
    println!("{reached:#?}");
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
        ("reloaded", 80),
        ("the journal hung", 20),
    ] {
        assert!(reached.get(what).is_some_and(|count| *count >= least), "{what}: {reached:#?}");
    }
}
