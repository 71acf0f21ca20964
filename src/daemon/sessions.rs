//! The table of connections that have their line and linger.
//!
//! All linger equally long, so the order in which they came is the order of their deadlines: the table is its own
//! timer queue, and its head is the first to go when room is needed. Unless somebody holds more than a fair share:
//! then it is the oldest of such a one, so that a flood from one address pushes out only itself.

mod share;

use crate::logic::session::{Event, Session, Step};
use crate::logic::time::Nanos;
use crate::system::socket::send_last;
use log::debug;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use share::{Holder, Shares};
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Shutdown};

/// Octets drained at once.
const SCRATCH_OCTETS: usize = 16 * 1024;
/// Bits of a token that are the slot. Settings allow a million connections at most.
const SLOT_BITS: u32 = 20;
/// The lowest token of a connection. Those below are for other sources.
pub const FIRST_TOKEN: usize = 1 << SLOT_BITS;

/// See the [module](self).
#[derive(Debug)]
pub struct Sessions {
    slots: Vec<Slot>,
    /// The first slot without a connection. The others follow by `newer`.
    free: Link,
    /// Ends of the queue by age.
    oldest: Link,
    newest: Link,
    open: usize,
    shares: Shares,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Slot {
    holder: Holder,
    open: Option<(TcpStream, Session)>,
    /// Part of the token, so that an event for an earlier connection in this slot finds nothing. Never 0.
    generation: u32,
    older: Link,
    newer: Link,
}

/// A slot's number, or [`NONE`]: half the size of an `Option`.
type Link = u32;
const NONE: Link = u32::MAX;

impl Sessions {
    /// An empty table, with room for `max_connections`: memory that is never touched costs nothing, while a table
    /// that grows leaves holes.
    pub fn new(max_connections: usize) -> Sessions {
        Sessions {
            slots: Vec::with_capacity(max_connections),
            free: NONE,
            oldest: NONE,
            newest: NONE,
            open: 0,
            shares: Shares::new(),
            scratch: vec![0; SCRATCH_OCTETS],
        }
    }

    /// How many connections linger.
    pub fn len(&self) -> usize {
        self.open
    }

    /// Whether none lingers.
    pub fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Goes on with a new connection, and keeps it if its client has not closed yet.
    pub fn admit(
        &mut self,
        mut stream: TcpStream,
        mut session: Session,
        client: IpAddr,
        registry: &Registry,
    ) {
        if !advance(&mut stream, &mut session, &mut self.scratch) {
            return;
        }
        let slot = self.free_slot();
        let Some(entry) = self.slots.get_mut(slot) else { return };
        let interest = match session.step() {
            Step::Send(_) => Interest::READABLE | Interest::WRITABLE,
            Step::Finish | Step::Receive | Step::Wait | Step::Close => Interest::READABLE,
        };
        if let Err(error) = registry.register(&mut stream, token(slot, entry.generation), interest) {
            debug!("a client is closed early: epoll: {error}");
            self.release(slot);
            return;
        }
        entry.open = Some((stream, session));
        entry.holder = self.shares.take(client);
        self.open += 1;
        self.append(slot);
    }

    /// Goes on with the connection of `token`, if it is still there.
    pub fn ready(&mut self, token: Token) {
        let slot = token.0 & (FIRST_TOKEN - 1);
        let Some(entry) = self.slots.get_mut(slot) else { return };
        if self::token(slot, entry.generation) != token {
            return;
        }
        if let Some((stream, session)) = &mut entry.open
            && !advance(stream, session, &mut self.scratch)
        {
            self.close(slot);
        }
    }

    /// When the oldest connection is closed, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        let slot = self.slots.get(index(self.oldest))?;
        slot.open.as_ref().map(|(_, session)| session.deadline())
    }

