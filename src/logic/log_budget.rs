//! How many changes of one check the log takes: some a period. A check that flaps all the time, or a user who plays
//! with one file, must not fill the log. What is withheld is counted, and told when the period is over.

use super::code::Code;
use super::time::Nanos;
use crate::limits::{BUDGETED_CHECKS, CHANGES_LOGGED, CHANGES_PERIOD, CHECKS, IDLE_CAPACITY};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;

/// How many lines each check may still have in its period.
#[derive(Debug, Default)]
pub struct LogBudget {
    checks: HashMap<Rc<str>, Spent>,
    /// The same names, and when the period of each ends on the boot clock: all periods are equally long, so they end
    /// in the order in which they began.
    ends: VecDeque<(Nanos, Rc<str>)>,
    /// For all checks that have no place among them, and when that period ends.
    others: Option<(Nanos, Spent)>,
}

/// What a check has had of its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Spent {
    logged: usize,
    withheld: u64,
    /// Its rating after the last change.
    last: Option<Code>,
}

/// Changes that were not logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The check; none: of many checks.
    pub name: Option<Rc<str>>,
    /// How many changes.
    pub count: u64,
    /// What the last of them led to; none: it was no check any more.
    pub last: Option<Code>,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Withheld { name, count, last } = self;
        let Some(name) = name else { return write!(f, "{count} changes of other checks were not logged") };
        let last = last.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "{name}: ... -> {last} ({count} changes were not logged)")
    }
}

impl LogBudget {
    /// Whether a change of the check `name` to `to` is to be logged. `now` is on the boot clock.
    pub fn admit(&mut self, name: &Rc<str>, to: Option<Code>, now: Nanos) -> bool {
        if let Some(spent) = self.checks.get_mut(name) {
            return spent.spend(CHANGES_LOGGED, to);
        }
        let end = now.after(CHANGES_PERIOD);
        if self.checks.len() < BUDGETED_CHECKS {
            self.ends.push_back((end, Rc::clone(name)));
            return self.checks.entry(Rc::clone(name)).or_default().spend(CHANGES_LOGGED, to);
        }
        // As many as there can be checks: all of them may change at once, for a good reason.
        self.others.get_or_insert((end, Spent::default())).1.spend(CHECKS, to)
    }

    /// What was withheld in a period that is over by `now`, one at a time until there is no more. A check whose
    /// period is over has its whole budget again.
    pub fn settle(&mut self, now: Nanos) -> Option<Withheld> {
        while self.ends.front().is_some_and(|(end, _)| *end <= now) {
            let Some((_, name)) = self.ends.pop_front() else { break };
            let spent = self.checks.remove(&name).unwrap_or_default();
            if self.ends.is_empty() {
                self.ends.shrink_to(IDLE_CAPACITY);
                self.checks.shrink_to(IDLE_CAPACITY);
            }
            if let Some(withheld) = spent.withheld(Some(name)) {
                return Some(withheld);
            }
        }
        let (_, spent) = self.others.take_if(|(end, _)| *end <= now)?;
        spent.withheld(None)
    }
}

impl Spent {
    fn spend(&mut self, budget: usize, to: Option<Code>) -> bool {
        let is_admitted = self.logged < budget;
        if is_admitted {
            self.logged += 1;
        } else {
            self.withheld = self.withheld.saturating_add(1);
        }
        self.last = to;
        is_admitted
    }

    fn withheld(self, name: Option<Rc<str>>) -> Option<Withheld> {
        let Spent { withheld: count, last, .. } = self;
        (count > 0).then_some(Withheld { name, count, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const START: Nanos = Nanos(1_000_000_000);

    fn at(seconds: u64) -> Nanos {
        START.after(Duration::from_secs(seconds))
    }

    fn settled(budget: &mut LogBudget, now: Nanos) -> Vec<String> {
        std::iter::from_fn(|| budget.settle(now)).map(|withheld| withheld.to_string()).collect()
    }

    #[test]
    fn a_check_that_flaps_is_logged_some_times_and_then_counted() {
        let mut budget = LogBudget::default();
        let name: Rc<str> = "http".into();
        let admitted = (0..100).filter(|_| budget.admit(&name, Some(Code::KO), at(0))).count();
        assert_eq!(admitted, CHANGES_LOGGED);
        assert!(budget.admit(&"load".into(), Some(Code::OK), at(1)), "another has its own");
        assert!(!budget.admit(&name, Some(Code::OK), at(59)));
        assert_eq!(settled(&mut budget, at(59)), [""; 0]);
        let said = format!("http: ... -> 200 ({} changes were not logged)", 101 - CHANGES_LOGGED);
        assert_eq!(settled(&mut budget, at(60)), [said]);
        assert_eq!(settled(&mut budget, at(600)), [""; 0]);
        assert!(budget.admit(&name, None, at(601)));
        assert!(budget.checks.len() == 1 && budget.ends.len() == 1);
    }

    #[test]
    fn all_checks_may_change_once_and_the_memory_stays_bounded() {
        let mut budget = LogBudget::default();
        let more = 7;
        for number in 0..BUDGETED_CHECKS + CHECKS + more {
            let name: Rc<str> = format!("check{number}").into();
            let is_admitted = budget.admit(&name, None, START);
            assert_eq!(is_admitted, number < BUDGETED_CHECKS + CHECKS, "{number}");
        }
        assert_eq!((budget.checks.len(), budget.ends.len()), (BUDGETED_CHECKS, BUDGETED_CHECKS));
        assert_eq!(settled(&mut budget, at(60)), [format!("{more} changes of other checks were not logged")]);
        assert!(budget.checks.capacity() <= 4 * IDLE_CAPACITY);
    }

    proptest! {
        /// Of each check at most the budget is logged in any period that begins with a change, and each change is
        /// logged or told of once.
        #[test]
        fn each_change_is_logged_or_counted(changes in proptest::collection::vec((0..4_u8, 0..20_u64), 0..400)) {
            let mut budget = LogBudget::default();
            let (mut now, mut told) = (0, 0);
            let mut logged: [Vec<u64>; 4] = Default::default();
            for (check, seconds) in &changes {
                now += seconds;
                while let Some(withheld) = budget.settle(at(now)) {
                    told += withheld.count;
                }
                if budget.admit(&format!("check{check}").into(), None, at(now)) {
                    logged[usize::from(*check)].push(now);
                }
            }
            while let Some(withheld) = budget.settle(at(now + 60)) {
                told += withheld.count;
            }
            let count: usize = logged.iter().map(Vec::len).sum();
            prop_assert_eq!(u64::try_from(count).unwrap() + told, u64::try_from(changes.len()).unwrap());
            for times in &logged {
                for (index, time) in times.iter().enumerate() {
                    let within = times[index..].iter().filter(|other| **other < time + 60).count();
                    prop_assert!(within <= 2 * CHANGES_LOGGED, "{times:?}");
                }
            }
            prop_assert!(budget.checks.is_empty() && budget.ends.is_empty());
        }
    }
}
