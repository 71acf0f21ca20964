//! The kernel's sockets.
//!
//! Sockets of TCP are registered once, for everything, and are connected again and again: between two probes
//! `connect(AF_UNSPEC)` resets the connection and leaves them as new. That saves socket, close, epoll_ctl and setsockopt
//! of each probe.

use super::{Family, Network, Returned};
use crate::limits::PING_QUEUE_OCTETS;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use oco::system::client::is_itself;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, connect, connect_unspec,
    getsockname, ipproto, recv, recvfrom, send, sendto, socket_with, sockopt as options,
};
use std::hash::{BuildHasher, RandomState};
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// The kernel's.
#[derive(Debug)]
pub struct KernelNetwork {
    registry: Registry,
}

impl KernelNetwork {
    /// Sockets that `registry`'s poll tells of.
    pub fn new(registry: Registry) -> KernelNetwork {
        KernelNetwork { registry }
    }

    fn socket(
        &self,
        family: Family,
        kind: SocketType,
        protocol: Option<Protocol>,
        token: Token,
    ) -> nix::Result<OwnedFd> {
        let family = match family {
            Family::V4 => AddressFamily::INET,
            Family::V6 => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, kind, flags, protocol).map_err(errno)?;
        // mio asks for edges, and for the end of the other side's sending too.
        self.registry
            .register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE | Interest::WRITABLE)
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::ENOMEM)))?;
        Ok(socket)
    }
}

impl Network for KernelNetwork {
    type Socket = OwnedFd;

    fn secret(&mut self) -> u64 {
        RandomState::new().hash_one(0)
    }

    fn tcp(&mut self, family: Family, token: Token) -> nix::Result<OwnedFd> {
        let socket = self.socket(family, SocketType::STREAM, None, token)?;
        // Where a socket is closed for good, its connection is reset as it is between two probes.
        let _ = options::set_socket_linger(&socket, Some(Duration::ZERO));
        Ok(socket)
    }

    fn udp(&mut self, to: SocketAddr, token: Token) -> nix::Result<OwnedFd> {
        let socket = self.socket(Family::of(to.ip()), SocketType::DGRAM, None, token)?;
        connect(&socket, &to).map_err(errno)?;
        refuse_itself(&socket, to)?;
        Ok(socket)
    }

    fn icmp(&mut self, family: Family, token: Token) -> nix::Result<OwnedFd> {
        let protocol = match family {
            Family::V4 => ipproto::ICMP,
            Family::V6 => ipproto::ICMPV6,
        };
        let socket = self.socket(family, SocketType::DGRAM, Some(protocol), token)?;
        let _ = options::set_socket_recv_buffer_size(&socket, PING_QUEUE_OCTETS);
        // Without it, what can't be reached is a time-out and no more.
        let _ = match family {
            Family::V4 => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
            Family::V6 => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
        };
        Ok(socket)
    }

    fn connect(&mut self, socket: &OwnedFd, to: SocketAddr, holds_ack: bool) -> nix::Result<()> {
        if holds_ack {
            // For this connection alone: it does not outlast connect(AF_UNSPEC).
            let _ = options::set_tcp_quickack(socket, false);
        }
        // An interrupted connect goes on, as an unfinished one does.
        match connect(socket, &to).map_err(errno) {
            Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => refuse_itself(socket, to),
            result => result,
        }
    }

    fn is_connected(&mut self, socket: &OwnedFd) -> nix::Result<bool> {
        // Nothing, sent: that tells both whether the connection stands and why it does not, and moves no packet.
        match self.send(socket, &[]) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn disconnect(&mut self, socket: &OwnedFd) -> nix::Result<()> {
        again(|| connect_unspec(socket))
    }

    fn send(&mut self, socket: &OwnedFd, octets: &[u8]) -> nix::Result<usize> {
        again(|| send(socket, octets, SendFlags::NOSIGNAL | SendFlags::DONTWAIT))
    }

    fn receive(&mut self, socket: &OwnedFd, buffer: &mut [u8]) -> nix::Result<usize> {
        again(|| recv(socket, &mut *buffer, RecvFlags::DONTWAIT)).map(|(count, _)| count)
    }

    fn send_to(&mut self, socket: &OwnedFd, packet: &[u8], mut to: SocketAddr) -> nix::Result<()> {
        to.set_port(0);
        again(|| sendto(socket, packet, SendFlags::NOSIGNAL | SendFlags::DONTWAIT, &to)).map(|_| ())
    }

    fn receive_from(&mut self, socket: &OwnedFd, buffer: &mut [u8]) -> nix::Result<(usize, IpAddr)> {
        let (count, _, from) = again(|| recvfrom(socket, &mut *buffer, RecvFlags::DONTWAIT))?;
        let from = from.and_then(|from| SocketAddr::try_from(from).ok()).ok_or(Errno::EPROTO)?;
        Ok((count, from.ip()))
    }

    fn take_returned(&mut self, socket: &OwnedFd, buffer: &mut [u8]) -> nix::Result<Returned> {
        let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
        let to = message.address.and_then(|address| {
            let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        });
        let error = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                Some(error.ee_errno)
            }
            _ => None,
        });
        let error = error.and_then(|error| i32::try_from(error).ok()).unwrap_or(0);
        Ok(Returned { to: to.ok_or(Errno::EPROTO)?, octets: message.bytes, errno: Errno::from_raw(error) })
    }
}

/// Refuses a socket that is connected to itself. The kernel chooses our port, and where `to` is an address of this host
/// it may choose the very port that is probed: nobody listens there then, and what we say comes back as an answer.
fn refuse_itself(socket: &OwnedFd, to: SocketAddr) -> nix::Result<()> {
    let ours = getsockname(socket).ok().and_then(|ours| SocketAddr::try_from(ours).ok());
    match ours {
        Some(ours) if is_itself(ours, to) => Err(Errno::ECONNREFUSED),
        Some(_) | None => Ok(()),
    }
}

/// Calls until no signal interrupts.
fn again<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map_err(errno),
        }
    }
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_raw(error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::Poll;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn a_closed_port_is_not_up_by_a_connection_to_itself() {
        let poll = Poll::new().unwrap();
        let mut network = KernelNetwork::new(poll.registry().try_clone().unwrap());
        for (family, address) in
            [(Family::V4, IpAddr::from(Ipv4Addr::LOCALHOST)), (Family::V6, Ipv6Addr::LOCALHOST.into())]
        {
            let socket = network.tcp(family, Token(1)).unwrap();
            // As when the kernel chooses the port that is probed for our end of the connection.
            rustix::net::bind(&socket, &SocketAddr::new(address, 0)).unwrap();
            let to = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
            assert_eq!(network.connect(&socket, to, false), Err(Errno::ECONNREFUSED));
            let socket = network.socket(family, SocketType::DGRAM, None, Token(2)).unwrap();
            rustix::net::bind(&socket, &SocketAddr::new(address, 0)).unwrap();
            let to = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
            connect(&socket, &to).unwrap();
            assert_eq!(refuse_itself(&socket, to), Err(Errno::ECONNREFUSED));
            let another = SocketAddr::new(address, to.port() ^ 1);
            connect(&socket, &another).unwrap();
            assert_eq!(refuse_itself(&socket, another), Ok(()));
        }
    }
}
