//! A table of connections in the order in which they came.
//!
//! Where all may stay equally long, that is also the order of their deadlines: the table is its own timer queue, and
//! its head is the first to go when room is needed. Unless somebody holds more than a fair share: then it is the oldest
//! of such a one, so that a flood from one address pushes out only itself.

mod share;

use log::debug;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use share::{Holder, Shares};
use std::net::IpAddr;

/// Bits of a token that are the slot. Settings allow a million connections at most.
const SLOT_BITS: u32 = 20;
/// The bit of a token that tells the tables apart.
const KIND_BIT: usize = 1 << SLOT_BITS;
/// Where the generation begins in a token.
const GENERATION_SHIFT: u32 = SLOT_BITS + 1;
/// The lowest token of a connection. Those below are for other sources.
pub const FIRST_TOKEN: usize = 1 << GENERATION_SHIFT;

/// Which table a token is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Connections that have their answer.
    Session,
    /// HTTP connections that do not have it yet.
    Exchange,
}

impl Kind {
    /// The table of `token`, if it is a connection's.
    pub fn of(token: Token) -> Option<Kind> {
        match token.0 {
            ..FIRST_TOKEN => None,
            number if number & KIND_BIT == 0 => Some(Kind::Session),
            _ => Some(Kind::Exchange),
        }
    }
}

/// See the [module](self). `S` is what is known of a connection.
#[derive(Debug)]
pub struct Table<S> {
    kind: Kind,
    slots: Vec<Slot<S>>,
    /// The first slot without a connection. The others follow by `newer`.
    free: Link,
    /// Ends of the queue by age.
    oldest: Link,
    newest: Link,
    open: usize,
    shares: Shares,
}

#[derive(Debug)]
struct Slot<S> {
    holder: Holder,
    open: Option<(TcpStream, S)>,
    /// Part of the token, so that an event for an earlier connection in this slot finds nothing. Never 0.
    generation: u32,
    older: Link,
    newer: Link,
}

/// A slot's number, or [`NONE`]: half the size of an `Option`.
type Link = u32;
const NONE: Link = u32::MAX;

impl<S> Table<S> {
    /// An empty table, with room for `connections`: memory that is never touched costs nothing, while a table
    /// that grows leaves holes.
    pub fn new(kind: Kind, connections: usize) -> Table<S> {
        Table {
            kind,
            slots: Vec::with_capacity(connections),
            free: NONE,
            oldest: NONE,
            newest: NONE,
            open: 0,
            shares: Shares::new(),
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.open
    }

    /// Takes in a connection of `client`, and wakes up for it. Without memory for that in the kernel it is closed.
    pub fn insert(
        &mut self,
        mut stream: TcpStream,
        state: S,
        client: IpAddr,
        registry: &Registry,
        interest: Interest,
    ) {
        let slot = self.free_slot();
        let Some(entry) = self.slots.get_mut(slot) else { return };
        if let Err(error) = registry.register(&mut stream, token(self.kind, slot, entry.generation), interest)
        {
            debug!("a client is closed early: epoll: {error}");
            self.release(slot);
            return;
        }
        entry.open = Some((stream, state));
        entry.holder = self.shares.take(client);
        self.open += 1;
        self.append(slot);
    }

    /// The connection of `token`, if it is still there.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut (TcpStream, S)> {
        let slot = self.slot(token)?;
        self.slots.get_mut(slot)?.open.as_mut()
    }

    /// Takes the connection of `token` out. If dropped it is closed, which also takes it out of epoll.
    pub fn remove(&mut self, token: Token) -> Option<(TcpStream, S)> {
        self.take(self.slot(token)?)
    }

    /// The state of the oldest connection.
    pub fn oldest(&self) -> Option<&S> {
        self.state(index(self.oldest))
    }

    /// Closes the oldest connection, and returns what was known of it.
    pub fn close_oldest(&mut self) -> Option<S> {
        self.take(index(self.oldest)).map(|(_, state)| state)
    }

    /// Closes the oldest connection that `may_go`: of those who hold more than `share`, if there are any. Returns what
    /// was known of it, if there was one.
    pub fn shed(&mut self, share: u32, may_go: impl Fn(&S) -> bool) -> Option<S> {
        let excess = if self.shares.any_above(share) { Some(share) } else { None };
        let slot = self.oldest_to_shed(excess, &may_go).or_else(|| self.oldest_to_shed(None, &may_go));
        self.take(slot?).map(|(_, state)| state)
    }

    /// The states of all connections, in no order.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut S> {
        self.slots.iter_mut().filter_map(|slot| slot.open.as_mut()).map(|(_, state)| state)
    }

    fn state(&self, slot: usize) -> Option<&S> {
        self.slots.get(slot)?.open.as_ref().map(|(_, state)| state)
    }

    fn slot(&self, token: Token) -> Option<usize> {
        let slot = token.0 & (KIND_BIT - 1);
        let entry = self.slots.get(slot)?;
        (self::token(self.kind, slot, entry.generation) == token).then_some(slot)
    }

    fn oldest_to_shed(&self, excess: Option<u32>, may_go: impl Fn(&S) -> bool) -> Option<usize> {
        let mut slot = index(self.oldest);
        loop {
            let entry = self.slots.get(slot)?;
            let is_fair = excess.is_some_and(|share| self.shares.held(entry.holder) <= share);
            if !is_fair && self.state(slot).is_some_and(&may_go) {
                return Some(slot);
            }
            slot = index(entry.newer);
        }
    }

    fn take(&mut self, slot: usize) -> Option<(TcpStream, S)> {
        let entry = self.slots.get_mut(slot)?;
        let taken = entry.open.take()?;
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
        Some(taken)
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

fn token(kind: Kind, slot: usize, generation: u32) -> Token {
    let kind = match kind {
        Kind::Session => 0,
        Kind::Exchange => KIND_BIT,
    };
    // Where usize has 32 bits the upper bits of the generation fall off, but never all of them are 0.
    let generation = usize::try_from(generation).unwrap_or(1) & (usize::MAX >> GENERATION_SHIFT);
    Token((generation.max(1) << GENERATION_SHIFT) | kind | slot)
}
