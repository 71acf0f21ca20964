//! The network of the simulation: what its targets do, when that is told, and which calls fail.

use super::super::super::network::{Family, Hint, Network, Returned};
use super::super::super::ping;
use super::{MOST, TOKENS};
use mio::Token;
use nix::errno::Errno;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// A xorshift of its own: the same seed, the same run.
#[derive(Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }
}

/// What happens to a socket, and when.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Stands,
    Octets(Vec<u8>),
    End,
    Fails(Errno),
    Packet(Vec<u8>, IpAddr),
    Returned(Vec<u8>, IpAddr, Errno),
}

#[derive(Debug, Default)]
pub(super) struct Open {
    token: usize,
    pub(super) is_tcp: bool,
    to_come: Vec<(i64, Happening)>,
    pub(super) is_used: bool,
    stands: bool,
    has_ended: bool,
    error: Option<Errno>,
    octets: VecDeque<u8>,
    datagrams: VecDeque<Vec<u8>>,
    packets: VecDeque<(Vec<u8>, IpAddr)>,
    returned: VecDeque<(Vec<u8>, IpAddr, Errno)>,
    port: u16,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) now: i64,
    pub(super) open: BTreeMap<usize, Open>,
    pub(super) next: usize,
    /// When which tokens are told of.
    pub(super) events: Vec<(i64, usize)>,
    /// Who was pinged and will answer.
    pub(super) answering: BTreeSet<IpAddr>,
    /// Whether calls fail for no reason.
    pub(super) is_unkind: bool,
}

#[derive(Debug)]
pub(super) struct FakeSocket(usize, Rc<RefCell<World>>);

impl Drop for FakeSocket {
    fn drop(&mut self) {
        self.1.borrow_mut().open.remove(&self.0);
    }
}

#[derive(Debug)]
pub(super) struct FakeNetwork(pub(super) Rc<RefCell<World>>);

/// What a target does is told by its port, so that its result can be known.
fn line(port: u16) -> String {
    format!("350 KO oco-1 300-p{port}\r\n")
}

impl World {
    fn fails(&mut self) -> nix::Result<()> {
        const ERRORS: [Errno; 6] = [
            Errno::EMFILE,
            Errno::ENOBUFS,
            Errno::ENETUNREACH,
            Errno::ECONNRESET,
            Errno::EINVAL,
            Errno::EHOSTUNREACH,
        ];
        if self.is_unkind && self.chance.one_in(40) {
            return Err(ERRORS[usize::try_from(self.chance.below(6)).unwrap()]);
        }
        Ok(())
    }

    fn socket(&mut self, token: Token, is_tcp: bool) -> nix::Result<usize> {
        self.fails()?;
        self.next += 1;
        self.open.insert(self.next, Open { token: token.0, is_tcp, ..Open::default() });
        assert!(self.open.len() <= MOST + 2, "more sockets than allowed");
        Ok(self.next)
    }

    fn later(&mut self, most: u64) -> i64 {
        self.now + i64::try_from(self.chance.below(most)).unwrap()
    }

    fn book(&mut self, socket: usize, happenings: Vec<Happening>) {
        let mut at = self.now;
        for happening in happenings {
            at += i64::try_from(self.chance.below(12)).unwrap();
            self.open.get_mut(&socket).unwrap().to_come.push((at, happening));
        }
    }

    /// What a connection will do. Ports of 7 mod 8 never answer.
    fn plan(&mut self, port: u16) -> Vec<Happening> {
        if port % 8 == 7 {
            return if self.chance.one_in(2) { vec![Happening::Stands] } else { Vec::new() };
        }
        let mut plan = match self.chance.below(12) {
            0 => return vec![Happening::Fails(Errno::ECONNREFUSED)],
            1 => return vec![Happening::Fails(Errno::EHOSTUNREACH)],
            2 => return vec![Happening::Stands, Happening::Fails(Errno::ECONNRESET)],
            3 => return vec![Happening::Stands, Happening::End],
            _ => vec![Happening::Stands],
        };
        let line = line(port).into_bytes();
        let length = usize::try_from(1 + self.chance.below(40)).unwrap();
        plan.extend(line.chunks(length).map(|piece| Happening::Octets(piece.to_vec())));
        plan.push(Happening::End);
        plan
    }

