//! Accepting connections, and answering at once where nothing has to be asked.

use super::{EventLoop, Queue};
use crate::limits::{ACCEPT_PAUSE, LINGER};
use crate::logic::face::Face;
use crate::logic::pages::Page;
use crate::net::accept_error::AcceptError;
use crate::net::http::HttpConnections;
use crate::net::lingering::{Answered, LingeringConnections};
use crate::system::files::Files;
use crate::system::sockets::{Sockets, errno};
use log::{debug, warn};
use nix::errno::Errno;
use std::fmt;

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// Serves every listener at which somebody may wait.
    pub(super) fn serve(&mut self) {
        if self.paused_until.is_some_and(|end| self.now.boot < end) {
            // Responses may have come to their end all the same.
            return self.settle_answered();
        }
        self.paused_until = None;
        for index in 0..self.listeners.len() {
            let mut batches = 0;
            while self.listeners.get(index).is_some_and(|port| port.listener.ready)
                && batches < self.bounds.batches_per_turn
            {
                let queue = self.serve_batch(index);
                if self.is_full() {
                    self.settle_answered();
                }
                if let Some(port) = self.listeners.get_mut(index) {
                    port.listener.ready = queue == Queue::MayHoldMore;
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
        self.answered.len() >= self.bounds.answered || self.connections() >= self.max_connections
    }

    /// Connections that are open and count towards the limit.
    pub(super) fn connections(&self) -> usize {
        self.lingering.len() + self.http.len() + self.answered.len() + self.batch.len()
    }

    /// Accepts a batch of connections and answers them.
    pub(super) fn serve_batch(&mut self, index: usize) -> Queue {
        let queue = self.accept(index);
        let Some(port) = self.listeners.get(index) else { return Queue::Empty };
        if self.batch.is_empty() {
            return queue;
        }
        self.now = self.sockets.now();
        let line = match port.listen.speak() {
            Face::Http => {
                for (stream, client) in self.batch.drain(..) {
                    self.http.admit(stream, client, port.listener.id, self.now.boot, &mut self.sockets);
                }
                return queue;
            }
            Face::Oco => {
                self.answers.refresh(self.now);
                self.answers.line(port.view)
            }
            Face::Agent => {
                self.answers.refresh(self.now);
                self.answers.words(port.view)
            }
        };
        let (speak, verdict) = (port.listen.speak(), self.answers.verdict(port.view));
        let deadline = self.now.boot.after(LINGER);
        for (stream, client) in self.batch.drain(..) {
            if let Some(rest) = answer(&stream, line, &mut self.sockets) {
                self.tally.count(speak, verdict);
                self.answered.push(Answered { stream, client, deadline, rest });
            }
        }
        queue
    }

    /// Goes on with those who were answered. Only when all who waited have their line: by this time many clients
    /// have read it and closed, and need no place in the table.
    pub(super) fn settle_answered(&mut self) {
        for answered in self.answered.drain(..) {
            self.lingering.admit(answered, &mut self.sockets);
        }
    }

    /// Accepts nothing for a moment.
    fn pause(&mut self, why: &dyn fmt::Display) {
        if !std::mem::replace(&mut self.is_hampered, true) {
            warn!("accept: {why}: trying again every {ACCEPT_PAUSE:?}");
        }
        self.paused_until = Some(self.now.boot.after(ACCEPT_PAUSE));
    }

    /// Fills the batch with the connections that wait.
    fn accept(&mut self, index: usize) -> Queue {
        let Some(port) = self.listeners.get(index).filter(|port| !port.listener.is_shut) else {
            return Queue::Empty;
        };
        let (mut accepted, mut failed) = (0, None);
        while accepted < self.bounds.accept_batch {
            if self.connections() >= self.max_connections && !shed(&mut self.lingering, &mut self.http) {
                self.wait_for_room(&"every connection still waits for its line");
                return Queue::MayHoldMore;
            }
            accepted += 1;
            let error = match port.listener.accept(&mut self.sockets) {
                Ok((stream, client)) => {
                    self.is_hampered = false;
                    if port.listen.allows(client.ip()) {
                        debug!("{client}: connected");
                        self.batch.push((stream, client.ip()));
                    } else {
                        debug!("{client}: not in allow, closed");
                    }
                    continue;
                }
                Err(error) => error,
            };
            match AcceptError::from(errno(&error)) {
                AcceptError::WouldBlock => return Queue::Empty,
                AcceptError::Interrupted => {}
                AcceptError::Shortage => {
                    if shed(&mut self.lingering, &mut self.http) {
                        continue;
                    }
                    self.wait_for_room(&error);
                    return Queue::MayHoldMore;
                }
                AcceptError::OfTheClient => {
                    debug!("accept: {error}");
                    failed = Some(error);
                }
                AcceptError::Ours => {
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

    /// There is no room, and nobody may be closed to make some. Those just answered will be gone soon; without any, only
    /// time helps.
    fn wait_for_room(&mut self, why: &dyn fmt::Display) {
        if self.batch.is_empty() && self.answered.is_empty() {
            self.pause(why);
        }
    }
}

/// Makes room for a connection by closing another one, if there is any that may go. Says whether there was one.
fn shed<K: Sockets>(lingering: &mut LingeringConnections<K>, http: &mut HttpConnections<K, Page>) -> bool {
    // First who has got an answer; unless most have not even asked for one, which no poller does for long.
    let has_idlers = http.len() > lingering.len();
    (has_idlers && http.shed()) || lingering.shed() || http.shed()
}

/// Sends the line, and the FIN if all of it went out. Returns what did not. None: the client has gone.
fn answer<K: Sockets>(stream: &K::Stream, line: &[u8], sockets: &mut K) -> Option<Box<[u8]>> {
    let sent = match sockets.send(stream, line, true) {
        Ok(octets) => octets,
        Err(Errno::EAGAIN) => 0,
        Err(errno) => {
            debug!("a client has gone: {errno}");
            return None;
        }
    };
    match line.get(sent..) {
        Some(rest) if !rest.is_empty() => Some(rest.into()),
        _ => finish(stream, sockets).then(Box::default),
    }
}

/// Sends the FIN behind a whole answer. Says whether the client is still there.
pub(super) fn finish<K: Sockets>(stream: &K::Stream, sockets: &mut K) -> bool {
    let finished = sockets.finish(stream);
    if let Err(error) = &finished {
        debug!("a client has gone: {error}");
    }
    finished.is_ok()
}
