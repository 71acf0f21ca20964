//! What the journal keeps, in the words of those who judge, both ways.

use crate::config::Settings;
use crate::decide::changes::{Keep, Kept, KeptAbove, KeptObject};
use crate::decide::target::{Counts, KeptTarget};
use crate::decide::telling::KeptTelling;
use oco_fleet::journal::{self, Entry};
use oco_fleet::state::State;

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
    Kept { last: kept.last, objects: objects.collect(), measured: kept.measured, ..Kept::default() }
}

fn of_object(kept: journal::KeptObject) -> KeptObject {
    let counts = Counts {
        known: kept.settled.unwrap_or(kept.standing.state),
        successes: kept.successes,
        failures: kept.failures,
        silence: u64::try_from(kept.silent_ms).unwrap_or(0),
    };
    let failing_since = kept.failing.or((kept.standing.state == State::Ko).then_some(kept.since));
    // The journal has the latest last.
    let periods = kept.reporter.map(|reporter| reporter.periods).unwrap_or_default();
    KeptObject {
        since: Some(kept.since),
        target: KeptTarget { counts, ..KeptTarget::default() },
        periods: periods.into_iter().rev().filter_map(|period| u32::try_from(period).ok()).collect(),
        above: KeptAbove { changes: kept.recent, flapping_since: kept.flapping, failing_since },
        standing: kept.standing,
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
        // A start asks the canary anew before it judges.
        Keep::CanaryLost(_) => Vec::new(),
        Keep::Figures { at, measured } => vec![Entry::Figures { at, measured }],
    }
}
