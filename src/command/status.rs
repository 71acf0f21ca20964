//! `oco status`: the state of this host, read from the directory, or that of others, asked.

use super::ask::{Reply, ask_all};
use super::error::Error;
use super::host::Host;
use super::{BAD, print, report, say, table};
use crate::config::Settings;
use crate::directory::Directory;
use crate::limits::{STATUS_PASSES, WATCH_PERIOD};
use crate::logic::answer::Composer;
use crate::logic::board::{Board, CheckView};
use crate::logic::code::Verdict;
use crate::logic::report::report as report_checks;
use crate::logic::time::Now;
use crate::system::{clock, terminal};
use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;
use table::Style;

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

/// Exit status of `--up` for a host that is not up, or of which that is not known.
pub const NOT_UP: u8 = 1;

/// Shows this host as the daemon would rate it now, and returns the exit status.
pub fn this_host(directory: &Path, settings: &Settings, form: Form) -> Result<u8, Error> {
    let mut files = Directory::unwatched(directory);
    let mut board = Board::new(settings.rules.clone());
    let now = read(&mut files, &mut board);
    let mut checks: Vec<CheckView<'_>> = board.checks(now).collect();
    checks.sort_by_key(|check| (Reverse(check.code), check.name));
    let mut composer = Composer::default();
    let mut ratings: Vec<_> = checks.iter().map(|check| (check.code, check.name)).collect();
    let is_away = files.away().is_some();
    let answer = if is_away || (checks.is_empty() && !settings.empty_is_ok) {
        if !is_away {
            say(&format_args!("directory {}: no checks in it", directory.display()));
        }
        composer.unknown()
    } else {
        composer.compose(&mut ratings)
    };
    let line = answer.line.trim_end();
    let text = || format!("{line}\n{}", table::checks(&checks, Style::of_stdout()));
    match form {
        Form::Text => print(&text())?,
        Form::Screen => print(&screen(&text()))?,
        Form::Json => print(&report_checks(answer.verdict, line, &checks))?,
        Form::Quiet => {}
    }
    Ok(exit_status(answer.verdict))
}

/// Reads the directory once.
fn read(files: &mut Directory, board: &mut Board) -> Now {
    let mut now = clock::now();
    for _ in 0..STATUS_PASSES {
        files.refresh(board, now);
        if board.due() == 0 {
            break;
        }
        now = clock::now();
    }
    board.publish(now, &mut Vec::new());
    now
}

/// Asks other hosts, shows their answers, and returns the exit status: the highest of all hosts.
pub fn other_hosts(hosts: &[Host], timeout: Duration, form: Form) -> Result<u8, Error> {
    let answers = ask_all(hosts, timeout);
    let text = || table::hosts(hosts, &answers, Style::of_stdout());
    match (form, hosts, answers.as_slice()) {
        (Form::Text, [host], [answer]) => print(&table::summary(host, answer))?,
        (Form::Text, ..) => print(&text())?,
        (Form::Screen, ..) => print(&screen(&text()))?,
        (Form::Json, ..) => print(&report::other_hosts(hosts, &answers))?,
        (Form::Quiet, ..) => {}
    }
    let status = |reply: &Reply| exit_status(reply.verdict);
    Ok(answers.iter().map(|answer| answer.as_ref().map_or(BAD, status)).max().unwrap_or(BAD))
}

/// Asks one host whether it belongs in rotation: 0 for any 2XX, [`NOT_UP`] for all else. What becomes of the output
/// does not matter to the one who asks.
pub fn is_up(host: Host, timeout: Duration, form: Form) -> u8 {
    let hosts = [host];
    match other_hosts(&hosts, timeout, form) {
        Ok(status) if status <= exit_status(Verdict::But) => 0,
        Ok(_) | Err(_) => NOT_UP,
    }
}

/// Shows it each second until a signal ends the process. Nothing of the terminal is changed that would have to be put
/// back then.
pub fn watch(show: impl Fn(Form) -> Result<u8, Error>) -> Result<u8, Error> {
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
fn screen(text: &str) -> String {
    let height = terminal::height().unwrap_or(usize::MAX).max(2) - 1;
    let lines: String = text.lines().take(height).map(|line| format!("{line}\x1b[K\r\n")).collect();
    format!("\x1b[H{lines}\x1b[J")
}

fn exit_status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::But => 1,
        Verdict::Ko | Verdict::Incident => 2,
    }
}
