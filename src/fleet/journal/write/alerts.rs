//! Alerts, who was told of what, and incidents.

use super::cut;
use crate::journal::{AlertSent, Incident, Told};
use crate::object::ObjectName;
use crate::time::Millis;
use rusqlite::{Transaction, params};

pub(super) fn sent(transaction: &Transaction<'_>, sent: &AlertSent) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO alert (at, name, alert, event, step, command, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        sent.at.0,
        sent.name.as_str(),
        sent.alert,
        sent.event,
        sent.step,
        cut(&sent.command),
        cut(&sent.result),
    ])?;
    Ok(())
}

/// Whole, however long: a recovery runs what stands in it.
pub(super) fn told(transaction: &Transaction<'_>, told: &Told) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO told (name, alert, step, failing, first, last, count, command, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        told.name.as_str(),
        told.alert,
        told.step,
        told.failing.0,
        told.first.0,
        told.last.0,
        told.count,
        told.command,
        told.note,
    ])?;
    Ok(())
}

pub(super) fn untold(
    transaction: &Transaction<'_>,
    name: &ObjectName,
    alert: Option<&str>,
) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("DELETE FROM told WHERE name = ?1 AND (?2 IS NULL OR alert = ?2)")?;
    statement.execute(params![name.as_str(), alert])?;
    Ok(())
}

pub(super) fn incident(transaction: &Transaction<'_>, incident: &Incident) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO incident (id, name, opened, acknowledged, closed, who, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        incident.id,
        incident.name.as_str(),
        incident.opened.0,
        incident.acknowledged.map(|at| at.0),
        incident.closed.map(|at| at.0),
        incident.who.as_deref().map(cut),
        incident.note,
    ])?;
    let mut statement = transaction
        .prepare_cached("INSERT OR IGNORE INTO incident_member (incident, name) VALUES (?1, ?2)")?;
    for member in &incident.members {
        statement.execute(params![incident.id, member.as_str()])?;
    }
    Ok(())
}

pub(super) fn incident_event(
    transaction: &Transaction<'_>,
    incident: i64,
    at: Millis,
    event: &str,
    text: &str,
) -> rusqlite::Result<()> {
    let mut statement = transaction
        .prepare_cached("INSERT INTO incident_event (incident, at, event, text) VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute(params![incident, at.0, event, cut(text)])?;
    Ok(())
}
