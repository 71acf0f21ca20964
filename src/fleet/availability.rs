//! Availability: how long somebody was ok, but, ko, unknown, planned, and how long nobody watched. One integer function
//! over states, maintenance, gaps, adjustments, hours and a period, in milliseconds; percentages are made for print only.
//!
//! What counts at a moment, the first that holds:
//!
//! ```text
//!  1  outside of the hours         nothing
//!  2  an adjustment                its state, also within maintenance; of several the one that was entered last
//!  3  a gap, or before all states  no data
//!  4  unknown                      unknown, planned or not
//!  5  ko, and planned              planned
//!  6  ok, but, ko                  as it was measured, planned or not
//! ```
//!
//! A correction says what was, so an adjustment to `ko` within maintenance is an outage that nobody planned. Who wants
//! an outage of the past to be planned enters maintenance over it.
#![deny(clippy::disallowed_methods)]

mod sweep;

use crate::state::State;
use crate::time::Millis;
use std::fmt;

pub use sweep::{Pieces, pieces};

/// From when on somebody stood somewhere: until the next one, the last until the end of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From then on.
    pub from: Millis,
    /// Where.
    pub state: State,
    /// Whether it was under maintenance, or down only by what was.
    pub planned: bool,
}

/// A correction that is laid over what was measured, in [from, to).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// From then on,
    pub from: Millis,
    /// until before then,
    pub to: Millis,
    /// it was so.
    pub state: State,
}

/// What lies over the states. Windows are [from, to), sorted by their beginnings; they may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlays<'a> {
    /// When nobody watched.
    pub gaps: &'a [(Millis, Millis)],
    /// Maintenance, beside what the states say of themselves.
    pub planned: &'a [(Millis, Millis)],
    /// Corrections, in the order in which they were entered.
    pub adjustments: &'a [Adjustment],
}

/// What a period is judged by, but for the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground<'a> {
    /// The period's first moment.
    pub from: Millis,
    /// The first moment that is not in it.
    pub to: Millis,
    /// What of it counts, windows as in [`Overlays`]; none: all of it.
    pub hours: Option<&'a [(Millis, Millis)]>,
    /// What lies over the states.
    pub over: Overlays<'a>,
}

impl Ground<'_> {
    /// A period without anything else.
    pub fn of(from: Millis, to: Millis) -> Ground<'static> {
        Ground { from, to, hours: None, over: Overlays::default() }
    }
}

/// What a moment counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// Up.
    Ok,
    /// Up, with something to look at.
    But,
    /// Down.
    Ko,
    /// Nobody could find out.
    Unknown,
    /// Down, as planned.
    Planned,
    /// Nobody watched, or it was not there yet.
    NoData,
}

/// A piece of a period, [from, to), never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its first moment.
    pub from: Millis,
    /// The first moment that is not in it.
    pub to: Millis,
    /// What it counts as.
    pub share: Share,
}

/// How long what was. In milliseconds; together the period, with hours their time in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durations {
    /// Up.
    pub ok: i64,
    /// Up, with something to look at.
    pub but: i64,
    /// Down.
    pub ko: i64,
    /// Nobody could find out.
    pub unknown: i64,
    /// Down, as planned.
    pub planned: i64,
    /// Nobody watched, or it was not there yet.
    pub no_data: i64,
}

/// How long somebody was what in a period. `spans` are sorted by their beginnings; of two that begin at once the last
/// one counts. What lies before the period but for the last may be left out, what lies behind it too.
pub fn availability(ground: &Ground<'_>, spans: impl IntoIterator<Item = Span>) -> Durations {
    let mut durations = Durations::default();
    for piece in pieces(ground, spans) {
        durations.add(piece.share, piece.to.since(piece.from));
    }
    durations
}

impl Durations {
    /// So many milliseconds more.
    pub fn add(&mut self, share: Share, millis: i64) {
        let field = match share {
            Share::Ok => &mut self.ok,
            Share::But => &mut self.but,
            Share::Ko => &mut self.ko,
            Share::Unknown => &mut self.unknown,
            Share::Planned => &mut self.planned,
            Share::NoData => &mut self.no_data,
        };
        *field = field.saturating_add(millis);
    }

    /// All of it.
    pub fn total(&self) -> i64 {
        let parts = [self.ok, self.but, self.ko, self.unknown, self.planned, self.no_data];
        parts.into_iter().fold(0, i64::saturating_add)
    }

    /// Up.
    pub fn up(&self) -> i64 {
        self.ok.saturating_add(self.but)
    }

    /// Of all that was measured, planned or not: (ok + but) / (ok + but + ko + planned). None without any.
    pub fn measured(&self) -> Option<Percent> {
        Percent::of(self.up(), self.up().saturating_add(self.ko).saturating_add(self.planned))
    }

    /// The same without what was planned: (ok + but) / (ok + but + ko). None without any.
    pub fn contractual(&self) -> Option<Percent> {
        Percent::of(self.up(), self.up().saturating_add(self.ko))
    }
}

/// Thousandths of a per cent, 0 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(pub u32);

impl Percent {
    /// All.
    pub const ALL: Percent = Percent(100_000);

    /// `part` of `whole`, 0 to all of it, rounded down: it is [`Percent::ALL`] for all alone. None of nothing.
    pub fn of(part: i64, whole: i64) -> Option<Percent> {
        let thousandths = (i128::from(part) * i128::from(Percent::ALL.0)).checked_div(i128::from(whole))?;
        u32::try_from(thousandths).ok().map(Percent)
    }

    /// As a number, for JSON: its shortest form has three decimals at most.
    pub fn number(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

impl fmt::Display for Percent {
    /// With three decimals: `99.950`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000))
    }
}

#[cfg(test)]
pub(crate) mod tests;
