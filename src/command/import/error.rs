//! Why NRPE's configuration could not be taken over.

use crate::limits::{CONFIG_OCTETS, INCLUDE_DEPTH};
use crate::logic::name::NameError;
use crate::system::words::words;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why something of NRPE's configuration was not taken over.
#[derive(Debug)]
pub enum ImportError {
    /// A file or directory could not be read.
    Unread(PathBuf, io::Error),
    /// A file is larger than any configuration.
    TooLarge(PathBuf),
    /// A file is included more than [`INCLUDE_DEPTH`] deep.
    TooDeep(PathBuf),
    /// There is nothing to take over.
    NoCommands(PathBuf),
    /// A line is not understood, for this reason.
    Line(&'static str),
    /// No check can have the command's name.
    Name(NameError),
    /// There is such a script.
    Exists(PathBuf),
    /// The script could not be written.
    Unwritten(PathBuf, io::Error),
    /// It is of the command with this name.
    Command(String, Box<ImportError>),
    /// It is of this `FILE:LINE`.
    At(String, Box<ImportError>),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Unread(path, error) => write!(f, "read {}: {}", path.display(), words(error)),
            ImportError::TooLarge(path) => {
                write!(f, "read {}: too large; expected at most {CONFIG_OCTETS} octets", path.display())
            }
            ImportError::TooDeep(path) => {
                write!(f, "read {}: included more than {INCLUDE_DEPTH} deep", path.display())
            }
            ImportError::NoCommands(path) => write!(f, "{}: no command[NAME]=LINE in it", path.display()),
            ImportError::Line(why) => f.write_str(why),
            ImportError::Name(error) => write!(f, "no check can have this name: {error}"),
            ImportError::Exists(path) => {
                write!(f, "{} is there already; --force replaces it", path.display())
            }
            ImportError::Unwritten(path, error) => write!(f, "write {}: {}", path.display(), words(error)),
            ImportError::Command(name, error) => write!(f, "command[{name}]: {error}"),
            ImportError::At(place, error) => write!(f, "{place}: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}
