//! What happened, in the order of time: transitions, alerts sent and held, acts, incidents.

mod others;

use super::{Look, chunks};
use crate::journal::limits::{OBJECTS_ONE_BY_ONE, PAGE_ENTRIES};
use crate::journal::{chunk_of, code_of, standing_of, state_of};
use crate::object::{Kind, ObjectName, Pattern};
use crate::state::{Standing, State};
use crate::time::Millis;
use oco::logic::code::Code;
use rusqlite::Row;
use std::collections::HashSet;

/// What is asked of the log: the newest entries within a time.
#[derive(Debug, Clone, Default)]
pub struct LogWish {
    /// To whom it happened; none: to all. A service brings its targets along.
    pub patterns: Vec<Pattern>,
    /// From then on.
    pub since: Option<Millis>,
    /// Until then; the next older page ends where this one begins.
    pub before: Option<Millis>,
    /// So many at most.
    pub limit: usize,
    /// Whether as many as that are told wherever there are, for no older page is asked for: then the oldest millisecond
    /// may be told in part.
    pub is_last_page: bool,
}

/// A page of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// What happened, newest last.
    pub rows: Vec<LogRow>,
    /// Whether that is all there is from `since` on. If not, an older page can be asked for.
    pub is_whole: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// When.
    pub at: Millis,
    /// To whom: an object's name, or of an act also a group's.
    pub name: String,
    /// What.
    pub what: Happened,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It changed.
    Transition {
        /// The state before.
        old: State,
        /// Whether it was planned before.
        old_planned: bool,
        /// The code before, where only that is another one.
        old_code: Option<Code>,
        /// From then on.
        new: Standing,
        /// The dependency that was ko meanwhile.
        depends_on: Option<String>,
    },
    /// An alert was sent, held or failed.
    Alert {
        /// Which alert of the file.
        alert: String,
        /// The word of `on`.
        event: String,
        /// Which step, from 1 on.
        step: u32,
        /// What was run.
        command: String,
        /// What came of it.
        result: String,
    },
    /// Somebody acted, or an act ended.
    Act {
        /// `ack`, `unack`, `mute` and so on, `adjust`, `unadjust`.
        act: &'static str,
        /// Who; none: it ended by itself.
        who: Option<String>,
        /// Why.
        text: String,
        /// Until when.
        until: Option<Millis>,
    },
    /// Something became of an incident.
    Incident {
        /// Its number.
        id: i64,
        /// `open`, `update`, `acknowledge`, `close`, `late`.
        event: String,
        /// For people.
        text: String,
    },
}

impl Happened {
    /// The order of what happened within the same millisecond: causes first.
    fn rank(&self) -> u8 {
        match self {
            Happened::Act { .. } => 0,
            Happened::Transition { .. } => 1,
            Happened::Incident { .. } => 2,
            Happened::Alert { .. } => 3,
        }
    }
}

/// Who is asked for.
enum Sieve {
    All,
    /// Those of these patterns; their numbers where they are objects.
    Some(Vec<Pattern>, HashSet<i64>),
}

/// What is searched for, and where.
struct Search<'a> {
    look: &'a Look<'a>,
    sieve: Sieve,
    since: i64,
    before: i64,
    limit: usize,
}

pub(super) fn page(look: &Look<'_>, wish: &LogWish) -> rusqlite::Result<LogPage> {
    let limit = wish.limit.min(PAGE_ENTRIES);
    let since = wish.since.map_or(i64::MIN, |at| at.0);
    let before = wish.before.map_or(i64::MAX, |at| at.0);
    let search = Search { look, sieve: Sieve::new(look, &wish.patterns)?, since, before, limit };
    let mut rows = Vec::new();
    let mut is_whole = transitions(&search, &mut rows)?;
    for source in others::SOURCES {
        is_whole &= source(&search, &mut rows)?;
    }
    // Those of one source are newest first until now.
    rows.reverse();
    rows.sort_by_key(|(at, rank, _)| (*at, *rank));
    if rows.len() > limit {
        is_whole = false;
        if wish.is_last_page {
            rows.drain(..rows.len() - limit);
        } else {
            cut(&mut rows, limit);
        }
    }
    Ok(LogPage { rows: rows.into_iter().map(|(_, _, row)| row).collect(), is_whole })
}

/// A row with its time and its rank within it.
type Ranked = (i64, (u8, u8), LogRow);

/// Leaves the newest `limit` rows, but never a part of a millisecond, so that the next older page can end before it.
fn cut(rows: &mut Vec<Ranked>, limit: usize) {
    let first = rows.len() - limit;
    let at_cut = |index: usize| rows.get(index).map(|(at, _, _)| *at);
    let oldest = at_cut(first);
    let is_parted = first > 0 && at_cut(first - 1) == oldest;
    let whole = rows.iter().position(|(at, _, _)| Some(*at) > oldest);
    let begin = match whole {
        Some(whole) if is_parted => whole,
        _ => first,
    };
    rows.drain(..begin);
}

