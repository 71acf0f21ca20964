//! The loop: one thread, one poll.
//!
//! A turn: sleep until something happens or a deadline comes; go on with lingering connections; obey signals;
//! accept a batch, make the lines true, answer the whole batch; expire what is due. An answer is coherent because
//! the directory's events are read between the accept and the answer: what was closed before a client called
//! connect() has its event in the queue by then.

mod accepting;
mod asking;

use super::exchanges::Exchanges;
use super::host::Host;
use super::listeners::Listeners;
use super::sessions::Sessions;
use super::signals::{Signal, Signals};
use super::table::{FIRST_TOKEN, Kind};
use crate::limits::{ACCEPT_PAUSE, LISTENERS, STOP_BATCHES, STOP_LINGER};
use crate::logic::face::Tally;
use crate::logic::session::Session;
use crate::logic::time::{Nanos, Now};
use crate::system::notify::Notify;
use crate::system::{clock, log_lines};
use asking::Question;
use log::{info, warn};
use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

const SIGNALS: Token = Token(0);
const DIRECTORY: Token = Token(1);
const LOG: Token = Token(2);
/// Tokens from here on are listeners, those from [`FIRST_TOKEN`] on connections.
const FIRST_LISTENER: usize = 3;
const _: () = assert!(FIRST_LISTENER + LISTENERS <= FIRST_TOKEN);

/// Events taken from the kernel at once.
const EVENTS: usize = 256;

/// What runs in the daemon's one thread.
#[derive(Debug)]
pub struct EventLoop {
    poll: Poll,
    signals: Signals,
    host: Host,
    listeners: Listeners,
    sessions: Sessions,
    exchanges: Exchanges,
    max_connections: usize,
    /// Connections accepted and not answered yet.
    batch: Vec<(TcpStream, IpAddr)>,
    /// Requests over HTTP that were read and not answered yet.
    asked: Vec<Question>,
    /// Connections answered and not yet in the table.
    answered: Vec<(TcpStream, IpAddr, Session)>,
    tally: Tally,
    notify: Notify,
    /// How often systemd wants a sign of life, and when the next one is due on the boot clock.
    watchdog: Option<(Duration, Nanos)>,
    /// Standard error wakes the loop: lines of the log wait for it.
    watches_log: bool,
    now: Now,
    /// No descriptors: accept again then, on the boot clock.
    paused_until: Option<Nanos>,
    /// Nothing could be accepted lately, and the log says so.
    is_hampered: bool,
    /// The whole process ends then, on the boot clock.
    stops_at: Option<Nanos>,
    /// Something could not be registered: try again then, on the boot clock.
    register_at: Option<Nanos>,
}

/// What a turn leaves to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
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

impl EventLoop {
    /// A loop that answers for `host` at `listeners`.
    pub fn new(
        signals: Signals,
        host: Host,
        listeners: Listeners,
        max_connections: usize,
        notify: Notify,
    ) -> io::Result<EventLoop> {
        let now = clock::now();
        let mut event_loop = EventLoop {
            poll: Poll::new()?,
            signals,
            host,
            listeners,
            sessions: Sessions::new(max_connections),
            exchanges: Exchanges::new(),
            max_connections,
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
        };
        event_loop.signals.register(event_loop.poll.registry(), SIGNALS)?;
        event_loop.register_host()?;
        event_loop.listeners.register(event_loop.poll.registry(), FIRST_LISTENER)?;
        event_loop.host.refresh(event_loop.now);
        event_loop.tell();
        event_loop.notify.ready();
        Ok(event_loop)
    }

