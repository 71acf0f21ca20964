//! The loop: one thread, one poll.
//!
//! A turn: sleep until something happens or a deadline comes; go on with lingering connections; obey signals;
//! accept a batch, make the lines true, answer the whole batch; expire what is due. An answer is coherent because
//! the directory's events are read between the accept and the answer: what was closed before a client called
//! connect() has its event in the queue by then.

mod accepting;
mod following;
mod requests;

use super::answers::Answers;
use super::listeners::Listeners;
use crate::limits::{ACCEPT_PAUSE, ADDRESS_SHARE, Bounds, STOP_BATCHES, STOP_LINGER};
use crate::logic::pages::Page;
use crate::logic::tally::Tally;
use crate::logic::time::{Nanos, Now};
use crate::net::http::HttpConnections;
use crate::net::lingering::{Answered, LingeringConnections};
use crate::net::token::{Kind, Source};
use crate::system::files::{Files, KernelFiles};
use crate::system::log_lines;
use crate::system::signals::Signals;
use crate::system::sockets::{KernelSockets, Sleep, Sockets};
use crate::system::systemd::Notify;
use log::{info, warn};
use mio::{Interest, Token};
use requests::Question;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// What runs in the daemon's one thread.
#[derive(Debug)]
pub struct EventLoop<F = KernelFiles, K: Sockets = KernelSockets> {
    sockets: K,
    signals: Signals<Signal>,
    answers: Answers<F>,
    listeners: Listeners<K>,
    lingering: LingeringConnections<K>,
    http: HttpConnections<K, Page>,
    max_connections: usize,
    bounds: Bounds,
    /// What the last sleep ended with. Kept for its memory alone.
    ready: Vec<Token>,
    /// Connections accepted and not answered yet.
    batch: Vec<(K::Stream, IpAddr)>,
    /// Requests over HTTP that were read and not answered yet.
    asked: Vec<Question>,
    /// Connections answered and not yet in the table.
    answered: Vec<Answered<K::Stream>>,
    tally: Tally,
    notify: Notify,
    /// How often systemd wants a sign of life, and when the next one is due on the boot clock.
    watchdog: Option<(Duration, Nanos)>,
    /// Standard error wakes the loop: lines of the log wait for it.
    watches_log: bool,
    now: Now,
    /// Nothing can be accepted: try again then, on the boot clock.
    paused_until: Option<Nanos>,
    /// Nothing could be accepted lately, and the log says so.
    is_hampered: bool,
    /// The whole process ends then, on the boot clock.
    stops_at: Option<Nanos>,
    /// Something could not be registered: try again then, on the boot clock.
    register_at: Option<Nanos>,
    /// A port is shut: look again then, on the boot clock.
    look_at: Option<Nanos>,
}

/// What a signal asks the loop for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Stop.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Log every check.
    Dump,
}

/// What a turn leaves to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// Go on with the next turn.
    GoOn,
    /// The configuration is to be read again.
    Reload,
    /// All is done.
    Stop,
}

