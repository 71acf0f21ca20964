//! Why the watcher did not do, or tell, what it was asked for: one line.

use crate::limits::REFUSAL_CHARACTERS;
use crate::system::words::words;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong between `oco fleet` and ocowatch.
#[derive(Debug)]
pub enum FleetError {
    /// The watcher refused, in these words.
    Refused(String),
    /// It could not be spoken to at this socket.
    NotHeard(PathBuf, NotHeard),
}

/// Why a watcher could not be spoken to.
#[derive(Debug)]
pub enum NotHeard {
    /// There is none: no socket, or nobody listens.
    Absent(io::Error),
    /// It said nothing, or not all of it, within this time.
    Silent(Duration),
    /// It closed the connection and had not said a word.
    Closed,
    /// It closed the connection in the middle of a line.
    ClosedEarly,
    /// The connection failed otherwise.
    Failed(io::Error),
    /// What it says has more octets than this.
    TooLong(usize),
    /// What it says is no reply to what was asked. Its beginning.
    Strange(String),
    /// It speaks another version.
    Version(u32),
    /// The request has more octets than a watcher takes.
    LargeRequest(usize),
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FleetError::Refused(why) => {
                let end = why.char_indices().nth(REFUSAL_CHARACTERS).map_or(why.len(), |(end, _)| end);
                f.write_str(why.get(..end).unwrap_or(why))
            }
            FleetError::NotHeard(path, NotHeard::Absent(error)) => {
                write!(f, "no ocowatch at {}: {}", path.display(), words(error))
            }
            FleetError::NotHeard(path, why) => write!(f, "ocowatch at {}: {why}", path.display()),
        }
    }
}

impl fmt::Display for NotHeard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotHeard::Absent(error) | NotHeard::Failed(error) => f.write_str(&words(error)),
            NotHeard::Silent(after) => write!(f, "no answer within {}", humantime::format_duration(*after)),
            NotHeard::Closed => f.write_str("closed without an answer"),
            NotHeard::ClosedEarly => f.write_str("closed in the middle of its answer"),
            NotHeard::TooLong(octets) => write!(f, "an answer of more than {octets} octets"),
            NotHeard::Strange(beginning) => write!(f, "no answer to that: {beginning}"),
            NotHeard::Version(version) => write!(f, "speaks version {version}; expected 1"),
            NotHeard::LargeRequest(octets) => {
                write!(f, "takes no request of more than {octets} octets; expected less text or fewer names")
            }
        }
    }
}

impl std::error::Error for FleetError {}
