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

mod check;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use super::code::Code;
use super::time::{Nanos, Now};
use crate::limits::{CHECKS, IDLE_CAPACITY, MAX_AGE};
use check::Check;
pub use check::{CheckView, Fault, Look, Sight};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What the configuration says of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How old a result may be.
    pub max_age: Duration,
    /// What differs for single checks.
    pub checks: BTreeMap<String, CheckRules>,
}

/// What the configuration says of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckRules {
    /// How old its result may be, if not as all others.
    pub max_age: Option<Duration>,
    /// Whether it counts as 300 when it has no file.
    pub required: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { max_age: MAX_AGE, checks: BTreeMap::new() }
    }
}

/// What was done to a file, as inotify tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A name appeared: opened anew, or linked.
    Created,
    /// Content changed, and the writer has it open still.
    Modified,
    /// A writer closed it.
    Closed,
    /// It was renamed to this name.
    MovedIn,
    /// It was removed or renamed away.
    Gone,
    /// Times, mode, owner or number of links changed.
    Attributes,
}

/// A change of a check's rating, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The check.
    pub name: Rc<str>,
    /// Its rating until now; none if it was no check.
    pub from: Option<Code>,
    /// Its rating from now on; none if it is no check any more.
    pub to: Option<Code>,
    /// Why: the file's text, `stale, 5m 3s old`, `removed`.
    pub why: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = |code: Option<Code>| code.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "{}: {} -> {}", self.name, code(self.from), code(self.to))?;
        if self.why.is_empty() { Ok(()) } else { write!(f, " ({})", self.why) }
    }
}

/// Which check a look belongs to. Valid until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(u32);

impl Id {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Board {
    rules: Rules,
    /// Checks by id; the free ones hold no name.
    checks: Vec<Check>,
    free: Vec<Id>,
    /// The ids in use, in byte order of the names: four octets a check where a tree would take forty.
    order: Vec<Id>,
    /// What to look at, each once, in the order in which they became due.
    due: VecDeque<Id>,
    /// What can change without an event and is due for each answer.
    volatile: Vec<Id>,
    /// What may be rated differently now.
    touched: Vec<Id>,
    /// No rating changes by time alone before this: a lower bound, made exact by [`Board::expire`].
    next_change: Option<Nanos>,
}

/// There are more files than [`CHECKS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl Board {
    /// A board that knows of no file yet.
    pub fn new(rules: Rules) -> Board {
        // Room for all at once: memory that is never touched costs nothing, while tables that grow leave holes.
        let mut board = Board {
            checks: Vec::with_capacity(CHECKS),
            order: Vec::with_capacity(CHECKS),
            ..Board::default()
        };
        board.set_rules(rules);
        board
    }

