//! `oco push`: sends the status files of a host to a board.
//!
//! ```text
//! key file -> the user of ocod -> the directory, rated as ocod does -> services -> requests, one after the other -> board
//! ```
//!
//! A thread does it, and whatever hangs there (a disk, a name, the board), the process ends when its time is over. It
//! tries nothing twice: cron runs it again.
#![forbid(unsafe_code)]

mod board;
mod error;
mod services;

use board::Board;
use error::{BAD, Error};
use oco::command::push::{DEFAULT_KEY_FILE, PROGRAM, ProgramArguments};
use oco::command::reading::{self, Reading};
use oco::config;
use oco::limits::LOG_FLUSH;
use oco::logic::answer::nothing_is_known;
use oco::logic::push::{self, Pusher};
use oco::system::{command_line, key_file, log_lines};
use std::fs::{DirBuilder, read_to_string};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

/// Where Linux has the name of the host.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

fn main() -> ExitCode {
    log_lines::start("warn");
    let arguments = command_line::parse(PROGRAM, std::env::args_os(), BAD).map_err(Error::Said);
    let exit = match arguments.and_then(push_in_time) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.say();
            error.exit()
        }
    };
    log_lines::finish(LOG_FLUSH);
    exit
}

/// Does it, or gives up when the time is over.
fn push_in_time(arguments: ProgramArguments) -> Result<(), Error> {
    let (url, timeout) = (arguments.push.url.clone(), arguments.push.timeout);
    let end = Instant::now() + timeout;
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        // Nobody listens any more where it took too long.
        let _ = sender.send(push(&arguments, end));
    };
    std::thread::Builder::new().spawn(work).map_err(Error::Thread)?;
    let done = receiver.recv_timeout(end.saturating_duration_since(Instant::now()));
    done.unwrap_or(Err(Error::Late(url, timeout)))
}

fn push(arguments: &ProgramArguments, end: Instant) -> Result<(), Error> {
    let settings = config::load(arguments.config.as_deref()).map_err(Error::Config)?;
    let directory = config::directory(arguments.directory.clone(), &settings);
    let wanted = &arguments.push;
    // Before rights are given up: the key is root's.
    let key = key(&wanted.key_file).map_err(Error::Key)?;
    if let Some(why) = reading::become_reader(&directory, &settings) {
        log_lines::say(PROGRAM, &why);
    }
    let name = match &wanted.name {
        Some(name) => name.clone(),
        None => read_to_string(HOSTNAME).map_err(Error::Name)?.trim().to_owned(),
    };
    let reading = Reading::take(&directory, &settings);
    let services = services::of(&reading.checks(), wanted.period);
    let (verdict, _) = reading.answer(&settings);
    let pusher = Pusher { name: &name, key: &key, period: wanted.period, verdict };
    let board = Board::new(&wanted.url, end);
    for body in push::bodies(&pusher, &services) {
        let sent = board.as_ref().map_err(Clone::clone).and_then(|board| board.send(&body));
        sent.map_err(|why| {
            let url = wanted.url.clone();
            if Instant::now() < end { Error::Board(url, why) } else { Error::Late(url, wanted.timeout) }
        })?;
    }
    if nothing_is_known(reading.away.is_some(), services.is_empty(), settings.empty_is_ok) {
        // The board knows, but no service of it does: what was told before is silent from now on.
        let why = reading.away.unwrap_or_else(|| "no checks in it".to_owned());
        return Err(Error::Nothing(directory, why));
    }
    Ok(())
}

/// The key. The folder of the default one belongs to it and is made too.
fn key(path: &Path) -> Result<String, String> {
    if path == Path::new(DEFAULT_KEY_FILE)
        && let Some(folder) = path.parent()
    {
        // Where it is there already or can't be made, the file tells.
        let _ = DirBuilder::new().mode(0o700).create(folder);
    }
    key_file::read_or_make(path)
}
