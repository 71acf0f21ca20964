//! Every system call fails: once, the third time, for good; at the start, while it answers, and while it stops.
//!
//! Each case is an ocod of its own under strace. It has to end in right answers, fail-safe ones, or an exit that
//! says why; when the fault is over everything has to be right again.

mod pipe;
mod scenario;
mod table;

use crate::daemon::{Daemon, within};
use crate::process::{descriptors, status};
use crate::strace::{Injection, Tracer, is_missing, names, traced};
use nix::sys::signal::Signal;
use scenario::{LONG, Patience, SHORT, Stage, Tally, is_idle, leaks_nothing};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use table::{FAULTS, Made, Purpose, Row, SPARED, passes};

/// Cases at once. They wait for most of their time.
const WORKERS: usize = 6;

/// Said of a case whose call was not made so often.
const NOT_REACHED: &str = "not reached";

/// When the calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// From the first instruction on.
    Start,
    /// Once it answers, until all was changed.
    Run,
    /// From SIGTERM on.
    Stop,
}

/// One run of ocod.
struct Case {
    row: &'static Row,
    error: &'static str,
    when: String,
    phase: Phase,
}

/// What came of it: for the table, and what was wrong.
type Verdict = Result<String, String>;

impl Case {
    fn is_lasting(&self) -> bool {
        self.when.contains('+')
    }

    fn patience(&self) -> Patience {
        let may_be_silent = self.is_lasting() && self.row.purpose == Purpose::Answering;
        let time = if may_be_silent { SHORT } else { LONG };
        Patience { time, may_be_silent, has_log: self.row.purpose != Purpose::Logging }
    }

    fn injection(&self, stage: &Stage) -> Injection {
        Injection {
            call: self.row.call.to_owned(),
            fault: if self.error.contains('=') {
                self.error.to_owned()
            } else {
                format!("error={}", self.error)
            },
            when: self.when.clone(),
            trace: stage.scene.path("trace"),
        }
    }

    fn run(&self) -> Verdict {
        let stage = Stage::new();
        let injection = self.injection(&stage);
        let command = stage.ocod();
        let mut tally = Tally::default();
        let log = stage.scene.path("log");
        let verdict = match self.phase {
            Phase::Start => {
                let mut daemon = Daemon::spawn(injection.around(&command), stage.address, log);
                self.start(&stage, &injection, &mut daemon, &mut tally).map_err(|why| (why, daemon.log()))
            }
            Phase::Run | Phase::Stop => {
                let mut daemon = Daemon::spawn(command, stage.address, log);
                if !daemon.logs_within(LONG, "350 KO", 1) {
                    return Err(format!("it does not start: {}", daemon.log()));
                }
                let done = match self.phase {
                    Phase::Stop => self.stop(&stage, &injection, &mut daemon, &mut tally),
                    Phase::Start | Phase::Run => self.answer(&stage, &injection, &mut daemon, &mut tally),
                };
                done.map_err(|why| (why, daemon.log()))
            }
        };
        let failed = injection.failed();
        match verdict {
            Ok(_) if failed == 0 => Ok(NOT_REACHED.to_owned()),
            Ok(end) => Ok(format!("{end}{}", spoken(&tally))),
            Err((why, log)) => Err(format!("{why}\n{}", tail(&log))),
        }
    }

