//! Objects, how they stand, and what changed of them.

use super::cut;
use crate::journal::{Counts, Reporter, chunk_of, number_of, standing_of, state_of};
use crate::object::ObjectName;
use crate::state::{Standing, State};
use crate::time::Millis;
use crate::transition::Transition;
use oco::logic::code::Code;
use rusqlite::{OptionalExtension, Transaction, params};

/// What the journal has of an object before a change.
#[derive(Debug, Clone, Copy)]
struct Before {
    id: i64,
    /// Since when it is not watched any more.
    gone: Option<i64>,
    /// How it stands; none where it is not watched.
    last: Option<Last>,
}

/// How an object stands.
#[derive(Debug, Clone, Copy)]
struct Last {
    state: State,
    at: i64,
    n: i64,
    since: i64,
}

fn before(transaction: &Transaction<'_>, name: &ObjectName) -> rusqlite::Result<Option<Before>> {
    let mut statement = transaction.prepare_cached(
        "SELECT id, gone, standing, at, n, since FROM object LEFT JOIN standing ON object = id WHERE name = ?1",
    )?;
    let row = statement.query_row([name.as_str()], |row| {
        let standing: Option<i64> = row.get(2)?;
        let last = match standing {
            None => None,
            Some(standing) => {
                let state = state_of(standing).0;
                Some(Last { state, at: row.get(3)?, n: row.get(4)?, since: row.get(5)? })
            }
        };
        Ok(Before { id: row.get(0)?, gone: row.get(1)?, last })
    });
    row.optional()
}

/// The number of an object, which it gets if it has none.
pub(super) fn number(transaction: &Transaction<'_>, name: &ObjectName, at: Millis) -> rusqlite::Result<i64> {
    let mut statement = transaction.prepare_cached("SELECT id FROM object WHERE name = ?1")?;
    match statement.query_row([name.as_str()], |row| row.get(0)).optional()? {
        Some(id) => Ok(id),
        None => begin(transaction, name, at),
    }
}

fn begin(transaction: &Transaction<'_>, name: &ObjectName, at: Millis) -> rusqlite::Result<i64> {
    let mut statement =
        transaction.prepare_cached("INSERT INTO object (name, kind, began) VALUES (?1, ?2, ?3)")?;
    statement.insert(params![name.as_str(), name.kind().number(), at.0])
}

/// The first moment at which something may be noted of an object that came back: behind the row of its going.
fn behind(gone: Option<i64>, at: Millis) -> i64 {
    gone.map_or(at.0, |gone| at.0.max(gone.saturating_add(1)))
}

pub(super) fn watched(transaction: &Transaction<'_>, name: &ObjectName, at: Millis) -> rusqlite::Result<()> {
    let (id, at) = match before(transaction, name)? {
        Some(Before { last: Some(_), .. }) => return Ok(()),
        Some(Before { id, gone, last: None }) => {
            back(transaction, id, gone)?;
            (id, behind(gone, at))
        }
        None => (begin(transaction, name, at)?, at.0),
    };
    stand(transaction, id, &Standing::default(), at, 0, at)
}

pub(super) fn transition(transaction: &Transaction<'_>, change: &Transition) -> rusqlite::Result<()> {
    let Transition { name, new, old, .. } = change;
    let depends = match &change.depends_on {
        Some(depends) => Some(number(transaction, depends, change.at)?),
        None => None,
    };
    let (id, at, n, since) = match before(transaction, name)? {
        None => (begin(transaction, name, change.at)?, change.at.0, 0, change.at.0),
        Some(Before { id, gone, last: None }) => {
            back(transaction, id, gone)?;
            let at = behind(gone, change.at);
            (id, at, 0, at)
        }
        Some(Before { id, last: Some(last), .. }) => {
            // Time never runs backwards.
            let at = change.at.0.max(last.at);
            let n = if at == last.at { last.n.saturating_add(1) } else { 0 };
            (id, at, n, if last.state == new.state { last.since } else { at })
        }
    };
    row(transaction, id, Millis(at), n, old, new, depends)?;
    stand(transaction, id, new, at, n, since)
}

