//! What a change of the status files costs, and many at once.

use std::thread::sleep;
use std::time::Duration;

use super::cost::{micros, ratio};
use super::stall::{self, Windows};
use super::{Bench, FILES, MANY_FILES};
use crate::Result;
use crate::files::StatusFiles;
use crate::load::{self, beside};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median, quantile};
use crate::servers::{Programs, Server};

/// Listeners that are limited to some checks, besides the one that answers for all.
pub const LIMITED: usize = 30;

/// The limits of so many listeners, all of which hear of each check.
pub fn hear_all() -> Vec<String> {
    vec!["check-*".to_owned(); LIMITED]
}

/// Those of listeners each of which hears of one check, and of none that is changed here.
fn hear_others() -> Vec<String> {
    (0..LIMITED).map(|number| format!("check-{}", FILES + number)).collect()
}

/// The cost of a change must be that of what it touches. With many files it is the same as with few. The lines of
/// listeners that do not hear of the check are left alone: to find that out takes a comparison each. Thirty lines that
/// have to be made anew, each with a line in the log about it, may take as long as two changes. Where each change rated
/// every check for every listener, it was forty.
pub fn changes(bench: &Bench, report: &mut Report) -> Result<()> {
    let (few, many) = (StatusFiles::new(FILES)?, StatusFiles::new(MANY_FILES)?);
    let base = bench.programs.ocod_limited(&few, &[])?;
    for (name, at_most, server) in [
        ("CPU a change with 10,000 files", 1.25, bench.programs.ocod_limited(&many, &[])?),
        ("the same, 30 listeners of other checks", 1.5, bench.programs.ocod_limited(&many, &hear_others())?),
        ("the same, 30 listeners that hear of it", 3.0, bench.programs.ocod_limited(&many, &hear_all())?),
    ] {
        let (mut ratios, mut costs, mut bases) = (vec![], vec![], vec![]);
        for _ in 0..bench.effort.runs {
            costs.push(cpu_of_a_change(&server, &many, bench.effort.changes)?);
            bases.push(cpu_of_a_change(&base, &few, bench.effort.changes)?);
            ratios.extend(costs.last().zip(bases.last()).map(|(cost, base)| cost / base));
        }
        let time = |costs: &[f64]| micros(Duration::from_secs_f64(median(costs)));
        let detail = format!("{} against {} with 64 files and one listener", time(&costs), time(&bases));
        report.add(&ratio(name, Some(at_most)), &ratios, detail);
    }
    Ok(())
}

/// CPU from a write that changes the verdict to the answer that knows of it, in seconds.
pub fn cpu_of_a_change(server: &Server, files: &StatusFiles, changes: u32) -> Result<f64> {
    meter::settle(server.pid)?;
    let before = meter::cpu(server.pid)?;
    for number in 0..changes {
        let (code, expected) = if number % 2 == 0 { (210, "250 OK, but ") } else { (200, "200 OK ") };
        files.rewrite(&format!("check-{}", number / 2 % FILES as u32), code)?;
        let answer = load::ask(server)?;
        if !answer.starts_with(expected.as_bytes()) {
            return Err(format!("not {expected}: {:?}", String::from_utf8_lossy(&answer)).into());
        }
    }
    meter::settle(server.pid)?;
    Ok((meter::cpu(server.pid)? - before).as_secs_f64() / f64::from(changes))
}

/// A server with many files more than it will have in a moment.
pub struct Crowded {
    server: Server,
    files: StatusFiles,
    count: usize,
}

impl Crowded {
    pub fn start(programs: &Programs, count: usize) -> Result<Crowded> {
        let files = StatusFiles::new(FILES + count)?;
        let server = programs.ocod(&files)?;
        // Until the last of them is gone it is heard of.
        files.rewrite(&format!("check-{}", FILES + count - 1), 300)?;
        if !load::ask(&server)?.starts_with(b"350 KO ") {
            return Err("a file is not known".into());
        }
        meter::settle(server.pid)?;
        Ok(Crowded { server, files, count })
    }

