//! `oco run`, and the loop that it shares with `oco run-parts`: runs plugins side by side and records their results.

use super::error::Error;
use super::{BAD, print};
use crate::children::in_process::InProcess;
use crate::children::starter::{GroupSignal, is_shortage};
use crate::children::{ChildEvent, ChildId, ChildLimits, Children, Class, Ended, Job};
use crate::limits::PLUGINS_AT_ONCE;
use crate::logic::code::Code;
use crate::logic::plugin_result::{Run, exit_status};
use crate::logic::text::printable;
use crate::status::record;
use crate::status::run_lock::{Lock, LockError, lock};
use crate::system::clock;
use crate::system::signals::Signals;
use crate::system::words::words;
use log::{debug, warn};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::signal::Signal;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

const SIGNALS: Token = Token(0);
const CHILDREN: Token = Token(1);

/// A plugin to run.
#[derive(Debug)]
pub struct Plugin {
    /// The check to record it as.
    pub name: String,
    /// What to start, and how long it may take.
    pub job: Job,
    /// How old its result may be, where that is not the settings' to say.
    pub max_age: Option<Duration>,
}

/// What became of a plugin.
#[derive(Debug)]
pub enum Outcome {
    /// Its result was recorded as this.
    Recorded(Code),
    /// Another run of the same check is under way; that one will record.
    Busy,
    /// oco was told to end before there was a result.
    Stopped,
    /// It could not be run or recorded, for this reason.
    Failed(Error),
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// To look for children that have ended.
    Look,
    /// To end.
    Stop,
}

/// A plugin that was given to the children. Nobody else runs its check meanwhile.
#[derive(Debug)]
struct UnderWay {
    index: usize,
    plugin: Plugin,
    _lock: Lock,
}

/// The plugins of one call of oco.
#[derive(Debug)]
struct Plugins<'a> {
    directory: &'a Path,
    /// Those whose turn has not come.
    waiting: VecDeque<(usize, Plugin)>,
    under_way: BTreeMap<ChildId, UnderWay>,
    outcomes: Vec<Outcome>,
    /// A descriptor was missing for one of those who wait, and nobody has ended since.
    is_short: bool,
}

/// Runs one plugin, and returns the exit status for its result.
pub fn run(directory: &Path, plugin: Plugin, is_verbose: bool) -> Result<u8, Error> {
    let name = plugin.name.clone();
    let outcomes = run_all(directory, vec![plugin])?;
    match outcomes.into_iter().next() {
        Some(Outcome::Recorded(code)) => {
            if is_verbose {
                print(&record::shown(directory, &name))?;
            }
            Ok(exit_status(code))
        }
        Some(Outcome::Failed(error)) => Err(error),
        Some(Outcome::Busy) if is_verbose => Err(Error::Busy(name)),
        // The other run was told of at debug level; who stops oco knows of it.
        Some(Outcome::Busy | Outcome::Stopped) | None => Err(Error::Said(BAD)),
    }
}

/// Runs all plugins, and says what became of each, in their order.
pub fn run_all(directory: &Path, plugins: Vec<Plugin>) -> Result<Vec<Outcome>, Error> {
    let failed = |error: io::Error| Error::System("event loop", error);
    let outcomes = plugins.iter().map(|_| Outcome::Stopped).collect();
    let waiting = plugins.into_iter().enumerate().collect();
    let mut plugins = Plugins { directory, waiting, under_way: BTreeMap::new(), outcomes, is_short: false };
    plugins.run().map_err(failed)?;
    Ok(plugins.outcomes)
}

