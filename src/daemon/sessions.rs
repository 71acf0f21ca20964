//! Connections that have their answer and linger. All linger equally long.

use super::table::{Kind, Table};
use crate::logic::session::{Event, Session, Step};
use crate::logic::time::Nanos;
use crate::system::socket::send_last;
use log::debug;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Shutdown};

/// Octets drained at once.
const SCRATCH_OCTETS: usize = 16 * 1024;

/// See the [module](self).
#[derive(Debug)]
pub struct Sessions {
    table: Table<Session>,
    scratch: Vec<u8>,
}

impl Sessions {
    /// None lingers, and there is room for `max_connections`.
    pub fn new(max_connections: usize) -> Sessions {
        Sessions { table: Table::new(Kind::Session, max_connections), scratch: vec![0; SCRATCH_OCTETS] }
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
    pub fn admit(
        &mut self,
        mut stream: TcpStream,
        mut session: Session,
        client: IpAddr,
        registry: &Registry,
    ) {
        if !advance(&mut stream, &mut session, &mut self.scratch) {
            return;
        }
        let interest = match session.step() {
            Step::Send(_) => Interest::READABLE | Interest::WRITABLE,
            Step::Finish | Step::Receive | Step::Wait | Step::Close => Interest::READABLE,
        };
        self.table.insert(stream, session, client, registry, interest);
    }

    /// Goes on with the connection of `token`, if it is still there.
    pub fn ready(&mut self, token: Token) {
        if let Some((stream, session)) = self.table.get_mut(token)
            && !advance(stream, session, &mut self.scratch)
        {
            self.table.remove(token);
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

    /// Closes the oldest connection that has its line: of those who hold more than `share`, if there are any. Says
    /// whether there was one.
    pub fn shed(&mut self, share: u32) -> bool {
        self.table.shed(share, Session::has_line).is_some()
    }

    /// Lets nobody linger beyond `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.table.states_mut().for_each(|session| session.hurry(deadline));
    }
}

/// Does what the session asks for until it has to wait. Says whether the connection stays open.
fn advance(stream: &mut TcpStream, session: &mut Session, scratch: &mut [u8]) -> bool {
    let mut step = session.step();
    loop {
        let event = match step {
            Step::Send(rest) => match send_last(stream, rest) {
                Ok(octets) => Event::Sent(octets),
                Err(Errno::EAGAIN) => Event::Blocked,
                Err(errno) => failed(&errno.into()),
            },
            Step::Finish => match stream.shutdown(Shutdown::Write) {
                Ok(()) => {
                    step = session.step();
                    continue;
                }
                Err(error) => failed(&error),
            },
            Step::Receive => match stream.read(scratch) {
                Ok(0) => Event::Closed,
                Ok(octets) => Event::Received(octets),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Event::Blocked,
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    step = Step::Receive;
                    continue;
                }
                Err(error) => failed(&error),
            },
            Step::Wait => return true,
            Step::Close => return false,
        };
        step = session.on(event);
    }
}

fn failed(error: &io::Error) -> Event {
    debug!("a client has gone: {error}");
    Event::Failed
}
