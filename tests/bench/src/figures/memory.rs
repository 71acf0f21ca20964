//! Memory, heap allocations and the binary.

use std::fs;
use std::process::Command;

use super::{Bench, FILES, MANY_FILES};
use crate::Result;
use crate::files::{Scratch, StatusFiles};
use crate::load::{self, Closing};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit};
use crate::servers::{Programs, Server};

const KIB: f64 = 1024.0;

fn bytes(name: &str, at_most: f64) -> Figure<'_> {
    Figure { name, unit: Unit::Bytes, nature: Nature::Fixed, at_most: Some(at_most) }
}

/// A daemon that has been at work for a while.
pub fn at_work(programs: &Programs, files: &StatusFiles) -> Result<Server> {
    let server = programs.ocod(files)?;
    warm_up(&server)?;
    Ok(server)
}

pub fn warm_up(server: &Server) -> Result<()> {
    for _ in 0..5 {
        load::stopped_queue(server, 64, Closing::AtOnce)?;
    }
    load::closed_loop(server, 200)?;
    meter::settle(server.pid)
}

pub fn memory(bench: &Bench, report: &mut Report) -> Result<()> {
    let (few, many) = (StatusFiles::new(FILES)?, StatusFiles::new(MANY_FILES)?);
    let with_few = meter::memory(at_work(&bench.programs, &few)?.pid)?;
    let with_many = meter::memory(at_work(&bench.programs, &many)?.pid)?;
    let a_file = (with_many.private as f64 - with_few.private as f64) / (MANY_FILES - FILES) as f64;
    let of_files =
        format!("and {} KiB of its files that nobody else maps now", with_few.private_of_files / 1024);
    report.add(&bytes("private memory with 64 files", 512.0 * KIB), &[with_few.private as f64], of_files);
    let shared = "shared libraries and its own files included";
    let resident = resident_in_starts(bench, &few)?;
    report.add(&bytes("resident memory with 64 files", 3072.0 * KIB), &resident, shared);
    let detail = format!("{} KiB private with 10,000 files", with_many.private / 1024);
    report.add(&bytes("memory an extra file", 200.0), &[a_file], detail);
    Ok(())
}

/// Of several starts: the kernel maps files in windows of 16 pages, and how a program lies in them is another each time.
fn resident_in_starts(bench: &Bench, files: &StatusFiles) -> Result<Vec<f64>> {
    const STARTS: usize = 9;
    (0..STARTS).map(|_| Ok(meter::memory(at_work(&bench.programs, files)?.pid)?.resident as f64)).collect()
}

pub fn open_connection(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let server = at_work(&bench.programs, &files)?;
    let clients = bench.held();
    let before = meter::memory(server.pid)?.private as f64;
    let held = load::hold(&server, clients)?;
    let after = meter::memory(server.pid)?.private as f64;
    load::still_held(&server, &held)?;
    let figure = bytes("user memory an open connection", 100.0);
    report.add(&figure, &[(after - before) / clients as f64], format!("{clients} connections open"));
    Ok(())
}

pub fn allocations(bench: &Bench, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    let counter = scratch.path().join("count");
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod_with(&files, |command| {
        command.env("LD_PRELOAD", &bench.programs.count_malloc).env("COUNT_MALLOC", &counter);
    })?;
    let count = || -> Result<u64> {
        meter::settle(server.pid)?;
        let page = fs::read(&counter)?;
        Ok(u64::from_ne_bytes(page.as_slice().try_into()?))
    };
    let rounds = bench.effort.counted;
    let answer = || {
        load::closed_loop(&server, rounds / 2)?;
        (0..rounds / 128).try_for_each(|_| load::stopped_queue(&server, 64, Closing::AtOnce).map(drop))
    };
    let event = || rewrite_each(&files, &server, rounds, |_| 200);
    let change = || rewrite_each(&files, &server, rounds, |round| if round % 2 == 0 { 210 } else { 200 });

    // The steady state: every table has been as large before as it will get now.
    (0..5).try_for_each(|_| load::stopped_queue(&server, bench.effort.queue, Closing::AtOnce).map(drop))?;
    answer()?;
    event()?;
    change()?;
    let at_start = count()?;
    if at_start == 0 {
        return Err(
            "nothing is counted: is ocod linked statically, or has it an allocator of its own?".into()
        );
    }
    let mut measure =
        |name: &str, at_most: Option<f64>, work: &dyn Fn() -> Result<()>, detail: &str| -> Result<()> {
            let before = count()?;
            work()?;
            let each = (count()? - before) as f64 / f64::from(rounds);
            report.add(&Figure { name, unit: Unit::Number, nature: Nature::Fixed, at_most }, &[each], detail);
            Ok(())
        };
    let started = format!("over {rounds} answers, {at_start} up to then");
    measure("heap allocations an answer", Some(0.0), &answer, &started)?;
    measure(
        "heap allocations an event on a known file",
        Some(0.0),
        &event,
        "rewritten and renamed, 200 to 200",
    )?;
    measure("heap allocations a change of the verdict", None, &change, "with its two log lines")
}

/// Give a new result to one file after the other, in both ways, and ask each time.
fn rewrite_each(files: &StatusFiles, server: &Server, rounds: u32, code: fn(u32) -> u16) -> Result<()> {
    for round in 0..rounds {
        let name = format!("check-{}", round / 2 % FILES as u32);
        match round / 4 % 2 {
            0 => files.rewrite(&name, code(round))?,
            _ => files.replace(&name, code(round))?,
        }
        load::ask(server)?;
    }
    Ok(())
}

pub fn binary(bench: &Bench, report: &mut Report) -> Result<()> {
    let scratch = Scratch::new()?;
    let stripped = scratch.path().join("ocod");
    let status = Command::new("strip").arg("-o").arg(&stripped).arg(&bench.programs.ocod).status();
    if !status.map_err(|e| format!("strip: {e}"))?.success() {
        return Err("strip fails".into());
    }
    let size = fs::metadata(stripped)?.len() as f64;
    let name = "size of the stripped release binary";
    let figure = Figure { name, unit: Unit::Megabytes, nature: Nature::Fixed, at_most: Some(1.5e6) };
    report.add(&figure, &[size], format!("{size} bytes"));
    Ok(())
}
