//! The one writer of a journal: takes entries in batches, each a transaction, and what a start needs out of it.
//!
//! It keeps nothing in memory but when it last lived: what an object's last row was stands in the journal.

mod acts;
mod alerts;
mod definitions;
mod figures;
mod objects;

use super::file::{FILE, SetAside, open_to_write, set_aside};
use super::kept::{self, Kept};
use super::limits::{HEARTBEAT_LATE_MS, PRUNED_AT_ONCE, TEXT_OCTETS};
use super::migrate::MIGRATIONS;
use super::{Counts, Entry, JournalError, Lock, prune};
use crate::object::ObjectName;
use crate::time::Millis;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The writer. Dropping it loses nothing that was written.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    /// The last sign of life that is in the journal.
    alive: Millis,
    _lock: Lock,
}

/// What was found at a start.
#[derive(Debug)]
pub struct Opened {
    /// What the journal knows.
    pub kept: Kept,
    /// The time that nobody watched before; none where there is none, or the journal is new.
    pub gap: Option<(Millis, Millis)>,
    /// Where a damaged journal went, in whose place this one was begun.
    pub set_aside: Option<SetAside>,
}

impl Writer {
    /// Opens the journal below `dir`, or begins one there. What nobody watched until `now` becomes a gap. State
    /// transitions of the last `flap_within_ms` are told, for who counts flaps.
    ///
    /// # Errors
    /// Another watcher runs there, a later version or somebody else has written the file, or it can't be written.
    pub fn open(dir: &Path, now: Millis, flap_within_ms: i64) -> Result<(Writer, Opened), JournalError> {
        let lock = Lock::take(dir)?;
        let path = dir.join(FILE);
        let mut aside = None;
        let begun = match begin(&path, now, flap_within_ms) {
            Err(JournalError::Corrupt(_, why)) => {
                aside = Some(set_aside(&path, now, why)?);
                begin(&path, now, flap_within_ms)
            }
            begun => begun,
        };
        let (connection, kept, gap) = begun?;
        let writer = Writer { connection, path, alive: kept.heartbeat, _lock: lock };
        Ok((writer, Opened { kept, gap, set_aside: aside }))
    }