    /// Closes the connections whose deadline has come.
    pub fn expire(&mut self, now: Nanos) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.close_oldest();
        }
    }

    /// Closes the oldest connection that has its line: of those who hold more than `share`, if there are any. Says
    /// whether there was one.
    pub fn shed(&mut self, share: u32) -> bool {
        let excess = if self.shares.any_above(share) { Some(share) } else { None };
        let Some(slot) = self.oldest_to_shed(excess).or_else(|| self.oldest_to_shed(None)) else {
            return false;
        };
        self.close(slot);
        true
    }

    fn oldest_to_shed(&self, excess: Option<u32>) -> Option<usize> {
        let mut slot = index(self.oldest);
        loop {
            let entry = self.slots.get(slot)?;
            let is_fair = excess.is_some_and(|share| self.shares.held(entry.holder) <= share);
            if !is_fair && entry.open.as_ref().is_some_and(|(_, session)| session.has_line()) {
                return Some(slot);
            }
            slot = index(entry.newer);
        }
    }

    /// Lets nobody linger beyond `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        for (_, session) in self.slots.iter_mut().filter_map(|slot| slot.open.as_mut()) {
            session.hurry(deadline);
        }
    }

    fn close_oldest(&mut self) {
        self.close(index(self.oldest));
    }

    fn close(&mut self, slot: usize) {
        let Some(entry) = self.slots.get_mut(slot) else { return };
        // Dropping the stream closes it, which also takes it out of epoll.
        if entry.open.take().is_none() {
            return;
        }
        self.shares.give_back(entry.holder);
        entry.generation = entry.generation.wrapping_add(1).max(1);
        let (older, newer) = (entry.older, entry.newer);
        match self.slots.get_mut(index(older)) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(index(newer)) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
        self.release(slot);
        self.open -= 1;
    }

    fn free_slot(&mut self) -> usize {
        let slot = index(self.free);
        if let Some(entry) = self.slots.get(slot) {
            self.free = entry.newer;
            return slot;
        }
        self.slots.push(Slot {
            open: None,
            holder: Holder::default(),
            generation: 1,
            older: NONE,
            newer: NONE,
        });
        self.slots.len() - 1
    }

    fn release(&mut self, slot: usize) {
        if let Some(entry) = self.slots.get_mut(slot) {
            (entry.older, entry.newer) = (NONE, self.free);
            self.free = link(slot);
        }
    }

    /// Puts a slot at the young end of the queue.
    fn append(&mut self, slot: usize) {
        let older = std::mem::replace(&mut self.newest, link(slot));
        match self.slots.get_mut(index(older)) {
            Some(older) => older.newer = link(slot),
            None => self.oldest = link(slot),
        }
        if let Some(entry) = self.slots.get_mut(slot) {
            (entry.older, entry.newer) = (older, NONE);
        }
    }
}

/// The slot of a link; one that is never there for [`NONE`].
fn index(link: Link) -> usize {
    usize::try_from(link).unwrap_or(usize::MAX)
}

fn link(slot: usize) -> Link {
    Link::try_from(slot).unwrap_or(NONE)
}

fn token(slot: usize, generation: u32) -> Token {
    // Where usize has 32 bits the upper bits of the generation fall off, but never all of them are 0.
    let generation = usize::try_from(generation).unwrap_or(1) & (usize::MAX >> SLOT_BITS);
    Token((generation.max(1) << SLOT_BITS) | slot)
}

/// Does what the session asks for until it has to wait. Says whether the connection stays open.
fn advance(stream: &mut TcpStream, session: &mut Session, scratch: &mut [u8]) -> bool {
    let mut step = session.step();
    loop {
        let event = match step {
            Step::Send(rest) => match send_last(stream, rest) {
                Ok(octets) => Event::Sent(octets),
                Err(Errno::EAGAIN) => Event::Blocked,
                Err(errno) => failed(&errno.into()),
            },
            Step::Finish => match stream.shutdown(Shutdown::Write) {
                Ok(()) => {
                    step = session.step();
                    continue;
                }
                Err(error) => failed(&error),
            },
            Step::Receive => match stream.read(scratch) {
                Ok(0) => Event::Closed,
                Ok(octets) => Event::Received(octets),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Event::Blocked,
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    step = Step::Receive;
                    continue;
                }
                Err(error) => failed(&error),
            },
            Step::Wait => return true,
            Step::Close => return false,
        };
        step = session.on(event);
    }
}

fn failed(error: &io::Error) -> Event {
    debug!("a client has gone: {error}");
    Event::Failed
}
