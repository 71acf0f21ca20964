//! `oco fleet log`: what happened, a line each, written as it comes. A reader that has gone ends it.

use super::connection::Connection;
use super::error::FleetError;
use crate::command::error::Error;
use crate::limits::{CONTROL_TIMEOUT, LOG_ENTRY_OCTETS};
use crate::logic::control::{Done, FleetOrder, LogEntry};
use crate::logic::text::printable;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Shows the log.
pub fn show(
    control: &Path,
    patterns: Vec<String>,
    since: Option<String>,
    is_json: bool,
) -> Result<u8, Error> {
    let mut connection = Connection::open(control, CONTROL_TIMEOUT)?;
    connection.send(FleetOrder::Log { patterns, since }, !is_json)?;
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    loop {
        let line = match next(&mut connection, is_json) {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                // What came until then is told.
                let _ = stdout.flush();
                return Err(error.into());
            }
        };
        if let Some(end) = ended(writeln!(stdout, "{line}")) {
            return end;
        }
    }
    ended(stdout.flush()).unwrap_or(Ok(0))
}

/// The next line that is shown; none where all was told.
fn next(connection: &mut Connection, is_json: bool) -> Result<Option<String>, FleetError> {
    let line = connection.line(LOG_ENTRY_OCTETS)?;
    let head = connection.head(&line)?;
    if head.version.is_some() {
        let done: Done = connection.read(&line)?;
        return if done.ok { Ok(None) } else { Err(connection.strange(line.as_bytes())) };
    }
    // Also for programs it has to be an entry.
    let read: LogEntry = connection.read(&line)?;
    Ok(Some(if is_json { line } else { entry(&read) }))
}

/// The end that a failed write means.
fn ended(written: io::Result<()>) -> Option<Result<u8, Error>> {
    match written {
        Ok(()) => None,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Some(Ok(0)),
        Err(error) => Some(Err(Error::System("write standard output", error))),
    }
}

/// An entry for people.
pub fn entry(entry: &LogEntry) -> String {
    let what = match entry.kind.as_str() {
        "transition" => transition(entry),
        "alert" => alert(entry),
        "act" => act(entry),
        "incident" => {
            let why = filled(entry.text.as_ref()).map(|text| format!(": {text}")).unwrap_or_default();
            format!("incident {}{why}", entry.event.as_deref().unwrap_or_default())
        }
        other => other.to_owned(),
    };
    printable(format!("{} {}: {what}", entry.at, entry.name).as_bytes())
}

/// `ok -> ko (refused)`, with the code where only that is another one.
fn transition(entry: &LogEntry) -> String {
    let (old, new) = (entry.old.as_deref().unwrap_or("unknown"), entry.new.as_deref().unwrap_or("unknown"));
    let mut text = format!("{old} -> {new}");
    if let (true, Some(code)) = (old == new, entry.code) {
        text.push_str(&format!(" {code}"));
    }
    if entry.planned == Some(true) {
        text.push_str(" maint");
    }
    if let Some(reason) = filled(entry.reason.as_ref()) {
        text.push_str(&format!(" ({reason})"));
    }
    if let Some(dependency) = filled(entry.depends_on.as_ref()) {
        text.push_str(&format!(", while {dependency}"));
    }
    text
}

/// `alert ko, step 2, sms.alert +33...: sent`.
fn alert(entry: &LogEntry) -> String {
    let mut text = format!("alert {}", entry.event.as_deref().unwrap_or_default());
    if let Some(step) = entry.step {
        text.push_str(&format!(", step {step}"));
    }
    if let Some(command) = filled(entry.command.as_ref()) {
        text.push_str(&format!(", {command}"));
    }
    if let Some(result) = filled(entry.result.as_ref()) {
        text.push_str(&format!(": {result}"));
    }
    text
}

/// `ack by root until 2026-11-25T13:00:00+01:00: disk ordered`.
fn act(entry: &LogEntry) -> String {
    let mut text = entry.act.clone().unwrap_or_default();
    if let Some(who) = filled(entry.who.as_ref()) {
        text.push_str(&format!(" by {who}"));
    }
    if let Some(until) = filled(entry.until.as_ref()) {
        text.push_str(&format!(" until {until}"));
    }
    if let Some(words) = filled(entry.text.as_ref()) {
        text.push_str(&format!(": {words}"));
    }
    text
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
