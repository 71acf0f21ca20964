//! What programs read: JSON, CSV and XML, each read by somebody else's parser into the same rows, and compared with the
//! report field by field.

use super::formats::{all, text};
use crate::report::figures::{Report, letters};
use crate::report::words::{rfc3339, zone_name};
use crate::report::{Format, write};
use oco_fleet::availability::{Durations, Percent};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

/// The fields of a row that are not empty.
type Row = BTreeMap<String, String>;
/// The rows of each section, in order; `report` and `made` have one.
type Sections = BTreeMap<&'static str, Vec<Row>>;

const SECTIONS: [&str; 6] = ["levels", "members", "outages", "incidents", "maintenance", "corrections"];

fn row<const N: usize>(fields: [(&str, String); N]) -> Row {
    fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key.to_owned(), text))
        .collect()
}

fn figures(mut row: Row, of: Durations, measured: Option<Percent>, contractual: Option<Percent>) -> Row {
    let shares = [("measured", measured), ("contractual", contractual)];
    row.extend(shares.into_iter().filter_map(|(key, share)| Some((key.to_owned(), share?.to_string()))));
    let lengths = [
        ("ok", of.ok),
        ("but", of.but),
        ("ko", of.ko),
        ("planned", of.planned),
        ("unknown", of.unknown),
        ("no_data", of.no_data),
    ];
    row.extend(lengths.map(|(key, length)| (key.to_owned(), length.to_string())));
    row
}

/// All that a report says.
fn expected(report: &Report) -> Sections {
    let at = |at: Millis| rfc3339(at, &report.zone);
    let maybe = |time: Option<Millis>| time.map(at).unwrap_or_default();
    let (period, made) = (&report.period, &report.made);
    let levels = report.levels.iter().map(|level| {
        let row = row([
            ("name", level.name.to_string()),
            ("of", level.of.to_string()),
            ("part", level.is_part.to_string()),
            ("from", at(level.from)),
            ("to", at(level.to)),
            ("period", level.period.clone()),
            ("hours", level.hours.clone().unwrap_or_default()),
            ("unknown_is", level.unknown.to_owned()),
            ("target", level.target.to_string()),
            ("budget", level.budget.to_string()),
            ("spent", level.spent.to_string()),
            ("left", level.left.to_string()),
            ("verdict", level.verdict.word().to_owned()),
        ]);
        figures(row, level.durations, level.measured, level.contractual)
    });
    let members = report.members.iter().map(|member| {
        let row = row([
            ("name", member.name.to_string()),
            ("title", member.title.clone().unwrap_or_default()),
            ("depth", member.depth.to_string()),
            ("outages", member.outages.to_string()),
            ("longest", member.longest.to_string()),
            ("bar", letters(&member.bar)),
        ]);
        figures(row, member.durations, member.measured, member.contractual)
    });
    let outages = report.outages.iter().map(|outage| {
        row([
            ("name", outage.name.to_string()),
            ("from", at(outage.from)),
            ("to", at(outage.to)),
            ("from_before", outage.is_from_before.to_string()),
            ("goes_on", outage.goes_on.to_string()),
            ("length", outage.length().to_string()),
            ("planned", outage.planned.to_string()),
            ("reason", outage.reason.clone()),
        ])
    });
    let incidents = report.incidents.iter().map(|incident| {
        row([
            ("id", incident.id.to_string()),
            ("name", incident.name.to_string()),
            ("opened", at(incident.opened)),
            ("acknowledged", maybe(incident.acknowledged)),
            ("closed", maybe(incident.closed)),
            ("who", incident.who.clone().unwrap_or_default()),
            ("members", incident.members.iter().map(ObjectName::as_str).collect::<Vec<_>>().join(" ")),
        ])
    });
    let maintenance = report.maintenance.iter().map(|work| {
        row([
            ("name", work.name.clone()),
            ("from", at(work.from)),
            ("to", maybe(work.to)),
            ("who", work.who.clone().unwrap_or_default()),
            ("at", maybe(work.at)),
            ("text", work.text.clone()),
        ])
    });
    let corrections = report.corrections.iter().map(|one| {
        row([
            ("id", one.id.to_string()),
            ("name", one.name.to_string()),
            ("from", at(one.from)),
            ("to", at(one.to)),
            ("state", one.state.word().to_owned()),
            ("who", one.who.clone()),
            ("at", at(one.at)),
            ("text", one.text.clone()),
        ])
    });
    let whole = row([
        ("version", "1".to_owned()),
        ("board", report.board.clone()),
        ("title", report.title.clone()),
        ("names", report.names.join(" ")),
        ("period", period.text.clone()),
        ("zone", zone_name(&report.zone)),
        ("from", at(period.from)),
        ("to", at(period.to)),
        ("until", at(period.until)),
        ("over", period.is_over().to_string()),
        ("cell", report.cell.clone()),
        ("more_members", report.more_members.to_string()),
        ("more_outages", report.more_outages.to_string()),
    ]);
    let made = row([
        ("at", at(made.at)),
        ("by", format!("ocoboard {}", made.version)),
        ("journal", made.journal.display().to_string()),
        ("began", at(made.began)),
        ("known", at(made.known)),
        ("watched", made.is_watched.to_string()),
    ]);
    BTreeMap::from([
        ("levels", levels.collect()),
        ("members", members.collect()),
        ("outages", outages.collect()),
        ("incidents", incidents.collect()),
        ("maintenance", maintenance.collect()),
        ("corrections", corrections.collect()),
        ("report", vec![whole]),
        ("made", vec![made]),
    ])
}

