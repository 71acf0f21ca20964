//! At rest: no allocation a probe, little memory a target, and nothing written but the heartbeat.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::cost::written;
use super::farm::{Farm, Speak};
use super::lateness::INTERVAL_MS;
use super::probers::{self, Fleet, Prober};
use super::storm::Journal;
use crate::Result;
use crate::figures::Bench;
use crate::files::Scratch;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, thousands};

const FEW: usize = 10_000;
/// Of so many windows the middle one counts: in one of them more may be under way at once than ever before.
const WINDOWS: usize = 3;
/// When the journal's heartbeat is due.
const HEARTBEAT: Duration = Duration::from_secs(60);

pub fn rest(bench: &Bench, report: &mut Report) -> Result<()> {
    allocations(bench, report)?;
    memory_and_writes(bench, report)
}

fn allocations(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.watch;
    let counters = Scratch::new()?;
    let counter = counters.path().join("count");
    let kinds =
        [("tcp", Speak::Nothing), ("oco", Speak::Line), ("http", Speak::Page), ("banner", Speak::Greeting)];
    let farms = kinds.iter().map(|(_, speak)| Farm::new(*speak)).collect::<Result<Vec<_>>>()?;
    let services =
        kinds.iter().zip(&farms).map(|((kind, _), farm)| (*kind, written(kind, farm.port))).collect();
    let scratch = Fleet { hosts: effort.hosts, services, interval_ms: 1000, defaults: "" }.scratch()?;
    let _watcher = probers::ocowatch(&bench.programs.ocowatch, scratch, None, |command| {
        command.env("LD_PRELOAD", &bench.programs.count_malloc).env("COUNT_MALLOC", &counter);
    })?;
    let count = || -> Result<u64> { Ok(u64::from_ne_bytes(fs::read(&counter)?.as_slice().try_into()?)) };
    sleep(Duration::from_secs(5));
    let answered = || farms.iter().map(Farm::answered).collect::<Vec<_>>();
    let up_to_then = count()?;
    if up_to_then == 0 {
        return Err("nothing is counted: is ocowatch linked statically?".into());
    }
    let (mut each, mut details) = (Vec::new(), Vec::new());
    for _ in 0..WINDOWS {
        let (before, answered_before) = (count()?, answered());
        sleep(effort.counted);
        // Those of tcp are not accepted, and so not answered; they are as many as those of each other kind.
        let answered = answered().iter().zip(&answered_before).map(|(now, before)| now - before).sum::<u64>();
        let (allocations, probes) = (count()? - before, answered as f64 * 4.0 / 3.0);
        each.push(allocations as f64 / probes);
        details.push(format!("{allocations} in {probes:.0}"));
    }
    let name = "heap allocations a probe";
    // A buffer for more probes at once than there were before is no allocation of a probe.
    let figure = Figure { name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.01) };
    let detail = format!("{} probes, tcp, oco, http and banner; {up_to_then} up to then", details.join(", "));
    report.add(&figure, &each, detail);
    Ok(())
}

fn memory_and_writes(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.watch;
    let (farm, many) = (Farm::new(Speak::Line)?, effort.many.max(2 * FEW));
    let start = |hosts| -> Result<Prober> {
        let services = vec![("s", written("oco", farm.port))];
        let scratch = Fleet { hosts, services, interval_ms: INTERVAL_MS, defaults: "" }.scratch()?;
        probers::ocowatch(&bench.programs.ocowatch, scratch, None, |_| ())
    };
    let (began, small, large) = (Instant::now(), start(FEW)?, start(many)?);
    for (watcher, hosts) in [(&small, FEW), (&large, many)] {
        Journal::of(watcher)?.wait_for_all_ok(hosts)?;
    }
    sleep(Duration::from_secs(3));
    let with_few = meter::memory(small.pid)?.private as f64;
    let with_many = meter::memory(large.pid)?.private as f64;
    drop(large);
    let figure = Figure {
        name: "memory a target at rest",
        unit: Unit::Bytes,
        nature: Nature::Fixed,
        at_most: Some(400.0),
    };
    let detail = format!(
        "private: {:.1} MB with {}, {:.1} MB with {}",
        with_few / 1e6,
        thousands(FEW),
        with_many / 1e6,
        thousands(many)
    );
    report.add(&figure, &[(with_many - with_few) / (many - FEW) as f64], detail);

    wait_for_silence(began, effort.silent + Duration::from_secs(2));
    let before = octets_written(small.pid)?;
    sleep(effort.silent);
    let octets = octets_written(small.pid)? - before;
    let name = "octets written at rest, between heartbeats";
    let figure = Figure { name, unit: Unit::Bytes, nature: Nature::Fixed, at_most: Some(0.0) };
    let probes = effort.silent.as_secs() as usize * FEW * 1000 / INTERVAL_MS as usize;
    report.add(&figure, &[octets as f64], format!("{probes} probes"));
    if bench.effort.is_full() {
        let before = octets_written(small.pid)?;
        sleep(HEARTBEAT);
        let octets = octets_written(small.pid)? - before;
        let figure = Figure {
            name: "octets written in a minute at rest",
            unit: Unit::Bytes,
            nature: Nature::Fixed,
            at_most: Some(65536.0),
        };
        report.add(&figure, &[octets as f64], "the heartbeat: a few pages of the journal's log");
    }
    Ok(())
}

/// Waits until no heartbeat is due for so long, of a watcher that began then: behind one, where the time before it does
/// not suffice.
pub fn wait_for_silence(began: Instant, needed: Duration) {
    let age = began.elapsed();
    let last = HEARTBEAT * (age.as_secs() / HEARTBEAT.as_secs()) as u32;
    let (is_over, next) = (last + Duration::from_secs(3), last + HEARTBEAT);
    if !last.is_zero() && age < is_over {
        sleep(is_over - age);
    } else if next - age < needed {
        sleep(next + Duration::from_secs(3) - age);
    }
}

/// Octets that all threads of a process handed to write calls, to files and pipes but not to sockets.
pub fn octets_written(pid: Pid) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let value = text.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no wchar")?;
    Ok(value.parse()?)
}
