//! The thread's side: one file after the other, changes before those that are only written anew.

use super::files::Files;
use super::{Event, Inner, Place, Published, Shared};
use crate::limits::PUBLISH_EVENTS;
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// What is to be done next.
enum Job {
    /// Publish in another place, where there are to be files of these names alone.
    Open(Option<Place>, BTreeSet<String>),
    /// Have a file say this, or go.
    Set(String, Option<Published>),
    /// Write all files anew, each in its turn.
    Refresh,
    /// Write the next of them.
    Next,
}

pub(super) fn run(shared: &Shared, hangs: Duration, wake: &(dyn Fn() + Send)) {
    let mut files = Files::default();
    let mut last = String::new();
    while let Some(job) = next(shared, &mut last, files.has_more()) {
        let began = Instant::now();
        let mut events = Vec::new();
        match job {
            Job::Open(place, names) => files.open(place, &names, &mut events, &|| begin(shared)),
            Job::Set(name, file) => files.set(name, file, &mut events),
            Job::Refresh => files.refresh(),
            Job::Next => files.write_next(&mut events),
        }
        let has_hung = began.elapsed() >= hangs;
        let is_told = !events.is_empty() || has_hung;
        let mut inner = shared.lock();
        inner.working = None;
        for event in events {
            tell(&mut inner, event);
        }
        drop(inner);
        if is_told {
            wake();
        }
    }
    shared.lock().has_ended = true;
    shared.done.notify_all();
}

/// Work on another file begins.
fn begin(shared: &Shared) {
    shared.lock().working = Some(Instant::now());
}

/// Waits for something to do. Changes are taken in the order of their names, each in its turn, so that none that changes
/// all the time holds up the others. None: it is time to end.
fn next(shared: &Shared, last: &mut String, has_more: bool) -> Option<Job> {
    let mut inner = shared.lock();
    let job = loop {
        if let Some(place) = inner.switch.take() {
            break Job::Open(place, inner.pending.keys().cloned().collect());
        }
        let following = inner.pending.range::<String, _>((Excluded(&*last), Unbounded)).next();
        let name = following.or_else(|| inner.pending.first_key_value()).map(|(name, _)| name.clone());
        if let Some((name, file)) = name.and_then(|name| inner.pending.remove_entry(&name)) {
            last.clone_from(&name);
            break Job::Set(name, file);
        }
        if inner.is_ending {
            return None;
        }
        if std::mem::take(&mut inner.refresh) {
            break Job::Refresh;
        }
        if has_more {
            break Job::Next;
        }
        inner = shared.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
    };
    inner.working = Some(Instant::now());
    Some(job)
}

/// Adds an event, in place of the oldest one where nobody takes them.
fn tell(inner: &mut Inner, event: Event) {
    if inner.events.len() >= PUBLISH_EVENTS {
        inner.events.pop_front();
    }
    inner.events.push_back(event);
}