    /// Where the journal is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of these, or none. Of the counts of one object the last are written, of heartbeats the last one and
    /// the gaps between them.
    ///
    /// A journal that turns out to be damaged is put aside and a new one begun, which is the error
    /// [`JournalError::Replaced`]: how everything stands then has to be entered again.
    ///
    /// # Errors
    /// None of them is written. [`JournalError::may_pass`] says whether to try again.
    pub fn write(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let last_counts = last_counts(entries);
        let mut alive = self.alive;
        let (mut prune_before, mut prune_figures_before) = (None, None);
        let written = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for entry in entries {
                match entry {
                    Entry::Heartbeat(at) => beat(&transaction, &mut alive, *at)?,
                    Entry::Prune(before) => prune_before = Some(*before),
                    Entry::PruneFigures(before) => prune_figures_before = Some(*before),
                    Entry::Counts(counts) => {
                        if last_counts.get(&counts.name).is_some_and(|last| std::ptr::eq(*last, counts)) {
                            objects::counts(&transaction, counts)?;
                        }
                    }
                    other => write_one(&transaction, other)?,
                }
            }
            if alive != self.alive {
                let mut statement = transaction.prepare_cached("UPDATE watch SET heartbeat = ?1")?;
                statement.execute([alive.0])?;
            }
            transaction.commit()
        })();
        match written.map_err(|error| JournalError::of(&self.path, &error)) {
            Ok(()) => {
                self.alive = alive;
                if let Some(before) = prune_before {
                    // What does not go now goes next time.
                    let _ = self.prune(before, PRUNED_AT_ONCE);
                }
                if let Some(before) = prune_figures_before {
                    let _ = self.prune_figures(before, PRUNED_AT_ONCE);
                }
                Ok(())
            }
            Err(JournalError::Corrupt(_, why)) => Err(self.replace(why)),
            Err(error) => Err(error),
        }
    }

    /// Puts the damaged journal aside and begins a new one, as of the last sign of life.
    fn replace(&mut self, why: String) -> JournalError {
        let replaced = set_aside(&self.path, self.alive, why).and_then(|aside| {
            let (connection, _, _) = begin(&self.path, self.alive, 0)?;
            self.connection = connection;
            Ok(aside)
        });
        match replaced {
            Ok(aside) => JournalError::Replaced(self.path.clone(), aside),
            Err(error) => error,
        }
    }

    /// Takes out what ended before `before`, but at most `at_most` rows of each kind. How many transitions went.
    ///
    /// # Errors
    /// Nothing was taken out.
    pub fn prune(&mut self, before: Millis, at_most: u32) -> Result<usize, JournalError> {
        prune::prune(&mut self.connection, before, at_most)
            .map_err(|error| JournalError::of(&self.path, &error))
    }

    /// Takes out figures of before `before`, but at most `at_most` rows of each kind. How many rows of figures went.
    ///
    /// # Errors
    /// Nothing was taken out.
    pub fn prune_figures(&mut self, before: Millis, at_most: u32) -> Result<usize, JournalError> {
        prune::prune_figures(&mut self.connection, before, at_most)
            .map_err(|error| JournalError::of(&self.path, &error))
    }

    /// Gives back the memory that a storm took, where there is nothing to write for a while.
    pub fn rest(&mut self) {
        // Without it nothing is wrong.
        let _ = self.connection.release_memory();
    }

    /// Brings the log of writes into the file, as far as no reader needs it, so that the next start need not.
    ///
    /// # Errors
    /// It stays in the log, where it is as safe.
    pub fn settle(&mut self) -> Result<(), JournalError> {
        let settled = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        settled.map_err(|error| JournalError::of(&self.path, &error))
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A connection that is ready, what the journal knew, and the gap until now.
type Begun = (Connection, Kept, Option<(Millis, Millis)>);

fn begin(path: &Path, now: Millis, flap_within_ms: i64) -> Result<Begun, JournalError> {
    let mut connection = open_to_write(path, MIGRATIONS)?;
    let begun = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gap = start(&transaction, now)?;
        let kept = kept::load(&transaction, Millis(now.0.saturating_sub(flap_within_ms)))?;
        transaction.commit()?;
        Ok::<_, rusqlite::Error>((kept, gap))
    })();
    match begun {
        Ok((kept, gap)) => Ok((connection, kept, gap)),
        // Our version without one of our tables.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            Err(JournalError::Corrupt(path.to_owned(), error.to_string()))
        }
        Err(error) => Err(JournalError::of(path, &error)),
    }
}

/// Notes that somebody watches again.
fn start(transaction: &Transaction<'_>, now: Millis) -> rusqlite::Result<Option<(Millis, Millis)>> {
    let heartbeat: Option<i64> =
        transaction.query_row("SELECT heartbeat FROM watch WHERE id = 1", [], |row| row.get(0)).optional()?;
    let Some(heartbeat) = heartbeat else {
        transaction.execute("INSERT INTO watch (id, began, heartbeat) VALUES (1, ?1, ?1)", [now.0])?;
        return Ok(None);
    };
    // What was written after the last heartbeat is a sign of life too.
    let alive = heartbeat.max(kept::last_transition(transaction)?.unwrap_or(heartbeat));
    if alive >= now.0 {
        return Ok(None);
    }
    gap(transaction, Millis(alive), now)?;
    transaction.execute("UPDATE watch SET heartbeat = ?1", [now.0])?;
    Ok(Some((Millis(alive), now)))
}

/// The last counts of each object in a batch.
fn last_counts(entries: &[Entry]) -> HashMap<&ObjectName, &Counts> {
    let mut last = HashMap::new();
    for entry in entries {
        if let Entry::Counts(counts) = entry {
            last.insert(&counts.name, counts);
        }
    }
    last
}

