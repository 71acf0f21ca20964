//! Sections of figures: what was promised, how each was, and how that was by time.

use super::{Cell, Row, Section, Table, columns, section, text, who};
use crate::report::figures::{LevelFigures, Member, Report, letters};
use crate::report::words::{length, minute, name, percent, visible};
use oco_fleet::level::target_text;
use oco_fleet::time::Millis;

fn titled(member: &Member) -> Cell {
    match &member.title {
        Some(title) => text(format!("{} ({})", visible(title), member.name)),
        None => who(&member.name),
    }
}

pub(super) fn levels(report: &Report) -> Option<Section> {
    let at = |at: Millis| minute(at, &report.zone);
    let row = |level: &LevelFigures| Row {
        depth: usize::from(level.is_part),
        cells: vec![
            if level.is_part {
                text(format!("{} to {}", at(level.from), at(level.to)))
            } else {
                who(&level.name)
            },
            if level.is_part { text("") } else { who(&level.of) },
            text(target_text(level.target.0)),
            text(percent(level.measured)),
            text(percent(level.contractual)),
            text(length(level.budget)),
            text(length(level.spent)),
            text(length(level.left)),
            Cell::Verdict(level.verdict),
        ],
    };
    let columns = columns([
        ("Level", 1.95, false),
        ("of", 1.7, false),
        ("Target", 1.0, true),
        ("Measured", 1.2, true),
        ("Contractual", 1.35, true),
        ("Budget", 1.1, true),
        ("Spent", 1.1, true),
        ("Left", 1.1, true),
        ("Kept?", 1.35, false),
    ]);
    let table = Table { columns, rows: report.levels.iter().map(row).collect() };
    let mut section = section("Service levels", table, "");
    for level in report.levels.iter().filter(|level| !level.is_part) {
        let hours = level.hours.as_ref().map_or("at all times".to_owned(), |hours| format!("in {hours}"));
        section.after.push(format!(
            "{}: {} of {} over each {}, {hours}; unknown time is {}.",
            level.name,
            target_text(level.target.0),
            name(level.of.as_str()),
            level.period,
            match level.unknown {
                "excluded" => "left out",
                "up" => "counted as up",
                _ => "counted as down",
            },
        ));
    }
    (!report.levels.is_empty()).then_some(section)
}

pub(super) fn members(report: &Report) -> Section {
    let row = |member: &Member| {
        let durations = member.durations;
        Row {
            depth: member.depth,
            cells: vec![
                titled(member),
                text(percent(member.measured)),
                text(percent(member.contractual)),
                text(length(durations.ok)),
                text(length(durations.but)),
                text(length(durations.ko)),
                text(length(durations.planned)),
                text(length(durations.unknown)),
                text(length(durations.no_data)),
                text(member.outages.to_string()),
                text(length(member.longest)),
            ],
        }
    };
    let columns = columns([
        ("Name", 2.3, false),
        ("Measured", 1.15, true),
        ("Contractual", 1.3, true),
        ("ok", 0.95, true),
        ("but", 0.95, true),
        ("ko", 0.95, true),
        ("planned", 0.95, true),
        ("unknown", 1.2, true),
        ("no data", 0.95, true),
        ("Outages", 0.95, true),
        ("longest", 0.95, true),
    ]);
    let table = Table { columns, rows: report.members.iter().map(row).collect() };
    let mut section = section("Availability", table, "Nobody was watched in this time.");
    if report.more_members > 0 {
        section.after.push(format!("{} more members are not listed.", report.more_members));
    }
    section
}

pub(super) fn history(report: &Report) -> Section {
    let row = |member: &Member| Row {
        depth: member.depth,
        cells: vec![titled(member), Cell::Bar(letters(&member.bar)), text(percent(member.contractual))],
    };
    let columns = columns([("Name", 2.0, false), ("", 6.0, false), ("Contractual", 1.1, true)]);
    let table = Table { columns, rows: report.members.iter().map(row).collect() };
    let mut section = section("History", table, "Nobody was watched in this time.");
    if section.table.is_some() {
        let at = |at: Millis| minute(at, &report.zone);
        section.has_legend = true;
        section.before.push(format!(
            "From {} on the left to {} on the right, {} a cell, which shows the worst that was in it.",
            at(report.period.from),
            at(report.period.to),
            report.cell,
        ));
    }
    section
}