/// Appends the row of a change.
fn row(
    transaction: &Transaction<'_>,
    id: i64,
    at: Millis,
    n: i64,
    old: &Standing,
    new: &Standing,
    depends: Option<i64>,
) -> rusqlite::Result<()> {
    let old_code = old.code.filter(|_| old.state == new.state && old.code != new.code);
    let reason = Some(cut(&new.reason)).filter(|reason| !reason.is_empty());
    let mut statement = transaction.prepare_cached(
        "INSERT INTO transition (chunk, object, at, n, old, new, code, old_code, reason, depends)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        chunk_of(at),
        id,
        at.0,
        n,
        number_of(old.state, old.planned),
        number_of(new.state, new.planned),
        new.code.map(Code::number),
        old_code.map(Code::number),
        reason,
        depends,
    ])?;
    Ok(())
}

/// Notes how an object stands, whether it did before or not.
fn stand(
    transaction: &Transaction<'_>,
    id: i64,
    standing: &Standing,
    at: i64,
    n: i64,
    since: i64,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO standing (object, standing, code, reason, at, n, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (object) DO UPDATE SET standing = ?2, code = ?3, reason = ?4, at = ?5, n = ?6, since = ?7",
    )?;
    let number = number_of(standing.state, standing.planned);
    let inserted = statement.execute(params![
        id,
        number,
        standing.code.map(Code::number),
        cut(&standing.reason),
        at,
        n,
        since
    ])?;
    debug_assert_eq!(inserted, 1);
    Ok(())
}

/// Whoever had gone is back.
fn back(transaction: &Transaction<'_>, id: i64, gone: Option<i64>) -> rusqlite::Result<()> {
    if gone.is_some() {
        transaction.prepare_cached("UPDATE object SET gone = NULL WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

pub(super) fn counts(transaction: &Transaction<'_>, counts: &Counts) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE standing SET failures = ?2, successes = ?3, silent = ?4, settled = ?5, flapping = ?6,
                failing = ?7
         WHERE object = (SELECT id FROM object WHERE name = ?1)",
    )?;
    statement.execute(params![
        counts.name.as_str(),
        counts.failures,
        counts.successes,
        counts.silent_ms,
        counts.settled.map(State::number),
        counts.flapping.map(|at| at.0),
        counts.failing.map(|at| at.0),
    ])?;
    Ok(())
}

/// How the journal has an object, but for its reason.
fn noted(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<Standing> {
    let mut statement =
        transaction.prepare_cached("SELECT standing, code FROM standing WHERE object = ?1")?;
    statement.query_row([id], |row| Ok(standing_of(row.get(0)?, row.get(1)?, None)))
}

pub(super) fn stands(
    transaction: &Transaction<'_>,
    name: &ObjectName,
    new: &Standing,
    since: Millis,
    at: Millis,
) -> rusqlite::Result<()> {
    watched(transaction, name, at)?;
    let Some(Before { id, last: Some(last), .. }) = before(transaction, name)? else { return Ok(()) };
    let old = noted(transaction, id)?;
    if (old.state, old.code, old.planned) == (new.state, new.code, new.planned) {
        return Ok(());
    }
    let at = at.0.max(last.at);
    let n = if at == last.at { last.n.saturating_add(1) } else { 0 };
    row(transaction, id, Millis(at), n, &old, new, None)?;
    stand(transaction, id, new, at, n, since.0.min(at))
}

pub(super) fn forget(transaction: &Transaction<'_>, name: &ObjectName, at: Millis) -> rusqlite::Result<()> {
    let Some(Before { id, last: Some(last), .. }) = before(transaction, name)? else { return Ok(()) };
    let old = noted(transaction, id)?;
    let at = at.0.max(last.at);
    if number_of(old.state, old.planned) != number_of(State::Unknown, false) {
        let n = if at == last.at { last.n.saturating_add(1) } else { 0 };
        row(transaction, id, Millis(at), n, &old, &Standing::unknown("no longer watched"), None)?;
    }
    transaction.prepare_cached("UPDATE object SET gone = ?2 WHERE id = ?1")?.execute([id, at])?;
    transaction.prepare_cached("DELETE FROM standing WHERE object = ?1")?.execute([id])?;
    transaction.prepare_cached("DELETE FROM reporter WHERE object = ?1")?.execute([id])?;
    Ok(())
}

pub(super) fn reporter(transaction: &Transaction<'_>, reporter: &Reporter) -> rusqlite::Result<()> {
    let periods: Vec<String> = reporter.periods.iter().map(i64::to_string).collect();
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO reporter (object, taken_in, periods)
         SELECT id, ?2, ?3 FROM object WHERE name = ?1",
    )?;
    statement.execute(params![reporter.name.as_str(), reporter.taken_in, periods.join(" ")])?;
    Ok(())
}