/// Whether more connections may wait at a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    Empty,
    MayHoldMore,
}

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// A loop that gives `answers` at `listeners`.
    ///
    /// # Errors
    /// What it waits for can't be registered.
    pub fn new(
        mut sockets: K,
        signals: Signals<Signal>,
        (answers, listeners): (Answers<F>, Listeners<K>),
        (max_connections, bounds): (usize, Bounds),
        notify: Notify,
    ) -> io::Result<EventLoop<F, K>> {
        let (now, secret) = (sockets.now(), sockets.secret());
        let mut event_loop = EventLoop {
            sockets,
            signals,
            answers,
            listeners,
            lingering: LingeringConnections::new(max_connections, share(max_connections), secret),
            http: HttpConnections::new(bounds, secret),
            max_connections,
            bounds,
            ready: Vec::new(),
            batch: Vec::new(),
            asked: Vec::new(),
            answered: Vec::new(),
            tally: Tally::default(),
            notify,
            watchdog: Notify::watchdog().map(|period| (period, now.boot)),
            watches_log: false,
            now,
            paused_until: None,
            is_hampered: false,
            stops_at: None,
            register_at: None,
            look_at: None,
        };
        if let Some(descriptor) = event_loop.signals.raw_fd() {
            event_loop.sockets.register_descriptor(
                descriptor,
                Source::Signals.encode(),
                Interest::READABLE,
            )?;
        }
        event_loop.register_directory()?;
        event_loop.listeners.register(&mut event_loop.sockets)?;
        event_loop.answers.refresh(event_loop.now);
        event_loop.tell();
        event_loop.notify.ready();
        Ok(event_loop)
    }

    /// Runs turns until one has something for the caller.
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    pub fn run(&mut self) -> io::Result<TurnEnd> {
        loop {
            let outcome = self.turn()?;
            if outcome != TurnEnd::GoOn {
                return Ok(outcome);
            }
        }
    }

    /// Tells systemd of a reload, and answers whoever waits by the old settings.
    pub fn begin_reload(&mut self) {
        self.notify.reloading();
        self.answer_waiting();
    }

    /// What it answers for, and where: to be changed by a reload, and registered by [`EventLoop::resume`] then.
    pub fn parts(&mut self) -> (&mut Answers<F>, &mut Listeners<K>, &mut K) {
        (&mut self.answers, &mut self.listeners, &mut self.sockets)
    }

    /// Takes up changed settings.
    pub fn resume(&mut self, max_connections: usize) {
        self.max_connections = max_connections;
        // To read the settings has taken its time.
        self.now = self.sockets.now();
        self.lingering.set_share(share(max_connections));
        self.register();
        self.answers.refresh(self.now);
        self.tell();
        self.notify.ready();
    }

    /// Registers what a reload has changed, and what failed to be registered then.
    fn register(&mut self) {
        let registered = self.register_directory().and_then(|()| self.listeners.register(&mut self.sockets));
        self.register_at = None;
        if let Err(error) = registered {
            warn!("epoll: {error}: trying again in {ACCEPT_PAUSE:?}");
            self.register_at = Some(self.now.boot.after(ACCEPT_PAUSE));
        }
    }

    /// Answers whoever waits at any listener, so that nobody is lost with a port that is given up.
    fn answer_waiting(&mut self) {
        for index in 0..self.listeners.len() {
            self.answer_waiting_at(index);
        }
    }

    fn answer_waiting_at(&mut self, index: usize) {
        for _ in 0..STOP_BATCHES {
            let queue = self.serve_batch(index);
            self.settle_answered();
            if queue == Queue::Empty {
                break;
            }
        }
    }

    fn register_directory(&mut self) -> io::Result<()> {
        match self.answers.raw_fd() {
            Some(descriptor) => {
                self.sockets.register_descriptor(descriptor, Source::Directory.encode(), Interest::READABLE)
            }
            None => Ok(()),
        }
    }

    /// Lets standard error wake the loop when it takes lines again, and only while some wait. Where it can't, as for
    /// want of memory, they go with the next line.
    fn watch_log(&mut self) {
        // It may be writable already: only to register it tells of that once more.
        let has_to_be_told = !self.watches_log || log_lines::has_more();
        let descriptor = log_lines::raw_fd();
        self.watches_log = match (log_lines::pending(), self.watches_log) {
            (true, _) if has_to_be_told => {
                self.sockets.register_descriptor(descriptor, Source::Log.encode(), Interest::WRITABLE).is_ok()
            }
            (false, true) => self.sockets.deregister_descriptor(descriptor).is_err(),
            (_, watches) => watches,
        };
    }

    /// Takes one turn: sleeps, and does all that is to be done then, in the order that the library's first page gives.
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    pub fn turn(&mut self) -> io::Result<TurnEnd> {
        self.watch_log();
        let sleep = self.sleep();
        self.sockets.wait(sleep, &mut self.ready)?;
        self.now = self.sockets.now();
        let has_changed = self.take_events();
        let end = if self.signals.any() { self.obey_signals() } else { TurnEnd::GoOn };
        if self.register_at.is_some_and(|at| at <= self.now.boot) {
            self.register();
        }
        self.answer_questions();
        self.serve();
        self.look(has_changed);
        self.tell();
        self.lingering.expire(self.now.boot);
        self.http.expire(self.now.boot);
        if self.has_stopped() { Ok(TurnEnd::Stop) } else { Ok(end) }
    }

    /// Goes on with whatever is ready. Returns whether something happened in the status directory.
    fn take_events(&mut self) -> bool {
        let mut has_changed = false;
        let mut ready = std::mem::take(&mut self.ready);
        for token in ready.drain(..) {
            match Source::decode(token) {
                // Its flag tells more.
                Source::Signals => {}
                Source::Directory => has_changed = true,
                Source::Log => log_lines::flush(),
                Source::Listener(index) => {
                    if let Some(port) = self.listeners.get_mut(index) {
                        port.listener.ready = !port.listener.is_shut;
                    }
                }
                Source::Connection(id) => match id.kind {
                    Kind::Lingering => self.lingering.ready(id, &mut self.sockets),
                    Kind::Http => self.advance(id),
                },
            }
        }
        self.ready = ready;
        has_changed
    }

    /// Makes the lines true where nobody has asked for them in this turn.
    fn look(&mut self, has_changed: bool) {
        // While the directory is away no event is about it: only answers and the deadline look for it.
        let is_news = has_changed && !self.answers.is_away();
        let is_due =
            [self.answers.deadline(), self.look_at].into_iter().flatten().any(|at| at <= self.now.boot);
        if is_news || is_due {
            self.answers.refresh(self.now);
        }
    }

    /// Whether all is done after a stop, or its time is over.
    fn has_stopped(&mut self) -> bool {
        let is_idle = self.lingering.is_empty() && self.http.is_empty() && !log_lines::pending();
        let has_stopped = self.stops_at.is_some_and(|end| is_idle || end <= self.now.boot);
        if has_stopped {
            self.answers.log_all(self.now);
        }
        has_stopped
    }

    /// How long it would sleep now.
    pub fn sleep(&self) -> Sleep {
        let serve = match self.paused_until {
            Some(end) => Some(end),
            None => self.listeners.any_ready().then_some(Nanos::PAST),
        };
        let signal = self.signals.any().then_some(Nanos::PAST);
        let questions = (!self.asked.is_empty()).then_some(Nanos::PAST);
        let deadlines = [
            serve,
            signal,
            questions,
            self.register_at,
            self.look_at,
            self.lingering.deadline(),
            self.http.deadline(),
            self.watchdog.map(|(_, next)| next),
            self.stops_at,
        ];
        let first = deadlines.into_iter().flatten().min();
        let until = self.answers.deadline();
        // Nothing sleeps until what has passed.
        let first = until.filter(|until| *until <= self.now.boot).or(first);
        Sleep { timeout: first.map(|first| first.since(self.now.boot)), until }
    }

    /// The signals that it obeys.
    pub fn signals(&self) -> &Signals<Signal> {
        &self.signals
    }

    /// What must hold between two turns. Walks everything: for tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self) {
        self.answers.check_invariants(self.now);
        self.lingering.check_invariants();
        self.http.check_invariants();
        assert!(self.batch.is_empty() && self.answered.is_empty(), "all are answered");
        let asked_once = |(index, one): (usize, &Question)| {
            self.asked.iter().position(|other| other.is_of(one)).is_none_or(|first| first == index)
        };
        assert!(self.asked.iter().enumerate().all(asked_once), "nobody is to be answered twice");
        let is_stopping = self.stops_at.is_some();
        assert!(is_stopping || self.answers.views() <= self.listeners.len() + 1, "a view is of a listener");
        let connections = self.connections();
        assert!(connections <= self.max_connections, "{connections} of {} connections", self.max_connections);
        for index in 0..self.listeners.len() {
            let Some(port) = self.listeners.get(index) else { continue };
            let has_to_be_shut = port.listen.refuse_when_ko && !self.answers.verdict(port.view).is_up();
            assert!(
                port.listener.is_shut == has_to_be_shut || self.register_at.is_some(),
                "a port follows the verdict"
            );
        }
    }

    fn obey_signals(&mut self) -> TurnEnd {
        let mut outcome = TurnEnd::GoOn;
        for signal in self.signals.take_asked() {
            match signal {
                Signal::Dump => {
                    self.answers.refresh(self.now);
                    self.answers.dump(self.now);
                }
                Signal::Reload if self.stops_at.is_none() => outcome = TurnEnd::Reload,
                Signal::Reload => {}
                Signal::Stop if self.stops_at.is_some() => return TurnEnd::Stop,
                Signal::Stop => self.stop(),
            }
        }
        outcome
    }

    /// Answers whoever is connected already, closes the ports, and lets clients linger for a moment.
    fn stop(&mut self) {
        info!("stopping");
        self.notify.stopping();
        self.answer_waiting();
        self.listeners.close(&mut self.sockets);
        let end = self.now.boot.after(STOP_LINGER);
        self.lingering.hurry(end);
        self.http.hurry(end);
        self.stops_at = Some(end);
    }
}

/// How many connections one address may hold before it is the first to be shed.
fn share(max_connections: usize) -> u32 {
    u32::try_from(max_connections / ADDRESS_SHARE).unwrap_or(u32::MAX).max(1)
}
