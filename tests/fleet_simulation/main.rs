//! Seeds over the watcher that ships: its probes, judging, programs and journal, on a network, a process table and a clock
//! of their own.
//!
//! ```text
//!  world (hosts that answer, refuse, hang, trickle, reset, flap) --> network, programs --> Watcher --> Changes
//!                                                                     observer: each transition has a reason, none is missed
//!                                                                     keeper: the real journal, killed at any point
//! ```
//!
//! What it does not do: TLS, HTTP and greetings (their machines have tests of their own), sends that take a part, and the
//! control socket.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::as_conversions, reason = "small numbers of a simulation")]

mod chance;
mod keeper;
mod network;
mod observer;
mod programs;
mod run;
mod world;

use run::{Reached, Run};

#[test]
fn no_transition_without_a_reason_none_missed_and_all_kept_over_any_kill() {
    let seeds = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut reached = Reached::default();
    for seed in 1..=seeds {
        Run::new(seed).whole(&mut reached);
    }
    eprintln!("{seeds} seeds: {reached:?}");
    reached.check();
}
