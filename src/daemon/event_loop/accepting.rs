//! Accepting connections, and answering at once where nothing has to be asked.

use super::{EventLoop, Queue};
use crate::daemon::exchanges::Exchanges;
use crate::daemon::sessions::Sessions;
use crate::limits::{ACCEPT_BATCH, ACCEPT_PAUSE, ADDRESS_SHARE, ANSWERED, BATCHES_PER_TURN, LINGER};
use crate::logic::face::Speak;
use crate::logic::session::Session;
use crate::logic::time::Nanos;
use crate::system::clock;
use crate::system::socket::send_last;
use log::{debug, warn};
use mio::net::TcpStream;
use nix::errno::Errno;
use std::io;
use std::net::Shutdown;

impl EventLoop {
    /// Serves every listener at which somebody may wait.
    pub(super) fn serve(&mut self) {
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
        self.answered.len() >= ANSWERED || self.connections() >= self.max_connections
    }

    /// Connections that are open and count towards the limit.
    fn connections(&self) -> usize {
        self.sessions.len() + self.exchanges.len() + self.answered.len() + self.batch.len()
    }

    /// Accepts a batch of connections and answers them.
    pub(super) fn serve_batch(&mut self, index: usize) -> Queue {
        let queue = self.accept(index);
        let Some(listener) = self.listeners.get(index) else { return Queue::Empty };
        if self.batch.is_empty() {
            return queue;
        }
        self.now = clock::now();
        let line = match listener.listen.speak() {
            Speak::Http => {
                for (stream, client) in self.batch.drain(..) {
                    self.exchanges.admit(stream, client, listener.id, self.now.boot, self.poll.registry());
                }
                return queue;
            }
            Speak::Oco => {
                self.host.refresh(self.now);
                self.host.line(listener.view)
            }
            Speak::Agent => {
                self.host.refresh(self.now);
                self.host.words(listener.view)
            }
        };
        let (speak, verdict) = (listener.listen.speak(), self.host.verdict(listener.view));
        let deadline = self.now.boot.after(LINGER);
        for (stream, client) in self.batch.drain(..) {
            if let Some(session) = answer(&stream, line, deadline) {
                self.tally.count(speak, verdict);
                self.answered.push((stream, client, session));
            }
        }
        queue
    }

    /// Goes on with those who were answered. Only when all who waited have their line: by this time many clients
    /// have read it and closed, and need no place in the table.
    pub(super) fn settle_answered(&mut self) {
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
        let Some(listener) = self.listeners.get(index).filter(|listener| !listener.is_shut) else {
            return Queue::Empty;
        };
        let share = u32::try_from(self.max_connections / ADDRESS_SHARE).unwrap_or(u32::MAX).max(1);
        let (mut accepted, mut failed) = (0, None);
        while accepted < ACCEPT_BATCH {
            if self.connections() >= self.max_connections
                && !shed(&mut self.sessions, &mut self.exchanges, share)
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
                    if shed(&mut self.sessions, &mut self.exchanges, share) {
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

/// Makes room for a connection by closing another one, if there is any that may go. Says whether there was one.
fn shed(sessions: &mut Sessions, exchanges: &mut Exchanges, share: u32) -> bool {
    // First who has got an answer; unless most have not even asked for one, which no poller does for long.
    let has_idlers = exchanges.len() > sessions.len();
    (has_idlers && exchanges.shed()) || sessions.shed(share) || exchanges.shed()
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
        _ => finish(stream, deadline),
    }
}

/// Sends the FIN behind a whole answer. None: the client has gone.
pub(super) fn finish(stream: &TcpStream, deadline: Nanos) -> Option<Session> {
    match stream.shutdown(Shutdown::Write) {
        Ok(()) => Some(Session::answered(deadline)),
        Err(error) => {
            debug!("a client has gone: {error}");
            None
        }
    }
}
