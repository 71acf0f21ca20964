//! The control socket: who connects, and which orders are to be obeyed. What they do is the loop's.
//!
//! # Invariants
//!
//! - No connection delays another, or a probe: what is read and written in one turn is bounded, and who does not take
//!   a reply, or does not end a line, is closed after [`CONTROL_TIME`](crate::limits::CONTROL_TIME).
//! - Each order gets its whole reply before the next one of its connection is taken.

mod connection;
pub mod history;
pub mod reply;
pub mod status;

use crate::limits::{CONTROL_CONNECTIONS, CONTROL_OCTETS_PER_TURN};
use crate::token::Source;
use connection::Connection;
pub use connection::Line;
use log::{debug, warn};
use mio::net::UnixListener;
use mio::{Interest, Registry};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use oco::logic::time::Nanos;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Who gave an order: a connection, until it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client {
    slot: usize,
    /// Numbers only count up, so that a late reply finds nobody else in its slot.
    number: u64,
}

/// An order that came.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// From whom.
    pub client: Client,
    /// Which user that is.
    pub user: u32,
    /// The line.
    pub line: Line,
}

/// The control socket and its connections.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    registry: Registry,
    connections: Vec<Option<Connection>>,
    /// Connections so far.
    count: u64,
    /// Somebody may wait to be accepted.
    is_ready: bool,
    /// Who is read first in the next turn, so that nobody floods the others out.
    first: usize,
}

/// Why there is no control socket.
#[derive(Debug)]
pub enum ControlError {
    /// Another program listens there.
    InUse(PathBuf),
    /// Something else stands there.
    NoSocket(PathBuf),
    /// The system does not let us.
    System(PathBuf, io::Error),
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ControlError::InUse(path) => {
                write!(f, "control {}: another program listens there", path.display())
            }
            ControlError::NoSocket(path) => {
                write!(
                    f,
                    "control {}: not a socket; expected nothing there, or one that is left over",
                    path.display()
                )
            }
            ControlError::System(path, error) => {
                write!(f, "control {}: {}", path.display(), oco::system::words::words(error))
            }
        }
    }
}

impl std::error::Error for ControlError {}

impl Control {
    /// Listens at `path`, for this user and group; none: our own. A socket that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// Another one listens there, or the system does not let us.
    pub fn bind(
        path: &Path,
        (user, group): (Option<u32>, Option<u32>),
        registry: Registry,
    ) -> Result<Control, ControlError> {
        let system = |error| ControlError::System(path.to_owned(), error);
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                return Err(ControlError::NoSocket(path.to_owned()));
            }
            match UnixStream::connect(path) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Ok(_) => return Err(ControlError::InUse(path.to_owned())),
                Err(error) => return Err(system(error)),
            }
            std::fs::remove_file(path).map_err(system)?;
        }
        let mut listener = UnixListener::bind(path).map_err(system)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(system)?;
        if user.is_some() || group.is_some() {
            std::os::unix::fs::chown(path, user, group).map_err(system)?;
        }
        registry.register(&mut listener, Source::Control.encode(), Interest::READABLE).map_err(system)?;
        Ok(Control { listener, registry, connections: Vec::new(), count: 0, is_ready: true, first: 0 })
    }

    /// Somebody connects.
    pub fn ready(&mut self) {
        self.is_ready = true;
    }

    /// Something happened to the connection in this slot.
    pub fn connection_ready(&mut self, slot: usize) {
        if let Some(Some(connection)) = self.connections.get_mut(slot) {
            connection.ready();
        }
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        self.connections.iter().flatten().filter_map(Connection::deadline).min()
    }

    /// Accepts, closes what is over, and returns the orders that came. Each of them is to be
    /// [replied](Control::reply) to.
    pub fn turn(&mut self, now: Nanos) -> Vec<Order> {
        self.accept(now);
        let mut budget = CONTROL_OCTETS_PER_TURN;
        let mut orders = Vec::new();
        let count = self.connections.len();
        for offset in 0..count {
            let slot = (self.first + offset) % count;
            let Some(place) = self.connections.get_mut(slot) else { continue };
            let Some(connection) = place else { continue };
            connection.send(now);
            if let Some(line) = connection.next_line(&mut budget, now) {
                let client = Client { slot, number: connection.number };
                orders.push(Order { client, user: connection.peer, line });
            }
            if connection.is_over(now) {
                // Closed by being dropped, of which the poll then tells nothing more.
                *place = None;
            }
        }
        self.first = if count == 0 { 0 } else { (self.first + 1) % count };
        orders
    }

    /// Whether the client takes a further part of its reply now; none: it has gone.
    pub fn wants_reply(&self, client: Client) -> Option<bool> {
        let connection = self.connections.get(client.slot)?.as_ref();
        connection.filter(|one| one.number == client.number).map(Connection::wants_reply)
    }

    /// Adds to the reply to the client's order, if it is still there. `is_last`: the reply is whole now.
    pub fn reply(&mut self, client: Client, octets: &[u8], is_last: bool, now: Nanos) {
        if let Some(Some(connection)) = self.connections.get_mut(client.slot)
            && connection.number == client.number
        {
            connection.reply(octets, is_last, now);
        }
    }

    fn accept(&mut self, now: Nanos) {
        while self.is_ready {
            let (stream, peer) = match self.listener.accept() {
                Ok((stream, _)) => match getsockopt(&stream, PeerCredentials) {
                    Ok(credentials) => (stream, credentials.uid()),
                    Err(errno) => {
                        debug!("control: who connects: {errno}");
                        continue;
                    }
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_ready = false;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    // Who waits is accepted in a later turn.
                    debug!("control: {}", oco::system::words::words(&error));
                    return;
                }
            };
            self.count += 1;
            self.enter(Connection::new(stream, peer, self.count), now);
        }
    }

    fn enter(&mut self, mut connection: Connection, now: Nanos) {
        let free = self.connections.iter().position(Option::is_none);
        let slot = match free {
            Some(slot) => slot,
            None if self.connections.len() < CONTROL_CONNECTIONS => {
                self.connections.push(None);
                self.connections.len() - 1
            }
            None => {
                let refusal = reply::error("too many connections to the control socket; try again");
                connection.reply(&refusal, true, now);
                return;
            }
        };
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Source::Connection(slot).encode();
        if let Err(error) = self.registry.register(connection.stream(), token, interest) {
            warn!("control: {}", oco::system::words::words(&error));
            return;
        }
        if let Some(place) = self.connections.get_mut(slot) {
            *place = Some(connection);
        }
    }
}

#[cfg(test)]
mod tests;
