//! Periods of mon as alerts. What is told of a recovery there by a command of its own is told here to whom the failure was
//! told, so that commands which mon has for both make one alert, and the others another one.

use super::super::document::Note;
use super::super::names::Names;
use super::period::{Times, times};
use super::plan::{fitting, located};
use super::record::{After, Bad, Period};
use super::words::words;
use std::time::Duration;

/// Where alerts are unless the file says otherwise; ocowatch looks there by itself.
const ALERTS: &str = "/usr/lib/mon/alert.d";

/// An alert.
pub(super) struct Alert {
    pub notes: Vec<Note>,
    pub name: String,
    pub on: Vec<&'static str>,
    pub after: Option<After>,
    pub every: Option<Duration>,
    pub limit: Option<u32>,
    pub hours: Option<String>,
    pub commands: Vec<Vec<String>>,
}

/// The names that alerts have got, and where their programs are.
pub(super) struct Alerts {
    names: Names,
    folders: Option<String>,
}

impl Alerts {
    pub(super) fn new(folders: Option<String>) -> Alerts {
        Alerts { names: Names::default(), folders }
    }

    /// The alerts of a period of the service `full_name`, and notes on what has none.
    pub(super) fn of_period(
        &mut self,
        period: Period,
        full_name: &str,
        interval: Option<Duration>,
        alerts: &mut Vec<Alert>,
        left: &mut Vec<Note>,
    ) -> Result<(), Bad> {
        let mut notes = period.notes.clone();
        let text = format!("period {}", period.text);
        let hours = match times(&period.text) {
            Ok(Times::Always) => None,
            Ok(Times::Hours(hours)) => Some(hours),
            Ok(Times::Never) => {
                notes.push(Note::new(period.line, &text, "it never holds; nobody is told"));
                for (line, command) in period.alerts.iter().chain(&period.upalerts) {
                    notes.push(Note::new(*line, command, "its period never holds"));
                }
                period.left_out(&mut notes);
                left.append(&mut notes);
                return Ok(());
            }
            Ok(Times::Other) | Err(_) => {
                notes.push(Note::new(
                    period.line,
                    &text,
                    "weekly hours can't say that; it is told at any time",
                ));
                None
            }
        };
        let mut told = Vec::new();
        for (line, text) in &period.alerts {
            told.push(self.command(*line, "alert", text, &mut notes)?);
        }
        let mut of_recovery = Vec::new();
        for (line, text) in &period.upalerts {
            let command = self.command(*line, "upalert", text, &mut notes)?;
            if !told.iter().any(|other| is_same(other, &command)) {
                let why = "a recovery is told by the commands that told the failure";
                notes.push(Note::new(*line, &format!("upalert {text}"), why));
            }
            of_recovery.push(command);
        }
        if told.is_empty() {
            notes.push(Note::new(period.line, &text, "nobody is told of a failure in it"));
            period.left_out(&mut notes);
            left.append(&mut notes);
            return Ok(());
        }
        let is_both = |command: &Vec<String>| of_recovery.iter().any(|other| is_same(command, other));
        let (both, failures): (Vec<_>, Vec<_>) = told.into_iter().partition(is_both);
        for (events, commands) in [(vec!["ko", "ok"], both), (vec!["ko"], failures)] {
            if commands.is_empty() {
                continue;
            }
            let mut on = events;
            on.extend(period.every.filter(|every| every.on_change).map(|_| "partial"));
            alerts.push(Alert {
                notes: std::mem::take(&mut notes),
                name: self.names.unique(&full_name.replace('/', ".")),
                on,
                after: period.after,
                // Without alertevery, mon tells each failure of the monitor.
                every: period.every.map(|every| every.length).or(interval),
                limit: period.limit,
                hours: hours.clone(),
                commands,
            });
        }
        Ok(())
    }

    fn command(
        &self,
        line: usize,
        keyword: &str,
        text: &str,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<String>, Bad> {
        let bad = |what: &str| Bad { line, what: format!("{keyword}: {what}") };
        let mut words = words(text).ok_or_else(|| bad("a quote is not closed"))?;
        if words.first().is_some_and(|word| word.starts_with("exit=")) {
            words.remove(0);
            let why = "it is sent whatever the monitor's exit status is";
            notes.push(Note::new(line, &format!("{keyword} {text}"), why));
        }
        match words.first_mut() {
            Some(program) if !program.trim().is_empty() => {
                *program = located(program, self.folders.as_deref(), ALERTS);
            }
            Some(_) | None => return Err(bad("expected a program")),
        }
        fitting(line, words)
    }
}

/// Whether they are the same but for `-u`, which is put in on a recovery.
fn is_same(one: &[String], other: &[String]) -> bool {
    let without = |words: &[String]| words.iter().filter(|word| *word != "-u").cloned().collect::<Vec<_>>();
    without(one) == without(other)
}
