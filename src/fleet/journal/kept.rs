//! What a start of the watcher needs of the journal.

use super::limits::{MEASURED_CHUNKS, RECENT_PER_OBJECT};
use super::read::{acts_of, adjustments_of, incidents_of};
use super::{Act, Adjustment, CHUNK_SLOTS, Incident, Reporter, Told, Window, slot_of, standing_of, state_of};
use crate::figure::Measure;
use crate::object::ObjectName;
use crate::state::{Standing, State};
use crate::time::Millis;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// What the journal knew when it was opened.
#[derive(Debug, Default)]
pub struct Kept {
    /// Every object that was watched.
    pub objects: HashMap<ObjectName, KeptObject>,
    /// Acts that are in force, or still to come, in the order in which they were made.
    pub acts: Vec<Act>,
    /// Windows of maintenance that had begun and not ended by the last sign of life.
    pub windows: Vec<Window>,
    /// Corrections that count.
    pub adjustments: Vec<Adjustment>,
    /// Who was told of failures that were not over.
    pub told: Vec<Told>,
    /// Incidents that are not closed.
    pub incidents: Vec<Incident>,
    /// What was set in the balancers' tables: table, server, what.
    pub balanced: Vec<(String, String, String)>,
    /// What was measured of whom within a day of the last sign of life.
    pub measured: Vec<(ObjectName, Measure)>,
    /// Since when there is a journal.
    pub began: Millis,
    /// The last sign of life before, or now where that is later.
    pub heartbeat: Millis,
    /// The latest time in it: the journal's own never runs back behind this.
    pub last: Millis,
    /// The highest number of an act until now.
    pub last_act: i64,
    /// Of an adjustment.
    pub last_adjustment: i64,
    /// Of an incident.
    pub last_incident: i64,
}

/// What the journal knew of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptObject {
    /// Where it stood.
    pub standing: Standing,
    /// Its last transition, or since when it is watched.
    pub at: Millis,
    /// Since when it was in this state, whatever code it had.
    pub since: Millis,
    /// Failures in a row.
    pub failures: u32,
    /// Successes in a row.
    pub successes: u32,
    /// Milliseconds of probing without a success.
    pub silent_ms: i64,
    /// The state that was decided by counting; none: nothing was yet.
    pub settled: Option<State>,
    /// Since when it goes up and down; none: it does not.
    pub flapping: Option<Millis>,
    /// Of a service or node: from its first ko until it is up again; none: it does not fail.
    pub failing: Option<Millis>,
    /// When its state changed within the time that was asked for, oldest first.
    pub recent: Vec<Millis>,
    /// What it has promised, where it reports.
    pub reporter: Option<Reporter>,
}

/// The time of the last transition, if there is one.
pub(super) fn last_transition(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT max(at) FROM transition", [], |row| row.get(0))
}

/// Reads it all. State transitions from `recent` on are told.
pub(super) fn load(connection: &Connection, recent: Millis) -> rusqlite::Result<Kept> {
    let mut kept = Kept { objects: objects(connection)?, ..Kept::default() };
    reporters(connection, &mut kept.objects)?;
    recent_changes(connection, recent, &mut kept.objects)?;
    (kept.began, kept.heartbeat) = connection.query_row("SELECT began, heartbeat FROM watch", [], |row| {
        Ok((Millis(row.get(0)?), Millis(row.get(1)?)))
    })?;
    let last_row = last_transition(connection)?.map_or(kept.heartbeat, Millis);
    let last_object = kept.objects.values().map(|object| object.at).max().unwrap_or_default();
    let last_gone: Option<i64> =
        connection.query_row("SELECT max(gone) FROM object", [], |row| row.get(0))?;
    kept.last = kept.heartbeat.max(last_row).max(last_object).max(Millis(last_gone.unwrap_or_default()));
    kept.acts = acts_of(connection, "WHERE ended IS NULL ORDER BY id", &[])?;
    kept.adjustments = adjustments_of(connection, "WHERE undone IS NULL ORDER BY id")?;
    kept.incidents = incidents_of(connection, "WHERE closed IS NULL ORDER BY id")?;
    kept.windows = windows(connection, kept.heartbeat)?;
    kept.told = told(connection)?;
    kept.balanced = balanced(connection)?;
    kept.measured = measured(connection, kept.heartbeat)?;
    kept.last_act = last_number(connection, "act")?;
    kept.last_adjustment = last_number(connection, "adjustment")?;
    kept.last_incident = last_number(connection, "incident")?;
    Ok(kept)
}

