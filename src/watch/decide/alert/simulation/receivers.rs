//! Those at the other end: what each of them was told, and what may be told next.

use crate::config::AlertEvent;
use crate::decide::alert::Sending;
use crate::journal_writer::Sequence;
use oco::logic::time::Nanos;
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

/// What is told once, beside failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Episode {
    But(Millis),
    Unknown(Millis),
    Flapping(Millis),
    Incident,
    Direct(String),
}

/// A command, from when it was decided on.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    pub sending: Sending,
    pub episode: Option<Episode>,
    /// Whether its alert tells of recoveries.
    pub wants_ok: bool,
    /// When, by the steady clock, by that of the loop, and in which turn.
    pub began: Millis,
    pub at: Nanos,
    pub turn: u64,
    /// What it tells of stands in the journal up to there.
    pub behind: Sequence,
}

#[derive(Debug, Default)]
pub(super) struct Receiver {
    pub belief: Belief,
    pub failing: Option<Millis>,
    pub count: u32,
    /// When the last command began that told a failure, and the last that told who else failed.
    pub last: Millis,
    /// When the last one that told a failure ended.
    pub heard: Millis,
    pub spoke: Millis,
    /// Who failed by what it was told last.
    pub failed: BTreeSet<ObjectName>,
    /// Who failed when that could not be told, since the start.
    pub missed: Option<BTreeSet<ObjectName>>,
    /// Whether it is to be told of the end.
    pub wants_ok: bool,
    /// The failure that it was told of was over, and nothing kept its recovery back.
    pub is_due: bool,
    /// When the command that was to tell that failed.
    pub recovery_failed: Option<Millis>,
    /// What it was told, and when killed: for who looks at a seed that fails.
    history: Vec<String>,
}

/// Object, alert, command.
pub(super) type Key = (ObjectName, String, Vec<String>);
/// Object, alert.
pub(super) type TrackKey = (ObjectName, String);

/// What an alert is to tell of an object beside failures, and what it has told.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// It was told of these episodes, or nobody could be.
    told: BTreeSet<Episode>,
    /// It was told of these just before a kill: maybe once more.
    unsure: BTreeSet<Episode>,
    /// In which turn something became of the incident that nobody was told of yet, and where that stands in the journal.
    pub incident: Option<(u64, Sequence)>,
    /// What somebody said and nobody was told of yet, each with where it stands in the journal.
    pub direct: Vec<(String, Option<Sequence>)>,
}

impl Track {
    /// Whether an episode needs not be told any more.
    pub fn is_done(&self, episode: &Episode) -> bool {
        self.told.contains(episode) || self.unsure.contains(episode)
    }

    /// Whether there is something to tell: it was not told, or maybe a kill has lost the note of it.
    pub fn is_wanted(&self, episode: &Episode) -> bool {
        let is_wanted = match episode {
            Episode::But(_) | Episode::Unknown(_) | Episode::Flapping(_) => !self.told.contains(episode),
            Episode::Incident => self.incident.is_some(),
            Episode::Direct(text) => self.direct.iter().any(|(waiting, _)| waiting == text),
        };
        is_wanted || self.unsure.contains(episode)
    }

    /// It was told, or nobody could be: there is no more to do.
    pub fn end(&mut self, posted: &Posted, episode: &Episode) {
        self.unsure.remove(episode);
        match episode {
            Episode::But(_) | Episode::Unknown(_) | Episode::Flapping(_) => {
                self.told.insert(episode.clone());
            }
            // Something else may have become of it since.
            Episode::Incident => drop(self.incident.take_if(|(raised, _)| *raised <= posted.turn)),
            Episode::Direct(text) => self.direct.retain(|(waiting, _)| waiting != text),
        }
    }
}

/// What was told, and stands in the journal once its entry is written.
#[derive(Debug)]
struct Unnoted {
    key: Key,
    step: u32,
    episode: Option<Episode>,
    note: Option<Sequence>,
}

#[derive(Debug, Default)]
pub(super) struct Receivers {
    pub all: BTreeMap<Key, Receiver>,
    pub tracks: BTreeMap<TrackKey, Track>,
    unnoted: Vec<Unnoted>,
}

pub(super) fn key(sending: &Sending) -> Key {
    (sending.name.clone(), sending.alert.clone(), sending.command.clone())
}

pub(super) fn track_key(sending: &Sending) -> TrackKey {
    (sending.name.clone(), sending.alert.clone())
}

pub(super) fn names(sending: &Sending) -> BTreeSet<ObjectName> {
    sending.failed.iter().map(|(name, _)| name.clone()).collect()
}

