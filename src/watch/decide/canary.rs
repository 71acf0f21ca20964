//! The canary: hosts that answer where our own network works. It tells whether it is us.
//!
//! A round asks all of its hosts; it is answered when one of them answers. A ko that is due waits for a round that began
//! after its failure and was answered. When rounds are not answered it is us. A round in which we ourselves failed proves
//! nothing.

use crate::limits::{CANARY_INTERVAL, CANARY_RETRY, CANARY_ROUNDS, CANARY_SPACING};
use oco::logic::time::Nanos;

/// What a round found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanaryResult {
    /// One of the hosts answered.
    Answered,
    /// None of them did.
    Silent,
    /// We ourselves failed.
    Own,
}

/// What follows from a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanaryStep {
    /// Nothing.
    Nothing,
    /// What failed before the round began may be judged.
    Answered,
    /// It is us, from now on.
    Lost,
    /// It is us no longer.
    Back,
}

/// When to ask, and what the answers mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    is_configured: bool,
    is_lost: bool,
    is_running: bool,
    /// In the last round we ourselves failed.
    is_hampered: bool,
    silent_rounds: u32,
    /// The latest failure that waits.
    awaited: Option<Nanos>,
    last_start: Option<Nanos>,
    next: Nanos,
}

impl Canary {
    /// One that begins now.
    pub fn new(is_configured: bool, is_lost: bool, now: Nanos) -> Canary {
        Canary {
            is_configured,
            is_lost: is_lost && is_configured,
            is_running: false,
            is_hampered: false,
            silent_rounds: 0,
            awaited: None,
            last_start: None,
            next: now,
        }
    }

    /// Whether there are hosts to ask: without them each ko is judged at once.
    pub fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// Whether it is us.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether it can't be asked, by our own fault.
    pub fn is_hampered(&self) -> bool {
        self.is_hampered
    }

    /// Whether a ko waits for a round that is still to come, and is not known to be made in vain.
    pub fn is_awaited(&self) -> bool {
        self.is_configured && self.awaited.is_some() && !self.is_lost && !self.is_hampered
    }

    /// The file has hosts now, or has none any more. Tells whether it was us until now.
    pub fn configure(&mut self, is_configured: bool, now: Nanos) -> bool {
        let was_lost = self.is_lost;
        if is_configured != self.is_configured {
            *self = Canary::new(is_configured, false, now);
            return was_lost;
        }
        // A round that goes on asks the hosts as they were, and its result will not come.
        if std::mem::replace(&mut self.is_running, false) {
            self.next = self.spaced(now);
        }
        false
    }

    /// When the next round is to begin; none while one runs.
    pub fn deadline(&self) -> Option<Nanos> {
        (self.is_configured && !self.is_running).then_some(self.next)
    }

    /// Whether a round is to begin now. One that does is to be followed by [`Canary::result`].
    pub fn start(&mut self, now: Nanos) -> bool {
        let is_due = self.deadline().is_some_and(|deadline| deadline <= now);
        if is_due {
            (self.is_running, self.last_start) = (true, Some(now));
        }
        is_due
    }

    /// A ko waits whose failure was seen then.
    pub fn want(&mut self, failed: Nanos) {
        self.awaited = self.awaited.max(Some(failed));
        self.next = self.next.min(self.spaced(failed));
    }

    /// The earliest next start.
    fn spaced(&self, now: Nanos) -> Nanos {
        self.last_start.map_or(now, |last| now.max(last.after(CANARY_SPACING)))
    }

    /// A round that began then is over.
    pub fn result(&mut self, result: CanaryResult, began: Nanos, now: Nanos) -> CanaryStep {
        if !self.is_configured {
            return CanaryStep::Nothing;
        }
        self.is_running = false;
        self.is_hampered = result == CanaryResult::Own;
        match result {
            CanaryResult::Own => {
                let is_urgent = self.is_lost || self.awaited.is_some();
                let pause = if is_urgent { CANARY_RETRY } else { CANARY_INTERVAL };
                self.next = now.max(began.after(pause));
                CanaryStep::Nothing
            }
            CanaryResult::Answered => self.answered(began, now),
            CanaryResult::Silent => self.silent(began, now),
        }
    }

    fn answered(&mut self, began: Nanos, now: Nanos) -> CanaryStep {
        self.silent_rounds = 0;
        self.awaited = self.awaited.filter(|failed| *failed > began);
        self.next = match self.awaited {
            Some(_) => self.spaced(now),
            None => now.max(began.after(CANARY_INTERVAL)),
        };
        match std::mem::replace(&mut self.is_lost, false) {
            true => CanaryStep::Back,
            false => CanaryStep::Answered,
        }
    }

