//! A seeded simulation: the daemon's own directory, board, lines, connections and loop under everything that files,
//! clients and clocks may do, on a virtual clock.
//!
//! ```text
//!  world --acts--> disk (files, writers, events) --Files--> +------------------+
//!    |                  |                                   | the daemon's own |
//!    +--acts--> network (ports, clients) -------Sockets---> |    EventLoop     |
//!                       oracle <--deeds-- disk              +------------------+
//!                         +------ judges each line <-- all that it sends
//! ```
//!
//! Nothing of the daemon is copied: `kernel` stands behind the two traits by which it calls the real one. The oracle
//! knows what was done to the files, and neither events nor board.
//!
//! `children` is a simulation of its own, of programs that a watcher or oco runs.
//!
//! A seed that fails is printed. `OCO_SEED=n` runs that one alone, `OCO_SEEDS=n` runs so many.
//!
//! Out of scope: a writer who opened a file by a name that was removed, where the daemon has not seen the file before
//! that. No event tells of him.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod children;
mod clock;
mod disk;
mod judge;
mod kernel;
mod network;
mod oracle;
mod random;
mod world;

use judge::Reached;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const SEEDS: u64 = 1000;
/// Seeds of children, each with up to four hundred of them.
const CHILDREN_SEEDS: u64 = 100;

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}: expected a number")))
}

#[test]
fn no_seed_leads_to_a_wrong_answer() {
    let mut reached = Reached::default();
    let is_all = run_all(SEEDS, world::run, |one| reached.add(one));
    println!("{reached:#?}");
    if is_all {
        is_worth_it(&reached);
    }
}

/// Runs the seeds that are asked for, and hands what each reached to `add`. Says whether it was the full number.
fn run_all<T: Send>(seeds: u64, run: fn(u64) -> T, mut add: impl FnMut(&T) + Send) -> bool {
    let one = from_environment("OCO_SEED");
    let first = one.unwrap_or(0);
    let end = first + one.map_or_else(|| from_environment("OCO_SEEDS").unwrap_or(seeds), |_| 1);
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
    end - first >= seeds
}

/// Seeds that do not reach what they are for prove nothing.
fn is_worth_it(reached: &Reached) {
    let count = |what| reached.other.get(what).copied().unwrap_or(0);
    let wanted = [
        "acts during a look",
        "changes of the directory during a look",
        "changes of the directory's permissions during a look",
        "changes that nothing tells of",
        "clients that come while others are let in",
        "clock steps",
        "directories made anew",
        "directories on another host",
        "directories removed",
        "directories that can't be read",
        "directories that can't be searched",
        "dumps",
        "failures to accept",
        "files that had no name yet when they were opened",
        "files that lost the name by which they were opened",
        "floods beside a file",
        "hard links",
        "hard links of several files",
        "lines that are OK with nothing in doubt",
        "links from elsewhere",
        "mounts",
        "moves of the path while it is followed",
        "paths that nobody can follow",
        "pauses",
        "questions that wait for the next turn",
        "ports opened",
        "ports shut",
        "ports that had time to open",
        "questions at the nanosecond of expiry",
        "queue overflows",
        "renames of the only name while it is listed",
        "renames while names are listed",
        "refreshes of a directory that is away",
        "reloads",
        "restarts",
        "stops",
        "stops by a signal",
        "suspends",
        "watches lost with their end",
        "watches that can't be had",
    ];
    for what in wanted {
        assert!(count(what) >= 100, "{} {what}", count(what));
    }
    assert!(count("refreshes with nothing in doubt") * 5 > count("refreshes"), "too much is in doubt");
    let ends = &reached.ends;
    let all = [
        ends.cut,
        ends.shed,
        ends.lingered,
        ends.drained,
        ends.responses,
        ends.refusals,
        ends.expired,
        ends.shed_unanswered,
        ends.left,
        ends.without_descriptor,
        ends.refused,
    ];
    assert!(ends.answers > 10_000 && all.iter().all(|times| *times >= 100), "{ends:?}");
}

#[test]
fn no_seed_loses_a_child_or_lets_one_wait_behind_another() {
    let mut reached = children::Reached::default();
    let is_all = run_all(CHILDREN_SEEDS, children::run, |one| reached.add(one));
    println!("{reached:#?}");
    let wanted = [
        "delays",
        "grandchildren that were ended",
        "grandchildren that were left alone",
        "groups that can't be killed",
        "groups that ignored TERM",
        "looks",
        "outputs that were cut",
        "own failures",
        "plugins that can't be started",
        "plugins that ended",
        "plugins that took too long",
        "plugins that were lost",
        "queues of a hundred",
        "shortages that were told late",
        "starts before who waits longer",
        "starts that hang",
    ];
    for what in wanted {
        let times = reached.0.get(what).copied().unwrap_or(0);
        assert!(!is_all || times >= 20, "{times} {what}");
    }
}

#[test]
fn a_seed_runs_the_same_each_time() {
    let run = |seed| format!("{:?}", world::run(seed));
    for seed in 0..5 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

#[test]
fn the_model_uses_names_of_checks() {
    assert!(disk::NAMES.iter().all(|name| oco::logic::name::check_name(name.as_bytes()) == Ok(name)));
}
