//! Until when each probe may take. Those of one time-out end in the order in which they began, so each time-out has a queue
//! and nothing is ever sorted.

use super::super::network::Family;
use oco::logic::time::Nanos;
use std::collections::VecDeque;
use std::time::Duration;

/// Where a probe in flight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this slot.
    Slot(u32),
    /// It is the ping of this number.
    Ping(Family, u16),
}

/// When a probe ends at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Then.
    pub at: Nanos,
    /// Where it is.
    pub place: Place,
    /// How often that place was used before: another number there means that it ended already.
    pub generation: u32,
}

/// Queues that are kept though they are empty. A reload may bring other time-outs, and again others.
const IDLE_QUEUES: usize = 64;

/// The deadlines of all probes.
#[derive(Debug, Default)]
pub struct Deadlines {
    queues: Vec<(Duration, VecDeque<Deadline>)>,
}

impl Deadlines {
    /// A probe of this time-out began now.
    pub fn push(&mut self, timeout: Duration, deadline: Deadline) {
        if let Some((_, queue)) = self.queues.iter_mut().find(|(other, _)| *other == timeout) {
            return queue.push_back(deadline);
        }
        if self.queues.len() >= IDLE_QUEUES {
            self.queues.retain(|(_, queue)| !queue.is_empty());
        }
        self.queues.push((timeout, VecDeque::from([deadline])));
    }

    /// Takes a probe whose time is over. Some are over before theirs is: those are not live.
    pub fn next_due(&mut self, now: Nanos, is_live: impl Fn(&Deadline) -> bool) -> Option<Place> {
        for (_, queue) in &mut self.queues {
            while let Some(first) = queue.front().copied() {
                if is_live(&first) {
                    if first.at > now {
                        break;
                    }
                    queue.pop_front();
                    return Some(first.place);
                }
                queue.pop_front();
            }
        }
        None
    }

    /// Drops those that nobody needs, as far as they stand first.
    pub fn forget_past(&mut self, is_live: impl Fn(&Deadline) -> bool) {
        for (_, queue) in &mut self.queues {
            while queue.front().is_some_and(|first| !is_live(first)) {
                queue.pop_front();
            }
        }
    }

    /// The next one.
    pub fn next(&self) -> Option<Nanos> {
        self.queues.iter().filter_map(|(_, queue)| queue.front()).map(|first| first.at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(at: i64, slot: u32) -> Deadline {
        Deadline { at: Nanos(at), place: Place::Slot(slot), generation: 0 }
    }

    #[test]
    fn they_come_due_in_their_order_and_dead_ones_never() {
        let mut deadlines = Deadlines::default();
        let (long, short) = (Duration::from_secs(3), Duration::from_secs(1));
        for (timeout, at, slot) in [(long, 30, 1), (long, 31, 2), (short, 11, 3), (short, 12, 4)] {
            deadlines.push(timeout, deadline(at, slot));
        }
        let is_live = |deadline: &Deadline| deadline.place != Place::Slot(3);
        assert_eq!(deadlines.next(), Some(Nanos(11)));
        deadlines.forget_past(is_live);
        assert_eq!(deadlines.next(), Some(Nanos(12)));
        assert_eq!(deadlines.next_due(Nanos(11), is_live), None);
        assert_eq!(deadlines.next_due(Nanos(12), is_live), Some(Place::Slot(4)));
        assert_eq!(deadlines.next_due(Nanos(40), is_live), Some(Place::Slot(1)));
        assert_eq!(deadlines.next_due(Nanos(40), is_live), Some(Place::Slot(2)));
        assert_eq!((deadlines.next_due(Nanos(40), is_live), deadlines.next()), (None, None));
    }

    #[test]
    fn time_outs_that_nobody_has_any_more_are_forgotten() {
        let mut deadlines = Deadlines::default();
        for second in 0..1000 {
            deadlines.push(Duration::from_secs(second), deadline(1, 1));
            assert!(deadlines.next_due(Nanos(1), |_| true).is_some());
        }
        assert!(deadlines.queues.len() <= IDLE_QUEUES);
    }
}
