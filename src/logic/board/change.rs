//! What happens to a file, and what becomes of its check's rating.

use crate::logic::code::Code;
use std::fmt;
use std::rc::Rc;

/// What was done to a file, as inotify tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEvent {
    /// A name appeared: opened anew, or linked.
    Created,
    /// Content changed, and the writer has it open still.
    Modified,
    /// A writer closed it.
    Closed,
    /// It was renamed to this name.
    MovedIn,
    /// It was removed or renamed away.
    Gone,
    /// Times, mode, owner or number of links changed.
    Attributes,
}

/// A change of a check's rating, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The check.
    pub name: Rc<str>,
    /// Its rating until now; none if it was no check.
    pub from: Option<Code>,
    /// Its rating from now on; none if it is no check any more.
    pub to: Option<Code>,
    /// Why: the file's text, `stale, 5m 3s old`, `removed`.
    pub why: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = |code: Option<Code>| code.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "{}: {} -> {}", self.name, code(self.from), code(self.to))?;
        if self.why.is_empty() { Ok(()) } else { write!(f, " ({})", self.why) }
    }
}
