//! What the availability of one object is reckoned from.

use super::{IN_FORCE, Look, acts, acts_of, adjustments_of, spans};
use crate::availability::{Adjustment, Overlays, Span};
use crate::journal::{Act, ActKind};
use crate::maintenance::covers;
use crate::object::{ObjectName, Pattern};
use crate::time::Millis;
use std::slice;

/// How an object stood over a time, and what lies over that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Where it stood.
    pub spans: Vec<Span>,
    /// When nobody watched it.
    pub gaps: Vec<(Millis, Millis)>,
    /// Maintenance that covers it: windows as they were, and what was entered, also afterwards.
    pub planned: Vec<(Millis, Millis)>,
    /// Corrections of it that count, in the order in which they were made.
    pub adjustments: Vec<Adjustment>,
}

impl History {
    /// What lies over the spans.
    pub fn over(&self) -> Overlays<'_> {
        Overlays { gaps: &self.gaps, planned: &self.planned, adjustments: &self.adjustments }
    }
}

/// None: it was never watched.
pub(super) fn history(
    look: &Look<'_>,
    name: &ObjectName,
    (from, to): (Millis, Millis),
    known: Millis,
) -> rusqlite::Result<Option<History>> {
    if spans::find(look, name)?.is_none() {
        return Ok(None);
    }
    let mut history = History::default();
    for span in spans::spans(look, slice::from_ref(name), from, to, known)?.into_iter().flatten() {
        match span.state {
            Some(state) => history.spans.push(Span { from: span.from, state, planned: span.planned }),
            None => history.gaps.push((span.from, span.to)),
        }
    }
    let service = name.service_of_target();
    for window in acts::windows(look.connection, from, to)? {
        if window.name == *name || Some(&window.name) == service.as_ref() {
            history.planned.push((window.since, window.until));
        }
    }
    for act in acts_of(look.connection, IN_FORCE, &[from.0, to.0])? {
        let of = Pattern::parse(&act.name).ok().filter(|_| act.kind == ActKind::Maint);
        if of.is_some_and(|of| covers(&[of], name)) {
            history.planned.push(time_of(&act));
        }
    }
    history.planned.sort_unstable();
    for one in adjustments_of(look.connection, "WHERE undone IS NULL ORDER BY id")? {
        if one.name == *name {
            history.adjustments.push(one.laid_over());
        }
    }
    Ok(Some(history))
}

/// When an act was or is in force.
fn time_of(act: &Act) -> (Millis, Millis) {
    let end = act.until.into_iter().chain(act.ended).min();
    (act.since, end.unwrap_or(Millis(i64::MAX)))
}