fn objects(connection: &Connection) -> rusqlite::Result<HashMap<ObjectName, KeptObject>> {
    let mut statement = connection.prepare(
        "SELECT name, standing, code, reason, at, since, failures, successes, silent, settled, flapping, failing
         FROM standing CROSS JOIN object ON object.id = standing.object",
    )?;
    let mut rows = statement.query([])?;
    let mut objects = HashMap::new();
    while let Some(row) = rows.next()? {
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        let settled: Option<u8> = row.get(9)?;
        let object = KeptObject {
            standing: standing_of(row.get(1)?, row.get(2)?, row.get(3)?),
            at: Millis(row.get(4)?),
            since: Millis(row.get(5)?),
            failures: row.get(6)?,
            successes: row.get(7)?,
            silent_ms: row.get(8)?,
            settled: settled.and_then(State::from_number),
            flapping: row.get::<_, Option<i64>>(10)?.map(Millis),
            failing: row.get::<_, Option<i64>>(11)?.map(Millis),
            recent: Vec::new(),
            reporter: None,
        };
        objects.insert(name, object);
    }
    Ok(objects)
}

/// The object of this name. None for what cannot be one, which only others can have written.
fn name_of(text: &str) -> Option<ObjectName> {
    ObjectName::parse(text).ok()
}

fn reporters(connection: &Connection, objects: &mut HashMap<ObjectName, KeptObject>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT name, taken_in, periods FROM reporter CROSS JOIN object ON object.id = reporter.object",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        let periods = row.get_ref(2)?.as_str()?.split(' ').filter_map(|period| period.parse().ok()).collect();
        let reporter = Reporter { name, taken_in: row.get(1)?, periods };
        if let Some(object) = objects.get_mut(&reporter.name) {
            object.reporter = Some(reporter);
        }
    }
    Ok(())
}

fn recent_changes(
    connection: &Connection,
    since: Millis,
    objects: &mut HashMap<ObjectName, KeptObject>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT name, at, old, new FROM transition INDEXED BY transition_by_time
         JOIN object ON object.id = transition.object WHERE at >= ?1 ORDER BY at",
    )?;
    let mut rows = statement.query([since.0])?;
    while let Some(row) = rows.next()? {
        if state_of(row.get(2)?).0 == state_of(row.get(3)?).0 {
            continue;
        }
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        if let Some(object) = objects.get_mut(&name) {
            if object.recent.len() >= RECENT_PER_OBJECT {
                object.recent.remove(0);
            }
            object.recent.push(Millis(row.get(1)?));
        }
    }
    Ok(())
}

fn windows(connection: &Connection, now: Millis) -> rusqlite::Result<Vec<Window>> {
    let mut statement = connection
        .prepare("SELECT name, since, until, text FROM maintenance WHERE until > ?1 ORDER BY since, id")?;
    let mut rows = statement.query([now.0])?;
    let mut windows = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        let (since, until) = (Millis(row.get(1)?), Millis(row.get(2)?));
        windows.push(Window { name, since, until, text: row.get(3)? });
    }
    Ok(windows)
}

fn told(connection: &Connection) -> rusqlite::Result<Vec<Told>> {
    let mut statement = connection.prepare(
        "SELECT name, alert, step, failing, first, last, count, command, note FROM told ORDER BY name, alert, step",
    )?;
    let mut rows = statement.query([])?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        told.push(Told {
            name,
            alert: row.get(1)?,
            step: row.get(2)?,
            failing: Millis(row.get(3)?),
            first: Millis(row.get(4)?),
            last: Millis(row.get(5)?),
            count: row.get(6)?,
            command: row.get(7)?,
            note: row.get(8)?,
        });
    }
    Ok(told)
}

fn balanced(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut statement =
        connection.prepare(r#"SELECT "table", server, what FROM balanced ORDER BY "table", server"#)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn measured(connection: &Connection, now: Millis) -> rusqlite::Result<Vec<(ObjectName, Measure)>> {
    let mut statement = connection.prepare(
        "SELECT name, label, unit FROM series JOIN object ON object.id = series.object WHERE last >= ?1 ORDER BY series.id",
    )?;
    let mut rows = statement.query([slot_of(now).div_euclid(CHUNK_SLOTS) - MEASURED_CHUNKS])?;
    let mut measured = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(name) = name_of(row.get_ref(0)?.as_str()?) else { continue };
        measured.push((name, Measure::performance(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?)));
    }
    Ok(measured)
}

/// The highest number that `table` ever gave: also of rows that are gone.
fn last_number(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    let number = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get(0))
        .optional()?;
    Ok(number.unwrap_or(0))
}
