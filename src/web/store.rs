//! The journal, read on a thread of its own. It keeps a [`Snapshot`] of how all stands, which pages show without waiting,
//! and answers what else a page asks of the past, within [`JOURNAL_DEADLINE`]: a disk that hangs holds up this thread
//! and nobody else.
//!
//! ```text
//!  journal --each second--> look --> Snapshot (for pages), Backlog (for who listens), a sign that there is news
//!          <--questions of pages, each with its deadline--
//! ```

mod events;
mod look;
mod snapshot;

pub use events::{Backlog, Event, EventId, Missed, Places};
pub use snapshot::{Snapshot, Trouble};

use crate::limits::{JOURNAL_DEADLINE, JOURNAL_LOOK, JOURNAL_QUESTIONS};
use look::Looker;
use oco::system::clock;
use oco_fleet::journal::{JournalError, Reader};
use oco_fleet::time::Millis;
use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use std::{io, thread};
use tokio::sync::{oneshot, watch};

/// A question, which the thread answers.
type Question = Box<dyn FnOnce(&mut Reader) + Send>;

/// The journal, for many who ask.
#[derive(Debug, Clone)]
pub struct Store {
    questions: SyncSender<Question>,
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
}

/// What the thread tells.
#[derive(Debug, Default)]
struct Shared {
    snapshot: Mutex<Arc<Snapshot>>,
    backlog: Mutex<Backlog>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The journal can't be read, for this reason.
    Journal(String),
    /// It did not answer in time.
    Late,
    /// Too many ask.
    Busy,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Journal(why) => f.write_str(why),
            Unread::Late => write!(f, "the journal did not answer within {} s", JOURNAL_DEADLINE.as_secs()),
            Unread::Busy => f.write_str("too many wait for the journal"),
        }
    }
}

impl std::error::Error for Unread {}

impl From<JournalError> for Unread {
    fn from(error: JournalError) -> Unread {
        match error {
            JournalError::Late(_) => Unread::Late,
            other => Unread::Journal(other.to_string()),
        }
    }
}

impl Store {
    /// Starts the thread over the journal at `path`, which need not be there yet.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(path: &Path) -> io::Result<Store> {
        let (questions, asked) = sync_channel(JOURNAL_QUESTIONS);
        let (tell, news) = watch::channel(0);
        let shared = Arc::<Shared>::default();
        let (reader, looker) = (Reader::at(path), Looker::default());
        let told = Arc::clone(&shared);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(reader, looker, &asked, &told, &tell))?;
        Ok(Store { questions, shared, news })
    }

    /// How all stands, as far as it is known.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that changes when there is something new to show.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }

    /// Waits until other acts are in force than `before`, but no longer than for the journal: who acted is shown it.
    pub async fn shows_other_acts(&self, before: &Snapshot) {
        let mut news = self.news();
        let is_shown = async { while self.snapshot().acts == before.acts && news.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(JOURNAL_DEADLINE, is_shown).await;
    }

    /// Lets `look` see the last events.
    pub fn with_events<T>(&self, look: impl FnOnce(&Backlog) -> T) -> T {
        look(&self.shared.backlog.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the journal.
    ///
    /// # Errors
    /// It can't be read, or not in time.
    pub async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, Unread> {
        let (reply, answer) = oneshot::channel();
        let question = Box::new(move |reader: &mut Reader| {
            // Who waited too long has gone: the work would be for nobody.
            if !reply.is_closed() {
                let _ = reply.send(read(reader));
            }
        });
        self.questions.try_send(question).map_err(|_| Unread::Busy)?;
        match tokio::time::timeout(JOURNAL_DEADLINE, answer).await {
            Ok(Ok(answer)) => answer.map_err(Unread::from),
            // The thread is gone only when its program ends.
            Ok(Err(_)) | Err(_) => Err(Unread::Late),
        }
    }
}

/// The thread: looks each second, and answers in between.
fn serve(
    mut reader: Reader,
    mut looker: Looker,
    asked: &Receiver<Question>,
    shared: &Shared,
    tell: &watch::Sender<u64>,
) {
    let mut next_look = Instant::now();
    loop {
        let now = Instant::now();
        if next_look <= now {
            let found = looker.look(&mut reader, Millis::of(clock::now().wall));
            if !found.events.is_empty() {
                let mut backlog = shared.backlog.lock().unwrap_or_else(PoisonError::into_inner);
                found.events.into_iter().for_each(|event| backlog.push(event));
            }
            *shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = found.snapshot;
            if found.is_news {
                tell.send_modify(|number| *number = number.wrapping_add(1));
            }
            next_look = Instant::now() + JOURNAL_LOOK;
        }
        match asked.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
            Ok(question) => question(&mut reader),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::journal::FILE;
    use std::time::Duration;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn a_journal_that_is_not_there_is_told_and_found_when_it_comes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::start(&dir.path().join(FILE)).unwrap();
        let asked = run(store.ask(|reader| reader.known()));
        assert!(matches!(asked, Err(Unread::Journal(_))), "{asked:?}");
        assert!(store.snapshot().trouble.is_some());
        let _writer = oco_fleet::journal::Writer::open(dir.path(), Millis(5), 0).unwrap();
        run(async {
            let mut news = store.news();
            tokio::time::timeout(Duration::from_secs(20), async {
                while store.snapshot().trouble.is_some() {
                    news.changed().await.unwrap();
                }
            })
            .await
            .unwrap();
        });
        assert_eq!(run(store.ask(|reader| reader.known())).unwrap().0, Millis(5));
    }

    #[test]
    fn who_asks_waits_no_longer_than_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::start(&dir.path().join(FILE)).unwrap();
        let (go_on, hangs) = std::sync::mpsc::channel::<()>();
        run(async {
            let hanging = store.ask(move |_| {
                let _ = hangs.recv();
                Ok(())
            });
            let begin = Instant::now();
            assert_eq!(hanging.await, Err(Unread::Late));
            assert!(begin.elapsed() < JOURNAL_DEADLINE * 2);
            let full = (0..=JOURNAL_QUESTIONS).map(|_| store.ask(|reader| reader.known()));
            let mut is_busy = false;
            for question in full {
                is_busy |=
                    tokio::time::timeout(Duration::from_millis(1), question).await == Ok(Err(Unread::Busy));
            }
            assert!(is_busy);
            drop(go_on);
        });
    }
}