    /// Lets happen what is due, and says which tokens are told of now,
    /// with what the poll says of each socket as it is now.
    pub(super) fn pass(&mut self, now: i64) -> Vec<(usize, Hint)> {
        self.now = now;
        let mut touched = Vec::new();
        for open in self.open.values_mut() {
            let (due, to_come) = open.to_come.drain(..).partition(|(at, _)| *at <= now);
            open.to_come = to_come;
            let due: Vec<(i64, Happening)> = due;
            for (_, happening) in due {
                touched.push(open.token);
                match happening {
                    Happening::Stands => open.stands = true,
                    Happening::Octets(octets) if open.is_tcp => open.octets.extend(octets),
                    Happening::Octets(octets) => open.datagrams.push_back(octets),
                    Happening::End => open.has_ended = true,
                    Happening::Fails(error) => open.error = Some(error),
                    Happening::Packet(packet, from) => open.packets.push_back((packet, from)),
                    Happening::Returned(packet, to, error) => {
                        open.error = Some(error);
                        open.returned.push_back((packet, to, error));
                    }
                }
            }
        }
        for token in touched {
            for _ in 0..=self.chance.below(2) {
                let at = self.later(4);
                self.events.push((at, token));
            }
        }
        if self.chance.one_in(3) {
            let token = TOKENS.start + usize::try_from(self.chance.below(40)).unwrap();
            self.events.push((now, token));
        }
        let (due, left) = self.events.drain(..).partition(|(at, _)| *at <= now);
        self.events = left;
        let due: Vec<(i64, usize)> = due;
        let stands =
            |token| self.open.values().any(|open| open.token == token && open.stands && open.error.is_none());
        due.into_iter()
            .map(|(_, token)| (token, if stands(token) { Hint::Stands } else { Hint::Something }))
            .collect()
    }
}

impl FakeNetwork {
    fn opened(&self, socket: nix::Result<usize>) -> nix::Result<FakeSocket> {
        socket.map(|socket| FakeSocket(socket, Rc::clone(&self.0)))
    }
}

impl Network for FakeNetwork {
    type Socket = FakeSocket;

    fn secret(&mut self) -> u64 {
        7
    }

    fn tcp(&mut self, _: Family, token: Token) -> nix::Result<FakeSocket> {
        let socket = self.0.borrow_mut().socket(token, true);
        self.opened(socket)
    }

    fn udp(&mut self, to: SocketAddr, token: Token) -> nix::Result<FakeSocket> {
        let socket = self.0.borrow_mut().socket(token, false);
        let socket = self.opened(socket)?;
        let mut world = self.0.borrow_mut();
        let open = world.open.get_mut(&socket.0).unwrap();
        (open.stands, open.port) = (true, to.port());
        drop(world);
        Ok(socket)
    }

    fn icmp(&mut self, _: Family, token: Token) -> nix::Result<FakeSocket> {
        let socket = self.0.borrow_mut().socket(token, false);
        self.opened(socket)
    }

    fn connect(&mut self, socket: &FakeSocket, to: SocketAddr, _: bool) -> nix::Result<()> {
        let mut world = self.0.borrow_mut();
        let open = &world.open[&socket.0];
        assert!(!open.is_used && open.is_tcp, "it is connected");
        world.fails()?;
        world.open.get_mut(&socket.0).unwrap().is_used = true;
        let plan = world.plan(to.port());
        world.book(socket.0, plan);
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
        let mut world = self.0.borrow_mut();
        assert!(world.open[&socket.0].is_tcp, "what came late would be the next one's answer");
        world.fails()?;
        let open = world.open.get_mut(&socket.0).unwrap();
        *open = Open { token: open.token, is_tcp: true, error: Some(Errno::ECONNRESET), ..Open::default() };
        let event = (world.later(6), world.open[&socket.0].token);
        world.events.push(event);
        Ok(())
    }

