//! The answers of other hosts for programs: `oco status --json HOST`.

use super::ask::{NoAnswer, Reply};
use super::host::Host;
use crate::logic::report::json;
use serde::Serialize;

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
