//! What a report says: one value, which each format writes.

use super::limits::OUTAGES;
use super::period::Period;
use oco_fleet::availability::{Durations, Percent, Piece, Share};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::Incident;
use oco_fleet::level::Account;
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::path::PathBuf;

/// A report. Lengths are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Whose fleet it is.
    pub board: String,
    /// What it is of, for people.
    pub title: String,
    /// The names that were asked for.
    pub names: Vec<String>,
    /// Of which time.
    pub period: Period,
    /// The time zone of the period and of the times.
    pub zone: Zone,
    /// What was promised, and how that stands.
    pub levels: Vec<LevelFigures>,
    /// How each was: what was asked for, and what that is made of.
    pub members: Vec<Member>,
    /// How many more parts there are, which are too many to be listed.
    pub more_members: usize,
    /// How long a cell of the bars is, in words.
    pub cell: String,
    /// When they were down, by time.
    pub outages: Vec<Outage>,
    /// How many more there were, which are shorter than all of those.
    pub more_outages: usize,
    /// Incidents, by time.
    pub incidents: Vec<Incident>,
    /// Planned work, by time.
    pub maintenance: Vec<Work>,
    /// Corrections, in the order in which they were made.
    pub corrections: Vec<Correction>,
    /// How it was made.
    pub made: Made,
}

/// How a promise stands over a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelFigures {
    /// `slo:NAME`.
    pub name: ObjectName,
    /// Whose availability it is.
    pub of: ObjectName,
    /// What was promised.
    pub target: Percent,
    /// Over which time: the report's, or one of the level's own periods in it.
    pub from: Millis,
    /// The first moment that is not in it.
    pub to: Millis,
    /// Whether that is one of the level's own periods within the report's.
    pub is_part: bool,
    /// How long it was how, until the report's end.
    pub durations: Durations,
    /// Of all that was measured.
    pub measured: Option<Percent>,
    /// The same without what was planned.
    pub contractual: Option<Percent>,
    /// How long it may be down.
    pub budget: i64,
    /// How long it was.
    pub spent: i64,
    /// What is left; below zero: by how much too much was spent.
    pub left: i64,
    /// Whether the promise was kept.
    pub verdict: Verdict,
    /// The level's own period, as the watcher's file has it.
    pub period: String,
    /// When it counts; none: always.
    pub hours: Option<String>,
    /// What unknown time counts as.
    pub unknown: &'static str,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// It is kept until now.
    MetSoFar,
    /// Its budget is spent already.
    MissedSoFar,
    /// Nothing was measured.
    NoData,
}

impl Verdict {
    /// As programs read it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::MetSoFar => "met so far",
            Verdict::MissedSoFar => "missed so far",
            Verdict::NoData => "no data",
        }
    }

    /// What came of a promise. Of a time that is over the share decides. Before that the budget does, as for the level's
    /// state: a share that is low early in the month breaks no promise yet.
    pub fn of(account: &Account, is_over: bool) -> Verdict {
        match (account.is_met, is_over) {
            (None, _) => Verdict::NoData,
            (Some(true), true) => Verdict::Met,
            (Some(false), true) => Verdict::Missed,
            (Some(_), false) if account.left > 0 || account.spent == 0 => Verdict::MetSoFar,
            (Some(_), false) => Verdict::MissedSoFar,
        }
    }
}

/// How an object was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub name: ObjectName,
    /// For people, where it has one.
    pub title: Option<String>,
    /// 0: it was asked for; 1: it is a part of that.
    pub depth: usize,
    /// How long it was how.
    pub durations: Durations,
    /// Of all that was measured.
    pub measured: Option<Percent>,
    /// The same without what was planned.
    pub contractual: Option<Percent>,
    /// How often it was down.
    pub outages: usize,
    /// How long at most.
    pub longest: i64,
    /// How it was in each cell of the time.
    pub bar: Vec<Durations>,
}

/// A time in which somebody was down without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Who.
    pub name: ObjectName,
    /// From then on, but not before the report's time.
    pub from: Millis,
    /// Until then, but not after it.
    pub to: Millis,
    /// Whether it began before that time.
    pub is_from_before: bool,
    /// Whether it goes on after that time.
    pub goes_on: bool,
    /// How much of it was planned.
    pub planned: i64,
    /// Why.
    pub reason: String,
}

