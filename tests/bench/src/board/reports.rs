//! Reports: of a month in which much happened, and as PDF of many members over a year.

use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use super::journal::Past;
use super::pair::board_config;
use crate::Result;
use crate::figures::Bench;
use crate::files::Scratch;
use crate::report::{Figure, Nature, Report, Unit, median, thousands};
use crate::servers::on_the_servers_cpu;

/// 2025 and its October, in UTC.
const YEAR: Range<i64> = 1_735_689_600_000..1_767_225_600_000;
const MONTH: Range<i64> = 1_759_276_800_000..1_761_955_200_000;
/// Members of the PDF: a service and its hosts.
const MEMBERS: usize = 200;
/// Once up and down each day.
const YEARLY: usize = 730;
/// Transitions of each target within the month: three failures a day.
const MONTHLY: usize = 180;
/// Hosts of a service then.
const HOSTS: usize = 1000;

pub fn pdf(bench: &Bench, report: &mut Report) -> Result<()> {
    let past = Past { services: 1, hosts: MEMBERS - 1, each: YEARLY, time: YEAR };
    let fleet = Written::new(bench, &past)?;
    let name = format!("a PDF of {MEMBERS} members over a year");
    let service = format!("{}/{}", Past::GROUP, Past::service(0));
    fleet.measure(report, &name, &service, &["--period", "2025", "--format", "pdf"], Some(2000.0))
}

pub fn month(bench: &Bench, report: &mut Report) -> Result<()> {
    let objects = bench.effort.board.monthly / MONTHLY;
    let services = (objects / (HOSTS + 1)).max(1);
    let hosts = (objects / services).saturating_sub(1).max(1);
    let past = Past { services, hosts, each: MONTHLY, time: MONTH };
    let begin = Instant::now();
    let fleet = Written::new(bench, &past)?;
    eprintln!(
        "{} transitions were written in {:.0} s",
        thousands(past.rows()),
        begin.elapsed().as_secs_f64()
    );
    let journal = format!("with {} transitions in the journal", thousands(past.rows()));
    let service = format!("{}/{}", Past::GROUP, Past::service(services / 2));
    let name = format!("a month's report of {} members, {journal}", thousands(hosts + 1));
    fleet.measure(report, &name, &service, &["--period", "2025-10", "--format", "html"], Some(1000.0))?;
    if bench.effort.is_full() {
        let name = format!("the same of as many members as a report lists, {journal}");
        fleet.measure(report, &name, "g/*", &["--period", "2025-10", "--format", "html"], None)?;
    }
    Ok(())
}

/// A past in a journal, and the settings of a board that reads it.
struct Written<'a> {
    bench: &'a Bench,
    scratch: Scratch,
    config: std::path::PathBuf,
}

impl Written<'_> {
    fn new<'a>(bench: &'a Bench, past: &Past) -> Result<Written<'a>> {
        let scratch = Scratch::new()?;
        past.write(scratch.path())?;
        let path = |name: &str| scratch.path().join(name);
        let journal = path(oco_fleet::journal::FILE);
        let config = board_config(&scratch, "127.0.0.1:0", &path("control"), &journal)?;
        Ok(Written { bench, scratch, config })
    }

    /// Writes the report some times.
    fn measure(
        &self,
        report: &mut Report,
        name: &str,
        of: &str,
        options: &[&str],
        at_most: Option<f64>,
    ) -> Result<()> {
        let (mut walls, mut cpus) = (Vec::new(), Vec::new());
        let output = self.scratch.path().join("report");
        for _ in 0..self.bench.effort.board.reports {
            let mut command = Command::new(&self.bench.programs.ocoboard);
            command.arg("-c").arg(&self.config).args(["report", of]).args(options).arg("-o").arg(&output);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            on_the_servers_cpu(&mut command)?;
            let (before, begin) = (of_children()?, Instant::now());
            let ended = command.output()?;
            walls.push(begin.elapsed().as_secs_f64() * 1e3);
            cpus.push((of_children()? - before).as_secs_f64() * 1e3);
            if !ended.status.success() {
                return Err(format!("report {of}: {}", String::from_utf8_lossy(&ended.stderr)).into());
            }
        }
        let figure = Figure { name, unit: Unit::Millis, nature: Nature::Time, at_most };
        let octets = std::fs::metadata(&output)?.len() as usize;
        let detail = format!("CPU {:.0} ms; {} octets", median(&cpus), thousands(octets));
        report.add(&figure, &walls, detail);
        Ok(())
    }
}

/// CPU time of all that ended.
fn of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
    };
    Ok(micros(usage.user_time()) + micros(usage.system_time()))
}
