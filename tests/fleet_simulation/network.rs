//! Sockets on the world's hosts.

use crate::world::{Host, MILLISECOND, World};
use mio::Token;
use nix::errno::Errno;
use ocowatch::probe::network::{Family, Network, Returned};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// The network of a world.
#[derive(Debug)]
pub struct FakeNetwork(pub Rc<RefCell<World>>);

/// A socket, and what it was connected to.
#[derive(Debug)]
pub struct FakeSocket {
    token: usize,
    open: RefCell<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    host: Host,
    stands_at: i64,
    /// When which octets come; the end comes with the last.
    to_come: Vec<(i64, u8)>,
    taken: usize,
    fails_at: Option<(i64, Errno)>,
    hangs: bool,
}

impl Network for FakeNetwork {
    type Socket = FakeSocket;

    fn secret(&mut self) -> u64 {
        7
    }

    fn tcp(&mut self, _: Family, token: Token) -> nix::Result<FakeSocket> {
        match self.0.borrow().own_failure {
            Some(Errno::EMFILE) => Err(Errno::EMFILE),
            _ => Ok(FakeSocket { token: token.0, open: RefCell::new(None) }),
        }
    }

    fn udp(&mut self, _: SocketAddr, _: Token) -> nix::Result<FakeSocket> {
        Err(Errno::EAFNOSUPPORT)
    }

    fn icmp(&mut self, _: Family, _: Token) -> nix::Result<FakeSocket> {
        Err(Errno::EACCES)
    }

    fn connect(&mut self, socket: &FakeSocket, to: SocketAddr, _: bool) -> nix::Result<()> {
        let mut world = self.0.borrow_mut();
        if world.own_failure == Some(Errno::ENETUNREACH) {
            return Err(Errno::ENETUNREACH);
        }
        let host = world.hosts.get(&to.ip()).copied().unwrap_or(Host::Silent);
        let round_trip = 1 + world.chance.below(5) as i64;
        let stands_at = world.now + round_trip * MILLISECOND;
        let mut open = Open { host, stands_at, to_come: Vec::new(), taken: 0, fails_at: None, hangs: false };
        match host {
            Host::Says(code) => {
                open.to_come = Host::line(code).bytes().map(|octet| (stands_at, octet)).collect();
            }
            Host::Trickles(code) => {
                let line = Host::line(code);
                let octets = line.bytes().enumerate();
                open.to_come =
                    octets.map(|(index, octet)| (stands_at + index as i64 * MILLISECOND, octet)).collect();
            }
            Host::Refuses => open.fails_at = Some((stands_at, Errno::ECONNREFUSED)),
            Host::Resets => open.fails_at = Some((stands_at, Errno::ECONNRESET)),
            Host::Unreachable => open.fails_at = Some((stands_at, Errno::EHOSTUNREACH)),
            Host::Hangs => open.hangs = true,
            Host::Silent => open.stands_at = i64::MAX,
        }
        for at in [Some(stands_at), open.to_come.last().map(|(at, _)| *at)].into_iter().flatten() {
            let delay = at - world.now;
            world.wake(socket.token, delay);
        }
        *socket.open.borrow_mut() = Some(open);
        Ok(())
    }

    fn is_connected(&mut self, socket: &FakeSocket) -> nix::Result<bool> {
        match self.send(socket, &[]) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn disconnect(&mut self, socket: &FakeSocket) -> nix::Result<()> {
        *socket.open.borrow_mut() = None;
        // What the reset leaves behind.
        self.0.borrow_mut().wake(socket.token, 0);
        Ok(())
    }

    fn send(&mut self, socket: &FakeSocket, octets: &[u8]) -> nix::Result<usize> {
        let now = self.0.borrow().now;
        let open = socket.open.borrow();
        let open = open.as_ref().ok_or(Errno::ENOTCONN)?;
        match open.fails_at {
            Some((at, error)) if at <= now => Err(error),
            _ if open.stands_at > now => Err(Errno::EAGAIN),
            _ => Ok(octets.len()),
        }
    }

    fn receive(&mut self, socket: &FakeSocket, buffer: &mut [u8]) -> nix::Result<usize> {
        let mut world = self.0.borrow_mut();
        let mut open = socket.open.borrow_mut();
        let open = open.as_mut().ok_or(Errno::ENOTCONN)?;
        match open.fails_at {
            Some((at, error)) if at <= world.now => return Err(error),
            _ if open.stands_at > world.now || open.hangs => return Err(Errno::EAGAIN),
            _ => {}
        }
        let mut count = 0;
        while let Some((at, octet)) = open.to_come.get(open.taken)
            && *at <= world.now
            && count < buffer.len()
        {
            buffer[count] = *octet;
            (count, open.taken) = (count + 1, open.taken + 1);
        }
        match open.to_come.get(open.taken) {
            _ if count > 0 => Ok(count),
            None => Ok(0),
            Some((at, _)) => {
                let delay = at - world.now;
                world.wake(socket.token, delay);
                debug_assert!(matches!(open.host, Host::Trickles(_)));
                Err(Errno::EAGAIN)
            }
        }
    }

    fn send_to(&mut self, _: &FakeSocket, _: &[u8], _: SocketAddr) -> nix::Result<()> {
        Err(Errno::ENOSYS)
    }

    fn receive_from(&mut self, _: &FakeSocket, _: &mut [u8]) -> nix::Result<(usize, IpAddr)> {
        Err(Errno::EAGAIN)
    }

    fn take_returned(&mut self, _: &FakeSocket, _: &mut [u8]) -> nix::Result<Returned> {
        Err(Errno::EAGAIN)
    }
}
