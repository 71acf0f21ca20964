//! What each format does with what is odd: signs, scripts, and words that are hostile. Their figures are compared in
//! `programs` and `people`.

use super::world::Scene;
use crate::report::figures::Report;
use crate::report::{Format, write};
use std::process::Command;

pub(super) fn all() -> Report {
    // The node, and the targets that have names in other scripts.
    Scene::new().report(&["node:shop", "push"], "2026-10")
}

pub(super) fn text(report: &Report, format: Format) -> String {
    String::from_utf8(write(report, format, &[]).unwrap()).unwrap()
}

#[test]
fn html_has_each_sign_of_a_text_as_text() {
    let html = text(&all(), Format::Html);
    assert!(html.contains("disk &#60;full&#62; &#38; &#34;gone&#34;"), "{html}");
    assert!(html.contains("aria-label=\"25 ok, 4 but, 1 ko, 1 ko, as planned\""), "{html}");
}

/// What a program of the system says to this input; none: it is not there.
pub(super) fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
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
pub(super) fn squeezed(text: &str) -> String {
    let is_mark =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !c.is_whitespace() && !is_mark(*c)).collect()
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