impl Receivers {
    /// A command succeeded. Tells what it was.
    pub fn delivered(&mut self, posted: &Posted, at: Millis) -> &'static str {
        let Posted { sending, episode, began, .. } = posted;
        let step = sending.step;
        self.unnoted.push(Unnoted { key: key(sending), step, episode: episode.clone(), note: None });
        if let Some(episode) = episode {
            self.tracks.entry(track_key(sending)).or_default().end(posted, episode);
        }
        if sending.direct.is_some() {
            return "told direct";
        }
        let receiver = self.all.entry(key(sending)).or_default();
        let Sending { event, failing, count, .. } = sending;
        receiver.history.push(format!("{began:?} {event:?} {step} {failing:?} {count}"));
        match sending.event {
            AlertEvent::Ko => {
                receiver.heard = at;
                receiver.fails(posted)
            }
            AlertEvent::Incident => receiver.hears_of_incident(posted),
            AlertEvent::Partial => receiver.hears_who_else(posted),
            AlertEvent::Ok => {
                assert_ne!(receiver.belief, Belief::Well, "nobody told it of a failure: {sending:?}");
                let wants_ok = receiver.wants_ok || receiver.belief == Belief::Either;
                assert!(wants_ok, "it never asked for recoveries: {sending:?}");
                receiver.is_well();
                "told ok"
            }
            AlertEvent::But => "told but",
            AlertEvent::Unknown => "told unknown",
            AlertEvent::Flapping => "told flapping",
        }
    }

    /// The note of an alert was handed in: of one step, or that there is nothing to remember any more.
    pub fn handed_in(&mut self, name: &ObjectName, alert: &str, step: Option<u32>, note: Sequence) {
        for unnoted in &mut self.unnoted {
            let is_it = unnoted.key.0 == *name && unnoted.key.1 == alert;
            if is_it && step.is_none_or(|step| step == unnoted.step) {
                unnoted.note.get_or_insert(note);
            }
        }
        if step.is_none_or(|step| step == 1)
            && let Some(track) = self.tracks.get_mut(&(name.clone(), alert.to_owned()))
        {
            for (_, waiting) in &mut track.direct {
                waiting.get_or_insert(note);
            }
        }
    }

    /// So far it is written.
    pub fn noted(&mut self, written: Sequence) {
        self.unnoted.retain(|unnoted| unnoted.note.is_none_or(|note| note > written));
    }

    /// Killed, when it was written so far. `done` are those whose command had done its work just then. Tells for how many
    /// the note was lost.
    pub fn killed(&mut self, written: Sequence, done: Vec<Posted>) -> u64 {
        self.noted(written);
        let mut lost = std::mem::take(&mut self.unnoted);
        for posted in done {
            let Posted { sending, episode, .. } = posted;
            lost.push(Unnoted { key: key(&sending), step: sending.step, episode, note: None });
        }
        for unnoted in &lost {
            let (name, alert, _) = &unnoted.key;
            if let Some(episode) = &unnoted.episode {
                let track = self.tracks.entry((name.clone(), alert.clone())).or_default();
                track.told.remove(episode);
                track.unsure.insert(episode.clone());
            }
            if unnoted.episode.as_ref().is_none_or(|episode| *episode == Episode::Incident) {
                let receiver = self.all.entry(unnoted.key.clone()).or_default();
                receiver.belief = Belief::Either;
                receiver.history.push("killed before the note".to_owned());
            }
        }
        for track in self.tracks.values_mut() {
            // What somebody said a moment ago is lost with its note.
            track.direct.retain(|(_, note)| note.is_some_and(|note| note <= written));
            if track.incident.take_if(|(_, entry)| *entry > written).is_some() {
                track.unsure.insert(Episode::Incident);
            }
        }
        lost.len() as u64
    }
}

impl Receiver {
    fn fails(&mut self, posted: &Posted) -> &'static str {
        let sending = &posted.sending;
        let is_unsure = self.belief == Belief::Either;
        let is_same = self.failing == sending.failing && self.belief == Belief::Fails;
        if self.belief == Belief::Fails && !is_same {
            // It was up for no longer than a command of its failure ran, or while it went up and down, or its recovery
            // could not be told.
            let is_excused = !self.is_due || self.recovery_failed.is_some();
            assert!(is_excused, "a further failure, and no recovery between: {sending:?} {self:#?}");
        }
        self.count = if is_same { self.count + 1 } else { 1 };
        if is_unsure {
            self.count = sending.count;
        }
        assert_eq!(self.count, sending.count, "{sending:?} {self:#?}");
        assert!(sending.limit.is_none_or(|limit| sending.count <= limit), "{sending:?}");
        if !is_same {
            self.spoke = Millis(i64::MIN);
        }
        self.last = posted.began;
        self.is_told(posted);
        if sending.count > 1 { "told again" } else { "told ko" }
    }

    /// It tells of the failure, but is none of those that are counted.
    fn hears_of_incident(&mut self, posted: &Posted) -> &'static str {
        let is_unsure = self.belief == Belief::Either;
        if !is_unsure && (self.failing != posted.sending.failing || self.belief == Belief::Well) {
            self.count = 0;
        }
        if is_unsure {
            self.failed = names(&posted.sending);
        } else {
            self.is_told(posted);
        }
        "told incident"
    }

    fn hears_who_else(&mut self, posted: &Posted) -> &'static str {
        let (sending, is_unsure) = (&posted.sending, self.belief == Belief::Either);
        assert_ne!(self.belief, Belief::Well, "{sending:?}");
        assert!(is_unsure || posted.began.since(self.spoke) >= 60_000, "too soon: {sending:?} {self:#?}");
        assert!(is_unsure || self.failing == sending.failing, "it knows of another: {sending:?} {self:#?}");
        self.spoke = posted.began;
        if is_unsure {
            self.failed = names(sending);
        } else {
            self.is_told(posted);
        }
        "told partial"
    }

    fn is_told(&mut self, posted: &Posted) {
        self.wants_ok = posted.wants_ok || (self.belief != Belief::Well && self.wants_ok);
        (self.belief, self.failing) = (Belief::Fails, posted.sending.failing);
        (self.failed, self.missed) = (names(&posted.sending), None);
        (self.is_due, self.recovery_failed) = (false, None);
    }

    /// Whether it was told that these failed, or could not be.
    pub fn knows(&self, failed: &BTreeSet<ObjectName>) -> bool {
        self.failed == *failed || self.missed.as_ref() == Some(failed)
    }

    pub fn is_well(&mut self) {
        (self.belief, self.failing) = (Belief::Well, None);
        (self.is_due, self.recovery_failed) = (false, None);
    }
}
