//! What the journal kept, in the words of those who judge.

use crate::config::Settings;
use crate::decide::changes::{Kept, KeptAbove, KeptObject};
use crate::decide::target::{Counts, KeptTarget};
use oco_fleet::journal;
use oco_fleet::state::State;

/// Nothing was kept.
pub fn nothing() -> Kept {
    Kept::default()
}

/// What a journal kept.
pub fn of(kept: journal::Kept) -> Kept {
    let objects = kept.objects.into_iter().map(|(name, object)| (name, of_object(object)));
    Kept { last: kept.last, objects: objects.collect(), ..Kept::default() }
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
        above: KeptAbove { changes: kept.recent, is_flapping: kept.flapping.is_some(), failing_since },
        standing: kept.standing,
    }
}

/// The longest time within which flaps are counted, in milliseconds.
pub fn longest_flap(settings: &Settings) -> i64 {
    let services = settings.groups.iter().flat_map(|group| &group.services);
    let longest = services.map(|service| service.timing.flap.within).max().unwrap_or_default();
    i64::try_from(longest.as_millis()).unwrap_or(i64::MAX)
}
