//! Whether probes begin when they should: each start is the kernel's time of its SYN, and its turn follows from the
//! target's name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use super::cost::written;
use super::farm::{Farm, Speak};
use super::probers::{self, Fleet};
use super::tap::{Start, Tap, boot};
use super::{hosts, phase};
use crate::Result;
use crate::figures::Bench;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, quantile, thousands};
use crate::servers::servers_cpu_number;

pub const INTERVAL_MS: u32 = 10_000;
/// While others use less than this of the processor, lateness is ours; it is not judged where they use more.
const OTHERS: f64 = 0.2;

/// How late the starts of some rounds were.
pub struct Lateness {
    /// Milliseconds, of each start.
    pub late: Vec<f64>,
    /// Turns without a start.
    pub missed: usize,
    /// Parts in a million by which the last round is later than the first.
    pub drift: f64,
    /// Starts beside the turns: fast ones, say.
    pub beside: usize,
}

impl Lateness {
    /// Of all turns of `count` hosts from `from` on until `to`. What begins up to a second late belongs to its turn.
    pub fn of(starts: &[Start], count: usize, service: &str, interval: i64, from: i64, to: i64) -> Lateness {
        let phases: HashMap<u32, i64> = hosts(count)
            .map(|host| (u32::from(host), phase(&format!("g/{service}/{host}"), interval)))
            .collect();
        let mut turns: HashMap<(u32, i64), f64> = HashMap::new();
        let mut beside = 0;
        for start in starts {
            let Some(phase) = phases.get(&start.address) else { continue };
            let (round, late) =
                ((start.at - phase).div_euclid(interval), (start.at - phase).rem_euclid(interval));
            let due = round * interval + phase;
            let late = late as f64 / 1e6;
            if !(from..to).contains(&due) {
                continue;
            }
            match turns.entry((start.address, round)) {
                Entry::Vacant(turn) if late <= 1000.0 => drop(turn.insert(late)),
                Entry::Vacant(_) | Entry::Occupied(_) => beside += 1,
            }
        }
        let expected: i64 = phases
            .values()
            .map(|phase| (to - 1 - phase).div_euclid(interval) - (from - 1 - phase).div_euclid(interval))
            .sum();
        let missed = usize::try_from(expected).unwrap_or(0) - turns.len();
        // By quarters: of chance alone, since turns differ in how busy the time is.
        let mean = |from: i64, to: i64| {
            let of = |((address, round), late): (&(u32, i64), &f64)| {
                let due = round * interval + phases[address];
                (from..to).contains(&due).then_some(*late)
            };
            let late: Vec<f64> = turns.iter().filter_map(of).collect();
            quantile(&late, 0.5)
        };
        let span = to - from;
        let drift =
            (mean(to - span / 4, to) - mean(from, from + span / 4)) * 1e6 / (span as f64 * 0.75) * 1e6;
        Lateness { late: turns.into_values().collect(), missed, drift, beside }
    }

    /// Tells it; `others` is what others used of the processor.
    pub fn report(&self, report: &mut Report, when: &str, others: f64) {
        let is_quiet = others < OTHERS;
        let detail = format!(
            "{} starts, slowest {:.1} ms, others used {:.0} % of the core{}",
            self.late.len(),
            quantile(&self.late, 1.0),
            others * 100.0,
            if is_quiet { "" } else { ": not judged" },
        );
        for (share, name, at_most) in [(0.99, "p99", 20.0), (0.999, "p99.9", 50.0)] {
            let name = format!("lateness of a start, {name}, {when}");
            let at_most = is_quiet.then_some(at_most);
            let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most };
            report.add(&figure, &[quantile(&self.late, share)], detail.as_str());
        }
        let name = format!("turns missed, {when}");
        let at_most = is_quiet.then_some(0.0);
        let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Time, at_most };
        report.add(&figure, &[self.missed as f64], format!("of {}", self.late.len() + self.missed));
    }
}

/// What the servers' processor and one process have used so far.
pub fn processor(pid: nix::unistd::Pid) -> Result<(Duration, Duration)> {
    let cpu = format!("cpu{} ", servers_cpu_number()?);
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().find_map(|line| line.strip_prefix(&cpu)).ok_or("no such processor")?;
    let ticks: Vec<u64> = line.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
    // user nice system idle iowait irq softirq steal
    let busy: u64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|place| ticks.get(*place)).sum();
    Ok((Duration::from_millis(busy * 10), meter::cpu(pid)?))
}

/// The share of the processor that the process used between, and that of all others.
pub fn shares(before: (Duration, Duration), after: (Duration, Duration), span: i64) -> (f64, f64) {
    let own = (after.1 - before.1).as_nanos() as f64 / span as f64;
    let all = (after.0 - before.0).as_nanos() as f64 / span as f64;
    (own, (all - own).max(0.0))
}

pub fn fleet(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.watch;
    if !bench.effort.is_full() {
        // Nothing of it is judged then, and the storm takes the same way.
        return Ok(());
    }
    let farm = Farm::new(Speak::Nothing)?;
    let services = vec![("s", written("tcp", farm.port))];
    let scratch = Fleet { hosts: effort.many, services, interval_ms: INTERVAL_MS, defaults: "" }.scratch()?;
    let watcher = probers::ocowatch(&bench.programs.ocowatch, scratch, None, |_| ())?;
    // The first round is another one: each start is a transition.
    sleep(Duration::from_millis(u64::from(INTERVAL_MS) + 3000));
    let tap = Tap::new(&[farm.port])?;
    let interval = i64::from(INTERVAL_MS) * 1_000_000;
    let (from, before) = (boot(), processor(watcher.pid)?);
    let to = from + interval * i64::from(effort.rounds);
    sleep(Duration::from_nanos(u64::try_from(to - boot())?));
    let (own, others) = shares(before, processor(watcher.pid)?, to - from);
    sleep(Duration::from_secs(1));
    let lateness = Lateness::of(&tap.take()?, effort.many, "s", interval, from, to);
    let when = format!("{} every 10 s", thousands(effort.many));
    lateness.report(report, &when, others);
    let name = format!("drift, {when}");
    // In a round alone, it is the time of day that is seen.
    let at_most = (effort.rounds > 1 && others < OTHERS).then_some(10.0);
    let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Time, at_most };
    report.add(&figure, &[lateness.drift.abs()], "parts in a million");
    let name = format!("share of a core, {when}");
    let figure = Figure { name: &name, unit: Unit::Ratio, nature: Nature::Time, at_most: Some(0.5) };
    let us = own * (to - from) as f64 / 1e3 / (lateness.late.len() + lateness.beside) as f64;
    report.add(&figure, &[own], format!("{us:.1} us a probe, {} starts beside turns", lateness.beside));
    Ok(())
}
