//! Why somebody failed: the transitions to ko, and from one code or reason of ko to another.

use super::spans::find;
use super::{Look, chunks};
use crate::journal::{chunk_of, state_of};
use crate::object::ObjectName;
use crate::state::State;
use crate::time::Millis;
use rusqlite::OptionalExtension;

/// The time of each transition to ko of an object, with its reason, from `from` until before `to`, by time; and first
/// the last of its transitions before, where that is one to ko.
pub(super) fn failures(
    look: &Look<'_>,
    name: &ObjectName,
    from: Millis,
    to: Millis,
) -> rusqlite::Result<Vec<(Millis, String)>> {
    let Some(found) = find(look, name)? else { return Ok(Vec::new()) };
    let Some((first, last)) = chunks(look)? else { return Ok(Vec::new()) };
    let mut failures = Vec::new();
    let mut before = look.connection.prepare_cached(
        "SELECT at, new, reason FROM transition
         WHERE chunk = ?1 AND object = ?2 AND at < ?3 ORDER BY at DESC, n DESC LIMIT 1",
    )?;
    for chunk in (first..=chunk_of(from).min(last)).rev() {
        look.go_on()?;
        let row = before.query_row([chunk, found.id, from.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?))
        });
        if let Some((at, new, reason)) = row.optional()? {
            if state_of(new).0 == State::Ko {
                failures.push((Millis(at), reason.unwrap_or_default()));
            }
            break;
        }
    }
    let mut within = look.connection.prepare_cached(
        "SELECT at, new, reason FROM transition
         WHERE chunk = ?1 AND object = ?2 AND at >= ?3 AND at < ?4 ORDER BY at, n",
    )?;
    for chunk in chunk_of(from).max(first)..=chunk_of(Millis(to.0.saturating_sub(1))).min(last) {
        look.go_on()?;
        let mut rows = within.query([chunk, found.id, from.0, to.0])?;
        while let Some(row) = rows.next()? {
            if state_of(row.get(1)?).0 == State::Ko {
                failures.push((Millis(row.get(0)?), row.get::<_, Option<String>>(2)?.unwrap_or_default()));
            }
        }
    }
    Ok(failures)
}
