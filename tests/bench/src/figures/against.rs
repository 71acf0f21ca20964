//! This ocod against another one, as one of before: each figure of both, in windows that both share.
//!
//! The other one is measured twice, as if it were two programs. How much these two differ is noise, and only what is
//! worse by more than that fails.

use std::thread::sleep;
use std::time::Duration;

use super::cost::crowd;
use super::memory::{at_work, warm_up};
use super::response::{self, DELAYED_ACKS};
use super::work::{Crowded, cpu_of_a_change, hear_all};
use super::{Bench, FILES, MANY_FILES};
use crate::Result;
use crate::calls;
use crate::files::StatusFiles;
use crate::load::{self, Closing};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median, quantile};
use crate::servers::{Programs, Server};

/// What is not counted as worse, however quiet the machine: the layout of a program in memory alone makes so much.
const LEAST_NOISE: f64 = 0.02;
/// Beyond this a machine is too busy to tell anything, and a figure should rather fail than hide.
const MOST_NOISE: f64 = 0.25;

/// One figure of this ocod and of the other one, a sample for each run.
#[derive(Default)]
struct Comparison {
    this: Vec<f64>,
    other: Vec<f64>,
    /// The other one once more.
    again: Vec<f64>,
}

impl Comparison {
    fn report(&self, report: &mut Report, (name, unit, nature): (&str, Unit, Nature)) {
        let against = |one: &[f64]| -> Vec<f64> { one.iter().zip(&self.other).map(|(a, b)| a / b).collect() };
        let control = against(&self.again);
        let noise = control.iter().map(|ratio| (ratio - 1.0).abs()).fold(LEAST_NOISE, f64::max);
        let detail = format!(
            "{} against {}, which against itself is {:.2} - {:.2}",
            unit.show(median(&self.this)),
            unit.show(median(&self.other)),
            quantile(&control, 0.0),
            quantile(&control, 1.0),
        );
        let name = format!("the other ocod: {name}");
        let figure =
            Figure { name: &name, unit: Unit::Ratio, nature, at_most: Some(1.0 + noise.min(MOST_NOISE)) };
        report.add(&figure, &against(&self.this), detail);
    }
}

/// What is measured: so many runs, each of so many windows of which the median counts.
struct Plan<'a> {
    bench: &'a Bench,
    other: Programs,
    runs: usize,
    windows: usize,
}

impl Plan<'_> {
    /// Measure N figures at once. `make` starts what a run needs and `sample` is a window of one program.
    fn compare<T, const N: usize>(
        &self,
        make: impl Fn(&Programs) -> Result<T>,
        sample: impl Fn(&T) -> Result<[f64; N]>,
    ) -> Result<[Comparison; N]> {
        let mut comparisons: [Comparison; N] = std::array::from_fn(|_| Comparison::default());
        for _ in 0..self.runs {
            let programs = [&self.bench.programs, &self.other, &self.other];
            let mut samples: [Vec<[f64; N]>; 3] = Default::default();
            let made = programs.iter().map(|programs| make(programs)).collect::<Result<Vec<T>>>()?;
            for window in 0..self.windows {
                // Each is the first as often as the others.
                for turn in 0..programs.len() {
                    let whose = (window + turn) % programs.len();
                    samples[whose].push(sample(&made[whose])?);
                }
            }
            for (figure, comparison) in comparisons.iter_mut().enumerate() {
                let typical = |samples: &[[f64; N]]| {
                    median(&samples.iter().map(|sample| sample[figure]).collect::<Vec<_>>())
                };
                comparison.this.push(typical(&samples[0]));
                comparison.other.push(typical(&samples[1]));
                comparison.again.push(typical(&samples[2]));
            }
        }
        Ok(comparisons)
    }

    fn with(&self, runs: usize, windows: usize) -> Plan<'_> {
        Plan { bench: self.bench, other: self.other.clone(), runs, windows }
    }
}

pub fn against(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort;
    let other = bench.programs.with_the_other()?;
    let plan = Plan { bench, other, runs: effort.runs, windows: effort.rounds };
    type Part = fn(&Plan, &mut Report) -> Result<()>;
    let parts: [(&str, usize, usize, Part); 7] = [
        ("answers", effort.runs, effort.rounds, answers),
        ("system calls", 1, 1, system_calls),
        ("memory", effort.runs, 1, memory),
        ("start", effort.runs, effort.starts, start),
        ("latency", effort.runs, effort.latency_windows.div_ceil(3), latency),
        ("changes", effort.runs, 1, changes),
        ("removals", effort.removals, 1, removals),
    ];
    for (name, runs, windows, part) in parts {
        // One that fails to be measured does not keep the others from it.
        if let Err(error) = part(&plan.with(runs, windows), report) {
            report.fail(&format!("the other ocod: {name}"), &error.to_string());
        }
    }
    Ok(())
}

fn answers(plan: &Plan, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let queue = plan.bench.effort.queue;
    for (closing, names) in [
        (Closing::AtOnce, ["CPU an answer", "wall time of a queue that closes"]),
        (Closing::AtTheEnd, ["CPU an answer, clients close late", "wall time of a full queue"]),
    ] {
        let make = |programs: &Programs| {
            let server = programs.ocod(&files)?;
            load::full_queue(&server, queue, closing)?; // grow what has to grow
            Ok(server)
        };
        let costs = plan.compare(make, |server: &Server| {
            let cost = load::full_queue(server, queue, closing)?;
            Ok([cost.cpu, cost.wall].map(|time| time.as_secs_f64() * 1e6))
        })?;
        for (cost, name) in costs.iter().zip(names) {
            cost.report(report, (name, Unit::Micros, Nature::Time));
        }
    }
    Ok(())
}

