//! What people did about the fleet: acknowledgements, mutes, and maintenance by command. Which are in force, on whom, and
//! when they end.
//!
//! ```text
//!   act, undo ----+
//!   observe, look-+--> acts in force --> on, is_acked, is_muted, windows
//!   due ----------+        | entries of the journal, acts that ended
//! ```
//!
//! An acknowledgement is of one failure. So that of a group becomes one of each service that fails, each with its own end,
//! while a mute or maintenance of a group is one act, which also counts for services that come later. Whom to tell is not
//! decided here.
//!
//! Entries are to be written before the transitions that they follow from. If a kill falls between the two, an
//! acknowledgement is over too early and somebody is told once more, instead of never.

mod cover;
mod failure;
mod index;
#[cfg(test)]
mod tests;

use super::known::{Known, Named};
use super::target::bounded;
use crate::limits;
use failure::Failure;
use index::Index;
use oco::logic::text::printable;
use oco_fleet::journal::{Act, ActKind, Entry};
use oco_fleet::maintenance::{When, Window};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// All acts that are in force, or still to come.
#[derive(Debug, Default)]
pub struct Acts {
    acts: BTreeMap<i64, Held>,
    by_name: Index,
    /// When acts begin or end.
    times: BTreeSet<(Millis, i64)>,
    /// Kept ones that later ones have replaced: a kill fell between the two.
    replaced: Vec<i64>,
    /// The last number that was given.
    last: i64,
}

/// An act, and what an acknowledgement is compared with.
#[derive(Debug)]
struct Held {
    act: Act,
    failure: Option<Failure>,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What to do.
    pub kind: ActKind,
    /// On whom: an object, or a whole group.
    pub name: String,
    /// Who acts.
    pub who: String,
    /// From then on, which may be in the past. Of maintenance alone; others begin when somebody acts.
    pub since: Millis,
    /// Until then; none: until it is undone, an acknowledgement also until it ends by itself.
    pub until: Option<Millis>,
    /// Why.
    pub text: String,
}

impl Acts {
    /// Those that were kept. `last` is the highest number that an act ever had. What they are compared with is not
    /// known before [`Acts::look`].
    pub fn new(kept: Vec<Act>, last: i64) -> Acts {
        let mut acts = Acts { last, ..Acts::default() };
        for act in kept {
            acts.last = acts.last.max(act.id);
            let earlier: Vec<i64> = acts.overlapping(&act).collect();
            for id in &earlier {
                acts.remove(*id);
            }
            acts.replaced.extend(earlier);
            acts.hold(act, None);
        }
        acts
    }

