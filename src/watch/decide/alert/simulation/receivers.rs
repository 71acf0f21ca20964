//! Those at the other end: what each of them was told, and what may be told next.

use crate::config::AlertEvent;
use crate::decide::alert::Sending;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// What a receiver believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Belief {
    /// All is well.
    #[default]
    Well,
    /// It fails.
    Fails,
    /// A kill fell between a command and its note: this one may hear it again, or, where the change itself was lost, no
    /// more of it.
    Either,
}

#[derive(Debug, Default)]
pub(super) struct Receiver {
    pub belief: Belief,
    pub failing: Option<Millis>,
    pub count: u32,
    /// When the last command began that told a failure, and the last that told who else failed.
    pub last: Millis,
    pub spoke: Millis,
    /// What it was told, and when killed: for who looks at a seed that fails.
    history: Vec<String>,
    /// It was told of these episodes.
    episodes: BTreeSet<(&'static str, Millis)>,
}

/// Object, alert, command.
pub(super) type Key = (ObjectName, String, Vec<String>);

#[derive(Debug, Default)]
pub(super) struct Receivers {
    pub all: BTreeMap<Key, Receiver>,
    /// Who was told what the journal has not yet, and with how many entries it will; none: it was not handed in.
    unnoted: Vec<(Key, Option<u64>)>,
}

pub(super) fn key(sending: &Sending) -> Key {
    (sending.name.clone(), sending.alert.clone(), sending.command.clone())
}

impl Receivers {
    /// A command succeeded. Tells what it was.
    pub fn delivered(&mut self, sending: &Sending, began: Millis) -> &'static str {
        let receiver = self.all.entry(key(sending)).or_default();
        self.unnoted.push((key(sending), None));
        if sending.direct.is_some() {
            return "told direct";
        }
        let is_unsure = receiver.belief == Belief::Either;
        let Sending { event, step, failing, count, .. } = sending;
        receiver.history.push(format!("{began:?} {event:?} {step} {failing:?} {count}"));
        match sending.event {
            AlertEvent::Ko => {
                let is_same = receiver.failing == sending.failing && receiver.belief == Belief::Fails;
                receiver.count = if is_same { receiver.count + 1 } else { 1 };
                if is_unsure {
                    receiver.count = sending.count;
                }
                assert_eq!(receiver.count, sending.count, "{sending:?} {receiver:#?}");
                assert!(sending.limit.is_none_or(|limit| sending.count <= limit), "{sending:?}");
                if !is_same {
                    receiver.spoke = Millis(i64::MIN);
                }
                (receiver.failing, receiver.last) = (sending.failing, began);
                receiver.belief = Belief::Fails;
                if sending.count > 1 { "told again" } else { "told ko" }
            }
            AlertEvent::Incident => {
                // It tells of the failure, but is none of those that are counted.
                if !is_unsure && (receiver.failing != sending.failing || receiver.belief == Belief::Well) {
                    (receiver.failing, receiver.count) = (sending.failing, 0);
                    receiver.belief = Belief::Fails;
                }
                "told incident"
            }
            AlertEvent::Partial => {
                assert_ne!(receiver.belief, Belief::Well, "{sending:?}");
                assert!(is_unsure || began.since(receiver.spoke) >= 60_000, "{sending:?}");
                receiver.spoke = began;
                "told partial"
            }
            AlertEvent::Ok => {
                assert_ne!(receiver.belief, Belief::Well, "nobody told it of a failure: {sending:?}");
                (receiver.belief, receiver.failing) = (Belief::Well, None);
                "told ok"
            }
            AlertEvent::But | AlertEvent::Unknown => {
                let word = if sending.event == AlertEvent::But { "told but" } else { "told unknown" };
                let is_new = receiver.episodes.insert((word, sending.at));
                assert!(is_new || is_unsure, "twice in an episode: {sending:?}");
                word
            }
            AlertEvent::Flapping => "told flapping",
        }
    }

    /// So many entries were handed in, with all notes.
    pub fn handed_in(&mut self, entries: u64) {
        for (_, note) in &mut self.unnoted {
            note.get_or_insert(entries);
        }
    }

    /// So many entries are written.
    pub fn noted(&mut self, written: u64) {
        self.unnoted.retain(|(_, note)| note.is_none_or(|note| note > written));
    }

    /// Killed. `running` are those whose command had done its work just then. Tells for how many the note was lost.
    pub fn killed(&mut self, running: impl IntoIterator<Item = Key>) -> u64 {
        let unnoted = std::mem::take(&mut self.unnoted).into_iter().map(|(key, _)| key);
        let lost: BTreeSet<Key> = unnoted.chain(running).collect();
        for key in &lost {
            let receiver = self.all.entry(key.clone()).or_default();
            receiver.belief = Belief::Either;
            receiver.history.push("killed before the note".to_owned());
        }
        lost.len() as u64
    }
}