    /// Runs turns until one has something for the caller.
    pub fn run(&mut self) -> io::Result<Outcome> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let outcome = self.turn(&mut events)?;
            if outcome != Outcome::GoOn {
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
    pub fn parts(&mut self) -> (&mut Host, &mut Listeners) {
        (&mut self.host, &mut self.listeners)
    }

    /// Takes up changed settings.
    pub fn resume(&mut self, max_connections: usize) {
        self.max_connections = max_connections;
        self.register();
        self.host.refresh(self.now);
        self.tell();
        self.notify.ready();
    }

    /// Registers what a reload has changed, and what failed to be registered then.
    fn register(&mut self) {
        let registered =
            self.register_host().and_then(|()| self.listeners.register(self.poll.registry(), FIRST_LISTENER));
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

    fn register_host(&mut self) -> io::Result<()> {
        let Some(fd) = self.host.raw_fd() else { return Ok(()) };
        match self.poll.registry().register(&mut SourceFd(&fd), DIRECTORY, Interest::READABLE) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            result => result,
        }
    }

    /// Lets standard error wake the loop when it takes lines again, and only while some wait. Where it can't, as for
    /// want of memory, they go with the next line.
    fn watch_log(&mut self) {
        let (fd, registry) = (log_lines::raw_fd(), self.poll.registry());
        let (mut source, is_wanted) = (SourceFd(&fd), Interest::WRITABLE);
        self.watches_log = match (log_lines::pending(), self.watches_log) {
            (true, false) => registry.register(&mut source, LOG, is_wanted).is_ok(),
            // It is writable already, and only this tells of it once more.
            (true, true) if log_lines::has_more() => registry.reregister(&mut source, LOG, is_wanted).is_ok(),
            (false, true) => registry.deregister(&mut source).is_err(),
            (is_watched, _) => is_watched,
        };
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<Outcome> {
        self.watch_log();
        match self.poll.poll(events, self.timeout()) {
            Ok(()) => {}
            // A signal: its own event comes with the next poll.
            Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
            Err(error) => return Err(error),
        }
        self.now = clock::now();
        let (mut signalled, mut changed) = (false, false);
        for event in events.iter() {
            match event.token() {
                SIGNALS => signalled = true,
                DIRECTORY => changed = true,
                LOG => log_lines::flush(),
                token => match Kind::of(token) {
                    Some(Kind::Session) => self.sessions.ready(token),
                    Some(Kind::Exchange) => self.go_on(token),
                    None => {
                        if let Some(listener) = self.listeners.get_mut(token.0 - FIRST_LISTENER) {
                            listener.ready = !listener.is_shut;
                        }
                    }
                },
            }
        }
        let mut outcome = Outcome::GoOn;
        if signalled || self.signals.any() {
            outcome = self.obey_signals();
        }
        if self.register_at.is_some_and(|at| at <= self.now.boot) {
            self.register();
        }
        self.answer_questions();
        self.serve();
        // While the directory is away no event is about it: only answers and the deadline look for it.
        changed &= !self.host.is_away();
        if changed || self.host.deadline().is_some_and(|deadline| deadline <= self.now.boot) {
            self.host.refresh(self.now);
        }
        self.tell();
        self.sessions.expire(self.now.boot);
        self.exchanges.expire(self.now.boot);
        let is_idle = self.sessions.is_empty() && self.exchanges.is_empty() && !log_lines::pending();
        if self.stops_at.is_some_and(|end| is_idle || end <= self.now.boot) {
            return Ok(Outcome::Stop);
        }
        Ok(outcome)
    }

    /// How long to sleep; none: until something happens.
    fn timeout(&self) -> Option<Duration> {
        let serve = match self.paused_until {
            Some(end) => Some(end),
            None => self.listeners.any_ready().then_some(Nanos(i64::MIN)),
        };
        let signal = self.signals.any().then_some(Nanos(i64::MIN));
        let deadlines = [
            serve,
            signal,
            self.register_at,
            self.host.deadline(),
            self.sessions.deadline(),
            self.exchanges.deadline(),
            self.watchdog.map(|(_, next)| next),
            self.stops_at,
        ];
        let first = deadlines.into_iter().flatten().min()?;
        Some(first.since(self.now.boot))
    }

    /// Brings what else follows the verdict up to date: ports that are shut while it is KO, and systemd's line.
    fn tell(&mut self) {
        for index in 0..self.listeners.len() {
            self.follow_verdict(index);
        }
        if self.host.take_news() {
            self.notify.status(|| self.host.summary());
        }
        if let Some((period, next)) = &mut self.watchdog
            && *next <= self.now.boot
        {
            *next = self.now.boot.after(*period);
            self.notify.alive();
        }
    }

    /// Shuts or opens a port that is only open while its verdict is OK.
    fn follow_verdict(&mut self, index: usize) {
        let Some(listener) = self.listeners.get_mut(index) else { return };
        let refuses = listener.listen.refuse_when_ko;
        let has_to_be_shut = refuses && !self.host.verdict(listener.view).is_up();
        if has_to_be_shut == listener.is_shut {
            return;
        }
        if !has_to_be_shut {
            if let Err(error) = listener.open() {
                warn!("{error}: trying again in {ACCEPT_PAUSE:?}");
                self.register_at = Some(self.now.boot.after(ACCEPT_PAUSE));
            }
            return;
        }
        // Who is connected already gets an answer, which may find the host up again.
        self.answer_waiting_at(index);
        if let Some(listener) = self.listeners.get_mut(index)
            && !self.host.verdict(listener.view).is_up()
        {
            listener.shut();
        }
    }

    fn obey_signals(&mut self) -> Outcome {
        let mut outcome = Outcome::GoOn;
        for signal in self.signals.take() {
            match signal {
                Signal::Dump => {
                    self.host.refresh(self.now);
                    self.host.dump(self.now);
                }
                Signal::Reload if self.stops_at.is_none() => outcome = Outcome::Reload,
                Signal::Reload => {}
                Signal::Stop if self.stops_at.is_some() => return Outcome::Stop,
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
        self.listeners.close();
        let end = self.now.boot.after(STOP_LINGER);
        self.sessions.hurry(end);
        self.exchanges.hurry(end);
        self.stops_at = Some(end);
    }
}
