//! What can go wrong in ocowatch, as an administrator sees it: one line, and an exit status.

use crate::control::ControlError;
use log::error;
use oco::config::ConfigError;
use oco::net::listener::BindError;
use oco::system::log_lines;
use oco::system::user::UserError;
use oco::system::words::words;
use oco_fleet::journal::JournalError;
use std::fmt;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Exit status of a start that failed.
pub const CANNOT_START: u8 = 1;
/// Exit status of a command line that is not understood.
pub const BAD_USAGE: u8 = 2;

/// Why ocowatch could not start, had to end, or goes on as before: all that its user can come to see.
#[derive(Debug)]
pub enum Error {
    /// It was said already, by who reads command lines: bad usage, or a help that was asked for.
    Said(ExitCode),
    /// What is wrong with the settings.
    Config(ConfigError),
    /// A user whom it can't become.
    User(UserError),
    /// The control socket can't be had.
    Control(ControlError),
    /// The port of the metrics can't be had.
    Metrics(BindError),
    /// The journal can't be had.
    Journal(JournalError),
    /// A call that failed, and what it was for.
    System(&'static str, io::Error),
    /// What only a new start can do.
    NeedsRestart(String),
    /// The helper that runs programs has died.
    HelperLost,
}

impl Error {
    /// The exit status of a process that ends so.
    pub fn exit(&self) -> ExitCode {
        match self {
            Error::Said(exit) => *exit,
            Error::Config(_)
            | Error::User(_)
            | Error::Control(_)
            | Error::Metrics(_)
            | Error::Journal(_)
            | Error::System(..)
            | Error::NeedsRestart(_)
            | Error::HelperLost => ExitCode::from(CANNOT_START),
        }
    }

    /// Says it on standard error, unless it was said. People at a terminal see what line is meant.
    pub fn say(&self) {
        let excerpt = match self {
            Error::Said(_) => return,
            Error::Config(error) => error.excerpt().filter(|_| io::stderr().is_terminal()),
            Error::User(_)
            | Error::Control(_)
            | Error::Metrics(_)
            | Error::Journal(_)
            | Error::System(..)
            | Error::NeedsRestart(_)
            | Error::HelperLost => None,
        };
        log_lines::say("ocowatch", &self.to_string());
        for line in excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            log_lines::show(line);
        }
    }

    /// Logs that a reload is refused for this.
    pub fn refuse_reload(&self) {
        error!("reload refused, going on as before: {self}");
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Said(_) => Ok(()),
            Error::Config(error) => error.fmt(f),
            Error::User(error) => error.fmt(f),
            Error::Control(error) => error.fmt(f),
            Error::Metrics(error) => write!(f, "metrics: {error}"),
            Error::Journal(error) => error.fmt(f),
            Error::System(what, error) => write!(f, "{what}: {}", words(error)),
            Error::NeedsRestart(what) => write!(f, "{what}; that needs a restart"),
            Error::HelperLost => {
                write!(f, "the helper that runs programs has died; a restart brings it back")
            }
        }
    }
}
