//! What happened to the status directory, for whoever words it and says it.

use crate::limits::CHECKS;
use crate::logic::name::NameError;
use nix::errno::Errno;
use std::fmt;

/// Something that happened to the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It is read whole for each answer, for this reason.
    Plain(String),
    /// Nothing is known of the checks from now on.
    Lost(Away),
    /// What was lost is back.
    Back,
    /// This name in it is no check's.
    Stranger(Vec<u8>, NameError),
    /// Events were lost, and it is read anew.
    EventsLost,
    /// Its events can't be read.
    Unreadable(Errno),
}

/// Why nothing is known of the checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Away {
    /// Nobody has looked yet.
    Unseen,
    /// The directory is not there, is no directory, or can't be read.
    Error(Errno),
    /// It has more files than [`CHECKS`].
    TooMany,
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Away::Unseen => f.write_str("not read yet"),
            Away::Error(errno) => f.write_str(errno.desc()),
            Away::TooMany => write!(f, "more than {CHECKS} files"),
        }
    }
}