/// A report of a month that is over, and one of a year that is not, with a level's own periods in it.
fn reports() -> [Report; 2] {
    let year = super::world::Scene::new().report(&["node:shop", "push", "slo:shop"], "2026");
    assert!(year.levels.iter().any(|level| level.is_part) && !year.period.is_over());
    [all(), year]
}

fn of_json(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => format!("{:.3}", number.as_f64().unwrap()),
        serde_json::Value::Array(all) => all.iter().map(of_json).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[test]
fn json_says_all_of_it() {
    for report in reports() {
        let mut read: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&text(&report, Format::Json)).unwrap();
        let row = |object: &serde_json::Map<String, serde_json::Value>| -> Row {
            let fields = object.iter().map(|(key, value)| (key.clone(), of_json(value)));
            fields.filter(|(_, text)| !text.is_empty()).collect()
        };
        let mut sections = Sections::new();
        for name in SECTIONS {
            let rows = read.remove(name).unwrap();
            let rows = rows.as_array().unwrap().iter().map(|one| row(one.as_object().unwrap()));
            sections.insert(name, rows.collect());
        }
        sections.insert("made", vec![row(read.remove("made").unwrap().as_object().unwrap())]);
        sections.insert("report", vec![row(&read)]);
        assert_eq!(sections, expected(&report));
    }
}

fn attributes(start: &BytesStart<'_>) -> Row {
    let attributes = start.attributes().map(Result::unwrap).map(|one| {
        let value = one.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned();
        (one.key.as_ref().replace('-', "_"), value)
    });
    attributes.filter(|(_, text)| !text.is_empty()).collect()
}

/// The rows of an XML, by the elements around them.
fn of_xml(octets: &str) -> Sections {
    let mut reader = quick_xml::Reader::from_str(octets);
    let mut sections: Sections = SECTIONS.map(|name| (name, Vec::new())).into();
    let mut within: Vec<String> = Vec::new();
    let mut whole = Row::new();
    let mut content = String::new();
    loop {
        let event = reader.read_event().unwrap();
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let element = start.name().as_ref().to_owned();
                let mut row = attributes(&start);
                let section =
                    SECTIONS.into_iter().find(|name| within.last().is_some_and(|last| last == name));
                match (element.as_str(), section) {
                    (_, Some(section)) => sections.get_mut(section).unwrap().push(row),
                    ("report", None) => whole.append(&mut row),
                    ("made", None) => drop(sections.insert("made", vec![row])),
                    ("members", None) => {
                        whole.insert("cell".to_owned(), row["cell"].clone());
                        whole.insert("more_members".to_owned(), row["more"].clone());
                    }
                    ("outages", None) => drop(whole.insert("more_outages".to_owned(), row["more"].clone())),
                    _ => assert!(row.is_empty(), "{element}: {row:?}"),
                }
                content.clear();
                if !is_empty {
                    within.push(element);
                }
            }
            Event::Text(text) => content.push_str(&text),
            Event::GeneralRef(name) => content.push_str(&referred(&name)),
            Event::End(_) => {
                let element = within.pop().unwrap();
                let text = std::mem::take(&mut content);
                let key = match element.as_str() {
                    "outage" => "reason",
                    "work" | "correction" => "text",
                    "member" => "members",
                    "name" => "names",
                    _ => continue,
                };
                let row = match element.as_str() {
                    "name" => &mut whole,
                    "outage" => sections.get_mut("outages").unwrap().last_mut().unwrap(),
                    "work" => sections.get_mut("maintenance").unwrap().last_mut().unwrap(),
                    "correction" => sections.get_mut("corrections").unwrap().last_mut().unwrap(),
                    _ => sections.get_mut("incidents").unwrap().last_mut().unwrap(),
                };
                let said = row.entry(key.to_owned()).or_default();
                *said = if said.is_empty() { text } else { format!("{said} {text}") };
            }
            Event::Eof => break,
            _ => {}
        }
    }
    sections.insert("report", vec![whole]);
    sections
}

