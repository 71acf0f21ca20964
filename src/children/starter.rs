//! Who starts, signals and reaps the children, and tells of their ends: this process itself, or another one.

use super::ChildId;
use crate::logic::plugin_result::End;
use crate::system::words::words;
use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// Looked for in PATH unless it has a slash.
    pub name: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that it has besides ours.
    pub environment: Vec<(OsString, OsString)>,
    /// What it can read from its standard input.
    pub input: Vec<u8>,
    /// Whether it gets CAP_NET_ADMIN where a helper has it; no other program does.
    pub needs_net_admin: bool,
}

/// What a process group is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSignal {
    /// TERM: please end.
    Terminate,
    /// KILL.
    Kill,
}

/// What a starter tells of its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It runs as this process, which leads a group of its own.
    Started(ChildId, u32),
    /// It does not run.
    NotStarted(ChildId, NotStarted),
    /// Its leader ended. It is not reaped before that is [asked for](Starter::reap).
    Ended(ChildId, End),
    /// It could not be signalled, with this error number. One whose group is gone can.
    NotSignalled(ChildId, GroupSignal, i32),
    /// Somebody of the groups of these children lives; nobody of the others.
    Looked(Vec<ChildId>),
    /// The starter itself has died, and will never tell anything again.
    Lost,
}

/// Why a program does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarted {
    /// We are short of descriptors, memory or processes: it is worth another try when another child has ended.
    Short(i32),
    /// The fault is our own or our host's, not the program's.
    Own(i32),
    /// It can't be run, for this reason.
    Program(String),
}

impl NotStarted {
    /// Sorts what a call that concerns no program has failed with.
    pub fn ours(error: &io::Error) -> NotStarted {
        let errno = error.raw_os_error().unwrap_or_default();
        if is_shortage(error) { NotStarted::Short(errno) } else { NotStarted::Own(errno) }
    }

    /// Sorts what the start of `program` has failed with.
    pub fn of(program: &Program, error: &io::Error) -> NotStarted {
        if is_shortage(error) {
            NotStarted::ours(error)
        } else {
            NotStarted::Program(why_not(program, error))
        }
    }
}

/// Starts children in process groups of their own, for [`Children`](super::Children).
pub trait Starter {
    /// The end of a child's output that we read. Reading never waits.
    type Pipe: Read;

    /// Begins to start `program`. That it runs, or does not, is reported later. Its stdout and stderr are returned, and
    /// wake the loop with these tokens, in that order.
    ///
    /// # Errors
    /// If it is known at once that it does not run.
    fn start(
        &mut self,
        id: ChildId,
        program: &Program,
        tokens: [Token; 2],
    ) -> Result<[Self::Pipe; 2], NotStarted>;

    /// Signals the child's group; one that does not run yet as soon as it does.
    ///
    /// # Errors
    /// If the system does not let us.
    fn signal(&mut self, id: ChildId, signal: GroupSignal) -> io::Result<()>;

    /// Looks which groups have a living process, which is [reported](Report::Looked).
    fn look(&mut self);

    /// Forgets the child, and reaps it as soon as it has ended. Until now the number of its group was its own.
    fn reap(&mut self, id: ChildId);

    /// Goes on after the starter's own token has woken the loop.
    fn ready(&mut self);

    /// Whether there is something to report without being woken.
    fn has_news(&self) -> bool;

    /// What happened since the last call.
    fn reports(&mut self) -> Vec<Report>;
}

/// Makes the pipes for a child's stdout and stderr: our ends, which wake `registry`'s poll with `tokens`, and the child's.
///
/// # Errors
/// If there is no descriptor left, or no memory to watch one.
pub fn pipes(registry: &Registry, tokens: [Token; 2]) -> Result<([Receiver; 2], [OwnedFd; 2]), NotStarted> {
    let [stdout, stderr] =
        tokens.map(|token| pipe(registry, token).map_err(|error| NotStarted::ours(&error)));
    let ((stdout, its_stdout), (stderr, its_stderr)) = (stdout?, stderr?);
    Ok(([stdout, stderr], [its_stdout, its_stderr]))
}

fn pipe(registry: &Registry, token: Token) -> io::Result<(Receiver, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let mut receiver = Receiver::from(OwnedFd::from(reader));
    receiver.set_nonblocking(true)?;
    registry.register(&mut receiver, token, Interest::READABLE)?;
    Ok((receiver, writer.into()))
}

/// `program` with this to read and these two to write to.
pub fn command(program: &Program, input: Stdio, [stdout, stderr]: [OwnedFd; 2]) -> Command {
    let mut command = Command::new(&program.name);
    command.args(&program.arguments).envs(program.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(input).stdout(stdout).stderr(stderr);
    command
}

/// Whether it is our own fault or the host's that nothing can be started now, not the program's.
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE))
}

/// Why a program could not be started, for people.
fn why_not(program: &Program, error: &io::Error) -> String {
    let why = match error.kind() {
        // To the system the script is not there either when the program in its first line is not.
        ErrorKind::NotFound if is_found(&program.name) => "interpreter not found".to_owned(),
        ErrorKind::NotFound => "not found".to_owned(),
        _ => words(error),
    };
    format!("{why}: {}", program.name.display())
}

/// Whether there is such a program where the system looks for it: a name without a slash in PATH, and nowhere else.
fn is_found(program: &OsStr) -> bool {
    if program.as_bytes().contains(&b'/') {
        return std::fs::metadata(program).is_ok_and(|file| file.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_program = |file: PathBuf| {
        access(&file, AccessFlags::X_OK).is_ok() && std::fs::metadata(file).is_ok_and(|file| file.is_file())
    };
    std::env::split_paths(&path).any(|directory| is_program(Path::new(".").join(directory).join(program)))
}
