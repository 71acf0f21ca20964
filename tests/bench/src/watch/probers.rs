//! Probers under test: ocowatch, and what others probe with. Each runs on the servers' processor, killed when dropped.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt;

use super::hosts;
use crate::Result;
use crate::files::Scratch;
use crate::servers::{find_program, free_address, on_the_servers_cpu};

/// A process that probes.
pub struct Prober {
    pub name: &'static str,
    pub pid: Pid,
    child: Child,
    scratch: Scratch,
}

impl Prober {
    pub fn start(name: &'static str, mut command: Command, scratch: Scratch) -> Result<Prober> {
        let log = File::create(scratch.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        on_the_servers_cpu(&mut command)?;
        let child = command.spawn().map_err(|e| format!("{name}: {e}"))?;
        let pid = Pid::from_raw(i32::try_from(child.id())?);
        Ok(Prober { name, pid, child, scratch })
    }

    /// An error where it has ended before it could probe anybody.
    fn expect_alive(mut self) -> Result<Prober> {
        sleep(Duration::from_millis(200));
        if self.child.try_wait()?.is_some() {
            return Err(format!("{} has ended\n{}", self.name, self.log()?).into());
        }
        Ok(self)
    }

    pub fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.scratch.path().join("log"))?).into_owned())
    }

    /// The journal, where it has one.
    pub fn journal(&self) -> PathBuf {
        self.scratch.path().join("state/fleet.db")
    }

    /// Ends it as an administrator would, and waits for that.
    pub fn stop(mut self) -> Result<Scratch> {
        kill(self.pid, Signal::SIGTERM)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(format!("{} does not stop", self.name).into());
            }
            sleep(Duration::from_millis(5));
        }
        let empty = Scratch::new()?;
        Ok(std::mem::replace(&mut self.scratch, empty))
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service: its name, and its probe as the file has it.
pub type Service<'a> = (&'a str, String);

/// What ocowatch is to watch.
#[derive(Clone)]
pub struct Fleet<'a> {
    pub hosts: usize,
    pub services: Vec<Service<'a>>,
    pub interval_ms: u32,
    /// Further lines of `[defaults]`.
    pub defaults: &'a str,
}

impl Fleet<'_> {
    fn text(&self, scratch: &Scratch) -> String {
        let directory = scratch.path().display();
        let mut text = format!(
            "state-dir = \"{directory}/state\"\ncontrol = \"{directory}/control\"\n[defaults]\ninterval = \"{}ms\"\n{}\n",
            self.interval_ms, self.defaults
        );
        text += "[hostgroup.g]\nhosts = [\n";
        for host in hosts(self.hosts) {
            let _ = writeln!(text, "\"{host}\",");
        }
        text += "]\n";
        for (name, probe) in &self.services {
            let _ = writeln!(text, "[hostgroup.g.service.{name}]\nprobe = {probe}");
        }
        text
    }

    /// The settings of ocowatch, and its state directory.
    pub fn scratch(&self) -> Result<Scratch> {
        let scratch = Scratch::new()?;
        scratch.file("watch.toml", &self.text(&scratch))?;
        fs::create_dir(scratch.path().join("state"))?;
        Ok(scratch)
    }
}

/// ocowatch, in a directory that [`Fleet::scratch`] has made, its command changed beforehand.
pub fn ocowatch(
    program: &PathBuf,
    scratch: Scratch,
    descriptors: Option<u64>,
    change: impl FnOnce(&mut Command),
) -> Result<Prober> {
    let mut command = Command::new(program);
    command.arg("-c").arg(scratch.path().join("watch.toml"));
    change(&mut command);
    if let Some(limit) = descriptors {
        // SAFETY: one system call between fork and exec.
        unsafe {
            command
                .pre_exec(move || setrlimit(Resource::RLIMIT_NOFILE, limit, limit).map_err(io::Error::from));
        }
    }
    Prober::start("ocowatch", command, scratch)?.expect_alive()
}

/// The same, without a look whether it lives.
pub fn ocowatch_at_once(program: &PathBuf, scratch: Scratch) -> Result<Prober> {
    let mut command = Command::new(program);
    command.arg("-c").arg(scratch.path().join("watch.toml"));
    Prober::start("ocowatch", command, scratch)
}

/// The bare prober, which is this program.
pub fn floor(kind: &str, port: u16, count: usize, interval_ms: u32) -> Result<Prober> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--floor", kind, &port.to_string(), &count.to_string(), &interval_ms.to_string()]);
    Prober::start("floor", command, Scratch::new()?)?.expect_alive()
}

/// HAProxy with its own check of each host.
pub fn haproxy(check: &str, port: u16, count: usize, interval_ms: u32) -> Result<Option<Prober>> {
    let Some(program) = find_program("haproxy") else { return Ok(None) };
    let scratch = Scratch::new()?;
    let mut text = include_str!("../../peers/haproxy-check.cfg")
        .replace("@ADDRESS@", &free_address()?.to_string())
        .replace("@CHECK@", check);
    for (number, host) in hosts(count).enumerate() {
        let _ = writeln!(text, "    server s{number} {host}:{port} check inter {interval_ms}ms");
    }
    let config = scratch.file("haproxy.cfg", &text)?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(config);
    Ok(Some(Prober::start("haproxy", command, scratch)?.expect_alive()?))
}

/// Prometheus' blackbox_exporter, and where it is asked.
pub fn blackbox() -> Result<Option<(Prober, SocketAddr)>> {
    let Some(program) = find_program("prometheus-blackbox-exporter") else { return Ok(None) };
    let (scratch, address) = (Scratch::new()?, free_address()?);
    let config = scratch.file("blackbox.yml", include_str!("../../peers/blackbox.yml"))?;
    let mut command = Command::new(program);
    command.env("GOMAXPROCS", "1").arg(format!("--config.file={}", config.display()));
    command.arg(format!("--web.listen-address={address}")).arg("--log.level=error");
    let prober = Prober::start("blackbox", command, scratch)?.expect_alive()?;
    Ok(Some((prober, address)))
}
