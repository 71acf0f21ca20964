//! A client of OverC's that goes wild: 90 posts a second with empty lists.

use std::thread::sleep;
use std::time::Instant;

use super::pair::{self, Pair};
use super::pushers;
use crate::Result;
use crate::figures::{Bench, ratio};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median};
use crate::servers::Server;

const RATE: u32 = 90;

pub fn wild(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let pair = Pair::start(bench)?;
    let (address, request) = (pair.board.address, pushers::push_all(0, ""));
    pushers::ask(address, &request)?;
    let bare = pair::bare(b"{\"ok\": 1}")?;
    let (mut shares, mut of_bare) = (Vec::new(), Vec::new());
    let mut idle = 0.0;
    let post = |address| pushers::steady(address, RATE, effort.wild, |_| request.clone()).map(drop);
    for _ in 0..effort.runs.min(3) {
        idle = share(&pair.board, || {
            sleep(effort.wild / 2);
            Ok(())
        })?;
        shares.push(share(&pair.board, || post(address))?);
        of_bare.push(share(&bare, || post(bare.address))?);
    }
    let name = "per cent of a core, 90 posts of empty lists a second";
    let figure = Figure { name, unit: Unit::Number, nature: Nature::Time, at_most: Some(1.0) };
    report.add(&figure, &shares, format!("the board's; {idle:.2} while nobody asks"));
    let ratios: Vec<f64> = shares.iter().zip(&of_bare).map(|(own, bare)| own / bare).collect();
    let detail = format!("{:.2} against {:.2} per cent", median(&shares), median(&of_bare));
    report.add(&ratio("the same against a bare hyper handler", None), &ratios, detail);
    Ok(())
}

/// Per cent of a core that a server takes for something.
fn share(server: &Server, what: impl FnOnce() -> Result<()>) -> Result<f64> {
    meter::settle(server.pid)?;
    let (before, begin) = (meter::cpu(server.pid)?, Instant::now());
    what()?;
    let cpu = meter::cpu(server.pid)? - before;
    Ok(cpu.as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0)
}