impl Sieve {
    fn new(look: &Look<'_>, patterns: &[Pattern]) -> rusqlite::Result<Sieve> {
        if patterns.is_empty() {
            return Ok(Sieve::All);
        }
        let mut sieve = Sieve::Some(patterns.to_vec(), HashSet::new());
        let mut statement = look.connection.prepare_cached("SELECT id, name FROM object")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let is_wanted = sieve.takes(row.get_ref(1)?.as_str()?);
            if let (true, Sieve::Some(_, ids)) = (is_wanted, &mut sieve) {
                ids.insert(row.get(0)?);
            }
        }
        Ok(sieve)
    }

    fn takes(&self, name: &str) -> bool {
        let Sieve::Some(patterns, _) = self else { return true };
        let Ok(object) = ObjectName::parse(name) else {
            // A whole group: of its services.
            let service = ObjectName::parse(&format!("{name}/a"));
            return service.is_ok_and(|service| {
                patterns.iter().any(|pattern| !pattern.is_name() && pattern.matches(&service))
            });
        };
        let service = object.service_of_target();
        patterns.iter().any(|pattern| {
            pattern.matches(&object) || service.as_ref().is_some_and(|service| pattern.matches(service))
        })
    }
}

const TRANSITION: &str = "transition.at, object.name, object.kind, old, new, code, old_code, reason,
    (SELECT name FROM object WHERE id = transition.depends)";

fn transition(row: &Row<'_>) -> rusqlite::Result<Ranked> {
    let at: i64 = row.get(0)?;
    let kind: u8 = row.get(2)?;
    let (old, old_planned) = state_of(row.get(3)?);
    let what = Happened::Transition {
        old,
        old_planned,
        old_code: code_of(row.get(6)?),
        new: standing_of(row.get(4)?, row.get(5)?, row.get(7)?),
        depends_on: row.get(8)?,
    };
    let rank = (what.rank(), Kind::from_number(kind).map_or(u8::MAX, Kind::number));
    Ok((at, rank, LogRow { at: Millis(at), name: row.get(1)?, what }))
}

/// The newest transitions. Whether these are all.
fn transitions(search: &Search<'_>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    match &search.sieve {
        Sieve::Some(_, ids) if ids.len() <= OBJECTS_ONE_BY_ONE => one_by_one(search, ids, rows),
        Sieve::Some(_, ids) => by_time(search, |id| ids.contains(&id), rows),
        Sieve::All => by_time(search, |_| true, rows),
    }
}

/// Of few objects: chunk by chunk, from the newest on, until there are enough.
fn one_by_one(search: &Search<'_>, ids: &HashSet<i64>, rows: &mut Vec<Ranked>) -> rusqlite::Result<bool> {
    let Search { look, since, before, limit, .. } = *search;
    let Some((first, last)) = chunks(look)? else { return Ok(true) };
    let first = first.max(chunk_of(Millis(since)));
    let last = last.min(chunk_of(Millis(before.saturating_sub(1))));
    let mut statement = look.connection.prepare_cached(&format!(
        "SELECT {TRANSITION} FROM transition JOIN object ON object.id = transition.object
         WHERE chunk = ?1 AND object = ?2 AND at >= ?3 AND at < ?4 ORDER BY at DESC, n DESC LIMIT ?5"
    ))?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    for chunk in (first..=last).rev() {
        for id in ids {
            look.go_on()?;
            let mut found = statement.query([chunk, *id, since, before, most])?;
            while let Some(row) = found.next()? {
                rows.push(transition(row)?);
            }
        }
        if rows.len() > limit {
            break;
        }
    }
    // Newest first, as from all others.
    rows.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    Ok(rows.len() <= limit)
}

/// Of many: in the order of time, those that are not meant left out. What takes too long ends early, with what there is.
fn by_time(
    search: &Search<'_>,
    is_meant: impl Fn(i64) -> bool,
    rows: &mut Vec<Ranked>,
) -> rusqlite::Result<bool> {
    let connection = search.look.connection;
    let mut times = connection.prepare_cached(
        "SELECT chunk, object, at, n FROM transition INDEXED BY transition_by_time
         WHERE at >= ?1 AND at < ?2 ORDER BY at DESC, object DESC, n DESC",
    )?;
    let mut whole = connection.prepare_cached(&format!(
        "SELECT {TRANSITION} FROM transition JOIN object ON object.id = transition.object
         WHERE chunk = ?1 AND object = ?2 AND at = ?3 AND n = ?4"
    ))?;
    let mut found = times.query([search.since, search.before])?;
    while let Some(row) = found.next()? {
        if rows.len() > search.limit || search.look.go_on().is_err() {
            return Ok(false);
        }
        let key: [i64; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        if is_meant(key[1]) {
            rows.push(whole.query_row(key, transition)?);
        }
    }
    Ok(true)
}
