//! Figures: those of five minutes become one row, and when a chunk is over those of each series do.

use super::objects::number;
use crate::figure::Figure;
use crate::journal::packed::{pack, unpack};
use crate::journal::{CHUNK_SLOTS, Measured, key_of, slot_of};
use crate::time::Millis;
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// Enters the figures of the five minutes in which `at` lies, beside those of the same that are there already: before a
/// restart, or while the clock stands still, they are entered in parts.
pub(super) fn figures(
    transaction: &Transaction<'_>,
    at: Millis,
    measured: &[Measured],
) -> rusqlite::Result<()> {
    if measured.is_empty() {
        return Ok(());
    }
    let slot = slot_of(at);
    let mut all = BTreeMap::new();
    for one in measured {
        add(&mut all, series(transaction, one, at)?, one.figure);
    }
    let before = "SELECT figures FROM figure_new WHERE at = ?1";
    let before: Option<Vec<u8>> =
        transaction.prepare_cached(before)?.query_row([slot], |row| row.get(0)).optional()?;
    for (series, figure) in unpack(before.as_deref().unwrap_or_default()) {
        add(&mut all, series, figure);
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO figure_new (at, figures) VALUES (?1, ?2)")?
        .execute(params![slot, pack(all)])?;
    let chunk = slot.div_euclid(CHUNK_SLOTS);
    let oldest = "SELECT min(at) FROM figure_new WHERE at < ?1";
    let mut oldest = transaction.prepare_cached(oldest)?;
    while let Some(slot) =
        oldest.query_row([chunk.saturating_mul(CHUNK_SLOTS)], |row| row.get::<_, Option<i64>>(0))?
    {
        close(transaction, slot.div_euclid(CHUNK_SLOTS))?;
    }
    Ok(())
}

fn add(all: &mut BTreeMap<u32, Figure>, number: u32, figure: Figure) {
    all.entry(number).and_modify(|there| *there = there.with(figure)).or_insert(figure);
}

/// The number of a series, which it gets if it has none.
fn series(transaction: &Transaction<'_>, one: &Measured, at: Millis) -> rusqlite::Result<u32> {
    let (label, unit) = (one.measure.label(), one.measure.unit());
    let known = transaction
        .prepare_cached(
            "SELECT series.id FROM object JOIN series ON object = object.id
             WHERE name = ?1 AND label = ?2 AND unit = ?3",
        )?
        .query_row(params![one.name.as_str(), label, unit], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let object = number(transaction, &one.name, at)?;
    transaction
        .prepare_cached(
            "INSERT INTO series (object, label, unit, last) VALUES (?1, ?2, ?3, ?4) RETURNING id",
        )?
        .query_row(params![object, label, unit, slot_of(at).div_euclid(CHUNK_SLOTS)], |row| row.get(0))
}

/// A chunk is over: its rows, each of all series, become one of each series.
fn close(transaction: &Transaction<'_>, chunk: i64) -> rusqlite::Result<()> {
    let first = chunk.saturating_mul(CHUNK_SLOTS);
    let slots = [first, first.saturating_add(CHUNK_SLOTS)];
    let mut rows =
        transaction.prepare_cached("SELECT at - ?1, figures FROM figure_new WHERE at >= ?1 AND at < ?2")?;
    let rows = rows.query_map(slots, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(u32, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut rows: Vec<_> = rows.iter().map(|(place, octets)| (*place, unpack(octets).peekable())).collect();
    while let Some(series) =
        rows.iter_mut().filter_map(|(_, row)| row.peek()).map(|(series, _)| *series).min()
    {
        let mut figures = BTreeMap::new();
        for (place, row) in &mut rows {
            if let Some((_, figure)) = row.next_if(|(of, _)| *of == series) {
                figures.insert(*place, figure);
            }
        }
        put(transaction, chunk, series, figures)?;
    }
    transaction.prepare_cached("DELETE FROM figure_new WHERE at >= ?1 AND at < ?2")?.execute(slots)?;
    Ok(())
}

/// Enters the figures of a series in a chunk, by their places in it.
fn put(
    transaction: &Transaction<'_>,
    chunk: i64,
    series: u32,
    mut figures: BTreeMap<u32, Figure>,
) -> rusqlite::Result<()> {
    let key = key_of(chunk, series);
    // There is a row only where the clock was set back between two runs.
    let before = "SELECT figures FROM figure WHERE key = ?1";
    let before: Option<Vec<u8>> =
        transaction.prepare_cached(before)?.query_row([key], |row| row.get(0)).optional()?;
    for (place, figure) in unpack(before.as_deref().unwrap_or_default()) {
        add(&mut figures, place, figure);
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO figure (key, figures) VALUES (?1, ?2)")?
        .execute(params![key, pack(figures)])?;
    transaction
        .prepare_cached("UPDATE series SET last = ?2 WHERE id = ?1 AND last < ?2")?
        .execute(params![series, chunk])?;
    Ok(())
}
