//! The ration of fast probes: as many a second as there are regular ones.

use crate::decide::clock::nanos;
use crate::limits::{FAST_BURST, FAST_PROBES};
use oco::logic::time::Nanos;

/// When the next fast probe may start, and how far apart they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ration {
    /// Nanoseconds for each.
    cost: i64,
    free: Nanos,
}

impl Default for Ration {
    fn default() -> Ration {
        Ration::of([])
    }
}

impl Ration {
    /// As many as so many targets in each of these intervals, in nanoseconds, make regular probes.
    pub(super) fn of(rings: impl IntoIterator<Item = (usize, i64)>) -> Ration {
        let second = 1_000_000_000_i128;
        let each = |(targets, interval): (usize, i64)| {
            i128::try_from(targets).unwrap_or(0) * second * second / i128::from(interval.max(1))
        };
        // In billionths of a probe a second: many slow targets sum up.
        let rate: i128 = rings.into_iter().map(each).sum();
        let rate = rate.max(i128::from(FAST_PROBES) * second);
        let cost = second * second / rate;
        Ration { cost: i64::try_from(cost).unwrap_or(i64::MAX).max(1), free: Nanos::PAST }
    }

    /// When the next one may start.
    pub(super) fn next(&self) -> Nanos {
        self.free
    }

    /// Takes one, if one may start now.
    pub(super) fn take(&mut self, now: Nanos) -> bool {
        if self.free > now {
            return false;
        }
        let earliest = Nanos(now.0.saturating_sub(nanos(FAST_BURST)));
        self.free = Nanos(self.free.max(earliest).0.saturating_add(self.cost));
        true
    }
}
