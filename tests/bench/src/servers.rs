//! The servers under test: started on a free loopback port, ready when they answer, killed by pid when dropped or
//! when the benchmark itself ends.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use crate::Result;
use crate::files::{Scratch, StatusFiles};
use crate::load;

/// Far beyond what any figure takes: no file goes stale meanwhile.
const MAX_AGE: &str = "1h";
const READY_WITHIN: Duration = Duration::from_secs(10);

/// The programs this benchmark was given.
#[derive(Clone)]
pub struct Programs {
    pub ocod: PathBuf,
    /// Another ocod, to compare with.
    pub other: Option<PathBuf>,
    pub honest: PathBuf,
    pub count_malloc: PathBuf,
    pub ocowatch: PathBuf,
    pub ocoboard: PathBuf,
}

impl Programs {
    pub fn ocod(&self, files: &StatusFiles) -> Result<Server> {
        self.ocod_with(files, |_| ())
    }

    /// ocod, its command changed beforehand.
    pub fn ocod_with(&self, files: &StatusFiles, change: impl FnOnce(&mut Command)) -> Result<Server> {
        let scratch = Scratch::new()?;
        let address = free_address()?;
        let mut command = self.ocod_command(files, &scratch, "")?;
        command.args(["-l", &address.to_string()]);
        change(&mut command);
        Server::start("ocod", command, address, Talk::Line, scratch)
    }

    /// ocod with its log going to `stderr`.
    pub fn ocod_that_logs_to(&self, files: &StatusFiles, stderr: Stdio) -> Result<Server> {
        let scratch = Scratch::new()?;
        let address = free_address()?;
        let mut command = self.ocod_command(files, &scratch, "")?;
        command.args(["-l", &address.to_string()]);
        Server::start_that_logs_to(Some(stderr), "ocod", command, address, Talk::Line, scratch)
    }

    /// ocod with one listener of all checks, and one more for each of `limits`, which are names of checks or patterns.
    pub fn ocod_limited(&self, files: &StatusFiles, limits: &[String]) -> Result<Server> {
        let scratch = Scratch::new()?;
        let addresses = free_addresses(limits.len() + 1)?;
        let (first, limited) = addresses.split_first().ok_or("no address")?;
        let mut listeners = format!("[[listen]]\naddress = \"{first}\"\n");
        for (address, limit) in limited.iter().zip(limits) {
            listeners += &format!("[[listen]]\naddress = \"{address}\"\nchecks = [\"{limit}\"]\n");
        }
        let command = self.ocod_command(files, &scratch, &listeners)?;
        let mut server = Server::start("ocod", command, *first, Talk::Line, scratch)?;
        server.addresses = addresses;
        Ok(server)
    }

    fn ocod_command(&self, files: &StatusFiles, scratch: &Scratch, listeners: &str) -> Result<Command> {
        let config = scratch.file("ocod.toml", &format!("max-connections = 16000\n{listeners}"))?;
        let mut command = Command::new(&self.ocod);
        command.arg("-c").arg(config).arg("-d").arg(files.path()).args(["--max-age", MAX_AGE]);
        Ok(command)
    }

    /// The yardstick.
    pub fn honest(&self, files: &StatusFiles) -> Result<Server> {
        self.honest_with(files, &[])
    }

    /// The yardstick that does not work in batches.
    pub fn honest_by_events(&self, files: &StatusFiles) -> Result<Server> {
        self.honest_with(files, &["-e"])
    }

    fn honest_with(&self, files: &StatusFiles, options: &[&str]) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(&self.honest);
        command.args(options).args(["-l", &address.to_string(), "-d"]).arg(files.path());
        Server::start("honest", command, address, Talk::Line, Scratch::new()?)
    }

    /// The same, but with the other ocod in the place of this one.
    pub fn with_the_other(&self) -> Result<Programs> {
        let other = self.other.clone().ok_or("there is no other ocod: see --against")?;
        Ok(Programs { ocod: other, ..self.clone() })
    }
}

