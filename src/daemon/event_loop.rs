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
use super::table::{FIRST_TOKEN, Kind};
use crate::limits::{
    ACCEPT_PAUSE, ADDRESS_SHARE, Bounds, DIRECTORY_RETRY, LISTENERS, STOP_BATCHES, STOP_LINGER,
};
use crate::logic::face::Tally;
use crate::logic::session::Session;
use crate::logic::time::{Nanos, Now};
use crate::system::files::{Files, KernelFiles};
use crate::system::log_lines;
use crate::system::notify::Notify;
use crate::system::signals::Signals;
use crate::system::sockets::{KernelSockets, Sleep, Sockets};
use asking::Question;
use log::{info, warn};
use mio::{Interest, Token};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

const SIGNALS: Token = Token(0);
const DIRECTORY: Token = Token(1);
const LOG: Token = Token(2);
/// Tokens from here on are listeners, those from [`FIRST_TOKEN`] on connections.
const FIRST_LISTENER: usize = 3;
const _: () = assert!(FIRST_LISTENER + LISTENERS <= FIRST_TOKEN);

/// What runs in the daemon's one thread.
#[derive(Debug)]
pub struct EventLoop<F = KernelFiles, K: Sockets = KernelSockets> {
    sockets: K,
    signals: Signals<Signal>,
    host: Host<F>,
    listeners: Listeners<K>,
    sessions: Sessions<K>,
    exchanges: Exchanges<K>,
    max_connections: usize,
    bounds: Bounds,
    /// What the last sleep ended with. Kept for its memory alone.
    ready: Vec<Token>,
    /// Connections accepted and not answered yet.
    batch: Vec<(K::Stream, IpAddr)>,
    /// Requests over HTTP that were read and not answered yet.
    asked: Vec<Question>,
    /// Connections answered and not yet in the table.
    answered: Vec<(K::Stream, IpAddr, Session)>,
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

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// A loop that answers for `host` at `listeners`.
    ///
    /// # Errors
    /// What it waits for can't be registered.
    pub fn new(
        mut sockets: K,
        signals: Signals<Signal>,
        (host, listeners): (Host<F>, Listeners<K>),
        (max_connections, bounds): (usize, Bounds),
        notify: Notify,
    ) -> io::Result<EventLoop<F, K>> {
        let (now, secret) = (sockets.now(), sockets.secret());
        let mut event_loop = EventLoop {
            sockets,
            signals,
            host,
            listeners,
            sessions: Sessions::new(max_connections, share(max_connections), secret),
            exchanges: Exchanges::new(bounds, secret),
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
            event_loop.sockets.register_descriptor(descriptor, SIGNALS, Interest::READABLE)?;
        }
        event_loop.register_host()?;
        event_loop.listeners.register(&mut event_loop.sockets, FIRST_LISTENER)?;
        event_loop.host.refresh(event_loop.now);
        event_loop.tell();
        event_loop.notify.ready();
        Ok(event_loop)
    }