impl Plugins<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut poll = Poll::new()?;
        let stop = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].map(|signal| (signal, Asked::Stop));
        let mut signals = Signals::catch(&[(Signal::SIGCHLD, Asked::Look)], &stop)?;
        if let Some(descriptor) = signals.raw_fd() {
            poll.registry().register(&mut SourceFd(&descriptor), SIGNALS, Interest::READABLE)?;
        }
        let limits = ChildLimits { at_once: PLUGINS_AT_ONCE, kept_places: Vec::new() };
        let mut children = Children::new(InProcess::new(poll.registry().try_clone()?), CHILDREN, limits);
        let mut events = Events::with_capacity(2 * PLUGINS_AT_ONCE + 1);
        loop {
            self.start_waiting(&mut children);
            for event in children.turn(clock::now().boot) {
                self.take_in(event);
            }
            if !(self.waiting.is_empty() || children.is_full() || self.is_short) {
                continue;
            }
            if children.is_empty() {
                return Ok(());
            }
            let now = clock::now().boot;
            let timeout = children.deadline().map(|deadline| deadline.since(now));
            match poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    // Nobody would watch over them.
                    children.kill();
                    return Err(error);
                }
                Ok(()) | Err(_) => {}
            }
            events.iter().map(|event| event.token()).for_each(|token| children.ready(token));
            if signals.take_asked().contains(&Asked::Stop) {
                self.waiting.clear();
                children.stop();
            }
        }
    }

    /// Gives the next of those who wait to the children, if these can start it at once: who only waits holds no lock, for
    /// each is a descriptor that a child may need.
    fn start_waiting(&mut self, children: &mut Children<InProcess>) {
        while !self.is_short
            && !children.is_full()
            && let Some((index, plugin)) = self.waiting.pop_front()
        {
            let outcome = match lock(self.directory, &plugin.name) {
                Ok(lock) => {
                    let id = children.start(plugin.job.clone(), Class::default());
                    self.under_way.insert(id, UnderWay { index, plugin, _lock: lock });
                    continue;
                }
                Err(LockError::Busy) => {
                    debug!("{}: another run of it is under way", plugin.name);
                    Outcome::Busy
                }
                Err(LockError::Failed(_, error)) if is_shortage(&error) => {
                    if !children.is_empty() {
                        debug!("{}: waits for another to end: {}", plugin.name, words(&error));
                        self.waiting.push_front((index, plugin));
                        self.is_short = true;
                        return;
                    }
                    Outcome::Failed(Error::System("can't be run", error))
                }
                Err(error) => Outcome::Failed(error.into()),
            };
            self.set_outcome(index, outcome);
        }
    }

    /// Says what happened, and records results.
    fn take_in(&mut self, event: ChildEvent) {
        let name = |id| self.under_way.get(&id).map(|one| one.plugin.name.as_str()).unwrap_or_default();
        match event {
            ChildEvent::Started { id, process } => debug!("{}: started as process {process}", name(id)),
            ChildEvent::Delayed { id, error } => {
                debug!("{}: waits for another to end: {}", name(id), words(&error));
            }
            ChildEvent::Ended(ended) => self.record(ended),
            ChildEvent::Failed { id, error } => {
                if let Some(index) = self.under_way.get(&id).map(|one| one.index) {
                    self.set_outcome(index, Outcome::Failed(Error::System("can't be run", error)));
                }
            }
            ChildEvent::Signalled { id, process, signal, result } => {
                let signal = match signal {
                    GroupSignal::Terminate => "TERM",
                    GroupSignal::Kill => "KILL",
                };
                let group = process.unwrap_or_default();
                match result {
                    Ok(()) => debug!("{}: {signal} to its process group {group}", name(id)),
                    Err(error) => warn!("{}: {signal} to group {group}: {}", name(id), words(&error)),
                }
            }
            ChildEvent::Unkillable { id, process } => {
                let group = process.unwrap_or_default();
                warn!("{}: a process of group {group} can't be killed", name(id));
            }
            ChildEvent::Over { id } => {
                self.under_way.remove(&id);
                self.is_short = false;
            }
            // There is none but ourselves.
            ChildEvent::StarterLost => {}
        }
    }

    fn record(&mut self, ended: Ended) {
        let Some(UnderWay { index, plugin, .. }) = self.under_way.get(&ended.id) else { return };
        let text = ended.run.text(&ended.stdout, &ended.stderr);
        if !matches!(ended.run, Run::NotStarted(_)) {
            debug!("{}: {:?}: {}", plugin.name, ended.run, printable(&text));
        }
        let code = ended.run.code();
        let outcome = match record::write(self.directory, &plugin.name, code, &text, plugin.max_age) {
            Ok(()) => Outcome::Recorded(code),
            Err(error) => Outcome::Failed(error.into()),
        };
        self.set_outcome(*index, outcome);
    }

    fn set_outcome(&mut self, index: usize, outcome: Outcome) {
        if let Some(place) = self.outcomes.get_mut(index) {
            *place = outcome;
        }
    }
}
