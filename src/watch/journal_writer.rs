//! The thread that writes the journal, and the loop's end of its queue. The loop never waits for it: what the disk does
//! not take yet waits in a bounded queue, and how the thread fares is told as events. What one turn of the loop hands in
//! is written whole or not at all: a kill leaves no half of it behind.
//!
//! It decides nothing and writes no log. What was lost, because the queue was full, is counted: how each object stands
//! then has to be entered again by whoever keeps that.

mod thread;

#[cfg(test)]
mod tests;

use crate::limits::{JOURNAL_BATCH, JOURNAL_COMMIT, JOURNAL_HANGS, JOURNAL_QUEUE, JOURNAL_REST};
use crate::memory;
use oco_fleet::journal::{Entry, JournalError, Writer};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where an entry stands in the order of all that were pushed: from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Sequence(pub u64);

/// What the loop is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It can't be written, for this reason; it is tried again. Told once an episode.
    Failing(String),
    /// The disk has not answered for some seconds. Told once an episode.
    Hanging,
    /// All that waited is written again.
    Recovered,
    /// So many entries found no place in the queue and are lost.
    Lost(u64),
    /// The journal was damaged, and a new one is begun: how everything stands has to be entered again. The words say
    /// where the damaged one is.
    Replaced(String),
    /// The journal never takes this one entry, for this reason: it is left out.
    Refused(String),
}

/// How the thread fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriterStatus {
    /// Well.
    Fine,
    /// A write has not ended for so long.
    Hanging(Duration),
    /// Writes fail, for this reason.
    Failing(String),
}

/// What the thread writes to. Tests stand in for it.
pub trait Journal: Send + 'static {
    /// Writes all of these, or none.
    ///
    /// # Errors
    /// None of them is written; the error knows whether to try again.
    fn write(&mut self, entries: &[Entry]) -> Result<(), JournalError>;
    /// Nothing was written for a while: what memory that took may be given back.
    fn rest(&mut self);
    /// Whether something may be done when all is written and nobody waits; nothing is lost without it.
    fn settle(&mut self);
}

impl Journal for Writer {
    fn write(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        Writer::write(self, entries)
    }

    fn rest(&mut self) {
        Writer::rest(self);
        memory::give_back();
    }

    fn settle(&mut self) {
        // What is not brought into the file stays in its log, where it is as safe.
        let _ = Writer::settle(self);
    }
}

/// Numbers that a test makes smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterBounds {
    /// [`JOURNAL_QUEUE`].
    pub queue: usize,
    /// [`JOURNAL_BATCH`].
    pub batch: usize,
    /// [`JOURNAL_COMMIT`].
    pub commit: Duration,
    /// [`JOURNAL_HANGS`].
    pub hangs: Duration,
    /// [`JOURNAL_REST`].
    pub rest: Duration,
}

impl Default for WriterBounds {
    fn default() -> WriterBounds {
        WriterBounds {
            queue: JOURNAL_QUEUE,
            batch: JOURNAL_BATCH,
            commit: JOURNAL_COMMIT,
            hangs: JOURNAL_HANGS,
            rest: JOURNAL_REST,
        }
    }
}

/// What both sides see. Nobody holds the lock while anything is written.
#[derive(Debug)]
struct Shared {
    state: Mutex<Inner>,
    /// There is something to write, or it is time to end.
    work: Condvar,
    /// Something was written, or the thread has ended.
    done: Condvar,
}

/// An entry that waits.
#[derive(Debug)]
struct Queued {
    number: u64,
    entry: Entry,
    /// It is written together with the next one.
    goes_on: bool,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Queued>,
    /// So many of them, the first ones, may be written: what follows them is not whole yet.
    whole: usize,
    /// Entries that the thread has taken out of the queue and not written yet.
    in_hand: usize,
    pushed: u64,
    written: u64,
    events: VecDeque<Event>,
    lost: u64,
    /// Since when the write that is under way is.
    writing: Option<Instant>,
    failing: Option<String>,
    is_ending: bool,
    /// Nobody waits any more: what fails now is not tried again.
    is_abandoned: bool,
    has_ended: bool,
    /// What is pushed now belongs together.
    is_gathering: bool,
}

