//! What a look at a name shows, and what people and programs are shown of a check.

use crate::logic::code::Code;
use crate::logic::time::Nanos;
use nix::errno::Errno;
use std::fmt;
use std::time::Duration;

/// What a look at a name showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look<'a> {
    /// Nothing, or a directory: no check.
    Absent,
    /// A file of whatever kind.
    File(Sight<'a>),
}

/// A file as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight<'a> {
    /// Its inode number.
    pub inode: u64,
    /// When it was modified, on the wall clock.
    pub modified: Nanos,
    /// Its size in octets.
    pub size: u64,
    /// Its number of hard links.
    pub links: u64,
    /// Whether something is mounted here. What happens to that is told where it comes from, and not here.
    pub is_mount: bool,
    /// Its beginning, at most [`STATUS_FILE_OCTETS`](crate::limits::STATUS_FILE_OCTETS), or why there is none.
    pub content: Result<&'a [u8], Fault>,
}

impl Sight<'_> {
    /// Whether the file may change without an event of its directory.
    pub(super) fn may_change_unheard(&self) -> bool {
        self.links > 1 || self.is_mount
    }
}

/// Why a name that exists is rated 300 whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is a link, pipe, socket or device, which is never opened.
    NotAFile(&'static str),
    /// It can't be read: the error's number.
    Unreadable(i32),
}

impl Fault {
    /// Whether it may end without an event. A file's kind stays; an error may pass, and permissions can be
    /// given through another name of the file.
    pub(super) fn may_pass(self) -> bool {
        matches!(self, Fault::Unreadable(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotAFile(kind) => write!(f, "not a regular file but a {kind}"),
            Fault::Unreadable(errno) => write!(f, "unreadable: {}", Errno::from_raw(*errno).desc()),
        }
    }
}

/// A check as people and programs are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its rating.
    pub code: Code,
    /// The text behind the code in the file, printable; what is wrong where there is no code.
    pub text: &'a str,
    /// How long ago the result was written; none where there is no file to be read.
    pub age: Option<Duration>,
    /// How old it may be.
    pub max_age: Duration,
    /// Whether it is older than that, or from before the host's boot.
    pub stale: bool,
    /// Whether the text is only the beginning of what the check said.
    pub is_cut: bool,
}