    /// Lets somebody act: tells what it took. An act of the same kind on the same name that it overlaps is over.
    ///
    /// # Errors
    /// Nothing is known by that name, it does not fail and so can't be acknowledged, or the times can't be. Nothing has
    /// changed.
    pub fn act(
        &mut self,
        wish: Wish,
        known: Known<'_>,
        at: Millis,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<String>, String> {
        let name = &wish.name;
        if wish.until.is_some_and(|until| until <= wish.since) {
            return Err(format!("{name}: this would end before it begins"));
        }
        let (names, took) = match (known.find(name), wish.kind) {
            (None, _) => return Err(format!("{name}: nothing is known by that name")),
            (Some(Named::Object(object)), ActKind::Maint) if object.kind() == Kind::Level => {
                return Err(format!("{name}: no work is planned on a level; expected what it is of"));
            }
            (Some(Named::Object(object)), ActKind::Ack) if !known.is_failing(&object) => {
                return Err(format!("{name}: does not fail, so there is nothing to acknowledge"));
            }
            (Some(Named::Group), ActKind::Ack) => {
                let failing = known.services(name).filter(|service| service.failing_since.is_some());
                let failing: Vec<String> = failing.map(|service| service.name.to_string()).collect();
                if failing.is_empty() {
                    return Err(format!(
                        "{name}: no service of it fails, so there is nothing to acknowledge"
                    ));
                }
                (failing.clone(), failing)
            }
            (Some(Named::Object(_)), _) => (vec![name.clone()], vec![name.clone()]),
            (Some(Named::Group), ActKind::Mute | ActKind::Maint) => {
                let mut took: Vec<String> =
                    known.services(name).map(|service| service.name.to_string()).collect();
                if took.is_empty() {
                    took.push(name.clone());
                }
                (vec![name.clone()], took)
            }
        };
        if self.acts.len().saturating_add(names.len()) > limits::ACTS {
            return Err(format!(
                "{name}: {} acts are in force, and {} may be",
                self.acts.len(),
                limits::ACTS
            ));
        }
        for name in names {
            self.begin(&wish, name, known, at, entries);
        }
        Ok(took)
    }

    fn begin(&mut self, wish: &Wish, name: String, known: Known<'_>, at: Millis, entries: &mut Vec<Entry>) {
        self.last = self.last.saturating_add(1);
        let until = wish.until;
        // Maintenance of the past is entered for availability alone.
        let ended = until.filter(|until| *until <= at);
        let act = Act {
            id: self.last,
            kind: wish.kind,
            name,
            who: wish.who.clone(),
            at,
            since: if wish.kind == ActKind::Maint { wish.since } else { at },
            until,
            text: printable(bounded(&wish.text).as_bytes()),
            ended,
            ended_by: None,
        };
        if ended.is_none() {
            let overlapping: Vec<i64> = self.overlapping(&act).collect();
            for id in overlapping {
                self.end(id, at, Some(&wish.who), entries);
            }
            let object = (act.kind == ActKind::Ack).then(|| ObjectName::parse(&act.name).ok()).flatten();
            let failure = object.map(|object| Failure::of(&object, known));
            self.hold(act.clone(), failure);
        }
        entries.push(Entry::Act(act));
    }

    /// Lets somebody undo: tells what there was to undo. Of a group that are its own act and those of its services, of a
    /// service whose targets were acknowledged one by one these too.
    ///
    /// # Errors
    /// Nothing is known by that name, and nobody has acted on it. Nothing has changed.
    pub fn undo(
        &mut self,
        kind: ActKind,
        name: &str,
        who: &str,
        known: Known<'_>,
        at: Millis,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<String>, String> {
        let named = known.find(name);
        let is_acted_on = self.of(kind, name).next().is_some();
        let mut names = vec![name.to_owned()];
        match named {
            None if !is_acted_on => return Err(format!("{name}: nothing is known by that name")),
            Some(Named::Group) => names.extend(known.services(name).map(|service| service.name.to_string())),
            Some(Named::Object(object)) if kind == ActKind::Ack && object.kind() == Kind::Service => {
                names.extend(known.members(&object).map(|target| target.to_string()));
            }
            None | Some(Named::Object(_)) => {}
        }
        let mut took = Vec::new();
        for name in names {
            let ids: Vec<i64> = self.of(kind, &name).map(|held| held.act.id).collect();
            if ids.is_empty() {
                continue;
            }
            for id in ids {
                self.end(id, at, Some(who), entries);
            }
            took.push(name);
        }
        Ok(took)
    }

    /// The act of a kind that is in force on somebody: its own, that of a target's service, or that of the group.
    pub fn on(&self, kind: ActKind, name: &ObjectName, at: Millis) -> Option<&Act> {
        names_over(name).find_map(|name| self.in_force_on(kind, name, at))
    }

    /// Since when somebody is under maintenance by command, also where that ends in this moment.
    fn planned_since(&self, name: &ObjectName, at: Millis) -> Option<Millis> {
        let acts = names_over(name).flat_map(|name| self.of(ActKind::Maint, name));
        acts.map(|held| held.act.since).filter(|since| *since <= at).min()
    }

    fn in_force_on(&self, kind: ActKind, name: &str, at: Millis) -> Option<&Act> {
        let is_in_force = |act: &&Act| act.since <= at && act.until.is_none_or(|until| at < until);
        self.of(kind, name).map(|held| &held.act).find(is_in_force)
    }

    /// Somebody changed: an acknowledgement of it ends with its recovery or when it gets worse, and those of what it
    /// stands under when it fails and did not when that was acknowledged. What was up in between did not. Tells what ended.
    pub fn observe(
        &mut self,
        name: &ObjectName,
        known: Known<'_>,
        at: Millis,
        entries: &mut Vec<Entry>,
    ) -> Vec<Act> {
        if self.by_name.ack.on.is_empty() {
            return Vec::new();
        }
        let mut over = Vec::new();
        if let Some(held) = self.acked_mut(name) {
            let failure = held.failure.get_or_insert_with(|| Failure::of(name, known));
            if !failure.goes_on(name, held.act.at, known) {
                over.push(held.act.id);
            }
        }
        for above in known.directly_above(name) {
            if let Some(held) = self.acked_mut(&above) {
                let failure = held.failure.get_or_insert_with(|| Failure::of(&above, known));
                failure.learn(&above, known);
                if !failure.allows(name, known) {
                    over.push(held.act.id);
                }
            }
        }
        self.end_all(over, at, entries)
    }

    /// Compares every acknowledgement with how things stand: at the start and after a reload. Tells what ended.
    ///
    /// What failed when somebody acknowledged is not in the journal: after a start it is what fails then, with those that
    /// are planned since, or unknown, and failed before. That is the same but for members that failed or came back while
    /// nobody watched, or in the moment of a kill. `window` tells since when a window of the file is open on somebody.
    pub fn look(
        &mut self,
        known: Known<'_>,
        window: &dyn Fn(&ObjectName) -> Option<Millis>,
        at: Millis,
        entries: &mut Vec<Entry>,
    ) -> Vec<Act> {
        for id in std::mem::take(&mut self.replaced) {
            entries.push(Entry::ActEnded { id, at, by: None });
        }
        let is_kept = |held: &&Held| held.act.kind == ActKind::Ack && held.failure.is_none();
        let kept: Vec<(i64, Failure)> = self
            .acts
            .values()
            .filter(is_kept)
            .filter_map(|held| {
                let name = ObjectName::parse(&held.act.name).ok()?;
                let planned_since =
                    |name: &ObjectName| self.planned_since(name, at).into_iter().chain(window(name)).min();
                Some((held.act.id, Failure::kept(&name, held.act.at, known, &planned_since)))
            })
            .collect();
        for (id, failure) in kept {
            if let Some(held) = self.acts.get_mut(&id) {
                held.failure = Some(failure);
            }
        }
        let mut over = Vec::new();
        for (id, held) in self.acts.iter_mut().filter(|(_, held)| held.act.kind == ActKind::Ack) {
            let goes_on = ObjectName::parse(&held.act.name).is_ok_and(|name| {
                let failure = held.failure.get_or_insert_with(|| Failure::of(&name, known));
                failure.goes_on(&name, held.act.at, known)
                    && known.members(&name).all(|member| failure.allows(member, known))
            });
            if !goes_on {
                over.push(*id);
            }
        }
        self.end_all(over, at, entries)
    }

    /// Time has passed: what was for a time is over. Tells what ended.
    pub fn due(&mut self, at: Millis, entries: &mut Vec<Entry>) -> Vec<Act> {
        let mut over = Vec::new();
        while let Some((time, id)) = self.times.first().copied().filter(|(time, _)| *time <= at) {
            self.times.remove(&(time, id));
            let until = self.acts.get(&id).and_then(|held| held.act.until);
            if until.is_some_and(|until| until <= at) {
                over.extend(self.end(id, until.unwrap_or(at), None, entries));
            }
        }
        over
    }

    /// When an act begins or ends next.
    pub fn deadline(&self) -> Option<Millis> {
        self.times.first().map(|(time, _)| *time)
    }

    /// The maintenance that was entered, for [`oco_fleet::maintenance::open`].
    pub fn windows(&self) -> impl Iterator<Item = Window> {
        self.acts.values().filter(|held| held.act.kind == ActKind::Maint).filter_map(|held| {
            let act = &held.act;
            Some(Window {
                of: vec![Pattern::parse(&act.name).ok()?],
                when: When::Once { from: act.since, until: act.until },
                who: act.who.as_str().into(),
                text: act.text.as_str().into(),
            })
        })
    }

    /// All of them, in the order in which they were made: what a journal that was begun anew has to be told.
    pub fn all(&self) -> impl Iterator<Item = &Act> {
        self.acts.values().map(|held| &held.act)
    }

    fn of(&self, kind: ActKind, name: &str) -> impl Iterator<Item = &Held> {
        let ids = self.by_name.of(kind).on.get(name);
        ids.into_iter().flatten().filter_map(|id| self.acts.get(id))
    }

    /// Those that are in force at a time at which `act` is.
    fn overlapping(&self, act: &Act) -> impl Iterator<Item = i64> {
        let is_before = |one: &Act, other: &Act| one.until.is_none_or(|until| other.since < until);
        let overlap = move |held: &&Held| is_before(&held.act, act) && is_before(act, &held.act);
        self.of(act.kind, &act.name).filter(overlap).map(|held| held.act.id)
    }

    /// The acknowledgement of somebody: there is one at a time.
    fn acked_mut(&mut self, name: &ObjectName) -> Option<&mut Held> {
        let id = self.by_name.ack.on.get(name.as_str())?.last()?;
        self.acts.get_mut(id)
    }

    fn hold(&mut self, act: Act, failure: Option<Failure>) {
        self.times.insert((act.since, act.id));
        self.times.extend(act.until.map(|until| (until, act.id)));
        self.by_name.of_mut(act.kind).insert(&act.name, act.id);
        self.acts.insert(act.id, Held { act, failure });
    }

    fn remove(&mut self, id: i64) -> Option<Act> {
        let Held { act, .. } = self.acts.remove(&id)?;
        self.times.remove(&(act.since, id));
        if let Some(until) = act.until {
            self.times.remove(&(until, id));
        }
        self.by_name.of_mut(act.kind).remove(&act.name, id);
        Some(act)
    }

    fn end(&mut self, id: i64, at: Millis, by: Option<&str>, entries: &mut Vec<Entry>) -> Option<Act> {
        let mut act = self.remove(id)?;
        (act.ended, act.ended_by) = (Some(at), by.map(str::to_owned));
        entries.push(Entry::ActEnded { id, at, by: act.ended_by.clone() });
        Some(act)
    }

    fn end_all(&mut self, ids: Vec<i64>, at: Millis, entries: &mut Vec<Entry>) -> Vec<Act> {
        ids.into_iter().filter_map(|id| self.end(id, at, None, entries)).collect()
    }
}

/// The names by which somebody is acted on: its own, that of a target's service, that of the group.
fn names_over(name: &ObjectName) -> impl Iterator<Item = &str> {
    let text = name.as_str();
    let service = text.rsplit_once('/').map(|(service, _)| service);
    let (service, group) = match name.kind() {
        Kind::Target => (service, Some(name.group())),
        Kind::Service => (None, Some(name.group())),
        Kind::Node | Kind::Level => (None, None),
    };
    [Some(text), service, group].into_iter().flatten()
}
