//! When it answers and when it sleeps.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cost::ratio;
use super::{Bench, FILES, MANY_FILES};
use crate::Result;
use crate::files::StatusFiles;
use crate::load;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median, quantile};
use crate::servers::Server;

pub fn idle(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod(&files)?;
    load::closed_loop(&server, 100)?;
    meter::settle(server.pid)?;
    let before = meter::context_switches(server.pid)?;
    sleep(bench.effort.idle);
    let switches = meter::context_switches(server.pid)? - before;
    let name = format!("context switches in {} idle seconds", bench.effort.idle.as_secs());
    let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most: Some(0.0) };
    report.add(&figure, &[switches as f64], "");
    Ok(())
}

pub fn start(bench: &Bench, report: &mut Report) -> Result<()> {
    for (name, count, at_most) in [
        ("from exec to the first answer, 64 files", FILES, 10.0),
        ("from exec to the first answer, 10,000 files", MANY_FILES, 150.0),
    ] {
        let files = StatusFiles::new(count)?;
        let starts: Result<Vec<f64>> = (0..bench.effort.starts)
            .map(|_| Ok(bench.programs.ocod(&files)?.started_in.as_secs_f64() * 1e3))
            .collect();
        let figure = Figure { name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(at_most) };
        report.add(&figure, &starts?, "");
    }
    Ok(())
}

/// The clients' kernel acknowledges ten thousand lines by timers of 40 ms each: that is not the daemon's doing.
pub const DELAYED_ACKS: Duration = Duration::from_millis(100);

/// Windows without and with idle clients in turn, each with a client that asks again and again.
pub fn latency(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let server = bench.programs.ocod(&files)?;
    let clients = bench.held();
    let (mut ratios, mut alone, mut crowded) = (vec![], vec![], vec![]);
    for _ in 0..bench.effort.latency_windows {
        alone.push(slowest(&server)?);
        let held = load::hold(&server, clients)?;
        sleep(DELAYED_ACKS);
        crowded.push(slowest(&server)?);
        load::still_held(&server, &held)?;
        drop(held);
        meter::settle(server.pid)?;
        ratios.extend(crowded.last().zip(alone.last()).map(|(crowded, alone)| crowded / alone));
    }
    let name = format!("p99.9 with {clients} idle connections against none");
    let detail = format!("{:.0} us against {:.0} us", median(&crowded), median(&alone));
    report.add(&ratio(&name, Some(1.3)), &ratios, detail);
    Ok(())
}

/// p99.9 of one client, from connect to the end of the answer, in microseconds. Short: idle clients live two seconds.
fn slowest(server: &Server) -> Result<f64> {
    const WINDOW: Duration = Duration::from_millis(800);
    Ok(quantile(&times(server, WINDOW)?, 0.999))
}

/// How long each answer took one client that asks again and again, in microseconds.
pub fn times(server: &Server, window: Duration) -> Result<Vec<f64>> {
    let start = Instant::now();
    let mut times = Vec::with_capacity(20_000);
    while start.elapsed() < window {
        let before = Instant::now();
        load::ask(server)?;
        times.push(before.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}
