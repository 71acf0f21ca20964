//! Nothing of the contract is traded for speed: no late answer, no torn read.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Bench, FILES};
use crate::Result;
use crate::files::StatusFiles;
use crate::load::{self, beside};
use crate::report::{Figure, Nature, Report, Unit};
use crate::servers::Server;

pub fn coherence(bench: &Bench, report: &mut Report) -> Result<()> {
    late(bench, report)?;
    torn(bench, report)
}

fn none(name: &str) -> Figure<'_> {
    Figure { name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.0) }
}

/// Write, then ask: the answer must know. Another client asks all the time, so that batches and events overlap.
fn late(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod(&files)?;
    let rounds = bench.effort.late_rounds;
    let late = beside(
        |done| {
            while !done() {
                load::ask(&server)?;
            }
            Ok(())
        },
        || {
            let mut late = 0;
            for round in 0..rounds {
                let name = format!("check-{}", round / 2 % FILES);
                let (code, expected) = if round % 2 == 0 { (300, "350 KO") } else { (200, "200 OK") };
                match round / 2 % 2 {
                    0 => files.rewrite(&name, code)?,
                    _ => files.replace(&name, code)?,
                }
                late += u32::from(!load::ask(&server)?.starts_with(expected.as_bytes()));
            }
            Ok(late)
        },
    )?;
    report.add(&none(&format!("late answers in {rounds} write-then-ask rounds")), &[late.into()], "");
    Ok(())
}

/// A file that is always 200 is truncated and rewritten a thousand times a second: no answer may see it empty.
fn torn(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod(&files)?;
    let (mut rewrites, time) = (0_u32, bench.effort.rewriting);
    let start = Instant::now();
    let (wrong, answers) = beside(
        |done| {
            while !done() {
                rewrite(&files, rewrites)?;
                rewrites += 1;
                sleep(
                    (start + Duration::from_millis(rewrites.into()))
                        .saturating_duration_since(Instant::now()),
                );
            }
            Ok(())
        },
        || count_wrong(&server, start + time),
    )?;
    let rate = f64::from(rewrites) / start.elapsed().as_secs_f64();
    let detail = format!("{answers} answers, {rate:.0} rewrites a second");
    report.add(&none("wrong answers under truncating rewrites"), &[wrong.into()], detail);
    Ok(())
}

/// Every other time the file stays empty for a while.
fn rewrite(files: &StatusFiles, number: u32) -> Result<()> {
    let pause = Duration::from_micros(if number.is_multiple_of(2) { 0 } else { 300 });
    Ok(files.rewrite_slowly("check-0", 200, || sleep(pause))?)
}

fn count_wrong(server: &Server, until: Instant) -> Result<(u32, u32)> {
    let (mut wrong, mut answers) = (0, 0);
    while Instant::now() < until {
        wrong += u32::from(!load::ask(server)?.starts_with(b"200 OK"));
        answers += 1;
    }
    Ok((wrong, answers))
}
