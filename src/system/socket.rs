//! TCP sockets: listeners with the options that the contract asks for, and the one write of an answer.

use crate::limits::BACKLOG;
use mio::net::{TcpListener, TcpStream};
use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, SockaddrStorage, bind, setsockopt, shutdown,
    sockopt,
};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

/// A listener on `address`. `ipv6_only` counts for IPv6 addresses.
///
/// # Errors
/// The port can't be had.
pub fn listener(address: SocketAddr, ipv6_only: bool) -> nix::Result<TcpListener> {
    let mut socket = bound(address, ipv6_only)?;
    if address.port() == 0 {
        // The kernel takes a port that it chose back from a socket that stops to listen; one that was asked for stays.
        // Where that may not be asked for any more, the first one has to do.
        let chosen = socket.local_addr().map_err(|_| Errno::EINVAL)?;
        socket = bound(chosen, ipv6_only).unwrap_or(socket);
    }
    listen(&socket)?;
    Ok(TcpListener::from_std(socket))
}

/// A socket on `address` that does not listen yet.
fn bound(address: SocketAddr, ipv6_only: bool) -> nix::Result<std::net::TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(family, SockType::Stream, flags, None)?;
    // A restart must not wait for connections of the old process to end.
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &ipv6_only)?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(std::net::TcpListener::from(socket))
}

/// Makes `listener` refuse connections. It stays bound, but is no longer in the way of another socket on its port.
pub fn stop_listening(listener: &TcpListener) {
    // Fails when it does not listen: then there is nothing to stop.
    let _ = shutdown(listener.as_raw_fd(), Shutdown::Read);
    let _ = setsockopt(listener, sockopt::ReuseAddr, &true);
}

/// Makes `listener` refuse connections, and keeps its port from everybody else meanwhile.
pub fn hold_port(listener: &TcpListener) {
    stop_listening(listener);
    // Sockets that both have the option may share a port as long as none of them listens.
    let _ = setsockopt(listener, sockopt::ReuseAddr, &false);
}

/// Ends what [`stop_listening`] or [`hold_port`] began.
///
/// # Errors
/// Another socket listens there now.
pub fn listen_again(listener: &TcpListener) -> nix::Result<()> {
    // Without it, connections that linger are in the way.
    setsockopt(listener, sockopt::ReuseAddr, &true)?;
    listen(listener)
}

/// Not nix's, which takes no more connections in the queue than the libc's SOMAXCONN: 128 with musl.
fn listen(socket: &impl AsFd) -> nix::Result<()> {
    rustix::net::listen(socket, BACKLOG).map_err(|error| Errno::from_raw(error.raw_os_error()))
}

/// Hands octets to the kernel, and returns how many it took. With `is_last` it holds them back for the FIN that follows
/// at once: both go out in one segment.
///
/// # Errors
/// EAGAIN where nothing fits; others where the client has gone.
pub fn send(stream: &TcpStream, octets: &[u8], is_last: bool) -> nix::Result<usize> {
    loop {
        match socket::send(stream.as_raw_fd(), octets, send_flags(is_last)) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// The flags of a write, as [`send`] has them.
pub fn send_flags(is_last: bool) -> MsgFlags {
    let more = if is_last { libc::MSG_MORE } else { 0 };
    MsgFlags::from_bits_retain(more) | MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT
}
