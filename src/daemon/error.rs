//! What can go wrong in ocod, as an administrator sees it: one line, and an exit status.

use super::{BAD_USAGE, CANNOT_START};
use crate::config::ConfigError;
use crate::net::listener::BindError;
use crate::system::log_lines;
use crate::system::user::UserError;
use crate::system::words::words;
use std::fmt;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Why ocod could not start, had to end, or goes on as before: all that its user can come to see, each in one line.
#[derive(Debug)]
pub enum Error {
    /// It was said already, by who reads command lines: bad usage, or a help that was asked for.
    Said(ExitCode),
    /// What is wrong with the settings.
    Config(ConfigError),
    /// A port that can't be had.
    Bind(BindError),
    /// A user whom it can't become.
    User(UserError),
    /// A call that failed, and what it was for.
    System(&'static str, io::Error),
    /// What only a new start can do.
    NeedsRestart(String),
}

impl Error {
    /// The exit status of a start that ends so.
    pub fn exit(&self) -> ExitCode {
        match self {
            Error::Said(exit) => *exit,
            Error::Config(error) if error.is_usage() => ExitCode::from(BAD_USAGE),
            Error::Config(_)
            | Error::Bind(_)
            | Error::User(_)
            | Error::System(..)
            | Error::NeedsRestart(_) => ExitCode::from(CANNOT_START),
        }
    }

    /// Says it on standard error, unless it was said. People at a terminal see what line is meant.
    pub fn say(&self) {
        let excerpt = match self {
            Error::Said(_) => return,
            Error::Config(error) => error.excerpt().filter(|_| io::stderr().is_terminal()),
            Error::Bind(_) | Error::User(_) | Error::System(..) | Error::NeedsRestart(_) => None,
        };
        log_lines::say("ocod", &self.to_string());
        for line in excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            log_lines::show(line);
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Said(_) => Ok(()),
            Error::Config(error) => error.fmt(f),
            Error::Bind(error) => error.fmt(f),
            Error::User(error) => error.fmt(f),
            Error::System(what, error) => write!(f, "{what}: {}", words(error)),
            Error::NeedsRestart(what) => write!(f, "{what}; that needs a restart"),
        }
    }
}
