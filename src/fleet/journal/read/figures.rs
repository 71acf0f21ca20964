//! What was measured, for pictures.

use super::Look;
use crate::figure::{Figure, Measure};
use crate::journal::packed::unpack;
use crate::journal::{CHUNK_SLOTS, FIGURE_MS, key_of, slot_of};
use crate::object::ObjectName;
use crate::time::Millis;
use rusqlite::{OptionalExtension, params};
use std::collections::{BTreeSet, HashMap};

/// What was measured in a piece of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From then on
    pub from: Millis,
    /// until then.
    pub to: Millis,
    /// What its five minutes come to.
    pub figure: Figure,
}

/// What there are figures of, of any of these, by label and unit.
pub(super) fn measures(look: &Look<'_>, names: &[ObjectName]) -> rusqlite::Result<Vec<Measure>> {
    let mut statement = look
        .connection
        .prepare_cached("SELECT label, unit FROM object JOIN series ON object = object.id WHERE name = ?1")?;
    let mut measures = BTreeSet::new();
    for name in names {
        look.go_on()?;
        let mut rows = statement.query([name.as_str()])?;
        while let Some(row) = rows.next()? {
            measures.insert(Measure::performance(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?));
        }
    }
    Ok(measures.into_iter().collect())
}

/// A time in pieces of equal length, of which no one is shorter than five minutes.
struct Pieces {
    from: i64,
    length: i64,
    count: i64,
}

impl Pieces {
    fn new(from: Millis, to: Millis, at_most: u32) -> Pieces {
        let length = to.since(from).max(1);
        let slots = length.saturating_add(FIGURE_MS - 1) / FIGURE_MS;
        Pieces { from: from.0, length, count: slots.min(at_most.into()).max(1) }
    }

    /// The first moment of a piece.
    fn edge(&self, piece: i64) -> Millis {
        let offset = i128::from(self.length) * i128::from(piece) / i128::from(self.count);
        Millis(self.from.saturating_add(i64::try_from(offset).unwrap_or(i64::MAX)))
    }

    /// The piece in which five minutes begin.
    fn of(&self, slot: i64) -> i64 {
        let offset = slot.saturating_mul(FIGURE_MS).saturating_sub(self.from).clamp(0, self.length - 1);
        let piece = (i128::from(offset) * i128::from(self.count) + i128::from(self.count) - 1)
            / i128::from(self.length);
        i64::try_from(piece).unwrap_or(0).min(self.count - 1)
    }
}

/// Figures of one measure of several objects, as they are gathered.
struct Gathered {
    pieces: Pieces,
    /// The first five minutes that are asked for, and the first behind them.
    slots: (i64, i64),
    /// Of each object, by pieces.
    all: Vec<Vec<(i64, Figure)>>,
}

impl Gathered {
    /// The piece to which five minutes belong; none: nobody asks for them.
    fn piece(&self, slot: i64) -> Option<i64> {
        (self.slots.0..self.slots.1).contains(&slot).then(|| self.pieces.of(slot))
    }

    fn add(&mut self, object: usize, piece: i64, figure: Figure) {
        let Some(figures) = self.all.get_mut(object) else { return };
        // They come in the order of time, but for what was entered after the clock was set back.
        let place = match figures.last() {
            Some((last, _)) if *last == piece => figures.len() - 1,
            _ => figures.partition_point(|(there, _)| *there < piece),
        };
        match figures.get_mut(place) {
            Some((there, known)) if *there == piece => *known = known.with(figure),
            _ => figures.insert(place, (piece, figure)),
        }
    }
}

pub(super) fn figures(
    look: &Look<'_>,
    names: &[ObjectName],
    measure: &Measure,
    (from, to): (Millis, Millis),
    at_most: u32,
) -> rusqlite::Result<Vec<Vec<Point>>> {
    let slots = (slot_of(from), slot_of(Millis(to.0.saturating_sub(1))).saturating_add(1));
    let pieces = Pieces::new(from, to, at_most);
    let mut gathered = Gathered { pieces, slots, all: vec![Vec::new(); names.len()] };
    let mut series = HashMap::new();
    let mut find = look.connection.prepare_cached(
        "SELECT series.id FROM object JOIN series ON object = object.id
         WHERE name = ?1 AND label = ?2 AND unit = ?3",
    )?;
    for (place, name) in names.iter().enumerate() {
        look.go_on()?;
        let id = find.query_row(params![name.as_str(), measure.label(), measure.unit()], |row| row.get(0));
        if let Some(id) = id.optional()? {
            let id: u32 = id;
            series.insert(id, place);
        }
    }
    if from < to && !series.is_empty() {
        of_chunks(look, &series, &mut gathered)?;
        of_last_hours(look, &series, &mut gathered)?;
    }
    let Gathered { pieces, all, .. } = gathered;
    let point = |(piece, figure)| Point { from: pieces.edge(piece), to: pieces.edge(piece + 1), figure };
    Ok(all.into_iter().map(|figures| figures.into_iter().map(point).collect()).collect())
}

/// Figures of chunks that are over.
fn of_chunks(look: &Look<'_>, series: &HashMap<u32, usize>, gathered: &mut Gathered) -> rusqlite::Result<()> {
    let edge = |sql: &str| look.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let edges = edge("SELECT min(key) FROM figure")?.zip(edge("SELECT max(key) FROM figure")?);
    let Some((oldest, newest)) = edges else { return Ok(()) };
    let first = gathered.slots.0.div_euclid(CHUNK_SLOTS).max(oldest >> u32::BITS);
    let last = (gathered.slots.1 - 1).div_euclid(CHUNK_SLOTS).min(newest >> u32::BITS);
    let mut in_order: Vec<(u32, usize)> = series.iter().map(|(id, place)| (*id, *place)).collect();
    in_order.sort_unstable();
    let mut statement = look.connection.prepare_cached("SELECT figures FROM figure WHERE key = ?1")?;
    for chunk in first..=last {
        look.go_on()?;
        let begin = chunk * CHUNK_SLOTS;
        let pieces: Vec<Option<i64>> =
            (begin..begin.saturating_add(CHUNK_SLOTS)).map(|slot| gathered.piece(slot)).collect();
        for (series, place) in &in_order {
            let mut rows = statement.query([key_of(chunk, *series)])?;
            let Some(row) = rows.next()? else { continue };
            for (slot, figure) in unpack(row.get_ref(0)?.as_blob()?) {
                let piece = usize::try_from(slot).ok().and_then(|slot| pieces.get(slot)).copied().flatten();
                if let Some(piece) = piece {
                    gathered.add(*place, piece, figure);
                }
            }
        }
    }
    Ok(())
}

/// Figures of the chunk that goes on.
fn of_last_hours(
    look: &Look<'_>,
    series: &HashMap<u32, usize>,
    gathered: &mut Gathered,
) -> rusqlite::Result<()> {
    let mut statement =
        look.connection.prepare_cached("SELECT at, figures FROM figure_new WHERE at >= ?1 AND at < ?2")?;
    let mut rows = statement.query([gathered.slots.0, gathered.slots.1])?;
    while let Some(row) = rows.next()? {
        look.go_on()?;
        let Some(piece) = gathered.piece(row.get(0)?) else { continue };
        for (id, figure) in unpack(row.get_ref(1)?.as_blob()?) {
            if let Some(place) = series.get(&id) {
                gathered.add(*place, piece, figure);
            }
        }
    }
    Ok(())
}
