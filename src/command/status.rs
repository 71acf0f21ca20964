//! `oco status`: how a state is shown and watched, and the answers of other hosts.

use super::ask::{Reply, ask_all};
use super::columns::{self, Style};
use super::error::Error;
use super::{BAD, NOT_UP, hosts_json, print};
use crate::limits::WATCH_PERIOD;
use crate::logic::code::Verdict;
use crate::logic::endpoint::Endpoint;
use crate::system::terminal;
use std::time::Duration;

/// How to show a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For people who watch: a table also of one host.
    Screen,
    /// For programs.
    Json,
    /// Not at all.
    Quiet,
}

impl Form {
    /// The form that these options ask for.
    pub fn of(json: bool, quiet: bool) -> Form {
        match (json, quiet) {
            (_, true) => Form::Quiet,
            (true, false) => Form::Json,
            (false, false) => Form::Text,
        }
    }
}

/// Asks other hosts, shows their answers, and returns the exit status: the highest of all hosts.
pub fn other_hosts(hosts: &[Endpoint], timeout: Duration, form: Form) -> Result<u8, Error> {
    let answers = ask_all(hosts, timeout);
    let text = || columns::hosts(hosts, &answers, Style::of_stdout());
    match (form, hosts, answers.as_slice()) {
        (Form::Text, [host], [answer]) => print(&columns::summary(host, answer))?,
        (Form::Text, ..) => print(&text())?,
        (Form::Screen, ..) => print(&screen(&text()))?,
        (Form::Json, ..) => print(&hosts_json::other_hosts(hosts, &answers))?,
        (Form::Quiet, ..) => {}
    }
    let status = |reply: &Reply| exit_status(reply.verdict);
    Ok(answers.iter().map(|answer| answer.as_ref().map_or(BAD, status)).max().unwrap_or(BAD))
}

/// Asks one host whether it belongs in rotation: 0 for any 2XX, [`NOT_UP`] for all else. What becomes of the output
/// does not matter to the one who asks.
pub fn is_up(host: Endpoint, timeout: Duration, form: Form) -> u8 {
    let hosts = [host];
    match other_hosts(&hosts, timeout, form) {
        Ok(status) if status <= exit_status(Verdict::But) => 0,
        Ok(_) | Err(_) => NOT_UP,
    }
}

/// Shows it each second until a signal ends the process. Nothing of the terminal is changed that would have to be put
/// back then.
pub fn watch(mut show: impl FnMut(Form) -> Result<u8, Error>) -> Result<u8, Error> {
    if terminal::width().is_none() {
        return Err(Error::NoTerminal);
    }
    print("\x1b[H\x1b[2J")?;
    loop {
        show(Form::Screen)?;
        std::thread::sleep(WATCH_PERIOD);
    }
}

/// `text` over what a terminal shows, without a flicker: each line is written over the old one, and what is left of
/// that is erased. What has no place below is left out.
pub fn screen(text: &str) -> String {
    let height = terminal::height().unwrap_or(usize::MAX).max(2) - 1;
    let lines: String = text.lines().take(height).map(|line| format!("{line}\x1b[K\r\n")).collect();
    format!("\x1b[H{lines}\x1b[J")
}

/// The exit status for a verdict.
pub fn exit_status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::But => 1,
        Verdict::Ko | Verdict::Incident => 2,
    }
}
