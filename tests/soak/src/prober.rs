//! Write, then ask: each answer has to show exactly what was closed before it was asked for.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::load::{PATIENCE, replace, rewrite};

/// The prober's own checks. All others are 200 all the time.
const PROBES: [&str; 4] = ["probe-a", "probe-b", "probe-c", "probe-d"];
const CODES: [u16; 6] = [200, 300, 210, 500, 200, 399];
/// Between two rounds, so that the prober is a client and no flood.
const PAUSE: Duration = Duration::from_millis(1);

#[derive(Default)]
pub struct Probes {
    /// Sorted when all is over.
    latencies: Vec<Duration>,
    pub wrong: Vec<String>,
    pub lost: Vec<String>,
}

impl Probes {
    pub fn rounds(&self) -> usize {
        self.latencies.len()
    }

    /// The time that so many of a thousand answers took at most.
    pub fn latency(&self, permille: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let index = (self.latencies.len() * permille / 1000).min(last);
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

/// Probes until it is over.
pub fn probe(address: SocketAddr, directory: &Path, is_over: &dyn Fn() -> bool) -> Result<Probes> {
    let mut probes = Probes::default();
    let mut shown: [Option<u16>; PROBES.len()] = [None; PROBES.len()];
    let mut round = 0;
    while !is_over() {
        let index = round % PROBES.len();
        let code = CODES[round / PROBES.len() % CODES.len()];
        shown[index] = change(directory, PROBES[index], round, code, shown[index])?;
        round += 1;
        let start = Instant::now();
        match ask(address) {
            Ok(line) => {
                probes.latencies.push(start.elapsed());
                let expected = expected(&shown);
                if !says(&line, &expected) {
                    probes.wrong.push(format!("{line:?} instead of {expected:?}"));
                }
            }
            Err(error) => probes.lost.push(error.to_string()),
        }
        sleep(PAUSE);
    }
    probes.latencies.sort_unstable();
    Ok(probes)
}

/// Gives a check its next result in one of the ways that people have. Returns what it shows then.
fn change(directory: &Path, name: &str, round: usize, code: u16, was: Option<u16>) -> Result<Option<u16>> {
    let content = format!("{code} round {round}\n");
    match round % 11 {
        0 if was.is_some() => {
            fs::remove_file(directory.join(name))?;
            return Ok(None);
        }
        1 => fs::write(directory.join(name), "garbage\n").map(|()| Some(300)),
        2..=6 => rewrite(directory, name, &content).map(|()| Some(code)),
        _ => replace(directory, name, &content).map(|()| Some(code)),
    }
    .map_err(|error| format!("write {name}: {error}").into())
}

fn ask(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    stream.read_to_string(&mut line)?;
    if line.is_empty() { Err("closed without a line".into()) } else { Ok(line) }
}

/// The first words and the list.
fn expected(shown: &[Option<u16>; PROBES.len()]) -> (&'static str, String) {
    let mut entries: Vec<(u16, &str)> =
        shown.iter().zip(PROBES).filter_map(|(code, name)| Some(((*code)?, name))).collect();
    entries.retain(|(code, _)| *code != 200);
    entries.sort_by_key(|(code, name)| (std::cmp::Reverse(*code), *name));
    let state = match entries.first() {
        None => "200 OK",
        Some((..300, _)) => "250 OK, but",
        Some((..500, _)) => "350 KO",
        Some(_) => "550 KO",
    };
    let list: Vec<String> = entries.iter().map(|(code, name)| format!("{code}-{name}")).collect();
    (state, list.join(","))
}

fn says(line: &str, (state, list): &(&'static str, String)) -> bool {
    let Some((found, rest)) = line.strip_suffix("\r\n").and_then(|line| line.split_once(" oco-")) else {
        return false;
    };
    let found_list = rest.split_once(' ').map_or("", |(_version, list)| list);
    found == *state && found_list == list
}
