//! What can go wrong in ocoboard, as an administrator sees it: one line, and an exit status.

use oco::config::ConfigError;
use oco::system::log_lines;
use oco::system::user::UserError;
use oco::system::words::words;
use std::fmt;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Exit status of a start or command that failed.
pub const FAILED: u8 = 1;
/// Exit status of a command line that is not understood.
pub const BAD_USAGE: u8 = 2;

/// Why ocoboard could not start, or do what it was told.
#[derive(Debug)]
pub enum Error {
    /// It was said already, by who reads command lines: bad usage, or a help that was asked for.
    Said(ExitCode),
    /// What is wrong with the settings.
    Config(ConfigError),
    /// A user whom it can't become.
    User(UserError),
    /// A listener that can't be had, or the certificate.
    Refused(String),
    /// A call that failed, and what it was for.
    System(String, io::Error),
}

impl Error {
    /// A call for `what` that failed.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |error| Error::System(what, error)
    }

    /// The exit status of a process that ends so.
    pub fn exit(&self) -> ExitCode {
        match self {
            Error::Said(exit) => *exit,
            Error::Config(_) | Error::User(_) | Error::Refused(_) | Error::System(..) => {
                ExitCode::from(FAILED)
            }
        }
    }

    /// Says it on standard error, unless it was said. People at a terminal see what line is meant.
    pub fn say(&self) {
        let excerpt = match self {
            Error::Said(_) => return,
            Error::Config(error) => error.excerpt().filter(|_| io::stderr().is_terminal()),
            Error::User(_) | Error::Refused(_) | Error::System(..) => None,
        };
        log_lines::say("ocoboard", &self.to_string());
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
            Error::User(error) => error.fmt(f),
            Error::Refused(what) => f.write_str(what),
            Error::System(what, error) => write!(f, "{what}: {}", words(error)),
        }
    }
}
