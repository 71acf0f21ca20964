//! When a level stands elsewhere if all stays as it is: it goes from one edge of the hours, the outages and their falling
//! out of a rolling period to the next. Between two edges a level only gets better or only worse, so that the moment
//! within is found by halving.

use super::windows::Windows;
use super::{Promise, budget, standing};
use crate::availability::{Ground, Overlays, Span, pieces};
use crate::calendar::{Period, Zone};
use crate::state::State;
use crate::time::Millis;

/// What is known of a level, and what comes if all stays as it is.
#[derive(Debug)]
pub(super) struct LookAhead {
    target: u32,
    now: Millis,
    from: Millis,
    /// Until where it looks: the period's end, of a rolling one a whole length from now.
    horizon: Millis,
    /// The length of a rolling period.
    rolling: Option<i64>,
    /// What counts, from the period's beginning to the horizon.
    counted: Windows,
    /// When the budget was and would be spent: within what counts.
    down: Windows,
}

impl LookAhead {
    pub(super) fn new(
        promise: &Promise,
        (from, to): (Millis, Millis),
        now: Millis,
        over: Overlays<'_>,
        spans: &[Span],
        zone: &Zone,
    ) -> LookAhead {
        let rolling = match promise.period {
            Period::Rolling(length) => Some(length),
            Period::Day | Period::Week | Period::Month | Period::Quarter | Period::Year => None,
        };
        let horizon = rolling.map_or(to, |length| Millis(now.0.saturating_add(length)));
        let mut counted = Windows::default();
        match &promise.hours {
            Some(hours) => {
                hours.windows(from, horizon, zone).into_iter().for_each(|(from, to)| counted.push(from, to));
            }
            None => counted.push(from, horizon),
        }
        // The millisecond of now says how it goes on.
        let next = Millis(now.0.saturating_add(1));
        let mut down = Windows::default();
        let ground = Ground { over, ..Ground::of(from, next) };
        for piece in
            pieces(&ground, spans.iter().copied()).filter(|piece| promise.unknown.spends(piece.share))
        {
            down.push(piece.from, if piece.to == next { horizon } else { piece.to });
        }
        let down = down.within(&counted);
        LookAhead { target: promise.target, now, from, horizon, rolling, counted, down }
    }

    /// Whether the budget is being spent.
    pub(super) fn is_down(&self, at: Millis) -> bool {
        self.down.holds(at)
    }

    /// Where the level stands at `at`, now or later.
    fn standing(&self, at: Millis) -> State {
        let (from, to) = match self.rolling {
            Some(length) => (Millis(at.0.saturating_sub(length)), at),
            None => (self.from, self.horizon),
        };
        let time = self.counted.before(to).saturating_sub(self.counted.before(from));
        let spent = self.down.before(at).saturating_sub(self.down.before(from));
        standing(budget(self.target, time), spent, self.is_down(at))
    }

    /// The first moment after now at which the level is not in `state`, the horizon at the latest.
    pub(super) fn look_again(&self, state: State) -> Millis {
        let mut edges: Vec<Millis> = self.counted.edges().chain(self.down.edges()).collect();
        if let Some(length) = self.rolling {
            let falling_out: Vec<Millis> =
                edges.iter().map(|edge| Millis(edge.0.saturating_add(length))).collect();
            edges.extend(falling_out);
        }
        edges.retain(|edge| (self.now..self.horizon).contains(edge));
        edges.extend([self.now, self.horizon]);
        edges.sort_unstable();
        edges.dedup();
        let stretches = edges.iter().zip(edges.iter().skip(1));
        let mut changes = stretches.filter_map(|(from, to)| self.change_within(*from, *to, state));
        changes.next().unwrap_or(self.horizon)
    }

    /// The first moment in [from, to) at which the level is not in `state`.
    fn change_within(&self, from: Millis, to: Millis, state: State) -> Option<Millis> {
        let (mut low, mut high) = (from, Millis(to.0.saturating_sub(1)));
        if self.standing(high) == state {
            return None;
        }
        while low < high {
            let middle = Millis(low.0.saturating_add(high.since(low) / 2));
            if self.standing(middle) == state {
                low = Millis(middle.0.saturating_add(1));
            } else {
                high = middle;
            }
        }
        Some(high)
    }

    /// When so much was spent.
    pub(super) fn spent_at(&self, budget: i64) -> Option<Millis> {
        if self.rolling.is_some() { None } else { self.down.reach(budget) }
    }

    /// When so much will be spent at the average rate since the period began.
    pub(super) fn spent_by(&self, budget: i64, spent: i64) -> Option<Millis> {
        let elapsed = i128::from(self.counted.before(self.now));
        let needed = (i128::from(budget) * elapsed)
            .checked_add(i128::from(spent) - 1)?
            .checked_div(i128::from(spent))?;
        let needed = i64::try_from(needed).ok().filter(|_| self.rolling.is_none())?;
        self.counted.reach(needed)
    }
}
