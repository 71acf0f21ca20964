//! strace as the one who makes system calls fail.

use crate::process::{self, tracer};
use crate::scene::{wait_for, wrap};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Calls that are to fail, and where strace writes them down.
#[derive(Debug)]
pub struct Injection {
    /// The call's name.
    pub call: String,
    /// What happens in its place, as strace says it: `error=EIO`, `signal=SIGKILL`.
    pub fault: String,
    /// Which of them, as strace says it: `3`, `1+`. Calls are counted from the start of the tracing.
    pub when: String,
    /// The file of the calls.
    pub trace: PathBuf,
}

impl Injection {
    fn arguments(&self) -> Vec<String> {
        let Injection { call, fault, when, trace } = self;
        // -I2: told to end, it ends; with a file and a program it would not.
        let options = ["-I2", "-f", "-qq", "-e", "signal=none", "-o"].map(str::to_owned);
        let inject = format!("inject={call}:{fault}:when={when}");
        let rest = [trace.display().to_string(), "-e".into(), format!("trace={call}"), "-e".into(), inject];
        options.into_iter().chain(rest).collect()
    }

    /// `command`, traced from its first call on. It keeps its process id.
    pub fn around(&self, command: &Command) -> Command {
        wrap(Command::new("strace").arg("-D").args(self.arguments()), command)
    }

    /// Begins to trace a process.
    pub fn attach(&self, pid: u32) -> Tracer {
        let mut strace = Command::new("strace");
        strace.args(self.arguments()).arg("-p").arg(pid.to_string());
        strace.stderr(Stdio::null());
        let child = {
            let _alone = crate::starting();
            strace.spawn().expect("start strace")
        };
        let mut tracer = Tracer { child: Some(child), traced: pid };
        // It may also be over already: with the process, whose first call has failed.
        wait_for("strace to attach", || {
            let strace = tracer.child.as_mut().expect("it was just started");
            let is_over = strace.try_wait().expect("wait for strace").is_some();
            (process::tracer(pid).is_some() || is_over).then_some(())
        });
        tracer
    }

    /// How many of the calls failed so far.
    pub fn failed(&self) -> usize {
        fs::read_to_string(&self.trace).unwrap_or_default().matches("(INJECTED)").count()
    }

    /// How much was written down so far.
    pub fn octets(&self) -> u64 {
        fs::metadata(&self.trace).map_or(0, |file| file.len())
    }
}

/// A strace that traces. The faults are over when it is dropped.
pub struct Tracer {
    /// None: it is not our child.
    child: Option<Child>,
    traced: u32,
}

impl Tracer {
    /// The one that [`Injection::around`] has started.
    pub fn of(pid: u32) -> Tracer {
        Tracer { child: None, traced: pid }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if let Some(strace) = tracer(self.traced) {
            // On this signal it lets its process go on alone.
            let _ = kill(Pid::from_raw(strace.cast_signed()), Signal::SIGTERM);
            wait_for("strace to let go", || tracer(self.traced).is_none().then_some(()));
        }
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
    }
}

/// Every call that `command` makes until it ends, by name, with its count; written to `trace` meanwhile.
pub fn traced(command: &Command, trace: &Path) -> Command {
    wrap(Command::new("strace").args(["-D", "-f", "-qq", "-e", "signal=none", "-o"]).arg(trace), command)
}

/// The names of the calls in a trace, in their order.
pub fn names(trace: &Path) -> Vec<String> {
    let trace = fs::read_to_string(trace).unwrap_or_default();
    let name = |line: &str| Some(line.split_once(' ')?.1.trim().split_once('(')?.0.to_owned());
    let is_call = |name: &String| name.bytes().all(|octet| octet == b'_' || octet.is_ascii_alphanumeric());
    trace.lines().filter_map(name).filter(is_call).collect()
}

/// Why strace can't do it here, said, if so.
pub fn is_missing() -> bool {
    let probe =
        ["-D", "-qq", "-e", "trace=getcwd", "-e", "inject=getcwd:error=EIO:when=9", "-o", "/dev/null"];
    let output = Command::new("strace").args(probe).arg("true").output();
    let reason = match output {
        Ok(output) if output.status.success() => return false,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    println!("skipped: strace can't make calls fail here: {reason}");
    true
}
