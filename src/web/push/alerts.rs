//! How many alerts of a key are sent: some an hour, and then one that sums up those that were not.
//!
//! Pure: the time comes as an argument.

use crate::limits::{ALERT_TIME, ALERTS};
use oco::logic::time::Nanos;
use std::collections::HashMap;

/// The alerts of each key.
#[derive(Debug, Default)]
pub struct AlertPace {
    hours: HashMap<Box<str>, Hour>,
}

#[derive(Debug)]
struct Hour {
    ends: Nanos,
    sent: u32,
    held: u64,
    last: String,
}

/// Alerts that were not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub name: Box<str>,
    /// How many.
    pub count: u64,
    /// The last of them.
    pub last: String,
}

impl AlertPace {
    /// Whether this alert of `name` is to be sent now. If not, it is counted.
    pub fn admit(&mut self, name: &str, text: &str, now: Nanos) -> bool {
        let fresh = || Hour { ends: now.after(ALERT_TIME), sent: 0, held: 0, last: String::new() };
        let hour = match self.hours.get_mut(name) {
            Some(hour) => hour,
            None => self.hours.entry(name.into()).or_insert_with(fresh),
        };
        if hour.sent < ALERTS {
            hour.sent += 1;
            return true;
        }
        hour.held = hour.held.saturating_add(1);
        hour.last.clear();
        hour.last.push_str(text);
        false
    }

    /// The watcher did not take it: it does not count.
    pub fn undo(&mut self, name: &str) {
        if let Some(hour) = self.hours.get_mut(name) {
            hour.sent = hour.sent.saturating_sub(1);
        }
    }

    /// Those that were held in hours that are over by now; with none, in all.
    pub fn take_held(&mut self, now: Option<Nanos>) -> Vec<Held> {
        let is_over = |hour: &Hour| now.is_none_or(|now| hour.ends <= now);
        let over = self.hours.extract_if(|_, hour| is_over(hour));
        let held = over.filter(|(_, hour)| hour.held > 0);
        held.map(|(name, hour)| Held { name, count: hour.held, last: hour.last }).collect()
    }

    /// The watcher was away: they are to be told of when it is back.
    pub fn put_back(&mut self, held: Held, now: Nanos) {
        let Held { name, count, last } = held;
        let hour = self.hours.entry(name).or_insert_with(|| Hour { ends: now, sent: ALERTS, held: 0, last });
        hour.held = hour.held.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * 1_000_000_000;

    #[test]
    fn ten_an_hour_and_one_that_sums_up() {
        let mut pace = AlertPace::default();
        let sent = |pace: &mut AlertPace, name: &str, now: i64| {
            (0..30).filter(|count| pace.admit(name, &count.to_string(), Nanos(now))).count()
        };
        assert_eq!(sent(&mut pace, "a", 0), 10);
        assert_eq!(sent(&mut pace, "b", HOUR / 2), 10, "each has its own");
        assert_eq!(pace.take_held(Some(Nanos(HOUR - 1))), []);
        let held = pace.take_held(Some(Nanos(HOUR)));
        assert_eq!(held, [Held { name: "a".into(), count: 20, last: "29".to_owned() }]);
        assert_eq!(pace.take_held(Some(Nanos(HOUR))), []);
        assert_eq!(sent(&mut pace, "a", HOUR), 10);
        assert_eq!(pace.take_held(None).len(), 2, "at the end all are told");
        assert!(pace.hours.is_empty());
    }

    #[test]
    fn what_could_not_be_told_of_is_told_of_later() {
        let mut pace = AlertPace::default();
        let held = Held { name: "a".into(), count: 3, last: "x".to_owned() };
        pace.put_back(held.clone(), Nanos(7));
        assert_eq!(pace.take_held(Some(Nanos(7))), [held]);
    }

    #[test]
    fn what_was_not_taken_does_not_count() {
        let mut pace = AlertPace::default();
        for _ in 0..20 {
            assert!(pace.admit("a", "x", Nanos(0)));
            pace.undo("a");
        }
        assert!(pace.admit("a", "x", Nanos(0)));
        assert_eq!(pace.take_held(None), []);
    }
}
