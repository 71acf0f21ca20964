//! Entries of the log as the control socket tells them.

use super::reply;
use crate::limits::LOG_ROWS_PER_TURN;
use jiff::tz::TimeZone;
use oco::logic::code::Code;
use oco::logic::control::LogEntry;
use oco_fleet::journal::{Happened, LogPage, LogRow};
use oco_fleet::time::Millis;
use oco_fleet::when::shown;

/// The reply to `log`, made piece by piece.
#[derive(Debug)]
pub struct LogReply {
    rows: std::vec::IntoIter<LogRow>,
    zone: Option<TimeZone>,
}

impl LogReply {
    /// A reply of these rows, with times of `zone`; none: UTC.
    pub fn new(page: LogPage, zone: Option<TimeZone>) -> LogReply {
        LogReply { rows: page.rows.into_iter(), zone }
    }

    /// Writes on. Whether that was the end.
    pub fn write(&mut self, out: &mut Vec<u8>) -> bool {
        for row in self.rows.by_ref().take(LOG_ROWS_PER_TURN) {
            out.extend(reply::line(&entry(row, self.zone.as_ref())));
        }
        let is_last = self.rows.len() == 0;
        if is_last {
            out.extend(reply::ok());
        }
        is_last
    }
}

/// A row of the journal as an entry, with times of `zone`; none: UTC.
pub fn entry(row: LogRow, zone: Option<&TimeZone>) -> LogEntry {
    let time = |at: Millis| shown(at, zone);
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
