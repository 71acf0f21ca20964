//! What a storm has to reach besides the journal: a table of LVS with its servers, in a stand-in for ipvsadm, and a program
//! that is run for each alert.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::cost::written;
use super::hosts;
use super::tap::wall;
use crate::Result;
use crate::files::Scratch;
use crate::servers::other_cpu_number;

/// What `tests/lvs_guest/run` holds to a real kernel.
const STAND_IN: &str = include_str!("../../../lvs_guest/ipvsadm");
/// Servers of the table.
pub const SERVERS: usize = 1000;
const LOOK: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_secs(60);
/// Alerts of each service.
pub const ALERTS: usize = 2;

/// A table of LVS that follows a group of its own, and the program that alerts run, in the scratch directory of a fleet.
pub struct Balancer {
    table: PathBuf,
    alerts: PathBuf,
    path: String,
}

impl Balancer {
    /// Adds the group, whose servers are probed on `port`, its table, and [`ALERTS`] for each service of the fleet: at once,
    /// with those who failed first, and later, with half of all.
    pub fn beside(scratch: &Scratch, port: u16) -> Result<Balancer> {
        let (bin, alerts) = (scratch.path().join("bin"), scratch.path().join("alerts"));
        fs::create_dir(&bin)?;
        let executable = |name: &str, text: &str| -> Result<PathBuf> {
            let path = bin.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
            Ok(path)
        };
        // ipvsadm itself is done in a millisecond. What the stand-in takes is not to be that of probes.
        let beside = format!("#!/bin/sh\ntaskset -pc {} $$ >/dev/null\n", other_cpu_number()?);
        let ipvsadm = executable("ipvsadm", &STAND_IN.replacen("#!/bin/sh\n", &beside, 1))?;
        let alert = format!("#!/bin/sh\necho \"$OCO_EVENT $OCO_NAME\" >>'{}'\n", alerts.display());
        let alert = executable("told", &alert)?;
        let hosts: Vec<String> = hosts(SERVERS).map(|host| format!("\"{host}\"")).collect();
        let text = format!(
            "[hostgroup.lb]\nhosts = [\n{}\n]\n[hostgroup.lb.service.t]\nprobe = {}\n\
             [[table]]\nkind = \"lvs\"\nservice = \"lb/t\"\nvirtual = \"tcp 192.0.2.1:80\"\n\
             [[alert]]\nof = [\"*/*\"]\ncommand = [\"{alert}\"]\n\
             [[alert]]\nof = [\"*/*\"]\nafter = \"5s\"\ncommand = [\"{alert}\", \"later\"]\n",
            hosts.join(",\n"),
            written("tcp", port),
            alert = alert.display(),
        );
        fs::OpenOptions::new()
            .append(true)
            .open(scratch.path().join("watch.toml"))?
            .write_all(text.as_bytes())?;
        let path = format!("{}:{}", bin.display(), std::env::var("PATH")?);
        Ok(Balancer { table: ipvsadm.with_extension("table"), alerts, path })
    }

    /// Lets ocowatch find the stand-in.
    pub fn lend(&self, command: &mut Command) {
        command.env("PATH", &self.path);
    }

    /// Waits until all servers are in.
    pub fn wait_for_all(&self) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while servers(&self.table) < SERVERS {
            if Instant::now() > deadline {
                return Err(format!("{} of {SERVERS} servers are in the table", servers(&self.table)).into());
            }
            sleep(LOOK);
        }
        Ok(())
    }

    /// Looks at the table from now on until no server is in it.
    pub fn emptied(&self) -> Emptied {
        let stop = Arc::new(AtomicBool::new(false));
        let (table, ends) = (self.table.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if servers(&table) == 0 {
                    return Some(wall() / 1_000_000);
                }
                sleep(LOOK);
            }
            None
        });
        Emptied { stop, thread }
    }

    /// How often somebody was told of a failure, once it is so often; after [`LIMIT`] in any case.
    pub fn told_at_least(&self, due: usize) -> Result<usize> {
        let deadline = Instant::now() + LIMIT;
        while self.told()? < due && Instant::now() < deadline {
            sleep(LOOK);
        }
        self.told()
    }

    fn told(&self) -> Result<usize> {
        Ok(fs::read_to_string(&self.alerts)?.lines().filter(|line| line.starts_with("ko ")).count())
    }
}

/// Servers that stand in a table, while the stand-in does not write it.
fn servers(table: &Path) -> usize {
    let read = || -> std::io::Result<String> {
        let lock = fs::File::open(table.with_extension("table.lock"))?;
        lock.lock_shared()?;
        fs::read_to_string(table)
    };
    read().map_or(0, |table| table.lines().filter(|line| line.starts_with("-a ")).count())
}

/// A look at a table by a thread of its own.
pub struct Emptied {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<i64>>,
}

impl Emptied {
    /// When it was empty, in milliseconds of the wall clock: waits for it, since the table may be the last to know. None:
    /// servers stood in it for all of [`LIMIT`].
    pub fn at(self) -> Option<i64> {
        let deadline = Instant::now() + LIMIT;
        while !self.thread.is_finished() && Instant::now() < deadline {
            sleep(LOOK);
        }
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().ok().flatten()
    }
}
