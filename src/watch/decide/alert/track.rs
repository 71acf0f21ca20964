//! What one alert remembers of one object, and how that stands in the journal.

use super::attempt::Attempt;
use super::{Failed, Said};
use crate::decide::moment::Moment;
use crate::limits::TOLD_MEMBERS;
use oco_fleet::journal::{Entry, Told};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Commands that told of a failure and that the file has no more have numbers from here on.
const ASIDE: u32 = 1001;

/// What one alert remembers of one object.
#[derive(Debug)]
pub(super) struct Track {
    /// Which alert.
    pub key: Arc<str>,
    /// The failure that goes on.
    pub failure: Option<Failure>,
    pub flap: Option<Flap>,
    /// By the number of their step.
    pub slots: BTreeMap<u32, Slot>,
    pub notices: Notices,
    /// Of what is told beside failures: one after the other.
    pub notice: Attempt,
    /// Whether it was said that something is held.
    pub is_held: bool,
    /// Whether the journal has anything of it.
    is_kept: bool,
}

/// A failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// When it began, by the journal: which failure it is.
    pub since: Millis,
    /// The same by the steady clock.
    pub began: Millis,
    /// From when its steps count, by the steady clock: its first alert.
    pub base: Option<Millis>,
}

/// It goes up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flap {
    /// The failure that is told as ever: the one with which it began.
    pub failure: Option<Millis>,
}

/// What one step remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// What told it.
    pub command: Vec<String>,
    /// As which step it was told, where its number says that no more.
    pub told_as: Option<u32>,
    /// Whether it was told of a failure and not yet of its end.
    pub is_owed: bool,
    /// Whether it is to be told of that.
    pub wants_ok: bool,
    /// Of which failure it was told.
    pub failing: Millis,
    /// How often.
    pub count: u32,
    pub first: Moment,
    /// When last that it fails.
    pub last: Moment,
    /// When it was last told who else failed, by the steady clock.
    pub partial: Option<Millis>,
    /// Who failed then; none: that is not known any more.
    pub failed: Option<Failed>,
    /// Who failed when that could not be told.
    pub missed: Option<Failed>,
    /// Whether it is to be told once more that it goes on.
    pub again: bool,
    pub attempt: Attempt,
}

/// What was told beside failures, and what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notices {
    /// It was told that it is but, since then.
    pub but: Option<Millis>,
    /// It was told that it is unknown, since then.
    pub unknown: Option<Millis>,
    /// It was told that it flaps.
    pub flapping: bool,
    /// Of its incident there is something to tell.
    pub incident: Option<u64>,
    /// What somebody said.
    pub direct: VecDeque<Waiting>,
}

/// What somebody said and nobody was told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub text: String,
    /// Why it is held, once that was said.
    pub held: Option<String>,
}

/// What the journal's note holds, beside what has a column.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Note {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    owed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ok: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    again: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_as: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    but: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<Millis>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flapping: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incident: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    direct: Vec<String>,
}

impl Slot {
    /// How often it was told of this failure.
    pub fn count_of(&self, failure: Millis) -> u32 {
        if self.is_owed && self.failing == failure { self.count } else { 0 }
    }

    /// There is nothing more to tell it.
    pub fn settle(&mut self) {
        self.attempt.renew();
        *self = Slot { attempt: self.attempt.clone(), ..Slot::default() };
    }
}

impl Track {
    pub fn new(key: Arc<str>) -> Track {
        Track {
            key,
            failure: None,
            flap: None,
            slots: BTreeMap::new(),
            notices: Notices::default(),
            notice: Attempt::default(),
            is_held: false,
            is_kept: false,
        }
    }

    /// Takes in what the journal kept of a step. Lengths go on by the steady clock.
    pub fn load(&mut self, told: Told, now: Moment) {
        let note: Option<Note> = serde_json::from_str(&told.note).ok();
        // Somebody was told by what we can't read: a recovery too many is better than none.
        let note = note.unwrap_or_else(|| Note { owed: told.count > 0, ok: true, ..Note::default() });
        let moment = |at: Millis| Moment {
            at,
            steady: Millis(now.steady.0.saturating_sub(now.at.since(at).max(0))),
            wall: at,
        };
        let names = |names: Vec<String>| {
            let names = names.iter().filter_map(|name| ObjectName::parse(name).ok());
            names.map(|name| (name, Box::default())).collect()
        };
        let slot = self.slot(told.step);
        slot.command = serde_json::from_str(&told.command).unwrap_or_default();
        slot.is_owed = note.owed && !slot.command.is_empty();
        (slot.wants_ok, slot.failing, slot.count) = (note.ok, told.failing, told.count);
        (slot.again, slot.told_as) = (note.again, note.told_as);
        (slot.first, slot.last) = (moment(told.first), moment(told.last));
        slot.failed = note.failed.map(names);
        if told.step == 1 {
            self.notices = Notices {
                but: note.but,
                unknown: note.unknown,
                flapping: note.flapping,
                incident: note.incident.then_some(0),
                direct: note.direct.into_iter().map(|text| Waiting { text, held: None }).collect(),
            };
        }
        self.is_kept = true;
    }

