//! The board: what the directory's status files say now, and how each is rated.
//!
//! It is told of events (a file was closed, removed, ...) and says which files are due to be looked at. The
//! caller looks, tells of the events that came meanwhile, and hands in what it saw: only so can a look that fell
//! into somebody's writing be told from a result. [`Board::publish`] then rates.
//!
//! ```text
//! event() -> due -> next_due() -> (caller looks) -> event() -> settle() -> publish() -> ratings()
//! ```
//!
//! Invariants: a rating never comes from a file that was seen in the middle of a write; what is stale, odd,
//! unreadable or not understood is rated 300; work is in proportion to what happened, not to the number of checks.

mod change;
mod check;
mod index;
mod rules;
mod scan;
mod sight;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod timers;

use super::code::Code;
use super::time::{Nanos, Now};
use crate::limits::{CHECKS, IDLE_CAPACITY};
pub use change::{Change, FileEvent};
use check::{Check, Flags};
use index::Index;
pub use rules::{CheckRules, Rules};
pub use sight::{CheckView, Fault, Look, Sight};
use std::collections::VecDeque;
use std::rc::Rc;
use timers::{NOWHERE, Timed, Timers};

/// Which check a look belongs to. Valid until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(u32);

impl Id {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Every check of one directory, what it says and how it is rated.
#[derive(Debug, Default)]
pub struct Board {
    rules: Rules,
    /// Checks by id; the free ones hold no name.
    checks: Vec<Check>,
    free: Vec<Id>,
    /// The ids in use, by name.
    index: Index,
    timers: Timers,
    /// The rules have changed: every rating and every time has to be made anew.
    has_new_rules: bool,
    /// What to look at, each once, in the order in which they became due.
    due: VecDeque<Id>,
    /// What can change without an event and is due for each answer.
    volatile: Vec<Id>,
    /// What may be rated differently now.
    touched: Vec<Id>,
    /// Nothing is known until the directory is read again.
    is_withdrawn: bool,
    /// Inodes that got a further name, while their other names here were not told.
    linked: Vec<u64>,
}

/// So many slots can be checked whole after each step of a debug build.
const FEW: usize = 64;

/// There are more files than [`CHECKS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl Board {
    /// A board that knows of no file yet.
    pub fn new(rules: Rules) -> Board {
        // Room for all at once: memory that is never touched costs nothing, while a table that grows leaves holes.
        let mut board = Board {
            checks: Vec::with_capacity(CHECKS),
            timers: Timers::with_capacity(CHECKS),
            due: VecDeque::with_capacity(CHECKS),
            touched: Vec::with_capacity(CHECKS),
            ..Board::default()
        };
        board.set_rules(rules);
        board
    }

