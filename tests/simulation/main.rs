//! A seeded simulation: sessions and board under everything that files, clients and clocks may do, on a virtual clock.
//!
//! ```text
//!  world --acts--> disk (files, writers, events) --looks, events--> host (board, composer) --line--+
//!    |                  |                                                                         v
//!    +--acts--> network (clients, sockets) <--accept, send, receive-- daemon (sessions, table) --answers
//!                       oracle <--deeds-- disk                                                    |
//!                         +------------------------------ judges each line <----------------------+
//! ```
//!
//! The logic under test is the library's; the loop around it, which makes system calls, is re-enacted in `host` and
//! `daemon`. The oracle knows what was done to the files, and neither events nor board.
//!
//! A seed that fails is printed. `OCO_SEED=n` runs that one alone, `OCO_SEEDS=n` runs so many.
//!
//! Out of scope: a writer that opened a file by a hard link's name which was removed since. No event tells of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod clock;
mod daemon;
mod disk;
mod exchanges;
mod host;
mod judge;
mod network;
mod oracle;
mod random;
mod world;

use judge::Reached;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const SEEDS: u64 = 1000;

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}: expected a number")))
}

#[test]
fn no_seed_leads_to_a_wrong_answer() {
    let mut reached = Reached::default();
    if run_all(world::run, |one| reached.add(one)) {
        is_worth_it(&reached);
    }
    println!("{reached:#?}");
}

#[test]
fn no_seed_leads_to_a_wrong_response() {
    let mut reached = exchanges::Reached::default();
    let is_all = run_all(exchanges::run, |one| {
        reached.responses += one.responses;
        reached.refusals += one.refusals;
        reached.expired += one.expired;
        reached.shed += one.shed;
        reached.left += one.left;
    });
    println!("{reached:#?}");
    let ends = [reached.responses, reached.refusals, reached.expired, reached.shed, reached.left];
    assert!(!is_all || ends.iter().all(|times| *times >= 1000), "{reached:?}");
}

/// Runs the seeds that are asked for, and hands what each reached to `add`. Says whether it was the full number.
fn run_all<T: Send>(run: fn(u64) -> T, mut add: impl FnMut(&T) + Send) -> bool {
    let one = from_environment("OCO_SEED");
    let first = one.unwrap_or(0);
    let end = first + one.map_or_else(|| from_environment("OCO_SEEDS").unwrap_or(SEEDS), |_| 1);
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let add = Mutex::new(&mut add);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run(seed))) {
                        Ok(reached) => (add.lock().unwrap())(&reached),
                        Err(_) => failed.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    assert!(
        failed.is_empty(),
        "{} seeds failed; run one again with OCO_SEED={}: {failed:?}",
        failed.len(),
        failed[0]
    );
    end - first >= SEEDS
}

/// Seeds that do not reach what they are for prove nothing.
fn is_worth_it(reached: &Reached) {
    let count = |what| reached.other.get(what).copied().unwrap_or(0);
    let wanted = [
        "acts during a look",
        "clock steps",
        "directories removed",
        "directories without permission",
        "hard links",
        "lines of a directory that is away",
        "lines that are OK with nothing in doubt",
        "questions at the nanosecond of expiry",
        "queue overflows",
        "restarts",
        "stops",
        "suspends",
    ];
    for what in wanted {
        assert!(count(what) >= 100, "{} {what}", count(what));
    }
    assert!(count("lines with nothing in doubt") * 5 > count("lines"), "too much is in doubt");
    let daemon = &reached.daemon;
    let ends =
        [daemon.cut, daemon.shed, daemon.shed_for_share, daemon.lingered, daemon.drained, daemon.paused];
    assert!(daemon.answers > 10_000 && ends.iter().all(|times| *times >= 100), "{daemon:?}");
}

#[test]
fn a_seed_runs_the_same_each_time() {
    let run = |seed| format!("{:?}", world::run(seed));
    let exchange = |seed| format!("{:?}", exchanges::run(seed));
    for seed in 0..5 {
        assert_eq!((run(seed), exchange(seed)), (run(seed), exchange(seed)), "seed {seed}");
    }
}

#[test]
fn the_model_uses_names_of_checks() {
    assert!(host::names_are_checks());
}