    /// The slot of this number.
    pub fn slot(&mut self, number: u32) -> &mut Slot {
        self.slots.entry(number).or_default()
    }

    /// The file has another command in this step's place: who was told keeps its own until the recovery.
    pub fn set_aside(&mut self, number: u32, name: &ObjectName, said: &mut Vec<Said>) {
        let free = self.slots.keys().last().map_or(ASIDE, |last| ASIDE.max(last.saturating_add(1)));
        let slot = self.slot(number);
        let told_as = slot.told_as.or(Some(number));
        let aside = Slot { attempt: Attempt::default(), told_as, ..slot.clone() };
        slot.settle();
        *self.slot(free) = aside;
        self.keep(free, name, said);
        self.keep(number, name, said);
    }

    /// The file has this command again, or in another step's place: what it was told goes on there.
    pub fn take_up(&mut self, number: u32, command: &[String], name: &ObjectName, said: &mut Vec<Said>) {
        let is_it = |slot: &Slot| slot.is_owed && slot.command == command && slot.attempt.running.is_none();
        let aside = self.slots.range_mut(ASIDE..).find(|(_, slot)| is_it(slot));
        let Some((aside, slot)) = aside.map(|(aside, slot)| (*aside, std::mem::take(slot))) else { return };
        let attempt = self.slot(number).attempt.clone();
        *self.slot(number) = Slot { attempt, told_as: None, ..slot };
        self.keep(number, name, said);
        self.keep(aside, name, said);
    }

    /// Whether somebody was told of a failure and not of its end.
    pub fn is_owed(&self) -> bool {
        self.slots.values().any(|slot| slot.is_owed || slot.attempt.running.is_some())
    }

    /// Whether there is something that a restart has to know.
    fn remembers(&self) -> bool {
        let Notices { but, unknown, flapping, incident, direct } = &self.notices;
        self.slots.values().any(|slot| slot.is_owed)
            || but.is_some()
            || unknown.is_some()
            || *flapping
            || incident.is_some()
            || !direct.is_empty()
    }

    /// Whether there is nothing left of it.
    pub fn is_idle(&self) -> bool {
        self.failure.is_none()
            && self.flap.is_none()
            && self.notice == Attempt::default()
            && !self.is_held
            && self.slots.values().all(|slot| slot.attempt.running.is_none())
            && !self.remembers()
    }

    /// Whether what somebody said waits for hours or the end of a mute.
    pub fn is_direct_held(&self) -> bool {
        let is_tried = self.notice.running.is_some() || self.notice.not_before.is_some();
        !self.notices.direct.is_empty() && !is_tried
    }

    /// Why it is held, where that was said.
    pub fn direct_held(&self) -> Option<&str> {
        self.notices.direct.front()?.held.as_deref()
    }

    /// Something that a restart has to know of this step changed.
    pub fn keep(&mut self, number: u32, name: &ObjectName, said: &mut Vec<Said>) {
        if self.remembers() {
            said.push(Said::Keep(Entry::Told(self.told(number, name))));
            self.is_kept = true;
        } else if self.is_kept {
            let alert = Some(self.key.as_ref().to_owned());
            said.push(Said::Keep(Entry::Untold { name: name.clone(), alert }));
            self.is_kept = false;
        }
    }

    fn told(&mut self, number: u32, name: &ObjectName) -> Told {
        let mut note = Note::default();
        if number == 1 {
            let Notices { but, unknown, flapping, incident, direct } = &self.notices;
            (note.but, note.unknown, note.flapping) = (*but, *unknown, *flapping);
            (note.incident, note.direct) =
                (incident.is_some(), direct.iter().map(|waiting| waiting.text.clone()).collect());
        }
        let key = self.key.as_ref().to_owned();
        let slot = self.slot(number);
        (note.owed, note.ok) = (slot.is_owed, slot.wants_ok);
        (note.again, note.told_as) = (slot.again, slot.told_as);
        let failed = slot.failed.as_ref().filter(|failed| failed.len() <= TOLD_MEMBERS);
        note.failed = failed.map(|failed| failed.iter().map(|(name, _)| name.to_string()).collect());
        Told {
            name: name.clone(),
            alert: key,
            step: number,
            failing: slot.failing,
            first: slot.first.at,
            last: slot.last.at,
            count: slot.count,
            command: serde_json::to_string(&slot.command).unwrap_or_default(),
            note: serde_json::to_string(&note).unwrap_or_default(),
        }
    }
}
