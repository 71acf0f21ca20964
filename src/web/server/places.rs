//! The places of connections. When all are taken, one that is idle makes room, of whoever holds the most: nobody is kept out
//! by somebody who holds connections open.

use crate::limits::{CONNECTIONS, IDLE_AT_LEAST, PLACE_AWAITED};
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
            if let Some(seat) = self.idlest(Instant::now()) {
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

    /// Of those that are idle for long enough, the one that is so for longest, of the address that has most of them.
    fn idlest(&self, now: Instant) -> Option<Rc<Seat>> {
        let table = self.table.borrow();
        let idle = |seat: &Seat| {
            let since = seat.idle.get()?;
            (now.saturating_duration_since(since) >= IDLE_AT_LEAST).then_some(since)
        };
        let mut by_address: HashMap<Option<IpAddr>, (usize, Instant, &Rc<Seat>)> = HashMap::new();
        for seat in table.values() {
            let Some(since) = idle(seat) else { continue };
            let entry = by_address.entry(seat.address).or_insert((0, since, seat));
            entry.0 += 1;
            if since < entry.1 {
                (entry.1, entry.2) = (since, seat);
            }
        }
        by_address.into_values().max_by_key(|(count, ..)| *count).map(|(.., seat)| Rc::clone(seat))
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
}
