//! A report as CSV by RFC 4180: one table, whose first column says of which section a row is.

use super::figures::{Report, letters};
use super::words::rfc3339;
use oco_fleet::availability::{Durations, Percent};
use oco_fleet::time::Millis;
use std::collections::BTreeMap;

/// The columns. A cell is empty where a section has no such figure. Lengths are milliseconds, shares per cent.
pub(super) const COLUMNS: [&str; 30] = [
    "section",
    "id",
    "name",
    "title",
    "depth",
    "of",
    "from",
    "to",
    "length_ms",
    "ok_ms",
    "but_ms",
    "ko_ms",
    "unknown_ms",
    "planned_ms",
    "no_data_ms",
    "measured",
    "contractual",
    "target",
    "budget_ms",
    "spent_ms",
    "left_ms",
    "verdict",
    "outages",
    "longest_ms",
    "bar",
    "state",
    "who",
    "at",
    "text",
    "members",
];

/// The cells of a row that are not empty.
type Row = BTreeMap<&'static str, String>;

/// Writes it.
pub(super) fn write(report: &Report) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| error.to_string())?;
    for row in rows(report) {
        let cells =
            COLUMNS.iter().map(|column| row.get(column).map(|cell| defused(cell)).unwrap_or_default());
        writer.write_record(cells).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// A cell that no spreadsheet takes for a formula. A number below zero is none.
fn defused(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    // Blanks, tabs and line ends before it are cut off by some.
    let is_formula =
        cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let is_odd = cell.starts_with(['\t', '\r', '\n']);
    if (is_formula && !is_number) || is_odd { format!("'{cell}") } else { cell.to_owned() }
}

fn rows(report: &Report) -> Vec<Row> {
    let zone = &report.zone;
    let at = |at: Millis| rfc3339(at, zone);
    let period = &report.period;
    let mut rows = vec![Row::from([
        ("section", "report".to_owned()),
        ("name", report.names.join(" ")),
        ("title", report.title.clone()),
        ("of", report.board.clone()),
        ("from", at(period.from)),
        ("to", at(period.until)),
        ("length_ms", period.until.since(period.from).to_string()),
        ("state", if period.is_over() { "over" } else { "not over" }.to_owned()),
        ("at", at(report.made.at)),
        (
            "text",
            format!(
                "period {}; time zone {}; a cell of a bar is {}; journal {} since {}; known until {}; watcher {}; ocoboard {}",
                period.text,
                super::words::zone_name(zone),
                report.cell,
                report.made.journal.display(),
                at(report.made.began),
                at(report.made.known),
                if report.made.is_watched { "running" } else { "away" },
                report.made.version,
            ),
        ),
    ])];
    for level in &report.levels {
        let mut row = Row::from([
            ("section", if level.is_part { "level-period" } else { "level" }.to_owned()),
            ("name", level.name.to_string()),
            ("of", level.of.to_string()),
            ("from", at(level.from)),
            ("to", at(level.to)),
            ("target", level.target.to_string()),
            ("budget_ms", level.budget.to_string()),
            ("spent_ms", level.spent.to_string()),
            ("left_ms", level.left.to_string()),
            ("verdict", level.verdict.word().to_owned()),
            (
                "text",
                format!(
                    "period {}; hours {}; unknown {}",
                    level.period,
                    level.hours.as_deref().unwrap_or("all"),
                    level.unknown
                ),
            ),
        ]);
        figures(&mut row, level.durations, level.measured, level.contractual);
        rows.push(row);
    }
    for member in &report.members {
        let mut row = Row::from([
            ("section", "member".to_owned()),
            ("name", member.name.to_string()),
            ("title", member.title.clone().unwrap_or_default()),
            ("depth", member.depth.to_string()),
            ("from", at(period.from)),
            ("to", at(period.until)),
            ("outages", member.outages.to_string()),
            ("longest_ms", member.longest.to_string()),
            ("bar", letters(&member.bar)),
        ]);
        figures(&mut row, member.durations, member.measured, member.contractual);
        rows.push(row);
    }
    if report.more_members > 0 {
        rows.push(Row::from([
            ("section", "more-members".to_owned()),
            ("members", report.more_members.to_string()),
        ]));
    }
    rows.extend(report.outages.iter().map(|outage| {
        Row::from([
            ("section", "outage".to_owned()),
            ("name", outage.name.to_string()),
            ("from", at(outage.from)),
            ("to", at(outage.to)),
            ("length_ms", outage.length().to_string()),
            ("planned_ms", outage.planned.to_string()),
            (
                "state",
                match (outage.is_from_before, outage.goes_on) {
                    (false, false) => "",
                    (true, false) => "from before",
                    (false, true) => "goes on",
                    (true, true) => "from before, goes on",
                }
                .to_owned(),
            ),
            ("text", outage.reason.clone()),
        ])
    }));
    if report.more_outages > 0 {
        rows.push(Row::from([
            ("section", "more-outages".to_owned()),
            ("outages", report.more_outages.to_string()),
        ]));
    }
    rows.extend(report.incidents.iter().map(|incident| {
        let members: Vec<&str> = incident.members.iter().map(|member| member.as_str()).collect();
        Row::from([
            ("section", "incident".to_owned()),
            ("id", incident.id.to_string()),
            ("name", incident.name.to_string()),
            ("from", at(incident.opened)),
            ("to", incident.closed.map(at).unwrap_or_default()),
            (
                "length_ms",
                incident.closed.map(|end| end.since(incident.opened).to_string()).unwrap_or_default(),
            ),
            ("at", incident.acknowledged.map(at).unwrap_or_default()),
            ("who", incident.who.clone().unwrap_or_default()),
            ("members", members.join(" ")),
        ])
    }));
    rows.extend(report.maintenance.iter().map(|work| {
        Row::from([
            ("section", "maintenance".to_owned()),
            ("name", work.name.clone()),
            ("from", at(work.from)),
            ("to", work.to.map(at).unwrap_or_default()),
            ("who", work.who.clone().unwrap_or_default()),
            ("at", work.at.map(at).unwrap_or_default()),
            ("text", work.text.clone()),
        ])
    }));
    rows.extend(report.corrections.iter().map(|one| {
        Row::from([
            ("section", "correction".to_owned()),
            ("id", one.id.to_string()),
            ("name", one.name.to_string()),
            ("from", at(one.from)),
            ("to", at(one.to)),
            ("state", one.state.word().to_owned()),
            ("who", one.who.clone()),
            ("at", at(one.at)),
            ("text", one.text.clone()),
        ])
    }));
    rows
}

fn figures(row: &mut Row, durations: Durations, measured: Option<Percent>, contractual: Option<Percent>) {
    let share = |share: Option<Percent>| share.map(|share| share.to_string()).unwrap_or_default();
    row.extend([
        ("length_ms", durations.total().to_string()),
        ("ok_ms", durations.ok.to_string()),
        ("but_ms", durations.but.to_string()),
        ("ko_ms", durations.ko.to_string()),
        ("unknown_ms", durations.unknown.to_string()),
        ("planned_ms", durations.planned.to_string()),
        ("no_data_ms", durations.no_data.to_string()),
        ("measured", share(measured)),
        ("contractual", share(contractual)),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+33 1 23", "'+33 1 23"),
            ("-rf", "'-rf"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1", "'  =1"),
            ("\t=1", "'\t=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("-1200", "-1200"),
            ("-inf", "'-inf"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(defused(cell), expected, "{cell:?}");
        }
    }
}
