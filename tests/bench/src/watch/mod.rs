//! What ocowatch costs, and whether its probes are on time: each figure beside others that do the same in the same time.

mod balancer;
mod cost;
mod farm;
mod floor;
mod lateness;
mod probers;
mod reconcile;
mod rest;
mod silence;
mod start;
mod storm;
mod tap;

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::Result;
use crate::figures::Bench;
use crate::report::Report;

pub use floor::run as run_floor;
pub use probers::Prober;
pub use rest::{octets_written, wait_for_silence};
pub use tap::wall;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct WatchEffort {
    /// Windows that contenders share.
    windows: usize,
    window: Duration,
    /// Hosts that they probe, each second.
    hosts: usize,
    /// Hosts of the large fleet, probed every ten seconds, and for how many rounds.
    many: usize,
    rounds: u32,
    /// Over so long allocations are counted.
    counted: Duration,
    /// Over so long nothing may be written.
    silent: Duration,
    /// Rows of a large journal.
    rows: usize,
}

impl WatchEffort {
    pub const FULL: WatchEffort = WatchEffort {
        windows: 6,
        window: Duration::from_secs(4),
        hosts: 2_000,
        many: 100_000,
        rounds: 3,
        counted: Duration::from_secs(10),
        silent: Duration::from_secs(35),
        rows: 1_000_000,
    };

    pub const SMOKE: WatchEffort = WatchEffort {
        windows: 1,
        window: Duration::from_secs(1),
        hosts: 200,
        many: 20_000,
        rounds: 1,
        counted: Duration::from_secs(3),
        silent: Duration::from_secs(3),
        rows: 100_000,
    };
}

pub type Measure = fn(&Bench, &mut Report) -> Result<()>;

pub const FIGURES: [(&str, Measure); 8] = [
    ("probe", cost::probe),
    ("probe-calls", cost::calls),
    ("fleet", lateness::fleet),
    ("rest", rest::rest),
    ("storm", storm::storm),
    ("silence", silence::silence),
    ("journal", start::journal),
    ("reconcile", reconcile::reconcile),
];

pub const PEERS: [(&str, Measure); 1] = [("blackbox", cost::blackbox)];

/// So many hosts of 127.0.0.0/8.
pub fn hosts(count: usize) -> impl Iterator<Item = Ipv4Addr> {
    (1..=count as u32)
        .map(|number| Ipv4Addr::from((u32::from(Ipv4Addr::LOCALHOST) & !0xff_ffff) + (1 << 16) + number))
}

/// Where in its interval a target has its turn: ocowatch spreads starts by this hash of the name, so what is late can be
/// told from outside.
pub fn phase(name: &str, interval: i64) -> i64 {
    let step = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ hash >> 31) % interval as u64) as i64
}
