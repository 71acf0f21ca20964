//! What ocoboard costs: pushes, pages and reports, beside a bare hyper handler and nginx that answer as many octets on the
//! same processor in the same time.

mod bare;
mod journal;
mod latency;
mod memory;
mod pages;
mod pair;
mod push;
mod pushers;
mod reports;
mod wild;

use std::time::Duration;

use crate::Result;
use crate::figures::Bench;
use crate::report::Report;

pub use bare::run as run_bare;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct BoardEffort {
    /// So many runs of so many rounds, each round a full accept queue for each server.
    runs: usize,
    rounds: usize,
    /// Clients in a full queue.
    queue: usize,
    /// Pushes a second, steadily, and how long.
    rate: u32,
    steady: Duration,
    /// Services that are pushed: of so many hosts each, so many.
    hosts: usize,
    services: usize,
    /// Pages asked for in a run.
    pages: usize,
    /// Hosts of the grid, and transitions of each within the year.
    grid_hosts: usize,
    yearly: usize,
    /// Transitions of the month in which a report is written.
    monthly: usize,
    /// Reports written.
    reports: usize,
    /// How long a client is wild, and over how long nothing may be written.
    wild: Duration,
    silent: Duration,
}

impl BoardEffort {
    pub const FULL: BoardEffort = BoardEffort {
        runs: 5,
        rounds: 5,
        queue: 1000,
        rate: 5000,
        steady: Duration::from_secs(5),
        hosts: 1000,
        services: 100,
        pages: 300,
        grid_hosts: 500,
        yearly: 730,
        monthly: 18_000_000,
        reports: 5,
        wild: Duration::from_secs(10),
        silent: Duration::from_secs(10),
    };

    pub const SMOKE: BoardEffort = BoardEffort {
        runs: 1,
        rounds: 2,
        queue: 200,
        rate: 500,
        steady: Duration::from_secs(1),
        hosts: 100,
        services: 20,
        pages: 20,
        grid_hosts: 50,
        yearly: 100,
        monthly: 100_000,
        reports: 1,
        wild: Duration::from_secs(2),
        silent: Duration::from_secs(2),
    };
}

type Measure = fn(&Bench, &mut Report) -> Result<()>;

pub const FIGURES: [(&str, Measure); 9] = [
    ("push", push::push),
    ("push-latency", latency::latency),
    ("push-writes", latency::writes),
    ("push-memory", memory::memory),
    ("wild", wild::wild),
    ("first-page", pages::first_page),
    ("grid", pages::grid),
    ("pdf", reports::pdf),
    ("month", reports::month),
];
