//! Each format is read by somebody else's parser, and has the same figures.

use super::world::Scene;
use crate::report::document::{Cell, document};
use crate::report::figures::{Member, Report, letters};
use crate::report::words::{length, percent, rfc3339};
use crate::report::{Format, write};
use oco_fleet::availability::Percent;
use std::collections::HashMap;
use std::process::Command;

fn all() -> Report {
    // The node, and the targets that have names in other scripts.
    Scene::new().report(&["node:shop", "push"], "2026-10")
}

fn text(report: &Report, format: Format) -> String {
    String::from_utf8(write(report, format, &[]).unwrap()).unwrap()
}

/// What a member's figures are, by the names of the JSON.
fn figures(member: &Member) -> Vec<(&'static str, i64)> {
    let durations = member.durations;
    vec![
        ("ok", durations.ok),
        ("but", durations.but),
        ("ko", durations.ko),
        ("planned", durations.planned),
        ("unknown", durations.unknown),
        ("no_data", durations.no_data),
        ("longest", member.longest),
    ]
}

#[test]
fn json_has_the_figures() {
    let report = all();
    let read: serde_json::Value = serde_json::from_str(&text(&report, Format::Json)).unwrap();
    assert_eq!(
        (&read["version"], &read["over"], &read["zone"]),
        (&1.into(), &true.into(), &"Europe/Paris".into())
    );
    let members = read["members"].as_array().unwrap();
    assert_eq!(members.len(), report.members.len());
    for (member, shape) in report.members.iter().zip(members) {
        for (key, value) in figures(member) {
            assert_eq!(shape[key], value, "{key} of {}", member.name);
        }
        assert_eq!(shape["contractual"].as_f64(), member.contractual.map(Percent::number));
        assert_eq!(shape["bar"], letters(&member.bar));
    }
    assert_eq!(read["levels"][0]["budget"], report.levels[0].budget);
    assert_eq!(read["levels"][0]["target"], 99.9);
    assert_eq!(read["outages"].as_array().unwrap().len(), report.outages.len());
    assert_eq!(read["outages"][0]["from"], rfc3339(report.outages[0].from, &report.zone));
    assert_eq!(read["corrections"][0]["text"], "=probe was wrong");
    assert_eq!(read["incidents"][0]["acknowledged"], "2026-10-05T12:04:00+02:00");
    assert_eq!(read["maintenance"].as_array().unwrap().len(), report.maintenance.len());
}

#[test]
fn csv_is_one_table_with_the_figures_and_no_formula() {
    let report = all();
    let octets = write(&report, Format::Csv, &[]).unwrap();
    let mut reader = csv::Reader::from_reader(&octets[..]);
    let heads = reader.headers().unwrap().clone();
    assert_eq!(&heads[0], "section");
    let rows: Vec<HashMap<String, String>> = reader
        .records()
        .map(|row| {
            heads.iter().zip(&row.unwrap()).map(|(head, cell)| (head.to_owned(), cell.to_owned())).collect()
        })
        .collect();
    let of = |section: &str| rows.iter().filter(|row| row["section"] == section).collect::<Vec<_>>();
    let members = of("member");
    assert_eq!(members.len(), report.members.len());
    for (member, row) in report.members.iter().zip(members) {
        assert_eq!(row["name"], member.name.as_str());
        for (key, value) in figures(member) {
            assert_eq!(row[&format!("{key}_ms")], value.to_string(), "{key} of {}", member.name);
        }
        assert_eq!(row["contractual"], member.contractual.map(|share| share.to_string()).unwrap_or_default());
    }
    assert_eq!(of("level")[0]["left_ms"], report.levels[0].left.to_string());
    assert_eq!(of("outage").len(), report.outages.len());
    assert_eq!(of("correction")[0]["text"], "'=probe was wrong");
    assert_eq!(of("incident")[0]["length_ms"], "3600000");
    assert_eq!((of("maintenance").len(), of("report").len()), (report.maintenance.len(), 1));
    let text = String::from_utf8(octets).unwrap();
    assert!(text.lines().count() == rows.len() + 1 && text.matches("\r\n").count() == rows.len() + 1);
}

