//! Flapping: who changes its state so many times within a time, until it was calm.

use super::clock::millis;
use crate::config::Flap;
use crate::limits::FLAP_CHANGES;
use oco_fleet::time::Millis;
use std::collections::VecDeque;

/// The last changes of state of a service or node, by the steady clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flapping {
    changes: VecDeque<Millis>,
    is_flapping: bool,
}

impl Flapping {
    /// One that goes on from what was kept.
    pub fn kept(changes: impl IntoIterator<Item = Millis>, is_flapping: bool) -> Flapping {
        Flapping { changes: changes.into_iter().take(FLAP_CHANGES).collect(), is_flapping }
    }

    /// What has to be kept.
    pub fn changes(&self) -> impl Iterator<Item = Millis> {
        self.changes.iter().copied()
    }

    /// Whether it flaps.
    pub fn is_flapping(&self) -> bool {
        self.is_flapping
    }

    /// The state changed. Tells whether flapping begins with that.
    pub fn changed(&mut self, at: Millis, flap: &Flap) -> bool {
        let most = usize::try_from(flap.changes).unwrap_or(usize::MAX).clamp(1, FLAP_CHANGES);
        let within = millis(flap.within);
        self.changes.push_back(at);
        while self.changes.len() > most || self.changes.front().is_some_and(|first| at.since(*first) > within)
        {
            self.changes.pop_front();
        }
        let begins = !self.is_flapping && self.changes.len() >= most;
        self.is_flapping |= begins;
        begins
    }

    /// When it will have been calm for long enough; none while it does not flap.
    pub fn calm_at(&self, flap: &Flap) -> Option<Millis> {
        let last = self.changes.back().copied().unwrap_or_default();
        self.is_flapping.then(|| Millis(last.0.saturating_add(millis(flap.calm))))
    }

    /// Time has passed. Tells whether flapping ends with that.
    pub fn expire(&mut self, now: Millis, flap: &Flap) -> bool {
        let ends = self.calm_at(flap).is_some_and(|calm| calm <= now);
        if ends {
            self.changes.clear();
            self.is_flapping = false;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const FLAP: Flap =
        Flap { changes: 3, within: Duration::from_millis(100), calm: Duration::from_millis(50) };

    proptest! {
        #[test]
        fn so_many_changes_within_the_time_are_flapping(
            gaps in prop::collection::vec((0i64..70, any::<bool>()), 0..40)
        ) {
            let (mut flapping, mut now) = (Flapping::default(), 0);
            let (mut all, mut naive, mut calm_from): (Vec<i64>, bool, i64) = (Vec::new(), false, 0);
            for (gap, is_change) in gaps {
                now += gap;
                let has_ended = naive && now - all.last().unwrap() >= 50;
                prop_assert_eq!(flapping.expire(Millis(now), &FLAP), has_ended);
                if has_ended {
                    (naive, calm_from) = (false, now);
                    all.clear();
                }
                if is_change {
                    all.push(now);
                    let within = all.iter().filter(|at| now - **at <= 100 && **at >= calm_from).count();
                    let begins = !naive && within >= 3;
                    prop_assert_eq!(flapping.changed(Millis(now), &FLAP), begins);
                    naive |= begins;
                }
                prop_assert_eq!(flapping.is_flapping(), naive);
                prop_assert!(flapping.changes.len() <= 3);
                flapping = Flapping::kept(flapping.changes().collect::<Vec<_>>(), flapping.is_flapping());
            }
        }
    }
}
