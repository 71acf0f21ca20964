//! What the pool asks of the network: sockets, thin, without decisions. The kernel's stand behind it, and in tests a
//! simulation: what that drives is what ships.

mod kernel;

pub use kernel::KernelNetwork;

use mio::Token;
use nix::errno::Errno;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};

/// Of which family addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of an address.
    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The other one.
    pub fn other(self) -> Family {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }
}

/// What the poll says of a socket, as it was when the poll returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Its connection stands.
    Stands,
    /// Something happened to it, perhaps.
    Something,
}

impl Hint {
    /// What an event says.
    pub fn of(event: &mio::event::Event) -> Hint {
        // One that is idle, or was refused, takes octets too, as far as the poll knows.
        let stands = event.is_writable() && !event.is_error() && !event.is_write_closed();
        if stands { Hint::Stands } else { Hint::Something }
    }
}

/// A packet of ours that came back with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// Where it had been sent.
    pub to: IpAddr,
    /// Octets of it.
    pub octets: usize,
    /// Why.
    pub errno: Errno,
}

/// Sockets that never wait. EINTR is no error of theirs. Each is told of by its token when something happened to it,
/// edge-triggered; what it was, the calls tell.
pub trait Network {
    /// A socket. Dropped, it is closed, a connection by reset.
    type Socket: Debug;

    /// A number that nobody outside of this process knows.
    fn secret(&mut self) -> u64;

    /// A socket of TCP that can be connected.
    ///
    /// # Errors
    /// As socket(2).
    fn tcp(&mut self, family: Family, token: Token) -> nix::Result<Self::Socket>;

    /// A socket of UDP that is connected to `to`.
    ///
    /// # Errors
    /// As socket(2) and connect(2); ECONNREFUSED where it would be connected to itself.
    fn udp(&mut self, to: SocketAddr, token: Token) -> nix::Result<Self::Socket>;

    /// A socket for ICMP echo without privileges, which also tells what came back with an error.
    ///
    /// # Errors
    /// As socket(2): EACCES where the kernel does not let our group.
    fn icmp(&mut self, family: Family, token: Token) -> nix::Result<Self::Socket>;

    /// Begins to connect. `holds_ack`: the last packet of the handshake need not go out before there is something to be
    /// sent.
    ///
    /// # Errors
    /// As connect(2), but for EINPROGRESS, which is none; ECONNREFUSED where it would be connected to itself.
    fn connect(&mut self, socket: &Self::Socket, to: SocketAddr, holds_ack: bool) -> nix::Result<()>;

    /// Whether the connection stands by now.
    ///
    /// # Errors
    /// Why it never will.
    fn is_connected(&mut self, socket: &Self::Socket) -> nix::Result<bool>;

    /// Resets the connection, or the attempt, after which the socket can be connected again.
    ///
    /// # Errors
    /// It can't be used again.
    fn disconnect(&mut self, socket: &Self::Socket) -> nix::Result<()>;

    /// Hands octets to the kernel, and returns how many it took.
    ///
    /// # Errors
    /// EAGAIN where nothing fits, or the connection does not stand yet; else why it failed.
    fn send(&mut self, socket: &Self::Socket, octets: &[u8]) -> nix::Result<usize>;

    /// Takes what came; 0 is the end of a connection.
    ///
    /// # Errors
    /// EAGAIN where nothing came, or the connection does not stand yet; else why it failed.
    fn receive(&mut self, socket: &Self::Socket, buffer: &mut [u8]) -> nix::Result<usize>;

    /// Sends a packet. The port of `to` means nothing.
    ///
    /// # Errors
    /// As sendto(2).
    fn send_to(&mut self, socket: &Self::Socket, packet: &[u8], to: SocketAddr) -> nix::Result<()>;

    /// Takes a packet that came, and says from whom.
    ///
    /// # Errors
    /// EAGAIN where none came.
    fn receive_from(&mut self, socket: &Self::Socket, buffer: &mut [u8]) -> nix::Result<(usize, IpAddr)>;

    /// Takes a packet of ours that came back.
    ///
    /// # Errors
    /// EAGAIN where none did.
    fn take_returned(&mut self, socket: &Self::Socket, buffer: &mut [u8]) -> nix::Result<Returned>;
}