/// What `&NAME;` stands for.
pub(super) fn referred(name: &str) -> String {
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => number.parse().ok(),
    });
    let letter = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number.and_then(char::from_u32),
    };
    letter.unwrap_or_else(|| panic!("&{name};")).to_string()
}

#[test]
fn xml_says_all_of_it() {
    for report in reports() {
        let octets = text(&report, Format::Xml);
        assert_eq!(of_xml(&octets), expected(&report));
        if let Some(said) = super::formats::run("xmllint", &["--noout", "-"], octets.as_bytes()) {
            assert_eq!(said, "");
        }
    }
}

/// A row of the CSV under the names that the others have for its cells.
fn of_csv(section: &str, mut cells: Row) -> (&'static str, Row) {
    let mut take = |key: &str| cells.remove(key).unwrap_or_default();
    let row = match section {
        "level" | "level-period" => {
            let words = take("text");
            let mut words = words.split("; ").map(|pair| pair.split_once(' ').unwrap().1.to_owned());
            let mut next = || words.next().unwrap();
            let mut row = row([
                ("part", (section == "level-period").to_string()),
                ("period", next()),
                ("hours", Some(next()).filter(|hours| hours != "all").unwrap_or_default()),
                ("unknown_is", next()),
            ]);
            take("length_ms");
            row.append(&mut cells);
            ("levels", row)
        }
        "member" => {
            for of_report in ["from", "to", "length_ms"] {
                take(of_report);
            }
            ("members", cells)
        }
        "outage" => {
            let (state, reason) = (take("state"), take("text"));
            let mut row = row([
                ("from_before", state.contains("from before").to_string()),
                ("goes_on", state.contains("goes on").to_string()),
                ("reason", reason),
            ]);
            row.append(&mut cells);
            ("outages", row)
        }
        "incident" => {
            let mut row =
                row([("opened", take("from")), ("closed", take("to")), ("acknowledged", take("at"))]);
            take("length_ms");
            row.append(&mut cells);
            ("incidents", row)
        }
        "maintenance" => ("maintenance", cells),
        "correction" => ("corrections", cells),
        other => panic!("{other}"),
    };
    let (section, cells) = row;
    (section, cells.into_iter().map(|(key, cell)| (key.trim_end_matches("_ms").to_owned(), cell)).collect())
}

#[test]
fn csv_says_all_of_it_in_one_table_without_a_formula() {
    for report in reports() {
        let octets = write(&report, Format::Csv, &[]).unwrap();
        let mut reader = csv::Reader::from_reader(&octets[..]);
        let heads = reader.headers().unwrap().clone();
        assert_eq!(&heads[0], "section");
        let mut sections: Sections = SECTIONS.map(|name| (name, Vec::new())).into();
        let mut count = 1;
        for record in reader.records() {
            let record = record.unwrap();
            count += 1;
            let cells = heads.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
            // A cell that a spreadsheet would compute has a mark before it.
            let plain = |cell: &str| match cell.strip_prefix('\'') {
                Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
                _ => cell.to_owned(),
            };
            let mut cells: Row = cells.map(|(head, cell)| (head.to_owned(), plain(cell))).collect();
            let section = cells.remove("section").unwrap();
            if section == "report" {
                let all = expected(&report);
                let (whole, made) = (&all["report"][0], &all["made"][0]);
                for (cell, key) in [
                    ("name", "names"),
                    ("title", "title"),
                    ("of", "board"),
                    ("from", "from"),
                    ("to", "until"),
                ] {
                    assert_eq!(cells[cell], whole[key], "{cell}");
                }
                assert_eq!((&cells["at"], cells["state"] == "over"), (&made["at"], report.period.is_over()));
                for key in ["period", "zone", "cell"] {
                    assert!(cells["text"].contains(&whole[key]), "{key} in {}", cells["text"]);
                }
                for key in ["by", "journal", "began", "known"] {
                    assert!(cells["text"].contains(&made[key]), "{key} in {}", cells["text"]);
                }
                continue;
            }
            let (section, row) = of_csv(&section, cells);
            sections.get_mut(section).unwrap().push(row);
        }
        let mut all = expected(&report);
        all.retain(|section, _| SECTIONS.contains(section));
        assert_eq!(sections, all);
        let text = String::from_utf8(octets).unwrap();
        assert!(text.lines().count() == count && text.matches("\r\n").count() == count);
        assert!(text.contains(",'=probe was wrong"), "{text}");
    }
}
