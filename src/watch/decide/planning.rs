//! Planned work: who is under maintenance now, by the weekly windows of the file and by what people entered, and the rows
//! by which the journal knows the former as they were.
//!
//! ```text
//!   [[maintenance]] --+                      +--> who begins or ends to be planned, for Fleet::set_planned
//!   Acts::windows ----+--> due, at deadline --+--> Entry::Window: a row for each object that a pattern matches itself
//! ```
//!
//! A row of a service counts for its targets, as the window does. What was entered by command has no rows, for the act is
//! one. Rows are those of [`row_changes`], an object each; of windows that hold at once the one within another has none.

mod names;
#[cfg(test)]
mod tests;

use super::acts::Acts;
use crate::config::{Maintenance, Settings};
pub use names::{Names, first_names};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{self, Entry};
use oco_fleet::maintenance::{Open, Row, RowChange, When, Window, open, row_changes};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::{HashMap, HashSet};

/// Who is named in windows of the file.
const FILE: &str = "watch.toml";
/// The end of what has none, as the journal has it.
const FOR_EVER: Millis = Millis(i64::MAX);

/// When something is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// By the wall clock, which weekly windows follow.
    pub wall: Millis,
    /// By the journal, whose time stands still while the wall clock is behind it.
    pub at: Millis,
}

/// Windows, rows, and who is planned.
#[derive(Debug)]
pub struct Planning {
    weekly: Vec<Window>,
    zone: Zone,
    /// The rows of each object that are not over, without its name.
    rows: HashMap<ObjectName, Vec<Row>>,
    planned: HashSet<ObjectName>,
    /// When it was last looked at.
    looked: Option<Times>,
    /// When a window opens or closes next.
    next: Option<Millis>,
    has_changed: bool,
}

impl Planning {
    /// The windows of the file, and the rows that were kept.
    pub fn new(settings: &Settings, zone: Zone, kept: Vec<journal::Window>) -> Planning {
        let mut rows: HashMap<ObjectName, Vec<Row>> = HashMap::new();
        for journal::Window { name, since, until, text } in kept {
            let until = Some(until).filter(|until| *until != FOR_EVER);
            rows.entry(name).or_default().push(Row { of: "".into(), from: since, until, text: text.into() });
        }
        Planning {
            weekly: settings.maintenance.iter().map(window).collect(),
            zone,
            rows,
            planned: HashSet::new(),
            looked: None,
            next: None,
            has_changed: true,
        }
    }

    /// Takes on other settings.
    pub fn reload(&mut self, settings: &Settings, zone: Zone) {
        self.weekly = settings.maintenance.iter().map(window).collect();
        self.zone = zone;
        self.has_changed = true;
    }

    /// Somebody acted, or others are known than before: the next [`Planning::due`] looks.
    pub fn changed(&mut self) {
        self.has_changed = true;
    }

    /// Looks who is planned, where something may have changed: tells who begins to be and then who ends to be, to be
    /// handed in that order to [`Fleet::set_planned`](super::fleet::Fleet::set_planned). It is cheap where nothing is due,
    /// and finds a wall clock that was set.
    pub fn due(
        &mut self,
        names: &dyn Names,
        acts: &Acts,
        times: Times,
        entries: &mut Vec<Entry>,
    ) -> Vec<(ObjectName, bool)> {
        let is_set_back = self.looked.is_some_and(|looked| times.wall < looked.wall);
        if !self.has_changed && !is_set_back && self.next.is_none_or(|next| times.wall < next) {
            return Vec::new();
        }
        let entered: Vec<Window> = acts.windows().collect();
        let open_weekly = self.weekly.iter().filter(|window| window.is_open(times.wall, &self.zone));
        let open_entered = entered.iter().filter(|window| window.is_open(times.at, &self.zone));
        let mut planned = HashSet::new();
        names::each_match(names, open_weekly.chain(open_entered), &mut |_, name| {
            planned.insert(name.clone());
        });
        self.keep_rows(names, times, entries);
        let next = [self.open(times.wall).next_change(), open(&entered, times.at, &self.zone).next_change()];
        self.next = next.into_iter().flatten().min();
        (self.looked, self.has_changed) = (Some(times), false);
        let before = std::mem::replace(&mut self.planned, planned);
        let mut changes: Vec<(ObjectName, bool)> =
            self.planned.difference(&before).map(|name| (name.clone(), true)).collect();
        changes.extend(before.difference(&self.planned).map(|name| (name.clone(), false)));
        changes.sort_unstable_by(|(one, one_begins), (other, other_begins)| {
            (other_begins, one).cmp(&(one_begins, other))
        });
        changes
    }

