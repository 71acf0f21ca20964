//! How many connections each client address holds, and which of them may be closed for others.
//!
//! Addresses share a fixed number of counters by a keyed hash: constant memory whatever comes, and nobody can aim
//! at the counter of somebody else. Two addresses on one counter only make each other's share smaller.

use super::queue::Queue;
use crate::limits::SHARE_COUNTERS;
use std::hash::{DefaultHasher, Hasher};
use std::net::IpAddr;

/// Whose share a connection counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holder(u16);

/// Counters in a page.
const PAGE: u16 = 64;

#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    held: u32,
    /// Those of its connections that may go, oldest first.
    may_go: Queue,
}

/// Who holds how many of the connections, and who holds more than a fair share.
#[derive(Debug)]
pub struct Shares {
    /// A number that no client knows.
    secret: u64,
    /// The counters in pages, each made when an address comes to it: most hosts are asked from a handful of addresses.
    pages: Vec<Box<[Counter]>>,
    /// How many connections one may hold before it is the first to give one up.
    share: u32,
    /// Who holds more. A share is a part of the whole table, so these are a handful.
    greedy: Vec<Holder>,
}

impl Shares {
    /// Nobody holds anything, and each may hold `share`. Who knows the secret could aim at the counter of another.
    pub fn new(share: u32, secret: u64) -> Shares {
        let pages = vec![Box::default(); SHARE_COUNTERS.div_ceil(PAGE).into()];
        Shares { secret, pages, share, greedy: Vec::new() }
    }

    /// Changes how many each may hold.
    pub fn set_share(&mut self, share: u32) {
        if self.share != share {
            self.share = share;
            self.greedy =
                (0..SHARE_COUNTERS).map(Holder).filter(|holder| self.held(*holder) > share).collect();
        }
    }

    /// One connection more for `client`. An IPv6 network of 64 bits is one client, as it is one customer.
    pub fn take(&mut self, client: IpAddr) -> Holder {
        let whose = match client.to_canonical() {
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        let mut hasher = DefaultHasher::new();
        for number in [self.secret, whose, self.secret] {
            hasher.write_u64(number);
        }
        let counter = hasher.finish() % u64::from(SHARE_COUNTERS);
        let holder = Holder(u16::try_from(counter).unwrap_or(0));
        if let Some(page) = self.pages.get_mut(usize::from(holder.0 / PAGE))
            && page.is_empty()
        {
            *page = vec![Counter::default(); PAGE.into()].into();
        }
        let share = self.share;
        if let Some(counter) = self.counter_mut(holder) {
            counter.held += 1;
            if counter.held == share.saturating_add(1) {
                self.greedy.push(holder);
            }
        }
        holder
    }

    /// One connection less.
    pub fn give_back(&mut self, holder: Holder) {
        let share = self.share;
        if let Some(counter) = self.counter_mut(holder) {
            counter.held = counter.held.saturating_sub(1);
            if counter.held == share {
                self.greedy.retain(|other| *other != holder);
            }
        }
    }

    /// How many connections count for the same share.
    pub fn held(&self, holder: Holder) -> u32 {
        self.counter(holder).map_or(0, |counter| counter.held)
    }

    /// Those of its connections that may go.
    pub fn may_go(&mut self, holder: Holder) -> Option<&mut Queue> {
        self.counter_mut(holder).map(|counter| &mut counter.may_go)
    }

    /// The oldest connection that may go, of who holds most of those that hold more than their share.
    pub fn oldest_of_the_greedy(&self) -> Option<usize> {
        let oldest = |holder: &Holder| {
            let counter = self.counter(*holder)?;
            Some((counter.held, counter.may_go.oldest.slot()?))
        };
        self.greedy.iter().filter_map(oldest).max_by_key(|(held, _)| *held).map(|(_, slot)| slot)
    }

    /// Whether the greedy are those who hold more than their share, and all together hold `open`.
    pub fn is_sound(&self, open: usize) -> bool {
        // In one walk, without more for those that hold nothing: tests ask this often.
        let (mut held, mut greedy) = (0, 0);
        for counter in self.pages.iter().flat_map(|page| page.iter()) {
            if counter.held > 0 {
                held += usize::try_from(counter.held).unwrap_or(usize::MAX);
                greedy += usize::from(counter.held > self.share);
            }
        }
        held == open
            && greedy == self.greedy.len()
            && self.greedy.iter().all(|holder| self.held(*holder) > self.share)
    }

    fn counter(&self, holder: Holder) -> Option<&Counter> {
        self.pages.get(usize::from(holder.0 / PAGE))?.get(usize::from(holder.0 % PAGE))
    }

    fn counter_mut(&mut self, holder: Holder) -> Option<&mut Counter> {
        self.pages.get_mut(usize::from(holder.0 / PAGE))?.get_mut(usize::from(holder.0 % PAGE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_customer() {
        let mut shares = Shares::new(1, 7);
        let holder = |shares: &mut Shares, client: &str| shares.take(client.parse().unwrap());
        let one = holder(&mut shares, "192.0.2.1");
        assert!(shares.greedy.is_empty());
        assert_eq!(holder(&mut shares, "::ffff:192.0.2.1"), one);
        assert_eq!(shares.held(one), 2);
        let six = holder(&mut shares, "2001:db8::1");
        assert_eq!(holder(&mut shares, "2001:db8::ffff:1"), six);
        assert_eq!(shares.greedy, [one, six]);
        assert!(shares.is_sound(4));
        shares.set_share(2);
        assert!(shares.greedy.is_empty() && shares.is_sound(4));
        for holder in [one, one, six, six] {
            shares.give_back(holder);
        }
        assert_eq!((shares.held(one), shares.held(six)), (0, 0));
        assert!(shares.is_sound(0));
    }

    /// After a flood of one address, nobody is greedy any longer, though others have stayed all the time.
    #[test]
    fn a_flood_that_is_over_leaves_nothing_to_walk() {
        let mut shares = Shares::new(10, 7);
        let stays = shares.take("192.0.2.1".parse().unwrap());
        let flood: Vec<Holder> = (0..20).map(|_| shares.take("192.0.2.9".parse().unwrap())).collect();
        assert_eq!(shares.greedy.len(), 1);
        flood.into_iter().for_each(|holder| shares.give_back(holder));
        assert!(shares.greedy.is_empty() && shares.is_sound(1));
        assert_eq!(shares.held(stays), 1);
    }
}
