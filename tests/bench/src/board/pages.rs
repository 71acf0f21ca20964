//! Pages: how long one takes, and how large it is. Beside it a bare hyper handler and nginx send the same octets.

use std::time::Instant;

use super::journal::Past;
use super::memory::fill;
use super::pair::{self, Pair};
use super::pushers;
use crate::Result;
use crate::figures::{Bench, ratio};
use crate::files::Scratch;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median, quantile, thousands};
use crate::servers::Server;
use crate::watch::wall;

/// In milliseconds.
const YEAR: i64 = 365 * 86_400_000;

pub fn first_page(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let pair = Pair::start(bench)?;
    let failing = (effort.hosts * effort.services) / 200;
    let count = fill(&pair, effort.hosts, effort.services, failing)?;
    let fleet = format!("{} targets, {failing} of them failing", thousands(count));
    wait_for(&pair.board, "/", &format!("{failing} "))?;
    let name = format!("p99 of the first page, {fleet}");
    let pages = Pages::of(bench, &pair.board, "/", effort.pages)?;
    pages.report(report, &name, 0.99, 20.0)?;
    let name = format!("size of the first page, {fleet}");
    let figure = Figure { name: &name, unit: Unit::Bytes, nature: Nature::Fixed, at_most: Some(204_800.0) };
    report.add(&figure, &[pages.plain as f64], format!("{} octets compressed", thousands(pages.sent.len())));
    Ok(())
}

pub fn grid(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let now = wall() / 1_000_000;
    let past = Past { services: 1, hosts: effort.grid_hosts, each: effort.yearly, time: now - YEAR..now };
    let scratch = Scratch::new()?;
    past.write(scratch.path())?;
    let board = pair::board_alone(bench, &scratch.path().join(oco_fleet::journal::FILE))?;
    let path = format!("/g/{}/{}?span=1y", Past::GROUP, Past::service(0));
    wait_for(&board, &path, "127.")?;
    let name = format!("hosts by time, {} hosts over a year", thousands(effort.grid_hosts));
    // Each takes as long as many of the others.
    Pages::of(bench, &board, &path, effort.pages.div_ceil(10))?.report(report, &name, 0.5, 100.0)?;
    Ok(())
}

/// Waits until a page shows this.
fn wait_for(board: &Server, path: &str, text: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        // It is not found before the journal was read.
        let page = pushers::ask(board.address, &get(path, ""));
        if page.as_ref().is_ok_and(|page| String::from_utf8_lossy(page).contains(text)) {
            return Ok(());
        }
        if begin.elapsed().as_secs() > 20 {
            page?;
            return Err(format!("{path} does not show {text:?}").into());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Connection: close\r\n\r\n").into_bytes()
}

/// A page that was asked for again and again, as browsers do: compressed, and each time anew.
struct Pages {
    /// Milliseconds of each, in each run.
    times: Vec<Vec<f64>>,
    /// Milliseconds of CPU a page: of the board, of the bare handler, and of nginx.
    own: Vec<f64>,
    bare: Vec<f64>,
    /// Milliseconds of each page of the bare handler, which tell how quiet the machine was.
    bare_times: Vec<f64>,
    nginx: Vec<f64>,
    /// The body as it was sent, and its octets when it is not compressed.
    sent: Vec<u8>,
    plain: usize,
}

impl Pages {
    fn of(bench: &Bench, board: &Server, path: &str, count: usize) -> Result<Pages> {
        let effort = &bench.effort.board;
        let request = get(path, "Accept-Encoding: gzip, deflate, br\r\n");
        let sent = body(pushers::ask(board.address, &request)?);
        let plain = body(pushers::ask(board.address, &get(path, ""))?).len();
        let (bare, nginx) = (pair::bare(&sent)?, pair::nginx(&sent)?);
        let (mut times, mut own, mut of_bare, mut of_nginx) = (vec![], vec![], vec![], vec![]);
        let mut bare_times = vec![];
        for _ in 0..effort.runs {
            let (cpu, each) = ask(board, &request, count)?;
            times.push(each);
            own.push(cpu);
            let (cpu, each) = ask(&bare, &request, count)?;
            bare_times.extend(each);
            of_bare.push(cpu);
            if let Some(nginx) = &nginx {
                of_nginx.push(ask(nginx, &get("/", ""), count)?.0);
            }
        }
        Ok(Pages { times, own, bare: of_bare, bare_times, nginx: of_nginx, sent, plain })
    }

    fn report(&self, report: &mut Report, name: &str, share: f64, at_most: f64) -> Result<()> {
        let of_runs: Vec<f64> = self.times.iter().map(|times| quantile(times, share)).collect();
        let all: Vec<f64> = self.times.concat();
        let figure = Figure { name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(at_most) };
        let detail = format!(
            "p50 {:.1} ms, p99 {:.1} ms, CPU {:.1} ms (p99 of the bare handler {:.1} ms); {} octets, {} compressed",
            median(&all),
            quantile(&all, 0.99),
            median(&self.own),
            quantile(&self.bare_times, 0.99),
            thousands(self.plain),
            thousands(self.sent.len())
        );
        report.add(&figure, &of_runs, detail);
        for (whose, others) in [("a bare hyper handler", &self.bare), ("nginx's static file", &self.nginx)] {
            let name = format!("the same, CPU against {whose}");
            if others.is_empty() {
                report.skip(&name, "not installed");
                continue;
            }
            let ratios: Vec<f64> = self.own.iter().zip(others).map(|(own, other)| own / other).collect();
            let detail = format!("{:.2} ms against {:.2} ms", median(&self.own), median(others));
            report.add(&ratio(&name, None), &ratios, detail);
        }
        Ok(())
    }
}

/// One after the other: milliseconds of CPU a page, and how long each took.
fn ask(server: &Server, request: &[u8], count: usize) -> Result<(f64, Vec<f64>)> {
    let before = meter::cpu(server.pid)?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begin = Instant::now();
        pushers::ask(server.address, request)?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let cpu = meter::cpu(server.pid)? - before;
    Ok((cpu.as_secs_f64() * 1e3 / count as f64, times))
}

/// What stands behind the head.
fn body(mut answer: Vec<u8>) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |place| place + 4);
    answer.split_off(end)
}
