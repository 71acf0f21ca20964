//! CPU, wall time and system calls of an answer.

use std::time::Duration;

use super::{Bench, Effort, FILES, MANY_FILES};
use crate::Result;
use crate::calls;
use crate::files::StatusFiles;
use crate::load::{self, Closing, Cost};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median};
use crate::servers::Server;

/// What two servers cost, measured in turn so that the machine's moods are the same for both.
pub struct Pairing {
    /// One ratio, first to second, for each run.
    pub cpu: Vec<f64>,
    pub wall: Vec<f64>,
    first: Cost,
    second: Cost,
}

impl Pairing {
    pub fn measure(effort: &Effort, closing: Closing, first: &Server, second: &Server) -> Result<Pairing> {
        let queue = |server: &Server| effort.queue.min(server.backlog);
        let (mut cpu, mut wall, mut firsts, mut seconds) = (vec![], vec![], vec![], vec![]);
        for server in [first, second] {
            load::full_queue(server, queue(server), closing)?; // grow what has to grow
        }
        for _ in 0..effort.runs {
            let (mut a, mut b) = (vec![], vec![]);
            for _ in 0..effort.rounds {
                a.push(load::full_queue(first, queue(first), closing)?);
                b.push(load::full_queue(second, queue(second), closing)?);
            }
            let (a, b) = (typical(&a), typical(&b));
            cpu.push(a.cpu.as_secs_f64() / b.cpu.as_secs_f64());
            wall.push(a.wall.as_secs_f64() / b.wall.as_secs_f64());
            firsts.push(a);
            seconds.push(b);
        }
        Ok(Pairing { cpu, wall, first: typical(&firsts), second: typical(&seconds) })
    }

    pub fn cpu_detail(&self) -> String {
        format!("{} CPU an answer against {}", micros(self.first.cpu), micros(self.second.cpu))
    }

    pub fn wall_detail(&self) -> String {
        format!("{} an answer against {}", micros(self.first.wall), micros(self.second.wall))
    }
}

/// The median of each part.
fn typical(costs: &[Cost]) -> Cost {
    let of = |part: fn(&Cost) -> Duration| {
        Duration::from_secs_f64(median(&costs.iter().map(|c| part(c).as_secs_f64()).collect::<Vec<_>>()))
    };
    Cost { cpu: of(|c| c.cpu), wall: of(|c| c.wall) }
}

pub fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

pub fn ratio(name: &str, at_most: Option<f64>) -> Figure<'_> {
    Figure { name, unit: Unit::Ratio, nature: Nature::Time, at_most }
}

/// The yardstick against itself: what the meter is worth.
pub fn control(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let (a, b) = (bench.programs.honest(&files)?, bench.programs.honest(&files)?);
    let cpu = Pairing::measure(&bench.effort, Closing::AtOnce, &a, &b)?;
    report.add(&ratio("control: CPU, honest C daemon against itself", None), &cpu.cpu, cpu.cpu_detail());
    let wall = Pairing::measure(&bench.effort, Closing::AtTheEnd, &a, &b)?;
    report.add(&ratio("control: wall time, the same", None), &wall.wall, wall.wall_detail());
    Ok(())
}

pub fn against_honest(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let (ocod, honest) = (bench.programs.ocod(&files)?, bench.programs.honest(&files)?);
    let by_events = bench.programs.honest_by_events(&files)?;
    let at_once = Pairing::measure(&bench.effort, Closing::AtOnce, &ocod, &honest)?;
    report.add(&ratio("CPU against the honest C daemon", Some(0.85)), &at_once.cpu, at_once.cpu_detail());
    let at_the_end = Pairing::measure(&bench.effort, Closing::AtTheEnd, &ocod, &honest)?;
    let wall = ratio("wall time of a full accept queue", Some(0.65));
    report.add(&wall, &at_the_end.wall, at_the_end.wall_detail());
    let late = ratio("CPU, clients that close after the last answer", None);
    report.add(&late, &at_the_end.cpu, at_the_end.cpu_detail());
    let at_once = Pairing::measure(&bench.effort, Closing::AtOnce, &ocod, &by_events)?;
    let cpu = ratio("CPU against a C daemon without batches", Some(0.80));
    report.add(&cpu, &at_once.cpu, at_once.cpu_detail());
    let at_the_end = Pairing::measure(&bench.effort, Closing::AtTheEnd, &ocod, &by_events)?;
    let wall = ratio("wall time of a full accept queue, the same", Some(0.65));
    report.add(&wall, &at_the_end.wall, at_the_end.wall_detail());
    Ok(())
}

pub fn many_files(bench: &Bench, report: &mut Report) -> Result<()> {
    let (few, many) = (StatusFiles::new(FILES)?, StatusFiles::new(MANY_FILES)?);
    let (with_few, with_many) = (bench.programs.ocod(&few)?, bench.programs.ocod(&many)?);
    let pairing = Pairing::measure(&bench.effort, Closing::AtOnce, &with_many, &with_few)?;
    report.add(&ratio("CPU with 10,000 files against 64", Some(1.05)), &pairing.cpu, pairing.cpu_detail());
    Ok(())
}

pub fn system_calls(bench: &Bench, report: &mut Report) -> Result<()> {
    type Work = fn(&Server, u32) -> Result<()>;
    let files = StatusFiles::new(FILES)?;
    let (ocod, honest) = (bench.programs.ocod(&files)?, bench.programs.honest(&files)?);
    let answers = bench.effort.counted;
    let shapes: [(&str, Option<f64>, u32, Work); 3] = [
        ("64 clients", Some(5.2), answers, crowd),
        ("one client", Some(10.3), answers, load::closed_loop),
        ("one client that closes late", None, answers / 10, load::late_closers),
    ];
    for (shape, limit, answers, work) in shapes {
        for (server, whose, at_most) in [(&ocod, "", limit), (&honest, ", honest C daemon", None)] {
            let calls =
                calls::count(server, || work(server, answers).and_then(|()| meter::settle(server.pid)))?;
            let an_answer = calls.values().sum::<u64>() as f64 / f64::from(answers);
            let name = format!("system calls an answer, {shape}{whose}");
            let figure = Figure { name: &name, unit: Unit::Number, nature: Nature::Fixed, at_most };
            report.add(&figure, &[an_answer], calls::profile(&calls, answers));
        }
    }
    Ok(())
}

/// Full accept queues of 64 clients, until so many have been answered.
pub fn crowd(server: &Server, answers: u32) -> Result<()> {
    const CLIENTS: u32 = 64;
    (0..answers / CLIENTS).try_for_each(|_| load::stopped_queue(server, CLIENTS, Closing::AtOnce).map(drop))
}
