//! Levels: what was promised of an availability, what of the budget is spent, and when that is to be looked at again.
//!
//! The budget is (1 - target) of the whole period's time, with hours of their time in it, rounded down to a millisecond;
//! whole also where the level is younger than the period, nobody watched, or work was planned. It is spent by ko that was
//! not planned, and by unknown where that counts as down. A level is
//!
//! ```text
//!  ko    from the moment at which nothing is left, until the period ends
//!  but   while less than a quarter is left
//!  ok    else
//! ```
//!
//! A budget of nothing (a target of 100%, hours that do not come in the period) is spent by the first ko. A rolling period
//! never ends: its level is better again as outages fall out of it.
#![deny(clippy::disallowed_methods)]

mod look_ahead;
mod windows;

use crate::availability::{Durations, Ground, Overlays, Percent, Share, Span, availability};
use crate::calendar::{Hours, Period, Zone};
use crate::state::State;
use crate::time::Millis;
use look_ahead::LookAhead;

/// What unknown time counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CountedAs {
    /// It is left out.
    #[default]
    Excluded,
    /// As up.
    Up,
    /// As down.
    Down,
}

impl CountedAs {
    /// What this word means: `excluded`, `up` or `down`.
    pub fn from_word(word: &str) -> Option<CountedAs> {
        [CountedAs::Excluded, CountedAs::Up, CountedAs::Down]
            .into_iter()
            .find(|counted| counted.word() == word)
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            CountedAs::Excluded => "excluded",
            CountedAs::Up => "up",
            CountedAs::Down => "down",
        }
    }

    /// Durations for percentages: with their unknown time as ok or ko where it counts as that.
    pub fn counted(self, durations: Durations) -> Durations {
        let mut counted = Durations { unknown: 0, ..durations };
        let share = match self {
            CountedAs::Excluded => Share::Unknown,
            CountedAs::Up => Share::Ok,
            CountedAs::Down => Share::Ko,
        };
        counted.add(share, durations.unknown);
        counted
    }

    /// Whether the budget is spent by it.
    fn spends(self, share: Share) -> bool {
        match share {
            Share::Ko => true,
            Share::Unknown => self == CountedAs::Down,
            Share::Ok | Share::But | Share::Planned | Share::NoData => false,
        }
    }
}

/// What was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// In hundred-thousandths of one, which are thousandths of a per cent: 99.9% is 99,900.
    pub target: u32,
    /// Over which time.
    pub period: Period,
    /// When it counts; none: always.
    pub hours: Option<Hours>,
    /// What unknown counts as.
    pub unknown: CountedAs,
}

/// How a promise stands over a period, up to a moment in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The whole period's first moment.
    pub from: Millis,
    /// The first moment that is not in it.
    pub to: Millis,
    /// How much of the period counts: all of it, or its time in the hours. Milliseconds, as all that follows.
    pub time: i64,
    /// How long somebody was what, until now.
    pub durations: Durations,
    /// How long it may be down in the whole period.
    pub budget: i64,
    /// How long it was.
    pub spent: i64,
    /// What is left of the budget; below zero: by how much too much was spent.
    pub left: i64,
    /// Of all that was measured, planned or not, unknown as it counts.
    pub measured: Option<Percent>,
    /// The same without what was planned.
    pub contractual: Option<Percent>,
    /// Whether what was measured without what was planned is at least the target, to the millisecond: of a period that is
    /// over, whether the promise was kept. None where nothing was measured.
    pub is_met: Option<bool>,
}

/// How a level stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The figures behind it.
    pub account: Account,
    /// `ok`, `but` or `ko`.
    pub state: State,
    /// When this is to be judged again if all stays as it is: the first moment at which the state is another one, else
    /// the period's end (of a rolling one, a period's length from now). Always after now.
    pub look_again: Millis,
    /// When the last of the budget was spent. None of a rolling period, and where it was not.
    pub spent_at: Option<Millis>,
    /// When it will be if it goes on being spent as it was on average since the period began. None of a rolling period,
    /// where it is spent already, and where it will last.
    pub spent_by: Option<Millis>,
}

