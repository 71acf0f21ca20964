//! The thread's side: takes what waits, writes it as one batch, tries again what failed.

use super::{Event, Inner, Journal, Shared, WriterBounds};
use crate::limits::{JOURNAL_EVENTS, JOURNAL_RETRY, LONGEST_JOURNAL_RETRY};
use oco_fleet::journal::{Entry, JournalError};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(super) fn run(
    mut journal: impl Journal,
    shared: &Shared,
    bounds: WriterBounds,
    wake: &(dyn Fn() + Send),
) {
    let mut batch = Vec::new();
    while let Some(up_to) = next_batch(&mut journal, shared, bounds, &mut batch) {
        if !write_batch(&mut journal, shared, &batch, wake) {
            break;
        }
        batch.clear();
        let mut inner = shared.lock();
        inner.in_hand = 0;
        inner.written = up_to;
        if inner.failing.take().is_some() {
            tell(&mut inner, Event::Recovered);
        }
        shared.done.notify_all();
        drop(inner);
        wake();
    }
    if batch.is_empty() {
        journal.settle();
    }
    drop(journal);
    shared.lock().has_ended = true;
    shared.done.notify_all();
}

/// Waits for something to write, and then until it is a whole batch or was waited for long enough. The number of the
/// last entry taken; none when it is time to end.
fn next_batch(
    journal: &mut impl Journal,
    shared: &Shared,
    bounds: WriterBounds,
    batch: &mut Vec<Entry>,
) -> Option<u64> {
    let mut inner = shared.lock();
    let rest_at = Instant::now() + bounds.rest;
    let mut rests = false;
    while inner.whole == 0 {
        if inner.is_ending {
            return None;
        }
        let left = rest_at.saturating_duration_since(Instant::now());
        if rests {
            inner = shared.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
        } else if left.is_zero() {
            rests = true;
            // The room that a storm, or a disk that hung, has cost.
            inner.queue.shrink_to_fit();
            drop(inner);
            batch.shrink_to_fit();
            journal.rest();
            inner = shared.lock();
        } else {
            inner = wait(shared, inner, left);
        }
    }
    let deadline = Instant::now() + bounds.commit;
    while inner.whole < bounds.batch && !inner.is_ending {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        inner = wait(shared, inner, left);
    }
    let (mut last, mut rows, mut is_parted) = (inner.written, 0, false);
    while (rows < bounds.batch || is_parted)
        && inner.whole > 0
        && let Some(queued) = inner.queue.pop_front()
    {
        inner.whole -= 1;
        (last, is_parted) = (queued.number, queued.goes_on);
        rows += rows_of(&queued.entry);
        batch.push(queued.entry);
    }
    inner.in_hand = batch.len();
    // What was lost came when the queue was full: it is passed over when all that was in it is written.
    Some(if inner.queue.is_empty() { inner.pushed } else { last })
}

/// How many rows an entry writes, roughly: a transaction must not take long.
fn rows_of(entry: &Entry) -> usize {
    match entry {
        Entry::Watched { names, .. } => names.len(),
        // They become one row, but each is looked up.
        Entry::Figures { measured, .. } => measured.len(),
        _ => 1,
    }
}

fn wait<'a>(shared: &Shared, inner: MutexGuard<'a, Inner>, limit: Duration) -> MutexGuard<'a, Inner> {
    match shared.work.wait_timeout(inner, limit) {
        Ok((inner, _)) => inner,
        Err(poisoned) => poisoned.into_inner().0,
    }
}

/// Writes a batch, however often it takes. False: nobody waits any more, and it can't be written.
fn write_batch(
    journal: &mut impl Journal,
    shared: &Shared,
    batch: &[Entry],
    wake: &(dyn Fn() + Send),
) -> bool {
    let mut pause = JOURNAL_RETRY;
    loop {
        shared.lock().writing = Some(Instant::now());
        let result = journal.write(batch);
        shared.lock().writing = None;
        match result {
            Ok(()) => return true,
            Err(error @ JournalError::Refused(..)) => return part(journal, shared, batch, &error, wake),
            Err(error @ JournalError::Replaced(..)) => {
                tell(&mut shared.lock(), Event::Replaced(error.to_string()));
                wake();
            }
            Err(error) => tell_failing(shared, error.to_string(), wake),
        }
        if !pause_for(shared, pause) {
            return false;
        }
        pause = (pause * 2).min(LONGEST_JOURNAL_RETRY);
    }
}

/// One of these is at fault: the others need not wait for it.
fn part(
    journal: &mut impl Journal,
    shared: &Shared,
    batch: &[Entry],
    error: &JournalError,
    wake: &(dyn Fn() + Send),
) -> bool {
    if batch.len() > 1 {
        let (first, second) = batch.split_at(batch.len() / 2);
        return write_batch(journal, shared, first, wake) && write_batch(journal, shared, second, wake);
    }
    let mut inner = shared.lock();
    inner.lost += 1;
    tell(&mut inner, Event::Refused(error.to_string()));
    true
}

/// Notes why it fails, and tells it at the beginning of an episode.
fn tell_failing(shared: &Shared, why: String, wake: &(dyn Fn() + Send)) {
    let mut inner = shared.lock();
    if inner.failing.is_none() {
        tell(&mut inner, Event::Failing(why.clone()));
    }
    inner.failing = Some(why);
    drop(inner);
    wake();
}

/// Waits for so long, or until somebody wants to end. Whether to try again: not where nobody waits for it.
fn pause_for(shared: &Shared, pause: Duration) -> bool {
    let mut inner = shared.lock();
    let was_ending = inner.is_ending;
    let pause = if was_ending { JOURNAL_RETRY } else { pause };
    let deadline = Instant::now() + pause;
    while !inner.is_abandoned && inner.is_ending == was_ending {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        inner = wait(shared, inner, left);
    }
    !inner.is_abandoned
}

/// Events wait for the loop, which takes them at once; of too many the oldest go.
fn tell(inner: &mut Inner, event: Event) {
    if inner.events.len() >= JOURNAL_EVENTS {
        inner.events.pop_front();
    }
    inner.events.push_back(event);
}
