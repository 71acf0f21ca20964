//! Availabilities and levels, reckoned where the journal is read.

use crate::levels::Question;
use oco_fleet::availability::{Adjustment, Durations, Ground, Percent, availability};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{History, JournalError, Reader};
use oco_fleet::level::{Judgement, Promise};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;

/// Whose availability is to be reckoned, over which time.
#[derive(Debug, Clone)]
pub struct AvailabilityWish {
    /// Whose.
    pub of: ObjectName,
    /// From then on; none: from the journal's beginning.
    pub from: Option<Millis>,
    /// Until then. What lies behind now is not reckoned, but belongs to a budget.
    pub to: Millis,
    /// Of a level: what was promised of it.
    pub promise: Option<Promise>,
    /// As the watcher has them now.
    pub common: Common,
}

/// A level that is to be judged.
#[derive(Debug, Clone)]
pub struct LevelWish {
    /// Which one.
    pub level: Question,
    /// As the watcher has them now.
    pub common: Common,
}

/// What the journal is not asked for.
#[derive(Debug, Clone)]
pub struct Common {
    /// Corrections that count.
    pub adjustments: Vec<Adjustment>,
    /// The time zone of hours and periods.
    pub zone: Zone,
    /// Now, in the journal's time: until then all is known.
    pub now: Millis,
}

/// An availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Availability {
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

/// None: it was never watched.
pub(super) fn reckon(
    reader: &mut Reader,
    wish: AvailabilityWish,
) -> Result<Option<Availability>, JournalError> {
    let from = match wish.from {
        Some(from) => from,
        None => reader.known()?.0,
    };
    let Common { adjustments, zone, now } = wish.common;
    let to = wish.to.min(now);
    let found = reader.history(&wish.of, from, to, now)?;
    let Some(promise) = wish.promise else {
        let Some(history) = found else { return Ok(None) };
        let history = History { adjustments, ..history };
        let durations = availability(
            &Ground { over: history.over(), ..Ground::of(from, to) },
            history.spans.iter().copied(),
        );
        let (measured, contractual) = (durations.measured(), durations.contractual());
        return Ok(Some(Availability { from, to, durations, measured, contractual, budget: None }));
    };
    let history = History { adjustments, ..found.unwrap_or_default() };
    let spans = history.spans.iter().copied();
    let account = promise.account((from, wish.to), now, history.over(), spans, &zone);
    Ok(Some(Availability {
        from,
        to,
        durations: account.durations,
        measured: account.measured,
        contractual: account.contractual,
        budget: Some((Percent(promise.target), account.budget, account.left)),
    }))
}

/// Judges a level. One of somebody who was never watched has spent nothing.
pub(super) fn judge(reader: &mut Reader, wish: LevelWish) -> Result<Judgement, JournalError> {
    let Common { adjustments, zone, now } = wish.common;
    let Question { of, promise } = wish.level;
    let (from, _) = promise.period.around(now, &zone);
    // How it goes on is what it is in the millisecond of now.
    let next = Millis(now.0.saturating_add(1));
    let found = reader.history(&of, from, next, next)?.unwrap_or_default();
    let history = History { adjustments, ..found };
    Ok(promise.judge(now, history.over(), &history.spans, &zone))
}
