//! Connections that have their answer and linger. All linger equally long.

use super::connections::Connections;
use super::token::{ConnectionId, Kind};
use crate::limits::DRAIN_OCTETS;
use crate::logic::lingering::{Lingering, LingeringEvent, LingeringStep};
use crate::logic::time::Nanos;
use crate::system::sockets::Sockets;
use log::debug;
use mio::Interest;
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;

/// The connections that have their answer, each until its client closes or its time is over.
#[derive(Debug)]
pub struct LingeringConnections<K: Sockets> {
    table: Connections<K, Lingering>,
    /// What the kernel did not take yet of their lines, by their slots. Few lack any.
    rests: BTreeMap<usize, Box<[u8]>>,
    scratch: Vec<u8>,
}

/// A connection that was answered just now.
#[derive(Debug)]
pub struct Answered<C> {
    /// The connection.
    pub stream: C,
    /// Its client.
    pub client: IpAddr,
    /// When it is closed whatever its state, on the boot clock.
    pub deadline: Nanos,
    /// What the kernel did not take of its line.
    pub rest: Box<[u8]>,
}

impl<K: Sockets> LingeringConnections<K> {
    /// None lingers, and there is room for `max_connections`, of which one address may hold `share`.
    pub fn new(max_connections: usize, share: u32, secret: u64) -> LingeringConnections<K> {
        let table = Connections::new(Kind::Lingering, max_connections, share, secret);
        LingeringConnections { table, rests: BTreeMap::new(), scratch: vec![0; DRAIN_OCTETS] }
    }

    /// Changes how many connections one address may hold before it is the first to be shed.
    pub fn set_share(&mut self, share: u32) {
        self.table.set_share(share);
    }

    /// How many connections linger.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none lingers.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Goes on with a new connection, and keeps it if its client has not closed yet.
    pub fn admit(&mut self, answered: Answered<K::Stream>, sockets: &mut K) {
        let Answered { mut stream, client, deadline, rest } = answered;
        let mut lingering = Lingering::new(rest.len());
        if !advance(&mut stream, &mut lingering, &rest, sockets, &mut self.scratch) {
            return;
        }
        let has_line = lingering.has_line();
        let interest = if has_line { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
        let id = self.table.insert(stream, lingering, (client, deadline), sockets, (interest, has_line));
        if let Some(id) = id.filter(|_| !has_line) {
            self.rests.insert(id.slot, rest);
        }
    }

    /// Goes on with the connection of `id`, if it is still there.
    pub fn ready(&mut self, id: ConnectionId, sockets: &mut K) {
        let Some((stream, lingering)) = self.table.get_mut(id) else { return };
        let had_line = lingering.has_line();
        let rest = self.rests.get(&id.slot).map_or(&[][..], |rest| rest);
        if !advance(stream, lingering, rest, sockets, &mut self.scratch) {
            self.remove(id);
        } else if !had_line && lingering.has_line() {
            self.rests.remove(&id.slot);
            self.table.let_go(id);
        }
    }

    /// When the oldest connection is closed, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        self.table.deadline()
    }

    /// Closes the connections whose deadline has come.
    pub fn expire(&mut self, now: Nanos) {
        while let Some(id) = self.table.overdue(now) {
            self.remove(id);
        }
    }

    /// Closes a connection that has its line. Says whether there was one.
    pub fn shed(&mut self) -> bool {
        self.table.shed().is_some()
    }

    /// Lets nobody linger beyond `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.table.hurry(deadline);
    }

    /// What must hold between any two calls: for tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self) {
        self.table.check_invariants(Lingering::has_line);
        let unsent = self.table.states().filter(|lingering| !lingering.has_line()).count();
        assert_eq!(self.rests.len(), unsent, "a rest is kept until it is sent, and no longer");
    }

    fn remove(&mut self, id: ConnectionId) {
        self.table.remove(id);
        self.rests.remove(&id.slot);
    }
}

/// Does what the lingering asks for until it has to wait. The line ends with `rest`. Says whether the connection stays
/// open.
fn advance<K: Sockets>(
    stream: &mut K::Stream,
    lingering: &mut Lingering,
    rest: &[u8],
    sockets: &mut K,
    scratch: &mut [u8],
) -> bool {
    let mut step = lingering.step();
    loop {
        let event = match step {
            LingeringStep::Send(octets) => {
                let sent = rest.len().saturating_sub(octets.into());
                match sockets.send(stream, rest.get(sent..).unwrap_or_default(), true) {
                    Ok(octets) => LingeringEvent::Sent(octets),
                    Err(Errno::EAGAIN) => LingeringEvent::Blocked,
                    Err(errno) => failed(&errno),
                }
            }
            LingeringStep::Finish => match sockets.finish(stream) {
                Ok(()) => {
                    step = lingering.step();
                    continue;
                }
                Err(error) => failed(&error),
            },
            LingeringStep::Receive => match sockets.receive(stream, scratch) {
                Ok(0) => LingeringEvent::Closed,
                Ok(octets) => LingeringEvent::Received(octets),
                Err(error) if error.kind() == ErrorKind::WouldBlock => LingeringEvent::Blocked,
                Err(error) => failed(&error),
            },
            LingeringStep::Wait => return true,
            LingeringStep::Close => return false,
        };
        step = lingering.on(event);
    }
}

fn failed(error: &dyn fmt::Display) -> LingeringEvent {
    debug!("a client has gone: {error}");
    LingeringEvent::Failed
}