    /// Changes the rules; every rating is made anew with the next [`Board::expire`] and [`Board::publish`].
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
        let required: Vec<String> = self.required().map(str::to_owned).collect();
        for name in required {
            // Not held back by the limit on files: these come from the configuration.
            self.insert(&name);
        }
        // The times follow the rules: all are put in order anew.
        self.timers.clear();
        for check in &mut self.checks {
            check.apply(&self.rules);
            check.set_place(NOWHERE);
        }
        self.has_new_rules = true;
    }

    fn required(&self) -> impl Iterator<Item = &str> {
        self.rules.checks.iter().filter(|(_, rules)| rules.required).map(|(name, _)| name.as_str())
    }

    fn find(&self, name: &str) -> Option<Id> {
        self.index.find(name, |id| name_of(&self.checks, id))
    }

    fn insert(&mut self, name: &str) -> Id {
        if let Some(known) = self.find(name) {
            return known;
        }
        let check = Check::new(name, &self.rules);
        let id = self.free.pop().unwrap_or_else(|| {
            self.checks.push(Check::default());
            Id(u32::try_from(self.checks.len() - 1).unwrap_or(u32::MAX))
        });
        if let Some(slot) = self.checks.get_mut(id.index()) {
            *slot = check;
        }
        self.index.insert(id, |id| name_of(&self.checks, id));
        id
    }

    fn remove(&mut self, id: Id) {
        self.timers.settle(&mut self.checks, id, false);
        self.index.remove(id, |id| name_of(&self.checks, id));
        if let Some(slot) = self.checks.get_mut(id.index()) {
            *slot = Check::default();
        }
        self.free.push(id);
    }

    /// Every id in use, in no order.
    fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        // Free ones have no name and nothing else: whatever is done to them does nothing.
        (0..u32::try_from(self.checks.len()).unwrap_or(u32::MAX)).map(Id)
    }

    /// Takes in an event on the file `name`, which has to be a [check's](super::name::check_name).
    ///
    /// # Errors
    /// The name is a new one, and there is no room for it.
    pub fn event(&mut self, name: &str, event: FileEvent, now: Now) -> Result<(), TooMany> {
        let id = match (self.find(name), event) {
            (Some(id), _) => id,
            // Nothing is known of a file that was never seen to appear; its end will tell.
            (None, FileEvent::Modified | FileEvent::Gone) => return Ok(()),
            (None, _) if self.index.len() >= CHECKS => return Err(TooMany),
            (None, _) => self.insert(name),
        };
        let Some(check) = self.checks.get_mut(id.index()) else { return Ok(()) };
        if check.on(event, now) {
            check.touch(id, &mut self.touched);
        }
        if event != FileEvent::Modified {
            check.make_due(id, &mut self.due);
        }
        self.reschedule(id, now);
        Ok(())
    }

    /// Makes everything due: what can be read of the files may have changed.
    pub fn recheck_all(&mut self) {
        for id in self.ids() {
            if let Some(check) = self.checks.get_mut(id.index()).filter(|check| !check.name.is_empty()) {
                check.make_due(id, &mut self.due);
            }
        }
    }

    /// Forgets every file: there is another directory now, or too much in this one. Nothing of this is a [`Change`]
    /// of a check.
    pub fn clear(&mut self) {
        self.withdraw();
        self.checks.clear();
        let Board { rules, checks, timers, due, touched, .. } = std::mem::take(self);
        *self = Board { checks, timers, due, touched, ..Board::default() };
        self.set_rules(rules);
    }

    /// Knows of no result any more: the directory is away. But when each was written is remembered: should the
    /// directory come back after a step of the wall clock, no old result may look new.
    pub fn withdraw(&mut self) {
        self.timers.clear();
        for check in &mut self.checks {
            check.withdraw();
            check.set_place(NOWHERE);
        }
        for queue in [&mut self.volatile, &mut self.touched] {
            queue.clear();
        }
        self.due.clear();
        self.linked.clear();
        self.is_withdrawn = true;
    }

    /// Makes due what has to be looked at for each answer.
    pub fn recheck_volatile(&mut self) {
        let (checks, due) = (&mut self.checks, &mut self.due);
        self.volatile.retain(|id| {
            let Some(check) = checks.get_mut(id.index()) else { return false };
            let needs_looks = check.needs_looks();
            check.flags.put(Flags::LISTED, needs_looks);
            if needs_looks {
                check.distrust_content();
                check.make_due(*id, due);
            }
            needs_looks
        });
    }

    /// Makes due what the passing of time alone may have changed. Costs nothing until the
    /// [deadline](Board::deadline).
    pub fn expire(&mut self, now: Now) {
        if std::mem::take(&mut self.has_new_rules) {
            for id in self.ids() {
                if let Some(check) = self.checks.get_mut(id.index()).filter(|check| !check.name.is_empty()) {
                    check.touch(id, &mut self.touched);
                    self.reschedule(id, now);
                }
            }
        }
        while let Some((id, at)) = self.timers.first(&self.checks)
            && at <= now.boot
        {
            self.reschedule(id, now);
        }
    }

    /// When time alone may change something next, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        if self.has_new_rules {
            return Some(Nanos::PAST);
        }
        self.timers.first(&self.checks).map(|(_, at)| at)
    }

    /// Lets time act on a check, and brings it to its place among the timers and what has to be looked at for each answer.
    /// To be called after anything of it has changed.
    fn reschedule(&mut self, id: Id, now: Now) {
        let Some(check) = self.checks.get_mut(id.index()) else { return };
        if check.note_time(now) {
            if check.grace_is_over(now) && !check.forget_departed(now) {
                check.make_due(id, &mut self.due);
            }
            check.touch(id, &mut self.touched);
        }
        // Not at looks alone: what is unreadable may come to count by an event, or when a grace is over.
        if check.needs_looks() && !check.flags.replace(Flags::LISTED) {
            self.volatile.push(id);
        }
        let is_wanted = check.change_at().is_some();
        self.timers.settle(&mut self.checks, id, is_wanted);
    }

    /// How many files are due to be looked at.
    pub fn due(&self) -> usize {
        // A further name of some file makes others due that nobody has counted yet: at least one.
        self.due.len() + self.linked.len().min(1)
    }

    /// The next file to look at, if any is due, with its name.
    pub fn next_due(&mut self) -> Option<(Id, Rc<str>)> {
        if self.due.is_empty() {
            self.distrust_linked();
        }
        let id = self.due.pop_front()?;
        if self.due.is_empty() {
            self.due.shrink_to(IDLE_CAPACITY);
        }
        let check = self.checks.get_mut(id.index())?;
        check.flags.clear(Flags::DUE | Flags::REPLACED);
        Some((id, Rc::clone(&check.name)))
    }

    /// Takes in what a look at a file showed. All events up to the look's end have to be told before.
    pub fn settle(&mut self, id: Id, look: &Look<'_>, now: Now) {
        let Some(check) = self.checks.get_mut(id.index()) else { return };
        let was_known_by_several =
            matches!(look, Look::File(sight) if check.is(Flags::VOLATILE) && check.inode() == sight.inode);
        if check.settle(look, now) {
            check.make_due(id, &mut self.due);
        }
        check.touch(id, &mut self.touched);
        self.reschedule(id, now);
        if let Look::File(Sight { inode, links: 2.., .. }) = look
            && !was_known_by_several
        {
            self.linked.push(*inode);
        }
    }

    /// Makes due what else here leads to a file that got a further name. Once for all of them: it walks the table.
    fn distrust_linked(&mut self) {
        if self.linked.is_empty() {
            return;
        }
        let mut linked = std::mem::take(&mut self.linked);
        linked.sort_unstable();
        for id in self.ids() {
            if let Some(check) = self.checks.get_mut(id.index())
                && !check.name.is_empty()
                && !check.is(Flags::VOLATILE)
                && linked.binary_search(&check.inode()).is_ok()
            {
                check.make_due(id, &mut self.due);
            }
        }
    }

    /// Rates what was touched. Says whether any rating changed, and adds each change to `changes`.
    pub fn publish(&mut self, now: Now, changes: &mut Vec<Change>) -> bool {
        let before = changes.len();
        let mut is_list_outdated = false;
        while let Some(id) = self.touched.pop() {
            let Some(check) = self.checks.get_mut(id.index()) else { continue };
            check.flags.clear(Flags::TOUCHED);
            let rating = check.rating(now);
            if rating != check.published {
                changes.push(Change {
                    name: Rc::clone(&check.name),
                    from: check.published,
                    to: rating,
                    why: check.why(now),
                });
                check.published = rating;
            }
            if check.is_forgotten() && !check.name.is_empty() {
                is_list_outdated |= check.is(Flags::LISTED);
                self.remove(id);
            }
        }
        self.touched.shrink_to(IDLE_CAPACITY);
        if is_list_outdated {
            self.volatile
                .retain(|id| self.checks.get(id.index()).is_some_and(|check| check.is(Flags::LISTED)));
        }
        debug_assert!(
            self.checks.len() > FEW || {
                self.check_invariants(now);
                true
            }
        );
        changes.len() > before
    }

    /// The published rating of the check `name`; none if that is no check.
    pub fn rating(&self, name: &str) -> Option<Code> {
        self.checks.get(self.find(name)?.index())?.published
    }

    /// All there is to know of the check `name`, if it is one.
    pub fn check(&self, name: &str, now: Now) -> Option<CheckView<'_>> {
        self.checks.get(self.find(name)?.index())?.view(now)
    }

    /// The published rating of every check, in no order.
    pub fn ratings(&self) -> impl Iterator<Item = (Code, &Rc<str>)> {
        self.checks.iter().filter_map(|check| Some((check.published?, &check.name)))
    }

    /// Everything there is to know of every check, in byte order of the names.
    pub fn checks(&self, now: Now) -> impl Iterator<Item = CheckView<'_>> {
        let mut views: Vec<CheckView<'_>> = self.checks.iter().filter_map(|check| check.view(now)).collect();
        views.sort_unstable_by_key(|view| view.name);
        views.into_iter()
    }

    /// What must hold between any two calls. Walks everything: for tests and debug builds.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self, now: Now) {
        let used = self.checks.iter().filter(|check| !check.name.is_empty()).count();
        assert_eq!(used, self.index.len(), "the index has every check");
        assert_eq!(used + self.free.len(), self.checks.len(), "a slot is used or free");
        assert!(self.timers.is_sound(&self.checks), "the timers are in order");
        for id in self.ids() {
            let Some(check) = self.checks.get(id.index()) else { continue };
            assert_eq!(check.is(Flags::DUE), self.due.contains(&id), "{}: due", check.name);
            assert_eq!(check.is(Flags::LISTED), self.volatile.contains(&id), "{}: listed", check.name);
            assert!(
                !check.needs_looks() || check.is(Flags::LISTED) || check.name.is_empty(),
                "{}: listed",
                check.name
            );
            assert_eq!(check.is(Flags::TOUCHED), self.touched.contains(&id), "{}: touched", check.name);
            // What was not touched says what it would say, unless a timer is about to tell.
            let is_timely = !self.is_withdrawn && self.deadline().is_none_or(|at| at > now.boot);
            assert!(
                check.is(Flags::TOUCHED) || !is_timely || check.published == check.rating(now),
                "{}: {:?} is published, and {:?} is right",
                check.name,
                check.published,
                check.rating(now)
            );
        }
    }
}

fn name_of(checks: &[Check], id: Id) -> &str {
    checks.get(id.index()).map_or("", |check| &check.name)
}

fn earliest(one: Option<Nanos>, other: Option<Nanos>) -> Option<Nanos> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
