//! What people read: the tables of HTML, read by a parser, and the words of PDF, read by poppler; row by row, each with the
//! figures of the one whose name stands in it.

use super::formats::{all, run, squeezed, text};
use super::programs::referred;
use crate::report::document::spoken;
use crate::report::figures::{Member, Report, letters};
use crate::report::words::{NONE, length, minute, name, percent, time, visible};
use crate::report::{Format, write};
use oco_fleet::level::target_text;
use oco_fleet::time::Millis;
use quick_xml::events::Event;
use std::collections::BTreeMap;

/// The rows of the table below each heading, cell by cell; a bar as it is spoken.
type Tables = BTreeMap<String, Vec<Vec<String>>>;

/// All that a report shows. What has no row has no table.
fn expected(report: &Report) -> Tables {
    let at = |at: Millis| time(at, &report.zone);
    let minutes = |at: Millis| minute(at, &report.zone);
    let who = |member: &Member| match &member.title {
        Some(title) => format!("{title} ({})", member.name),
        None => name(member.name.as_str()),
    };
    let levels = report.levels.iter().map(|level| {
        let (first, of) = match level.is_part {
            true => (format!("{} to {}", minutes(level.from), minutes(level.to)), String::new()),
            false => (level.name.to_string(), level.of.to_string()),
        };
        let figures = [level.budget, level.spent, level.left].map(length);
        let shares = [target_text(level.target.0), percent(level.measured), percent(level.contractual)];
        [vec![first, of], shares.to_vec(), figures.to_vec(), vec![level.verdict.word().to_owned()]].concat()
    });
    let members = report.members.iter().map(|member| {
        let of = member.durations;
        let lengths = [of.ok, of.but, of.ko, of.planned, of.unknown, of.no_data].map(length);
        let shares = vec![who(member), percent(member.measured), percent(member.contractual)];
        [shares, lengths.to_vec(), vec![member.outages.to_string(), length(member.longest)]].concat()
    });
    let history = report
        .members
        .iter()
        .map(|member| vec![who(member), spoken(&letters(&member.bar)), percent(member.contractual)]);
    let outages = report.outages.iter().map(|outage| {
        let (from, to) = (at(outage.from), at(outage.to));
        vec![
            name(outage.name.as_str()),
            if outage.is_from_before { format!("before {from}") } else { from },
            if outage.goes_on { format!("after {to}") } else { to },
            length(outage.to.0 - outage.from.0),
            if outage.planned > 0 { length(outage.planned) } else { NONE.to_owned() },
            visible(&outage.reason),
        ]
    });
    let incidents = report.incidents.iter().map(|incident| {
        let after = |to: Option<Millis>| {
            to.map_or(NONE.to_owned(), |to| {
                format!("{} (after {})", at(to), length(to.0 - incident.opened.0))
            })
        };
        vec![
            incident.id.to_string(),
            incident.name.to_string(),
            at(incident.opened),
            after(incident.acknowledged),
            incident.who.clone().unwrap_or(NONE.to_owned()),
            after(incident.closed),
            incident.members.iter().map(|one| name(one.as_str())).collect::<Vec<_>>().join(", "),
        ]
    });
    let maintenance = report.maintenance.iter().map(|work| {
        let entered = work.who.clone().zip(work.at).map(|(who, when)| format!("{who}, {}", at(when)));
        vec![
            work.name.clone(),
            at(work.from),
            work.to.map_or("no end yet".to_owned(), at),
            entered.unwrap_or("the watcher's file".to_owned()),
            work.text.clone(),
        ]
    });
    let corrections = report.corrections.iter().map(|one| {
        vec![
            one.id.to_string(),
            one.name.to_string(),
            at(one.from),
            at(one.to),
            one.state.word().to_owned(),
            format!("{}, {}", one.who, at(one.at)),
            one.text.clone(),
        ]
    });
    let tables: [(&str, Vec<Vec<String>>); 7] = [
        ("Service levels", levels.collect()),
        ("Availability", members.collect()),
        ("History", history.collect()),
        ("Outages", outages.collect()),
        ("Incidents", incidents.collect()),
        ("Maintenance", maintenance.collect()),
        ("Corrections", corrections.collect()),
    ];
    tables
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(head, rows)| (head.to_owned(), rows))
        .collect()
}