    fn send(&mut self, socket: &FakeSocket, octets: &[u8]) -> nix::Result<usize> {
        let mut world = self.0.borrow_mut();
        world.fails()?;
        let open = world.open.get_mut(&socket.0).unwrap();
        if let Some(error) = open.error.take() {
            return Err(error);
        }
        if !open.stands {
            return Err(Errno::EAGAIN);
        }
        if !open.is_tcp {
            let port = open.port;
            let answer = match world.chance.below(5) {
                _ if port % 8 == 7 => None,
                0 => None,
                1 => Some(Happening::Fails(Errno::ECONNREFUSED)),
                _ => Some(Happening::Octets(line(port).into_bytes())),
            };
            world.book(socket.0, answer.into_iter().collect());
        }
        Ok(octets.len())
    }

    fn receive(&mut self, socket: &FakeSocket, buffer: &mut [u8]) -> nix::Result<usize> {
        let mut world = self.0.borrow_mut();
        world.fails()?;
        let open = world.open.get_mut(&socket.0).unwrap();
        if let Some(datagram) = open.datagrams.pop_front() {
            buffer[..datagram.len()].copy_from_slice(&datagram);
            return Ok(datagram.len());
        }
        if !open.octets.is_empty() {
            let count = open.octets.len().min(buffer.len());
            for (place, octet) in buffer.iter_mut().zip(open.octets.drain(..count)) {
                *place = octet;
            }
            return Ok(count);
        }
        match open.error.take() {
            Some(error) => Err(error),
            None if open.has_ended => Ok(0),
            None => Err(Errno::EAGAIN),
        }
    }

    fn send_to(&mut self, socket: &FakeSocket, packet: &[u8], to: SocketAddr) -> nix::Result<()> {
        let mut world = self.0.borrow_mut();
        world.fails()?;
        let open = world.open.get_mut(&socket.0).unwrap();
        if let Some(error) = open.error.take() {
            return Err(error);
        }
        let (is_ipv6, to) = (to.is_ipv6(), to.ip());
        let mut answer = packet.to_vec();
        answer[0] = if is_ipv6 { 129 } else { 0 };
        let mut stranger = answer.clone();
        stranger[15] ^= 1;
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let mut plan = vec![Happening::Packet(stranger, to), Happening::Packet(answer.clone(), elsewhere)];
        match world.chance.below(4) {
            0 => {}
            1 => plan.push(Happening::Returned(packet[..8].to_vec(), to, Errno::EHOSTUNREACH)),
            _ => {
                world.answering.insert(to);
                plan.extend([Happening::Packet(answer.clone(), to), Happening::Packet(answer, to)]);
            }
        }
        assert!(ping::returned(is_ipv6, packet).is_some());
        world.book(socket.0, plan);
        Ok(())
    }

    fn receive_from(&mut self, socket: &FakeSocket, buffer: &mut [u8]) -> nix::Result<(usize, IpAddr)> {
        let mut world = self.0.borrow_mut();
        world.fails()?;
        let open = world.open.get_mut(&socket.0).unwrap();
        if let Some(error) = open.error.take() {
            return Err(error);
        }
        let (packet, from) = open.packets.pop_front().ok_or(Errno::EAGAIN)?;
        buffer[..packet.len()].copy_from_slice(&packet);
        Ok((packet.len(), from))
    }

    fn take_returned(&mut self, socket: &FakeSocket, buffer: &mut [u8]) -> nix::Result<Returned> {
        let mut world = self.0.borrow_mut();
        let open = world.open.get_mut(&socket.0).unwrap();
        let (packet, to, errno) = open.returned.pop_front().ok_or(Errno::EAGAIN)?;
        buffer[..packet.len()].copy_from_slice(&packet);
        Ok(Returned { to, octets: packet.len(), errno })
    }
}
