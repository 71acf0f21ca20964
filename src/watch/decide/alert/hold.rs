//! What holds an alert.

use super::turn::{Turn, later};
use super::{DependencyFact, Subject};
use crate::config::Hours;
use crate::decide::clock::millis;
use crate::limits::{ALERT_AWAITS, ALERT_LOOKS_AGAIN, UNKNOWN_INTERVALS};
use oco_fleet::time::Millis;
use std::time::Duration;

/// Why nothing goes out, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// What the journal says; none: it says nothing, since this takes moments, or is said elsewhere.
    pub why: Option<String>,
    pub until: Millis,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A failure, or what goes with one: everything holds it.
    State,
    /// An incident, whose promised times go on though somebody acknowledged.
    Incident,
    /// What somebody says: only hours and mutes hold it.
    Direct,
}

/// What holds it; none: it goes out.
pub(super) fn hold(
    of: Of,
    subject: &Subject<'_>,
    hours: [Option<&Hours>; 2],
    turn: &Turn<'_>,
) -> Option<Hold> {
    let now = turn.now.steady;
    let for_now = |why: &str| Some(Hold { why: Some(why.to_owned()), until: later(now, ALERT_LOOKS_AGAIN) });
    if of != Of::Direct {
        if turn.facts.is_canary_lost() {
            return Some(Hold { why: None, until: later(now, ALERT_LOOKS_AGAIN) });
        }
        if subject.standing.planned {
            return for_now("maintenance");
        }
    }
    if subject.is_muted {
        return for_now("muted");
    }
    if of == Of::State && subject.is_acked && subject.failing_since.is_some() {
        return for_now("acknowledged");
    }
    if of != Of::Direct {
        match &subject.dependency {
            DependencyFact::Clear => {}
            DependencyFact::Awaited => return Some(Hold { why: None, until: later(now, ALERT_AWAITS) }),
            DependencyFact::Ko(name) => return for_now(&format!("while {name}")),
        }
    }
    hours.into_iter().flatten().find_map(|hours| outside(hours, turn))
}

/// Outside of hours the wall clock is looked at each minute at least: it may be set.
pub(super) fn outside(hours: &Hours, turn: &Turn<'_>) -> Option<Hold> {
    if hours.contains(turn.now.wall, turn.zone) {
        return None;
    }
    let change = hours.next_change(turn.now.wall, turn.zone);
    let wait = change.map_or(i64::MAX, |(change, _)| change.since(turn.now.wall)).max(1);
    let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX)).min(ALERT_LOOKS_AGAIN);
    Some(Hold { why: Some("outside of its hours".to_owned()), until: later(turn.now.steady, wait) })
}

/// Whether its state has lasted for so long that who is unknown is not only to be asked yet, and since it was us for so long
/// that all could be judged. Else the turn wakes then.
pub(super) fn has_lasted(subject: &Subject<'_>, turn: &mut Turn<'_>) -> bool {
    let grace = subject.interval.saturating_mul(UNKNOWN_INTERVALS);
    let left = |from: Millis, length: Duration| millis(length).saturating_sub(turn.now.at.since(from));
    let judging = turn.facts.judged_within(turn.name).max(grace);
    let left = left(subject.since, grace).max(left(turn.facts.heard_since(), judging));
    if left > 0 {
        turn.wake(Millis(turn.now.steady.0.saturating_add(left)));
    }
    left <= 0
}
