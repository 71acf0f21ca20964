//! What can go wrong in oco, as a user sees it: one line, and an exit status.

use super::fleet::error::FleetError;
use super::import::error::ImportError;
use super::parts::error::PartsError;
use super::push::PROGRAM;
use super::{BAD, NOT_UP, say};
use crate::config::ConfigError;
use crate::status::record::RecordError;
use crate::status::run_lock::LockError;
use crate::system::words::words;
use crate::system::{log_lines, terminal};
use std::fmt;
use std::io;

/// Why oco did not do all that it was asked for.
#[derive(Debug)]
pub enum Error {
    /// It was said already, and only the exit status is left to tell.
    Said(u8),
    /// `run` was given no command.
    NoCommand,
    /// `status --up` was given so many hosts.
    UpHosts(usize),
    /// `status --watch` has no terminal to draw on.
    NoTerminal,
    /// Another run of this check is under way.
    Busy(String),
    /// The settings are bad.
    Config(ConfigError),
    /// A status file could not be written or removed.
    Record(RecordError),
    /// A check could not be locked.
    Lock(LockError),
    /// A script or a whole directory of them is not run.
    Parts(PartsError),
    /// NRPE's configuration could not be taken over.
    Import(ImportError),
    /// The program of `push` can't be run.
    Push(io::Error),
    /// The watcher of a fleet is away, or refused.
    Fleet(FleetError),
    /// The system refused something that oco needs itself.
    System(&'static str, io::Error),
}

impl Error {
    /// The exit status of oco for it.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Said(status) => *status,
            Error::UpHosts(_) => NOT_UP,
            Error::NoCommand
            | Error::NoTerminal
            | Error::Busy(_)
            | Error::Config(_)
            | Error::Record(_)
            | Error::Lock(_)
            | Error::Parts(_)
            | Error::Import(_)
            | Error::Push(_)
            | Error::Fleet(_)
            | Error::System(..) => BAD,
        }
    }

    /// Says it, unless that was done, and returns the exit status. People at a terminal see what line of a file is
    /// meant.
    pub fn tell(&self) -> u8 {
        match self {
            Error::Said(_) => {}
            other => say(other),
        }
        if let Error::Config(error) = self
            && terminal::is_stderr()
        {
            error.excerpt().iter().flat_map(|excerpt| excerpt.lines()).for_each(log_lines::show);
        }
        self.exit_status()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Said(status) => write!(f, "exit status {status}"),
            Error::NoCommand => f.write_str("run: no command"),
            Error::UpHosts(count) => write!(f, "status --up: {count} hosts; expected exactly one"),
            Error::NoTerminal => f.write_str("status --watch: standard output is no terminal"),
            Error::Busy(name) => write!(f, "{name}: another run of it is under way"),
            Error::Config(error) => error.fmt(f),
            Error::Record(error) => error.fmt(f),
            Error::Lock(error) => error.fmt(f),
            Error::Parts(error) => error.fmt(f),
            Error::Import(error) => error.fmt(f),
            Error::Push(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "push: {PROGRAM} is not installed; it is in the package {PROGRAM}")
            }
            Error::Push(error) => write!(f, "push: {PROGRAM}: {}", words(error)),
            Error::Fleet(error) => error.fmt(f),
            Error::System(what, error) => write!(f, "{what}: {}", words(error)),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Error {
                Error::$variant(error)
            }
        })*
    };
}

from!(
    Config(ConfigError),
    Record(RecordError),
    Lock(LockError),
    Parts(PartsError),
    Import(ImportError),
    Fleet(FleetError)
);

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn errors_are_one_line_in_lower_case_without_numbers() {
        let denied = || io::Error::from(nix::errno::Errno::EACCES);
        let cases = [
            (Error::NoCommand, 3, "run: no command"),
            (Error::UpHosts(2), 1, "status --up: 2 hosts; expected exactly one"),
            (Error::Busy("http".to_owned()), 3, "http: another run of it is under way"),
            (Error::System("event loop", denied()), 3, "event loop: permission denied"),
            (Error::Push(denied()), 3, "push: oco-push: permission denied"),
            (
                Error::Push(io::Error::from(nix::errno::Errno::ENOENT)),
                3,
                "push: oco-push is not installed; it is in the package oco-push",
            ),
            (Error::Lock(LockError::Failed(PathBuf::from("/x"), denied())), 3, "lock /x: permission denied"),
            (
                Error::Parts(PartsError::Unread(PathBuf::from("/x"), denied())),
                3,
                "read /x: permission denied",
            ),
            (
                Error::Import(ImportError::Unread(PathBuf::from("/x"), denied())),
                3,
                "read /x: permission denied",
            ),
        ];
        for (error, status, said) in cases {
            assert_eq!((error.exit_status(), error.to_string().as_str()), (status, said));
        }
        assert_eq!([0, 1, 3].map(|status| Error::Said(status).tell()), [0, 1, 3]);
    }
}
