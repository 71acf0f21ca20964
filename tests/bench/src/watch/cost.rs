//! CPU and system calls of a probe. The contenders run at the same time on the same processor, each against a farm of
//! its own; only what they cost in the same window is compared.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::farm::{Farm, Speak};
use super::probers::{self, Fleet, Prober};
use super::tap::{Tap, boot};
use crate::Result;
use crate::calls;
use crate::figures::{Bench, ratio};
use crate::meter;
use crate::report::{Figure, Nature, Report, Unit, median};

struct Kind {
    name: &'static str,
    speak: Speak,
    /// As HAProxy has it.
    check: &'static str,
    at_most: f64,
    calls: f64,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "tcp",
        speak: Speak::Nothing,
        check: "option tcp-check\n    tcp-check connect",
        at_most: 0.85,
        calls: 5.0,
    },
    Kind {
        name: "oco",
        speak: Speak::Line,
        check: "option tcp-check\n    tcp-check connect\n    tcp-check expect rstring ^2",
        at_most: 0.85,
        calls: 5.0,
    },
    Kind {
        name: "http",
        speak: Speak::Page,
        check: "option httpchk GET /\n    http-check expect status 200",
        at_most: 1.0,
        calls: 8.0,
    },
    Kind {
        name: "banner",
        speak: Speak::Greeting,
        check: "option tcp-check\n    tcp-check connect\n    tcp-check expect rstring ^SSH-2",
        at_most: 1.0,
        calls: 5.0,
    },
];

/// The probe of a kind, as the file of ocowatch has it.
pub fn written(kind: &str, port: u16) -> String {
    match kind {
        "http" => format!("{{ http = \"/\", port = {port}, status = \"200\" }}"),
        "banner" => format!("{{ banner = \"^SSH-2\", port = {port} }}"),
        kind => format!("{{ {kind} = true, port = {port} }}"),
    }
}

/// A prober with the farm that it probes.
struct Contender {
    prober: Prober,
    farm: Farm,
}

fn watcher(bench: &Bench, kind: &Kind, hosts: usize) -> Result<Contender> {
    let farm = Farm::new(kind.speak)?;
    let services = vec![("s", written(kind.name, farm.port))];
    let scratch = Fleet { hosts, services, interval_ms: 1000, defaults: "" }.scratch()?;
    let prober = probers::ocowatch(&bench.programs.ocowatch, scratch, None, |_| ())?;
    Ok(Contender { prober, farm })
}

/// Microseconds of CPU a probe of each contender, in each window.
fn windows(bench: &Bench, contenders: &[&Contender]) -> Result<Vec<Vec<f64>>> {
    let effort = &bench.effort.watch;
    let ports: Vec<u16> = contenders.iter().map(|one| one.farm.port).collect();
    let tap = Tap::new(&ports)?;
    // All have probed each host, and grown what has to grow.
    sleep(Duration::from_millis(2500));
    let mut costs = vec![Vec::new(); contenders.len()];
    let look = || -> Result<Vec<(i64, Duration)>> {
        contenders.iter().map(|one| Ok((boot(), meter::cpu(one.prober.pid)?))).collect()
    };
    for _ in 0..effort.windows {
        tap.take()?;
        let before = look()?;
        sleep(effort.window);
        let after = look()?;
        let starts = tap.take()?;
        for (number, costs) in costs.iter_mut().enumerate() {
            let window = before[number].0..after[number].0;
            let of = |port: u16| {
                starts.iter().filter(|start| start.port == port && window.contains(&start.at)).count()
            };
            let count = of(ports[number]);
            if count == 0 {
                let Prober { name, .. } = contenders[number].prober;
                return Err(format!("{name} probes nobody\n{}", contenders[number].prober.log()?).into());
            }
            costs.push((after[number].1 - before[number].1).as_secs_f64() * 1e6 / count as f64);
        }
    }
    Ok(costs)
}

fn ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(of, to)| of / to).collect()
}

