//! How long it takes until the first probe with a journal of a million transitions.

use std::thread::sleep;
use std::time::{Duration, Instant};

use oco::logic::code::Code;
use oco_fleet::journal::{Entry, Writer};
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;

use super::cost::written;
use super::farm::{Farm, Speak};
use super::hosts;
use super::lateness::INTERVAL_MS;
use super::probers::{self, Fleet};
use super::tap::wall;
use crate::Result;
use crate::figures::Bench;
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, thousands};

const HOSTS: usize = 10_000;
const BATCH: usize = 16_384;

pub fn journal(bench: &Bench, report: &mut Report) -> Result<()> {
    let rows = bench.effort.watch.rows;
    let farm = Farm::new(Speak::Line)?;
    let services = vec![("s", written("oco", farm.port))];
    let fleet = Fleet { hosts: HOSTS, services, interval_ms: INTERVAL_MS, defaults: "" };
    let mut scratch = fleet.scratch()?;
    let now = Millis(wall() / 1_000_000);
    let (mut writer, _) = Writer::open(&scratch.path().join("state"), Millis(now.0 - year()), 0)?;
    let names: Vec<ObjectName> =
        hosts(HOSTS).map(|host| ObjectName::target("g", "s", &host.to_string())).collect();
    let (ok, ko) = (Standing::of_code(Code::OK, ""), Standing::of_code(Code::KO, "refused"));
    let mut batch = Vec::with_capacity(BATCH);
    for number in 0..rows {
        // Each time another one; who it is moves on, so that none stands as all others do.
        let (name, round) = (&names[number * 7919 % HOSTS], number / HOSTS);
        let (old, new) = if round % 2 == 0 { (&ok, &ko) } else { (&ko, &ok) };
        let at = Millis(now.0 - year() + year() / rows as i64 * number as i64);
        batch.push(Entry::Transition(Transition {
            name: name.clone(),
            at,
            old: old.clone(),
            old_since: at,
            new: new.clone(),
            probes: None,
            depends_on: None,
        }));
        if batch.len() == BATCH || number + 1 == rows {
            writer.write(&batch)?;
            batch.clear();
        }
    }
    writer.settle()?;
    drop(writer);
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..bench.effort.watch.windows.min(3) {
        let (begin, answered) = (Instant::now(), farm.answered());
        let watcher = probers::ocowatch_at_once(&bench.programs.ocowatch, scratch)?;
        while farm.answered() == answered {
            if begin.elapsed() > Duration::from_secs(20) {
                return Err(format!("no probe\n{}", watcher.log()?).into());
            }
            sleep(Duration::from_micros(500));
        }
        walls.push(begin.elapsed().as_secs_f64() * 1e3);
        cpus.push(meter::cpu(watcher.pid)?.as_secs_f64() * 1e3);
        scratch = watcher.stop()?;
    }
    let name = format!("start with {} transitions", thousands(rows));
    let figure = Figure { name: &name, unit: Unit::Millis, nature: Nature::Time, at_most: Some(1000.0) };
    let detail = format!(
        "from exec to the first answer, {} targets; {:.0} ms of CPU",
        thousands(HOSTS),
        crate::report::median(&cpus)
    );
    report.add(&figure, &walls, detail);
    Ok(())
}

/// In milliseconds.
fn year() -> i64 {
    365 * 86_400_000
}