impl Outage {
    /// How long it was, of the report's time.
    pub fn length(&self) -> i64 {
        self.to.since(self.from)
    }
}

/// Planned work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// On whom: an object or a group.
    pub name: String,
    /// From then on.
    pub from: Millis,
    /// Until then; none: it has no end yet.
    pub to: Option<Millis>,
    /// Who planned it; none: it stands in the watcher's file.
    pub who: Option<String>,
    /// When it was entered.
    pub at: Option<Millis>,
    /// Why.
    pub text: String,
}

/// A correction that is laid over the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Its number.
    pub id: i64,
    /// Of whom.
    pub name: ObjectName,
    /// From then on.
    pub from: Millis,
    /// Until then.
    pub to: Millis,
    /// What counts in place of the journal.
    pub state: State,
    /// Who corrected.
    pub who: String,
    /// When.
    pub at: Millis,
    /// Why.
    pub text: String,
}

/// How a report was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When.
    pub at: Millis,
    /// From which journal.
    pub journal: PathBuf,
    /// Since when that is kept.
    pub began: Millis,
    /// Until when it is known what was.
    pub known: Millis,
    /// Whether the watcher said that it lives.
    pub is_watched: bool,
    /// By which version of the program.
    pub version: &'static str,
}

/// The letter of a cell: `k` where it was down unplanned at any time in it, else `p` where it was down as planned, else
/// `b` for but; else what most of it was: `u` for unknown, `.` for no data, `o` for ok. A blank: it is still to come.
pub fn letter(cell: &Durations) -> char {
    let half = cell.total() / 2;
    match cell {
        _ if cell.total() == 0 => ' ',
        _ if cell.ko > 0 => 'k',
        _ if cell.planned > 0 => 'p',
        _ if cell.but > 0 => 'b',
        _ if cell.unknown > half => 'u',
        _ if cell.no_data > half => '.',
        _ if cell.ok > 0 => 'o',
        _ if cell.unknown > cell.no_data => 'u',
        _ => '.',
    }
}

/// The letters of a bar.
pub fn letters(bar: &[Durations]) -> String {
    bar.iter().map(letter).collect()
}

/// Sums pieces up in cells that begin at `starts`, each until the next, the last without an end.
pub fn cells(pieces: &[Piece], starts: &[Millis]) -> Vec<Durations> {
    let mut bar = vec![Durations::default(); starts.len()];
    let ends = starts.iter().skip(1).copied().chain([Millis(i64::MAX)]);
    let mut cells = bar.iter_mut().zip(ends);
    let Some(mut cell) = cells.next() else { return Vec::new() };
    for piece in pieces {
        let mut at = piece.from;
        while at < piece.to {
            while cell.1 <= at {
                match cells.next() {
                    Some(next) => cell = next,
                    None => return bar,
                }
            }
            let end = piece.to.min(cell.1);
            cell.0.add(piece.share, end.since(at));
            at = end;
        }
    }
    bar
}

/// A time in which somebody was down without a break, and how much of it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Down {
    /// From then on.
    pub from: Millis,
    /// Until then.
    pub to: Millis,
    /// Milliseconds of it that were planned.
    pub planned: i64,
}

/// When somebody was down, planned or not, of the pieces of a time without hours.
pub fn downs(pieces: &[Piece]) -> Vec<Down> {
    let mut downs: Vec<Down> = Vec::new();
    for piece in pieces {
        let length = piece.to.since(piece.from);
        let planned = match piece.share {
            Share::Ko => 0,
            Share::Planned => length,
            Share::Ok | Share::But | Share::Unknown | Share::NoData => continue,
        };
        match downs.last_mut().filter(|last| last.to == piece.from) {
            Some(last) => {
                last.to = piece.to;
                last.planned = last.planned.saturating_add(planned);
            }
            None => downs.push(Down { from: piece.from, to: piece.to, planned }),
        }
    }
    downs
}