impl Shared {
    /// A panic of the other side while it held the lock leaves nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's end.
#[derive(Debug)]
pub struct JournalWriter {
    shared: Arc<Shared>,
    bounds: WriterBounds,
    /// Lost since it was last told.
    lost_untold: u64,
    told_hanging: bool,
}

impl JournalWriter {
    /// Starts the thread. `wake` is called by it when something was written or there are events; it must not wait.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(
        journal: impl Journal,
        bounds: WriterBounds,
        wake: Box<dyn Fn() + Send>,
    ) -> io::Result<JournalWriter> {
        let shared = Arc::new(Shared {
            state: Mutex::new(Inner::default()),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || thread::run(journal, &of_thread, bounds, &*wake))?;
        Ok(JournalWriter { shared, bounds, lost_untold: 0, told_hanging: false })
    }

    /// Has `entry` written, soon. Beyond the bound it is lost, and its number is passed over.
    pub fn push(&mut self, entry: Entry) -> Sequence {
        let mut inner = self.shared.lock();
        inner.pushed += 1;
        let sequence = Sequence(inner.pushed);
        if inner.queue.len() + inner.in_hand >= self.bounds.queue {
            inner.lost += 1;
            self.lost_untold += 1;
            return sequence;
        }
        let goes_on = inner.is_gathering;
        inner.queue.push_back(Queued { number: sequence.0, entry, goes_on });
        if !goes_on {
            self.hand_over(&mut inner);
        }
        sequence
    }

    /// What is pushed from now on belongs together: it is written whole or not at all.
    pub fn gather(&mut self) {
        self.shared.lock().is_gathering = true;
    }

    /// Has what was gathered written.
    pub fn release(&mut self) {
        let mut inner = self.shared.lock();
        inner.is_gathering = false;
        if let Some(last) = inner.queue.back_mut() {
            last.goes_on = false;
        }
        self.hand_over(&mut inner);
    }

    fn hand_over(&self, inner: &mut Inner) {
        let before = std::mem::replace(&mut inner.whole, inner.queue.len());
        let is_more = inner.whole > before;
        if is_more && (before == 0 || (before < self.bounds.batch && inner.whole >= self.bounds.batch)) {
            self.shared.work.notify_one();
        }
    }

    /// The number of what was pushed last.
    pub fn pushed(&self) -> Sequence {
        Sequence(self.shared.lock().pushed)
    }

    /// The number up to which all is written but what was lost.
    pub fn written(&self) -> Sequence {
        Sequence(self.shared.lock().written)
    }

    /// Entries that wait, those in hand included.
    pub fn waiting(&self) -> usize {
        let inner = self.shared.lock();
        inner.queue.len() + inner.in_hand
    }

    /// Entries that were lost in all.
    pub fn lost(&self) -> u64 {
        self.shared.lock().lost
    }

    /// How the thread fares at `now`.
    pub fn status(&self, now: Instant) -> WriterStatus {
        let inner = self.shared.lock();
        let busy = inner.writing.map(|since| now.saturating_duration_since(since));
        match (busy.filter(|busy| *busy >= self.bounds.hangs), &inner.failing) {
            (Some(busy), _) => WriterStatus::Hanging(busy),
            (None, Some(why)) => WriterStatus::Failing(why.clone()),
            (None, None) => WriterStatus::Fine,
        }
    }

    /// When the loop should ask again at the latest, since a thread that hangs wakes nobody.
    pub fn deadline(&self) -> Option<Instant> {
        if self.told_hanging {
            return None;
        }
        self.shared.lock().writing.map(|since| since + self.bounds.hangs)
    }

    /// What happened until `now`, oldest first.
    pub fn take_events(&mut self, now: Instant) -> Vec<Event> {
        let is_hanging = matches!(self.status(now), WriterStatus::Hanging(_));
        let mut inner = self.shared.lock();
        let mut events: Vec<_> = inner.events.drain(..).collect();
        let is_failing = inner.failing.is_some();
        drop(inner);
        if is_hanging && !self.told_hanging {
            events.push(Event::Hanging);
            self.told_hanging = true;
        } else if !is_hanging && self.told_hanging {
            self.told_hanging = false;
            // A write that hung and then failed has not recovered; the failing one's end is told by the thread.
            if !is_failing && !events.contains(&Event::Recovered) {
                events.push(Event::Recovered);
            }
        }
        if self.lost_untold > 0 {
            events.push(Event::Lost(std::mem::take(&mut self.lost_untold)));
        }
        events
    }

    /// Ends the thread when all that waits is written, but waits for it no longer than `limit`. How many entries are
    /// not written.
    pub fn finish(self, limit: Duration) -> usize {
        let mut inner = self.shared.lock();
        inner.is_ending = true;
        self.shared.work.notify_one();
        let still = |inner: &mut Inner| !inner.has_ended;
        inner = match self.shared.done.wait_timeout_while(inner, limit, still) {
            Ok((inner, _)) => inner,
            Err(poisoned) => poisoned.into_inner().0,
        };
        inner.queue.len() + inner.in_hand
    }
}

impl Drop for JournalWriter {
    /// What still waits is tried once more, as long as the process lives.
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        (inner.is_ending, inner.is_abandoned) = (true, true);
        self.shared.work.notify_one();
    }
}
