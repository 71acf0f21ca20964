//! Who is measured: ocoboard with the ocowatch behind it, and those that it is compared with. All on the servers'
//! processor, killed when dropped.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::figures::Bench;
use crate::files::Scratch;
use crate::meter;
use crate::servers::{Server, Talk, find_program, free_address};
use crate::watch::Prober;

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A watcher that takes in who reports, and the board before it.
pub struct Pair {
    pub watcher: Prober,
    pub board: Server,
    /// Where the board keeps its keys.
    pub board_state: PathBuf,
}

impl Pair {
    /// Over an empty journal.
    pub fn start(bench: &Bench) -> Result<Pair> {
        Pair::over(bench, watcher_scratch()?)
    }

    /// Over the journal of a directory that [`watcher_scratch`] has made.
    pub fn over(bench: &Bench, scratch: Scratch) -> Result<Pair> {
        let control = scratch.path().join("control");
        let mut command = Command::new(&bench.programs.ocowatch);
        command.arg("-c").arg(scratch.path().join("watch.toml"));
        let watcher = Prober::start("ocowatch", command, scratch)?;
        let begin = Instant::now();
        while UnixStream::connect(&control).is_err() {
            if begin.elapsed() > READY_WITHIN {
                return Err(format!("no control socket\n{}", watcher.log()?).into());
            }
            sleep(Duration::from_millis(5));
        }
        let scratch = Scratch::new()?;
        let board_state = scratch.path().join("state");
        let board = board(bench, scratch, &control, &watcher.journal(), "/health")?;
        Ok(Pair { watcher, board, board_state })
    }

    /// CPU time of both, once they are at rest.
    pub fn cpu_at_rest(&self) -> Result<Duration> {
        meter::settle(self.board.pid)?;
        meter::settle(self.watcher.pid)?;
        self.cpu()
    }

    pub fn cpu(&self) -> Result<Duration> {
        Ok(meter::cpu(self.board.pid)? + meter::cpu(self.watcher.pid)?)
    }
}

/// The settings of a watcher that probes nobody, and its state directory.
pub fn watcher_scratch() -> Result<Scratch> {
    let scratch = Scratch::new()?;
    let directory = scratch.path().display();
    let text = format!(
        "state-dir = \"{directory}/state\"\ncontrol = \"{directory}/control\"\n\
         [hostgroup.push]\naccept-reports = true\n"
    );
    scratch.file("watch.toml", &text)?;
    fs::create_dir(scratch.path().join("state"))?;
    Ok(scratch)
}

/// A board over this journal, whose watcher is away.
pub fn board_alone(bench: &Bench, journal: &Path) -> Result<Server> {
    let scratch = Scratch::new()?;
    let control = scratch.path().join("control");
    board(bench, scratch, &control, journal, "/")
}

/// A board, once it has this page.
fn board(
    bench: &Bench,
    scratch: Scratch,
    control: &Path,
    journal: &Path,
    page: &'static str,
) -> Result<Server> {
    let address = free_address()?;
    let config = board_config(&scratch, &address.to_string(), control, journal)?;
    let mut command = Command::new(&bench.programs.ocoboard);
    command.arg("-c").arg(config);
    Server::start("ocoboard", command, address, Talk::Http(page), scratch)
}

/// The settings of a board.
pub fn board_config(scratch: &Scratch, listen: &str, control: &Path, journal: &Path) -> Result<PathBuf> {
    let state = scratch.path().join("state");
    fs::create_dir(&state)?;
    let text = format!(
        "listen = [\"{listen}\"]\ntime-zone = \"UTC\"\nstate-dir = {state:?}\ncontrol = {control:?}\njournal = {journal:?}\n\
         [push]\nnew-a-minute = 100000\n"
    );
    Ok(scratch.file("board.toml", &text)?)
}

/// The bare handler, which is this program.
pub fn bare(body: &[u8]) -> Result<Server> {
    let (scratch, address) = (Scratch::new()?, free_address()?);
    let file = scratch.path().join("body");
    fs::write(&file, body)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--bare").arg(address.to_string()).arg(file);
    Server::start("bare hyper", command, address, Talk::Http("/"), scratch)
}

/// nginx with a file of these octets at `/`. None: it is not installed.
pub fn nginx(body: &[u8]) -> Result<Option<Server>> {
    let Some(program) = find_program("nginx") else { return Ok(None) };
    let (scratch, address) = (Scratch::new()?, free_address()?);
    fs::write(scratch.path().join("index.html"), body)?;
    let text = include_str!("../../peers/nginx-file.conf")
        .replace("@DIR@", &scratch.path().display().to_string())
        .replace("@ADDRESS@", &address.to_string());
    let config = scratch.file("nginx.conf", &text)?;
    let mut command = Command::new(program);
    command.arg("-c").arg(config).arg("-p").arg(scratch.path());
    Ok(Some(Server::start("nginx", command, address, Talk::Http("/"), scratch)?))
}
