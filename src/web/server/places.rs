//! The places of connections. When all are taken, some that are idle make room, of whoever holds the most: nobody is kept
//! out by somebody who holds connections open.

use crate::limits::{CONNECTIONS, IDLE_AT_LEAST, PLACE_AWAITED, ROOM_AT_ONCE};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::Notify;
use tokio::time::timeout;

/// All places.
#[derive(Debug, Default)]
pub struct Places {
    table: RefCell<HashMap<u64, Rc<Seat>>>,
    count: Cell<u64>,
    freed: Notify,
}

/// What is known of a connection.
#[derive(Debug)]
struct Seat {
    address: Option<IpAddr>,
    /// Since when it waits for a request; none: one is being answered.
    idle: Cell<Option<Instant>>,
    /// It is to make room.
    leave: Notify,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Rc<Places>,
    number: u64,
    seat: Rc<Seat>,
}

impl Places {
    /// A place for a connection from there. Where none is free it is waited for.
    pub async fn take(self: &Rc<Places>, address: Option<IpAddr>) -> Place {
        while self.table.borrow().len() >= CONNECTIONS {
            for seat in self.idlest(Instant::now()) {
                seat.leave.notify_one();
                // It is not chosen again.
                seat.idle.set(None);
            }
            // One that was busy may be idle by now.
            let _ = timeout(PLACE_AWAITED, self.freed.notified()).await;
        }
        let number = self.count.get();
        self.count.set(number.wrapping_add(1));
        let idle = Cell::new(Some(Instant::now()));
        let seat = Rc::new(Seat { address, idle, leave: Notify::new() });
        self.table.borrow_mut().insert(number, Rc::clone(&seat));
        Place { places: Rc::clone(self), number, seat }
    }

    /// Those that make room: of the address that has most of those that are idle for long enough, the ones that are so for
    /// longest, and no more than half of them. Several, for all places are looked at to find them.
    fn idlest(&self, now: Instant) -> Vec<Rc<Seat>> {
        let table = self.table.borrow();
        let mut by_address: HashMap<Option<IpAddr>, Vec<(Instant, &Rc<Seat>)>> = HashMap::new();
        for seat in table.values() {
            let Some(since) = seat.idle.get() else { continue };
            if now.saturating_duration_since(since) >= IDLE_AT_LEAST {
                by_address.entry(seat.address).or_default().push((since, seat));
            }
        }
        let mut most = by_address.into_values().max_by_key(Vec::len).unwrap_or_default();
        most.sort_unstable_by_key(|(since, _)| *since);
        most.truncate(most.len().div_ceil(2).min(ROOM_AT_ONCE));
        most.into_iter().map(|(_, seat)| Rc::clone(seat)).collect()
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.table.borrow().len()
    }
}

impl Place {
    /// A request is being answered, or is not any more.
    pub fn set_busy(&self, is_busy: bool) {
        self.seat.idle.set((!is_busy).then(Instant::now));
    }

    /// Ends when the place is to be left.
    pub async fn to_leave(&self) {
        self.seat.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.table.borrow_mut().remove(&self.number);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::runtime::{Builder, LocalOptions};

    #[test]
    fn who_holds_many_makes_room_for_who_comes() {
        let runtime =
            Builder::new_current_thread().enable_time().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let places = Rc::new(Places::default());
            let (many, few) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
            let calm = places.take(few).await;
            let long_ago = Instant::now() - 2 * IDLE_AT_LEAST;
            calm.seat.idle.set(Some(long_ago));
            let mut held = Vec::new();
            while places.taken() < CONNECTIONS {
                held.push(places.take(many).await);
            }
            // All of them are busy, or came just now.
            held[0].set_busy(true);
            held[7].seat.idle.set(Some(long_ago));
            held[8].seat.idle.set(Some(long_ago + Duration::from_millis(1)));
            let victim = held.swap_remove(7);
            let gone = tokio::task::spawn_local(async move {
                victim.to_leave().await;
                drop(victim);
            });
            let newcomer = timeout(Duration::from_secs(10), places.take(few)).await.unwrap();
            gone.await.unwrap();
            assert_eq!(places.taken(), CONNECTIONS);
            drop((newcomer, held, calm));
            assert_eq!(places.taken(), 0);
        });
    }

    #[test]
    fn who_holds_most_makes_room_for_many_and_keeps_the_newer_half() {
        let runtime =
            Builder::new_current_thread().enable_time().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let places = Rc::new(Places::default());
            let mut held = Vec::new();
            let now = Instant::now() + 2 * IDLE_AT_LEAST;
            // One after the other, however coarse the clock is.
            let in_order = |held: &[Place]| {
                let mut since = Instant::now() - IDLE_AT_LEAST;
                for place in held.iter().filter(|place| place.seat.idle.get().is_some()) {
                    since += Duration::from_micros(1);
                    place.seat.idle.set(Some(since));
                }
            };
            let idlest = || places.idlest(now).iter().map(Rc::as_ptr).collect::<Vec<_>>();
            assert!(idlest().is_empty());
            for (address, count) in [("192.0.2.1", 3), ("192.0.2.2", 2)] {
                for _ in 0..count {
                    held.push(places.take(Some(address.parse().unwrap())).await);
                }
            }
            in_order(&held);
            assert_eq!(idlest(), [Rc::as_ptr(&held[0].seat), Rc::as_ptr(&held[1].seat)]);
            held[1].set_busy(true);
            held[3].set_busy(true);
            assert_eq!(idlest(), [Rc::as_ptr(&held[0].seat)]);
            while held.len() < CONNECTIONS {
                held.push(places.take(Some("192.0.2.3".parse().unwrap())).await);
            }
            in_order(&held);
            let first: Vec<_> =
                held[5..].iter().take(ROOM_AT_ONCE).map(|place| Rc::as_ptr(&place.seat)).collect();
            assert_eq!(idlest(), first);
        });
    }
}
