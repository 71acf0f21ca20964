//! `oco fleet import-mon` and `import-ldirectord`: print a watch.toml that does what another watcher's file says.
//!
//! ```text
//! the file's text -> mon, ldirectord (pure) -> document (sections, keys, and a comment for each line that is not taken)
//! ```
//!
//! What they write, ocowatch's `-t` takes. They ask nobody: no name is looked up, no program is looked for.

mod document;
pub mod ldirectord;
pub mod mon;
mod names;

use super::{Error, print};
use crate::config::ConfigError;
use crate::config::source::{Fault, Place, octets, one_line};
use crate::limits::CONFIG_OCTETS;
use std::path::Path;

/// Targets that a watcher takes at most.
const TARGETS: usize = 1_000_000;
/// Octets of a command that a watcher takes at most.
const COMMAND_OCTETS: usize = 64 * 1024;

/// Prints what `convert` makes of `file`, and returns the exit status.
///
/// # Errors
/// The file can't be read, or is not understood.
pub fn import(file: &Path, convert: fn(&str) -> Result<String, Fault>) -> Result<u8, Error> {
    let octets = octets(file, CONFIG_OCTETS).map_err(|error| ConfigError::unread(file, &error))?;
    let document = convert(&text(octets)).map_err(|fault| ConfigError::misunderstood(file, fault))?;
    print(&document)?;
    Ok(0)
}

/// The text of a file of a watcher that is as old as Latin-1: that is what it is where it is no UTF-8.
fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// What is wrong with a line, counted from 1.
fn wrong(text: &str, line: usize, what: &str) -> Fault {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let length = rest.lines().next().unwrap_or_default().trim_end().len();
    let start = before + rest.len() - rest.trim_start().len();
    let end = (before + length).max(start);
    Fault { place: Some(Place::of(text, start..end)), what: one_line(what) }
}

/// The first line with a character that no program can be given, and no setting holds.
fn first_zero(text: &str) -> Option<usize> {
    text.lines().position(|line| line.contains('\0')).map(|at| at + 1)
}

#[cfg(test)]
mod tests;
