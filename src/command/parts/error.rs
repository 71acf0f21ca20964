//! Why scripts are not run.

use crate::system::words::words;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why something is not run.
#[derive(Debug)]
pub enum PartsError {
    /// The directory could not be read.
    Unread(PathBuf, io::Error),
    /// This script or directory can be written by somebody else.
    Writable(String, String),
}

impl fmt::Display for PartsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartsError::Unread(path, error) => write!(f, "read {}: {}", path.display(), words(error)),
            PartsError::Writable(what, who) => write!(f, "{what}: not run: it can be written by {who}"),
        }
    }
}

impl std::error::Error for PartsError {}
