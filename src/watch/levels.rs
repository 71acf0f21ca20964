//! Levels: how each stands, when it is judged anew, and what comes of that. Pure; the loop asks the journal, which tells
//! of the past that a level is judged by.
//!
//! ```text
//!  touch (a transition, correction or maintenance of what it is of) --\
//!  look_again (if all stays as it is), a minute at the latest ---------> due --the journal--> judged -> Transition
//! ```
//!
//! One is judged at a time, so that they keep nobody waiting who asks the journal too. One that can't be judged stays as
//! it was.

use crate::config::Settings;
use crate::decide::changes::Changes;
use crate::decide::known::LevelStandings;
use crate::journal_reader::Ticket;
use crate::journal_writer::Sequence;
use crate::limits::{LEVEL_LOOK, LEVEL_RETRY, TICK};
use oco::logic::code::{Code, Verdict};
use oco::logic::time::Nanos;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::KeptObject;
use oco_fleet::level::{Account, Judgement, Promise};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::{Transition, rough_millis};
use std::collections::HashMap;
use std::time::Duration;

/// The levels of the file.
#[derive(Debug)]
pub struct Levels {
    zone: Zone,
    levels: Vec<Level>,
    by_name: HashMap<ObjectName, usize>,
    /// Which of them are of somebody.
    of: HashMap<ObjectName, Vec<usize>>,
    /// Which one the journal is asked for.
    asked: Option<(Ticket, usize)>,
}

#[derive(Debug)]
struct Level {
    name: ObjectName,
    of: ObjectName,
    promise: Promise,
    standing: Standing,
    since: Millis,
    account: Option<Account>,
    /// When it is to be judged.
    due: Nanos,
    /// What the journal has to have before.
    after: Sequence,
}

/// How a level stands.
#[derive(Debug, Clone, Copy)]
pub struct LevelView<'a> {
    /// `slo:NAME`.
    pub name: &'a ObjectName,
    /// Whose availability it is.
    pub of: &'a ObjectName,
    /// What was promised.
    pub promise: &'a Promise,
    /// Where it stands; unknown until it was judged first.
    pub standing: &'a Standing,
    /// Since when it is in this state.
    pub since: Millis,
    /// The figures as they were when it was judged last, about a minute ago at most; none: it was not yet.
    pub account: Option<&'a Account>,
}

/// The level that is to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose past.
    pub of: ObjectName,
    /// What was promised of it.
    pub promise: Promise,
}

impl Default for Levels {
    fn default() -> Levels {
        Levels {
            zone: Zone::UTC,
            levels: Vec::new(),
            by_name: HashMap::new(),
            of: HashMap::new(),
            asked: None,
        }
    }
}

impl Levels {
    /// The levels of the file, which go on from what the journal kept of them. What it kept of others has ended.
    pub fn new(
        settings: &Settings,
        kept: &HashMap<ObjectName, KeptObject>,
        at: Millis,
        changes: &mut Changes,
    ) -> Levels {
        let mut levels = Levels::default();
        let stood = |name: &ObjectName| kept.get(name).map(|kept| (kept.standing.clone(), kept.since));
        levels.set(settings, stood, at);
        let all = kept.keys().filter(|name| name.kind() == Kind::Level);
        changes.ended.extend(all.filter(|name| levels.get(name).is_none()).cloned());
        levels
    }

    /// Takes on other settings. What is still there stays where it stands until it is judged anew.
    pub fn reload(&mut self, settings: &Settings, at: Millis, changes: &mut Changes) {
        let before = std::mem::take(self);
        let stood = |name: &ObjectName| before.get(name).map(|level| (level.standing.clone(), level.since));
        self.set(settings, stood, at);
        let names = before.levels.into_iter().map(|level| level.name);
        changes.ended.extend(names.filter(|name| self.get(name).is_none()));
    }

    fn set(
        &mut self,
        settings: &Settings,
        stood: impl Fn(&ObjectName) -> Option<(Standing, Millis)>,
        at: Millis,
    ) {
        // The file was checked: its zone is one.
        self.zone = Zone::parse(settings.time_zone.as_deref()).unwrap_or(Zone::UTC);
        for (index, written) in settings.levels.iter().enumerate() {
            let name = ObjectName::level(&written.name);
            let (standing, since) = stood(&name).unwrap_or((Standing::default(), at));
            self.by_name.insert(name.clone(), index);
            self.of.entry(written.of.clone()).or_default().push(index);
            self.levels.push(Level {
                name,
                of: written.of.clone(),
                promise: written.promise.clone(),
                standing,
                since,
                account: None,
                due: Nanos::PAST,
                after: Sequence::default(),
            });
        }
    }

