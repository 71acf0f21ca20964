//! Every limit of ocowatch, with its unit and its reason.

use std::time::Duration;

/// Starts of probes share a wake-up that comes at most so late: costs 2.5 ms of mean lateness, and takes 30 % off a probe.
pub const TICK: Duration = Duration::from_millis(5);
/// A turn that is later than this is left out: who was stopped or asleep must not start everything at once.
pub const LATEST_START: Duration = Duration::from_secs(1);
/// Fast probes a second that there may always be, however few regular ones there are: nobody feels them, and a small fleet
/// needs them.
pub const FAST_PROBES: u32 = 100;
/// Fast probes that were not used may be made up for so long: a few ticks, so that a second never has more than its share.
pub const FAST_BURST: Duration = Duration::from_millis(20);
/// Between two probes of a dependency because something else failed: many that fail one after the other must not hammer it.
pub const HURRY_SPACING: Duration = Duration::from_secs(1);
/// Of a gap between two probes of a target so many intervals count as time in which was probed.
pub const COUNTED_INTERVALS: u32 = 2;

/// Between two rounds of the canary while nothing is wrong.
pub const CANARY_INTERVAL: Duration = Duration::from_secs(10);
/// The same while it is us, and after a round in which we ourselves failed.
pub const CANARY_RETRY: Duration = Duration::from_secs(1);
/// The least between two rounds: a fleet that fails one after the other must not hammer the canary hosts.
pub const CANARY_SPACING: Duration = Duration::from_millis(100);
/// So many rounds in a row without any answer say that it is us: one lost packet must not.
pub const CANARY_ROUNDS: u32 = 2;

/// Of a target's last promises so many are looked at.
pub const PERIODS: usize = 5;
/// The least grace of a promise: who reports each second may be late by a few.
pub const LEAST_GRACE: Duration = Duration::from_secs(5);
/// Targets that report and that the file does not name: a table that somebody else fills.
pub const TAKEN_IN: usize = 100_000;
/// Octets of a reason: all entries of an OCO line fit, and what others tell fills no more memory than that.
pub const REASON_OCTETS: usize = oco::limits::LINE_OCTETS;

/// Changes that flapping can be made of: they are remembered one by one.
pub const FLAP_CHANGES: usize = 1000;
/// An episode of our own failures ends after so long without one.
pub const EPISODE: Duration = Duration::from_secs(60);
/// Kinds of our own failures that are told apart; further ones are not told.
pub const EPISODES: usize = 16;

/// What is called flapping of nodes, which have no timing of their own: so many changes of state
pub const NODE_FLAP_CHANGES: u32 = 6;
/// within this time,
pub const NODE_FLAP_WITHIN: Duration = Duration::from_secs(600);
/// until it was calm for so long: the defaults of services.
pub const NODE_FLAP_CALM: Duration = Duration::from_secs(300);
