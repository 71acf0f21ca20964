//! HTTP connections until they have their whole response. All have equally long for that.
//!
//! They cost more than those that linger, and a client can make them last: so they have a table of their own, with a
//! bound on its places and on the octets that it holds.

use super::connections::Connections;
use super::token::{ConnectionId, Kind};
use crate::limits::{ADDRESS_SHARE, Bounds, HTTP_HEAD_OCTETS};
use crate::logic::http::{Asked, Site};
use crate::logic::http_exchange::{HttpEvent, HttpExchange, HttpStep};
use crate::logic::time::Nanos;
use crate::system::sockets::Sockets;
use log::debug;
use mio::Interest;
use nix::errno::Errno;
use std::io::ErrorKind;
use std::net::IpAddr;

/// The HTTP connections that do not have their whole response yet.
#[derive(Debug)]
pub struct HttpConnections<K: Sockets, P> {
    table: Connections<K, Connection<P>>,
    bounds: Bounds,
    /// Octets held for all.
    held: usize,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Connection<P> {
    exchange: HttpExchange<P>,
    /// The [id](super::listener::Listener::id) of the listener where it came in.
    listener: u32,
    client: IpAddr,
    /// Octets that it holds, as counted in the sum.
    held: usize,
}

/// What to do for a connection that is ready.
#[derive(Debug)]
pub enum HttpTurn<C, P> {
    /// It waits, or was closed.
    Nothing,
    /// It wants a page of the listener of this id.
    Answer(u32, Asked<P>),
    /// It was sent all that was handed in of its response, and wants the next part. May be said again until that comes.
    Continue,
    /// It has its response and is out of the table: shut down the sending side and let it linger.
    Done(C, IpAddr),
}

impl<K: Sockets, P: Site> HttpConnections<K, P> {
    /// No connection.
    pub fn new(bounds: Bounds, secret: u64) -> HttpConnections<K, P> {
        let share = u32::try_from(bounds.http_connections / ADDRESS_SHARE).unwrap_or(u32::MAX);
        let table = Connections::new(Kind::Http, 0, share, secret);
        HttpConnections { table, bounds, held: 0, scratch: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Takes in a connection that came in at `now` at the listener of the id `listener`.
    pub fn admit(&mut self, stream: K::Stream, client: IpAddr, listener: u32, now: Nanos, sockets: &mut K) {
        while self.table.len() >= self.bounds.http_connections && self.shed() {}
        // Nagle's algorithm would hold back the end of a long response.
        sockets.send_early(&stream);
        let connection = Connection { exchange: HttpExchange::default(), listener, client, held: 0 };
        let interest = Interest::READABLE | Interest::WRITABLE;
        let deadline = now.after(self.bounds.http_time);
        self.table.insert(stream, connection, (client, deadline), sockets, (interest, true));
    }

    /// Closes one connection: the oldest of who holds more than a fair share, else the oldest. Says whether there
    /// was one.
    pub fn shed(&mut self) -> bool {
        let shed = self.table.shed();
        self.forget(shed.as_ref());
        shed.is_some()
    }

    /// Goes on with the connection of `id`, if it is still there.
    pub fn ready(&mut self, id: ConnectionId, sockets: &mut K) -> HttpTurn<K::Stream, P> {
        let Some((stream, connection)) = self.table.get_mut(id) else { return HttpTurn::Nothing };
        self.scratch.resize(HTTP_HEAD_OCTETS, 0);
        let turn = advance(stream, connection, sockets, &mut self.scratch);
        let held = connection.exchange.held_octets();
        self.held = self.held.saturating_sub(connection.held).saturating_add(held);
        connection.held = held;
        let turn = match turn {
            Advance::Wait => HttpTurn::Nothing,
            Advance::Answer(asked) => HttpTurn::Answer(connection.listener, asked),
            Advance::Continue => HttpTurn::Continue,
            Advance::Close => {
                self.remove(id);
                HttpTurn::Nothing
            }
            Advance::Done => {
                let Some((mut stream, client)) = self.remove(id) else { return HttpTurn::Nothing };
                // It is registered anew where it lingers.
                if let Err(error) = sockets.deregister_stream(&mut stream) {
                    debug!("{client}: epoll: {error}");
                }
                HttpTurn::Done(stream, client)
            }
        };
        // What was just read, or the page that was just made, may be what is too much.
        while self.held > self.bounds.http_octets && self.shed() {}
        turn
    }

    /// Hands in the response that [`HttpTurn::Answer`] asked for, and goes on.
    pub fn respond(
        &mut self,
        id: ConnectionId,
        response: Vec<u8>,
        sockets: &mut K,
    ) -> HttpTurn<K::Stream, P> {
        self.respond_part(id, response, true, sockets)
    }

    /// Hands in a part of the response, the first one or the one that [`HttpTurn::Continue`] asked for, and goes on.
    pub fn respond_part(
        &mut self,
        id: ConnectionId,
        octets: Vec<u8>,
        is_last: bool,
        sockets: &mut K,
    ) -> HttpTurn<K::Stream, P> {
        let Some((_, connection)) = self.table.get_mut(id) else { return HttpTurn::Nothing };
        connection.exchange.respond_part(octets, is_last);
        self.ready(id, sockets)
    }

    /// Whether the connection of `id` is still there.
    pub fn is_there(&mut self, id: ConnectionId) -> bool {
        self.table.get_mut(id).is_some()
    }

    /// Closes the connection of `id`: its response can't be brought to its end.
    pub fn close(&mut self, id: ConnectionId) {
        self.remove(id);
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

    /// Gives nobody more time than until `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.table.hurry(deadline);
    }

    /// What must hold between any two calls: for tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self) {
        self.table.check_invariants(|_| true);
        let held = self.table.states().map(|connection| connection.exchange.held_octets()).sum::<usize>();
        assert_eq!(self.held, held, "all that is held is counted");
        assert!(self.table.len() <= self.bounds.http_connections, "{} connections", self.table.len());
        assert!(self.held <= self.bounds.http_octets, "{} octets held", self.held);
    }

    fn remove(&mut self, id: ConnectionId) -> Option<(K::Stream, IpAddr)> {
        let (stream, connection) = self.table.remove(id)?;
        self.forget(Some(&connection));
        Some((stream, connection.client))
    }

    /// Takes what a connection held out of the sum, once it is out of the table.
    fn forget(&mut self, connection: Option<&Connection<P>>) {
        self.held = self.held.saturating_sub(connection.map_or(0, |connection| connection.held));
    }
}

enum Advance<P> {
    Wait,
    Answer(Asked<P>),
    Continue,
    Done,
    Close,
}

/// Does what the exchange asks for until it has to wait.
fn advance<K: Sockets, P: Site>(
    stream: &mut K::Stream,
    connection: &mut Connection<P>,
    sockets: &mut K,
    scratch: &mut [u8],
) -> Advance<P> {
    let exchange = &mut connection.exchange;
    loop {
        let event = match exchange.step() {
            HttpStep::Receive => match sockets.receive(stream, scratch) {
                Ok(octets) => match scratch.get(..octets) {
                    Some(received @ [_, ..]) => HttpEvent::Received(received),
                    _ => HttpEvent::Closed,
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => HttpEvent::Blocked,
                Err(error) => {
                    debug!("{}: {error}", connection.client);
                    HttpEvent::Failed
                }
            },
            HttpStep::Send(rest) => match sockets.send(stream, rest, false) {
                Ok(octets) => HttpEvent::Sent(octets),
                Err(Errno::EAGAIN) => HttpEvent::Blocked,
                Err(errno) => {
                    debug!("{}: {errno}", connection.client);
                    HttpEvent::Failed
                }
            },
            HttpStep::Answer(asked) => return Advance::Answer(asked),
            HttpStep::Continue => return Advance::Continue,
            HttpStep::Finish => return Advance::Done,
            HttpStep::Wait => return Advance::Wait,
            HttpStep::Close => return Advance::Close,
        };
        if exchange.on(event) == HttpStep::Wait {
            return Advance::Wait;
        }
    }
}