#[test]
fn xml_is_well_formed_and_has_the_figures() {
    use quick_xml::events::Event;
    let report = all();
    let octets = text(&report, Format::Xml);
    let mut reader = quick_xml::Reader::from_str(&octets);
    let (mut members, mut levels, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let attributes: HashMap<String, String> = start
                    .attributes()
                    .map(|one| {
                        let one = one.unwrap();
                        let value =
                            one.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned();
                        (one.key.as_ref().to_owned(), value)
                    })
                    .collect();
                match start.name().as_ref() {
                    "member" if attributes.contains_key("depth") => members.push(attributes),
                    "level" => levels.push(attributes),
                    _ => {}
                }
            }
            Event::Text(text) => texts.push(text.to_string()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(members.len(), report.members.len());
    for (member, shape) in report.members.iter().zip(members) {
        for (key, value) in figures(member) {
            assert_eq!(shape[&key.replace('_', "-")], value.to_string(), "{key} of {}", member.name);
        }
        assert_eq!(
            shape["contractual"],
            member.contractual.map(|share| share.to_string()).unwrap_or_default()
        );
    }
    assert_eq!(levels[0]["budget"], report.levels[0].budget.to_string());
    assert!(texts.iter().any(|text| text.contains("=probe was wrong")));
    if let Some(said) = run("xmllint", &["--noout", "-"], octets.as_bytes()) {
        assert_eq!(said, "");
    }
}

/// The words of each cell of a row, as people see them.
fn rows(report: &Report) -> Vec<Vec<String>> {
    let document = document(report);
    let rows = document.sections.into_iter().filter_map(|section| section.table).flat_map(|table| table.rows);
    let words = |cell: Cell| cell.text().to_owned();
    rows.map(|row| row.cells.into_iter().map(words).filter(|words| !words.is_empty()).collect()).collect()
}

#[test]
fn people_are_shown_the_same_figures() {
    let report = all();
    let rows = rows(&report);
    for member in &report.members {
        let row = rows
            .iter()
            .find(|row| row[0].contains(&crate::report::words::name(member.name.as_str())))
            .is_some();
        assert!(row, "{}", member.name);
        let words = [percent(member.measured), percent(member.contractual), length(member.durations.ko)];
        assert!(rows.iter().any(|row| words.iter().all(|word| row.contains(word))), "{words:?}");
    }
}

#[test]
fn html_has_each_cell_and_nothing_of_elsewhere() {
    let report = all();
    let html = text(&report, Format::Html);
    let plain = html
        .replace("<bdi>", "")
        .replace("</bdi>", "")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
        .replace("&#34;", "\"")
        .replace("&#39;", "'");
    for row in rows(&report) {
        for words in row {
            assert!(plain.contains(&format!(">{words}</td>")), "{words}");
        }
    }
    assert!(html.contains("disk &#60;full&#62; &#38; &#34;gone&#34;"), "{html}");
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("<script"));
    assert_eq!(html.matches("<svg role=\"img\"").count(), report.members.len());
    assert!(html.contains("aria-label=\"25 ok, 4 but, 1 ko, 1 ko, as planned\""), "{html}");
}

/// What a program of the system says to this input; none: it is not there.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    use std::io::Write;
    use std::process::Stdio;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: reports as they leave the board, read by others: {program} is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Letters without blanks and marks of direction.
fn squeezed(text: &str) -> String {
    let is_mark =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !c.is_whitespace() && !is_mark(*c)).collect()
}

#[test]
fn pdf_has_each_cell_as_text_in_all_scripts() {
    let report = all();
    let octets = write(&report, Format::Pdf, &[]).unwrap();
    assert!(octets.starts_with(b"%PDF-1.7"));
    let Some(text) = run("pdftotext", &["-raw", "-enc", "UTF-8", "-", "-"], &octets) else { return };
    let read = squeezed(&text);
    for row in rows(&report) {
        for words in row {
            // A letter that no font here has is its number.
            let wanted = squeezed(&crate::report::pdf::shown(&report, &words));
            assert!(read.contains(&wanted), "{words} in {text}");
        }
    }
    // The figures of a member stand together, in the order of the columns.
    for member in &report.members {
        let durations = member.durations;
        let row = [
            percent(member.measured),
            percent(member.contractual),
            length(durations.ok),
            length(durations.but),
            length(durations.ko),
            length(durations.planned),
        ];
        assert!(read.contains(&squeezed(&row.concat())), "{row:?} in {text}");
    }
    let pages = text.matches('\u{c}').count();
    for page in 1..=pages {
        assert!(text.contains(&format!("Page {page} of {pages}")), "{text}");
    }
}

#[test]
fn fonts_are_in_the_pdf_cut_down() {
    let report = all();
    let octets = write(&report, Format::Pdf, &[]).unwrap();
    assert!(octets.len() < 200_000, "{} octets", octets.len());
    let Some(fonts) = run("pdffonts", &["-"], &octets) else { return };
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(rows.len() >= 2, "{fonts}");
    for row in rows {
        let words: Vec<&str> = row.split_whitespace().collect();
        // name ... emb sub uni object ID
        let end = words.len();
        assert_eq!(&words[end - 5..end - 2], ["yes", "yes", "yes"], "{fonts}");
    }
}

#[test]
fn names_that_no_font_has_are_shown_by_number() {
    let mut report = all();
    report.title = "\u{e001}shop".to_owned();
    let octets = write(&report, Format::Pdf, &[]).unwrap();
    let Some(text) = run("pdftotext", &["-raw", "-enc", "UTF-8", "-", "-"], &octets) else { return };
    assert!(text.contains("U+E001shop"), "{text}");
}

#[test]
fn hostile_words_stay_words() {
    let mut report = all();
    report.title = "<script>alert(1)</script>\u{202e}\u{0}".to_owned();
    report.corrections[0].text = "]]>\u{1}\u{fffe}\n\"'&".to_owned();
    report.outages[0].reason = "@cmd|' /C calc'!A0".to_owned();
    let html = text(&report, Format::Html);
    assert!(!html.contains("<script") && html.contains("U+202E"), "{html}");
    let xml = text(&report, Format::Xml);
    let mut reader = quick_xml::Reader::from_str(&xml);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    assert!(!xml.contains('\u{1}') && !xml.contains('\u{fffe}'));
    assert!(text(&report, Format::Csv).contains(",'@cmd|"), "a cell that begins with a sign is defused");
    serde_json::from_str::<serde_json::Value>(&text(&report, Format::Json)).unwrap();
    write(&report, Format::Pdf, &[]).unwrap();
}
