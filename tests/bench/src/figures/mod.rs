//! One function for each figure, or for a few that are measured together.

mod against;
mod coherence;
mod cost;
mod memory;
mod peers;
mod response;
mod stall;
mod work;

use std::time::Duration;

use crate::Result;
use crate::board::{self, BoardEffort};
use crate::load::TooSlow;
use crate::report::Report;
use crate::servers::Programs;
use crate::watch::{self, WatchEffort};

pub use cost::ratio;

/// The usual number of status files, and the large one.
const FILES: usize = 64;
const MANY_FILES: usize = 10_000;

/// What the figures are measured with.
pub struct Bench {
    pub programs: Programs,
    pub effort: Effort,
    /// Descriptors a process may have.
    pub file_limit: usize,
}

impl Bench {
    /// So many clients that keep their connection.
    fn held(&self) -> usize {
        self.effort.held.min(self.file_limit.saturating_sub(100))
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Paired comparisons: so many runs of so many rounds, each round a full accept queue for both servers.
    runs: usize,
    rounds: usize,
    /// Clients in a full queue: what the smallest backlog of the servers (511) takes.
    queue: u32,
    /// Answers over which calls and allocations are counted.
    counted: u32,
    /// Connections held open, as far as descriptors allow.
    held: usize,
    starts: usize,
    idle: Duration,
    latency_windows: usize,
    late_rounds: usize,
    rewriting: Duration,
    /// Changes in a run.
    changes: u32,
    /// Files removed at once, and how often.
    removed: usize,
    removals: usize,
    /// Windows with and without what might make it stall.
    stall_windows: usize,
    stall_window: Duration,
    /// Of ocowatch.
    pub watch: WatchEffort,
    /// Of ocoboard.
    pub board: BoardEffort,
    is_full: bool,
}

impl Effort {
    pub const FULL: Effort = Effort {
        runs: 5,
        rounds: 40,
        queue: 500,
        counted: 6400,
        held: 10_000,
        starts: 9,
        idle: Duration::from_secs(10),
        latency_windows: 9,
        late_rounds: 20_000,
        rewriting: Duration::from_secs(10),
        changes: 400,
        removed: 50_000,
        removals: 3,
        stall_windows: 3,
        stall_window: Duration::from_secs(3),
        watch: WatchEffort::FULL,
        board: BoardEffort::FULL,
        is_full: true,
    };

    /// Enough to see that all of it works, and for the figures that do not depend on time.
    pub const SMOKE: Effort = Effort {
        runs: 2,
        rounds: 3,
        queue: 500,
        counted: 1280,
        held: 2_000,
        starts: 3,
        idle: Duration::from_secs(3),
        latency_windows: 1,
        late_rounds: 2_000,
        rewriting: Duration::from_secs(2),
        changes: 40,
        removed: 5_000,
        removals: 1,
        stall_windows: 1,
        stall_window: Duration::from_millis(500),
        watch: WatchEffort::SMOKE,
        board: BoardEffort::SMOKE,
        is_full: false,
    };

    /// Whether there is time for what takes minutes.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// For a server that takes milliseconds for an answer.
    fn slow_server(self) -> Effort {
        Effort { rounds: self.rounds.min(5), ..self }
    }
}

type Measure = fn(&Bench, &mut Report) -> Result<()>;

const FIGURES: [(&str, Measure); 15] = [
    ("control", cost::control),
    ("honest", cost::against_honest),
    ("files", cost::many_files),
    ("calls", cost::system_calls),
    ("memory", memory::memory),
    ("connection", memory::open_connection),
    ("allocations", memory::allocations),
    ("size", memory::binary),
    ("idle", response::idle),
    ("start", response::start),
    ("latency", response::latency),
    ("coherence", coherence::coherence),
    ("changes", work::changes),
    ("removals", work::removals),
    ("stall", stall::stall),
];

const AGAINST: [(&str, Measure); 1] = [("against", against::against)];

const PEERS: [(&str, Measure); 4] = [
    ("nginx", peers::nginx),
    ("haproxy", peers::haproxy),
    ("xinetd", peers::xinetd),
    ("node_exporter", peers::node_exporter),
];

/// Measure the figures named, or all. One that fails to be measured does not keep the others from it.
pub fn measure(bench: &Bench, peers: bool, wanted: &[String], report: &mut Report) -> Result<()> {
    let has_other = bench.programs.other.is_some();
    let all = FIGURES.iter().chain(&watch::FIGURES).chain(&board::FIGURES);
    let all = all.chain(if has_other { &AGAINST[..] } else { &[] });
    let all =
        all.chain(if peers { &PEERS[..] } else { &[] }).chain(if peers { &watch::PEERS[..] } else { &[] });
    let chosen: Vec<_> =
        all.filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)).collect();
    if chosen.is_empty() {
        return Err(format!("no such figure: {}", wanted.join(" ")).into());
    }
    for (name, measure) in chosen {
        match measure(bench, report) {
            Ok(()) => {}
            // As of all that depends on time.
            Err(e) if e.is::<TooSlow>() && !bench.effort.is_full() => report.skip(name, &e.to_string()),
            Err(e) => report.fail(name, &e.to_string()),
        }
    }
    Ok(())
}
