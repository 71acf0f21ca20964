//! A report as people read it: headings, tables and sentences, which both HTML and PDF set.

use super::figures::{LevelFigures, Member, Outage, Report, Verdict, letters};
use super::words::{NONE, length, minute, name, percent, time, visible, zone_name};
use oco_fleet::journal::Incident;
use oco_fleet::level::target_text;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;

/// The whole of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Whose fleet it is.
    pub(super) board: String,
    /// What it is of.
    pub(super) title: String,
    /// Which time, in one line.
    pub(super) time: String,
    /// Set where the time is not over.
    pub(super) notice: Option<String>,
    /// When it was made, in one line.
    pub(super) made: String,
    pub(super) sections: Vec<Section>,
}

/// A heading with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub(super) head: &'static str,
    /// Sentences before the table.
    pub(super) before: Vec<String>,
    /// Whether the signs of the bars are explained.
    pub(super) has_legend: bool,
    pub(super) table: Option<Table>,
    /// Sentences behind it.
    pub(super) after: Vec<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    pub(super) head: &'static str,
    /// Its part of the width, beside those of the others.
    pub(super) share: f32,
    /// Whether it holds figures, which stand at the right.
    pub(super) is_figure: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// 0: what was asked for; 1: a part of that.
    pub(super) depth: usize,
    pub(super) cells: Vec<Cell>,
}

/// What stands in a row and column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Words or figures.
    Text(String),
    /// Whether a promise was kept.
    Verdict(Verdict),
    /// How it was, a letter a cell.
    Bar(String),
}

/// Characters of a reason that are shown.
const REASON_CHARACTERS: usize = 300;
/// Members of an incident that are named.
const MEMBERS_NAMED: usize = 10;

/// What a letter of a bar stands for.
pub(super) const LEGEND: [(char, &str); 6] = [
    ('o', "ok"),
    ('b', "but: up, with something to look at"),
    ('k', "ko"),
    ('p', "ko, as planned"),
    ('u', "unknown"),
    ('.', "no data"),
];

impl Table {
    /// Whether some rows are parts of others.
    pub(super) fn has_depth(&self) -> bool {
        self.rows.iter().any(|row| row.depth > 0)
    }
}

impl Cell {
    /// The words of a cell; of a bar none.
    pub(super) fn text(&self) -> &str {
        match self {
            Cell::Text(text) => text,
            Cell::Verdict(verdict) => verdict.word(),
            Cell::Bar(_) => "",
        }
    }
}

/// Letters of a bar that are the same, one after the other: the first cell's number, how many, which letter.
pub(super) fn runs(letters: &str) -> Vec<(usize, usize, char)> {
    let mut runs: Vec<(usize, usize, char)> = Vec::new();
    for (index, letter) in letters.chars().enumerate() {
        match runs.last_mut().filter(|(_, _, last)| *last == letter) {
            Some((_, count, _)) => *count += 1,
            None => runs.push((index, 1, letter)),
        }
    }
    runs
}

/// A reason as far as people read it: the whole of it is in what programs read.
fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(REASON_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('\u{2026}');
    }
    visible(&shown)
}

/// A bar in words, for who does not see it: `28 ok, 2 ko, 1 no data`.
pub(super) fn spoken(letters: &str) -> String {
    let counts = LEGEND.iter().filter_map(|(letter, words)| {
        let count = letters.chars().filter(|one| one == letter).count();
        let words = words.split(':').next().unwrap_or(words);
        (count > 0).then(|| format!("{count} {words}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// Sets a report.
pub(super) fn document(report: &Report) -> Document {
    let zone = &report.zone;
    let period = &report.period;
    let at = |at: Millis| minute(at, zone);
    let notice = (!period.is_over()).then(|| {
        format!(
            "This time is not over: it ends {}. What follows is as of {}.",
            at(period.to),
            time(period.until, zone)
        )
    });
    let sections = [
        levels(report),
        Some(members(report)),
        Some(history(report)),
        Some(outages(report)),
        Some(incidents(report)),
        Some(maintenance(report)),
        Some(corrections(report)),
        Some(method(report)),
    ];
    Document {
        board: visible(&report.board),
        title: visible(&report.title.split(", ").map(name).collect::<Vec<_>>().join(", ")),
        time: format!("{} to {} ({})", at(period.from), at(period.to), zone_name(zone)),
        notice,
        made: format!("{} by ocoboard {}", time(report.made.at, zone), report.made.version),
        sections: sections.into_iter().flatten().collect(),
    }
}

fn section(head: &'static str, table: Table, none: &str) -> Section {
    let is_empty = table.rows.is_empty();
    Section {
        head,
        before: if is_empty { vec![none.to_owned()] } else { Vec::new() },
        has_legend: false,
        table: (!is_empty).then_some(table),
        after: Vec::new(),
    }
}

fn columns<const N: usize>(columns: [(&'static str, f32, bool); N]) -> Vec<Column> {
    columns.map(|(head, share, is_figure)| Column { head, share, is_figure }).to_vec()
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn who(of: &ObjectName) -> Cell {
    text(name(of.as_str()))
}

fn titled(member: &Member) -> Cell {
    match &member.title {
        Some(title) => text(format!("{} ({})", visible(title), member.name)),
        None => who(&member.name),
    }
}

fn levels(report: &Report) -> Option<Section> {
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

fn members(report: &Report) -> Section {
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

fn history(report: &Report) -> Section {
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

fn outages(report: &Report) -> Section {
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
                text(short(&outage.reason)),
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

fn incidents(report: &Report) -> Section {
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

fn maintenance(report: &Report) -> Section {
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

fn corrections(report: &Report) -> Section {
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

/// How it was computed, when, from what.
fn method(report: &Report) -> Section {
    let zone = &report.zone;
    let made = &report.made;
    let mut before = vec![
        format!(
            "Made {} from the journal {}, which begins {}.",
            time(made.at, zone),
            made.journal.display(),
            time(made.began, zone)
        ),
        if made.is_watched {
            format!("The watcher was running, and what was until {} is known.", time(made.known, zone))
        } else {
            format!(
                "The watcher did not answer, or did not write: known is what was until its last sign of life, {}.",
                time(made.known, zone)
            )
        },
        "Each moment counts once, as the first of these that holds: a correction; no data, where nobody watched; \
         unknown; ko as planned, under maintenance; ok, but or ko. The lengths of a row sum up to its time, to the \
         millisecond; they are shown to the second, rounded down."
            .to_owned(),
        "Measured is (ok + but) / (ok + but + ko + planned); contractual is (ok + but) / (ok + but + ko). Both are \
         rounded down to three decimals, so that 100.000 % is all of it."
            .to_owned(),
        "The figures of a node or service come from its own states, not from the mean of its members. The journal is \
         never changed: corrections are laid over it."
            .to_owned(),
    ];
    if !report.levels.is_empty() {
        before.push(
            "The budget of a level is (1 - target) of the whole time, or of its hours in it; it is spent by ko that was \
             not planned. A level is kept if contractual is at least the target, compared before it is rounded. What was \
             promised is what the watcher's file says now."
                .to_owned(),
        );
    }
    let zone = zone_name(zone);
    before.push(format!(
        "Times are those of the time zone {zone}; a time that clocks show twice has its offset."
    ));
    Section { head: "How this was computed", before, has_legend: false, table: None, after: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_runs_and_words() {
        assert_eq!(runs("ookk."), [(0, 2, 'o'), (2, 2, 'k'), (4, 1, '.')]);
        assert_eq!(runs(""), []);
        assert_eq!(spoken("ookkb. "), "2 ok, 1 but, 2 ko, 1 no data");
    }
}
