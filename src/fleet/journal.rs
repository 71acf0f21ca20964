//! The journal: what happened, and what a start of the watcher needs. SQLite in `STATE_DIR/fleet.db`; the only I/O of
//! this package. Its schema, with the reasons, is `journal/schema.sql`; later versions add `definitions.sql` and
//! `figures.sql` to it.
//!
//! One [`Writer`] writes, in batches, each a transaction; any number of [`Reader`]s read beside it. Neither decides
//! anything, has a clock or starts a thread: times come in as arguments, and the watcher's threads call.
//!
//! The files `fleet.db-wal` and `fleet.db-shm` stay when nobody writes, so that who may only read the directory can
//! read the journal then too. SQLite has `SQLITE_FCNTL_PERSIST_WAL` for that, which needs unsafe code. But it removes
//! them only after the checkpoint with which the last connection closes, and `SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE`, which
//! does not need any, leaves that checkpoint out.

mod definition;
mod entry;
mod error;
mod file;
mod kept;
pub mod limits;
mod lock;
mod migrate;
mod packed;
mod prune;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use definition::{Definitions, LevelDefinition, NodeDefinition};
pub use entry::{
    Act, ActKind, Adjustment, AlertSent, Counts, Entry, Incident, Measured, Reporter, Told, Window,
};
pub use error::JournalError;
pub use file::{FILE, SetAside};
pub use kept::{Kept, KeptObject};
pub use lock::Lock;
pub use read::{
    Bar, Cell, Edition, Happened, History, IncidentEvent, LogPage, LogRow, LogWish, Mark, News, Point,
    Reader, Span, Stands,
};
pub use write::{Opened, Writer};

use crate::state::{Standing, State};
use crate::time::Millis;
use oco::logic::code::Code;

/// Milliseconds of a chunk of transitions: 30 days. A year of an object is 13 of them.
const CHUNK_MS: i64 = 30 * 86_400_000;
/// Milliseconds that a figure is of: five minutes, which begin at :00 and :05.
pub const FIGURE_MS: i64 = 300_000;
/// Figures of a series in one row: those of four hours. With more, more are read for each look at the last hours; with
/// fewer, a row is more overhead.
const CHUNK_SLOTS: i64 = 48;
/// What a planned standing has more than its state.
const PLANNED: i64 = 4;

/// The chunk in which `at` lies.
fn chunk_of(at: Millis) -> i64 {
    at.0.div_euclid(CHUNK_MS)
}

/// The number of the five minutes in which `at` lies.
pub fn slot_of(at: Millis) -> i64 {
    at.0.div_euclid(FIGURE_MS)
}

/// The key of the figures of a series in a chunk of them.
fn key_of(chunk: i64, series: u32) -> i64 {
    (chunk << u32::BITS) + i64::from(series)
}

/// State and planned as one number.
fn number_of(state: State, planned: bool) -> i64 {
    i64::from(state.number()) + if planned { PLANNED } else { 0 }
}

/// The state, and whether it is planned, of such a number. Strange ones, which only others can have written, are unknown.
fn state_of(number: i64) -> (State, bool) {
    let state = u8::try_from(number & (PLANNED - 1)).ok().and_then(State::from_number);
    (state.unwrap_or_default(), number & PLANNED != 0)
}

/// The code of this number, if it is one.
fn code_of(number: Option<i64>) -> Option<Code> {
    number.and_then(|number| u16::try_from(number).ok()).and_then(Code::new)
}

/// A standing from its columns.
fn standing_of(number: i64, code: Option<i64>, reason: Option<String>) -> Standing {
    let (state, planned) = state_of(number);
    Standing { state, code: code_of(code), reason: reason.unwrap_or_default().into(), planned }
}
