//! Sections of what happened and what people did: outages, incidents, maintenance and corrections.

use super::{Row, Section, Table, columns, section, text, who};
use crate::report::figures::{Outage, Report};
use crate::report::words::{NONE, length, name, time, visible};
use crate::view::name::as_sent;
use oco_fleet::journal::Incident;
use oco_fleet::object::Kind;
use oco_fleet::time::Millis;

/// Characters of a reason that are shown.
const REASON_CHARACTERS: usize = 300;
/// Members of an incident that are named.
const MEMBERS_NAMED: usize = 10;

/// A reason as far as people read it: the whole of it is in what programs read.
fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(REASON_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('\u{2026}');
    }
    visible(&shown)
}

/// That of a target is somebody's own; of all others it names those who failed, who are shown as they were sent.
fn reason(outage: &Outage) -> String {
    match outage.name.kind() {
        Kind::Target => short(&outage.reason),
        Kind::Service | Kind::Node | Kind::Level => short(&as_sent(&outage.reason, str::to_owned)),
    }
}

pub(super) fn outages(report: &Report) -> Section {
    let zone = &report.zone;
    let row = |outage: &Outage| {
        let from = time(outage.from, zone);
        let to = time(outage.to, zone);
        Row {
            depth: 0,
            cells: vec![
                who(&outage.name),
                text(if outage.is_from_before { format!("before {from}") } else { from }),
                text(if outage.goes_on { format!("after {to}") } else { to }),
                text(length(outage.length())),
                text(if outage.planned > 0 { length(outage.planned) } else { NONE.to_owned() }),
                text(reason(outage)),
            ],
        }
    };
    let columns = columns([
        ("Name", 2.0, false),
        ("Start", 1.45, false),
        ("End", 1.45, false),
        ("Length", 0.9, true),
        ("planned", 0.8, true),
        ("Reason", 2.6, false),
    ]);
    let table = Table { columns, rows: report.outages.iter().map(row).collect() };
    let mut section = section("Outages", table, "There was none.");
    if report.more_outages > 0 {
        let listed = report.outages.len();
        section.after.push(format!(
            "These are the {listed} longest; {} shorter ones are not listed. The figures count all of them.",
            report.more_outages
        ));
    }
    section
}

pub(super) fn incidents(report: &Report) -> Section {
    let zone = &report.zone;
    let row = |incident: &Incident| {
        let after = |at: Option<Millis>| match at {
            Some(at) => format!("{} (after {})", time(at, zone), length(at.since(incident.opened))),
            None => NONE.to_owned(),
        };
        let first = incident.members.iter().take(MEMBERS_NAMED);
        let mut members: Vec<String> = first.map(|member| name(member.as_str())).collect();
        if incident.members.len() > MEMBERS_NAMED {
            members.push(format!("and {} more", incident.members.len() - MEMBERS_NAMED));
        }
        Row {
            depth: 0,
            cells: vec![
                text(incident.id.to_string()),
                who(&incident.name),
                text(time(incident.opened, zone)),
                text(after(incident.acknowledged)),
                text(visible(incident.who.as_deref().unwrap_or(NONE))),
                text(after(incident.closed)),
                text(members.join(", ")),
            ],
        }
    };
    let columns = columns([
        ("No.", 0.5, true),
        ("Name", 1.6, false),
        ("Opened", 1.5, false),
        ("Acknowledged", 1.5, false),
        ("by", 1.0, false),
        ("Closed", 1.5, false),
        ("Members that failed", 1.7, false),
    ]);
    let table = Table { columns, rows: report.incidents.iter().map(row).collect() };
    section("Incidents", table, "There was none.")
}

pub(super) fn maintenance(report: &Report) -> Section {
    let zone = &report.zone;
    let rows = report.maintenance.iter().map(|work| Row {
        depth: 0,
        cells: vec![
            text(name(&work.name)),
            text(time(work.from, zone)),
            text(work.to.map_or_else(|| "no end yet".to_owned(), |to| time(to, zone))),
            text(match (&work.who, work.at) {
                (Some(who), Some(at)) => format!("{}, {}", visible(who), time(at, zone)),
                (Some(who), None) => visible(who),
                (None, _) => "the watcher's file".to_owned(),
            }),
            text(visible(&work.text)),
        ],
    });
    let columns = columns([
        ("Name", 1.8, false),
        ("Start", 1.45, false),
        ("End", 1.45, false),
        ("Entered by, at", 1.8, false),
        ("Why", 2.5, false),
    ]);
    section("Maintenance", Table { columns, rows: rows.collect() }, "None was planned.")
}

pub(super) fn corrections(report: &Report) -> Section {
    let zone = &report.zone;
    let rows = report.corrections.iter().map(|one| Row {
        depth: 0,
        cells: vec![
            text(one.id.to_string()),
            who(&one.name),
            text(time(one.from, zone)),
            text(time(one.to, zone)),
            text(one.state.word()),
            text(format!("{}, {}", visible(&one.who), time(one.at, zone))),
            text(visible(&one.text)),
        ],
    });
    let columns = columns([
        ("No.", 0.5, true),
        ("Name", 1.5, false),
        ("From", 1.45, false),
        ("To", 1.45, false),
        ("counts as", 0.8, false),
        ("Corrected by, at", 1.6, false),
        ("Why", 2.0, false),
    ]);
    section("Corrections", Table { columns, rows: rows.collect() }, "There is none.")
}
