//! How many requests each key may make: so many at once, then so many a second. And how many new names come in a minute.
//!
//! Pure: the time comes as an argument.

use crate::limits::{COUNTED_KEYS, REQUEST_EVERY, REQUESTS_AT_ONCE};
use oco::logic::time::Nanos;
use std::collections::HashMap;
use std::time::Duration;

/// The requests of each key.
#[derive(Debug, Default)]
pub struct Buckets {
    /// When each bucket is full again. Who is not here has a full one.
    full: HashMap<Box<str>, Nanos>,
    /// Below this number nobody looks for buckets that are full again.
    crowd: usize,
}

impl Buckets {
    /// Whether `name` may make a request now.
    pub fn take(&mut self, name: &str, now: Nanos) -> bool {
        let depth = REQUEST_EVERY.saturating_mul(REQUESTS_AT_ONCE);
        if let Some(full) = self.full.get_mut(name) {
            let from = (*full).max(now);
            let next = from.after(REQUEST_EVERY);
            if next.since(now) > depth {
                return false;
            }
            *full = next;
            return true;
        }
        self.make_room(now);
        // Were there no room, they would all come at once: rather nobody is counted than refused.
        if self.full.len() < COUNTED_KEYS {
            self.full.insert(name.into(), now.after(REQUEST_EVERY));
        }
        true
    }

    /// Forgets those that are full, each time twice as many as before are counted.
    fn make_room(&mut self, now: Nanos) {
        if self.full.len() < self.crowd.max(1024) {
            return;
        }
        self.full.retain(|_, full| *full > now);
        self.full.shrink_to(1024);
        self.crowd = self.full.len().saturating_mul(2);
    }
}

/// New names in the last minute.
#[derive(Debug, Default)]
pub struct NewNames {
    /// When the minute ends.
    ends: Option<Nanos>,
    count: u32,
}

impl NewNames {
    /// Whether one more may come now.
    pub fn take(&mut self, most: u32, now: Nanos) -> bool {
        if self.ends.is_none_or(|ends| ends <= now) {
            (self.ends, self.count) = (Some(now.after(Duration::from_secs(60))), 0);
        }
        let has_room = self.count < most;
        self.count = self.count.saturating_add(u32::from(has_room));
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_hundred_at_once_and_twenty_a_second() {
        let mut buckets = Buckets::default();
        let taken = |buckets: &mut Buckets, name: &str, now: i64| {
            (0..1000).filter(|_| buckets.take(name, Nanos(now))).count()
        };
        assert_eq!(taken(&mut buckets, "a", 0), 100);
        assert_eq!(taken(&mut buckets, "b", 0), 100, "each has its own");
        assert_eq!(taken(&mut buckets, "a", SECOND), 20);
        assert_eq!(taken(&mut buckets, "a", SECOND + SECOND / 2), 10);
        assert_eq!(taken(&mut buckets, "a", 60 * SECOND), 100);
    }

    #[test]
    fn who_was_silent_costs_no_memory() {
        let mut buckets = Buckets::default();
        for index in 0..10_000 {
            assert!(buckets.take(&index.to_string(), Nanos(index * SECOND / 10)));
        }
        assert!(buckets.full.len() < 4096, "{}", buckets.full.len());
    }

    #[test]
    fn new_names_are_counted_by_the_minute() {
        let mut names = NewNames::default();
        let taken = |names: &mut NewNames, now: i64| (0..100).filter(|_| names.take(60, Nanos(now))).count();
        assert_eq!(taken(&mut names, 5), 60);
        assert_eq!(taken(&mut names, 59 * SECOND), 0);
        assert_eq!(taken(&mut names, 5 + 60 * SECOND), 60);
    }

    proptest! {
        #[test]
        fn never_more_than_the_bucket_and_what_flowed_in(gaps in prop::collection::vec(0i64..200_000_000, 1..400)) {
            let mut buckets = Buckets::default();
            let (mut now, mut taken) = (0, 0i64);
            for gap in gaps {
                now += gap;
                taken += i64::from(buckets.take("a", Nanos(now)));
                prop_assert!(taken <= 100 + now * 20 / SECOND);
            }
        }
    }
}
