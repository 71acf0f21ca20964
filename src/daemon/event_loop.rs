//! The loop: one thread, one poll.
//!
//! A turn: sleep until something happens or a deadline comes; go on with lingering connections; obey signals;
//! accept a batch, make the lines true, answer the whole batch; expire what is due. An answer is coherent because
//! the directory's events are read between the accept and the answer: what was closed before a client called
//! connect() has its event in the queue by then.

use super::host::Host;
use super::listeners::Listeners;
use super::sessions::{FIRST_TOKEN, Sessions};
use super::signals::{Signal, Signals};
use crate::limits::{
    ACCEPT_BATCH, ACCEPT_PAUSE, ADDRESS_SHARE, ANSWERED, BATCHES_PER_TURN, LINGER, LISTENERS, STOP_BATCHES,
    STOP_LINGER,
};
use crate::logic::session::Session;
use crate::logic::time::{Nanos, Now};
use crate::system::clock;
use crate::system::socket::send_last;
use log::{debug, info, warn};
use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::errno::Errno;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Shutdown};
use std::time::Duration;

const SIGNALS: Token = Token(0);
const DIRECTORY: Token = Token(1);
/// Tokens from here on are listeners, those from [`FIRST_TOKEN`] on connections.
const FIRST_LISTENER: usize = 2;
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
    max_connections: usize,
    /// Connections accepted and not answered yet.
    batch: Vec<(TcpStream, IpAddr)>,
    /// Connections answered and not yet in the table.
    answered: Vec<(TcpStream, IpAddr, Session)>,
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
    ) -> io::Result<EventLoop> {
        let mut event_loop = EventLoop {
            poll: Poll::new()?,
            signals,
            host,
            listeners,
            sessions: Sessions::new(max_connections),
            max_connections,
            batch: Vec::new(),
            answered: Vec::new(),
            now: clock::now(),
            paused_until: None,
            is_hampered: false,
            stops_at: None,
            register_at: None,
        };
        event_loop.signals.register(event_loop.poll.registry(), SIGNALS)?;
        event_loop.register_host()?;
        event_loop.listeners.register(event_loop.poll.registry(), FIRST_LISTENER)?;
        event_loop.host.refresh(event_loop.now);
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

    /// What it answers for, and where: to be changed by a reload, and registered by [`EventLoop::resume`] then.
    pub fn parts(&mut self) -> (&mut Host, &mut Listeners) {
        (&mut self.host, &mut self.listeners)
    }

    /// Takes up changed settings.
    pub fn resume(&mut self, max_connections: usize) {
        self.max_connections = max_connections;
        self.register();
        self.host.refresh(self.now);
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
    pub fn answer_waiting(&mut self) {
        for index in 0..self.listeners.len() {
            for _ in 0..STOP_BATCHES {
                let queue = self.serve_batch(index);
                self.settle_answered();
                if queue == Queue::Empty {
                    break;
                }
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

    fn turn(&mut self, events: &mut Events) -> io::Result<Outcome> {
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
                token if token.0 >= FIRST_TOKEN => self.sessions.ready(token),
                Token(listener) => {
                    if let Some(listener) = self.listeners.get_mut(listener - FIRST_LISTENER) {
                        listener.ready = true;
                    }
                }
            }
        }
        let mut outcome = Outcome::GoOn;
        if signalled || self.signals.any() {
            outcome = self.obey_signals();
        }
        if self.register_at.is_some_and(|at| at <= self.now.boot) {
            self.register();
        }
        self.serve();
        // While the directory is away no event is about it: only answers and the deadline look for it.
        changed &= !self.host.is_away();
        if changed || self.host.deadline().is_some_and(|deadline| deadline <= self.now.boot) {
            self.host.refresh(self.now);
        }
        self.sessions.expire(self.now.boot);
        if self.stops_at.is_some_and(|end| self.sessions.is_empty() || end <= self.now.boot) {
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
        let deadlines =
            [serve, signal, self.register_at, self.host.deadline(), self.sessions.deadline(), self.stops_at];
        let first = deadlines.into_iter().flatten().min()?;
        Some(first.since(self.now.boot))
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
        self.answer_waiting();
        self.listeners.close();
        let end = self.now.boot.after(STOP_LINGER);
        self.sessions.hurry(end);
        self.stops_at = Some(end);
    }

    /// Serves every listener at which somebody may wait.
    fn serve(&mut self) {
        if self.paused_until.is_some_and(|end| self.now.boot < end) {
            return;
        }
        self.paused_until = None;
        for index in 0..self.listeners.len() {
            let mut batches = 0;
            while self.listeners.get(index).is_some_and(|listener| listener.ready)
                && batches < BATCHES_PER_TURN
            {
                let queue = self.serve_batch(index);
                if self.is_full() {
                    self.settle_answered();
                }
                if let Some(listener) = self.listeners.get_mut(index) {
                    listener.ready = queue == Queue::MayHoldMore;
                }
                if self.paused_until.is_some() {
                    break;
                }
                batches += 1;
            }
        }
        self.settle_answered();
    }

    /// Whether those who were answered have to make room.
    fn is_full(&self) -> bool {
        self.answered.len() >= ANSWERED || self.sessions.len() + self.answered.len() >= self.max_connections
    }

    /// Accepts a batch of connections and answers them.
    fn serve_batch(&mut self, index: usize) -> Queue {
        let queue = self.accept(index);
        let Some(listener) = self.listeners.get(index) else { return Queue::Empty };
        if self.batch.is_empty() {
            return queue;
        }
        self.now = clock::now();
        self.host.refresh(self.now);
        let line = self.host.line(listener.view);
        let deadline = self.now.boot.after(LINGER);
        for (stream, client) in self.batch.drain(..) {
            if let Some(session) = answer(&stream, line, deadline) {
                self.answered.push((stream, client, session));
            }
        }
        queue
    }

    /// Goes on with those who were answered. Only when all who waited have their line: by this time many clients
    /// have read it and closed, and need no place in the table.
    fn settle_answered(&mut self) {
        for (stream, client, session) in self.answered.drain(..) {
            self.sessions.admit(stream, session, client, self.poll.registry());
        }
    }

    /// Accepts nothing for a moment.
    fn pause(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_hampered, true) {
            warn!("accept: {error}: trying again every {ACCEPT_PAUSE:?}");
        }
        self.paused_until = Some(self.now.boot.after(ACCEPT_PAUSE));
    }

    /// Fills the batch with the connections that wait.
    fn accept(&mut self, index: usize) -> Queue {
        let Some(listener) = self.listeners.get(index) else { return Queue::Empty };
        let share = u32::try_from(self.max_connections / ADDRESS_SHARE).unwrap_or(u32::MAX).max(1);
        let (mut accepted, mut failed) = (0, None);
        while accepted < ACCEPT_BATCH {
            if self.sessions.len() + self.answered.len() + self.batch.len() >= self.max_connections
                && !self.sessions.shed(share)
            {
                return Queue::MayHoldMore;
            }
            accepted += 1;
            let error = match listener.accept() {
                Ok((stream, client)) => {
                    self.is_hampered = false;
                    if listener.listen.allows(client.ip()) {
                        debug!("{client}: connected");
                        self.batch.push((stream, client.ip()));
                    } else {
                        debug!("{client}: not in allow, closed");
                    }
                    continue;
                }
                Err(error) => error,
            };
            match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
                Errno::EAGAIN => return Queue::Empty,
                Errno::EINTR => {}
                Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM => {
                    if self.sessions.shed(share) {
                        continue;
                    }
                    // Those just answered will be gone soon; without any, only time helps.
                    if self.batch.is_empty() && self.answered.is_empty() {
                        self.pause(&error);
                    }
                    return Queue::MayHoldMore;
                }
                // The connection's own trouble, which accept(2) on Linux passes on.
                Errno::ECONNABORTED
                | Errno::EPROTO
                | Errno::EPERM
                | Errno::ENOPROTOOPT
                | Errno::EHOSTDOWN
                | Errno::EHOSTUNREACH
                | Errno::ENETDOWN
                | Errno::ENETUNREACH
                | Errno::ENONET => {
                    debug!("accept: {error}");
                    failed = Some(error);
                }
                _ => {
                    self.pause(&error);
                    return Queue::MayHoldMore;
                }
            }
        }
        // A whole batch of failures is no accident of single connections.
        if let Some(error) = failed
            && self.batch.is_empty()
        {
            self.pause(&error);
        }
        Queue::MayHoldMore
    }
}

/// Sends the line and the FIN. None: the client has gone.
fn answer(stream: &TcpStream, line: &[u8], deadline: Nanos) -> Option<Session> {
    let sent = match send_last(stream, line) {
        Ok(octets) => octets,
        Err(Errno::EAGAIN) => 0,
        Err(errno) => {
            debug!("a client has gone: {errno}");
            return None;
        }
    };
    match line.get(sent..) {
        Some(rest) if !rest.is_empty() => Some(Session::interrupted(rest, deadline)),
        _ => match stream.shutdown(Shutdown::Write) {
            Ok(()) => Some(Session::answered(deadline)),
            Err(error) => {
                debug!("a client has gone: {error}");
                None
            }
        },
    }
}
