//! Puts load on ocod over loopback and demands right answers all the time.
//!
//! `load` has the clients and the writers, `prober` writes and asks, `daemon` is the ocod under test, `meter` reads
//! from outside what it holds. The exit status is 1 when an answer was wrong or lost, when something grew, or when
//! ocod wakes up after all has stopped; 2 when nothing could be measured. `scripts/soak` builds what this needs.

mod daemon;
mod load;
mod meter;
mod prober;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use daemon::Daemon;
use load::{Count, Load};
use meter::Held;
use prober::Probes;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "usage: oco-soak OCOD DIRECTORY SECONDS";

/// Until every client has been opened once, and the kernel's and ocod's tables have their size.
const WARM_UP: Duration = Duration::from_secs(5);
/// How long the first and the last second are.
const SECOND: Duration = Duration::from_secs(1);
/// Descriptors wave with the clients of each second: what they are at the end is compared with the most of so many.
const FIRST_SECONDS: u32 = 5;
/// How long the last clients may be kept when all have gone.
const LAST_LINGER: Duration = Duration::from_secs(10);
/// How long no wake-up may come when all has stopped.
const REST: Duration = Duration::from_secs(5);
/// Descriptors of this program and of ocod beside those of clients.
const OTHER_DESCRIPTORS: u64 = 100;

/// Anonymous memory may grow by so much from the first second to the last: pages of tables that had to be a little
/// larger for a moment. A leak of one octet an answer would be more in a minute.
const GROWTH_OF_ANONYMOUS: u64 = 256 * 1024;
/// The same for all of it: pages of the program that were not read before.
const GROWTH_OF_RESIDENT: u64 = 512 * 1024;
/// Descriptors come and go with the clients; their mean may grow by one in so many.
const GROWTH_OF_DESCRIPTORS: u64 = 20;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("oco-soak: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(ocod), Some(directory), Some(seconds)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(USAGE.into());
    };
    let seconds: u64 = seconds.to_str().and_then(|text| text.parse().ok()).ok_or(USAGE)?;
    let is_smoke = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let load = fit(Load::new(if is_smoke { 5 } else { 1 }))?;
    println!("{load}");

    let directory = PathBuf::from(directory);
    load::make_checks(&directory, load.checks)?;
    let daemon = Daemon::start(&ocod, &directory)?;
    let at_rest = meter::held(daemon.pid())?;
    let (first, last, count, probes) = soak(&load, &daemon, &directory, Duration::from_secs(seconds))?;
    let rest = rest(&daemon, at_rest)?;

    let mut report = Report { is_good: true };
    report.load(&load, &count, seconds);
    report.probes(&probes);
    report.growth(first, last);
    report.row("connections kept, all stopped", rest.kept.to_string(), rest.kept == 0);
    report.row("wake-ups in 5 s, all stopped", rest.wake_ups.to_string(), rest.wake_ups == 0);
    if !report.is_good {
        eprintln!("the end of ocod's log:\n{}", daemon.log());
    }
    Ok(report.is_good)
}

/// Raises the limit on descriptors, and makes the load smaller where that is not enough.
fn fit(load: Load) -> Result<Load> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let wanted = load.clients() + OTHER_DESCRIPTORS;
    if wanted <= hard {
        return Ok(load);
    }
    let divisor = wanted.div_ceil(hard.saturating_sub(OTHER_DESCRIPTORS).max(1)) + 1;
    println!(
        "{hard} descriptors are not enough for {} clients: one in {divisor} of the load",
        load.clients()
    );
    Ok(Load::new(divisor.max(1)))
}

/// All at once for `time`. Gives what ocod held in the first and in the last second; of descriptors the most in
/// the first seconds.
fn soak(
    load: &Load,
    daemon: &Daemon,
    directory: &std::path::Path,
    time: Duration,
) -> Result<(Held, Held, Count, Probes)> {
    let stop = AtomicBool::new(false);
    let is_over = || stop.load(Ordering::Relaxed);
    let count = Count::default();
    thread::scope(|scope| {
        let workers = [
            scope.spawn(|| load.keep_idle(daemon.address, &count, &is_over)),
            scope.spawn(|| load.send_slowly(daemon.address, &count, &is_over)),
            scope.spawn(|| load.reset(daemon.address, &count, &is_over)),
            scope.spawn(|| load.rewrite(directory, &count, &is_over)),
        ];
        let prober = scope.spawn(|| prober::probe(daemon.address, directory, &is_over));
        let measured = (|| {
            let start = Instant::now();
            sleep(WARM_UP);
            count.begin();
            let mut first = meter::mean(daemon.pid(), SECOND)?;
            for _ in 1..FIRST_SECONDS {
                first.descriptors = first.descriptors.max(meter::mean(daemon.pid(), SECOND)?.descriptors);
            }
            sleep((WARM_UP + time).saturating_sub(start.elapsed() + SECOND));
            let last = meter::mean(daemon.pid(), SECOND)?;
            Ok((first, last))
        })();
        stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().map_err(|_| "a part of the load panicked")??;
        }
        let probes = prober.join().map_err(|_| "the prober panicked")??;
        let (first, last) = measured.map_err(|error: meter::Error| format!("{error}\n{}", daemon.log()))?;
        Ok((first, last, count.clone(), probes))
    })
}

