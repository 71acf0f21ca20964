//! A poller that runs, with all that it starts, until the test ends.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a poller may take to end itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);

pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it as the leader of a process group. What it prints goes to `log`.
    pub fn start(command: &mut Command, log: PathBuf) -> Running {
        let file = File::create(&log).expect("make a log");
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("a second handle")).stderr(file);
        let name = format!("{command:?}");
        let child = command.process_group(0).spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        Running { name, child, log }
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Fails when it has ended.
    pub fn check(&mut self) {
        let ended = self.child.try_wait().expect("wait for a poller");
        assert!(ended.is_none(), "{} has ended: {ended:?}\n{}", self.name, self.log());
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}:\n{}", self.name, self.log());
        }
        // It is not reaped yet, so the number is still its own.
        let group = self.pid();
        let _ = kill(group, Signal::SIGTERM);
        let end = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        // What it has left behind; the number stays taken while anybody is in the group.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// Whether all `programs` are there. The first that is not is named, and the test is over.
pub fn have_all(test: &str, programs: &[&str]) -> bool {
    for program in programs {
        if find(program).is_none() {
            println!("skip: {test}: {program} is not installed");
            return false;
        }
    }
    true
}

/// Where a program is: a path, or a name in PATH or where Debian keeps those of the administrator.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places =
        std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    places.map(|place| place.join(program)).find(|path| path.is_file())
}

/// What a program prints, both of its outputs, and whether it ended with 0.
pub fn output(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}
