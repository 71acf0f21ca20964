//! The pool: all probes in flight over one poll, each a machine and a socket that is lent to it.
//!
//! Sockets are connected again and again (`network`). An event is no more than a hint that it is worth to go on with a
//! socket: what happened, the next call on it tells, but that a connection stands. So an event that comes late, twice, or for an idle socket, as a reset
//! leaves one behind, does no harm. The pool decides nothing about targets, and knows nothing of intervals.

mod buffers;
mod deadlines;
mod pings;
mod results;
mod slots;

use super::errors::{self, failed, not_begun};
use super::machine::Machine;
use super::network::{Family, Hint, Network};
use super::outcome::Outcome;
use super::step::Step;
use super::tls::store::TlsStore;
use crate::config::Probe;
use crate::limits::RECEIVED_OCTETS;
use buffers::Buffers;
use deadlines::{Deadline, Deadlines, Place};
use mio::Token;
use nix::errno::Errno;
use oco::logic::code::Code;
use oco::logic::time::Nanos;
use pings::Pings;
use results::Results;
use slots::{Flight, Kind, Slots};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A probe that is to begin.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Whose result it will be. One probe of each at a time.
    pub id: u32,
    /// What is done.
    pub probe: &'a Arc<Probe>,
    /// Where: the port is chosen already, and not looked at by ping.
    pub address: SocketAddr,
    /// The host's name, or its address as the file has it.
    pub name: &'a str,
    /// For connecting and the answer together.
    pub timeout: Duration,
}

/// Probes in flight.
#[derive(Debug)]
pub struct Pool<N: Network> {
    network: N,
    tls: Arc<TlsStore>,
    slots: Slots<N::Socket>,
    pings: [Pings<N::Socket>; 2],
    deadlines: Deadlines,
    results: Results,
    /// Where the probe of an id is.
    places: HashMap<u32, Place>,
    buffers: Buffers,
    /// What a socket gave, for as long as a machine looks at it.
    received: Box<[u8]>,
    /// What a machine wants to be sent, for as long as a socket takes it.
    unsent: Vec<u8>,
}

/// Tokens before those of the slots: the two sockets of ping.
const PING_TOKENS: usize = 2;

impl<N: Network> Pool<N> {
    /// Nothing is in flight. The sockets use these tokens, and there are `most` at once, besides two for ping.
    pub fn new(mut network: N, tokens: Range<usize>, most: usize) -> Pool<N> {
        let secret = network.secret();
        let first = tokens.start.saturating_add(PING_TOKENS);
        Pool {
            network,
            tls: Arc::default(),
            slots: Slots::new(first, most.min(tokens.end.saturating_sub(first))),
            pings: [Family::V4, Family::V6]
                .map(|family| Pings::new(family, ping_token(tokens.start, family), secret)),
            deadlines: Deadlines::default(),
            results: Results::default(),
            places: HashMap::new(),
            buffers: Buffers::default(),
            received: vec![0; RECEIVED_OCTETS].into_boxed_slice(),
            unsent: Vec::new(),
        }
    }

    /// By whom certificates are verified.
    pub fn tls(&self) -> &TlsStore {
        &self.tls
    }

    /// By whom they are verified from now on.
    pub fn set_tls(&mut self, tls: Arc<TlsStore>) {
        self.tls = tls;
    }

    /// Begins a probe. Never blocks: a result at once is kept for [`Pool::results`].
    pub fn start(&mut self, start: Start<'_>, now: Nanos) {
        let start = Start { address: canonical(start.address), ..start };
        match start.probe.as_ref() {
            Probe::Ping => self.start_ping(&start, now),
            Probe::Udp(_) => self.start_socket(&start, Kind::Udp, now),
            Probe::Oco { .. }
            | Probe::Tcp { .. }
            | Probe::Banner(_)
            | Probe::Http(_)
            | Probe::Exec(_)
            | Probe::Mon(_)
            | Probe::Report(_) => self.start_socket(&start, Kind::Tcp, now),
        }
    }

    /// Has a result that we ourselves could not find out, for a probe that can't begin.
    pub fn refuse(&mut self, id: u32, reason: &str, now: Nanos) {
        self.results.words().push_str(reason);
        self.results.push(id, Step::Own, now, now);
    }

    /// Something happened to the socket of this token, perhaps.
    /// `now` is a time at which the poll had returned already.
    pub fn ready(&mut self, token: Token, hint: Hint, now: Nanos) {
        for family in [Family::V4, Family::V6] {
            if self.pings_of(family).token() == token {
                return self.take_pings(family, now);
            }
        }
        if let Some(index) = self.slots.of_token(token) {
            self.advance(index, hint, now);
        }
    }

