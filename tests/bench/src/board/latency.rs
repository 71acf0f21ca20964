//! Pushes at a steady rate: how long an answer takes, when a transition is in the journal, and that what has not changed
//! is not written.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::pair::{self, Pair};
use super::pushers::{self, HOSTS};
use crate::Result;
use crate::figures::Bench;
use crate::load::beside;
use crate::report::{Figure, Nature, Report, Unit, median, quantile, thousands};
use crate::watch::{octets_written, wait_for_silence};

/// Of so many pushes one changes its service.
const CHANGES: usize = 10;
const LOOK: Duration = Duration::from_millis(5);

pub fn latency(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let pair = Pair::start(bench)?;
    everybody_pushes(&pair)?;
    let journal = Journal::open(&pair.watcher.journal())?;
    let (mut p99s, mut costs, mut middle) = (Vec::new(), Vec::new(), Vec::new());
    let bare = pair::bare(b"{\"ok\": 1}")?;
    let (mut lags, mut of_bare) = (Vec::new(), Vec::new());
    for _ in 0..effort.runs {
        let before = pair.cpu()?;
        let (address, rate, length) = (pair.board.address, effort.rate, effort.steady);
        // The load takes part of the first processor, and who looks for transitions hardly any.
        let times = std::sync::Mutex::new(Vec::new());
        let found = beside(
            |_| {
                let request = |number: usize| {
                    let turn = number / HOSTS;
                    let is_other = number.is_multiple_of(CHANGES) && turn % 2 == 1;
                    let state = if is_other { "WARN" } else { "OK" };
                    pushers::push(number % HOSTS, "backup", state, "done in 12 s")
                };
                *times.lock().expect("nobody panics with it") =
                    pushers::steady(address, rate, length, request)?;
                Ok(())
            },
            || journal.watch_transitions(address, length),
        )?;
        let times = times.into_inner().expect("nobody panics with it");
        costs.push((pair.cpu()? - before).as_secs_f64() * 1e6 / times.len() as f64);
        p99s.push(quantile(&times, 0.99));
        middle.push(median(&times));
        lags.extend(found);
        let request = pushers::push(0, "backup", "OK", "done in 12 s");
        let times = pushers::steady(bare.address, rate, length, |_| request.clone())?;
        of_bare.push(quantile(&times, 0.99));
    }
    let when = format!("{} pushes a second", thousands(effort.rate as usize));
    let name = format!("p99 of a push's answer, {when}");
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(5.0) };
    let detail = format!(
        "p50 {:.2} ms, p99 of a bare hyper handler {:.2} ms; every tenth may change its service",
        median(&middle),
        median(&of_bare)
    );
    report.add(&figure, &p99s, detail);
    let name = format!("CPU a push, {when}");
    let figure = Figure { name: &name, unit: Unit::Micros, nature: Nature::Time, at_most: None };
    report.add(&figure, &costs, "both processes, all that they do meanwhile");
    let name = format!("from a push to the journal, at worst, {when}");
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(1000.0) };
    report.add(
        &figure,
        &[quantile(&lags, 1.0)],
        format!("{} of them, p50 {:.0} ms", lags.len(), median(&lags)),
    );
    Ok(())
}

pub fn writes(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let (began, pair) = (Instant::now(), Pair::start(bench)?);
    everybody_pushes(&pair)?;
    // They are written, and their periods too, of which the last five are kept.
    for _ in 0..5 {
        everybody_pushes(&pair)?;
    }
    sleep(Duration::from_secs(3));
    wait_for_silence(began, effort.silent + Duration::from_secs(5));
    let files = [pair.board_state.as_path()];
    let (written, before) = (octets_written(pair.watcher.pid)?, looks_of(&files)?);
    let request = |number: usize| pushers::push(number % HOSTS, "backup", "OK", "done in 12 s");
    let times = pushers::steady(pair.board.address, effort.rate.min(1000), effort.silent, request)?;
    sleep(Duration::from_secs(1));
    let written = octets_written(pair.watcher.pid)? - written;
    let name = "octets that the watcher writes of unchanged pushes";
    let figure = Figure { name, unit: Unit::Bytes, nature: Nature::Fixed, at_most: Some(0.0) };
    report.add(&figure, &[written as f64], format!("{} pushes, between heartbeats", times.len()));
    let changed = looks_of(&files)?.iter().zip(&before).filter(|(now, before)| now != before).count();
    let name = "files that the board writes of unchanged pushes";
    let figure = Figure { name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.0) };
    report.add(&figure, &[changed as f64], format!("of {} in its state directory", before.len()));
    Ok(())
}

/// One service of each host, a bit slower than new names may come.
fn everybody_pushes(pair: &Pair) -> Result<()> {
    for host in 0..HOSTS {
        pushers::ask(pair.board.address, &pushers::push(host, "backup", "OK", "done in 12 s"))?;
    }
    Ok(())
}

/// Size and time of each file in these directories, by name.
fn looks_of(directories: &[&Path]) -> Result<Vec<(std::ffi::OsString, u64, i64, i64)>> {
    let mut looks = Vec::new();
    for directory in directories {
        for entry in fs::read_dir(directory)? {
            let (entry, data) = entry.and_then(|entry| entry.metadata().map(|data| (entry, data)))?;
            looks.push((entry.file_name(), data.len(), data.mtime(), data.mtime_nsec()));
        }
    }
    looks.sort();
    Ok(looks)
}

/// The journal, read beside the watcher.
struct Journal {
    connection: Connection,
    /// Transitions so far: each has to be to another state than the one before.
    count: Cell<usize>,
}

impl Journal {
    fn open(path: &Path) -> Result<Journal> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Journal { connection, count: Cell::new(0) })
    }

    /// Pushes something new ten times a second, and looks when the journal has it. In milliseconds.
    fn watch_transitions(&self, address: std::net::SocketAddr, length: Duration) -> Result<Vec<f64>> {
        let (begin, mut lags) = (Instant::now(), Vec::new());
        let sql = "SELECT at FROM standing JOIN object ON object = id WHERE name = ?1 AND reason = ?2";
        let name = format!("push/probe/web{:05}.example.org", HOSTS);
        while begin.elapsed() < length {
            let since = Instant::now();
            let state = if self.count.get().is_multiple_of(2) { "FAIL" } else { "OK" };
            self.count.set(self.count.get() + 1);
            let info = format!("{state} {}", begin.elapsed().as_micros());
            pushers::ask(address, &pushers::push(HOSTS, "probe", state, &info))?;
            let mut statement = self.connection.prepare_cached(sql)?;
            while statement.query_row([&name, &info], |row| row.get::<_, i64>(0)).optional()?.is_none() {
                if since.elapsed() > Duration::from_secs(10) {
                    return Err("a transition is not in the journal after 10 s".into());
                }
                sleep(LOOK);
            }
            lags.push(since.elapsed().as_secs_f64() * 1e3);
            sleep(Duration::from_millis(100));
        }
        Ok(lags)
    }
}
