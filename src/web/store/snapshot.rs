//! How all stands, as far as the journal tells.

use crate::limits::{JOURNAL_DEADLINE, JOURNAL_LOOK, WATCHER_LATE};
use crate::view::fleet::Fleet;
use crate::view::heard::Heard;
use oco_fleet::journal::{Act, Incident, Window};
use oco_fleet::time::Millis;
use std::sync::Arc;
use std::time::Duration;

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Who there is, and how each stands.
    pub fleet: Arc<Fleet>,
    /// What the watcher's file says of nodes and levels.
    pub heard: Arc<Heard>,
    /// What people said that is in force, or will be within [`WORK_AHEAD`](crate::limits::WORK_AHEAD).
    pub acts: Arc<Vec<Act>>,
    /// Windows of maintenance that are open.
    pub windows: Arc<Vec<Window>>,
    /// Incidents that are open, oldest first.
    pub incidents: Arc<Vec<Incident>>,
    /// Since when there is a journal.
    pub began: Millis,
    /// The watcher's last sign of life.
    pub alive: Millis,
    /// When the journal was read last; none: it never was.
    pub read: Option<Millis>,
    /// Why it can't be read now.
    pub trouble: Option<Trouble>,
}

/// The journal can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Millis,
    /// Why.
    pub why: String,
}

impl Snapshot {
    /// What is wrong with what is known, for people; none: nothing is.
    pub fn warning(&self, now: Millis) -> Option<String> {
        if let Some(trouble) = &self.trouble {
            return Some(format!("The journal cannot be read: {}", trouble.why));
        }
        if self.read.is_none() {
            return Some("The journal is being read for the first time".to_owned());
        }
        if self.unread(now).is_some() {
            return Some("The journal does not answer".to_owned());
        }
        self.is_late(now).then(|| "The watcher gives no sign of life".to_owned())
    }

    /// Why the journal is not read now; none: it is, or is about to be for the first time.
    pub fn unread(&self, now: Millis) -> Option<String> {
        let is_late = self.read.is_some_and(|read| is_longer(now, read, JOURNAL_DEADLINE + JOURNAL_LOOK * 5));
        let trouble = self.trouble.as_ref().map(|trouble| trouble.why.clone());
        trouble.or_else(|| is_late.then(|| "it does not answer".to_owned()))
    }

    /// Whether the watcher's last sign of life is too long ago for one that lives.
    pub fn is_late(&self, now: Millis) -> bool {
        self.read.is_some() && is_longer(now, self.alive, WATCHER_LATE)
    }

    /// Until when the past is known: now while the watcher lives, else its last sign of life.
    pub fn known(&self, now: Millis) -> Millis {
        if self.warning(now).is_none() { now } else { self.alive.min(now) }
    }
}

fn is_longer(now: Millis, since: Millis, length: Duration) -> bool {
    i64::try_from(length.as_millis()).is_ok_and(|length| now.since(since) > length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let minute = |minutes: i64| Millis(minutes * 60_000);
        let fine = Snapshot { alive: minute(100), read: Some(minute(101)), ..Snapshot::default() };
        assert_eq!((fine.warning(minute(101)), fine.known(minute(101))), (None, minute(101)));
        let says = |snapshot: &Snapshot, now: i64| snapshot.warning(minute(now)).unwrap_or_default();
        assert!(says(&fine, 103).contains("does not answer"));
        let late = Snapshot { read: Some(minute(103)), ..fine.clone() };
        assert!(says(&late, 103).contains("no sign of life"));
        assert_eq!(late.known(minute(103)), minute(100));
        let trouble = Some(Trouble { since: minute(1), why: "it is gone".to_owned() });
        assert!(says(&Snapshot { trouble, ..fine }, 101).contains("it is gone"));
        assert!(says(&Snapshot::default(), 1).contains("first time"));
    }
}
