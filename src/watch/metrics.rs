//! What Prometheus, and a watcher of the watcher, is told over HTTP: the pages, what is counted for them, and the server.

pub mod page;
pub mod server;

use crate::limits::{LATE_WINDOW, LATEST_START};
use oco::logic::http::Site;
use oco::logic::time::{Nanos, Now};
use std::time::Duration;

/// A page that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/` and `/health`: whether the watcher does its work.
    Health,
    /// `/metrics`: how the fleet stands, for Prometheus.
    Metrics,
}

impl Site for Page {
    const EXPECTED: &'static str = "/health or /metrics";

    fn find(path: &str) -> Option<Page> {
        match path {
            "/" | "/health" => Some(Page::Health),
            "/metrics" => Some(Page::Metrics),
            _ => None,
        }
    }

    fn is_for_pollers(self) -> bool {
        self == Page::Health
    }
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertResult {
    /// Its command succeeded.
    Sent,
    /// It is held.
    Held,
    /// Its command failed as often as it is tried.
    Failed,
}

impl AlertResult {
    /// Every result.
    pub const ALL: [AlertResult; 3] = [AlertResult::Sent, AlertResult::Held, AlertResult::Failed];

    /// As a label.
    pub fn word(self) -> &'static str {
        match self {
            AlertResult::Sent => "sent",
            AlertResult::Held => "held",
            AlertResult::Failed => "failed",
        }
    }

    /// Of the words in the journal: `sent`, `held: ...`, `failed: ...`.
    pub fn of(words: &str) -> Option<AlertResult> {
        let first = words.split(':').next().unwrap_or_default();
        AlertResult::ALL.into_iter().find(|result| result.word() == first)
    }
}

/// How often another board was told, since it is that of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forwards {
    /// It took all.
    pub sent: u64,
    /// It did not, or was not there.
    pub failed: u64,
}

/// What is counted since the start.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Transitions of targets, services, nodes and levels.
    pub transitions: u64,
    sent: u64,
    held: u64,
    failed: u64,
    /// Reports to another board; none: there is no such.
    pub forwards: Option<Forwards>,
    lateness: Lateness,
    /// When all was started last that was due, by the wall clock.
    pub last_round: Nanos,
}

impl Counts {
    /// Counts what became of an alert.
    pub fn alert(&mut self, result: AlertResult) {
        let count = match result {
            AlertResult::Sent => &mut self.sent,
            AlertResult::Held => &mut self.held,
            AlertResult::Failed => &mut self.failed,
        };
        *count = count.saturating_add(1);
    }

    /// How many alerts came to this.
    pub fn alerts(&self, result: AlertResult) -> u64 {
        match result {
            AlertResult::Sent => self.sent,
            AlertResult::Held => self.held,
            AlertResult::Failed => self.failed,
        }
    }

    /// A round began so late, and all of it was started.
    pub fn round(&mut self, late: Duration, now: Now) {
        self.lateness.see(late, now.boot);
        self.last_round = now.wall;
    }

    /// The largest lateness of a round in the last minute or two.
    pub fn late(&self, now: Nanos) -> Duration {
        self.lateness.largest(now)
    }

    /// Whether a round was so late that starts were left out.
    pub fn is_late(&self, now: Nanos) -> bool {
        self.late(now) > LATEST_START
    }
}

/// The largest lateness of a window, and of the one before.
#[derive(Debug, Clone, Default)]
struct Lateness {
    begun: Nanos,
    current: Duration,
    before: Duration,
}

impl Lateness {
    fn see(&mut self, late: Duration, now: Nanos) {
        let age = now.since(self.begun);
        if age >= LATE_WINDOW {
            self.before = if age < 2 * LATE_WINDOW { self.current } else { Duration::ZERO };
            (self.begun, self.current) = (now, Duration::ZERO);
        }
        self.current = self.current.max(late);
    }

    fn largest(&self, now: Nanos) -> Duration {
        let mut seen = self.clone();
        seen.see(Duration::ZERO, now);
        seen.current.max(seen.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_that_of_the_last_minute_or_two() {
        let at = |seconds: i64| Nanos(seconds * 1_000_000_000);
        let now = |seconds| Now { wall: at(seconds), boot: at(seconds) };
        let mut counts = Counts::default();
        counts.round(Duration::from_millis(20), now(1000));
        counts.round(Duration::from_millis(1001), now(1010));
        counts.round(Duration::from_millis(3), now(1069));
        assert_eq!((counts.late(at(1070)), counts.is_late(at(1070))), (Duration::from_millis(1001), true));
        counts.round(Duration::from_millis(4), now(1075));
        assert_eq!(counts.late(at(1128)), Duration::from_millis(1001));
        assert_eq!((counts.late(at(1140)), counts.is_late(at(1140))), (Duration::from_millis(4), false));
        assert_eq!((counts.late(at(5000)), counts.last_round), (Duration::ZERO, at(1075)));
    }

    #[test]
    fn results_of_alerts_are_read_from_the_journals_words() {
        let of = |words: &str| AlertResult::of(words).map(AlertResult::word);
        assert_eq!(
            [of("sent"), of("held: muted"), of("failed: exit 1"), of("x")],
            [Some("sent"), Some("held"), Some("failed"), None]
        );
        let mut counts = Counts::default();
        AlertResult::ALL.into_iter().for_each(|result| counts.alert(result));
        assert!(AlertResult::ALL.into_iter().all(|result| counts.alerts(result) == 1));
    }
}
