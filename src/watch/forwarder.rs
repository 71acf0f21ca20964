//! Another board that is told how services and nodes stand, by a thread: one that is away or slow holds up nothing. Only
//! the newest report waits; each tells all.

mod thread;

#[cfg(test)]
mod tests;

use crate::config::Forward;
use crate::http_post::Endpoint;
use crate::metrics::Forwards;
use oco::logic::code::Code;
use oco::logic::push::{PATH, Service};
use rustls::ClientConfig;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The service that tells that this watcher is alive. None of a fleet has a name without a slash or colon.
const COLLECTOR: &str = "collector";

/// What the loop is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The board can't be told, for this reason, and is tried again. Told once an episode.
    Failing(String),
    /// It is told again.
    Recovered,
}

/// What both sides see. Nobody holds the lock while anything is sent.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<Inner>,
    /// There is something to send, or it is time to end.
    work: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    report: Option<Vec<Service>>,
    /// The last one that was not taken yet. Between two looks of the loop a whole episode may come and go.
    event: Option<Event>,
    counts: Forwards,
    is_ending: bool,
}

impl Shared {
    /// A panic of the other side while it held the lock leaves nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The board of the settings, and the loop's end of its queue.
pub struct Forwarder {
    board: Option<Board>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
struct Board {
    settings: Forward,
    shared: Arc<Shared>,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder").field("board", &self.board).finish_non_exhaustive()
    }
}

impl Forwarder {
    /// No board. `wake` is called by the thread when there are events; it must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Forwarder {
        Forwarder { board: None, wake: Arc::new(wake) }
    }

    /// Whether it is the board of these settings.
    pub fn is_of(&self, settings: Option<&Forward>) -> bool {
        self.board.as_ref().map(|board| &board.settings) == settings
    }

    /// This is the board from now on, if any. `tls` is what sessions of https need, or why there are none.
    ///
    /// # Errors
    /// There is no thread to be had, and then no board.
    pub fn set(
        &mut self,
        settings: Option<&Forward>,
        tls: &Result<Arc<ClientConfig>, String>,
    ) -> io::Result<()> {
        self.board = None;
        let Some(settings) = settings else { return Ok(()) };
        let (shared, wake) = (Arc::new(Shared::default()), Arc::clone(&self.wake));
        let (of_thread, endpoint) = (Arc::clone(&shared), Endpoint::new(&settings.url, PATH, tls));
        let teller = thread::Teller {
            endpoint,
            name: settings.name.clone(),
            key_file: settings.key_file.clone(),
            period: settings.every,
        };
        let run = move || thread::run(&of_thread, &teller, &*wake);
        std::thread::Builder::new().name("forward".to_owned()).spawn(run)?;
        self.board = Some(Board { settings: settings.clone(), shared });
        Ok(())
    }

    /// Has the board told of these services, and that we are alive.
    pub fn tell(&self, mut services: Vec<Service>) {
        let Some(board) = &self.board else { return };
        let info = format!("{} of ocowatch", counted(services.len()));
        services.insert(0, Service { name: COLLECTOR.to_owned(), code: Code::OK, info, period: None });
        board.shared.lock().report = Some(services);
        board.shared.work.notify_one();
    }

    /// The board's URL and what happened to it since the last call.
    pub fn take_event(&self) -> Option<(&str, Event)> {
        let board = self.board.as_ref()?;
        let event = board.shared.lock().event.take()?;
        Some((&board.settings.url, event))
    }

    /// How often it was told; none: there is no board.
    pub fn counts(&self) -> Option<Forwards> {
        Some(self.board.as_ref()?.shared.lock().counts)
    }
}

fn counted(names: usize) -> String {
    if names == 1 { "1 name".to_owned() } else { format!("{names} names") }
}

impl Drop for Board {
    /// The thread ends when the request that is under way is over.
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.work.notify_one();
    }
}
