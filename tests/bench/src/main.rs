//! Measures what ocod, ocowatch and ocoboard cost and prints it beside what is demanded of them.
//!
//! `servers` starts the programs under test, `load` asks them, `meter` and `calls` read what that cost them,
//! `figures` has one function for each row of the table, `watch` those of ocowatch, `board` those of ocoboard, and `report`
//! prints and judges it. The exit status is 1 when a figure fails, 2 when nothing could be measured. `scripts/bench` builds all that this needs.

mod board;
mod calls;
mod figures;
mod files;
mod load;
mod meter;
mod report;
mod servers;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use figures::{Bench, Effort};
use report::Report;
use servers::Programs;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: oco-bench [--peers] [--against OCOD] OCOD HONEST LIBCOUNT_MALLOC.SO OCOWATCH OCOBOARD [FIGURE...]";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => {
            eprintln!("oco-bench: {e}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--floor") {
        return floor(&arguments);
    }
    if arguments.first().is_some_and(|first| first == "--bare") {
        return bare(&arguments);
    }
    let peers = arguments.iter().any(|a| a == "--peers");
    arguments.retain(|a| a != "--peers");
    let other = take_value(&mut arguments, "--against")?.map(PathBuf::from);
    if arguments.len() < 5 || arguments.iter().any(|a| a.starts_with('-')) {
        return Err(USAGE.into());
    }
    let wanted = arguments.split_off(5);
    let mut paths = arguments.into_iter().map(PathBuf::from);
    let mut path = || paths.next().ok_or(USAGE);
    let programs = Programs {
        ocod: path()?,
        other,
        honest: path()?,
        count_malloc: path()?,
        ocowatch: path()?,
        ocoboard: path()?,
    };

    let smoke = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    let file_limit = load::raise_file_limit()?;
    servers::leave_the_servers_cpu()?;

    let mut report = Report::new(!smoke);
    figures::measure(&Bench { programs, effort, file_limit }, peers, &wanted, &mut report)?;
    print!("{report}");
    Ok(report.passed())
}

/// Be the bare prober that ocowatch is compared with.
fn floor(arguments: &[String]) -> Result<bool> {
    let [_, kind, port, count, interval_ms] = arguments else { return Err(USAGE.into()) };
    watch::run_floor(kind, port.parse()?, count.parse()?, interval_ms.parse()?)?;
    Ok(true)
}

/// Be the bare handler that ocoboard is compared with.
fn bare(arguments: &[String]) -> Result<bool> {
    let [_, address, body] = arguments else { return Err(USAGE.into()) };
    board::run_bare(address.parse()?, body.as_ref())?;
    Ok(true)
}

/// Take an option and its value out of the arguments.
fn take_value(arguments: &mut Vec<String>, option: &str) -> Result<Option<String>> {
    let Some(place) = arguments.iter().position(|a| a == option) else { return Ok(None) };
    if place + 1 >= arguments.len() {
        return Err(USAGE.into());
    }
    Ok(arguments.drain(place..=place + 1).next_back())
}
