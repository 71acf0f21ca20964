//! How many connections each client address holds.
//!
//! Addresses share a fixed number of counters by a keyed hash: constant memory whatever comes, and nobody can aim
//! at the counter of somebody else. Two addresses on one counter only make each other's share smaller.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// 16 KiB of counters. With a thousand clients one in four shares its own.
const COUNTERS: u16 = 4096;

/// Whose share a connection counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holder(u16);

/// See the [module](self).
#[derive(Debug)]
pub struct Shares {
    key: RandomState,
    held: Vec<u32>,
    /// The most that any counter has held since all were at rest: an upper bound.
    most: u32,
    open: u32,
}

impl Shares {
    /// Nobody holds anything.
    pub fn new() -> Shares {
        Shares { key: RandomState::new(), held: vec![0; COUNTERS.into()], most: 0, open: 0 }
    }

    /// One connection more for `client`. An IPv6 network of 64 bits is one client, as it is one customer.
    pub fn take(&mut self, client: IpAddr) -> Holder {
        let whose = match client.to_canonical() {
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        let counter = self.key.hash_one(whose) % u64::from(COUNTERS);
        let holder = Holder(u16::try_from(counter).unwrap_or(0));
        if let Some(held) = self.held.get_mut(usize::from(holder.0)) {
            *held += 1;
            self.most = self.most.max(*held);
        }
        self.open += 1;
        holder
    }

    /// One connection less.
    pub fn give_back(&mut self, holder: Holder) {
        if let Some(held) = self.held.get_mut(usize::from(holder.0)) {
            *held = held.saturating_sub(1);
        }
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.most = 0;
        }
    }

    /// How many connections count for the same share.
    pub fn held(&self, holder: Holder) -> u32 {
        self.held.get(usize::from(holder.0)).copied().unwrap_or(0)
    }

    /// Whether anybody may hold more than `share`.
    pub fn any_above(&self, share: u32) -> bool {
        self.most > share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_customer() {
        let mut shares = Shares::new();
        let holder = |shares: &mut Shares, client: &str| shares.take(client.parse().unwrap());
        let one = holder(&mut shares, "192.0.2.1");
        assert_eq!(holder(&mut shares, "::ffff:192.0.2.1"), one);
        assert_eq!(shares.held(one), 2);
        let six = holder(&mut shares, "2001:db8::1");
        assert_eq!(holder(&mut shares, "2001:db8::ffff:1"), six);
        assert!(shares.any_above(1) && !shares.any_above(9));
        for holder in [one, one, six, six] {
            shares.give_back(holder);
        }
        assert_eq!((shares.held(one), shares.held(six)), (0, 0));
        assert!(!shares.any_above(0));
    }
}
