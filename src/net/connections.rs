//! A table of connections in the order in which they came.
//!
//! Where all may stay equally long, that is also the order of their deadlines: the table is its own timer queue, and
//! its head is the first to go when room is needed. Unless somebody holds more than a fair share: then it is the oldest
//! of such a one, so that a flood from one address pushes out only itself.

mod fair_share;
mod queue;

use super::token::{ConnectionId, Kind, Source};
use crate::logic::time::Nanos;
use crate::system::sockets::Sockets;
use fair_share::{Holder, Shares};
use log::debug;
use mio::Interest;
use queue::{Link, Links, Queue};
use std::net::IpAddr;

/// So many slots can be checked whole after each step of a debug build.
const FEW: usize = 64;

/// Connections by age. `S` is what is known of each.
#[derive(Debug)]
pub struct Connections<K: Sockets, S> {
    kind: Kind,
    slots: Vec<Slot<K::Stream, S>>,
    /// The first slot without a connection. The others follow by `newer` of their age.
    free: Link,
    by_age: Queue,
    /// Those that may be closed to make room, in the order in which they came to that.
    may_go: Queue,
    open: usize,
    shares: Shares,
}

#[derive(Debug)]
struct Slot<C, S> {
    open: Option<(C, S)>,
    /// When the connection is closed whatever its state, on the boot clock.
    deadline: Nanos,
    /// Part of the token, so that an event for an earlier connection in this slot finds nothing. Never 0.
    generation: u32,
    holder: Holder,
    may_go: bool,
    in_age: Links,
    in_may_go: Links,
    in_share: Links,
}

impl<K: Sockets, S> Connections<K, S> {
    /// An empty table, with room for `connections`: memory that is never touched costs nothing, while a table
    /// that grows leaves holes. Of these, one address may hold `share` before it is the first to be shed.
    /// By the `secret`, which no client may know, addresses share the counters of their connections.
    pub fn new(kind: Kind, connections: usize, share: u32, secret: u64) -> Connections<K, S> {
        Connections {
            kind,
            slots: Vec::with_capacity(connections),
            free: Link::default(),
            by_age: Queue::default(),
            may_go: Queue::default(),
            open: 0,
            shares: Shares::new(share, secret),
        }
    }

    /// Changes how many connections one address may hold before it is the first to be shed.
    pub fn set_share(&mut self, share: u32) {
        self.shares.set_share(share);
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.open
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Takes in a connection of `client` until `deadline`, which is no earlier than that of any other one here, and
    /// wakes up for it. Without memory for that in the kernel it is closed. `may_go`: whether it may be shed.
    pub fn insert(
        &mut self,
        mut stream: K::Stream,
        state: S,
        (client, deadline): (IpAddr, Nanos),
        sockets: &mut K,
        (interest, may_go): (Interest, bool),
    ) -> Option<ConnectionId> {
        let slot = self.free_slot();
        let entry = self.slots.get_mut(slot)?;
        let id = ConnectionId { kind: self.kind, slot, generation: entry.generation };
        let token = Source::Connection(id).encode();
        if let Err(error) = sockets.register_stream(&mut stream, token, interest) {
            debug!("a client is closed early: epoll: {error}");
            self.release(slot);
            return None;
        }
        entry.open = Some((stream, state));
        entry.deadline = deadline;
        entry.holder = self.shares.take(client);
        self.open += 1;
        self.by_age.append(&mut self.slots, slot, |entry| &mut entry.in_age);
        if may_go {
            self.let_slot_go(slot);
        }
        self.debug_check();
        Some(id)
    }

    /// The connection of `id`, if it is still there.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut (K::Stream, S)> {
        let slot = self.slot(id)?;
        self.slots.get_mut(slot)?.open.as_mut()
    }

    /// From now on the connection of `id` may be shed.
    pub fn let_go(&mut self, id: ConnectionId) {
        if let Some(slot) = self.slot(id) {
            self.let_slot_go(slot);
        }
    }

    /// Takes the connection of `id` out. If dropped it is closed, which also takes it out of epoll.
    pub fn remove(&mut self, id: ConnectionId) -> Option<(K::Stream, S)> {
        self.take(self.slot(id)?)
    }