    fn start(&self, stage: &Stage, injection: &Injection, daemon: &mut Daemon, tally: &mut Tally) -> Verdict {
        let log_says_all = self.row.purpose == Purpose::Logging;
        let _ = within(LONG, || {
            let log = daemon.log();
            let is_up = log.contains(" KO oco-") || log.contains(" OK oco-");
            (is_up || daemon.ended().is_some() || (log_says_all && is_bound(daemon))).then_some(())
        });
        if daemon.ended().is_none() {
            if !log_says_all && !daemon.log().contains(" KO oco-") {
                return Err("neither ready nor ended, or OK at once".to_owned());
            }
            // One that fails may be the proof that root can't be had back, which has to fail.
            let ids = status(daemon.pid(), "Uid") + &status(daemon.pid(), "Gid");
            if self.row.purpose == Purpose::DroppingPrivileges && ids.split_whitespace().any(|id| id == "0") {
                return Err("it runs as root".to_owned());
            }
            stage.run(daemon, self.patience(), tally)?;
            if daemon.ended().is_none() {
                self.stays_calm(injection, daemon)?;
                if self.row.purpose == Purpose::Confining
                    && injection.failed() > 0
                    && !daemon.log().contains("missing: ")
                {
                    return Err("nothing in the log of a missing layer".to_owned());
                }
                drop(Tracer::of(daemon.pid()));
                stage.recover(daemon)?;
                daemon.signal(Signal::SIGTERM);
            }
        }
        self.end(daemon)
    }

    fn answer(
        &self,
        stage: &Stage,
        injection: &Injection,
        daemon: &mut Daemon,
        tally: &mut Tally,
    ) -> Verdict {
        let before = descriptors(daemon.pid());
        let tracer = injection.attach(daemon.pid());
        stage.run(daemon, self.patience(), tally)?;
        if daemon.ended().is_none() {
            self.stays_calm(injection, daemon)?;
            drop(tracer);
            stage.recover(daemon)?;
        }
        if daemon.ended().is_none() {
            // A close that strace kept from the kernel leaves its descriptor open, which is not ocod's doing.
            if self.row.call != "close" {
                leaks_nothing(daemon, before)?;
            }
            is_idle(daemon, || 0, Duration::from_millis(100))?;
            daemon.signal(Signal::SIGTERM);
        }
        self.end(daemon)
    }

    fn stop(&self, stage: &Stage, injection: &Injection, daemon: &mut Daemon, tally: &mut Tally) -> Verdict {
        let tracer = injection.attach(daemon.pid());
        stage.stop(daemon, tally, self.patience())?;
        drop(tracer);
        self.end(daemon)
    }

    fn stays_calm(&self, injection: &Injection, daemon: &Daemon) -> Result<(), String> {
        let time = if self.is_lasting() { 300 } else { 50 };
        is_idle(daemon, || injection.octets(), Duration::from_millis(time))
    }

    /// Judges its end.
    fn end(&self, daemon: &mut Daemon) -> Verdict {
        let Some(status) = daemon.ends_within(LONG) else { return Err("HANG: it does not end".to_owned()) };
        let log = daemon.log();
        if self.row.purpose == Purpose::Loading && self.phase == Phase::Start && !log.contains(" starting") {
            return Ok(format!("not loaded ({status}), "));
        }
        if log.contains("panicked") || log.contains("fatal runtime error") {
            return Err(format!("PANIC: {status}"));
        }
        match status.code() {
            Some(0) => Ok(String::new()),
            // The dynamic loader has its own statuses, and its own words.
            Some(_) if self.row.purpose == Purpose::Logging || !log.trim().is_empty() => {
                Ok("exit, ".to_owned())
            }
            _ => Err(format!("an end without a word: {status}")),
        }
    }
}

fn is_bound(daemon: &Daemon) -> bool {
    std::net::TcpStream::connect(daemon.address).is_ok()
}

fn spoken(tally: &Tally) -> String {
    format!("{} right, {} fail-safe, {} none", tally.right, tally.fail_safe, tally.none)
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// The calls of an undisturbed life, by name and number, at the start and after it.
fn calls_of_a_life() -> [BTreeMap<String, usize>; 2] {
    let stage = Stage::new();
    let trace = stage.scene.path("trace");
    let mut daemon = Daemon::spawn(traced(&stage.ocod(), &trace), stage.address, stage.scene.path("log"));
    assert!(daemon.logs_within(LONG, "350 KO", 1), "{}", daemon.log());
    let at_start = names(&trace);
    let patience = Patience { time: LONG, may_be_silent: false, has_log: true };
    let mut tally = Tally::default();
    stage.run(&mut daemon, patience, &mut tally).unwrap();
    assert_eq!((tally.fail_safe, tally.none), (0, 0), "{tally:?}\n{}", daemon.log());
    stage.recover(&mut daemon).unwrap();
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.ends_within(LONG).expect("it ends").code(), Some(0));
    let all = names(&trace);
    let count = |calls: &[String]| {
        let mut counts = BTreeMap::new();
        for call in calls {
            *counts.entry(call.clone()).or_insert(0) += 1;
        }
        counts
    };
    [count(&at_start), count(&all[at_start.len()..])]
}

