//! The state of this host and the answers of others for programs: `oco status --json`.

use super::ask::{NoAnswer, Reply};
use crate::logic::board::CheckView;
use crate::logic::checks_json::{Report, json, report_of};
use crate::logic::code::Verdict;
use crate::logic::endpoint::Endpoint;
use serde::Serialize;

#[derive(Serialize)]
struct ThisHost<'a> {
    #[serde(flatten)]
    read: Report<'a>,
    port: Option<OtherHost<'a>>,
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

/// What other hosts answered, in the order given.
pub fn other_hosts(hosts: &[Endpoint], answers: &[Result<Reply, NoAnswer>]) -> String {
    let hosts = hosts.iter().zip(answers).map(|(host, answer)| other_host(&host.shown, answer));
    json(&Hosts { hosts: hosts.collect() })
}

/// What this host's directory says, and what its ocod answered at `port`, if it was asked.
pub fn this_host(
    (verdict, line): (Verdict, &str),
    checks: &[CheckView<'_>],
    port: Option<(&str, &Result<Reply, NoAnswer>)>,
) -> String {
    let port = port.map(|(address, answer)| other_host(address, answer));
    json(&ThisHost { read: report_of(verdict, line, checks), port })
}

fn other_host<'a>(host: &'a str, answer: &'a Result<Reply, NoAnswer>) -> OtherHost<'a> {
    let reply = answer.as_ref().ok();
    OtherHost {
        host,
        code: reply.map(|reply| reply.verdict.number()),
        state: reply.map(|reply| reply.verdict.words()),
        line: reply.map(|reply| reply.line.as_str()),
        error: answer.as_ref().err().map(ToString::to_string),
    }
}
