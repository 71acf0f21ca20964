//! What happened beside transitions: acts and their ends, corrections, incidents, alerts.

use super::{Happened, LogRow, Ranked, Search};
use crate::journal::ActKind;
use crate::time::Millis;
use rusqlite::Row;

/// Adds the newest rows of one kind, newest first. Whether these are all.
type Source = fn(&Search<'_>, &mut Vec<Ranked>) -> rusqlite::Result<bool>;

/// Where they stand.
pub(super) const SOURCES: [Source; 6] =
    [alerts, acts, acts_ended, adjustments, adjustments_undone, incidents];

/// The newest rows of a table with a time and a name, which are the first two columns that `sql` gives. Whether these
/// are all.
fn others(
    search: &Search<'_>,
    rows: &mut Vec<Ranked>,
    sql: &str,
    make: impl Fn(&Row<'_>) -> rusqlite::Result<Option<Happened>>,
) -> rusqlite::Result<bool> {
    let mut statement = search.look.connection.prepare_cached(sql)?;
    let mut found = statement.query([search.since, search.before])?;
    let mut taken = 0;
    while let Some(row) = found.next()? {
        if taken > search.limit || search.look.go_on().is_err() {
            return Ok(false);
        }
        let name: String = row.get(1)?;
        if !search.sieve.takes(&name) {
            continue;
        }
        if let Some(what) = make(row)? {
            let at: i64 = row.get(0)?;
            rows.push((at, (what.rank(), 0), LogRow { at: Millis(at), name, what }));
            taken += 1;
        }
    }
    Ok(true)
}

fn alerts(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql = "SELECT at, name, alert, event, step, command, result FROM alert
         WHERE at >= ?1 AND at < ?2 ORDER BY at DESC, id DESC";
    let make = |row: &Row<'_>| {
        let (alert, event, step) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Some(Happened::Alert { alert, event, step, command: row.get(5)?, result: row.get(6)? }))
    };
    others(search, rows, sql, make)
}

fn acts(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql = "SELECT at, name, kind, who, text, until FROM act
         WHERE at >= ?1 AND at < ?2 ORDER BY at DESC, id DESC";
    let make = |row: &Row<'_>| {
        let kind = ActKind::from_word(row.get_ref(2)?.as_str()?);
        let (who, text, until) = (row.get(3)?, row.get(4)?, row.get::<_, Option<i64>>(5)?.map(Millis));
        Ok(kind.map(|kind| Happened::Act { act: kind.word(), who, text, until }))
    };
    others(search, rows, sql, make)
}

fn acts_ended(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql = "SELECT ended, name, kind, ended_by FROM act
         WHERE ended IS NOT NULL AND ended >= ?1 AND ended < ?2 ORDER BY ended DESC, id DESC";
    let make = |row: &Row<'_>| {
        let kind = ActKind::from_word(row.get_ref(2)?.as_str()?);
        let who = row.get(3)?;
        Ok(kind.map(|kind| Happened::Act { act: kind.undoing(), who, text: String::new(), until: None }))
    };
    others(search, rows, sql, make)
}

fn adjustments(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql = "SELECT at, name, who, text FROM adjustment
         WHERE at >= ?1 AND at < ?2 ORDER BY at DESC, id DESC";
    let make = |row: &Row<'_>| {
        Ok(Some(Happened::Act { act: "adjust", who: row.get(2)?, text: row.get(3)?, until: None }))
    };
    others(search, rows, sql, make)
}

fn adjustments_undone(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql = "SELECT undone, name, undone_by, text FROM adjustment
         WHERE undone >= ?1 AND undone < ?2 ORDER BY undone DESC, id DESC";
    let make = |row: &Row<'_>| {
        Ok(Some(Happened::Act { act: "unadjust", who: row.get(2)?, text: row.get(3)?, until: None }))
    };
    others(search, rows, sql, make)
}

fn incidents(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let sql =
        "SELECT incident_event.at, incident.name, incident.id, incident_event.event, incident_event.text
         FROM incident_event JOIN incident ON incident.id = incident_event.incident
         WHERE incident_event.at >= ?1 AND incident_event.at < ?2
         ORDER BY incident_event.at DESC, incident_event.id DESC";
    let make = |row: &Row<'_>| {
        let (id, event, text) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Some(Happened::Incident { id, event, text }))
    };
    others(search, rows, sql, make)
}
