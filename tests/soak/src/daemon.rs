//! The ocod under test: on a free loopback port, killed when dropped or when this program ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getppid};

use crate::Result;

/// No check goes stale meanwhile.
const MAX_AGE: &str = "10h";
const READY_WITHIN: Duration = Duration::from_secs(10);

pub struct Daemon {
    child: Child,
    log: PathBuf,
    pub address: SocketAddr,
}

impl Daemon {
    /// Starts it on `directory`, beside which go its log and an empty configuration.
    pub fn start(ocod: &OsStr, directory: &Path) -> Result<Daemon> {
        let (log, configuration) = (directory.with_extension("log"), directory.with_extension("toml"));
        fs::write(&configuration, "")?;
        let mut command = Command::new(ocod);
        command.arg("-c").arg(configuration).arg("-d").arg(directory);
        command.args(["-l", "127.0.0.1:0", "--max-age", MAX_AGE]).env_remove("RUST_LOG");
        // What happens to the checks, thousands of lines, is not what is tested.
        command.env("RUST_LOG", "oco=info,oco::daemon::host=warn");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let parent = getpid();
        // SAFETY: between fork and exec only system calls are made, no lock is taken and nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                set_pdeathsig(Signal::SIGKILL)?;
                // It may have died before this asked.
                if getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
            });
        }
        let child = command.spawn().map_err(|error| format!("start ocod: {error}"))?;
        let mut daemon = Daemon { child, log, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        daemon.address = daemon.wait_for_address()?;
        Ok(daemon)
    }

    fn wait_for_address(&mut self) -> Result<SocketAddr> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let log = self.log();
            let named =
                log.lines().filter_map(|line| line.split_once("listening on ")?.1.parse().ok()).next();
            if let Some(address) = named {
                return Ok(address);
            }
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(format!("ocod does not listen\n{log}").into());
            }
            sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0))
    }

    /// The end of what it has logged.
    pub fn log(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let end = text.get(text.len().saturating_sub(4000)..).unwrap_or_default();
        String::from_utf8_lossy(end).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
