//! A client of OverC's that goes wild: 90 posts a second with empty lists.
//!
//! Judged is what it takes from others who want the processor: what a post costs in a queue of them. Where nobody else
//! wants it, each post wakes a processor that sleeps, which costs as much again and is the machine's more than ours: that is
//! told beside a bare handler's.

use std::thread::sleep;
use std::time::Instant;

use super::pair::{self, Pair};
use super::push::of_server;
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
    let many = vec![request.clone(); effort.queue];
    for server in [&pair.board, &bare] {
        of_server(server, &many)?;
    }
    let (mut taken, mut awake, mut of_bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut idle = 0.0;
    let post = |address| pushers::steady(address, RATE, effort.wild, |_| request.clone()).map(drop);
    for _ in 0..effort.runs.min(3) {
        idle = share(&pair.board, || {
            sleep(effort.wild / 2);
            Ok(())
        })?;
        taken.push(of_server(&pair.board, &many)? * f64::from(RATE) / 1e6 * 100.0 + idle);
        awake.push(share(&pair.board, || post(address))?);
        of_bare.push(share(&bare, || post(bare.address))?);
    }
    let of = |name, at_most| Figure { name, unit: Unit::Number, nature: Nature::Time, at_most };
    let name = "per cent of a core, 90 posts of empty lists a second";
    report.add(&of(name, Some(1.0)), &taken, format!("in a queue of {}; {idle:.2} with none", effort.queue));
    let name = "the same where each wakes an idle processor";
    report.add(&of(name, None), &awake, format!("a bare hyper handler's: {:.2}", median(&of_bare)));
    let ratios: Vec<f64> = awake.iter().zip(&of_bare).map(|(own, bare)| own / bare).collect();
    let detail = format!("{:.2} against {:.2} per cent", median(&awake), median(&of_bare));
    report.add(&ratio("the same against a bare hyper handler", Some(1.5)), &ratios, detail);
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