/// What is left when all has stopped.
struct Rest {
    /// Descriptors of clients, all of whom have gone.
    kept: u64,
    wake_ups: u64,
}

/// Waits until the last client has lingered, and counts how often ocod wakes up then.
fn rest(daemon: &Daemon, at_rest: Held) -> Result<Rest> {
    let deadline = Instant::now() + LAST_LINGER;
    let kept = loop {
        let kept = meter::held(daemon.pid())?.descriptors.saturating_sub(at_rest.descriptors);
        if kept == 0 || Instant::now() > deadline {
            break kept;
        }
        sleep(Duration::from_millis(50));
    };
    // The last deadlines and the kernel's own timers.
    sleep(Duration::from_secs(3));
    let before = meter::context_switches(daemon.pid())?;
    sleep(REST);
    Ok(Rest { kept, wake_ups: meter::context_switches(daemon.pid())? - before })
}

/// The table, row by row.
struct Report {
    is_good: bool,
}

impl Report {
    fn row(&mut self, what: &str, value: String, is_good: bool) {
        println!("{}  {what:<34} {value}", if is_good { "ok  " } else { "FAIL" });
        self.is_good &= is_good;
    }

    fn fact(&self, what: &str, value: String) {
        println!("      {what:<34} {value}");
    }

    fn load(&mut self, load: &Load, count: &Count, seconds: u64) {
        let [answers, resets, rewrites, lost, odd] = count.numbers();
        let rate = |number: u64| format!("{number}, {} a second", number / seconds.max(1));
        self.fact("answers to idle and slow clients", rate(answers));
        self.fact("clients that reset", rate(resets));
        // A machine that can't keep up has not been tested.
        let enough = load.rewrites_a_second * seconds * 9 / 10;
        self.row("rewrites of checks", rate(rewrites), rewrites >= enough);
        self.row("clients without a line", lost.to_string(), lost == 0);
        self.row("clients with an odd line", odd.to_string(), odd == 0);
    }

    fn probes(&mut self, probes: &Probes) {
        self.row("write-then-ask rounds", probes.rounds().to_string(), probes.rounds() > 0);
        self.row("wrong answers", probes.wrong.len().to_string(), probes.wrong.is_empty());
        for wrong in probes.wrong.iter().take(5) {
            self.fact("", wrong.clone());
        }
        self.row("lost answers", probes.lost.len().to_string(), probes.lost.is_empty());
        for lost in probes.lost.iter().take(5) {
            self.fact("", lost.clone());
        }
        let [half, p99, p999, most] = [500, 990, 999, 1000].map(|permille| probes.latency(permille));
        self.fact("latency p50, p99, p99.9, most", format!("{half:?}, {p99:?}, {p999:?}, {most:?}"));
    }

    fn growth(&mut self, first: Held, last: Held) {
        let kib = |octets: u64| format!("{} KiB", octets / 1024);
        let row = |one: u64, other: u64, limit: u64| (one, other, limit, other.saturating_sub(one) <= limit);
        let rows = [
            ("anonymous memory", row(first.anonymous, last.anonymous, GROWTH_OF_ANONYMOUS)),
            ("resident memory", row(first.resident, last.resident, GROWTH_OF_RESIDENT)),
        ];
        for (what, (one, other, limit, is_flat)) in rows {
            let what = format!("{what}, first to last second");
            self.row(&what, format!("{} to {}, at most {} more", kib(one), kib(other), kib(limit)), is_flat);
        }
        let limit = first.descriptors / GROWTH_OF_DESCRIPTORS;
        let (one, other, limit, is_flat) = row(first.descriptors, last.descriptors, limit);
        self.row(
            "descriptors, first seconds to last",
            format!("{one} to {other}, at most {limit} more"),
            is_flat,
        );
    }
}
