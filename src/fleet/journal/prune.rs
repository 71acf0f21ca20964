//! What is too old to be kept goes, a few rows at a time, so that nobody waits for it.

use super::{CHUNK_SLOTS, key_of, slot_of};
use crate::time::Millis;
use rusqlite::{Connection, TransactionBehavior, params};

/// Old rows of each table with a time, oldest first. `?1` is the time, `?2` how many at most.
const OTHERS: [&str; 7] = [
    "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE at < ?1 ORDER BY at LIMIT ?2)",
    "DELETE FROM act WHERE id IN (SELECT id FROM act WHERE ended < ?1 ORDER BY ended LIMIT ?2)",
    "DELETE FROM maintenance WHERE id IN (SELECT id FROM maintenance WHERE until < ?1 ORDER BY until LIMIT ?2)",
    "DELETE FROM adjustment WHERE id IN (SELECT id FROM adjustment WHERE until < ?1 LIMIT ?2)",
    "DELETE FROM incident_event WHERE id IN (SELECT id FROM incident_event WHERE at < ?1 ORDER BY at LIMIT ?2)",
    "DELETE FROM incident_member WHERE incident IN
         (SELECT id FROM incident WHERE opened < ?1 AND closed < ?1 ORDER BY opened LIMIT ?2)",
    "DELETE FROM incident WHERE id IN
         (SELECT id FROM incident WHERE opened < ?1 AND closed < ?1 ORDER BY opened LIMIT ?2)",
];

/// Takes them out. How many transitions went.
pub(super) fn prune(connection: &mut Connection, before: Millis, at_most: u32) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let gone = transaction
        .prepare_cached(
            "DELETE FROM transition WHERE (chunk, object, at, n) IN
                 (SELECT chunk, object, at, n FROM transition INDEXED BY transition_by_time
                  WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute(params![before.0, at_most])?;
    for statement in OTHERS {
        transaction.prepare_cached(statement)?.execute(params![before.0, at_most])?;
    }
    if gone == 0 {
        // All of their rows are gone: nothing speaks of them any more.
        transaction
            .prepare_cached(
                "DELETE FROM object WHERE id IN (SELECT id FROM object WHERE gone < ?1 LIMIT ?2)",
            )?
            .execute(params![before.0, at_most])?;
    }
    // How it was before that can't be told any more.
    transaction
        .prepare_cached("UPDATE watch SET began = ?1 WHERE began < ?1 AND ?2 > 0")?
        .execute(params![before.0, u32::try_from(gone).unwrap_or(u32::MAX)])?;
    // Nobody asks for gaps of before.
    transaction.prepare_cached("DELETE FROM gap WHERE until <= (SELECT began FROM watch)")?.execute([])?;
    transaction.commit()?;
    Ok(gone)
}

/// Takes out figures of chunks that were over then, and series without any since. How many rows of figures went.
pub(super) fn prune_figures(
    connection: &mut Connection,
    before: Millis,
    at_most: u32,
) -> rusqlite::Result<usize> {
    let chunk = slot_of(before).div_euclid(CHUNK_SLOTS);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let old = "DELETE FROM figure WHERE key IN (SELECT key FROM figure WHERE key < ?1 ORDER BY key LIMIT ?2)";
    let gone = transaction.prepare_cached(old)?.execute(params![key_of(chunk, 0), at_most])?;
    // Those of a chunk that goes on when nothing is measured any more.
    let new = "DELETE FROM figure_new WHERE at < ?1";
    let new = transaction.prepare_cached(new)?.execute([chunk.saturating_mul(CHUNK_SLOTS)])?;
    transaction
        .prepare_cached("DELETE FROM series WHERE id IN (SELECT id FROM series WHERE last < ?1 LIMIT ?2)")?
        .execute(params![chunk, at_most])?;
    transaction.commit()?;
    Ok(gone.saturating_add(new))
}
