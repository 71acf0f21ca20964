//! The journal's time, and a clock that goes on over restarts.
//!
//! Deadlines run on the boot clock, which a restart of the host sets back. What has to be remembered longer than the
//! process lives is dated by a steady clock: it begins with the wall clock and goes on as the boot clock does.

use crate::limits::COUNTED_INTERVALS;
use oco::logic::time::{Nanos, Now};
use oco_fleet::time::Millis;
use std::time::Duration;

/// Both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    last: Millis,
    wall: Nanos,
    boot: Nanos,
}

impl Clock {
    /// From now on. `last` is the latest time that the journal knows.
    pub fn new(last: Millis, now: Now) -> Clock {
        Clock { last: last.max(Millis::of(now.wall)), wall: now.wall, boot: now.boot }
    }

    /// The journal's time, which never runs backwards: when the wall clock is set back it stands still.
    pub fn at(&mut self, now: Now) -> Millis {
        self.last = self.last.max(Millis::of(now.wall));
        self.last
    }

    /// A point of the boot clock as one that outlives the process.
    pub fn steady(&self, boot: Nanos) -> Millis {
        Millis::of(Nanos(self.wall.0.saturating_add(boot.0.saturating_sub(self.boot.0))))
    }

    /// The point of the boot clock at which [`Clock::steady`] is `time` at the latest.
    pub fn boot(&self, time: Millis) -> Nanos {
        let wall = time.0.saturating_mul(1_000_000);
        Nanos(self.boot.0.saturating_add(wall.saturating_sub(self.wall.0)))
    }
}

/// A length in milliseconds.
pub fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// A length in nanoseconds.
pub fn nanos(length: Duration) -> i64 {
    i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)
}

/// How much of the time between two starts of probes counts as time in which was probed: not what somebody was suspended
/// or stopped.
pub fn counted(earlier: Millis, later: Millis, interval: Duration) -> u64 {
    let most = millis(interval.saturating_mul(COUNTED_INTERVALS));
    u64::try_from(later.since(earlier).min(most)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(wall: i64, boot: i64) -> Now {
        Now { wall: Nanos(wall * 1_000_000), boot: Nanos(boot * 1_000_000) }
    }

    #[test]
    fn journal_time_stands_still_after_a_step_back() {
        let mut clock = Clock::new(Millis(0), now(1000, 5));
        assert_eq!(clock.at(now(1500, 505)), Millis(1500));
        assert_eq!(clock.at(now(900, 600)), Millis(1500));
        assert_eq!(clock.at(now(1501, 1201)), Millis(1501));
        let mut clock = Clock::new(Millis(7000), now(1000, 5));
        assert_eq!(clock.at(now(1500, 505)), Millis(7000));
    }

    #[test]
    fn the_steady_clock_ignores_steps_and_goes_on_over_a_reboot() {
        let clock = Clock::new(Millis(0), now(1000, 5));
        assert_eq!(clock.steady(Nanos(105_000_000)), Millis(1100));
        assert_eq!(clock.boot(Millis(1100)), Nanos(105_000_000));
        let clock = Clock::new(Millis(1100), now(2000, 1));
        assert_eq!(clock.steady(Nanos(1_000_000)), Millis(2000));
    }

    #[test]
    fn a_gap_counts_for_two_intervals_at_most() {
        let interval = Duration::from_secs(10);
        assert_eq!(counted(Millis(0), Millis(9_000), interval), 9_000);
        assert_eq!(counted(Millis(0), Millis(9_000_000), interval), 20_000);
        assert_eq!(counted(Millis(5), Millis(0), interval), 0);
    }
}
