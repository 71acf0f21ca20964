//! The thread that publishes services and nodes as status files, and the loop's end of its queue. The loop never waits
//! for it: of each file only the newest state waits to be written, and how the thread fares is told as events.
//!
//! A file is ours that has our signature, which names our state directory. Others are never overwritten, nor removed.

mod files;
mod thread;

#[cfg(test)]
mod tests;

use crate::limits::PUBLISH_HANGS;
use oco::logic::code::Code;
use oco::logic::text::printable;
use oco_fleet::state::{Standing, State};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Octets of the state directory's path in a signature: it is for people, and two watchers differ before that.
const SIGNATURE_OCTETS: usize = 256;

/// What a status file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its code.
    pub code: Code,
    /// The text behind it.
    pub text: String,
}

impl Published {
    /// What is published of who stands so. What is not known is no success; what is planned, down or unknown, is told, but
    /// is no failure, as in the fleet's own status.
    pub fn of(standing: &Standing) -> Published {
        let reason = &standing.reason;
        match (standing.state, standing.planned) {
            (State::Ok, _) => Published { code: standing.code.unwrap_or(Code::OK), text: reason.to_string() },
            (State::But, _) => {
                Published { code: standing.code.unwrap_or(Code::BUT), text: reason.to_string() }
            }
            (State::Ko, true) => {
                let code = standing.code.unwrap_or(Code::KO);
                Published { code: Code::BUT, text: format!("maint: {code} {reason}") }
            }
            (State::Unknown, true) => Published { code: Code::BUT, text: format!("maint: unknown {reason}") },
            (State::Ko, false) => {
                Published { code: standing.code.unwrap_or(Code::KO), text: reason.to_string() }
            }
            (State::Unknown, false) => Published { code: Code::UNKNOWN, text: format!("unknown {reason}") },
        }
    }
}

/// Where files are published, and how ours are known there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// The third line of each of our files.
    signature: String,
}

impl Place {
    /// `directory`, for the watcher whose state is in `state_dir`.
    pub fn new(directory: &Path, state_dir: &Path) -> Place {
        let path = state_dir.as_os_str().as_bytes();
        let path = printable(path.get(..SIGNATURE_OCTETS).unwrap_or(path));
        Place { directory: directory.to_owned(), signature: format!("published by ocowatch of {path}") }
    }
}

/// What the loop is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file can't be written or removed, for this reason; it is tried again each minute. Told once an episode.
    Failing(String),
    /// The disk has not answered for some seconds. Told once an episode.
    Hanging,
    /// All that waited is written again.
    Recovered,
    /// A file stands in the way that is not ours. Told once, until it has gone.
    Foreign(PathBuf),
}

/// What both sides see. Nobody holds the lock while a file is touched.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<Inner>,
    /// There is something to do, or it is time to end.
    work: Condvar,
    /// The thread has ended.
    done: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    /// Files are published in another place from now on, or in none.
    switch: Option<Option<Place>>,
    /// What changed, by the files' names; none: the file is to go.
    pending: BTreeMap<String, Option<Published>>,
    /// All files are to be written anew.
    refresh: bool,
    events: VecDeque<Event>,
    /// Since when the work on a file that is under way is.
    working: Option<Instant>,
    is_ending: bool,
    has_ended: bool,
}

impl Shared {
    /// A panic of the other side while it held the lock leaves nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's end.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    hangs: Duration,
    told_hanging: bool,
}

impl Publisher {
    /// Starts the thread, which publishes nothing yet. `wake` is called by it when there are events; it must not wait.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(wake: impl Fn() + Send + 'static) -> io::Result<Publisher> {
        Publisher::with(PUBLISH_HANGS, wake)
    }

    fn with(hangs: Duration, wake: impl Fn() + Send + 'static) -> io::Result<Publisher> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("publisher".to_owned())
            .spawn(move || thread::run(&of_thread, hangs, &wake))?;
        Ok(Publisher { shared, hangs, told_hanging: false })
    }

    /// Publishes these files in `place` from now on. Files of ours that are not among them are removed there, and all of
    /// them in the place before, if that was another one.
    pub fn open(&self, place: Option<Place>, files: BTreeMap<String, Published>) {
        let pending = files.into_iter().map(|(name, file)| (name, Some(file))).collect();
        let mut inner = self.shared.lock();
        inner.switch = Some(place);
        let before = std::mem::replace(&mut inner.pending, pending);
        self.shared.work.notify_one();
        drop(inner);
        drop(before);
    }

    /// Has a file say this; none: it is to go.
    pub fn set(&self, name: String, file: Option<Published>) {
        let mut inner = self.shared.lock();
        inner.pending.insert(name, file);
        self.shared.work.notify_one();
    }

    /// Has all files written anew, so that none grows stale.
    pub fn refresh(&self) {
        self.shared.lock().refresh = true;
        self.shared.work.notify_one();
    }

    /// When the loop should ask for events at the latest, since a thread that hangs wakes nobody.
    pub fn deadline(&self) -> Option<Instant> {
        if self.told_hanging {
            return None;
        }
        self.shared.lock().working.map(|since| since + self.hangs)
    }

    /// What happened until `now`, oldest first.
    pub fn take_events(&mut self, now: Instant) -> Vec<Event> {
        let mut inner = self.shared.lock();
        let is_hanging =
            inner.working.is_some_and(|since| now.saturating_duration_since(since) >= self.hangs);
        let mut events: Vec<Event> = inner.events.drain(..).collect();
        drop(inner);
        if is_hanging != std::mem::replace(&mut self.told_hanging, is_hanging) {
            events.push(if is_hanging { Event::Hanging } else { Event::Recovered });
        }
        events
    }

    /// Ends the thread when all that changed is written, but waits for it no longer than `limit`. The files stay, and
    /// grow stale.
    pub fn finish(&self, limit: Duration) {
        let mut inner = self.shared.lock();
        inner.is_ending = true;
        self.shared.work.notify_one();
        drop(self.shared.done.wait_timeout_while(inner, limit, |inner| !inner.has_ended));
    }
}
