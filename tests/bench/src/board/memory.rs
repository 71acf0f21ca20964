//! What 100,000 pushed services take in both processes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::pair::Pair;
use super::pushers;
use crate::Result;
use crate::figures::Bench;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, thousands};

/// The watcher gives back what a storm took when nothing was written for a while, and the board has read all of it.
const REST: Duration = Duration::from_secs(8);

pub fn memory(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let pair = Pair::start(bench)?;
    let empty = private(&pair)?;
    let count = fill(&pair, effort.hosts, effort.services, 0)?;
    sleep(REST);
    let (board, watcher) = private(&pair)?;
    let name = format!("memory of {} pushed services, both processes", thousands(count));
    let figure = Figure { name: &name, unit: Unit::Megabytes, nature: Nature::Fixed, at_most: Some(100e6) };
    let detail = format!(
        "private: board {:.1} MB, watcher {:.1} MB; empty {:.1} and {:.1}",
        board / 1e6,
        watcher / 1e6,
        empty.0 / 1e6,
        empty.1 / 1e6
    );
    report.add(&figure, &[board + watcher], detail);
    Ok(())
}

/// Of the board and of the watcher.
fn private(pair: &Pair) -> Result<(f64, f64)> {
    Ok((meter::memory(pair.board.pid)?.private as f64, meter::memory(pair.watcher.pid)?.private as f64))
}

/// Pushes so many services of so many hosts, of which so many fail, and waits until the journal has them. Gives how many
/// there are.
pub fn fill(pair: &Pair, hosts: usize, services: usize, failing: usize) -> Result<usize> {
    let count = hosts * services;
    // Spread over all hosts and services: as many problems as there can be.
    let every = count.checked_div(failing).unwrap_or(usize::MAX);
    for host in 0..hosts {
        let of_host: Vec<String> = (0..services)
            .map(|service| {
                let is_failing = (service * hosts + host) % every == service % every;
                let state = if is_failing { "FAIL" } else { "OK" };
                format!(
                    "{{\"name\": \"service-{service:03}\", \"state\": \"{state}\", \"info\": \"load 0.{host:03}\"}}"
                )
            })
            .collect();
        pushers::ask(pair.board.address, &pushers::push_all(host, &of_host.join(", ")))?;
    }
    let journal = Connection::open_with_flags(pair.watcher.journal(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    journal.busy_timeout(Duration::from_secs(5))?;
    let sql = "SELECT count(*) FROM standing JOIN object ON object = id WHERE kind = 0 AND standing != 0";
    let begin = Instant::now();
    loop {
        let found: i64 = journal.query_row(sql, [], |row| row.get(0))?;
        if found as usize == count {
            return Ok(count);
        }
        if begin.elapsed() > Duration::from_secs(60) {
            return Err(format!("{found} of {count} pushed services are in the journal").into());
        }
        sleep(Duration::from_millis(100));
    }
}