/// Leaves the longest that a report lists, by time, and tells how many are left out.
pub fn cut(mut outages: Vec<Outage>) -> (Vec<Outage>, usize) {
    let more = outages.len().saturating_sub(OUTAGES);
    if more > 0 {
        outages.sort_by_key(|outage| std::cmp::Reverse(outage.length()));
        outages.truncate(OUTAGES);
    }
    outages.sort_by(|a, b| (a.from, &a.name).cmp(&(b.from, &b.name)));
    (outages, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(from: i64, to: i64, share: Share) -> Piece {
        Piece { from: Millis(from), to: Millis(to), share }
    }

    #[test]
    fn the_worst_of_a_cell_is_its_letter() {
        let cell =
            |ok, but, ko, planned, unknown, no_data| Durations { ok, but, ko, planned, unknown, no_data };
        for (cell, expected) in [
            (cell(99, 0, 1, 1, 0, 0), 'k'),
            (cell(99, 1, 0, 1, 0, 0), 'p'),
            (cell(0, 1, 0, 0, 99, 0), 'b'),
            (cell(49, 0, 0, 0, 51, 0), 'u'),
            (cell(50, 0, 0, 0, 50, 0), 'o'),
            (cell(49, 0, 0, 0, 0, 51), '.'),
            (cell(20, 0, 0, 0, 40, 40), 'o'),
            (cell(0, 0, 0, 0, 0, 0), ' '),
        ] {
            assert_eq!(letter(&cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn an_outage_goes_on_from_planned_to_unplanned_but_not_over_a_gap() {
        let pieces = [
            piece(0, 10, Share::Ko),
            piece(10, 15, Share::Planned),
            piece(15, 20, Share::NoData),
            piece(20, 30, Share::Planned),
            piece(30, 40, Share::But),
        ];
        let found: Vec<_> =
            downs(&pieces).iter().map(|down| (down.from.0, down.to.0, down.planned)).collect();
        assert_eq!(found, [(0, 15, 5), (20, 30, 10)]);
    }

    #[test]
    fn the_longest_outages_are_listed() {
        let outage = |index: i64| Outage {
            name: ObjectName::parse("a/b").unwrap(),
            from: Millis(index * 1000),
            to: Millis(index * 1000 + index % 7 + 1),
            is_from_before: false,
            goes_on: false,
            planned: 0,
            reason: String::new(),
        };
        let count = i64::try_from(OUTAGES).unwrap() + 3;
        let (kept, more) = cut((0..count).rev().map(outage).collect());
        assert_eq!((kept.len(), more), (OUTAGES, 3));
        assert!(
            kept.is_sorted_by_key(|outage| outage.from)
                && kept.iter().filter(|one| one.length() == 7).count() > 700
        );
    }

    proptest! {
        #[test]
        fn cells_sum_up_to_the_pieces(
            lengths in prop::collection::vec((1_i64..50, 0_usize..6), 0..40),
            steps in prop::collection::vec(1_i64..60, 1..20),
        ) {
            let shares = [Share::Ok, Share::But, Share::Ko, Share::Unknown, Share::Planned, Share::NoData];
            let mut at = 0;
            let pieces: Vec<Piece> = lengths.iter().map(|(length, share)| {
                at += length;
                piece(at - length, at, shares[*share])
            }).collect();
            let mut start = 0;
            let starts: Vec<Millis> = std::iter::once(0).chain(steps.iter().copied()).map(|step| {
                start += step;
                Millis(start)
            }).collect();
            let bar = cells(&pieces, &starts);
            let (mut all, mut whole) = (Durations::default(), Durations::default());
            for piece in &pieces {
                whole.add(piece.share, piece.to.since(piece.from));
            }
            for cell in &bar {
                for (share, length) in [
                    (Share::Ok, cell.ok), (Share::But, cell.but), (Share::Ko, cell.ko),
                    (Share::Unknown, cell.unknown), (Share::Planned, cell.planned), (Share::NoData, cell.no_data),
                ] {
                    all.add(share, length);
                }
            }
            prop_assert_eq!(all, whole);
            for pair in starts.windows(2).zip(&bar) {
                prop_assert!(pair.1.total() <= pair.0[1].since(pair.0[0]));
            }
            let down: i64 = downs(&pieces).iter().map(|down| down.to.since(down.from)).sum();
            let planned: i64 = downs(&pieces).iter().map(|down| down.planned).sum();
            prop_assert_eq!((down, planned), (whole.ko + whole.planned, whole.planned));
        }
    }
}
