//! What a mon.cf says, line by line: each line is a part of a record, or a note that says why it is none.

use super::super::document::Note;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is wrong with a line.
#[derive(Debug)]
pub(super) struct Bad {
    pub line: usize,
    pub what: String,
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// What stands at its top and is not taken.
    pub notes: Vec<Note>,
    pub groups: Vec<Group>,
    /// Where monitors and alerts are, if it says so.
    pub monitors: Option<String>,
    pub alerts: Option<String>,
    /// A period in which nothing runs.
    pub exclude: Option<(usize, String)>,
}

/// A hostgroup, and the watch on it.
#[derive(Debug)]
pub(super) struct Group {
    pub line: usize,
    pub name: String,
    pub hosts: Vec<(usize, String)>,
    /// The line of its watch, if there is one.
    pub watched: Option<usize>,
    pub services: Vec<Service>,
}

/// A service of a watch. Of what is set twice the last one counts.
#[derive(Debug)]
pub(super) struct Service {
    pub line: usize,
    pub name: String,
    pub notes: Vec<Note>,
    pub interval: Option<(usize, Duration)>,
    pub monitor: Option<(usize, String)>,
    pub trap_timeout: Option<(usize, Duration)>,
    pub description: Option<(usize, String)>,
    pub exclude_hosts: Option<(usize, Vec<String>)>,
    pub exclude_period: Option<(usize, String)>,
    /// `NAME` and value, for the environment.
    pub variables: Vec<(usize, String, String)>,
    /// `a`, `m` or `hm`.
    pub behavior: String,
    pub depend: Option<(usize, String)>,
    pub alert_depend: Option<(usize, String)>,
    pub monitor_depend: Option<(usize, String)>,
    pub periods: Vec<Period>,
    /// All lines of it but those of its periods.
    pub lines: Vec<Given>,
}

/// A line as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub line: usize,
    pub text: String,
}

/// When to tell whom.
#[derive(Debug)]
pub(super) struct Period {
    pub line: usize,
    /// As it is written, without the label.
    pub text: String,
    pub notes: Vec<Note>,
    pub alerts: Vec<(usize, String)>,
    pub upalerts: Vec<(usize, String)>,
    pub every: Option<Every>,
    pub after: Option<After>,
    pub limit: Option<u32>,
    /// All lines of it.
    pub lines: Vec<Given>,
}

/// `alertevery`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Every {
    pub length: Duration,
    /// Whether another list of failed hosts is told at once.
    pub on_change: bool,
}

/// `alertafter`.
#[derive(Debug, Clone, Copy)]
pub(super) enum After {
    Failures(u32),
    Time(Duration),
}

impl Group {
    pub(super) fn new(line: usize, name: &str) -> Group {
        let name = name.to_owned();
        Group { line, name, hosts: Vec::new(), watched: None, services: Vec::new() }
    }
}

impl Service {
    /// Notes on each line of it and of its periods that has none yet; `notes` has its own.
    pub(super) fn left_out(&self, notes: &mut Vec<Note>) {
        notes.extend(self.periods.iter().flat_map(|period| &period.notes).cloned());
        let of_periods = self.periods.iter().flat_map(|period| &period.lines);
        let lines: Vec<Given> = self.lines.iter().chain(of_periods).cloned().collect();
        left_out(&lines, notes, "left out with its service");
    }

    pub(super) fn new(line: usize, name: &str, behavior: &str) -> Service {
        Service {
            line,
            name: name.to_owned(),
            notes: Vec::new(),
            interval: None,
            monitor: None,
            trap_timeout: None,
            description: None,
            exclude_hosts: None,
            exclude_period: None,
            variables: Vec::new(),
            behavior: behavior.to_owned(),
            depend: None,
            alert_depend: None,
            monitor_depend: None,
            periods: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// Notes on each line that has none yet.
pub(super) fn left_out(lines: &[Given], notes: &mut Vec<Note>, why: &str) {
    let noted: BTreeSet<usize> = notes.iter().map(|note| note.line).collect();
    let rest = lines.iter().filter(|given| !noted.contains(&given.line));
    notes.extend(rest.map(|given| Note::new(given.line, &given.text, why)));
}

impl Period {
    pub(super) fn new(line: usize, text: &str) -> Period {
        Period {
            line,
            text: text.to_owned(),
            notes: Vec::new(),
            alerts: Vec::new(),
            upalerts: Vec::new(),
            every: None,
            after: None,
            limit: None,
            lines: Vec::new(),
        }
    }

    /// Notes on each line that has none yet: it is left out with the period.
    pub(super) fn left_out(&self, notes: &mut Vec<Note>) {
        left_out(&self.lines, notes, "left out with its period");
    }
}
