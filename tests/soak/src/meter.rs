//! What ocod holds, read from outside without disturbing it.

use std::fmt;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

/// What could not be read.
#[derive(Debug)]
pub struct Error {
    path: String,
    why: io::Error,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read {}: {}", self.path, self.why)
    }
}

impl std::error::Error for Error {}

#[derive(Debug, Clone, Copy, Default)]
pub struct Held {
    /// Heap, stacks, data it has written, in octets.
    pub anonymous: u64,
    /// All, shared libraries included.
    pub resident: u64,
    pub descriptors: u64,
}

pub fn held(pid: Pid) -> Result<Held, Error> {
    let memory = format!("/proc/{pid}/smaps_rollup");
    let folder = format!("/proc/{pid}/fd");
    let descriptors = fs::read_dir(&folder).map_err(|why| Error { path: folder, why })?.count();
    Ok(Held {
        anonymous: field(&memory, "Anonymous:")? * 1024,
        resident: field(&memory, "Rss:")? * 1024,
        descriptors: u64::try_from(descriptors).unwrap_or(u64::MAX),
    })
}

/// The mean over `time`.
pub fn mean(pid: Pid, time: Duration) -> Result<Held, Error> {
    let end = Instant::now() + time;
    let (mut sum, mut samples) = (Held::default(), 0);
    while Instant::now() < end || samples == 0 {
        let now = held(pid)?;
        sum.anonymous += now.anonymous;
        sum.resident += now.resident;
        sum.descriptors += now.descriptors;
        samples += 1;
        sleep(time / 10);
    }
    Ok(Held {
        anonymous: sum.anonymous / samples,
        resident: sum.resident / samples,
        descriptors: sum.descriptors / samples,
    })
}

/// How often the process has been switched in, by its own will or not.
pub fn context_switches(pid: Pid) -> Result<u64, Error> {
    let path = format!("/proc/{pid}/status");
    Ok(field(&path, "voluntary_ctxt_switches:")? + field(&path, "nonvoluntary_ctxt_switches:")?)
}

fn field(path: &str, name: &str) -> Result<u64, Error> {
    let error = |why| Error { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(error)?;
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| error(io::Error::other(format!("no {name}"))))
}
