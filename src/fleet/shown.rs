//! What the journal has, in the shapes of the control socket, the commands and the board's API.

use crate::availability::Percent;
use crate::journal::{Happened, Incident, LogRow};
use crate::object::ObjectName;
use crate::reckoning::Reckoning;
use crate::time::Millis;
use crate::when::shown;
use jiff::tz::TimeZone;
use oco::logic::code::Code;
use oco::logic::control::{AvailabilityStatus, IncidentStatus, LogEntry, VERSION};

/// A row of the journal as an entry, with times of `zone`; none: UTC.
pub fn log_entry(row: LogRow, zone: Option<&TimeZone>) -> LogEntry {
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

/// An availability, with times of `zone`; none: UTC.
pub fn availability(name: &ObjectName, of: &Reckoning, zone: Option<&TimeZone>) -> AvailabilityStatus {
    let durations = of.durations;
    AvailabilityStatus {
        version: VERSION,
        name: name.to_string(),
        from: shown(of.from, zone),
        to: shown(of.to, zone),
        ok: durations.ok,
        but: durations.but,
        ko: durations.ko,
        unknown: durations.unknown,
        planned: durations.planned,
        no_data: durations.no_data,
        measured: of.measured.map(Percent::number),
        contractual: of.contractual.map(Percent::number),
        warning: None,
        target: of.budget.map(|(target, _, _)| target.number()),
        budget: of.budget.map(|(_, budget, _)| budget),
        left: of.budget.map(|(_, _, left)| left),
    }
}

/// An incident, with times of `zone`; none: UTC.
pub fn incident(incident: &Incident, zone: Option<&TimeZone>) -> IncidentStatus {
    let time = |at: Millis| shown(at, zone);
    let state = match (incident.closed, incident.acknowledged) {
        (Some(_), _) => "closed",
        (None, Some(_)) => "acknowledged",
        (None, None) => "open",
    };
    IncidentStatus {
        id: incident.id,
        name: incident.name.to_string(),
        state: state.to_owned(),
        opened: time(incident.opened),
        acknowledged: incident.acknowledged.map(time),
        closed: incident.closed.map(time),
        who: incident.who.clone(),
        members: incident.members.iter().map(ToString::to_string).collect(),
    }
}