    /// The time zone of hours and periods.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How this one stands.
    pub fn get(&self, name: &ObjectName) -> Option<LevelView<'_>> {
        self.levels.get(*self.by_name.get(name)?).map(Level::view)
    }

    /// The one at this place in the file.
    pub fn at(&self, place: usize) -> Option<LevelView<'_>> {
        self.levels.get(place).map(Level::view)
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = LevelView<'_>> {
        self.levels.iter().map(Level::view)
    }

    /// Whether a level is of `name`.
    pub fn are_of(&self, name: &ObjectName) -> bool {
        self.of.contains_key(name)
    }

    /// What `name` was is another than it seemed, or is now: its levels are judged anew, when the journal has `after`.
    pub fn touch(&mut self, name: &ObjectName, after: Sequence) {
        for index in self.of.get(name).into_iter().flatten() {
            if let Some(level) = self.levels.get_mut(*index) {
                (level.due, level.after) = (Nanos::PAST, after);
            }
        }
    }

    /// The same of everybody.
    pub fn touch_all(&mut self, after: Sequence) {
        for level in &mut self.levels {
            (level.due, level.after) = (Nanos::PAST, after);
        }
    }

    /// When one is due; none: one is being judged, or all wait for the journal, which is `written` so far.
    pub fn deadline(&self, written: Sequence) -> Option<Nanos> {
        let due = self.levels.iter().filter(|level| level.after <= written).map(|level| level.due);
        due.min().filter(|_| self.asked.is_none())
    }

    /// What the journal is to be asked now, with this ticket. It has to be followed by [`Levels::judged`] or
    /// [`Levels::failed`].
    pub fn ask(&mut self, ticket: Ticket, written: Sequence, now: Nanos) -> Option<Question> {
        if self.asked.is_some() {
            return None;
        }
        let due = self.levels.iter_mut().enumerate().filter(|(_, level)| level.after <= written);
        let (index, level) = due.min_by_key(|(_, level)| level.due).filter(|(_, level)| level.due <= now)?;
        self.asked = Some((ticket, index));
        // Who touches it meanwhile has it judged once more.
        level.due = NEVER;
        Some(Question { of: level.of.clone(), promise: level.promise.clone() })
    }

    /// Takes in how the level of this ticket was judged: it becomes that, `at` in the journal's time. A ticket of before
    /// a reload is nobody's.
    pub fn judged(
        &mut self,
        ticket: Ticket,
        judgement: &Judgement,
        at: Millis,
        now: Nanos,
    ) -> Option<Transition> {
        let level = self.answered(ticket)?;
        let wait = u64::try_from(judgement.look_again.since(at)).unwrap_or(0);
        level.look(now.after(Duration::from_millis(wait).clamp(TICK, LEVEL_LOOK)));
        level.account = Some(judgement.account);
        let new = standing(judgement);
        let old = std::mem::replace(&mut level.standing, new.clone());
        if (old.state, old.code) == (new.state, new.code) {
            return None;
        }
        let old_since = level.since;
        if old.state != new.state {
            level.since = at;
        }
        let name = level.name.clone();
        Some(Transition { name, at, old, old_since, new, probes: None, depends_on: None })
    }

    /// The journal does not answer the question of this ticket: the level stays as it was, and is judged later.
    pub fn failed(&mut self, ticket: Ticket, now: Nanos) {
        if let Some(level) = self.answered(ticket) {
            level.look(now.after(LEVEL_RETRY));
        }
    }

    fn answered(&mut self, ticket: Ticket) -> Option<&mut Level> {
        let (_, index) = self.asked.take_if(|(asked, _)| *asked == ticket)?;
        self.levels.get_mut(index)
    }
}

impl LevelStandings for Levels {
    fn level(&self, name: &ObjectName) -> Option<(&Standing, Millis)> {
        self.get(name).map(|level| (level.standing, level.since))
    }
}

/// Of what is being judged.
const NEVER: Nanos = Nanos(i64::MAX);

impl Level {
    fn view(&self) -> LevelView<'_> {
        LevelView {
            name: &self.name,
            of: &self.of,
            promise: &self.promise,
            standing: &self.standing,
            since: self.since,
            account: self.account.as_ref(),
        }
    }

    /// Is judged again then, unless it was touched meanwhile.
    fn look(&mut self, due: Nanos) {
        if self.due == NEVER {
            self.due = due;
        }
    }
}

/// Where a level stands that was judged so.
fn standing(judgement: &Judgement) -> Standing {
    let Account { budget, spent, left, .. } = judgement.account;
    let share = || {
        let percent = (i128::from(spent) * 100).checked_div(i128::from(budget)).unwrap_or(100);
        format!("{percent}% of the budget spent")
    };
    let (verdict, reason) = match judgement.state {
        // No level is unknown once it was judged.
        State::Unknown => return Standing::default(),
        State::Ok if spent <= 0 => (Verdict::Ok, String::new()),
        State::Ok => (Verdict::Ok, share()),
        State::But => (Verdict::But, format!("{}, {} left", share(), rough_millis(left))),
        State::Ko if left < 0 => {
            (Verdict::Ko, format!("budget spent, {} over", rough_millis(left.saturating_neg())))
        }
        State::Ko => (Verdict::Ko, "budget spent".to_owned()),
    };
    Standing {
        state: judgement.state,
        code: Code::new(verdict.number()),
        reason: reason.into(),
        planned: false,
    }
}

#[cfg(test)]
mod tests;
