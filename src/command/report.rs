//! The state of this host and the answers of others, for programs: `oco status --json`.

use super::ask::{NoAnswer, Reply};
use super::host::Host;
use crate::logic::board::CheckView;
use crate::logic::code::Verdict;
use serde::Serialize;

#[derive(Serialize)]
struct ThisHost<'a> {
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

#[derive(Serialize)]
struct Hosts<'a> {
    hosts: Vec<OtherHost<'a>>,
}

#[derive(Serialize)]
struct OtherHost<'a> {
    host: &'a str,
    code: Option<u16>,
    state: Option<&'static str>,
    line: Option<&'a str>,
    error: Option<String>,
}

/// This host, with its checks in the order given. `line` is without its end.
pub fn this_host(verdict: Verdict, line: &str, checks: &[CheckView<'_>]) -> String {
    let checks = checks.iter().map(|check| Check {
        name: check.name,
        code: check.code.number(),
        text: check.text,
        age_seconds: check.age.map(|age| age.as_secs_f64()),
        max_age_seconds: check.max_age.as_secs_f64(),
        stale: check.stale,
    });
    let checks = checks.collect();
    json(&ThisHost { code: verdict.number(), state: verdict.words(), line, checks })
}

/// What other hosts answered, in the order given.
pub fn other_hosts(hosts: &[Host], answers: &[Result<Reply, NoAnswer>]) -> String {
    let hosts = hosts.iter().zip(answers).map(|(host, answer)| {
        let reply = answer.as_ref().ok();
        OtherHost {
            host: &host.shown,
            code: reply.map(|reply| reply.verdict.number()),
            state: reply.map(|reply| reply.verdict.words()),
            line: reply.map(|reply| reply.line.as_str()),
            error: answer.as_ref().err().map(ToString::to_string),
        }
    });
    json(&Hosts { hosts: hosts.collect() })
}

fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("names, numbers and text have a form in JSON");
    text.push('\n');
    text
}