    /// CPU a removed file of the server and of who removes it, in seconds. Nobody asks meanwhile.
    pub fn cpu_of_removals(&self) -> Result<(f64, f64)> {
        let (before, own_before) = (meter::cpu(self.server.pid)?, meter::own_cpu()?);
        remove(&self.files, self.count)?;
        let own = meter::own_cpu()? - own_before;
        self.expect_few()?;
        meter::settle(self.server.pid)?;
        let a_file = |time: Duration| time.as_secs_f64() / self.count as f64;
        Ok((a_file(meter::cpu(self.server.pid)? - before), a_file(own)))
    }

    /// How long answers take while the files are removed and for a moment after, in milliseconds.
    pub fn answers(&self) -> Result<Vec<f64>> {
        let answers = answers_beside_removals(&self.server, &self.files, self.count)?;
        self.expect_few()?;
        Ok(answers)
    }

    fn expect_few(&self) -> Result<()> {
        if !load::ask(&self.server)?.starts_with(b"200 OK ") {
            return Err("the last file is gone, and it is not known".into());
        }
        Ok(())
    }
}

fn remove(files: &StatusFiles, count: usize) -> Result<()> {
    Ok((FILES..FILES + count).try_for_each(|number| files.remove(&format!("check-{number}")))?)
}

fn answers_beside_removals(server: &Server, files: &StatusFiles, count: usize) -> Result<Vec<f64>> {
    const AFTERWARDS: Duration = Duration::from_millis(100);
    let is_right = |answer: &[u8]| answer.starts_with(b"200 OK ") || answer.starts_with(b"350 KO ");
    let mut answers = vec![];
    beside(
        |done| {
            answers = load::paced(server, is_right, done)?;
            Ok(())
        },
        || {
            remove(files, count)?;
            sleep(AFTERWARDS);
            Ok(())
        },
    )?;
    Ok(answers)
}

/// To take in that a file is gone is an event to read, a place to free and a line to log: no more than what it costs to
/// remove it and half as much again, and the same for each however many there are. In between others are answered.
pub fn removals(bench: &Bench, report: &mut Report) -> Result<()> {
    const FEWER: usize = 10;
    let count = bench.effort.removed;
    let start = |count| Crowded::start(&bench.programs, count);
    let (mut each, mut cpu, mut growth) = (vec![], vec![], vec![]);
    let (mut windows, mut slowest, mut ratios) = (Windows::default(), vec![], vec![]);
    for _ in 0..bench.effort.removals {
        let (a_file_of_fewer, _) = start(count / FEWER)?.cpu_of_removals()?;
        let (a_file, removers) = start(count)?.cpu_of_removals()?;
        each.push(a_file);
        cpu.push(a_file / removers);
        growth.push(a_file / a_file_of_fewer);
        let crowded = start(count)?;
        let with = crowded.answers()?;
        let without = answers_beside_removals(&crowded.server, &StatusFiles::new(FILES + count)?, count)?;
        slowest.push(quantile(&with, 1.0));
        ratios.push(quantile(&with, 1.0) / quantile(&without, 1.0));
        windows.with.push(with);
        windows.without.push(without);
    }
    let name = format!("{count} removals: CPU a file, against the remover's");
    let detail = format!("{} a file", micros(Duration::from_secs_f64(median(&each))));
    report.add(&ratio(&name, Some(1.5)), &cpu, detail);
    let name = format!("{count} removals: CPU a file, against {}", count / FEWER);
    report.add(&ratio(&name, Some(1.5)), &growth, "in proportion is 1");
    let name = format!("{count} removals: the slowest answer");
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(100.0) };
    report.add(&figure, &slowest, format!("{:.1} times that beside removals elsewhere", median(&ratios)));
    stall::judge(report, &format!("while {count} files are removed"), &windows);
    Ok(())
}
