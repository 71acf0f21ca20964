//! Our own failures, told once an episode: one that is over when a minute has passed without.

use super::changes::Note;
use crate::limits::{EPISODE, EPISODES};
use oco::logic::time::Nanos;
use oco_fleet::object::ObjectName;

/// The episodes that go on, one for each kind of failure.
#[derive(Debug, Default)]
pub struct Episodes {
    open: Vec<Episode>,
}

#[derive(Debug)]
struct Episode {
    reason: Box<str>,
    failures: u64,
    last: Nanos,
}

impl Episodes {
    /// We failed, for this reason, at that target. Tells it where an episode begins.
    pub fn failed(&mut self, reason: &str, target: &ObjectName, now: Nanos) -> Option<Note> {
        let note = || Note::OwnFailure { target: target.clone(), reason: reason.into() };
        self.begins(reason, now).then(note)
    }

    /// We failed, for this reason, at the canary. An episode of its own: it holds up every ko.
    pub fn canary_failed(&mut self, reason: &str, now: Nanos) -> Option<Note> {
        let note = || Note::CanaryHampered(reason.into());
        self.begins(&format!("canary: {reason}"), now).then(note)
    }

    /// Whether an episode begins by this failure.
    fn begins(&mut self, reason: &str, now: Nanos) -> bool {
        if let Some(episode) = self.open.iter_mut().find(|episode| *episode.reason == *reason) {
            episode.failures = episode.failures.saturating_add(1);
            episode.last = episode.last.max(now);
            return false;
        }
        if self.open.len() >= EPISODES {
            return false;
        }
        self.open.push(Episode { reason: reason.into(), failures: 1, last: now });
        true
    }

    /// When the first of them will be over.
    pub fn deadline(&self) -> Option<Nanos> {
        self.open.iter().map(|episode| episode.last.after(EPISODE)).min()
    }

    /// Tells which are over.
    pub fn expire(&mut self, now: Nanos, notes: &mut Vec<Note>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.open.retain_mut(|episode| {
            let goes_on = episode.last.after(EPISODE) > now;
            if !goes_on {
                let reason = std::mem::take(&mut episode.reason);
                notes.push(Note::OwnFailureOver { reason, failures: episode.failures });
            }
            goes_on
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_told_once_and_ends_after_a_minute_without() {
        let mut episodes = Episodes::default();
        let name = ObjectName::parse("web/oco/a").unwrap();
        let second = |seconds: i64| Nanos(seconds * 1_000_000_000);
        assert!(episodes.failed("no descriptors", &name, second(0)).is_some());
        assert!(episodes.failed("no descriptors", &name, second(50)).is_none());
        assert!(episodes.failed("no memory", &name, second(60)).is_some());
        let mut notes = Vec::new();
        episodes.expire(second(109), &mut notes);
        assert_eq!((notes.len(), episodes.deadline()), (0, Some(second(110))));
        episodes.expire(second(110), &mut notes);
        assert_eq!(notes, [Note::OwnFailureOver { reason: "no descriptors".into(), failures: 2 }]);
        assert!(episodes.failed("no descriptors", &name, second(111)).is_some());
        for number in 0..100 {
            episodes.failed(&number.to_string(), &name, second(112));
        }
        assert_eq!(episodes.open.len(), EPISODES);
    }

    #[test]
    fn a_canary_that_can_not_be_asked_is_told_beside_targets_of_the_same_trouble() {
        let (mut episodes, name) = (Episodes::default(), ObjectName::parse("a/b/c").unwrap());
        assert!(episodes.failed("no ping", &name, Nanos(0)).is_some());
        assert_eq!(episodes.canary_failed("no ping", Nanos(0)), Some(Note::CanaryHampered("no ping".into())));
        assert_eq!(episodes.canary_failed("no ping", Nanos(1)), None);
    }
}
