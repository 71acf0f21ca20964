//! Sockets that systemd binds and passes (sd_listen_fds(3)), so that ocod needs no privilege for its port.

use listenfd::ListenFd;
use mio::net::TcpListener;
use std::io;
use std::net::SocketAddr;

/// A listener that was bound by somebody else.
#[derive(Debug)]
pub struct Passed {
    /// `FileDescriptorName=` of the socket unit, by default the unit's name.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The socket, non-blocking.
    pub socket: TcpListener,
}

/// The listeners that were passed to this process, if any, in their order.
///
/// # Errors
/// What was passed is no listener of TCP.
pub fn take() -> io::Result<Vec<Passed>> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut sockets = ListenFd::from_env();
    let mut passed = Vec::new();
    for index in 0..sockets.len() {
        let name = names.next().unwrap_or_default().to_owned();
        let Some(socket) = sockets.take_tcp_listener(index)? else { continue };
        socket.set_nonblocking(true)?;
        passed.push(Passed { name, address: socket.local_addr()?, socket: TcpListener::from_std(socket) });
    }
    Ok(passed)
}
