//! Wrong tokens: each address gets its answer the later the more it tried. Pure.

use crate::limits::{GUESS_DELAY, GUESS_MEMORY, GUESSERS};
use crate::pace::Pace;
use oco::logic::time::Nanos;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Who tried wrong tokens.
#[derive(Debug, Default)]
pub struct Guard {
    guessers: HashMap<Option<IpAddr>, Guesser>,
    /// Lines of the log about them.
    pub lines: Pace,
}

#[derive(Debug, Clone, Copy)]
struct Guesser {
    tries: u32,
    last: Nanos,
}

impl Guard {
    /// One more from there. Returns how long the answer is to be held back.
    pub fn wrong(&mut self, address: Option<IpAddr>, now: Nanos) -> Duration {
        if self.guessers.len() >= GUESSERS {
            self.guessers.retain(|_, guesser| now.since(guesser.last) < GUESS_MEMORY);
        }
        // Where so many guess at once, those that are not counted wait as the worst of them.
        if self.guessers.len() >= GUESSERS && !self.guessers.contains_key(&address) {
            return GUESS_DELAY;
        }
        let guesser = self.guessers.entry(address).or_insert(Guesser { tries: 0, last: now });
        if now.since(guesser.last) >= GUESS_MEMORY {
            guesser.tries = 0;
        }
        let delay = Duration::from_millis(100).saturating_mul(1 << guesser.tries.min(10)).min(GUESS_DELAY);
        *guesser = Guesser { tries: guesser.tries.saturating_add(1), last: now };
        delay
    }

    /// Somebody from there had a right one.
    pub fn right(&mut self, address: Option<IpAddr>) {
        self.guessers.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_tries_more_waits_longer_and_is_forgiven_in_time() {
        let mut guard = Guard::default();
        let (one, other) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
        let waits: Vec<u128> = (0..8).map(|_| guard.wrong(one, Nanos(0)).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(guard.wrong(other, Nanos(0)).as_millis(), 100);
        guard.right(one);
        assert_eq!(guard.wrong(one, Nanos(0)).as_millis(), 100);
        assert_eq!(guard.wrong(one, Nanos(0).after(GUESS_MEMORY)).as_millis(), 100);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut guard = Guard::default();
        for number in 0..30_000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from_bits(number));
            guard.wrong(Some(address), Nanos(0));
        }
        assert_eq!(guard.guessers.len(), GUESSERS);
        let late = Some("2001:db8::1".parse().unwrap());
        assert_eq!(guard.wrong(late, Nanos(0)), GUESS_DELAY);
        assert_eq!(guard.wrong(late, Nanos(0).after(GUESS_MEMORY)).as_millis(), 100);
    }
}