    /// When [`Planning::due`] has something to do next, by the wall clock.
    pub fn deadline(&self) -> Option<Millis> {
        self.next
    }

    /// Who is under maintenance by its own name: what a fleet begins with.
    pub fn planned(&self) -> &HashSet<ObjectName> {
        &self.planned
    }

    /// The windows of the file that are open, for who tells of them.
    pub fn open(&self, wall: Millis) -> Open<'_> {
        open(&self.weekly, wall, &self.zone)
    }

    /// The rows that are not over: what a journal that was begun anew has to be told.
    pub fn rows(&self) -> impl Iterator<Item = Entry> {
        self.rows.iter().flat_map(|(name, rows)| rows.iter().map(|row| entry(name, row)))
    }

    fn keep_rows(&mut self, names: &dyn Names, times: Times, entries: &mut Vec<Entry>) {
        // Who has rows and no window any more is looked at too.
        let mut windows_of: HashMap<ObjectName, Vec<usize>> =
            self.rows.keys().map(|name| (name.clone(), Vec::new())).collect();
        names::each_match(names, &self.weekly, &mut |index, name| {
            windows_of.entry(name.clone()).or_default().push(index);
        });
        let looked = self.looked.unwrap_or(times);
        let since = looked.wall.min(times.wall);
        // Most have the same windows and rows as others.
        let mut known: HashMap<(Vec<usize>, Vec<Row>), Vec<RowChange>> = HashMap::new();
        for (name, windows) in windows_of {
            let mut rows = self.rows.remove(&name).unwrap_or_default();
            let changes = known.entry((windows, rows.clone())).or_insert_with_key(|(windows, rows)| {
                let windows: Vec<Window> =
                    windows.iter().filter_map(|index| self.weekly.get(*index)).map(nobody).collect();
                row_changes(&windows, rows, since, times.wall, &self.zone)
            });
            apply(&name, changes, &mut rows, looked, times, entries);
            rows.retain(|row| row.until.is_none_or(|until| until > times.wall));
            if !rows.is_empty() {
                self.rows.insert(name, rows);
            }
        }
    }
}

/// Lets changes happen to the rows of an object, dated by the journal.
fn apply(
    name: &ObjectName,
    changes: &[RowChange],
    rows: &mut Vec<Row>,
    looked: Times,
    times: Times,
    entries: &mut Vec<Entry>,
) {
    let mut begun = Vec::new();
    for change in changes {
        match change {
            RowChange::End { index, at: _ } => {
                if let Some(row) = rows.get_mut(*index) {
                    row.until = Some(times.at.max(row.from));
                    entries.push(entry(name, row));
                }
            }
            RowChange::Begin(row) => {
                let is_from_now = row.from == times.wall;
                let from = if is_from_now { times.at } else { row.from.max(looked.at) };
                begun.push(Row { from, ..row.clone() });
            }
        }
    }
    rows.retain(|row| row.until.is_none_or(|until| until > times.at));
    let end = |row: &Row| row.until.unwrap_or(FOR_EVER);
    // Those that last longest first: they may have others within them.
    begun.sort_by_key(|row| std::cmp::Reverse(end(row)));
    for row in begun {
        let is_within = |other: &Row| other.from <= row.from && end(&row) <= end(other);
        if row.from < end(&row) && !rows.iter().any(is_within) {
            entries.push(entry(name, &row));
            rows.push(row);
        }
    }
}

fn entry(name: &ObjectName, row: &Row) -> Entry {
    Entry::Window(journal::Window {
        name: name.clone(),
        since: row.from,
        until: row.until.unwrap_or(FOR_EVER),
        text: row.text.to_string(),
    })
}

fn window(maintenance: &Maintenance) -> Window {
    Window {
        of: maintenance.of.clone(),
        when: When::Weekly(maintenance.hours.clone()),
        who: FILE.into(),
        text: maintenance.text.as_str().into(),
    }
}

/// A window without those whom it is of, as rows are kept by object.
fn nobody(window: &Window) -> Window {
    Window { of: Vec::new(), ..window.clone() }
}
