//! The control socket: who connects, and which orders are to be obeyed. What they do is the loop's.
//!
//! # Invariants
//!
//! - No connection delays another, or a probe: what is read and written in one turn is bounded, and who does not take
//!   a reply, or does not end a line, is closed after [`CONTROL_TIME`](crate::limits::CONTROL_TIME).
//! - Each order gets its whole reply before the next one of its connection is taken.
//! - Who comes in where everybody may never takes the places of those who may act.

mod connection;
pub mod history;
pub mod reply;
pub mod status;

use crate::limits::{CONTROL_CONNECTIONS, CONTROL_OCTETS_PER_TURN, PUBLIC_CONNECTIONS};
use crate::token::Source;
use connection::Connection;
pub use connection::Line;
use log::{debug, warn};
use mio::net::{UnixListener, UnixStream as MioStream};
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

#[cfg(test)]
impl Client {
    /// Somebody in this slot.
    pub fn in_slot(slot: usize) -> Client {
        Client { slot, number: 1 }
    }
}

/// An order that came.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// From whom.
    pub client: Client,
    /// Which user that is.
    pub user: u32,
    /// It came in where everybody may: it may do nothing but acknowledge by a token.
    pub is_public: bool,
    /// The line.
    pub line: Line,
}

/// The control socket and its connections.
#[derive(Debug)]
pub struct Control {
    doors: Vec<Door>,
    registry: Registry,
    connections: Vec<Option<Connection>>,
    /// Connections so far.
    count: u64,
    /// Who is read first in the next turn, so that nobody floods the others out.
    first: usize,
}

/// A socket at which somebody may connect.
#[derive(Debug)]
struct Door {
    listener: UnixListener,
    /// Everybody may.
    is_public: bool,
    /// Somebody may wait to be accepted.
    is_ready: bool,
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
        let mut control =
            Control { doors: Vec::new(), registry, connections: Vec::new(), count: 0, first: 0 };
        control.open_door(path, (user, group), false)?;
        Ok(control)
    }

    /// Listens at `path` too, where everybody may connect, and do nothing but acknowledge by a token.
    ///
    /// # Errors
    /// As for [`Control::bind`].
    pub fn let_everybody_in(&mut self, path: &Path, user: Option<u32>) -> Result<(), ControlError> {
        self.open_door(path, (user, None), true)
    }

    fn open_door(
        &mut self,
        path: &Path,
        (user, group): (Option<u32>, Option<u32>),
        is_public: bool,
    ) -> Result<(), ControlError> {
        let system = |error| ControlError::System(path.to_owned(), error);
        remove_left_over(path)?;
        let mut listener = UnixListener::bind(path).map_err(system)?;
        let mode = if is_public { 0o666 } else { 0o660 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(system)?;
        if user.is_some() || group.is_some() {
            std::os::unix::fs::chown(path, user, group).map_err(system)?;
        }
        let token = Source::Control.encode();
        self.registry.register(&mut listener, token, Interest::READABLE).map_err(system)?;
        self.doors.push(Door { listener, is_public, is_ready: true });
        Ok(())
    }

    /// Somebody connects.
    pub fn ready(&mut self) {
        for door in &mut self.doors {
            door.is_ready = true;
        }
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
                orders.push(Order { client, user: connection.peer, is_public: connection.is_public, line });
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
        let mut doors = std::mem::take(&mut self.doors);
        for door in &mut doors {
            while door.is_ready {
                match door.listener.accept() {
                    Ok((stream, _)) => self.enter(stream, door.is_public, now),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => door.is_ready = false,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => {
                        // Who waits is accepted in a later turn.
                        debug!("control: {}", oco::system::words::words(&error));
                        break;
                    }
                }
            }
        }
        self.doors = doors;
    }

    fn enter(&mut self, stream: MioStream, is_public: bool, now: Nanos) {
        let peer = match getsockopt(&stream, PeerCredentials) {
            Ok(credentials) => credentials.uid(),
            Err(errno) => return debug!("control: who connects: {errno}"),
        };
        self.count += 1;
        let mut connection = Connection::new(stream, peer, is_public, self.count);
        let strangers = || self.connections.iter().flatten().filter(|one| one.is_public).count();
        let is_crowded = is_public && strangers() >= PUBLIC_CONNECTIONS;
        let slot = match self.connections.iter().position(Option::is_none) {
            Some(slot) if !is_crowded => slot,
            None if !is_crowded && self.connections.len() < CONTROL_CONNECTIONS => {
                self.connections.push(None);
                self.connections.len() - 1
            }
            Some(_) | None => {
                let refusal = reply::error("too many connections to the control socket; try again");
                return connection.reply(&refusal, true, now);
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

/// Removes a socket that nobody listens at any more.
fn remove_left_over(path: &Path) -> Result<(), ControlError> {
    let system = |error| ControlError::System(path.to_owned(), error);
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(ControlError::NoSocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Ok(_) => return Err(ControlError::InUse(path.to_owned())),
        Err(error) => return Err(system(error)),
    }
    std::fs::remove_file(path).map_err(system)
}

#[cfg(test)]
mod tests;
