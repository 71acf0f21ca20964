//! Sockets by their slot, which is their token too: idle ones, and those that are lent to a probe.
//!
//! A socket of TCP stays in its slot when a probe ends; IPv4 and IPv6 have idle ones of their own. One of UDP is closed: a
//! datagram that comes late must not be the next one's answer.

use super::super::machine::Machine;
use super::super::network::{Family, Network};
use super::super::step::Step;
use crate::config::Probe;
use mio::Token;
use nix::errno::Errno;
use oco::logic::time::Nanos;
use std::net::SocketAddr;
use std::sync::Arc;

/// What kind of socket a probe needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One that is used again.
    Tcp,
    /// One that is not.
    Udp,
}

/// A probe that has a socket.
#[derive(Debug)]
pub struct Flight {
    /// Whose it is.
    pub id: u32,
    /// What is done.
    pub probe: Arc<Probe>,
    /// The port that is connected to.
    pub port: u16,
    /// When it began.
    pub began: Nanos,
    /// What it waits for.
    pub step: Step,
    /// How it goes on.
    pub machine: Machine,
}

#[derive(Debug)]
struct Slot<S> {
    socket: Option<S>,
    family: Family,
    kind: Kind,
    flight: Option<Flight>,
    /// How many probes ended here.
    generation: u32,
    /// The name of the host that is probed, where the probe says it. It keeps its memory.
    name: String,
}

/// All slots.
#[derive(Debug)]
pub struct Slots<S> {
    slots: Vec<Slot<S>>,
    /// The token of the first.
    first: usize,
    most: usize,
    /// Slots with a socket and without a probe; the last used is the first to be used again.
    idle_v4: Vec<u32>,
    idle_v6: Vec<u32>,
    /// Slots without a socket.
    empty: Vec<u32>,
    in_flight: usize,
}

