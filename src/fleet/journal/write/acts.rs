//! What people did, windows of maintenance, and corrections.

use super::cut;
use crate::journal::{Act, Adjustment, Window};
use crate::time::Millis;
use rusqlite::{Transaction, params};

pub(super) fn act(transaction: &Transaction<'_>, act: &Act) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO act (id, kind, name, who, at, since, until, text, ended, ended_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        act.id,
        act.kind.word(),
        act.name,
        cut(&act.who),
        act.at.0,
        act.since.0,
        act.until.map(|until| until.0),
        cut(&act.text),
        act.ended.map(|ended| ended.0),
        act.ended_by.as_deref().map(cut),
    ])?;
    Ok(())
}

pub(super) fn act_ended(
    transaction: &Transaction<'_>,
    id: i64,
    at: Millis,
    by: Option<&str>,
) -> rusqlite::Result<()> {
    let mut statement = transaction
        .prepare_cached("UPDATE act SET ended = ?2, ended_by = ?3 WHERE id = ?1 AND ended IS NULL")?;
    statement.execute(params![id, at.0, by.map(cut)])?;
    Ok(())
}

pub(super) fn window(transaction: &Transaction<'_>, window: &Window) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO maintenance (name, since, until, text) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name, since) DO UPDATE SET until = ?3, text = ?4",
    )?;
    statement.execute(params![window.name.as_str(), window.since.0, window.until.0, cut(&window.text)])?;
    Ok(())
}

pub(super) fn adjustment(transaction: &Transaction<'_>, adjustment: &Adjustment) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO adjustment (id, name, since, until, state, who, at, text, undone, undone_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        adjustment.id,
        adjustment.name.as_str(),
        adjustment.since.0,
        adjustment.until.0,
        adjustment.state.number(),
        cut(&adjustment.who),
        adjustment.at.0,
        cut(&adjustment.text),
        adjustment.undone.map(|undone| undone.0),
        adjustment.undone_by.as_deref().map(cut),
    ])?;
    Ok(())
}

pub(super) fn adjustment_undone(
    transaction: &Transaction<'_>,
    id: i64,
    at: Millis,
    by: &str,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE adjustment SET undone = ?2, undone_by = ?3 WHERE id = ?1 AND undone IS NULL",
    )?;
    statement.execute(params![id, at.0, cut(by)])?;
    Ok(())
}
