//! Whatever goes on around it, it answers in time.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::cost::ratio;
use super::work::hear_all;
use super::{Bench, FILES, MANY_FILES};
use crate::Result;
use crate::files::{Scratch, StatusFiles};
use crate::load::{self, beside};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median, quantile};
use crate::servers::Server;

/// Pollers give up after one second or more, and a person does not notice this.
const AT_MOST_MS: f64 = 50.0;
/// Changes a second: far more than any host's checks bring about.
const CHANGES: u32 = 1000;
/// More than ocod reads.
const TOO_MANY_FILES: usize = 100_500;

/// How long each answer took in windows with and without a disturbance, in milliseconds.
#[derive(Default)]
pub struct Windows {
    pub with: Vec<Vec<f64>>,
    pub without: Vec<Vec<f64>>,
}

/// Judge the 99th percentile, and print it beside the same without.
pub fn judge(report: &mut Report, when: &str, windows: &Windows) {
    let of = |windows: &[Vec<f64>], share| -> Vec<f64> {
        windows.iter().map(|window| quantile(window, share)).collect()
    };
    let (with, without) = (of(&windows.with, 0.99), of(&windows.without, 0.99));
    let name = format!("p99 of an answer {when}");
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(AT_MOST_MS) };
    let answers: usize = windows.with.iter().map(Vec::len).sum();
    let slowest = quantile(&of(&windows.with, 1.0), 1.0);
    report.add(&figure, &with, format!("{answers} answers, the slowest {slowest:.1} ms"));
    let ratios: Vec<f64> = with.iter().zip(&without).map(|(with, without)| with / without).collect();
    let detail = format!("{:.2} ms against {:.2} ms", median(&with), median(&without));
    report.add(&ratio("the same, against that without", None), &ratios, detail);
}

pub fn stall(bench: &Bench, report: &mut Report) -> Result<()> {
    type Scene = fn(&Bench) -> Result<Windows>;
    let scenes: [(&str, Scene); 4] = [
        ("while nobody reads the log", unread_log),
        ("while systemd's socket is full", full_socket),
        ("with 100,500 files", too_many_files),
        ("with 30 listeners, 10,000 files, rewrites", many_listeners),
    ];
    for (when, scene) in scenes {
        match scene(bench) {
            Ok(windows) => judge(report, when, &windows),
            Err(error) => report.fail(when, &error.to_string()),
        }
    }
    Ok(())
}

/// Ratings change all the time, and standard error is a pipe that is full.
fn unread_log(bench: &Bench) -> Result<Windows> {
    const PAGE: i32 = 4096;
    let files = StatusFiles::new(FILES)?;
    let (_unread, writer) = io::pipe()?;
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(PAGE))?;
    let disturbed = bench.programs.ocod_that_logs_to(&files, writer.try_clone()?.into())?;
    let windows = beside_undisturbed(bench, &disturbed, &files)?;
    let mut polled = [PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut polled, PollTimeout::ZERO)? > 0 {
        return Err("the pipe is not full".into());
    }
    Ok(windows)
}

/// Ratings change all the time, and nobody reads what systemd is told of them.
fn full_socket(bench: &Bench) -> Result<Windows> {
    let (files, scratch) = (StatusFiles::new(FILES)?, Scratch::new()?);
    let path = scratch.path().join("notify");
    let _unread = UnixDatagram::bind(&path)?;
    fill(&path)?;
    let disturbed = bench.programs.ocod_with(&files, |command| {
        command.env("NOTIFY_SOCKET", &path);
    })?;
    let windows = beside_undisturbed(bench, &disturbed, &files)?;
    if fill(&path)? > 0 {
        return Err("the socket is not full".into());
    }
    Ok(windows)
}

/// Ratings change all the time, for a server that something disturbs and for another one of the same files.
fn beside_undisturbed(bench: &Bench, disturbed: &Server, files: &StatusFiles) -> Result<Windows> {
    let server = bench.programs.ocod(files)?;
    let windows = in_turn(
        bench,
        || under_changes(bench, &server, files, FILES),
        || under_changes(bench, disturbed, files, FILES),
    )?;
    expect_coherence(disturbed, files)?;
    Ok(windows)
}

