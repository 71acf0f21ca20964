//! Promises of those who report: when the next report is due, and who broke its promise.

use super::fleet::ids::TargetId;
use super::target::Counts;
use crate::limits::{LEAST_GRACE, PERIODS};
use oco::logic::code::Code;
use oco::logic::time::Nanos;
use oco_fleet::state::{Standing, State};
use std::collections::BTreeSet;
use std::time::Duration;

/// The last periods that were promised of a target, in milliseconds, the latest first; 0: there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Periods([u32; PERIODS]);

impl Periods {
    /// Those that were kept.
    pub fn kept(kept: &[u32]) -> Periods {
        let mut periods = Periods::default();
        for (place, period) in periods.0.iter_mut().zip(kept) {
            *place = *period;
        }
        periods
    }

    /// What has to be kept.
    pub fn keep(&self) -> Vec<u32> {
        self.0.iter().copied().filter(|period| *period > 0).collect()
    }

    /// Takes in another one.
    pub fn push(&mut self, period: Duration) {
        let period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1);
        self.0.rotate_right(1);
        if let Some(first) = self.0.first_mut() {
            *first = period;
        }
    }

    /// How long the next report may take: the largest and its grace; `otherwise` where none was promised.
    pub fn promise(&self, otherwise: Duration) -> Duration {
        let largest = self.0.iter().max().copied().unwrap_or(0);
        if largest == 0 {
            return otherwise;
        }
        let period = Duration::from_millis(largest.into());
        period + (period / 5).max(LEAST_GRACE)
    }
}

/// The promise of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The last periods.
    pub periods: Periods,
    /// Since when the next report is waited for.
    pub from: Nanos,
    /// When the promise breaks; none: it is broken, and was told.
    pub deadline: Option<Nanos>,
    /// What was told last, while it is us and that does not stand.
    pub withheld: Option<Withheld>,
}

/// What was told last of a target, and stands again when it is us no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What was told.
    pub code: Code,
    /// For people.
    pub reason: Box<str>,
}

impl Withheld {
    /// Where a target stands before it is lost; none: nothing is known of it.
    pub fn of(standing: &Standing) -> Option<Withheld> {
        Some(Withheld { code: standing.code?, reason: standing.reason.clone() })
    }

    /// The same of one that was lost before the process began: its state was kept, and no words for it.
    pub fn kept(counts: Counts) -> Option<Withheld> {
        let code = match counts.known {
            State::Unknown => return None,
            State::Ok => Code::OK,
            State::But => Code::BUT,
            State::Ko => Code::KO,
        };
        Some(Withheld { code, reason: "as it was reported last".into() })
    }
}

/// The promises that are not broken, by the time at which they would be.
#[derive(Debug, Default)]
pub struct Promises {
    deadlines: BTreeSet<(Nanos, TargetId)>,
}

impl Promises {
    /// A promise runs anew from then on.
    pub fn renew(&mut self, target: TargetId, promise: &mut Promise, from: Nanos, otherwise: Duration) {
        self.end(target, promise);
        promise.from = from;
        let deadline = from.after(promise.periods.promise(otherwise));
        promise.deadline = Some(deadline);
        self.deadlines.insert((deadline, target));
    }

    /// A promise runs no longer.
    pub fn end(&mut self, target: TargetId, promise: &mut Promise) {
        if let Some(deadline) = promise.deadline.take() {
            self.deadlines.remove(&(deadline, target));
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.deadlines.clear();
    }

    /// When the next one breaks.
    pub fn deadline(&self) -> Option<Nanos> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes out one that is broken. The promise itself has to be told by [`Promises::end`].
    pub fn take_broken(&mut self, now: Nanos) -> Option<(TargetId, Nanos)> {
        let first = self.deadlines.first().copied().filter(|(deadline, _)| *deadline <= now)?;
        self.deadlines.remove(&first);
        Some((first.1, first.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_promise_is_the_largest_of_the_last_five_and_a_fifth() {
        let mut periods = Periods::default();
        let seconds = Duration::from_secs;
        assert_eq!(periods.promise(seconds(90_000)), seconds(90_000));
        periods.push(seconds(60));
        assert_eq!(periods.promise(seconds(90_000)), seconds(72));
        periods.push(seconds(10));
        assert_eq!(periods.promise(seconds(1)), seconds(72));
        for _ in 0..4 {
            periods.push(seconds(10));
        }
        assert_eq!(periods.promise(seconds(1)), seconds(15), "the grace is at least 5 s");
        assert_eq!(Periods::kept(&periods.keep()), periods);
    }

    proptest! {
        #[test]
        fn each_promise_breaks_once_and_at_its_time(
            acts in prop::collection::vec((0u32..5, 1i64..2000, prop::option::of(1u64..60)), 0..60)
        ) {
            let mut promises = Promises::default();
            let fresh = || Promise { periods: Periods::default(), from: Nanos(0), deadline: None, withheld: None };
            let mut all: Vec<Promise> = (0..5).map(|_| fresh()).collect();
            let mut naive: Vec<(Vec<u64>, Option<i64>)> = vec![(Vec::new(), None); 5];
            let mut now = 0;
            for (who, gap, period) in acts {
                now += gap * 10_000_000;
                while let Some((target, deadline)) = promises.take_broken(Nanos(now)) {
                    let at = usize::try_from(target.0).unwrap();
                    prop_assert_eq!(naive[at].1.take(), Some(deadline.0));
                    promises.end(target, &mut all[at]);
                }
                prop_assert!(naive.iter().all(|(_, deadline)| deadline.is_none_or(|deadline| deadline > now)));
                let at = usize::try_from(who).unwrap();
                if let Some(period) = period {
                    all[at].periods.push(Duration::from_secs(period));
                    naive[at].0.push(period);
                }
                promises.renew(TargetId(who), &mut all[at], Nanos(now), Duration::from_secs(7));
                let largest = naive[at].0.iter().rev().take(5).max().copied();
                let length = largest.map_or(7_000, |period| period * 1000 + (period * 200).max(5000));
                naive[at].1 = Some(now + i64::try_from(length).unwrap() * 1_000_000);
                prop_assert_eq!(promises.deadline().map(|at| at.0), naive.iter().filter_map(|(_, at)| *at).min());
            }
        }
    }
}
