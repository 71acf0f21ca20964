//! Acts, windows of maintenance, corrections and incidents as they stand in the journal. Rows that only others can
//! have written, with names that are none, are left out.

use crate::journal::{Act, ActKind, Adjustment, Incident, Window};
use crate::object::ObjectName;
use crate::state::State;
use crate::time::Millis;
use rusqlite::{Connection, Row, params_from_iter};

/// A time that may be missing.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Millis>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Millis))
}

/// The acts of this condition, which is ours.
pub(in crate::journal) fn acts_of(
    connection: &Connection,
    condition: &str,
    parameters: &[i64],
) -> rusqlite::Result<Vec<Act>> {
    let columns = "id, kind, name, who, at, since, until, text, ended, ended_by";
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM act {condition}"))?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut acts = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(kind) = ActKind::from_word(row.get_ref(1)?.as_str()?) else { continue };
        acts.push(Act {
            id: row.get(0)?,
            kind,
            name: row.get(2)?,
            who: row.get(3)?,
            at: Millis(row.get(4)?),
            since: Millis(row.get(5)?),
            until: time(row, 6)?,
            text: row.get(7)?,
            ended: time(row, 8)?,
            ended_by: row.get(9)?,
        });
    }
    Ok(acts)
}

/// The corrections of this condition, which is ours.
pub(in crate::journal) fn adjustments_of(
    connection: &Connection,
    condition: &str,
) -> rusqlite::Result<Vec<Adjustment>> {
    let columns = "id, name, since, until, state, who, at, text, undone, undone_by";
    let mut statement =
        connection.prepare_cached(&format!("SELECT {columns} FROM adjustment {condition}"))?;
    let mut rows = statement.query([])?;
    let mut adjustments = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(name) = ObjectName::parse(row.get_ref(1)?.as_str()?) else { continue };
        let state: u8 = row.get(4)?;
        adjustments.push(Adjustment {
            id: row.get(0)?,
            name,
            since: Millis(row.get(2)?),
            until: Millis(row.get(3)?),
            state: State::from_number(state).unwrap_or_default(),
            who: row.get(5)?,
            at: Millis(row.get(6)?),
            text: row.get(7)?,
            undone: time(row, 8)?,
            undone_by: row.get(9)?,
        });
    }
    Ok(adjustments)
}

/// The incidents of this condition, which is ours, with their members by name.
pub(in crate::journal) fn incidents_of(
    connection: &Connection,
    condition: &str,
) -> rusqlite::Result<Vec<Incident>> {
    let columns = "id, name, opened, acknowledged, closed, who, note";
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM incident {condition}"))?;
    let mut members_of =
        connection.prepare_cached("SELECT name FROM incident_member WHERE incident = ?1 ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut incidents = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(name) = ObjectName::parse(row.get_ref(1)?.as_str()?) else { continue };
        let id: i64 = row.get(0)?;
        let mut members = Vec::new();
        let mut names = members_of.query([id])?;
        while let Some(row) = names.next()? {
            members.extend(ObjectName::parse(row.get_ref(0)?.as_str()?).ok());
        }
        incidents.push(Incident {
            id,
            name,
            opened: Millis(row.get(2)?),
            acknowledged: time(row, 3)?,
            closed: time(row, 4)?,
            who: row.get(5)?,
            note: row.get(6)?,
            members,
        });
    }
    Ok(incidents)
}

/// What became of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentEvent {
    /// When.
    pub at: Millis,
    /// `open`, `update`, `acknowledge`, `close`, `late`.
    pub event: String,
    /// For people.
    pub text: String,
}

/// What became of an incident, oldest first.
pub(super) fn incident_events(connection: &Connection, id: i64) -> rusqlite::Result<Vec<IncidentEvent>> {
    let mut statement = connection
        .prepare_cached("SELECT at, event, text FROM incident_event WHERE incident = ?1 ORDER BY at, id")?;
    let events = statement.query_map([id], |row| {
        Ok(IncidentEvent { at: Millis(row.get(0)?), event: row.get(1)?, text: row.get(2)? })
    })?;
    events.collect()
}

/// Windows that were between `from` and `to`.
pub(super) fn windows(connection: &Connection, from: Millis, to: Millis) -> rusqlite::Result<Vec<Window>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, since, until, text FROM maintenance WHERE until > ?1 AND since < ?2 ORDER BY since, id",
    )?;
    let mut rows = statement.query([from.0, to.0])?;
    let mut windows = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(name) = ObjectName::parse(row.get_ref(0)?.as_str()?) else { continue };
        let (since, until) = (Millis(row.get(1)?), Millis(row.get(2)?));
        windows.push(Window { name, since, until, text: row.get(3)? });
    }
    Ok(windows)
}
