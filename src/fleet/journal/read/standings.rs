//! How everybody stands who is watched, and who stands otherwise since somebody looked last.

use super::{Look, time};
use crate::journal::standing_of;
use crate::object::ObjectName;
use crate::state::Standing;
use crate::time::Millis;
use rusqlite::{OptionalExtension, Row};

/// Where somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// Who.
    pub name: ObjectName,
    /// Where.
    pub standing: Standing,
    /// Since when it is in this state, whatever code it has.
    pub since: Millis,
    /// Since when it goes up and down; none: it does not.
    pub flapping: Option<Millis>,
    /// Of a service or node: from its first ko until it is up again; none: it does not fail.
    pub failing: Option<Millis>,
    /// Whether it is a target that others report of.
    pub reports: bool,
}

/// How far somebody has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    began: i64,
    last_object: i64,
    last_gone: Option<i64>,
    last_transition: Option<i64>,
}

/// What is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These stand otherwise; all the others as they did.
    Some(Vec<Stands>),
    /// There are others than there were, or more news than it is worth to tell each: this is everybody.
    All(Vec<Stands>),
}

/// The cross join has the tables gone through side by side, in the order of their numbers. Left to itself, SQLite goes
/// through the names, each of whose rows lies on another page: of 100,000 that takes seconds.
const COLUMNS: &str = "object.name, standing, code, standing.reason, standing.since, flapping, failing,
    EXISTS (SELECT 1 FROM reporter WHERE reporter.object = object.id)
    FROM standing CROSS JOIN object ON object.id = standing.object";

/// Everybody, or, where `mark` says how far one has looked, who stands otherwise since then: of at most `most` alone.
pub(super) fn news(look: &Look<'_>, mark: Option<Mark>, most: usize) -> rusqlite::Result<(News, Mark)> {
    let here = mark_here(look)?;
    let is_same = |mark: &Mark| {
        (mark.began, mark.last_object, mark.last_gone) == (here.began, here.last_object, here.last_gone)
    };
    let some = match mark.filter(is_same) {
        Some(mark) => changed(look, mark, most)?,
        None => None,
    };
    match some {
        Some(some) => Ok((News::Some(some), here)),
        None => Ok((News::All(all(look)?), here)),
    }
}

fn mark_here(look: &Look<'_>) -> rusqlite::Result<Mark> {
    look.connection.query_row(
        "SELECT began, (SELECT ifnull(max(id), 0) FROM object),
             (SELECT max(gone) FROM object WHERE gone IS NOT NULL), (SELECT max(at) FROM transition) FROM watch",
        [],
        |row| {
            Ok(Mark {
                began: row.get(0)?,
                last_object: row.get(1)?,
                last_gone: row.get(2)?,
                last_transition: row.get(3)?,
            })
        },
    )
}

fn all(look: &Look<'_>) -> rusqlite::Result<Vec<Stands>> {
    let mut statement = look.connection.prepare_cached(&format!("SELECT {COLUMNS}"))?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        look.go_on()?;
        all.extend(stands(row)?);
    }
    Ok(all)
}

/// Those with transitions since the mark, that of its last millisecond included: more may have come within that. None:
/// they are more than `most`.
fn changed(look: &Look<'_>, mark: Mark, most: usize) -> rusqlite::Result<Option<Vec<Stands>>> {
    let mut objects = look.connection.prepare_cached(
        "SELECT DISTINCT object FROM transition INDEXED BY transition_by_time WHERE at >= ?1 LIMIT ?2",
    )?;
    let mut one = look.connection.prepare_cached(&format!("SELECT {COLUMNS} WHERE standing.object = ?1"))?;
    let since = mark.last_transition.unwrap_or(i64::MIN);
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = objects.query([since, limit])?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        if changed.len() >= most {
            return Ok(None);
        }
        let object: i64 = row.get(0)?;
        changed.extend(one.query_row([object], stands).optional()?.flatten());
    }
    Ok(Some(changed))
}

/// None of a name that is none, which only others can have written.
fn stands(row: &Row<'_>) -> rusqlite::Result<Option<Stands>> {
    let Ok(name) = ObjectName::parse(row.get_ref(0)?.as_str()?) else { return Ok(None) };
    Ok(Some(Stands {
        name,
        standing: standing_of(row.get(1)?, row.get(2)?, row.get(3)?),
        since: Millis(row.get(4)?),
        flapping: time(row, 5)?,
        failing: time(row, 6)?,
        reports: row.get(7)?,
    }))
}
