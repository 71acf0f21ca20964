//! What a process costs, read from outside without disturbing it.

use std::fs;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::Result;

/// CPU time of all threads of the process, to the nanosecond, and of its ended children, to the tick.
pub fn cpu(pid: Pid) -> Result<Duration> {
    let own = Duration::from(clock_gettime(clock_getcpuclockid(pid)?)?);
    let stat = stat(pid)?;
    let ticks: u64 = stat[13].parse::<u64>()? + stat[14].parse::<u64>()?; // cutime, cstime
    let hertz = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as u64;
    Ok(own + Duration::from_millis(ticks * 1000 / hertz))
}

/// CPU time of the calling thread.
pub fn own_cpu() -> Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?))
}

/// `S` asleep, `R` running, `T` stopped, `t` stopped by a tracer.
pub fn state(pid: Pid) -> Result<char> {
    Ok(stat(pid)?[0].chars().next().unwrap_or('?'))
}

/// The fields of /proc/PID/stat after the program's name: `state` is number 0.
fn stat(pid: Pid) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let rest = text.rsplit(')').next().unwrap_or_default();
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// Wait until the process has slept for some milliseconds on end: its work is done and on its account.
pub fn settle(pid: Pid) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut before = cpu(pid)?;
    while Instant::now() < deadline {
        sleep(Duration::from_millis(3));
        let now = cpu(pid)?;
        if now == before && state(pid)? == 'S' {
            return Ok(());
        }
        before = now;
    }
    Err("the server does not come to rest".into())
}

/// Wait until SIGSTOP has had its effect.
pub fn wait_stopped(pid: Pid) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !matches!(state(pid)?, 'T' | 't') {
        if Instant::now() > deadline {
            return Err("the server does not stop".into());
        }
        sleep(Duration::from_micros(100));
    }
    Ok(())
}

/// What a process holds in memory, in bytes.
pub struct Memory {
    /// Anonymous pages: heap, stacks, data it has written. Only its end gives this back.
    pub private: u64,
    /// Pages of files that nobody else maps now, its program for the most part: page cache, which the kernel shares
    /// and drops as it likes. (They may count as clean or, just after the build, as dirty.)
    pub private_of_files: u64,
    /// All, shared libraries included.
    pub resident: u64,
}

pub fn memory(pid: Pid) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let bytes = |name| field(&path, name).map(|kib| kib * 1024);
    let private = bytes("Anonymous:")?;
    let all_private = bytes("Private_Dirty:")? + bytes("Private_Clean:")?;
    Ok(Memory { private, private_of_files: all_private.saturating_sub(private), resident: bytes("Rss:")? })
}

/// How often the process has been switched in, by its own will or not.
pub fn context_switches(pid: Pid) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    Ok(field(&path, "voluntary_ctxt_switches:")? + field(&path, "nonvoluntary_ctxt_switches:")?)
}

pub fn open_files(pid: Pid) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

pub fn threads(pid: Pid) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/task"))?.count())
}

fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number =
        value.and_then(|v| v.split_whitespace().next()).ok_or_else(|| format!("{path}: no {name}"))?;
    Ok(number.parse()?)
}