impl<S> Slots<S> {
    /// No slot yet. Their tokens begin with `first`, and there are `most` at most.
    pub fn new(first: usize, most: usize) -> Slots<S> {
        let most = most.min(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        let lists = (Vec::new(), Vec::new(), Vec::new());
        Slots {
            slots: Vec::new(),
            first,
            most,
            idle_v4: lists.0,
            idle_v6: lists.1,
            empty: lists.2,
            in_flight: 0,
        }
    }

    /// The slot of a token.
    pub fn of_token(&self, token: Token) -> Option<u32> {
        let index = token.0.checked_sub(self.first).filter(|index| *index < self.slots.len())?;
        u32::try_from(index).ok()
    }

    /// How many slots have a probe.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many slots have a socket.
    pub fn sockets(&self) -> usize {
        self.slots.len() - self.empty.len()
    }

    /// The generation of the probe in a slot; none: there is no probe.
    pub fn generation(&self, index: u32) -> Option<u32> {
        let slot = self.slots.get(place(index))?;
        slot.flight.as_ref().map(|_| slot.generation)
    }

    /// The socket of a slot.
    pub fn socket(&self, index: u32) -> Option<&S> {
        self.slots.get(place(index))?.socket.as_ref()
    }

    /// The probe of a slot, with its socket and its host's name.
    pub fn flight_mut(&mut self, index: u32) -> Option<(&S, Kind, &mut Flight, &str)> {
        let slot = self.slots.get_mut(place(index))?;
        Some((slot.socket.as_ref()?, slot.kind, slot.flight.as_mut()?, &slot.name))
    }

    /// A slot with a socket of TCP of this family.
    ///
    /// # Errors
    /// Why there is none: EMFILE also where all are in use.
    pub fn take_tcp<N: Network<Socket = S>>(&mut self, family: Family, network: &mut N) -> nix::Result<u32> {
        match self.idle(family).pop() {
            Some(index) => Ok(index),
            None => self.open(family, Kind::Tcp, |token| network.tcp(family, token)),
        }
    }

    /// A slot with a socket of UDP that is connected to `to`.
    ///
    /// # Errors
    /// As [`Slots::take_tcp`].
    pub fn take_udp<N: Network<Socket = S>>(&mut self, to: SocketAddr, network: &mut N) -> nix::Result<u32> {
        self.open(Family::of(to.ip()), Kind::Udp, |token| network.udp(to, token))
    }

    /// Puts a probe into a slot that was taken. Returns its generation.
    pub fn fly(&mut self, index: u32, flight: Flight, name: &str) -> u32 {
        let Some(slot) = self.slots.get_mut(place(index)) else { return 0 };
        slot.name.clear();
        if matches!(*flight.probe, Probe::Http(_)) {
            slot.name.push_str(name);
        }
        slot.flight = Some(flight);
        self.in_flight += 1;
        slot.generation
    }

    /// Takes the probe out of a slot, and makes its socket ready for the next one.
    pub fn land<N: Network<Socket = S>>(&mut self, index: u32, network: &mut N) -> Option<Flight> {
        let slot = self.slots.get_mut(place(index))?;
        let flight = slot.flight.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.in_flight -= 1;
        self.release(index, network);
        Some(flight)
    }

    /// Gives a slot back that was taken, and has no probe.
    pub fn release<N: Network<Socket = S>>(&mut self, index: u32, network: &mut N) {
        let Some(slot) = self.slots.get_mut(place(index)) else { return };
        let is_reusable = slot.kind == Kind::Tcp
            && slot.socket.as_ref().is_some_and(|socket| network.disconnect(socket).is_ok());
        if is_reusable {
            let family = slot.family;
            self.idle(family).push(index);
        } else {
            slot.socket = None;
            self.empty.push(index);
        }
    }

    fn idle(&mut self, family: Family) -> &mut Vec<u32> {
        match family {
            Family::V4 => &mut self.idle_v4,
            Family::V6 => &mut self.idle_v6,
        }
    }

    /// Opens a socket in an empty slot. Where that can't be, an idle socket that is of no use for it makes room.
    fn open(
        &mut self,
        family: Family,
        kind: Kind,
        mut socket: impl FnMut(Token) -> nix::Result<S>,
    ) -> nix::Result<u32> {
        let index = match self.empty.pop() {
            Some(index) => index,
            None if self.slots.len() < self.most => self.grow(family),
            None => self.close_idle(family, kind).ok_or(Errno::EMFILE)?,
        };
        let token = Token(self.first.saturating_add(place(index)));
        let mut opened = socket(token);
        if is_shortage(&opened)
            && let Some(closed) = self.close_idle(family, kind)
        {
            self.empty.push(closed);
            opened = socket(token);
        }
        match (opened, self.slots.get_mut(place(index))) {
            (Ok(socket), Some(slot)) => {
                (slot.socket, slot.family, slot.kind) = (Some(socket), family, kind);
                Ok(index)
            }
            (Ok(_), None) => Err(Errno::EMFILE),
            (Err(error), _) => {
                self.empty.push(index);
                Err(error)
            }
        }
    }

    fn grow(&mut self, family: Family) -> u32 {
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let name = String::new();
        self.slots.push(Slot { socket: None, family, kind: Kind::Tcp, flight: None, generation: 0, name });
        index
    }

    /// Closes an idle socket that a probe of this kind can't use, and returns its slot.
    fn close_idle(&mut self, family: Family, kind: Kind) -> Option<u32> {
        let index = match kind {
            Kind::Tcp => self.idle(family.other()).pop(),
            Kind::Udp => self.idle(family.other()).pop().or_else(|| self.idle(family).pop()),
        }?;
        if let Some(slot) = self.slots.get_mut(place(index)) {
            slot.socket = None;
        }
        Some(index)
    }
}

fn is_shortage<T>(result: &nix::Result<T>) -> bool {
    matches!(result, Err(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::ENOBUFS))
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
