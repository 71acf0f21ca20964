//! What the journal keeps, in the words of those who judge, both ways.

use crate::config::Settings;
use crate::decide::changes::{Keep, Kept, KeptAbove, KeptObject};
use crate::decide::fleet::LOST;
use crate::decide::target::{Counts, KeptTarget};
use crate::decide::telling::KeptTelling;
use oco_fleet::journal::{self, Entry};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use std::collections::HashMap;

/// Nothing was kept.
pub fn nothing() -> Kept {
    Kept::default()
}

/// What a journal kept of acts, maintenance, incidents, and whom was told of what.
pub fn telling(kept: &mut journal::Kept) -> KeptTelling {
    KeptTelling {
        acts: std::mem::take(&mut kept.acts),
        last_act: kept.last_act,
        windows: std::mem::take(&mut kept.windows),
        told: std::mem::take(&mut kept.told),
        incidents: std::mem::take(&mut kept.incidents),
        last_incident: kept.last_incident,
    }
}

/// What a journal kept.
pub fn of(kept: journal::Kept) -> Kept {
    let objects = kept.objects.into_iter().map(|(name, object)| (name, of_object(object)));
    let objects: HashMap<ObjectName, KeptObject> = objects.collect();
    // The journal does not say so itself. Where it is us no longer, the first round of the canary tells.
    let is_canary_lost = objects.iter().any(|(name, kept)| {
        name.kind() == Kind::Target && kept.standing.state == State::Unknown && *kept.standing.reason == *LOST
    });
    let (last, measured) = (kept.last, kept.measured);
    Kept { last, objects, measured, is_canary_lost, ..Kept::default() }
}

fn of_object(kept: journal::KeptObject) -> KeptObject {
    let counts = Counts {
        known: kept.settled.unwrap_or(kept.standing.state),
        successes: kept.successes,
        failures: kept.failures,
        silence: u64::try_from(kept.silent_ms).unwrap_or(0),
    };
    let failing_since = kept.failing.or((kept.standing.state == State::Ko).then_some(kept.since));
    let is_met = kept.reporter.as_ref().is_some_and(|reporter| reporter.taken_in);
    // The journal has the latest last.
    let periods = kept.reporter.map(|reporter| reporter.periods).unwrap_or_default();
    KeptObject {
        since: Some(kept.since),
        target: KeptTarget { counts, ..KeptTarget::default() },
        periods: periods.into_iter().rev().filter_map(|period| u32::try_from(period).ok()).collect(),
        above: KeptAbove { changes: kept.recent, flapping_since: kept.flapping, failing_since },
        standing: kept.standing,
        is_met,
    }
}

/// The longest time within which flaps are counted, in milliseconds.
pub fn longest_flap(settings: &Settings) -> i64 {
    let services = settings.groups.iter().flat_map(|group| &group.services);
    let longest = services.map(|service| service.timing.flap.within).max().unwrap_or_default();
    i64::try_from(longest.as_millis()).unwrap_or(i64::MAX)
}

/// What the journal keeps of it.
pub fn entries(keep: Keep) -> Vec<Entry> {
    match keep {
        Keep::Target(name, kept, periods) => {
            let counts = journal::Counts {
                name: name.clone(),
                failures: kept.counts.failures,
                successes: kept.counts.successes,
                silent_ms: i64::try_from(kept.counts.silence).unwrap_or(i64::MAX),
                settled: Some(kept.counts.known),
                flapping: None,
                failing: None,
            };
            let mut entries = vec![Entry::Counts(counts)];
            if !periods.is_empty() {
                // The journal has the latest last.
                let periods = periods.into_iter().rev().map(i64::from).collect();
                entries.push(Entry::Reporter(journal::Reporter { name, taken_in: false, periods }));
            }
            entries
        }
        Keep::Above(name, kept) => vec![Entry::Counts(journal::Counts {
            name,
            failures: 0,
            successes: 0,
            silent_ms: 0,
            settled: None,
            flapping: kept.flapping_since,
            failing: kept.failing_since,
        })],
        Keep::Met(name, at) => vec![
            Entry::Watched { names: vec![name.clone()], at },
            Entry::Reporter(journal::Reporter { name, taken_in: true, periods: Vec::new() }),
        ],
        // A start sees it by those who are unknown for that reason.
        Keep::CanaryLost(_) => Vec::new(),
        Keep::Figures { at, measured } => vec![Entry::Figures { at, measured }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::state::Standing;

    #[test]
    fn a_start_sees_by_who_is_unknown_that_it_was_us() {
        for (name, reason, is_lost) in
            [("web/oco/a", LOST, true), ("web/oco/a", "no descriptors", false), ("web/oco", LOST, false)]
        {
            let mut journal = journal::Kept::default();
            let object =
                journal::KeptObject { standing: Standing::unknown(reason), ..journal::KeptObject::default() };
            journal.objects.insert(ObjectName::parse(name).unwrap(), object);
            assert_eq!(of(journal).is_canary_lost, is_lost, "{name} {reason}");
        }
    }
}