fn system_calls(plan: &Plan, report: &mut Report) -> Result<()> {
    type Work = fn(&Server, u32) -> Result<()>;
    let files = StatusFiles::new(FILES)?;
    let answers = plan.bench.effort.counted;
    let shapes: [(&str, u32, Work); 3] = [
        ("system calls an answer, 64 clients", answers, crowd),
        ("system calls an answer, one client", answers, load::closed_loop),
        ("system calls an answer, one that closes late", answers / 10, load::late_closers),
    ];
    for (name, answers, work) in shapes {
        let [calls] = plan.compare(
            |programs| programs.ocod(&files),
            |server| {
                let calls =
                    calls::count(server, || work(server, answers).and_then(|()| meter::settle(server.pid)))?;
                Ok([calls.values().sum::<u64>() as f64 / f64::from(answers)])
            },
        )?;
        calls.report(report, (name, Unit::Number, Nature::Fixed));
    }
    Ok(())
}

fn memory(plan: &Plan, report: &mut Report) -> Result<()> {
    let (few, many) = (StatusFiles::new(FILES)?, StatusFiles::new(MANY_FILES)?);
    for (files, count) in [(&few, "64"), (&many, "10,000")] {
        let memory = plan.compare(
            |programs| at_work(programs, files),
            |server| {
                let memory = meter::memory(server.pid)?;
                Ok([memory.private, memory.resident].map(|octets| octets as f64))
            },
        )?;
        for (memory, kind) in memory.iter().zip(["private", "resident"]) {
            let name = format!("{kind} memory with {count} files");
            memory.report(report, (&name, Unit::Bytes, Nature::Fixed));
        }
    }
    let clients = plan.bench.held();
    let [connection] = plan.with(1, 1).compare(
        |programs| at_work(programs, &few),
        |server| {
            let before = meter::memory(server.pid)?.private as f64;
            let held = load::hold(server, clients)?;
            let after = meter::memory(server.pid)?.private as f64;
            load::still_held(server, &held)?;
            Ok([(after - before) / clients as f64])
        },
    )?;
    connection.report(report, ("memory an open connection", Unit::Bytes, Nature::Fixed));
    Ok(())
}

fn start(plan: &Plan, report: &mut Report) -> Result<()> {
    for (count, name) in [(FILES, "start with 64 files"), (MANY_FILES, "start with 10,000 files")] {
        let files = StatusFiles::new(count)?;
        let [start] = plan.compare(
            |programs| Ok(programs.clone()),
            |programs| Ok([programs.ocod(&files)?.started_in.as_secs_f64() * 1e3]),
        )?;
        start.report(report, (name, Unit::Millis, Nature::Time));
    }
    Ok(())
}

fn latency(plan: &Plan, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let start = |programs: &Programs| {
        let server = programs.ocod(&files)?;
        warm_up(&server)?;
        Ok(server)
    };
    let alone = plan.compare(start, one_client)?;
    let clients = plan.bench.held();
    let crowded = plan.compare(start, |server| {
        let held = load::hold(server, clients)?;
        sleep(DELAYED_ACKS);
        let times = one_client(server)?;
        load::still_held(server, &held)?;
        drop(held);
        meter::settle(server.pid)?;
        Ok(times)
    })?;
    let idle = format!("{clients} idle connections");
    for (latency, beside) in [(&alone, "no other"), (&crowded, &idle)] {
        for (latency, share) in latency.iter().zip(["median", "p99"]) {
            let name = format!("{share} of an answer beside {beside}");
            latency.report(report, (&name, Unit::Micros, Nature::Time));
        }
    }
    Ok(())
}

/// Median and p99 of one client that asks again and again, in microseconds.
fn one_client(server: &Server) -> Result<[f64; 2]> {
    const WINDOW: Duration = Duration::from_millis(300);
    let times = response::times(server, WINDOW)?;
    Ok([median(&times), quantile(&times, 0.99)])
}

fn changes(plan: &Plan, report: &mut Report) -> Result<()> {
    let (few, many) = (StatusFiles::new(FILES)?, StatusFiles::new(MANY_FILES)?);
    for (files, limits, name) in [
        (&few, vec![], "CPU a change, 64 files, one listener"),
        (&many, hear_all(), "CPU a change, 10,000 files, 31 listeners"),
    ] {
        let [change] = plan.compare(
            |programs| programs.ocod_limited(files, &limits),
            |server| Ok([cpu_of_a_change(server, files, plan.bench.effort.changes)? * 1e6]),
        )?;
        change.report(report, (name, Unit::Micros, Nature::Time));
    }
    Ok(())
}

fn removals(plan: &Plan, report: &mut Report) -> Result<()> {
    let count = plan.bench.effort.removed;
    let [slowest] = plan.compare(
        |programs| Crowded::start(programs, count),
        |crowded| Ok([quantile(&crowded.answers()?, 1.0)]),
    )?;
    slowest.report(report, (&format!("{count} removals, slowest answer"), Unit::Millis, Nature::Time));
    let [cpu] = plan.compare(
        |programs| Crowded::start(programs, count),
        |crowded| Ok([crowded.cpu_of_removals()?.0 * 1e6]),
    )?;
    cpu.report(report, (&format!("{count} removals, CPU a file"), Unit::Micros, Nature::Time));
    Ok(())
}
