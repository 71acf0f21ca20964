//! Entries of the log as the control socket tells them.

use jiff::tz::TimeZone;
use oco::logic::code::Code;
use oco::logic::control::LogEntry;
use oco_fleet::journal::{Happened, LogRow};
use oco_fleet::time::Millis;
use oco_fleet::when::{rfc3339, rfc3339_in};

/// A row of the journal as an entry, with times of `zone`; none: UTC.
pub fn entry(row: LogRow, zone: Option<&TimeZone>) -> LogEntry {
    let time = |at: Millis| zone.map_or_else(|| rfc3339(at), |zone| rfc3339_in(at, zone));
    let entry = |kind: &str| LogEntry {
        at: time(row.at),
        kind: kind.to_owned(),
        name: row.name.clone(),
        ..LogEntry::default()
    };
    match row.what {
        Happened::Transition { old, new, depends_on, .. } => LogEntry {
            old: Some(old.word().to_owned()),
            new: Some(new.state.word().to_owned()),
            code: new.code.map(Code::number),
            reason: Some(new.reason.into()),
            planned: new.planned.then_some(true),
            depends_on,
            ..entry("transition")
        },
        Happened::Alert { event, step, command, result, .. } => LogEntry {
            event: Some(event),
            step: Some(step),
            command: Some(command),
            result: Some(result),
            ..entry("alert")
        },
        Happened::Act { act, who, text, until } => LogEntry {
            act: Some(act.to_owned()),
            who,
            text: Some(text),
            until: until.map(time),
            ..entry("act")
        },
        Happened::Incident { event, text, .. } => {
            LogEntry { event: Some(event), text: Some(text), ..entry("incident") }
        }
    }
}