pub fn probe(bench: &Bench, report: &mut Report) -> Result<()> {
    let hosts = bench.effort.watch.hosts;
    for kind in &KINDS {
        let name = format!("CPU a probe against HAProxy's check, {}", kind.name);
        let watcher = watcher(bench, kind, hosts)?;
        let farm = Farm::new(kind.speak)?;
        let floor = Contender { prober: probers::floor(kind.name, farm.port, hosts, 1000)?, farm };
        let farm = Farm::new(kind.speak)?;
        let Some(prober) = probers::haproxy(kind.check, farm.port, hosts, 1000)? else {
            report.skip(&name, "not installed");
            continue;
        };
        let haproxy = Contender { prober, farm };
        let costs = windows(bench, &[&watcher, &haproxy, &floor])?;
        let us: Vec<f64> = costs.iter().map(|costs| median(costs)).collect();
        let detail = format!("{:.1} us against {:.1} us, {hosts} a second", us[0], us[1]);
        report.add(&ratio(&name, Some(kind.at_most)), &ratios(&costs[0], &costs[1]), detail);
        let detail = format!("{:.1} us against {:.1} us", us[0], us[2]);
        let name = format!("the same against a bare epoll prober, {}", kind.name);
        report.add(&ratio(&name, None), &ratios(&costs[0], &costs[2]), detail);
    }
    Ok(())
}

/// What the thread of the loop asks of the kernel.
pub fn calls(bench: &Bench, report: &mut Report) -> Result<()> {
    let hosts = bench.effort.watch.hosts;
    for kind in &KINDS {
        let watcher = watcher(bench, kind, hosts)?;
        let tap = Tap::new(&[watcher.farm.port])?;
        sleep(Duration::from_secs(3));
        let (begin, calls) =
            (boot(), calls::count_main_thread(watcher.prober.pid, bench.effort.watch.window)?);
        let window = begin..boot();
        let probes = tap.take()?.iter().filter(|start| window.contains(&start.at)).count() as u32;
        let name = format!("system calls a probe, {}", kind.name);
        let each = calls.values().sum::<u64>() as f64 / f64::from(probes.max(1));
        // How many probes share a wake-up depends on how fast the tracer is.
        let figure =
            Figure { name: &name, unit: Unit::Number, nature: Nature::Time, at_most: Some(kind.calls) };
        report.add(&figure, &[each], calls::profile(&calls, probes.max(1)));
    }
    Ok(())
}

/// Asks blackbox_exporter for each host in turn, this often a second.
const BLACKBOX: usize = 1000;

pub fn blackbox(bench: &Bench, report: &mut Report) -> Result<()> {
    let name = "CPU a probe against blackbox_exporter, tcp";
    let Some((prober, address)) = probers::blackbox()? else {
        report.skip(name, "not installed");
        return Ok(());
    };
    let exporter = Contender { prober, farm: Farm::new(Speak::Nothing)? };
    let watcher = watcher(bench, &KINDS[0], BLACKBOX)?;
    let done = AtomicBool::new(false);
    let costs = thread::scope(|scope| {
        let asking = scope.spawn(|| ask(address, exporter.farm.port, &done).map_err(|e| e.to_string()));
        let costs = windows(bench, &[&watcher, &exporter]);
        done.store(true, Ordering::Relaxed);
        asking.join().map_err(|_| "the load panicked")??;
        costs
    })?;
    let detail = format!("{:.1} us against {:.1} us", median(&costs[0]), median(&costs[1]));
    report.add(&ratio(name, Some(0.1)), &ratios(&costs[0], &costs[1]), detail);
    Ok(())
}

/// As Prometheus does: over a connection that is kept.
fn ask(address: SocketAddr, port: u16, done: &AtomicBool) -> Result<()> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(&stream);
    let begin = Instant::now();
    for (number, host) in std::iter::repeat_with(|| super::hosts(BLACKBOX)).flatten().enumerate() {
        if done.load(Ordering::Relaxed) {
            return Ok(());
        }
        let at = begin + Duration::from_secs(1) / BLACKBOX as u32 * number as u32;
        sleep(at.saturating_duration_since(Instant::now()));
        let mut request = String::new();
        write!(request, "GET /probe?module=tcp&target={host}:{port} HTTP/1.1\r\nHost: x\r\n\r\n")?;
        (&stream).write_all(request.as_bytes())?;
        let page = read_page(&mut reader)?;
        if !page.contains("probe_success 1") {
            return Err(format!("blackbox says {page}").into());
        }
    }
    Ok(())
}

fn read_page(reader: &mut impl BufRead) -> Result<String> {
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut page = String::new();
    match length {
        Some(length) => drop(reader.take(length).read_to_string(&mut page)?),
        None => loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16)?;
            reader.take(size + 2).read_to_string(&mut page)?;
            if size == 0 {
                break;
            }
        },
    }
    Ok(page)
}