    /// Ends what had its time, and goes on with what had to wait for this turn.
    pub fn expire(&mut self, now: Nanos) {
        for family in [Family::V4, Family::V6] {
            if self.pings_of(family).has_more() {
                self.take_pings(family, now);
            }
        }
        loop {
            let (slots, pings) = (&self.slots, &self.pings);
            let Some(place) = self.deadlines.next_due(now, |deadline| is_live(slots, pings, deadline)) else {
                return;
            };
            self.results.words().push_str(errors::TIMEOUT);
            self.end(place, Step::Told(Code::KO), now);
        }
    }

    /// When [`Pool::expire`] has something to do.
    pub fn deadline(&self) -> Option<Nanos> {
        if self.pings.iter().any(Pings::has_more) {
            return Some(Nanos::PAST);
        }
        self.deadlines.next()
    }

    /// Hands over the results since the last call: id, what was found out, when the probe began, and how long it took.
    pub fn results(&mut self, each: impl FnMut(u32, Outcome<'_>, Nanos, Duration)) {
        self.results.hand_over(each);
        let (slots, pings) = (&self.slots, &self.pings);
        self.deadlines.forget_past(|deadline| is_live(slots, pings, deadline));
    }

    /// Ends the probe of `id`, if there is one, without a result: its target is gone.
    pub fn abandon(&mut self, id: u32) {
        self.results.forget(id);
        match self.places.remove(&id) {
            Some(Place::Slot(index)) => {
                if let Some(flight) = self.slots.land(index, &mut self.network) {
                    self.buffers.give_back(flight.machine.into_buffer());
                }
            }
            Some(Place::Ping(family, sequence)) => {
                self.pings_of(family).land(sequence);
            }
            None => {}
        }
    }

    /// How many probes are in flight.
    pub fn in_flight(&self) -> usize {
        self.slots.in_flight() + self.pings.iter().map(Pings::in_flight).sum::<usize>()
    }

    /// How many sockets there are, idle ones and those of ping too.
    pub fn sockets(&self) -> usize {
        self.slots.sockets() + self.pings.iter().filter(|pings| pings.has_socket()).count()
    }

    fn pings_of(&mut self, family: Family) -> &mut Pings<N::Socket> {
        let [v4, v6] = &mut self.pings;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }

    fn start_socket(&mut self, start: &Start<'_>, kind: Kind, now: Nanos) {
        let target = super::step::Target { probe: start.probe, name: start.name, port: start.address.port() };
        let words = self.results.words();
        let Some((machine, step)) = Machine::begin(target, &self.tls, self.buffers.lend(), words) else {
            return self.results.push(start.id, Step::Own, now, now);
        };
        let family = Family::of(start.address.ip());
        let taken = match kind {
            Kind::Tcp => self.slots.take_tcp(family, &mut self.network),
            Kind::Udp => self.slots.take_udp(start.address, &mut self.network),
        };
        let index = match taken {
            Ok(index) => index,
            Err(error) => return self.not_started(start, machine, error, now),
        };
        if kind == Kind::Tcp {
            // Who speaks first lets the last packet of the handshake ride on that; who wants to connect and no more
            // does not need it.
            let holds_ack = matches!(step, Step::Connect | Step::Send);
            if let Some(socket) = self.slots.socket(index)
                && let Err(error) = self.network.connect(socket, start.address, holds_ack)
            {
                self.slots.release(index, &mut self.network);
                return self.not_started(start, machine, error, now);
            }
        }
        let probe = Arc::clone(start.probe);
        let flight = Flight { id: start.id, probe, port: target.port, began: now, step, machine };
        let generation = self.slots.fly(index, flight, start.name);
        let place = Place::Slot(index);
        self.took_off(start, place, generation, now);
        if kind == Kind::Udp {
            self.advance(index, Hint::Something, now);
        }
    }

    /// Notes where a probe is, and until when.
    fn took_off(&mut self, start: &Start<'_>, place: Place, generation: u32, now: Nanos) {
        self.places.insert(start.id, place);
        let deadline = Deadline { at: now.after(start.timeout), place, generation };
        self.deadlines.push(start.timeout, deadline);
    }

    fn not_started(&mut self, start: &Start<'_>, machine: Machine, error: Errno, now: Nanos) {
        self.buffers.give_back(machine.into_buffer());
        let step = not_begun(error, self.results.words());
        self.results.push(start.id, step, now, now);
    }

    /// Goes on with the probe in a slot, if there is one, as far as that is possible now.
    fn advance(&mut self, index: u32, hint: Hint, now: Nanos) {
        let words = self.results.words();
        let Some((socket, kind, flight, name)) = self.slots.flight_mut(index) else { return };
        let probe = Arc::clone(&flight.probe);
        let target = super::step::Target { probe: &probe, name, port: flight.port };
        let machine = &mut flight.machine;
        // What the poll says of a socket that was lent since is of its last connection.
        let stands = hint == Hint::Stands && flight.began < now;
        // The error of a target that takes nothing more. What it said before may tell why.
        let mut refused_octets = None;
        loop {
            let next = match flight.step {
                // The poll has asked already.
                Step::Connect if stands => Ok(machine.connected()),
                Step::Connect => self.network.is_connected(socket).and_then(|stands| match stands {
                    true => Ok(machine.connected()),
                    false => Err(Errno::EAGAIN),
                }),
                Step::Send if refused_octets.is_some() => Ok(Step::Receive),
                Step::Send => {
                    let unsent = machine.unsent(target, &mut self.unsent);
                    let octets = unsent.len();
                    match self.network.send(socket, unsent) {
                        Ok(0) if octets > 0 => Err(Errno::EAGAIN),
                        Ok(count) => Ok(machine.sent(target, count, count >= octets, words)),
                        Err(error @ (Errno::EPIPE | Errno::ECONNRESET)) => {
                            refused_octets = Some(error);
                            Ok(Step::Receive)
                        }
                        Err(error) => Err(error),
                    }
                }
                Step::Receive => match (self.network.receive(socket, &mut self.received), refused_octets) {
                    (Ok(0) | Err(_), Some(error)) => Err(error),
                    (Ok(0), None) if kind == Kind::Tcp => Ok(machine.closed(target, words)),
                    (Ok(count), _) => {
                        let octets = self.received.get(..count).unwrap_or_default();
                        Ok(machine.received(target, octets, words))
                    }
                    (Err(error), None) => Err(error),
                },
                step @ (Step::Told(_) | Step::Own) => return self.end(Place::Slot(index), step, now),
            };
            flight.step = match next {
                Ok(step) => step,
                // An event will tell.
                Err(Errno::EAGAIN) => return,
                Err(error) => failed(error, words),
            };
        }
    }

    /// Ends the probe at `place`, whose reason was written.
    fn end(&mut self, place: Place, step: Step, now: Nanos) {
        let ended = match place {
            Place::Slot(index) => self.slots.land(index, &mut self.network).map(|flight| {
                self.buffers.give_back(flight.machine.into_buffer());
                (flight.id, flight.began)
            }),
            Place::Ping(family, sequence) => self.pings_of(family).land(sequence),
        };
        let Some((id, began)) = ended else { return };
        if self.places.get(&id) == Some(&place) {
            self.places.remove(&id);
        }
        self.results.push(id, step, began, now);
    }

    fn start_ping(&mut self, start: &Start<'_>, now: Nanos) {
        let family = Family::of(start.address.ip());
        let [v4, v6] = &mut self.pings;
        let pings = match family {
            Family::V4 => v4,
            Family::V6 => v6,
        };
        match pings.start(&mut self.network, start.id, start.address, now) {
            Ok((sequence, generation)) => {
                let is_time = pings.wants_look();
                self.took_off(start, Place::Ping(family, sequence), generation, now);
                if is_time {
                    self.take_pings(family, now);
                }
            }
            Err(why) => {
                let step = why.say(self.results.words());
                self.results.push(start.id, step, now, now);
            }
        }
    }

    /// Takes what came to the socket of ping.
    fn take_pings(&mut self, family: Family, now: Nanos) {
        loop {
            let [v4, v6] = &mut self.pings;
            let pings = match family {
                Family::V4 => v4,
                Family::V6 => v6,
            };
            let Some((sequence, error)) = pings.next(&mut self.network, &mut self.received) else { return };
            let step = match error {
                None => Step::Told(Code::OK),
                Some(error) => failed(error, self.results.words()),
            };
            self.end(Place::Ping(family, sequence), step, now);
        }
    }
}

/// An address of IPv4 that is written as one of IPv6 (`::ffff:192.0.2.1`) as what it is. The kernel would connect a
/// socket of IPv6 there too, but such a socket reaches no other address of IPv6 ever after, and ours are used again.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        // With its zone.
        IpAddr::V6(_) => address,
    }
}

/// Whether the probe that a deadline is for is still in flight.
fn is_live<S>(slots: &Slots<S>, pings: &[Pings<S>; 2], deadline: &Deadline) -> bool {
    let generation = match deadline.place {
        Place::Slot(index) => slots.generation(index),
        Place::Ping(family, sequence) => {
            pings.iter().find(|pings| pings.family() == family).and_then(|pings| pings.generation(sequence))
        }
    };
    generation == Some(deadline.generation)
}

fn ping_token(first: usize, family: Family) -> Token {
    match family {
        Family::V4 => Token(first),
        Family::V6 => Token(first.saturating_add(1)),
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
pub(super) mod tests;