/// Write to a socket until it takes no more. Gives how often it did.
fn fill(path: &Path) -> Result<usize> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_nonblocking(true)?;
    let mut taken = 0;
    loop {
        match socket.send(b"STATUS=x") {
            Ok(_) => taken += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(taken),
            Err(error) => return Err(error.into()),
        }
    }
}

/// More files than are read, which has to be found out again and again.
fn too_many_files(bench: &Bench) -> Result<Windows> {
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod(&files)?;
    let window = |is_right: &dyn Fn(&[u8]) -> bool| -> Result<Vec<Vec<f64>>> {
        (0..bench.effort.stall_windows)
            .map(|_| ask_for(&server, is_right, bench.effort.stall_window))
            .collect()
    };
    let without = window(&|answer| answer.starts_with(b"200 OK "))?;
    files.add(FILES..TOO_MANY_FILES)?;
    let is_unknown = |answer: &[u8]| answer.starts_with(b"350 KO ") && answer.ends_with(b" 300-oco\r\n");
    if !is_unknown(&load::ask(&server)?) {
        return Err("too many files are not too many".into());
    }
    let with = window(&is_unknown)?;
    Ok(Windows { with, without })
}

/// The lines of many listeners are to be made anew all the time.
fn many_listeners(bench: &Bench) -> Result<Windows> {
    let (files, elsewhere) = (StatusFiles::new(MANY_FILES)?, StatusFiles::new(MANY_FILES)?);
    let server = bench.programs.ocod_limited(&files, &hear_all())?;
    let windows = in_turn(
        bench,
        || under_changes(bench, &server, &elsewhere, MANY_FILES),
        || under_changes(bench, &server, &files, MANY_FILES),
    )?;
    expect_coherence(&server, &files)?;
    Ok(windows)
}

fn in_turn(
    bench: &Bench,
    mut without: impl FnMut() -> Result<Vec<f64>>,
    mut with: impl FnMut() -> Result<Vec<f64>>,
) -> Result<Windows> {
    let mut windows = Windows::default();
    for _ in 0..bench.effort.stall_windows {
        windows.without.push(without()?);
        windows.with.push(with()?);
    }
    Ok(windows)
}

fn ask_for(server: &Server, is_right: &dyn Fn(&[u8]) -> bool, time: Duration) -> Result<Vec<f64>> {
    let end = Instant::now() + time;
    load::paced(server, is_right, || Instant::now() >= end)
}

/// How long answers take while one check after the other changes to OK, but and back.
fn under_changes(bench: &Bench, server: &Server, files: &StatusFiles, checks: usize) -> Result<Vec<f64>> {
    let is_right = |answer: &[u8]| answer.starts_with(b"200 OK ") || answer.starts_with(b"250 OK, but ");
    let times = beside(
        |done| change_on_and_on(files, checks, done),
        || ask_for(server, &is_right, bench.effort.stall_window),
    )?;
    meter::settle(server.pid)?;
    Ok(times)
}

/// Whether what is written now is known to the next answer.
fn expect_coherence(server: &Server, files: &StatusFiles) -> Result<()> {
    for (code, expected) in [(210, "250 OK, but "), (200, "200 OK ")] {
        files.rewrite("check-0", code)?;
        let answer = load::ask(server)?;
        if !answer.starts_with(expected.as_bytes()) {
            return Err(format!("not {expected}: {:?}", String::from_utf8_lossy(&answer)).into());
        }
    }
    Ok(())
}

/// Until `done`, after which all are OK.
fn change_on_and_on(files: &StatusFiles, checks: usize, done: &dyn Fn() -> bool) -> Result<()> {
    // As long as plugins talk: the log's buffer is full in a moment.
    let text = "x".repeat(1000);
    let (start, mut number) = (Instant::now(), 0);
    while !done() {
        let check = format!("check-{}", number as usize / 2 % checks);
        files.say(&check, if number % 2 == 0 { 210 } else { 200 }, &text)?;
        number += 1;
        sleep((start + Duration::from_secs(1) / CHANGES * number).saturating_duration_since(Instant::now()));
    }
    Ok(files.rewrite(&format!("check-{}", number.saturating_sub(1) as usize / 2 % checks), 200)?)
}