    /// Changes the rules; every rating is made anew with the next [`Board::publish`].
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
        let required: Vec<String> = self.required().map(str::to_owned).collect();
        for name in required {
            // Not held back by the limit on files: these come from the configuration.
            self.insert(&name);
        }
        for id in &self.order {
            let Some(check) = self.checks.get_mut(id.index()) else { continue };
            check.apply(&self.rules);
            check.touch(*id, &mut self.touched);
        }
        self.next_change = Some(Nanos(i64::MIN));
    }

    fn required(&self) -> impl Iterator<Item = &str> {
        self.rules.checks.iter().filter(|(_, rules)| rules.required).map(|(name, _)| name.as_str())
    }

    /// Where `name` stands in the order, or would stand.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.order
            .binary_search_by(|id| self.checks.get(id.index()).map_or("", |check| &check.name).cmp(name))
    }

    fn find(&self, name: &str) -> Option<Id> {
        self.order.get(self.place(name).ok()?).copied()
    }

    fn insert(&mut self, name: &str) -> Id {
        let place = match self.place(name) {
            Ok(known) => return self.order.get(known).copied().unwrap_or(Id(u32::MAX)),
            Err(place) => place,
        };
        let check = Check::new(name, &self.rules);
        let id = self.free.pop().unwrap_or_else(|| {
            self.checks.push(Check::default());
            Id(u32::try_from(self.checks.len() - 1).unwrap_or(u32::MAX))
        });
        if let Some(slot) = self.checks.get_mut(id.index()) {
            *slot = check;
        }
        self.order.insert(place, id);
        id
    }

    fn remove(&mut self, id: Id) {
        let name = self.checks.get(id.index()).map(|check| Rc::clone(&check.name)).unwrap_or_default();
        if let Ok(place) = self.place(&name) {
            self.order.remove(place);
        }
        if let Some(slot) = self.checks.get_mut(id.index()) {
            *slot = Check::default();
        }
        self.free.push(id);
    }

    /// Takes in an event on the file `name`, which has to be a [check's](super::name::check_name).
    pub fn event(&mut self, name: &str, event: Event) -> Result<(), TooMany> {
        let id = match (self.find(name), event) {
            (Some(id), _) => id,
            // Nothing is known of a file that was never seen to appear; its end will tell.
            (None, Event::Modified | Event::Gone) => return Ok(()),
            (None, _) if self.order.len() >= CHECKS => return Err(TooMany),
            (None, _) => self.insert(name),
        };
        let Some(check) = self.checks.get_mut(id.index()) else { return Ok(()) };
        if check.on(event) {
            check.touch(id, &mut self.touched);
        }
        if event != Event::Modified {
            check.make_due(id, &mut self.due);
        }
        Ok(())
    }

    /// Begins a scan of the directory: all that is known is due, and events so far count no more.
    pub fn begin_scan(&mut self) {
        for id in &self.order {
            if let Some(check) = self.checks.get_mut(id.index()) {
                check.distrust();
                check.make_due(*id, &mut self.due);
            }
        }
    }

    /// Makes everything due: what can be read of the files may have changed.
    pub fn recheck_all(&mut self) {
        for id in &self.order {
            if let Some(check) = self.checks.get_mut(id.index()) {
                check.make_due(*id, &mut self.due);
            }
        }
    }

    /// Takes in a name that a scan found.
    pub fn found(&mut self, name: &str) -> Result<(), TooMany> {
        if self.order.len() >= CHECKS && self.find(name).is_none() {
            return Err(TooMany);
        }
        let id = self.insert(name);
        if let Some(check) = self.checks.get_mut(id.index()) {
            check.make_due(id, &mut self.due);
        }
        Ok(())
    }

    /// Forgets every file: there is another directory now, or too much in this one. Nothing of this is a [`Change`]
    /// of a check.
    pub fn clear(&mut self) {
        let rules = std::mem::take(&mut self.rules);
        self.checks.clear();
        self.order.clear();
        let (checks, order) = (std::mem::take(&mut self.checks), std::mem::take(&mut self.order));
        *self = Board { checks, order, ..Board::default() };
        self.set_rules(rules);
    }

    /// Knows of no result any more: the directory is away. But when each was written is remembered: should the
    /// directory come back after a step of the wall clock, no old result may look new.
    pub fn withdraw(&mut self) {
        for id in &self.order {
            if let Some(check) = self.checks.get_mut(id.index()) {
                check.withdraw();
            }
        }
        for queue in [&mut self.volatile, &mut self.touched] {
            queue.clear();
        }
        self.due.clear();
        self.next_change = None;
    }

    /// Makes due what has to be looked at for each answer.
    pub fn recheck_volatile(&mut self) {
        let (checks, due) = (&mut self.checks, &mut self.due);
        self.volatile.retain(|id| {
            let Some(check) = checks.get_mut(id.index()) else { return false };
            check.listed = check.volatile;
            if check.volatile {
                check.distrust_content();
                check.make_due(*id, due);
            }
            check.volatile
        });
    }

    /// Makes due what the passing of time alone may have changed. Costs nothing until the
    /// [deadline](Board::deadline).
    pub fn expire(&mut self, now: Now) {
        if self.next_change.is_none_or(|at| now.boot < at) {
            return;
        }
        self.next_change = None;
        for id in &self.order {
            let Some(check) = self.checks.get_mut(id.index()) else { continue };
            if check.grace_is_over(now) {
                check.make_due(*id, &mut self.due);
            }
            if check.rating(now) != check.published {
                check.touch(*id, &mut self.touched);
            }
            self.next_change = earliest(self.next_change, check.next_change(now));
        }
    }

    /// When time alone may change something next, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        self.next_change
    }

    /// How many files are due to be looked at.
    pub fn due(&self) -> usize {
        self.due.len()
    }

    /// The next file to look at, if any is due, with its name.
    pub fn next_due(&mut self) -> Option<(Id, Rc<str>)> {
        let id = self.due.pop_front()?;
        if self.due.is_empty() {
            self.due.shrink_to(IDLE_CAPACITY);
        }
        let check = self.checks.get_mut(id.index())?;
        (check.due, check.replaced) = (false, false);
        Some((id, Rc::clone(&check.name)))
    }

    /// Takes in what a look at a file showed. All events up to the look's end have to be told before.
    pub fn settle(&mut self, id: Id, look: &Look<'_>, now: Now) {
        let Some(check) = self.checks.get_mut(id.index()) else { return };
        let was_known_by_several =
            matches!(look, Look::File(sight) if check.volatile && check.is_inode(sight.inode));
        if check.settle(look, now) {
            check.make_due(id, &mut self.due);
        }
        if check.volatile && !check.listed {
            check.listed = true;
            self.volatile.push(id);
        }
        self.next_change = earliest(self.next_change, check.next_change(now));
        check.touch(id, &mut self.touched);
        if let Look::File(Sight { inode, links: 2.., .. }) = look
            && !was_known_by_several
        {
            self.distrust_names_of(*inode);
        }
    }

    /// A file got a further name: its other names here were not told.
    fn distrust_names_of(&mut self, inode: u64) {
        for id in &self.order {
            if let Some(check) =
                self.checks.get_mut(id.index()).filter(|check| !check.volatile && check.is_inode(inode))
            {
                check.make_due(*id, &mut self.due);
            }
        }
    }

    /// Rates what was touched. Says whether any rating changed, and adds each change to `changes`.
    pub fn publish(&mut self, now: Now, changes: &mut Vec<Change>) -> bool {
        let mut changed = false;
        while let Some(id) = self.touched.pop() {
            let Some(check) = self.checks.get_mut(id.index()) else { continue };
            check.touched = false;
            let rating = check.rating(now);
            if rating != check.published {
                changed = true;
                changes.push(Change {
                    name: Rc::clone(&check.name),
                    from: check.published,
                    to: rating,
                    why: check.why(now),
                });
                check.published = rating;
            }
            if check.is_forgotten() {
                if check.listed {
                    self.volatile.retain(|other| *other != id);
                }
                self.remove(id);
            }
        }
        self.touched.shrink_to(IDLE_CAPACITY);
        changed
    }

    /// The published rating of every check, in byte order of the names.
    pub fn ratings(&self) -> impl Iterator<Item = (Code, &Rc<str>)> {
        self.order.iter().filter_map(|id| {
            let check = self.checks.get(id.index())?;
            Some((check.published?, &check.name))
        })
    }

    /// Everything there is to know of every check, in byte order of the names.
    pub fn checks(&self, now: Now) -> impl Iterator<Item = CheckView<'_>> {
        self.order.iter().filter_map(move |id| self.checks.get(id.index())?.view(now))
    }
}

fn earliest(one: Option<Nanos>, other: Option<Nanos>) -> Option<Nanos> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
