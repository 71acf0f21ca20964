//! What a push of one service costs in both processes, with the journal behind it. A queue of clients waits for the
//! stopped board, which is then let go: so the cost is the servers', however slow those are who push.

use std::thread::sleep;
use std::time::Duration;

use super::pair::{self, Pair};
use super::pushers::{self, HOSTS};
use crate::Result;
use crate::figures::{Bench, ratio};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median};
use crate::servers::Server;

/// As OverC has it; the bare handler and nginx send as much.
const ANSWER: &[u8] = b"{\"ok\": 1}";
/// Behind the last push the watcher writes what has changed, and the board reads it: it looks each second.
const JOURNAL: Duration = Duration::from_millis(1300);

pub fn push(bench: &Bench, report: &mut Report) -> Result<()> {
    let effort = &bench.effort.board;
    let pair = Pair::start(bench)?;
    let (bare, nginx) = (pair::bare(ANSWER)?, pair::nginx(ANSWER)?);
    let request = |host: usize, state: &str| pushers::push(host, "backup", state, "done in 12 s");
    let states: Vec<Vec<Vec<u8>>> = ["OK", "FAIL"]
        .iter()
        .map(|state| (0..effort.queue).map(|number| request(number % HOSTS, state)).collect())
        .collect();
    let static_file = vec![b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(); effort.queue];
    // Everybody is known, and has grown what has to grow.
    for _ in 0..2 {
        of_pair(&pair, &states[0])?;
    }
    of_server(&bare, &states[0])?;
    let mut table = Table::default();
    for _ in 0..effort.runs {
        let mut costs = Table::default();
        for _ in 0..effort.rounds {
            costs.changed.extend([of_pair(&pair, &states[1])?.0, of_pair(&pair, &states[0])?.0]);
            let (unchanged, wall) = of_pair(&pair, &states[0])?;
            costs.unchanged.push(unchanged);
            costs.walls.push(wall);
            costs.bare.push(of_server(&bare, &states[0])?);
            if let Some(nginx) = &nginx {
                costs.nginx.push(of_server(nginx, &static_file)?);
            }
        }
        table.add(&costs);
    }
    let of = |name, at_most| Figure { name, unit: Unit::Micros, nature: Nature::Time, at_most };
    let detail = format!("both processes; {} clients in a queue", effort.queue);
    report.add(&of("CPU a push that changes nothing", Some(70.0)), &table.unchanged, &detail);
    let detail = "each a transition of a target: written to the journal, and read by the board";
    report.add(&of("CPU a push that changes its service", Some(70.0)), &table.changed, detail);
    let detail = format!("{:.0} a second and core", 1e6 / median(&table.walls));
    report.add(&of("wall time a push, a queue worked off", Some(100.0)), &table.walls, detail);
    let against = |other: &[f64]| table.unchanged.iter().zip(other).map(|(own, other)| own / other).collect();
    let detail =
        |other: &[f64]| format!("{:.1} us against {:.1} us", median(&table.unchanged), median(other));
    let ratios: Vec<f64> = against(&table.bare);
    report.add(&ratio("CPU a push against a bare hyper handler", None), &ratios, detail(&table.bare));
    let name = "CPU a push against nginx's static file";
    if nginx.is_some() {
        let ratios: Vec<f64> = against(&table.nginx);
        report.add(&ratio(name, None), &ratios, detail(&table.nginx));
    } else {
        report.skip(name, "not installed");
    }
    Ok(())
}

/// Microseconds a push.
#[derive(Default)]
struct Table {
    changed: Vec<f64>,
    unchanged: Vec<f64>,
    walls: Vec<f64>,
    bare: Vec<f64>,
    nginx: Vec<f64>,
}

impl Table {
    /// The typical ones of a run.
    fn add(&mut self, run: &Table) {
        self.changed.push(median(&run.changed));
        self.unchanged.push(median(&run.unchanged));
        self.walls.push(median(&run.walls));
        self.bare.push(median(&run.bare));
        self.nginx.push(median(&run.nginx));
    }
}

/// CPU and wall time of each of these, in microseconds.
fn of_pair(pair: &Pair, requests: &[Vec<u8>]) -> Result<(f64, f64)> {
    let before = pair.cpu_at_rest()?;
    let wall = pushers::queue(&pair.board, requests)?;
    sleep(JOURNAL);
    let cpu = pair.cpu_at_rest()? - before;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / requests.len() as f64;
    Ok((each(cpu), each(wall)))
}

/// CPU time of each of these, in microseconds.
pub fn of_server(server: &Server, requests: &[Vec<u8>]) -> Result<f64> {
    meter::settle(server.pid)?;
    let before = meter::cpu(server.pid)?;
    pushers::queue(server, requests)?;
    meter::settle(server.pid)?;
    Ok((meter::cpu(server.pid)? - before).as_secs_f64() * 1e6 / requests.len() as f64)
}
