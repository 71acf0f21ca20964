//! Hosts that answer nothing, and fewer descriptors than their probes need.

use std::thread::sleep;
use std::time::Duration;

use super::cost::written;
use super::farm::{Farm, SilentFarm, Speak};
use super::lateness::{Lateness, processor, shares};
use super::probers::{self, Fleet};
use super::storm::Journal;
use super::tap::{Tap, boot};
use crate::Result;
use crate::figures::Bench;
use crate::report::{Figure, Nature, Report, Unit, thousands};

const HOSTS: usize = 2000;
const INTERVAL_MS: u32 = 2000;
/// 1,000 a second for two seconds each are 2,000 at once; most of these are ours.
const DESCRIPTORS: u64 = 1000;

pub fn silence(bench: &Bench, report: &mut Report) -> Result<()> {
    // A service that answers, beside one that does not: its starts take part in the same shortage.
    let (silent, _other) = (SilentFarm::new()?, Farm::new(Speak::Nothing)?);
    let services = vec![("s", written("tcp", silent.port))];
    let defaults = "timeout = \"1900ms\"\nfall = 1";
    let scratch = Fleet { hosts: HOSTS, services, interval_ms: INTERVAL_MS, defaults }.scratch()?;
    let watcher = probers::ocowatch(&bench.programs.ocowatch, scratch, Some(DESCRIPTORS), |_| ())?;
    sleep(Duration::from_millis(u64::from(2 * INTERVAL_MS)));
    let tap = Tap::new(&[silent.port])?;
    let interval = i64::from(INTERVAL_MS) * 1_000_000;
    let (from, before) = (boot(), processor(watcher.pid)?);
    let to = from + 3 * interval;
    sleep(Duration::from_nanos(u64::try_from(to - boot())?));
    let (_, others) = shares(before, processor(watcher.pid)?, to - from);
    sleep(Duration::from_secs(1));
    let mut lateness = Lateness::of(&tap.take()?, HOSTS, "s", interval, from, to);
    let log = watcher.log()?;
    let told = log.matches("by our own fault: ").count();
    let warned = log.matches("a silent fleet needs").count();
    let when = format!("{} silent, {DESCRIPTORS} descriptors", thousands(HOSTS));
    let one = |name: &str, value: usize, detail: String, report: &mut Report| {
        let name = format!("{name}, {when}");
        let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(1.0) };
        match value {
            0 => report.fail(&name, "not told"),
            value => report.add(&figure, &[value as f64], detail),
        }
    };
    let line = |word: &str| log.lines().find(|line| line.contains(word)).unwrap_or_default().to_owned();
    one("warnings at the start", warned, line("a silent fleet needs"), report);
    one("times our own limit is told", told, line("by our own fault"), report);
    let journal = Journal::of(&watcher)?;
    let sql = "SELECT count(*) FROM standing JOIN object ON object = id WHERE kind = 0 AND standing = ?1";
    let (unknown, ko) = (journal.count(sql, 0)?, journal.count(sql, 3)?);
    let name = format!("targets neither unknown nor ko, {when}");
    let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.0) };
    let detail = format!("{unknown} unknown, {ko} ko");
    report.add(&figure, &[HOSTS as f64 - (unknown + ko) as f64], detail);
    // Those without a descriptor do not begin, which is no turn missed.
    lateness.missed = 0;
    lateness.report(report, &when, others);
    Ok(())
}
