//! An availability that somebody asks for, of an object or of a level: over which time it is, and what it comes to.

use crate::availability::{Durations, Ground, Percent, availability};
use crate::calendar::{Period, Zone};
use crate::journal::History;
use crate::level::Promise;
use crate::time::Millis;

/// An availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoning {
    /// From then on.
    pub from: Millis,
    /// Until then, now at the latest.
    pub to: Millis,
    /// How long it was how.
    pub durations: Durations,
    /// Of all that was measured.
    pub measured: Option<Percent>,
    /// The same without what was planned.
    pub contractual: Option<Percent>,
    /// Of a level: the target, the budget, and what is left of that, in milliseconds.
    pub budget: Option<(Percent, i64, i64)>,
}

impl Reckoning {
    /// What a history from `from` on comes to. What lies between `now` and `to` is not reckoned, but belongs to the budget
    /// of a promise.
    pub fn of(
        history: &History,
        promise: Option<&Promise>,
        (from, to): (Millis, Millis),
        now: Millis,
        zone: &Zone,
    ) -> Reckoning {
        let spans = history.spans.iter().copied();
        let end = to.min(now);
        let Some(promise) = promise else {
            let durations = availability(&Ground { over: history.over(), ..Ground::of(from, end) }, spans);
            let (measured, contractual) = (durations.measured(), durations.contractual());
            return Reckoning { from, to: end, durations, measured, contractual, budget: None };
        };
        let account = promise.account((from, to), now, history.over(), spans, zone);
        Reckoning {
            from,
            to: end,
            durations: account.durations,
            measured: account.measured,
            contractual: account.contractual,
            budget: Some((Percent(promise.target), account.budget, account.left)),
        }
    }
}

/// Over which time: what was asked for, and for what was not the promise's own period, which is the one in which the last
/// moment lies; a rolling one ends with the time. No beginning is the journal's.
pub fn times(
    promise: Option<&Promise>,
    (from, to): (Option<Millis>, Option<Millis>),
    now: Millis,
    zone: &Zone,
) -> (Option<Millis>, Millis) {
    let is_rolling = promise.is_some_and(|promise| matches!(promise.period, Period::Rolling(_)));
    let last = to.map_or(now, |to| if is_rolling { to } else { Millis(to.0.saturating_sub(1)) });
    let period = promise.map(|promise| promise.period.around(last, zone));
    let from = from.or(period.map(|(from, _)| from));
    let to = match (to, period) {
        (Some(to), _) => to,
        (None, Some((begin, end))) if from == Some(begin) => end,
        (None, _) => now,
    };
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::CountedAs;

    const DAY: i64 = 86_400_000;

    fn promise(period: Period) -> Promise {
        Promise { target: 99_900, period, hours: None, unknown: CountedAs::Excluded }
    }

    #[test]
    fn what_is_not_asked_for_is_of_the_promise() {
        let now = Millis(2 * DAY + 5);
        let times = |promise: Option<&Promise>, from: Option<i64>, to: Option<i64>| {
            let (from, to) = times(promise, (from.map(Millis), to.map(Millis)), now, &Zone::UTC);
            (from.map(|from| from.0), to.0)
        };
        assert_eq!(times(None, None, None), (None, now.0));
        assert_eq!(times(None, Some(7), None), (Some(7), now.0));
        assert_eq!(times(None, None, Some(9)), (None, 9));
        let day = promise(Period::Day);
        assert_eq!(
            times(Some(&day), None, None),
            (Some(2 * DAY), 3 * DAY),
            "the whole period has the budget"
        );
        assert_eq!(times(Some(&day), Some(2 * DAY), None), (Some(2 * DAY), 3 * DAY));
        assert_eq!(times(Some(&day), Some(DAY), None), (Some(DAY), now.0));
        assert_eq!(times(Some(&day), None, Some(DAY)), (Some(0), DAY), "midnight ends the day before it");
        let rolling = promise(Period::Rolling(DAY));
        assert_eq!(times(Some(&rolling), None, None), (Some(DAY + 5), now.0));
        assert_eq!(times(Some(&rolling), None, Some(DAY)), (Some(0), DAY));
    }
}
