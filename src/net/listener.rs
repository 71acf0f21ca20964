//! A bound port: its socket, whether somebody may wait there, and whether it refuses for now.

use crate::system::sockets::Sockets;
use crate::system::words::words;
use nix::errno::Errno;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Address and port as the settings name them. Port 0 is any free one.
    pub address: SocketAddr,
    /// Whether IPv4 clients have a socket of their own.
    pub ipv6_only: bool,
}

/// A port that is bound, whether it listens now or refuses.
#[derive(Debug)]
pub struct Listener<K: Sockets> {
    /// Where it listens.
    pub place: Place,
    /// Whether connections may wait that no event will tell of again.
    pub ready: bool,
    /// Tells it from every other listener of this process, also after a reload.
    pub id: u32,
    /// Whether it refuses connections for now. It stays bound.
    pub is_shut: bool,
    /// Its socket.
    pub socket: K::Listener,
    /// Whether it was bound by somebody else, who will listen there again.
    pub is_passed: bool,
}

impl<K: Sockets> Listener<K> {
    /// A listener on `socket`. What waits there already is ready.
    pub fn new(place: Place, socket: K::Listener, id: u32) -> Listener<K> {
        Listener { place, ready: true, id, is_shut: false, socket, is_passed: false }
    }

    /// Refuses connections from now on.
    pub fn shut(&mut self, sockets: &mut K) {
        sockets.hold_port(&self.socket);
        (self.is_shut, self.ready) = (true, false);
    }

    /// Ends what [`Listener::shut`] began.
    ///
    /// # Errors
    /// The socket does not listen again.
    pub fn open(&mut self, sockets: &mut K) -> Result<(), BindError> {
        let address = self.place.address;
        sockets.listen_again(&self.socket).map_err(|errno| BindError { address, errno })?;
        (self.is_shut, self.ready) = (false, true);
        Ok(())
    }

    /// The next connection, if one waits.
    ///
    /// # Errors
    /// As accept(2): see [`AcceptError`](super::accept_error::AcceptError).
    pub fn accept(&self, sockets: &mut K) -> io::Result<(K::Stream, SocketAddr)> {
        sockets.accept(&self.socket)
    }
}

/// Why a port could not be had.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    errno: Errno,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listen on {}: {}", self.address, words(&self.errno.into()))?;
        match self.errno {
            Errno::EACCES if self.address.port() < 1024 => f.write_str(" (ports below 1024 need root)"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BindError {}

impl BindError {
    /// Whether it may not be bound by this process, though others could.
    pub fn is_denied(&self) -> bool {
        self.errno == Errno::EACCES
    }

    /// Whether the host does not have the address's family, or its wildcard.
    pub fn is_without_family(&self) -> bool {
        matches!(self.errno, Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL)
    }
}

/// Binds every place of `missing`, or none. Where a port of `retiring` is in the way, it stops listening first, and
/// listens again if that did not help.
///
/// # Errors
/// The first place that can't be had; and behind it those of `retiring` that do not listen again.
pub fn bind_all<K: Sockets>(
    missing: impl Iterator<Item = Place>,
    retiring: &[&Listener<K>],
    sockets: &mut K,
) -> Result<Vec<K::Listener>, (BindError, Vec<BindError>)> {
    let mut added = Vec::new();
    let mut silenced: Vec<&Listener<K>> = Vec::new();
    for Place { address, ipv6_only } in missing {
        let mut bound = sockets.bind(address, ipv6_only);
        if matches!(bound, Err(Errno::EADDRINUSE)) {
            for other in retiring.iter().filter(|other| other.place.address.port() == address.port()) {
                sockets.stop_listening(&other.socket);
                silenced.push(other);
            }
            bound = sockets.bind(address, ipv6_only);
        }
        match bound {
            Ok(socket) => added.push(socket),
            Err(errno) => {
                drop(added);
                let lost = silenced.into_iter().filter_map(|other| silence_ends(other, sockets)).collect();
                return Err((BindError { address, errno }, lost));
            }
        }
    }
    Ok(added)
}

/// Brings a listener that was made to stop back to what it was. Returns why not, if that fails.
fn silence_ends<K: Sockets>(listener: &Listener<K>, sockets: &mut K) -> Option<BindError> {
    if listener.is_shut {
        sockets.hold_port(&listener.socket);
        return None;
    }
    let address = listener.place.address;
    sockets.listen_again(&listener.socket).err().map(|errno| BindError { address, errno })
}
