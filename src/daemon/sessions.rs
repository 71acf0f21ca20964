//! Connections that have their answer and linger. All linger equally long.

use super::table::{Kind, Table};
use crate::logic::session::{Event, Session, Step};
use crate::logic::time::Nanos;
use crate::system::sockets::Sockets;
use log::debug;
use mio::{Interest, Token};
use nix::errno::Errno;
use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;

/// Octets drained at once.
const SCRATCH_OCTETS: usize = 16 * 1024;

/// See the [module](self).
#[derive(Debug)]
pub struct Sessions<K: Sockets> {
    table: Table<K, Session>,
    scratch: Vec<u8>,
}

impl<K: Sockets> Sessions<K> {
    /// None lingers, and there is room for `max_connections`, of which one address may hold `share`.
    pub fn new(max_connections: usize, share: u32, secret: u64) -> Sessions<K> {
        let table = Table::new(Kind::Session, max_connections, share, secret);
        Sessions { table, scratch: vec![0; SCRATCH_OCTETS] }
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
        self.len() == 0
    }

    /// Goes on with a new connection, and keeps it if its client has not closed yet.
    pub fn admit(&mut self, mut stream: K::Stream, mut session: Session, client: IpAddr, sockets: &mut K) {
        if !advance(&mut stream, &mut session, sockets, &mut self.scratch) {
            return;
        }
        let interest = match session.step() {
            Step::Send(_) => Interest::READABLE | Interest::WRITABLE,
            Step::Finish | Step::Receive | Step::Wait | Step::Close => Interest::READABLE,
        };
        let may_go = session.has_line();
        self.table.insert(stream, session, client, sockets, (interest, may_go));
    }

    /// Goes on with the connection of `token`, if it is still there.
    pub fn ready(&mut self, token: Token, sockets: &mut K) {
        let Some((stream, session)) = self.table.get_mut(token) else { return };
        let had_line = session.has_line();
        if !advance(stream, session, sockets, &mut self.scratch) {
            self.table.remove(token);
        } else if !had_line && session.has_line() {
            self.table.let_go(token);
        }
    }

    /// When the oldest connection is closed, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        self.table.oldest().map(Session::deadline)
    }

    /// Closes the connections whose deadline has come.
    pub fn expire(&mut self, now: Nanos) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.table.close_oldest();
        }
    }

    /// Closes a connection that has its line. Says whether there was one.
    pub fn shed(&mut self) -> bool {
        self.table.shed().is_some()
    }

    /// Lets nobody linger beyond `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.table.states_mut().for_each(|session| session.hurry(deadline));
    }

    /// What must hold between any two calls: for tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self) {
        self.table.check_invariants(Session::deadline, Session::has_line);
    }
}

/// Does what the session asks for until it has to wait. Says whether the connection stays open.
fn advance<K: Sockets>(
    stream: &mut K::Stream,
    session: &mut Session,
    sockets: &mut K,
    scratch: &mut [u8],
) -> bool {
    let mut step = session.step();
    loop {
        let event = match step {
            Step::Send(rest) => match sockets.send(stream, rest, true) {
                Ok(octets) => Event::Sent(octets),
                Err(Errno::EAGAIN) => Event::Blocked,
                Err(errno) => failed(&errno),
            },
            Step::Finish => match sockets.finish(stream) {
                Ok(()) => {
                    step = session.step();
                    continue;
                }
                Err(error) => failed(&error),
            },
            Step::Receive => match sockets.receive(stream, scratch) {
                Ok(0) => Event::Closed,
                Ok(octets) => Event::Received(octets),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Event::Blocked,
                Err(error) => failed(&error),
            },
            Step::Wait => return true,
            Step::Close => return false,
        };
        step = session.on(event);
    }
}

fn failed(error: &dyn fmt::Display) -> Event {
    debug!("a client has gone: {error}");
    Event::Failed
}