/// A heartbeat: if it is late, nobody watched since the last one.
fn beat(transaction: &Transaction<'_>, alive: &mut Millis, at: Millis) -> rusqlite::Result<()> {
    if at.since(*alive) > HEARTBEAT_LATE_MS {
        gap(transaction, *alive, at)?;
    }
    *alive = at.max(*alive);
    Ok(())
}

/// Nobody watched in this time, nor in those known already that it meets: they become one.
fn gap(transaction: &Transaction<'_>, since: Millis, until: Millis) -> rusqlite::Result<()> {
    if until <= since {
        return Ok(());
    }
    let meets = "since <= ?2 AND until >= ?1";
    let (from, to) = transaction.query_row(
        &format!(
            "SELECT min(?1, ifnull(min(since), ?1)), max(?2, ifnull(max(until), ?2)) FROM gap WHERE {meets}"
        ),
        [since.0, until.0],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    transaction.execute(&format!("DELETE FROM gap WHERE {meets}"), [since.0, until.0])?;
    transaction.execute("INSERT INTO gap (since, until) VALUES (?1, ?2)", [from, to])?;
    Ok(())
}

fn write_one(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<()> {
    match entry {
        Entry::Watched { names, at } => {
            names.iter().try_for_each(|name| objects::watched(transaction, name, *at))
        }
        Entry::Transition(transition) => objects::transition(transaction, transition),
        Entry::Stands { name, standing, since, at } => {
            objects::stands(transaction, name, standing, *since, *at)
        }
        Entry::Counts(counts) => objects::counts(transaction, counts),
        Entry::Forget { name, at } => objects::forget(transaction, name, *at),
        Entry::Defined(definitions) => definitions::defined(transaction, definitions),
        Entry::Reporter(reporter) => objects::reporter(transaction, reporter),
        // Of these the writer keeps what it needs itself.
        Entry::Heartbeat(_) | Entry::Prune(_) | Entry::PruneFigures(_) => Ok(()),
        Entry::Figures { at, measured } => figures::figures(transaction, *at, measured),
        Entry::Gap { since, until } => gap(transaction, *since, *until),
        Entry::Act(act) => acts::act(transaction, act),
        Entry::ActEnded { id, at, by } => acts::act_ended(transaction, *id, *at, by.as_deref()),
        Entry::Window(window) => acts::window(transaction, window),
        Entry::Adjustment(adjustment) => acts::adjustment(transaction, adjustment),
        Entry::AdjustmentUndone { id, at, by } => acts::adjustment_undone(transaction, *id, *at, by),
        Entry::AlertSent(sent) => alerts::sent(transaction, sent),
        Entry::Told(told) => alerts::told(transaction, told),
        Entry::Untold { name, alert } => alerts::untold(transaction, name, alert.as_deref()),
        Entry::Incident(incident) => alerts::incident(transaction, incident),
        Entry::IncidentEvent { incident, at, event, text } => {
            alerts::incident_event(transaction, *incident, *at, event, text)
        }
        Entry::Balanced { table, server, what } => balanced(transaction, table, server, what.as_deref()),
    }
}

fn balanced(
    transaction: &Transaction<'_>,
    table: &str,
    server: &str,
    what: Option<&str>,
) -> rusqlite::Result<()> {
    match what {
        Some(what) => transaction
            .prepare_cached(r#"INSERT OR REPLACE INTO balanced ("table", server, what) VALUES (?1, ?2, ?3)"#)?
            .execute(params![table, server, cut(what)])?,
        None => transaction
            .prepare_cached(r#"DELETE FROM balanced WHERE "table" = ?1 AND server = ?2"#)?
            .execute([table, server])?,
    };
    Ok(())
}

/// As much of `text` as the journal keeps.
fn cut(text: &str) -> &str {
    let end = (0..=TEXT_OCTETS.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}