fn reports() -> [Report; 2] {
    [all(), super::world::Scene::new().report(&["node:shop", "push", "slo:shop"], "2026")]
}

/// The tables of an HTML page, by their headings, and the columns of each.
fn of_html(html: &str) -> (Tables, BTreeMap<String, Vec<String>>) {
    let mut reader = quick_xml::Reader::from_str(html);
    // HTML ends some elements by itself.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let (mut tables, mut columns) = (Tables::new(), BTreeMap::<_, Vec<_>>::new());
    let (mut head, mut content, mut bar) = (String::new(), String::new(), None);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => match start.name().as_ref() {
                "h2" | "th" | "td" => content.clear(),
                "tr" => tables.entry(head.clone()).or_default().push(Vec::new()),
                "svg" => {
                    let label =
                        start.attributes().map(Result::unwrap).find(|one| one.key.as_ref() == "aria-label");
                    bar = label.map(|label| {
                        label.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned()
                    });
                }
                _ => {}
            },
            Event::Text(text) => content.push_str(&text),
            Event::GeneralRef(name) => content.push_str(&referred(&name)),
            Event::End(end) => match end.name().as_ref() {
                "h2" => head.clone_from(&content),
                "th" => columns.entry(head.clone()).or_default().push(content.clone()),
                "td" => {
                    let row = tables.get_mut(&head).unwrap().last_mut().unwrap();
                    row.push(bar.take().unwrap_or_else(|| content.clone()));
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    // The rows of the columns' heads have no cells.
    tables.values_mut().for_each(|rows| rows.retain(|row| !row.is_empty()));
    (tables, columns)
}

#[test]
fn html_shows_all_of_it() {
    for report in reports() {
        let html = text(&report, Format::Html);
        let (tables, columns) = of_html(&html);
        assert_eq!(tables, expected(&report));
        // A figure stands below its own word.
        assert_eq!(
            columns["Service levels"],
            ["Level", "of", "Target", "Measured", "Contractual", "Budget", "Spent", "Left", "Kept?"]
        );
        assert_eq!(
            columns["Availability"],
            [
                "Name",
                "Measured",
                "Contractual",
                "ok",
                "but",
                "ko",
                "planned",
                "unknown",
                "no data",
                "Outages",
                "longest"
            ]
        );
        assert_eq!(columns["Outages"], ["Name", "Start", "End", "Length", "planned", "Reason"]);
        assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("<script"));
    }
}

#[test]
fn pdf_shows_all_of_it_as_text_in_all_scripts() {
    for report in reports() {
        let octets = write(&report, Format::Pdf, &[]).unwrap();
        assert!(octets.starts_with(b"%PDF-1.7"));
        let Some(text) = run("pdftotext", &["-raw", "-enc", "UTF-8", "-", "-"], &octets) else { return };
        let mut rest = squeezed(&text);
        for head in [
            "Service levels",
            "Availability",
            "History",
            "Outages",
            "Incidents",
            "Maintenance",
            "Corrections",
        ] {
            let Some(rows) = expected(&report).remove(head) else { continue };
            let wanted = squeezed(head);
            let begin = rest.find(&wanted).unwrap_or_else(|| panic!("{head} in {text}"));
            rest = rest.split_off(begin + wanted.len());
            for row in rows {
                // A bar is a picture. A letter that no font here has is its number.
                let is_bar = |place: usize| head == "History" && place == 1;
                let cells = row.iter().enumerate().filter(|(place, _)| !is_bar(*place));
                let words: String = cells.map(|(_, cell)| crate::report::pdf::shown(&report, cell)).collect();
                let wanted = squeezed(&words);
                let begin = rest.find(&wanted).unwrap_or_else(|| panic!("{head}: {row:?} in {text}"));
                rest = rest.split_off(begin + wanted.len());
            }
        }
        let pages = text.matches('\u{c}').count();
        for page in 1..=pages {
            assert!(text.contains(&format!("Page {page} of {pages}")), "{text}");
        }
    }
}
