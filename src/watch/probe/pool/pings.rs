//! Pings of one family: one socket for all targets, and who waits for which number.

use super::super::errors::not_begun;
use super::super::network::{Family, Network};
use super::super::ping;
use super::super::step::Step;
use crate::limits::{PING_ANSWERS_PER_TURN, PINGS, PINGS_BETWEEN_LOOKS};
use mio::Token;
use nix::errno::Errno;
use oco::logic::time::Nanos;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// Pings in flight.
#[derive(Debug)]
pub struct Pings<S> {
    family: Family,
    token: Token,
    socket: Option<S>,
    /// By sequence number.
    entries: Vec<Entry>,
    /// Numbers that nobody has; the one that was used last comes last.
    free: VecDeque<u16>,
    in_flight: usize,
    /// Of the cookies, and how many there were.
    secret: u64,
    count: u64,
    /// Packets that may still be taken in this turn. None: it was told that there are none.
    left: Option<usize>,
    /// Pings sent since packets were taken.
    unlooked: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    waiting: Option<Waiting>,
    generation: u32,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: u32,
    address: IpAddr,
    cookie: u64,
    began: Nanos,
}

/// Why a ping could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The kernel does not let our group.
    NotPermitted,
    /// There are too many at once.
    TooMany,
    /// The socket's error.
    Failed(Errno),
}

impl NotSent {
    /// Says why, and whose trouble it is.
    pub fn say(self, words: &mut String) -> Step {
        match self {
            NotSent::NotPermitted => {
                words.push_str(
                    "ping is not permitted: the group of ocowatch is not in net.ipv4.ping_group_range",
                );
            }
            NotSent::TooMany => words.push_str("too many pings at once"),
            // The queue of the one socket is full, which says nothing of ports.
            NotSent::Failed(Errno::EAGAIN) => return not_begun(Errno::ENOBUFS, words),
            NotSent::Failed(error) => return not_begun(error, words),
        }
        Step::Own
    }
}

impl<S> Pings<S> {
    /// None is in flight, and there is no socket.
    pub fn new(family: Family, token: Token, secret: u64) -> Pings<S> {
        let (entries, free) = (Vec::new(), VecDeque::new());
        Pings {
            family,
            token,
            socket: None,
            entries,
            free,
            in_flight: 0,
            secret,
            count: 0,
            left: None,
            unlooked: 0,
        }
    }

    /// Its family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The token of its socket.
    pub fn token(&self) -> Token {
        self.token
    }

    /// Whether packets were left for the next turn.
    pub fn has_more(&self) -> bool {
        self.left.is_some()
    }

    /// Whether so many were sent that answers may be lost unless they are taken.
    pub fn wants_look(&self) -> bool {
        self.unlooked >= PINGS_BETWEEN_LOOKS
    }

    /// Whether there is a socket.
    pub fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    /// How many are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The generation of the ping of a number; none: nobody has it.
    pub fn generation(&self, sequence: u16) -> Option<u32> {
        let entry = self.entries.get(usize::from(sequence))?;
        entry.waiting.map(|_| entry.generation)
    }

    /// Sends a ping. Returns its number and generation.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn start<N: Network<Socket = S>>(
        &mut self,
        network: &mut N,
        id: u32,
        to: SocketAddr,
        now: Nanos,
    ) -> Result<(u16, u32), NotSent> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            // Asked for anew each time: the setting of the kernel may change.
            None => network.icmp(self.family, self.token).map_err(|error| match error {
                Errno::EACCES | Errno::EPERM => NotSent::NotPermitted,
                error => NotSent::Failed(error),
            })?,
        };
        let socket = self.socket.insert(socket);
        let sequence = match self.free.pop_front() {
            Some(sequence) => sequence,
            None if self.entries.len() < PINGS => {
                self.entries.push(Entry::default());
                u16::try_from(self.entries.len() - 1).map_err(|_| NotSent::TooMany)?
            }
            None => return Err(NotSent::TooMany),
        };
        self.count = self.count.wrapping_add(1);
        let cookie = mixed(self.secret ^ self.count);
        let packet = ping::request(self.family == Family::V6, sequence, cookie);
        let sent = match network.send_to(socket, &packet, to) {
            // Perhaps of an earlier packet to somebody else, whose error comes here once.
            Err(error) if error != Errno::EAGAIN => network.send_to(socket, &packet, to),
            sent => sent,
        };
        let Some(entry) = self.entries.get_mut(usize::from(sequence)) else { return Err(NotSent::TooMany) };
        if let Err(error) = sent {
            self.free.push_back(sequence);
            return Err(NotSent::Failed(error));
        }
        entry.waiting = Some(Waiting { id, address: to.ip(), cookie, began: now });
        self.in_flight += 1;
        self.unlooked += 1;
        Ok((sequence, entry.generation))
    }

    /// The number of a ping that came back, with its error where it never arrived. None: that is all for this turn.
    pub fn next<N: Network<Socket = S>>(
        &mut self,
        network: &mut N,
        buffer: &mut [u8],
    ) -> Option<(u16, Option<Errno>)> {
        self.unlooked = 0;
        let mut left = self.left.take().unwrap_or(PING_ANSWERS_PER_TURN);
        loop {
            if left == 0 {
                self.left = Some(PING_ANSWERS_PER_TURN);
                return None;
            }
            left -= 1;
            let found = match self.take(network, buffer) {
                Ok(found) => found,
                Err(Errno::EAGAIN) => return None,
                // The error of some packet, which came back and waits to be taken.
                Err(_) => continue,
            };
            if found.is_some() {
                self.left = Some(left);
                return found;
            }
        }
    }

    /// Takes one packet. None: nobody waits for it.
    fn take<N: Network<Socket = S>>(
        &self,
        network: &mut N,
        buffer: &mut [u8],
    ) -> nix::Result<Option<(u16, Option<Errno>)>> {
        let socket = self.socket.as_ref().ok_or(Errno::EAGAIN)?;
        let is_ipv6 = self.family == Family::V6;
        match network.receive_from(socket, buffer) {
            Ok((octets, from)) => {
                let answer = ping::answer(is_ipv6, buffer.get(..octets).unwrap_or_default());
                let answer = answer.filter(|(sequence, cookie)| self.waits(*sequence, from, Some(*cookie)));
                Ok(answer.map(|(sequence, _)| (sequence, None)))
            }
            Err(Errno::EAGAIN) => {
                let back = network.take_returned(socket, buffer)?;
                let question = ping::returned(is_ipv6, buffer.get(..back.octets).unwrap_or_default());
                let question = question.filter(|(sequence, cookie)| self.waits(*sequence, back.to, *cookie));
                Ok(question.map(|(sequence, _)| (sequence, Some(back.errno))))
            }
            Err(error) => Err(error),
        }
    }

    fn waits(&self, sequence: u16, address: IpAddr, cookie: Option<u64>) -> bool {
        let waiting = self.entries.get(usize::from(sequence)).and_then(|entry| entry.waiting);
        waiting.is_some_and(|waiting| {
            waiting.address == address && cookie.is_none_or(|cookie| cookie == waiting.cookie)
        })
    }

    /// Takes a ping out. Returns whose it was, and when it began.
    pub fn land(&mut self, sequence: u16) -> Option<(u32, Nanos)> {
        let entry = self.entries.get_mut(usize::from(sequence))?;
        let waiting = entry.waiting.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.in_flight -= 1;
        self.free.push_back(sequence);
        Some((waiting.id, waiting.began))
    }
}

/// A number that tells nothing of its neighbours (splitmix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
