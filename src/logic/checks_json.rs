//! A host's checks as JSON: `/checks` of the http face, and `oco status --json` of this host.

use super::board::CheckView;
use super::code::Verdict;
use serde::Serialize;

/// The report as it is written.
#[derive(Serialize)]
pub struct Report<'a> {
    code: u16,
    state: &'static str,
    line: &'a str,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Check<'a> {
    name: &'a str,
    code: u16,
    text: &'a str,
    age_seconds: Option<f64>,
    max_age_seconds: f64,
    stale: bool,
}

/// The report, in one line with its LF: checks in the order given, `line` with or without its end.
pub fn page(verdict: Verdict, line: &str, checks: &[CheckView<'_>]) -> String {
    json(&report_of(verdict, line, checks))
}

/// The same before it is written, to stand in a larger one.
pub fn report_of<'a>(verdict: Verdict, line: &'a str, checks: &'a [CheckView<'a>]) -> Report<'a> {
    let checks = checks.iter().map(|check| Check {
        name: check.name,
        code: check.code.number(),
        text: check.text,
        age_seconds: check.age.map(|age| age.as_secs_f64()),
        max_age_seconds: check.max_age.as_secs_f64(),
        stale: check.stale,
    });
    let checks = checks.collect();
    Report { code: verdict.number(), state: verdict.words(), line: line.trim_end(), checks }
}

/// `value` in one line of JSON, with its LF.
pub fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("names, numbers and text have a form in JSON");
    text.push('\n');
    text
}
