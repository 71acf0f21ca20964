//! Our own failures: what kept us from finding out, told once an episode, however many targets it concerned.

use crate::limits::{OWN_EPISODE, OWN_EPISODES};
use oco::logic::time::Nanos;

/// The episodes that go on.
#[derive(Debug, Default)]
pub struct OwnFailures {
    episodes: Vec<Episode>,
}

#[derive(Debug)]
struct Episode {
    reason: Box<str>,
    last: Nanos,
    /// How often it happened.
    count: u64,
}

/// An episode that is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Over {
    /// What it was.
    pub reason: Box<str>,
    /// How often it happened.
    pub count: u64,
}

impl OwnFailures {
    /// Something kept us from finding out. Whether an episode begins with it, which is to be told.
    pub fn happened(&mut self, reason: &str, now: Nanos) -> bool {
        if let Some(episode) = self.episodes.iter_mut().find(|episode| *episode.reason == *reason) {
            episode.last = now;
            episode.count += 1;
            return false;
        }
        if self.episodes.len() >= OWN_EPISODES {
            return false;
        }
        self.episodes.push(Episode { reason: reason.into(), last: now, count: 1 });
        true
    }

    /// When the first episode ends, if nothing of it happens until then.
    pub fn deadline(&self) -> Option<Nanos> {
        self.episodes.iter().map(|episode| episode.last.after(OWN_EPISODE)).min()
    }

    /// The episodes that have ended.
    pub fn over(&mut self, now: Nanos) -> Vec<Over> {
        let mut over = Vec::new();
        self.episodes.retain_mut(|episode| {
            let has_ended = episode.last.after(OWN_EPISODE) <= now;
            if has_ended {
                over.push(Over { reason: std::mem::take(&mut episode.reason), count: episode.count });
            }
            !has_ended
        });
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_told_once_and_ends_after_a_minute_without() {
        let second = |number: i64| Nanos(number * 1_000_000_000);
        let mut own = OwnFailures::default();
        assert!(own.happened("no free descriptors", second(0)));
        assert!(!own.happened("no free descriptors", second(50)));
        assert!(own.happened("no network", second(55)));
        assert_eq!((own.deadline(), own.over(second(109))), (Some(second(110)), vec![]));
        assert_eq!(own.over(second(110)), [Over { reason: "no free descriptors".into(), count: 2 }]);
        assert!(own.happened("no free descriptors", second(111)));
        for number in 0..1000 {
            own.happened(&number.to_string(), second(111));
        }
        assert_eq!(own.episodes.len(), OWN_EPISODES);
    }
}
