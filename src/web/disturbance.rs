//! What is wrong around the board, for its log: a line when it begins, and one when it is over. How long it lasts and how
//! often it is seen meanwhile makes no more lines of it.

use crate::store::Snapshot;
use log::{info, warn};
use oco::logic::text::printable;
use oco_fleet::time::Millis;

/// What was told.
#[derive(Debug, Default)]
pub struct Disturbances {
    watcher: Disturbance,
    journal: Disturbance,
}

/// One that may last.
#[derive(Debug, Default)]
struct Disturbance {
    lasts: bool,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Begins(String),
    IsOver(&'static str),
}

impl Disturbance {
    /// What is to be told, where it is as `why` says; none: all is well.
    fn see(&mut self, why: Option<String>, over: &'static str) -> Option<Line> {
        let lasted = std::mem::replace(&mut self.lasts, why.is_some());
        match (lasted, why) {
            (false, Some(why)) => Some(Line::Begins(why)),
            (true, None) => Some(Line::IsOver(over)),
            (false, None) | (true, Some(_)) => None,
        }
    }
}

impl Disturbances {
    /// Tells the log what is new. `away`: why the watcher does not answer.
    pub fn tell(&mut self, away: Option<&str>, snapshot: &Snapshot, now: Millis) {
        for line in self.see(away, snapshot, now) {
            match line {
                Line::Begins(why) => warn!("{}", printable(why.as_bytes())),
                Line::IsOver(what) => info!("{what}"),
            }
        }
    }

    fn see(&mut self, away: Option<&str>, snapshot: &Snapshot, now: Millis) -> Vec<Line> {
        let journal = snapshot.unread(now).map(|why| format!("journal: {why}"));
        let watcher = match away {
            Some(why) => Some(format!("the watcher is away: {why}")),
            // Of a journal that is not read nobody knows whether it is written.
            None if journal.is_none() && snapshot.is_late(now) => {
                Some("the watcher answers, and writes no sign of life into the journal".to_owned())
            }
            None => None,
        };
        let watcher = self.watcher.see(watcher, "the watcher is back");
        let journal = self.journal.see(journal, "journal: it is read again");
        watcher.into_iter().chain(journal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Trouble;

    #[test]
    fn what_lasts_is_told_when_it_begins_and_when_it_is_over() {
        let now = Millis(1_000_000);
        let fine = Snapshot { alive: now, read: Some(now), ..Snapshot::default() };
        let trouble = Some(Trouble { since: now, why: "it is gone".to_owned() });
        let unread = Snapshot { trouble, ..fine.clone() };
        let late = Snapshot { alive: Millis(0), ..fine.clone() };
        let begins = |why: &str| vec![Line::Begins(why.to_owned())];
        let mut told = Disturbances::default();
        let over = vec![Line::IsOver("the watcher is back")];
        for (away, snapshot, lines) in [
            (None, &Snapshot::default(), Vec::new()),
            (None, &fine, Vec::new()),
            (Some("connection refused"), &fine, begins("the watcher is away: connection refused")),
            (Some("timed out"), &fine, Vec::new()),
            (None, &fine, over.clone()),
            (None, &unread, begins("journal: it is gone")),
            (None, &unread, Vec::new()),
            (None, &fine, vec![Line::IsOver("journal: it is read again")]),
            (None, &late, begins("the watcher answers, and writes no sign of life into the journal")),
            (None, &fine, over),
        ] {
            assert_eq!(told.see(away, snapshot, now), lines);
        }
    }
}
