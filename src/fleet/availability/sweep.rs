//! The sweep through a period: each list is gone through once, side by side, from one change to the next.
//!
//! It costs what lies in the lists, never what lies in time, and allocates only where there are adjustments.

use super::{Adjustment, Ground, Piece, Share, Span};
use crate::state::State;
use crate::time::Millis;
use std::collections::BTreeSet;

const NEVER: Millis = Millis(i64::MAX);

/// The pieces of a period, in order, without what lies outside of the hours. Neighbours may count as the same.
pub fn pieces<'a, I>(ground: &Ground<'a>, spans: I) -> Pieces<'a, I::IntoIter>
where
    I: IntoIterator<Item = Span>,
{
    let mut spans = spans.into_iter();
    Pieces {
        at: ground.from,
        to: ground.to,
        current: None,
        next: spans.next(),
        spans,
        hours: ground.hours.map(Windows),
        gaps: Windows(ground.over.gaps),
        planned: Windows(ground.over.planned),
        corrections: Corrections(flatten(ground.over.adjustments).into_iter()),
    }
}

/// See [`pieces`].
#[derive(Debug)]
pub struct Pieces<'a, I> {
    at: Millis,
    to: Millis,
    current: Option<Span>,
    next: Option<Span>,
    spans: I,
    hours: Option<Windows<'a>>,
    gaps: Windows<'a>,
    planned: Windows<'a>,
    corrections: Corrections,
}

impl<I: Iterator<Item = Span>> Iterator for Pieces<'_, I> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.at < self.to {
            let from = self.at;
            let (is_within, edge) = self.hours.as_mut().map_or((true, NEVER), |hours| hours.look(from));
            if is_within {
                let (share, next) = self.look(from);
                self.at = edge.min(next).min(self.to);
                return Some(Piece { from, to: self.at, share });
            }
            self.at = edge;
        }
        None
    }
}

impl<I: Iterator<Item = Span>> Pieces<'_, I> {
    /// What `at` counts as, and until when nothing changes.
    fn look(&mut self, at: Millis) -> (Share, Millis) {
        while let Some(span) = self.next.filter(|span| span.from <= at) {
            self.current = Some(span);
            self.next = self.spans.next();
        }
        let (is_gap, gap_edge) = self.gaps.look(at);
        let (is_planned, planned_edge) = self.planned.look(at);
        let (correction, correction_edge) = self.corrections.look(at);
        let edge =
            self.next.map_or(NEVER, |span| span.from).min(gap_edge).min(planned_edge).min(correction_edge);
        let share = match (correction, self.current) {
            (Some(state), _) => share(state, false),
            (None, Some(span)) if !is_gap => share(span.state, span.planned || is_planned),
            (None, Some(_) | None) => Share::NoData,
        };
        (share, edge)
    }
}

/// What a state counts as.
fn share(state: State, planned: bool) -> Share {
    match (state, planned) {
        (State::Unknown, _) => Share::Unknown,
        (State::Ok, _) => Share::Ok,
        (State::But, _) => Share::But,
        (State::Ko, true) => Share::Planned,
        (State::Ko, false) => Share::Ko,
    }
}

/// Windows that end later than the last look.
#[derive(Debug)]
struct Windows<'a>(&'a [(Millis, Millis)]);

impl Windows<'_> {
    /// Whether one is open at `at`, and until when no other answer is to be had. Looks only go forward.
    fn look(&mut self, at: Millis) -> (bool, Millis) {
        while let [(_, end), later @ ..] = self.0
            && *end <= at
        {
            self.0 = later;
        }
        match self.0.first() {
            Some((start, end)) if *start <= at => (true, *end),
            Some((start, _)) => (false, *start),
            None => (false, NEVER),
        }
    }
}

/// Corrections that end later than the last look: sorted, apart from each other.
#[derive(Debug)]
struct Corrections(std::vec::IntoIter<Adjustment>);

impl Corrections {
    /// As [`Windows::look`].
    fn look(&mut self, at: Millis) -> (Option<State>, Millis) {
        while self.0.as_slice().first().is_some_and(|correction| correction.to <= at) {
            self.0.next();
        }
        match self.0.as_slice().first() {
            Some(correction) if correction.from <= at => (Some(correction.state), correction.to),
            Some(correction) => (None, correction.from),
            None => (None, NEVER),
        }
    }
}

/// Adjustments as they count: where several lie over each other, the one that was entered last.
fn flatten(adjustments: &[Adjustment]) -> Vec<Adjustment> {
    let mut edges = Vec::with_capacity(adjustments.len().saturating_mul(2));
    for (index, adjustment) in adjustments.iter().enumerate().filter(|(_, entry)| entry.from < entry.to) {
        edges.push((adjustment.from, index, true));
        edges.push((adjustment.to, index, false));
    }
    edges.sort_unstable();
    let (mut flat, mut live, mut from) = (Vec::new(), BTreeSet::<usize>::new(), Millis(i64::MIN));
    for (to, index, begins) in edges {
        let last = live.last().and_then(|last| adjustments.get(*last));
        if let Some(last) = last.filter(|_| from < to) {
            flat.push(Adjustment { from, to, state: last.state });
        }
        from = to;
        if begins {
            live.insert(index)
        } else {
            live.remove(&index)
        };
    }
    flat
}
