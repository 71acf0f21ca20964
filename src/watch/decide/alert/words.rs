//! What a command of an alert is given: mon's interface as mon 1.3 has it, and what mon does not have in variables of
//! our own.
//!
//! ```text
//!   ALERT -s SERVICE -g GROUP -h "HOSTS OF THE GROUP" -t EPOCH [-u] OWN ARGUMENTS
//!   stdin: the failed hosts, or those that came back
//!          a line a host with its reason
//!          still ko for 2h, 3 of 5
//!          Acknowledge: BASE-URL/a/TOKEN
//!          [TOKEN]
//! ```

use super::Sending;
use crate::config::{AlertEvent, Word};
use crate::decide::moment::Moment;
use crate::limits::MONITOR_OCTETS;
use oco::logic::code::Code;
use oco::logic::text::printable;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::rough_millis;
use std::fmt::Write as _;

/// A command as it is run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables beside those that every command has.
    pub environment: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Vec<u8>,
}

/// The call of a command. `token` acknowledges the failure, and goes nowhere but to its standard input.
pub fn call(sending: &Sending, base_url: Option<&str>, token: Option<&str>, now: Moment) -> Call {
    let (group, service) = (sending.name.group(), sending.name.service_part());
    let of_service = sending.name.kind() == Kind::Service;
    let failed: Vec<&str> = sending.failed.iter().map(|(name, _)| named(name, of_service)).collect();
    let recovered: Vec<&str> = sending.recovered.iter().map(|name| named(name, of_service)).collect();
    let text = text(sending, &failed, &recovered, now);
    let mut stdin = text.clone().into_bytes();
    if let (Some(base_url), Some(token)) = (base_url, token.filter(|_| sending.event != AlertEvent::Ok)) {
        let base_url = base_url.trim_end_matches('/');
        stdin.extend_from_slice(format!("Acknowledge: {base_url}/a/{token}\n[{token}]\n").as_bytes());
    }
    let all: Vec<&str> = match of_service {
        true => sending.all.iter().map(|name| named(name, true)).collect(),
        false => Vec::new(),
    };
    let mut words = filled(&sending.command, &sending.name).map(|word| cut(&word));
    let mut argv: Vec<String> = words.by_ref().take(1).collect();
    let at = seconds(sending.at);
    argv.extend(["-s", service, "-g", group, "-h", &cut(&all.join(" ")), "-t", &at].map(str::to_owned));
    if sending.event == AlertEvent::Ok {
        argv.push("-u".to_owned());
    }
    argv.extend(words);
    let environment = environment(sending, &text, &failed, &recovered, now);
    Call { argv, environment, stdin }
}

/// A command as it is run of somebody, in one line.
pub fn line(command: &[String], name: &ObjectName) -> String {
    filled(command, name).collect::<Vec<_>>().join(" ")
}

fn filled(command: &[String], name: &ObjectName) -> impl Iterator<Item = String> {
    command.iter().map(|word| Word(word.clone()).fill_of_all_hosts(name))
}

/// A member as it is called: a target of a service by its host.
fn named(name: &ObjectName, of_service: bool) -> &str {
    name.host().filter(|_| of_service).unwrap_or(name.as_str())
}

/// What stands on standard input before the link.
fn text(sending: &Sending, failed: &[&str], recovered: &[&str], now: Moment) -> String {
    let standing = &sending.standing;
    let is_return = matches!(sending.event, AlertEvent::Ok | AlertEvent::Partial) && !recovered.is_empty();
    let first = match &sending.direct {
        Some(direct) => printable(direct.as_bytes()),
        None if is_return => recovered.join(" "),
        None if failed.is_empty() || sending.event == AlertEvent::Ok => sending.name.to_string(),
        None => failed.join(" "),
    };
    let mut text = first;
    text.push('\n');
    for (name, (_, reason)) in failed.iter().zip(&*sending.failed) {
        // A string takes all.
        let _ = writeln!(text, "{name}: {reason}");
    }
    if failed.is_empty() {
        text.push_str(&format!("{}: {}\n", sending.name, stands(standing)));
    }
    if sending.event == AlertEvent::Flapping {
        text.push_str("goes up and down; nothing further is told until it is calm\n");
    }
    if sending.event == AlertEvent::Ko && sending.count > 1 {
        let length = sending.failing.map_or(0, |failing| now.at.since(failing));
        let length = rough_millis(length);
        let of = sending.limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
        text.push_str(&format!("still ko for {length}, {}{of}\n", sending.count));
    }
    text
}

/// A state for people, with its reason.
fn stands(standing: &Standing) -> String {
    let Standing { state, reason, .. } = standing;
    if reason.is_empty() { state.to_string() } else { format!("{state} ({reason})") }
}

fn environment(
    sending: &Sending,
    text: &str,
    failed: &[&str],
    recovered: &[&str],
    now: Moment,
) -> Vec<(String, String)> {
    let (group, service) = (sending.name.group(), sending.name.service_part());
    let standing = &sending.standing;
    let is_up = sending.event == AlertEvent::Ok;
    let event = sending.word();
    // mon's numbers: fail 0, ok 1, unknown 5, warn 9.
    let operation = match standing.state {
        State::Ok => "1",
        State::Ko => "0",
        State::Unknown => "5",
        State::But if is_up => "1",
        State::But => "9",
    };
    let is_failure = !is_up && !standing.state.is_up();
    let summary = text.lines().next().unwrap_or_default();
    let code = standing.code.map(Code::number).map(|code| code.to_string()).unwrap_or_default();
    let last_failure = if is_up { sending.at } else { now.at };
    let mut variables = vec![
        ("MON_LAST_SUMMARY", summary.to_owned()),
        ("MON_LAST_OUTPUT", text.trim_end().to_owned()),
        ("MON_GROUP", group.to_owned()),
        ("MON_SERVICE", service.to_owned()),
        ("MON_RETVAL", if is_failure { "1" } else { "0" }.to_owned()),
        ("MON_OPSTATUS", operation.to_owned()),
        ("MON_ALERTTYPE", if is_up { "up" } else { "failure" }.to_owned()),
        ("OCO_NAME", sending.name.to_string()),
        ("OCO_STATE", standing.state.to_string()),
        ("OCO_CODE", code),
        ("OCO_EVENT", event.to_owned()),
        ("OCO_FAILED", failed.join(" ")),
        ("OCO_RECOVERED", recovered.join(" ")),
    ];
    if let Some(failing) = sending.failing {
        variables.push(("MON_FIRST_FAILURE", seconds(failing)));
        variables.push(("MON_LAST_FAILURE", seconds(last_failure)));
    }
    if is_up {
        variables.push(("MON_LAST_SUCCESS", seconds(now.at)));
    }
    variables.extend(sending.text.clone().map(|text| ("MON_DESCRIPTION", text)));
    variables.into_iter().map(|(name, value)| (name.to_owned(), cut(&value))).collect()
}

fn seconds(at: Millis) -> String {
    at.0.div_euclid(1000).to_string()
}

/// As much as one argument or variable may have, up to a blank.
fn cut(text: &str) -> String {
    if text.len() < MONITOR_OCTETS {
        return text.to_owned();
    }
    let end = (0..MONITOR_OCTETS).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let text = text.get(..end).unwrap_or_default();
    let blank = text.rfind(char::is_whitespace).unwrap_or(text.len());
    text.get(..blank).unwrap_or_default().to_owned()
}
