//! Why the journal can't be had, written or read.

use super::SetAside;
use oco::system::words::{lowered, words};
use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why not.
#[derive(Debug)]
pub enum JournalError {
    /// Another watcher has this directory.
    Locked(PathBuf),
    /// The file can't be made, moved or looked at.
    Io {
        /// What was tried, an infinitive.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// A later version has written it.
    Newer {
        /// Which file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// It is a database, but somebody else's.
    Foreign(PathBuf),
    /// Its content is damaged.
    Corrupt(PathBuf, String),
    /// It was found damaged while it was written, and put aside; a new one is begun, in which nothing is yet.
    Replaced(PathBuf, SetAside),
    /// SQLite says so. It may be over later: a full disk, a lock, a failing device.
    Failed(PathBuf, String),
    /// The journal takes this never, however often it is tried.
    Refused(PathBuf, String),
    /// Reading took too long.
    Late(PathBuf),
}

impl JournalError {
    /// What SQLite said of the file at `path`.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> JournalError {
        let path = path.to_owned();
        let said = match error {
            rusqlite::Error::SqliteFailure(code, text) => {
                let says_nothing = text.as_deref().is_none_or(|text| text == "not an error");
                if says_nothing { code.to_string() } else { text.clone().unwrap_or_default() }
            }
            other => other.to_string(),
        };
        let said = oco::logic::text::printable(lowered(&said).as_bytes());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::Corrupt(path, said),
            Some(ErrorCode::OperationInterrupted) => JournalError::Late(path),
            Some(
                ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::ParameterOutOfRange
                | ErrorCode::TooBig,
            ) => JournalError::Refused(path, said),
            _ => JournalError::Failed(path, said),
        }
    }

    /// Whether trying again later may help.
    pub fn may_pass(&self) -> bool {
        match self {
            JournalError::Io { .. }
            | JournalError::Replaced(..)
            | JournalError::Failed(..)
            | JournalError::Late(_) => true,
            JournalError::Locked(_)
            | JournalError::Newer { .. }
            | JournalError::Foreign(_)
            | JournalError::Corrupt(..)
            | JournalError::Refused(..) => false,
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Locked(path) => {
                write!(f, "{}: another ocowatch is running on this state-dir", path.display())
            }
            JournalError::Io { doing, path, error } => {
                write!(f, "{doing} {}: {}", path.display(), words(error))
            }
            JournalError::Newer { path, found, known } => write!(
                f,
                "{}: written by a later version (schema {found}; this one knows {known}); expected that or an older one",
                path.display()
            ),
            JournalError::Foreign(path) => {
                write!(f, "{}: a database, but no journal of ocowatch", path.display())
            }
            JournalError::Replaced(path, aside) => {
                write!(f, "{}: {aside}", path.display())
            }
            JournalError::Corrupt(path, said) => write!(f, "{}: corrupt ({said})", path.display()),
            JournalError::Failed(path, said) | JournalError::Refused(path, said) => {
                write!(f, "{}: {said}", path.display())
            }
            JournalError::Late(path) => write!(f, "{}: reading it took too long", path.display()),
        }
    }
}

impl std::error::Error for JournalError {}
