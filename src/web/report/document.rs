//! A report as people read it: headings, tables and sentences, which both HTML and PDF set.

mod availability;
mod events;

use super::figures::{Report, Verdict};
use super::words::{minute, name, time, visible, zone_name};
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
        availability::levels(report),
        Some(availability::members(report)),
        Some(availability::history(report)),
        Some(events::outages(report)),
        Some(events::incidents(report)),
        Some(events::maintenance(report)),
        Some(events::corrections(report)),
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