impl Promise {
    /// The figures of a period [from, to) up to `now`. `spans` and `over` as for [`availability`].
    pub fn account(
        &self,
        (from, to): (Millis, Millis),
        now: Millis,
        over: Overlays<'_>,
        spans: impl IntoIterator<Item = Span>,
        zone: &Zone,
    ) -> Account {
        let hours = self.hours.as_ref().map(|hours| hours.windows(from, to, zone));
        let time = match &hours {
            Some(windows) => {
                windows.iter().fold(0_i64, |sum, (from, to)| sum.saturating_add(to.since(*from)))
            }
            None => to.since(from).max(0),
        };
        let durations = availability(&Ground { from, to: to.min(now), hours: hours.as_deref(), over }, spans);
        let counted = self.unknown.counted(durations);
        let (budget, spent) = (budget(self.target, time), counted.ko);
        Account {
            from,
            to,
            time,
            durations,
            budget,
            spent,
            left: budget.saturating_sub(spent),
            measured: counted.measured(),
            contractual: counted.contractual(),
            is_met: is_met(self.target, counted),
        }
    }

    /// How the level stands at `now`. `spans` are those that are sorted by their beginnings and not after `now`, from the
    /// last one before the period on.
    pub fn judge(&self, now: Millis, over: Overlays<'_>, spans: &[Span], zone: &Zone) -> Judgement {
        let (from, to) = self.period.around(now, zone);
        let account = self.account((from, to), now, over, spans.iter().copied(), zone);
        let ahead = LookAhead::new(self, (from, to), now, over, spans, zone);
        let state = standing(account.budget, account.spent, ahead.is_down(now));
        Judgement {
            account,
            state,
            look_again: ahead.look_again(state),
            spent_at: if state == State::Ko { ahead.spent_at(account.budget) } else { None },
            spent_by: if state == State::Ko { None } else { ahead.spent_by(account.budget, account.spent) },
        }
    }
}

/// Where a level stands that has spent so much, and is or is not spending more.
fn standing(budget: i64, spent: i64, is_down: bool) -> State {
    let left = budget.saturating_sub(spent);
    if left <= 0 && (spent > 0 || is_down) {
        State::Ko
    } else if left.saturating_mul(4) < budget {
        State::But
    } else {
        State::Ok
    }
}

/// How long somebody may be down in so many milliseconds.
pub fn budget(target: u32, time: i64) -> i64 {
    let share = i128::from(Percent::ALL.0.saturating_sub(target));
    let budget = i128::from(time) * share / i128::from(Percent::ALL.0);
    i64::try_from(budget).unwrap_or(i64::MAX)
}

/// Whether what was measured is at least the target. It is compared before it is rounded.
fn is_met(target: u32, counted: Durations) -> Option<bool> {
    let up = i128::from(counted.up());
    let whole = up + i128::from(counted.ko);
    (whole > 0).then(|| up * i128::from(Percent::ALL.0) >= whole * i128::from(target))
}

/// Reads a target: `99.9%`, more than 0% and at most 100%, with at most three decimals.
///
/// # Errors
/// The words say what was expected.
pub fn parse_target(text: &str) -> Result<u32, String> {
    let wrong = || {
        format!("{text:?}: expected more than 0% and at most 100%, with up to three decimals, as \"99.9%\"")
    };
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    let is_number = (1..=3).contains(&whole.len())
        && (1..=3).contains(&decimals.len())
        && are_digits(whole)
        && are_digits(decimals);
    let target = if is_number { format!("{whole}{decimals:0<3}").parse::<u32>().ok() } else { None };
    target.filter(|target| (1..=Percent::ALL.0).contains(target)).ok_or_else(wrong)
}

/// A target as [`parse_target`] reads it, without needless decimals.
pub fn target_text(target: u32) -> String {
    let text = Percent(target).to_string();
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
