//! How an object stood over a time, as spans without a hole between them.

use super::{Look, chunks};
use crate::journal::{chunk_of, state_of};
use crate::object::ObjectName;
use crate::state::State;
use crate::time::Millis;
use rusqlite::{OptionalExtension, Row};

/// A time in which an object stood as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From then on
    pub from: Millis,
    /// until then: later than `from`.
    pub to: Millis,
    /// How it stood; none: nobody watched, there is no data.
    pub state: Option<State>,
    /// Whether it was planned.
    pub planned: bool,
}

/// What is the same for all objects in one look.
pub(super) struct Era {
    from: i64,
    to: i64,
    /// The first and the last chunk with rows, none: there are no rows at all.
    chunks: Option<(i64, i64)>,
    /// When there is no data, by time, not overlapping.
    no_data: Vec<(i64, i64)>,
}

/// What the journal has of an object but its rows.
pub(super) struct Found {
    pub(super) id: i64,
    began: i64,
    gone: Option<i64>,
    /// How it stands, and since when; none where it is not watched.
    now: Option<(i64, i64)>,
}

pub(super) fn spans(
    look: &Look<'_>,
    names: &[ObjectName],
    from: Millis,
    to: Millis,
    known: Millis,
) -> rusqlite::Result<Vec<Vec<Span>>> {
    let era = Era::new(look, from, to, known)?;
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let mut spans: Vec<Span> = Vec::new();
        era.walk(look, name, &mut |from, to, number| {
            let (state, planned) = number.map_or((None, false), |number| {
                let (state, planned) = state_of(number);
                (Some(state), planned)
            });
            match spans.last_mut() {
                Some(last) if (last.state, last.planned) == (state, planned) => last.to = Millis(to),
                _ => spans.push(Span { from: Millis(from), to: Millis(to), state, planned }),
            }
        })?;
        all.push(spans);
    }
    Ok(all)
}

impl Era {
    pub(super) fn new(look: &Look<'_>, from: Millis, to: Millis, known: Millis) -> rusqlite::Result<Era> {
        let chunks = chunks(look)?;
        let began: i64 = look.connection.query_row("SELECT began FROM watch", [], |row| row.get(0))?;
        let mut gaps = look
            .connection
            .prepare_cached("SELECT since, until FROM gap WHERE until > ?1 AND since < ?2 ORDER BY since")?;
        let gaps = gaps.query_map([from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut no_data = vec![(i64::MIN, began)];
        for gap in gaps {
            no_data.push(gap?);
        }
        no_data.push((known.0, i64::MAX));
        Ok(Era { from: from.0, to: to.0, chunks, no_data })
    }

    /// Hands each piece of the object's time to `push`: from, to and its standing, none where there is no data.
    pub(super) fn walk(
        &self,
        look: &Look<'_>,
        name: &ObjectName,
        push: &mut impl FnMut(i64, i64, Option<i64>),
    ) -> rusqlite::Result<()> {
        look.go_on()?;
        if self.to <= self.from {
            return Ok(());
        }
        let Some(found) = find(look, name)? else {
            push(self.from, self.to, None);
            return Ok(());
        };
        let mut begin = self.from;
        let mut standing = None;
        self.rows(look, found.id, |row| {
            let (at, new) = (row.get(0)?, row.get(1)?);
            // Of each row but the first, the one before says how it stood until then.
            let old = match standing {
                Some(standing) => standing,
                None => row.get(2)?,
            };
            self.part(&found, begin, at, old, push);
            (begin, standing) = (at, Some(new));
            Ok(())
        })?;
        let standing = match standing {
            Some(standing) => standing,
            None => self.standing_without_rows(look, &found)?,
        };
        self.part(&found, begin, self.to, standing, push);
        Ok(())
    }

    /// The rows of an object within the time, by time: when, the standing from then on, and the one before.
    fn rows(
        &self,
        look: &Look<'_>,
        id: i64,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let Some((first, last)) = self.chunks else { return Ok(()) };
        let first = chunk_of(Millis(self.from)).max(first);
        let last = chunk_of(Millis(self.to.saturating_sub(1))).min(last);
        let mut statement = look.connection.prepare_cached(
            "SELECT at, new, old FROM transition
             WHERE chunk = ?1 AND object = ?2 AND at >= ?3 AND at < ?4 ORDER BY at, n",
        )?;
        for chunk in first..=last {
            let mut rows = statement.query([chunk, id, self.from, self.to])?;
            while let Some(row) = rows.next()? {
                each(row)?;
            }
        }
        Ok(())
    }

    /// How an object stood that did not change within the time: as it does now, if that was so already, else as before
    /// its next change.
    fn standing_without_rows(&self, look: &Look<'_>, found: &Found) -> rusqlite::Result<i64> {
        if let Some((standing, _)) = found.now.filter(|(_, at)| *at < self.to) {
            return Ok(standing);
        }
        let Some((first, last)) = self.chunks else { return Ok(0) };
        let mut statement = look.connection.prepare_cached(
            "SELECT old FROM transition WHERE chunk = ?1 AND object = ?2 AND at >= ?3 ORDER BY at, n LIMIT 1",
        )?;
        for chunk in chunk_of(Millis(self.to)).max(first)..=last {
            let old = statement.query_row([chunk, found.id, self.to], |row| row.get(0)).optional()?;
            if let Some(old) = old {
                return Ok(old);
            }
        }
        Ok(0)
    }

    /// Hands on one piece, without the times in which there is no data.
    fn part(
        &self,
        found: &Found,
        from: i64,
        to: i64,
        standing: i64,
        push: &mut impl FnMut(i64, i64, Option<i64>),
    ) {
        let mut at = from;
        let (began, gone) = (found.began.min(to), found.gone.unwrap_or(i64::MAX).max(at));
        if at < began {
            push(at, began, None);
            at = began;
        }
        let end = to.min(gone).max(at);
        for (since, until) in &self.no_data {
            if at >= end || *since >= end {
                break;
            }
            if *until <= at {
                continue;
            }
            if *since > at {
                push(at, *since, Some(standing));
                at = *since;
            }
            let until = (*until).min(end);
            push(at, until, None);
            at = until;
        }
        if at < end {
            push(at, end, Some(standing));
        }
        if end < to {
            push(end, to, None);
        }
    }
}

pub(super) fn find(look: &Look<'_>, name: &ObjectName) -> rusqlite::Result<Option<Found>> {
    let mut statement = look.connection.prepare_cached(
        "SELECT id, began, gone, standing, at FROM object LEFT JOIN standing ON object = id WHERE name = ?1",
    )?;
    let found = statement.query_row([name.as_str()], |row| {
        let (standing, at): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
        Ok(Found { id: row.get(0)?, began: row.get(1)?, gone: row.get(2)?, now: standing.zip(at) })
    });
    found.optional()
}