    /// Runs turns until one has something for the caller.
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    pub fn run(&mut self) -> io::Result<Outcome> {
        loop {
            let outcome = self.turn()?;
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
    pub fn parts(&mut self) -> (&mut Host<F>, &mut Listeners<K>, &mut K) {
        (&mut self.host, &mut self.listeners, &mut self.sockets)
    }

    /// Takes up changed settings.
    pub fn resume(&mut self, max_connections: usize) {
        self.max_connections = max_connections;
        // To read the settings has taken its time.
        self.now = self.sockets.now();
        self.sessions.set_share(share(max_connections));
        self.register();
        self.host.refresh(self.now);
        self.tell();
        self.notify.ready();
    }

    /// Registers what a reload has changed, and what failed to be registered then.
    fn register(&mut self) {
        let registered =
            self.register_host().and_then(|()| self.listeners.register(&mut self.sockets, FIRST_LISTENER));
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
        match self.host.raw_fd() {
            Some(descriptor) => self.sockets.register_descriptor(descriptor, DIRECTORY, Interest::READABLE),
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
                self.sockets.register_descriptor(descriptor, LOG, Interest::WRITABLE).is_ok()
            }
            (false, true) => self.sockets.deregister_descriptor(descriptor).is_err(),
            (_, watches) => watches,
        };
    }

    /// Takes one turn: sleeps, and does all that is to be done then.
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    pub fn turn(&mut self) -> io::Result<Outcome> {
        self.watch_log();
        let sleep = self.sleep();
        self.sockets.wait(sleep, &mut self.ready)?;
        self.now = self.sockets.now();
        let (mut signalled, mut changed) = (false, false);
        let mut ready = std::mem::take(&mut self.ready);
        for token in ready.drain(..) {
            match token {
                SIGNALS => signalled = true,
                DIRECTORY => changed = true,
                LOG => log_lines::flush(),
                token => match Kind::of(token) {
                    Some(Kind::Session) => self.sessions.ready(token, &mut self.sockets),
                    Some(Kind::Exchange) => self.go_on(token),
                    None => {
                        if let Some(listener) = self.listeners.get_mut(token.0 - FIRST_LISTENER) {
                            listener.ready = !listener.is_shut;
                        }
                    }
                },
            }
        }
        self.ready = ready;
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
        let is_due = [self.host.deadline(), self.look_at].into_iter().flatten().any(|at| at <= self.now.boot);
        if changed || is_due {
            self.host.refresh(self.now);
        }
        self.tell();
        // A port that is shut brings nobody for whom it would be seen what no event tells: another directory at the
        // path, or another content of a file that is changed elsewhere.
        let next = self.look_at.filter(|at| *at > self.now.boot);
        let next = next.unwrap_or(self.now.boot.after(DIRECTORY_RETRY));
        self.look_at = self.listeners.any_shut().then_some(next);
        self.sessions.expire(self.now.boot);
        self.exchanges.expire(self.now.boot);
        let is_idle = self.sessions.is_empty() && self.exchanges.is_empty() && !log_lines::pending();
        if self.stops_at.is_some_and(|end| is_idle || end <= self.now.boot) {
            self.host.log_all(self.now);
            return Ok(Outcome::Stop);
        }
        Ok(outcome)
    }

    /// How long it would sleep now.
    pub fn sleep(&self) -> Sleep {
        let serve = match self.paused_until {
            Some(end) => Some(end),
            None => self.listeners.any_ready().then_some(Nanos(i64::MIN)),
        };
        let signal = self.signals.any().then_some(Nanos(i64::MIN));
        let deadlines = [
            serve,
            signal,
            self.register_at,
            self.look_at,
            self.sessions.deadline(),
            self.exchanges.deadline(),
            self.watchdog.map(|(_, next)| next),
            self.stops_at,
        ];
        let first = deadlines.into_iter().flatten().min();
        let until = self.host.deadline();
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
        self.host.check_invariants(self.now);
        self.sessions.check_invariants();
        self.exchanges.check_invariants();
        assert!(
            self.batch.is_empty() && self.answered.is_empty() && self.asked.is_empty(),
            "all are answered"
        );
        let connections = self.connections();
        assert!(connections <= self.max_connections, "{connections} of {} connections", self.max_connections);
        for index in 0..self.listeners.len() {
            let Some(listener) = self.listeners.get(index) else { continue };
            let has_to_be_shut = listener.listen.refuse_when_ko && !self.host.verdict(listener.view).is_up();
            assert!(
                listener.is_shut == has_to_be_shut || self.register_at.is_some(),
                "a port follows the verdict"
            );
        }
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
            if let Err(error) = listener.open(&mut self.sockets) {
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
            listener.shut(&mut self.sockets);
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
        self.listeners.close(&mut self.sockets);
        let end = self.now.boot.after(STOP_LINGER);
        self.sessions.hurry(end);
        self.exchanges.hurry(end);
        self.stops_at = Some(end);
    }
}

/// How many connections one address may hold before it is the first to be shed.
fn share(max_connections: usize) -> u32 {
    u32::try_from(max_connections / ADDRESS_SHARE).unwrap_or(u32::MAX).max(1)
}
