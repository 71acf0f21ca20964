//! How objects stood over a time, summed up in pieces.

use super::Look;
use super::spans::Era;
use crate::journal::state_of;
use crate::object::ObjectName;
use crate::state::State;
use crate::time::Millis;

/// How somebody was over a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Who.
    pub name: ObjectName,
    /// The pieces, oldest first.
    pub cells: Vec<Cell>,
}

/// Milliseconds of a piece of time in each state: their sum is its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Up.
    pub ok: i64,
    /// Up, but.
    pub but: i64,
    /// Down.
    pub ko: i64,
    /// Down, as planned.
    pub planned: i64,
    /// Not known.
    pub unknown: i64,
    /// Nobody watched.
    pub no_data: i64,
}

impl Cell {
    /// How long it is.
    pub fn length(&self) -> i64 {
        self.ok + self.but + self.ko + self.planned + self.unknown + self.no_data
    }

    /// `k` where it was ko at any time in it, planned or not; else `b` for but; else `u` where it was unknown, or `.`
    /// where nobody watched, for more than half of it; else `o` for ok. Without ok, what there was most of.
    pub fn letter(&self) -> char {
        let is_most = |part: i64| part > self.length() / 2;
        match self {
            _ if self.ko > 0 || self.planned > 0 => 'k',
            _ if self.but > 0 => 'b',
            _ if is_most(self.unknown) => 'u',
            _ if is_most(self.no_data) => '.',
            _ if self.ok > 0 => 'o',
            _ if self.unknown > self.no_data => 'u',
            _ => '.',
        }
    }

    fn add(&mut self, standing: Option<i64>, length: i64) {
        let part = match standing.map(state_of) {
            None => &mut self.no_data,
            Some((State::Ok, _)) => &mut self.ok,
            Some((State::But, _)) => &mut self.but,
            Some((State::Ko, false)) => &mut self.ko,
            Some((State::Ko, true)) => &mut self.planned,
            Some((State::Unknown, _)) => &mut self.unknown,
        };
        *part += length;
    }
}

impl Bar {
    /// A letter a piece.
    pub fn letters(&self) -> String {
        self.cells.iter().map(Cell::letter).collect()
    }
}

pub(super) fn bars(
    look: &Look<'_>,
    names: &[ObjectName],
    edges: &[Millis],
    known: Millis,
) -> rusqlite::Result<Vec<Bar>> {
    let (Some((from, ends)), Some(to)) = (edges.split_first(), edges.last().copied()) else {
        return Ok(names.iter().map(|name| Bar { name: name.clone(), cells: Vec::new() }).collect());
    };
    let from = *from;
    let era = Era::new(look, from, to, known)?;
    let mut bars = Vec::with_capacity(names.len());
    for name in names {
        let mut bar = vec![Cell::default(); ends.len()];
        let mut pieces = bar.iter_mut().zip(ends.iter().map(|end| end.0));
        let mut piece = pieces.next();
        era.walk(look, name, &mut |mut at, to, standing| {
            while at < to {
                let Some((cell, end)) = piece.as_mut() else { return };
                let until = to.min(*end);
                cell.add(standing, until.saturating_sub(at).max(0));
                at = until.max(at);
                if at >= *end {
                    piece = pieces.next();
                }
            }
        })?;
        bars.push(Bar { name: name.clone(), cells: bar });
    }
    Ok(bars)
}

/// Where each of `cells` pieces of equal length begins, to the millisecond, and where the last one ends.
pub(super) fn equal(from: Millis, to: Millis, cells: u32) -> Vec<Millis> {
    let length = i128::from(to.since(from).max(0));
    let edge = |cell: u32| {
        let offset = length * i128::from(cell) / i128::from(cells.max(1));
        Millis(from.0.saturating_add(i64::try_from(offset).unwrap_or(i64::MAX)))
    };
    (0..=cells).map(edge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_piece_is_its_letter() {
        let cell = |ok, but, ko, planned, unknown, no_data| Cell { ok, but, ko, planned, unknown, no_data };
        for (cell, letter) in [
            (cell(99, 0, 1, 0, 0, 0), 'k'),
            (cell(99, 0, 0, 1, 0, 0), 'k'),
            (cell(0, 1, 0, 0, 99, 0), 'b'),
            (cell(49, 0, 0, 0, 51, 0), 'u'),
            (cell(50, 0, 0, 0, 50, 0), 'o'),
            (cell(49, 0, 0, 0, 0, 51), '.'),
            (cell(20, 0, 0, 0, 40, 40), 'o'),
            (cell(0, 0, 0, 0, 50, 50), '.'),
            (cell(0, 0, 0, 0, 0, 0), '.'),
        ] {
            assert_eq!(cell.letter(), letter, "{cell:?}");
        }
    }

    #[test]
    fn pieces_are_of_equal_length_and_end_where_the_time_does() {
        assert_eq!(equal(Millis(10), Millis(20), 3), [10, 13, 16, 20].map(Millis));
        assert_eq!(equal(Millis(i64::MIN), Millis(i64::MAX), 1).len(), 2);
        assert_eq!(equal(Millis(0), Millis(5), 0), [Millis(0)]);
    }
}
