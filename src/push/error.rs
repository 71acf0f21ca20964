//! What can go wrong, as a user sees it: one line, and an exit status.

use oco::command::push::PROGRAM;
use oco::config::ConfigError;
use oco::logic::time::spoken;
use oco::system::log_lines;
use oco::system::words::words;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Exit status of all that went wrong, bad usage too.
pub const BAD: u8 = 3;

/// Why the board was not told, or not of all.
#[derive(Debug)]
pub enum Error {
    /// It was said already, by who reads command lines: bad usage, or a help that was asked for.
    Said(ExitCode),
    /// The settings are bad.
    Config(ConfigError),
    /// The key can't be had; the words say which and why.
    Key(String),
    /// The hostname can't be had.
    Name(io::Error),
    /// There can be no thread.
    Thread(io::Error),
    /// The board at this URL did not take it, and why.
    Board(String, String),
    /// It was not done within this time.
    Late(String, Duration),
    /// The board was told, but of no check: the directory, and why.
    Nothing(PathBuf, String),
}

impl Error {
    /// The exit status of a push that ends so.
    pub fn exit(&self) -> ExitCode {
        match self {
            Error::Said(exit) => *exit,
            Error::Config(_)
            | Error::Key(_)
            | Error::Name(_)
            | Error::Thread(_)
            | Error::Board(..)
            | Error::Late(..)
            | Error::Nothing(..) => ExitCode::from(BAD),
        }
    }

    /// Says it on standard error, unless it was said. People at a terminal see what line is meant.
    pub fn say(&self) {
        let excerpt = match self {
            Error::Said(_) => return,
            Error::Config(error) => error.excerpt().filter(|_| io::stderr().is_terminal()),
            Error::Key(_)
            | Error::Name(_)
            | Error::Thread(_)
            | Error::Board(..)
            | Error::Late(..)
            | Error::Nothing(..) => None,
        };
        log_lines::say(PROGRAM, &self.to_string());
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
            Error::Key(what) => f.write_str(what),
            Error::Name(error) => write!(f, "hostname: {}; expected --name", words(error)),
            Error::Thread(error) => write!(f, "thread: {}", words(error)),
            Error::Board(url, why) => write!(f, "{url}: {why}"),
            Error::Late(url, timeout) => write!(f, "{url}: not done within {}", spoken(*timeout)),
            Error::Nothing(directory, why) => write!(f, "directory {}: {why}", directory.display()),
        }
    }
}

impl std::error::Error for Error {}
