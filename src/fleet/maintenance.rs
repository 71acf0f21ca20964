//! Maintenance: which windows are open, whom they cover, when that changes, and their rows in the journal.
//!
//! Windows are weekly, from the file, or entered by command. One over a service covers its targets, as one over a group
//! covers its services and theirs; one over a node covers the node alone, for its members stand under others too. That a
//! service is down only by targets that are covered, and therefore planned, is judged above, not here.

use crate::calendar::{Hours, Zone};
use crate::object::{ObjectName, Pattern};
use crate::time::Millis;

/// Planned work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Of whom.
    pub of: Vec<Pattern>,
    /// When.
    pub when: When,
    /// Who planned it: a user, or the file.
    pub who: Box<str>,
    /// Why.
    pub text: Box<str>,
}

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Each week, in these hours.
    Weekly(Hours),
    /// Once, as it was entered.
    Once {
        /// From then on,
        from: Millis,
        /// until before then; none: until it is undone.
        until: Option<Millis>,
    },
}

impl Window {
    /// Whether it is open.
    pub fn is_open(&self, at: Millis, zone: &Zone) -> bool {
        match &self.when {
            When::Weekly(hours) => hours.contains(at, zone),
            When::Once { from, until } => *from <= at && until.is_none_or(|until| at < until),
        }
    }

    /// When it opens or closes next after `at`; of an open one, when it closes. None: never.
    pub fn next_change(&self, at: Millis, zone: &Zone) -> Option<Millis> {
        match &self.when {
            When::Weekly(hours) => hours.next_change(at, zone).map(|(change, _)| change),
            When::Once { from, until } => {
                let is_real = until.is_none_or(|until| *from < until);
                [Some(*from), *until].into_iter().flatten().find(|change| is_real && *change > at)
            }
        }
    }

    /// Whether it is one over `name`, or over the service of that target.
    pub fn covers(&self, name: &ObjectName) -> bool {
        let service = name.service_of_target();
        let names = || std::iter::once(name).chain(&service);
        self.of.iter().any(|pattern| names().any(|name| pattern.matches(name)))
    }

    /// Of whom, as a row has it: patterns by comma.
    fn of_text(&self) -> Box<str> {
        self.of.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ").into()
    }
}

/// The windows that are open at a moment.
#[derive(Debug, Clone)]
pub struct Open<'a> {
    windows: Vec<(&'a Window, Option<Millis>)>,
    next_change: Option<Millis>,
}

/// Which of the windows are open at `at`.
pub fn open<'a>(windows: impl IntoIterator<Item = &'a Window>, at: Millis, zone: &Zone) -> Open<'a> {
    let mut open = Open { windows: Vec::new(), next_change: None };
    for window in windows {
        let change = window.next_change(at, zone);
        if window.is_open(at, zone) {
            open.windows.push((window, change));
        }
        open.next_change = open.next_change.into_iter().chain(change).min();
    }
    open
}

impl<'a> Open<'a> {
    /// The open window that covers somebody, and until when it is open (none: until it is undone); of several the one
    /// that is open longest. None: nothing is planned.
    pub fn of(&self, name: &ObjectName) -> Option<(&'a Window, Option<Millis>)> {
        let covering = self.windows.iter().filter(|(window, _)| window.covers(name)).copied();
        covering.max_by_key(|(_, until)| until.unwrap_or(Millis(i64::MAX)))
    }

    /// Whether somebody is covered.
    pub fn is_planned(&self, name: &ObjectName) -> bool {
        self.windows.iter().any(|(window, _)| window.covers(name))
    }

    /// When a window opens or closes next, after the moment that was asked for. None: none ever does.
    pub fn next_change(&self) -> Option<Millis> {
        self.next_change
    }
}

/// A weekly window as it was when it was, for the journal. It is written when the window opens, with the end that it has
/// by then: so it is right also when nobody watches that end, and no later file changes it but while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// Of whom: patterns by comma.
    pub of: Box<str>,
    /// From then on,
    pub from: Millis,
    /// until before then; none: for ever.
    pub until: Option<Millis>,
    /// Why.
    pub text: Box<str>,
}

/// What is to be done to the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// Write a new one.
    Begin(Row),
    /// The window was taken out of the file, or changed in it: let the row of this index end at that moment.
    End {
        /// Which of the rows.
        index: usize,
        /// When it ends.
        at: Millis,
    },
}

/// What is to be done to the rows of weekly windows at `at`, after they were last looked at at `since`.
///
/// `rows` are those of weekly windows that had not ended at `since`. At a start `since` is `at`: what passed meanwhile
/// passed unwatched. A window begins in its row when it opened, or at `at` where it was put into the file while it was
/// open already.
pub fn row_changes<'a>(
    windows: impl IntoIterator<Item = &'a Window>,
    rows: &[Row],
    since: Millis,
    at: Millis,
    zone: &Zone,
) -> Vec<RowChange> {
    let mut wanted: Vec<Row> = Vec::new();
    for window in windows {
        let When::Weekly(hours) = &window.when else { continue };
        let row = |from, until| Row { of: window.of_text(), from, until, text: window.text.clone() };
        // Those that opened since, and the one that is open, which may have opened before.
        let next = Millis(at.0.saturating_add(1));
        let mut opened = hours.windows(since, next, zone);
        opened.retain(|(from, to)| *from > since || *to == next);
        for (from, to) in opened {
            let until = if to == next { hours.next_change(at, zone).map(|(end, _)| end) } else { Some(to) };
            wanted.push(row(if from > since { from } else { at }, until));
        }
    }
    let is_same =
        |row: &Row, other: &Row| row.of == other.of && row.text == other.text && row.until == other.until;
    let is_over = |row: &Row| row.until.is_some_and(|until| until <= at);
    let ended = rows.iter().enumerate().filter(|(_, row)| !is_over(row));
    let ended = ended.filter(|(_, row)| !wanted.iter().any(|wanted| is_same(wanted, row)));
    let mut changes: Vec<RowChange> = ended.map(|(index, _)| RowChange::End { index, at }).collect();
    for (index, row) in wanted.iter().enumerate() {
        let is_twice = wanted.iter().take(index).any(|earlier| is_same(earlier, row));
        if !is_twice && !rows.iter().any(|known| is_same(known, row)) {
            changes.push(RowChange::Begin(row.clone()));
        }
    }
    changes
}

#[cfg(test)]
mod tests;
