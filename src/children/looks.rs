//! When to look which process groups are left. One look reads all of `/proc` and serves all children who wait for one,
//! and who stays longer is looked for more rarely.

use crate::limits::{GROUP_LOOK, LONGEST_GROUP_LOOK};
use crate::logic::time::Nanos;
use std::time::Duration;

/// When to look next whether process groups are gone. Times are on the boot clock.
#[derive(Debug)]
pub struct Looks {
    /// When to look; none while nobody waits for it.
    at: Option<Nanos>,
    /// When the last look was.
    last: Option<Nanos>,
    /// The time until the next one, if somebody is still there.
    period: Duration,
    /// A look is under way.
    is_pending: bool,
}

impl Looks {
    /// Nobody waits for a look.
    pub fn new() -> Looks {
        Looks { at: None, last: None, period: GROUP_LOOK, is_pending: false }
    }

    /// When to look next.
    pub fn deadline(&self) -> Option<Nanos> {
        self.at.filter(|_| !self.is_pending)
    }

    /// One more waits for a look, which is worth nothing before `at`.
    pub fn want(&mut self, at: Nanos) {
        let earliest = self.last.map_or(at, |last| at.max(last.after(GROUP_LOOK)));
        self.at = Some(self.at.map_or(earliest, |known| known.min(earliest)));
    }

    /// Nobody waits for a look any longer.
    pub fn forget(&mut self) {
        self.at = None;
    }

    /// Whether to look now. If so, its result has to be [told](Looks::looked).
    pub fn is_due(&mut self, now: Nanos) -> bool {
        let is_due = self.deadline().is_some_and(|at| at <= now);
        if is_due {
            (self.is_pending, self.last) = (true, Some(now));
        }
        is_due
    }

    /// A look was taken. `is_wanted` says whether somebody waits for another one.
    pub fn looked(&mut self, is_wanted: bool, now: Nanos) {
        self.is_pending = false;
        self.at = is_wanted.then(|| now.after(self.period));
        self.period = if is_wanted { (2 * self.period).min(LONGEST_GROUP_LOOK) } else { GROUP_LOOK };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Nanos {
        Nanos::default().after(Duration::from_millis(milliseconds))
    }

    #[test]
    fn looks_grow_rare_while_somebody_stays() {
        let mut looks = Looks::new();
        assert!(looks.deadline().is_none() && !looks.is_due(at(0)));
        looks.want(at(0));
        let mut times = Vec::new();
        for now in (0..2000).map(at) {
            if looks.is_due(now) {
                assert!(!looks.is_due(now) && looks.deadline().is_none(), "one look at a time");
                looks.looked(true, now);
                times.push(now.since(at(0)).as_millis());
            }
        }
        assert_eq!(times, [0, 20, 60, 140, 300, 620, 940, 1260, 1580, 1900]);
    }

    #[test]
    fn who_is_new_is_looked_for_soon_and_not_each_time() {
        let mut looks = Looks::new();
        looks.want(at(0));
        for now in [0, 20, 60, 140, 300] {
            assert!(looks.is_due(at(now)));
            looks.looked(true, at(now));
        }
        looks.want(at(310));
        assert_eq!(looks.deadline(), Some(at(320)));
        looks.want(at(330));
        assert_eq!(looks.deadline(), Some(at(320)));
        assert!(looks.is_due(at(320)));
        looks.looked(false, at(320));
        assert_eq!(looks.deadline(), None);
        looks.want(at(1000));
        assert!(looks.is_due(at(1000)));
        looks.looked(true, at(1000));
        assert_eq!(looks.deadline(), Some(at(1020)));
    }
}
