//! What can go wrong, as a user sees it: one line.

use oco::config::ConfigError;
use oco::logic::time::spoken;
use oco::system::words::words;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why the board was not told, or not of all.
#[derive(Debug)]
pub enum Error {
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
