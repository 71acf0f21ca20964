//! `oco status`: the state of this host, read from the directory, or that of others, asked.

use super::ask::{Reply, ask_all};
use super::host::Host;
use super::{BAD, print, report, say, table};
use crate::config::Settings;
use crate::directory::Directory;
use crate::limits::STATUS_PASSES;
use crate::logic::answer::Composer;
use crate::logic::board::{Board, CheckView};
use crate::logic::code::Verdict;
use crate::logic::report::report as report_checks;
use crate::logic::time::Now;
use crate::system::clock;
use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;
use table::Style;

/// Exit status of `--up` for a host that is not up, or of which that is not known.
pub const NOT_UP: u8 = 1;

/// Shows this host as the daemon would rate it now, and returns the exit status.
pub fn this_host(directory: &Path, settings: &Settings, json: bool) -> Result<u8, String> {
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
            say(&format!("directory {}: no checks in it", directory.display()));
        }
        composer.unknown()
    } else {
        composer.compose(&mut ratings)
    };
    let line = answer.line.trim_end();
    print(&if json {
        report_checks(answer.verdict, line, &checks)
    } else {
        format!("{line}\n{}", table::checks(&checks, Style::of_stdout()))
    })?;
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
pub fn other_hosts(hosts: &[Host], timeout: Duration, json: bool) -> Result<u8, String> {
    let answers = ask_all(hosts, timeout);
    print(&match (hosts, answers.as_slice()) {
        (_, answers) if json => report::other_hosts(hosts, answers),
        ([host], [answer]) => table::summary(host, answer),
        (_, answers) => table::hosts(hosts, answers, Style::of_stdout()),
    })?;
    let status = |reply: &Reply| exit_status(reply.verdict);
    Ok(answers.iter().map(|answer| answer.as_ref().map_or(BAD, status)).max().unwrap_or(BAD))
}

/// Asks one host whether it belongs in rotation: 0 for any 2XX, [`NOT_UP`] for all else. What becomes of the output
/// does not matter to the one who asks.
pub fn is_up(host: Host, timeout: Duration, json: bool) -> u8 {
    let hosts = [host];
    match other_hosts(&hosts, timeout, json) {
        Ok(status) if status <= exit_status(Verdict::But) => 0,
        Ok(_) | Err(_) => NOT_UP,
    }
}

fn exit_status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::But => 1,
        Verdict::Ko | Verdict::Incident => 2,
    }
}
