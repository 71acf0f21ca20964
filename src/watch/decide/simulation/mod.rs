//! Seeds that drive the fleet as the event loop does, with a clock of their own: probes that succeed, fail or can't be made,
//! canaries, reports, maintenance, reloads, steps of the clock, suspended nights, kills and starts at any point.
//!
//! After each step an observer, who knows only what was handed out, must know the same as the fleet, and a model that
//! judges all anew must judge the same. What this does not do: the loop is never late but by a suspended night
//! (`schedule::tests` does that), and no probe is lost.

mod observer;
pub(crate) mod settings;
mod truth;
mod world;

use std::collections::BTreeMap;
use world::World;

/// A seed: numbers by chance, the same each time.
#[derive(Debug)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

/// Enough for everything that is to be reached, within a few seconds.
const SEEDS: u64 = 40;
const STEPS: u64 = 120;

#[test]
fn no_transition_without_a_reason_and_none_missed() {
    let mut reached: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut world = World::new(Seed(seed));
        for _ in 0..STEPS {
            world.step();
        }
        for (what, count) in world.reached {
            *reached.entry(what).or_default() += count;
        }
    }
    for what in [
        "transition of a target",
        "transition of a service",
        "transition of a node",
        "a code alone",
        "entries alone",
        "planned",
        "planned from below",
        "ko held",
        "ko released",
        "canary lost",
        "canary back",
        "unknown by our own failure",
        "silent",
        "flapping",
        "calm",
        "taken in",
        "forgotten",
        "ended by a reload",
        "killed",
        "killed while it counted",
        "killed while a ko waited",
        "killed while it was us",
        "killed while it flapped",
        "while a dependency is ko",
        "a dependency is awaited",
        "clock set back",
        "suspended",
        "fast probe",
    ] {
        assert!(reached.get(what).is_some_and(|count| *count >= 5), "{what}: {reached:#?}");
    }
}
