//! All targets fail at once: how long it takes from judging to the journal and to a balancer's table, how often somebody is
//! told, and whether starts stay on time meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::balancer::{ALERTS, Balancer, SERVERS};
use super::cost::written;
use super::farm::{Farm, Speak};
use super::lateness::{INTERVAL_MS, Lateness, processor, shares};
use super::probers::{self, Fleet, Prober};
use super::tap::{Tap, boot, wall};
use crate::Result;
use crate::figures::Bench;
use crate::report::{Figure, Nature, Report, Unit, median, quantile, thousands};

/// As `state` stands in the journal.
const OK: i64 = 1;
const LOOK: Duration = Duration::from_millis(10);

/// The journal of a watcher, read beside it.
pub struct Journal {
    connection: Connection,
}

impl Journal {
    /// Waits for the file, which a watcher makes when it has begun.
    pub fn of(watcher: &Prober) -> Result<Journal> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match Journal::at(&watcher.journal()) {
                Err(_) if Instant::now() < deadline => sleep(LOOK),
                found => return found,
            }
        }
    }

    fn at(path: &Path) -> Result<Journal> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Journal { connection })
    }

    pub fn count(&self, sql: &str, value: i64) -> Result<i64> {
        Ok(self.connection.prepare_cached(sql)?.query_row([value], |row| row.get(0))?)
    }

    /// Waits until so many targets are ok.
    pub fn wait_for_all_ok(&self, hosts: usize) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let sql = "SELECT count(*) FROM standing JOIN object ON object = id WHERE kind = 0 AND standing = ?1";
        loop {
            // Its tables come a moment after the file.
            let found = self.count(sql, OK);
            if found.as_ref().is_ok_and(|found| *found as usize == hosts) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{} of {hosts} targets are ok", found?).into());
            }
            sleep(Duration::from_millis(200));
        }
    }

    /// Milliseconds from judging to when rows were first seen here, until there are so many rows later than `since`.
    fn lags(&self, since: i64, rows: usize, limit: Duration) -> Result<Vec<f64>> {
        let deadline = Instant::now() + limit;
        let (mut seen, mut lags): (BTreeMap<i64, usize>, Vec<f64>) = (BTreeMap::new(), Vec::new());
        let mut from = since;
        while lags.len() < rows && Instant::now() < deadline {
            sleep(LOOK);
            let mut statement = self.connection.prepare_cached(
                "SELECT at, count(*) FROM transition WHERE at > ?1 GROUP BY at ORDER BY at",
            )?;
            // Before the look: what it sees was committed by then, or while it began.
            let now = wall() / 1_000_000;
            let mut found = statement.query([from])?;
            while let Some(row) = found.next()? {
                let (at, count): (i64, i64) = (row.get(0)?, row.get(1)?);
                let known = seen.entry(at).or_default();
                for _ in *known..count as usize {
                    lags.push((now - at).max(0) as f64);
                }
                *known = count as usize;
            }
            // Nobody writes behind what is as old as this.
            from = from.max(now - 3000).max(since);
        }
        Ok(lags)
    }
}

pub fn storm(bench: &Bench, report: &mut Report) -> Result<()> {
    one_storm(bench, report, "fall 1", "fall = 1", 1)?;
    if bench.effort.is_full() {
        one_storm(bench, report, "fall 3, fast 2 s", "fall = 3\nfast-interval = \"2s\"", 3)?;
    }
    Ok(())
}

fn one_storm(bench: &Bench, report: &mut Report, what: &str, defaults: &str, fall: u32) -> Result<()> {
    let hosts = bench.effort.watch.many;
    let (farm, of_servers) = (Farm::new(Speak::Nothing)?, Farm::new(Speak::Nothing)?);
    let services = vec![("s", written("tcp", farm.port))];
    let scratch = Fleet { hosts, services, interval_ms: INTERVAL_MS, defaults }.scratch()?;
    let balancer = Balancer::beside(&scratch, of_servers.port)?;
    let watcher =
        probers::ocowatch(&bench.programs.ocowatch, scratch, None, |command| balancer.lend(command))?;
    sleep(Duration::from_millis(u64::from(INTERVAL_MS)));
    let journal = Journal::of(&watcher)?;
    let targets = hosts + SERVERS;
    journal.wait_for_all_ok(targets)?;
    balancer.wait_for_all()?;
    let tap = Tap::new(&[farm.port])?;
    let interval = i64::from(INTERVAL_MS) * 1_000_000;
    // Taken before they fail: nobody fails earlier.
    let (from, since, before) = (boot(), wall() / 1_000_000 - 1, processor(watcher.pid)?);
    let emptied = balancer.emptied();
    drop((farm, of_servers));
    // All targets, and the two services.
    let limit = Duration::from_millis(u64::from(INTERVAL_MS)) * (fall + 1);
    let lags = journal.lags(since, targets + 2, limit)?;
    let to = boot().max(from + interval);
    sleep(Duration::from_nanos(u64::try_from(to - boot()).unwrap_or(0)));
    let (own, others) = shares(before, processor(watcher.pid)?, to - from);
    sleep(Duration::from_secs(1));
    let lateness = Lateness::of(&tap.take()?, hosts, "s", interval, from, to);
    let when = format!("{} fail at once, {what}", thousands(hosts));
    let sql =
        "SELECT count(*) FROM transition JOIN object ON object = id WHERE kind = 0 AND new = 3 AND at > ?1";
    let rows = journal.count(sql, since)?;
    let name = format!("rows that are not in the journal, {when}");
    let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.0) };
    report.add(&figure, &[targets as f64 - rows as f64], format!("{rows} of targets"));
    let sql = "SELECT count(*) FROM transition JOIN object ON object = id WHERE kind = 1 AND new = 3 AND old != 3 AND at > ?1";
    let of_services = journal.count(sql, since)?;
    let due = of_services as usize * ALERTS;
    let told = balancer.told_at_least(due)?;
    let name = format!("runs of an alert of a failing service, {when}");
    let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(1.0) };
    let detail = format!(
        "{told} runs of the program of {ALERTS} alerts, at once and after 5 s, for {of_services} failures of two services"
    );
    if told < due {
        return Err(format!("somebody was not told, {when}: {detail}").into());
    }
    report.add(&figure, &[told as f64 / (2 * ALERTS) as f64], detail);
    let name = format!("from judging to the journal, at worst, {when}");
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(1000.0) };
    let detail = format!(
        "p50 {:.0} ms, p99 {:.0} ms, {:.0} % of a core",
        median(&lags),
        quantile(&lags, 0.99),
        own * 100.0
    );
    report.add(&figure, &[quantile(&lags, 1.0)], detail);
    let at =
        emptied.at().ok_or_else(|| format!("servers stand in the table after all have failed, {when}"))?;
    let sql = "SELECT max(at) FROM transition JOIN object ON object = id WHERE name LIKE 'lb/t/%' AND new = 3 AND at > ?1";
    let judged = journal.count(sql, since)?;
    let name = format!("from judging to a table of {} servers, the last one, {when}", thousands(SERVERS));
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(1000.0) };
    report.add(&figure, &[(at - judged).max(0) as f64], "by a stand-in for ipvsadm in sh and awk");
    lateness.report(report, &format!("while {when}"), others);
    Ok(())
}