    fn silent(&mut self, began: Nanos, now: Nanos) -> CanaryStep {
        self.silent_rounds = self.silent_rounds.saturating_add(1).min(CANARY_ROUNDS);
        if self.is_lost {
            self.next = now.max(began.after(CANARY_RETRY));
            return CanaryStep::Nothing;
        }
        if self.silent_rounds < CANARY_ROUNDS {
            self.next = self.spaced(now);
            return CanaryStep::Nothing;
        }
        (self.is_lost, self.awaited) = (true, None);
        self.next = now.max(began.after(CANARY_RETRY));
        CanaryStep::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: i64) -> Nanos {
        Nanos(ms * 1_000_000)
    }

    #[test]
    fn a_ko_waits_for_a_round_that_began_after_it() {
        let mut canary = Canary::new(true, false, ms(0));
        assert!(canary.start(ms(0)) && !canary.start(ms(0)));
        canary.want(ms(5));
        assert_eq!(canary.result(CanaryResult::Answered, ms(0), ms(10)), CanaryStep::Answered);
        assert_eq!(canary.deadline(), Some(ms(100)), "at once, but not more often than this");
        assert!(canary.is_awaited() && canary.start(ms(100)));
        assert_eq!(canary.result(CanaryResult::Own, ms(100), ms(101)), CanaryStep::Nothing);
        assert!(canary.is_hampered() && !canary.is_awaited(), "in vain, as far as is known");
        assert_eq!(canary.deadline(), Some(ms(1100)));
        assert!(canary.start(ms(1100)));
        assert_eq!(canary.result(CanaryResult::Answered, ms(1100), ms(1101)), CanaryStep::Answered);
        assert!(!canary.is_hampered() && !canary.is_awaited());
        assert_eq!(canary.deadline(), Some(ms(11_100)));
    }

    #[test]
    fn one_lost_packet_is_not_us_and_two_silent_rounds_are() {
        let mut canary = Canary::new(true, false, ms(0));
        let mut round = |at: i64, result| {
            assert!(canary.start(ms(at)));
            (canary.result(result, ms(at), ms(at + 3000)), canary.deadline())
        };
        assert_eq!(round(0, CanaryResult::Silent), (CanaryStep::Nothing, Some(ms(3000))));
        assert_eq!(round(3000, CanaryResult::Answered), (CanaryStep::Answered, Some(ms(13_000))));
        assert_eq!(round(13_000, CanaryResult::Silent), (CanaryStep::Nothing, Some(ms(16_000))));
        assert_eq!(round(16_000, CanaryResult::Own), (CanaryStep::Nothing, Some(ms(26_000))));
        assert_eq!(round(26_000, CanaryResult::Silent), (CanaryStep::Lost, Some(ms(29_000))));
        assert_eq!(round(29_000, CanaryResult::Silent), (CanaryStep::Nothing, Some(ms(32_000))));
        assert_eq!(round(32_000, CanaryResult::Answered), (CanaryStep::Back, Some(ms(42_000))));
    }

    #[test]
    fn a_reload_gives_up_a_round_and_the_next_one_is_soon() {
        let mut canary = Canary::new(true, false, ms(0));
        assert!(canary.start(ms(0)));
        canary.want(ms(5));
        assert!(!canary.configure(true, ms(10)));
        assert_eq!(canary.deadline(), Some(ms(100)));
        assert!(canary.start(ms(100)));
        assert_eq!(canary.result(CanaryResult::Answered, ms(100), ms(101)), CanaryStep::Answered);
        // Between two rounds it changes nothing.
        let next = canary.deadline();
        assert!(!canary.configure(true, ms(200)));
        assert_eq!(canary.deadline(), next);
    }

    proptest! {
        #[test]
        fn whoever_waits_is_heard_and_rounds_are_spaced(
            acts in prop::collection::vec((1i64..500, any::<bool>(), 0u8..6), 0..60)
        ) {
            let (mut canary, mut now) = (Canary::new(true, false, ms(0)), 0);
            let (mut running, mut last, mut waits): (Option<i64>, i64, Option<i64>) = (None, -1000, None);
            for (gap, fails, result) in acts {
                now += gap;
                if fails && !canary.is_lost() {
                    canary.want(ms(now));
                    waits = Some(now);
                }
                if canary.start(ms(now)) {
                    prop_assert!(running.is_none() && now - last >= 100);
                    (running, last) = (Some(now), now);
                }
                let result = match result { 0 => CanaryResult::Own, 1 => CanaryResult::Silent, _ => CanaryResult::Answered };
                if let Some(began) = running.take_if(|_| gap % 2 == 0) {
                    let step = canary.result(result, ms(began), ms(now));
                    let is_heard = waits.is_some_and(|failed| began >= failed) && step != CanaryStep::Nothing;
                    if is_heard || step == CanaryStep::Lost {
                        waits = None;
                    }
                    prop_assert!(step != CanaryStep::Answered || result == CanaryResult::Answered);
                }
                if waits.is_some() && running.is_none() {
                    prop_assert!(canary.deadline().unwrap() <= ms(now + 1000));
                }
            }
        }
    }
}