/// What a client does.
#[derive(Clone, Copy)]
pub enum Talk {
    /// Connect and read.
    Line,
    /// Send a request, then read.
    Http(&'static str),
}

pub struct Server {
    pub name: &'static str,
    pub pid: Pid,
    pub address: SocketAddr,
    /// That one, and all others where it listens.
    pub addresses: Vec<SocketAddr>,
    pub talk: Talk,
    /// Clients its accept queue takes: as many as we like, unless it asks for little.
    pub backlog: u32,
    /// From exec to the first answer.
    pub started_in: Duration,
    child: Child,
    scratch: Scratch,
}

impl Server {
    /// Start a program that will listen at `address`, and wait for its first answer.
    pub fn start(
        name: &'static str,
        command: Command,
        address: SocketAddr,
        talk: Talk,
        scratch: Scratch,
    ) -> Result<Server> {
        Server::start_that_logs_to(None, name, command, address, talk, scratch)
    }

    /// The same, with its log going somewhere else.
    fn start_that_logs_to(
        stderr: Option<Stdio>,
        name: &'static str,
        mut command: Command,
        address: SocketAddr,
        talk: Talk,
        scratch: Scratch,
    ) -> Result<Server> {
        let log = File::create(scratch.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(stderr.unwrap_or_else(|| log.into()));
        on_the_servers_cpu(&mut command)?;
        let start = Instant::now();
        let child = command.spawn().map_err(|e| format!("{name}: {e}"))?;
        let pid = Pid::from_raw(i32::try_from(child.id())?);
        let mut server = Server {
            name,
            pid,
            address,
            addresses: vec![address],
            talk,
            backlog: u32::MAX,
            started_in: Duration::ZERO,
            child,
            scratch,
        };
        while load::closed_loop(&server, 1).is_err() {
            if server.child.try_wait()?.is_some() || start.elapsed() > READY_WITHIN {
                return Err(format!("{name} does not answer\n{}", server.log()).into());
            }
            sleep(Duration::from_micros(100));
        }
        server.started_in = start.elapsed();
        Ok(server)
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(self.pid, signal)?)
    }

    /// The end of what it has logged.
    pub fn log(&self) -> String {
        let text = fs::read(self.scratch.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program will run on the servers' processor, and end when this benchmark does.
pub fn on_the_servers_cpu(command: &mut Command) -> Result<()> {
    let cpu = servers_cpu()?;
    let parent = getpid();
    // SAFETY: between fork and exec only system calls are made, no lock is taken and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            if nix::unistd::getppid() != parent {
                return Err(io::ErrorKind::BrokenPipe.into()); // died before we asked
            }
            Ok(sched_setaffinity(Pid::from_raw(0), &cpu)?)
        });
    }
    Ok(())
}

/// The number of a processor for what is no server, where there are two.
pub fn other_cpu_number() -> Result<usize> {
    Ok(*processors().first().ok_or("no processor is allowed")?)
}

/// The number of that processor.
pub fn servers_cpu_number() -> Result<usize> {
    Ok(*processors().last().ok_or("no processor is allowed")?)
}

/// A port nobody has at the moment.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// So many of them.
fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    let held: io::Result<Vec<TcpListener>> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect();
    held?.iter().map(TcpListener::local_addr).collect()
}

/// The full path of an installed program, if it is installed.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let dirs = path.split(':').chain(["/usr/sbin", "/sbin"]);
    dirs.map(|dir| Path::new(dir).join(name)).find(|file| file.is_file())
}

/// The load takes all processors but the last, which is the servers': neither is charged for the other.
pub fn leave_the_servers_cpu() -> Result<()> {
    let (_, rest) = processors().split_last().ok_or("no processor is allowed")?;
    if !rest.is_empty() {
        sched_setaffinity(Pid::from_raw(0), &cpu_set(rest)?)?;
    }
    Ok(())
}

fn servers_cpu() -> Result<CpuSet> {
    cpu_set(processors().last())
}

/// Those this benchmark was started with.
fn processors() -> &'static [usize] {
    static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
    ALLOWED.get_or_init(|| {
        let set = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
        (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect()
    })
}

fn cpu_set<'a>(cpus: impl IntoIterator<Item = &'a usize>) -> Result<CpuSet> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu)?;
    }
    Ok(set)
}