    /// When the oldest connection is closed, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        self.oldest().map(|(_, entry)| entry.deadline)
    }

    /// The oldest connection, if its deadline has come.
    pub fn overdue(&self, now: Nanos) -> Option<ConnectionId> {
        let (slot, entry) = self.oldest().filter(|(_, entry)| entry.deadline <= now)?;
        Some(ConnectionId { kind: self.kind, slot, generation: entry.generation })
    }

    /// Gives no connection more time than until `deadline`.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.slots.iter_mut().for_each(|entry| entry.deadline = entry.deadline.min(deadline));
        self.debug_check();
    }

    fn oldest(&self) -> Option<(usize, &Slot<K::Stream, S>)> {
        let slot = self.by_age.oldest.slot()?;
        Some((slot, self.slots.get(slot)?))
    }

    /// Closes a connection that may go: the oldest one of who holds most, if that is more than a fair share; else the
    /// oldest of all. Returns what was known of it, if there was one.
    pub fn shed(&mut self) -> Option<S> {
        let slot = self.shares.oldest_of_the_greedy().or(self.may_go.oldest.slot())?;
        self.take(slot).map(|(_, state)| state)
    }

    /// The states of all connections, in no order.
    pub fn states(&self) -> impl Iterator<Item = &S> {
        self.slots.iter().filter_map(|slot| slot.open.as_ref()).map(|(_, state)| state)
    }

    /// What must hold between any two calls. `may_go` tells whether a connection may be shed. Walks everything: for
    /// tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self, may_go: impl Fn(&S) -> bool) {
        self.check_queues();
        for entry in &self.slots {
            if let Some((_, state)) = &entry.open {
                assert_eq!(entry.may_go, may_go(state), "who may go is known to the table");
            }
        }
    }

    /// What must hold whatever the connections are.
    fn check_queues(&self) {
        let open = self.slots.iter().filter(|slot| slot.open.is_some()).count();
        assert_eq!(open, self.open, "the table knows how many it has");
        assert!(self.shares.is_sound(open), "the shares are those of the table");
        let entry_of = |link: Link| link.slot().and_then(|slot| self.slots.get(slot));
        let queued =
            std::iter::successors(entry_of(self.by_age.oldest), |entry| entry_of(entry.in_age.newer));
        let deadlines: Vec<_> = queued
            .inspect(|entry| assert!(entry.open.is_some(), "no empty slot is in the queue"))
            .map(|entry| entry.deadline)
            .collect();
        assert_eq!(deadlines.len(), open, "the queue has everybody");
        assert!(deadlines.is_sorted(), "the table is a queue");
        let free = std::iter::successors(entry_of(self.free), |entry| entry_of(entry.in_age.newer)).count();
        assert_eq!(free + open, self.slots.len(), "a slot has a connection or is free");
    }

    /// Checks that in debug builds, where it costs little.
    fn debug_check(&self) {
        debug_assert!(
            self.slots.len() > FEW || {
                self.check_queues();
                true
            }
        );
    }

    fn slot(&self, id: ConnectionId) -> Option<usize> {
        let generation = self.slots.get(id.slot)?.generation;
        id.is(ConnectionId { kind: self.kind, slot: id.slot, generation }).then_some(id.slot)
    }

    fn let_slot_go(&mut self, slot: usize) {
        let Some(entry) = self.slots.get_mut(slot) else { return };
        if std::mem::replace(&mut entry.may_go, true) {
            return;
        }
        let holder = entry.holder;
        self.may_go.append(&mut self.slots, slot, |entry| &mut entry.in_may_go);
        if let Some(own) = self.shares.may_go(holder) {
            own.append(&mut self.slots, slot, |entry| &mut entry.in_share);
        }
    }

    fn take(&mut self, slot: usize) -> Option<(K::Stream, S)> {
        let entry = self.slots.get_mut(slot)?;
        let taken = entry.open.take()?;
        let holder = entry.holder;
        entry.generation = entry.generation.wrapping_add(1).max(1);
        if std::mem::take(&mut entry.may_go) {
            self.may_go.remove(&mut self.slots, slot, |entry| &mut entry.in_may_go);
            if let Some(own) = self.shares.may_go(holder) {
                own.remove(&mut self.slots, slot, |entry| &mut entry.in_share);
            }
        }
        self.shares.give_back(holder);
        self.by_age.remove(&mut self.slots, slot, |entry| &mut entry.in_age);
        self.release(slot);
        self.open -= 1;
        self.debug_check();
        Some(taken)
    }

    fn free_slot(&mut self) -> usize {
        if let Some((slot, entry)) = self.free.slot().and_then(|slot| Some((slot, self.slots.get_mut(slot)?)))
        {
            self.free = std::mem::take(&mut entry.in_age).newer;
            return slot;
        }
        self.slots.push(Slot {
            open: None,
            deadline: Nanos::default(),
            generation: 1,
            holder: Holder::default(),
            may_go: false,
            in_age: Links::default(),
            in_may_go: Links::default(),
            in_share: Links::default(),
        });
        self.slots.len() - 1
    }

    fn release(&mut self, slot: usize) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.in_age = Links { older: Link::default(), newer: self.free };
            self.free = Link::to(slot);
        }
    }
}