fn cases([at_start, later]: &[BTreeMap<String, usize>; 2]) -> Vec<Case> {
    let mut cases = Vec::new();
    for row in FAULTS {
        for error in row.errors {
            let lasting = if passes(error) { "1+2" } else { "1+" };
            for when in ["1", "3", lasting] {
                cases.push(Case { row, error, when: when.to_owned(), phase: Phase::Start });
                if row.made == Made::Always {
                    cases.push(Case { row, error, when: when.to_owned(), phase: Phase::Run });
                }
                if row.made == Made::Always && later.contains_key(row.call) && when != "3" {
                    cases.push(Case { row, error, when: when.to_owned(), phase: Phase::Stop });
                }
            }
        }
        // Each call of the start on its own.
        for number in 1..=at_start.get(row.call).copied().unwrap_or(0) {
            if number != 1 && number != 3 {
                cases.push(Case { row, error: row.errors[0], when: number.to_string(), phase: Phase::Start });
            }
        }
    }
    cases
}

#[test]
fn every_system_call_may_fail() {
    let _turn = crate::turn();
    if is_missing() {
        return;
    }
    let life = calls_of_a_life();
    let known: Vec<&str> =
        FAULTS.iter().map(|row| row.call).chain(SPARED.iter().map(|(call, _)| *call)).collect();
    let unknown: Vec<&String> =
        life.iter().flat_map(BTreeMap::keys).filter(|call| !known.contains(&call.as_str())).collect();
    assert!(unknown.is_empty(), "calls that ocod makes and the table does not have: {unknown:?}");
    let mut cases = cases(&life);
    // One after the other, to look into: `CALL PHASE ERROR WHEN`, `*` for any.
    if let Ok(only) = std::env::var("OCO_FAULT_CALL") {
        let wanted: Vec<&str> = only.split(' ').collect();
        cases.retain(|case| {
            let name =
                [case.row.call, &format!("{:?}", case.phase), case.error, &case.when].map(str::to_owned);
            wanted.iter().zip(&name).all(|(wanted, name)| *wanted == "*" || wanted == name)
        });
    }
    assert!(!cases.is_empty());
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict =
                        catch_unwind(|| case.run()).unwrap_or_else(|_| Err("the test panicked".to_owned()));
                    let key = (case.row.call, case.phase, case.error, case.when.clone());
                    verdicts.lock().expect("no worker panics").insert(key, verdict);
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().expect("no worker panics");
    let (mut text, mut wrong) = (String::new(), String::new());
    for ((call, phase, error, when), verdict) in &verdicts {
        let head = format!("{call:24} {phase:?} {error:12} {when:4}");
        match verdict {
            Ok(end) => writeln!(text, "{head} {end}").expect("a string takes all"),
            Err(why) => writeln!(wrong, "{head} {why}").expect("a string takes all"),
        }
    }
    println!("{text}\n{} runs", verdicts.len());
    for row in FAULTS {
        let mut runs = verdicts.iter().filter(|((call, ..), _)| *call == row.call).peekable();
        let is_dead =
            runs.peek().is_some() && runs.all(|(_, end)| end.as_ref().is_ok_and(|end| end == NOT_REACHED));
        if is_dead {
            writeln!(wrong, "{}: ocod does not make it any more", row.call).expect("a string takes all");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
