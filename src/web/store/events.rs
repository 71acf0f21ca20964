//! What happened, for who listens: each event has a number that says where it stands in the journal, so that one who was
//! away can go on where he was, also with a board that was started anew.

use crate::limits::EVENTS_KEPT;
use oco_fleet::journal::{LogPage, LogRow};
use oco_fleet::shown::log_entry;
use oco_fleet::time::Millis;
use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// Where an event stands: its millisecond, and the how many-th it is in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    at: Millis,
    n: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.0, self.n)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<EventId, ()> {
        let (at, n) = text.split_once('-').ok_or(())?;
        Ok(EventId { at: Millis(at.parse().map_err(|_| ())?), n: n.parse().map_err(|_| ())? })
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub id: EventId,
    /// To whom.
    pub name: String,
    /// As the log's JSON has it: one line.
    pub data: String,
}

impl Event {
    /// As it goes over the wire.
    pub fn text(&self) -> String {
        format!("id: {}\ndata: {}\n\n", self.id, self.data)
    }
}

/// The last events.
#[derive(Debug, Default)]
pub struct Backlog(VecDeque<Event>);

/// What one has missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// These, oldest first.
    Events(Vec<Event>),
    /// More than is remembered here: the journal has to be asked from then on.
    More(Millis),
}

impl Backlog {
    /// One more.
    pub fn push(&mut self, event: Event) {
        if self.0.len() >= EVENTS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    /// The newest event's place.
    pub fn last(&self) -> Option<EventId> {
        self.0.back().map(|event| event.id)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Event> {
        self.0.iter().cloned().collect()
    }

    /// What came after `id`.
    pub fn after(&self, id: EventId) -> Missed {
        if self.0.front().is_none_or(|first| first.id > id) {
            return Missed::More(id.at);
        }
        Missed::Events(self.0.iter().filter(|event| event.id > id).cloned().collect())
    }
}

/// Gives events their places.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// The millisecond of the last one.
    at: Millis,
    /// How many of it were told.
    told: u32,
}

impl Places {
    /// Begins with what happens after `at`.
    pub fn after(at: Millis) -> Places {
        Places { at: Millis(at.0.saturating_add(1)), told: 0 }
    }

    /// Goes on behind `id`.
    pub fn behind(id: EventId) -> Places {
        Places { at: id.at, told: id.n.saturating_add(1) }
    }

    /// From when on the journal has to be asked.
    pub fn since(&self) -> Millis {
        self.at
    }

    /// The events of a page of the log that begins at [`Places::since`], without those that were told.
    pub fn number(&mut self, page: LogPage) -> Vec<Event> {
        let (mut at, mut n) = (self.at, 0);
        let mut events = Vec::new();
        let first = *self;
        for row in page.rows {
            if row.at != at {
                (at, n) = (row.at, 0);
            }
            let id = EventId { at, n };
            n += 1;
            if row.at > first.at || id.n >= first.told {
                events.push(event(id, row));
                *self = Places { at, told: n };
            }
        }
        events
    }
}

fn event(id: EventId, row: LogRow) -> Event {
    let entry = log_entry(row, None);
    // An entry is words and numbers: it can always be written.
    let data = serde_json::to_string(&entry).unwrap_or_default();
    Event { id, name: entry.name, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::journal::Happened;

    fn row(at: i64, text: &str) -> LogRow {
        let what = Happened::Act { act: "ack", who: None, text: text.to_owned(), until: None };
        LogRow { at: Millis(at), name: "web/oco".to_owned(), what }
    }

    fn page(rows: &[(i64, &str)]) -> LogPage {
        LogPage { rows: rows.iter().map(|(at, text)| row(*at, text)).collect(), is_whole: true }
    }

    fn ids(events: &[Event]) -> Vec<String> {
        events.iter().map(|event| event.id.to_string()).collect()
    }

    #[test]
    fn each_event_is_told_once() {
        let mut places = Places::after(Millis(9));
        assert_eq!(ids(&places.number(page(&[(10, "a"), (10, "b")]))), ["10-0", "10-1"]);
        assert_eq!(places.since(), Millis(10));
        assert_eq!(
            ids(&places.number(page(&[(10, "a"), (10, "b"), (10, "c"), (12, "d")]))),
            ["10-2", "12-0"]
        );
        assert!(places.number(page(&[(12, "d")])).is_empty());
    }

    #[test]
    fn who_comes_back_goes_on_where_he_was() {
        let mut backlog = Backlog::default();
        let mut places = Places::after(Millis(0));
        places
            .number(page(&[(10, "a"), (10, "b"), (12, "c")]))
            .into_iter()
            .for_each(|event| backlog.push(event));
        let after = |id: &str| match backlog.after(id.parse().unwrap()) {
            Missed::Events(events) => ids(&events),
            Missed::More(at) => vec![format!("more {}", at.0)],
        };
        assert_eq!(after("10-0"), ["10-1", "12-0"]);
        assert!(after("12-0").is_empty());
        assert_eq!(after("9-0"), ["more 9"]);
        assert_eq!(backlog.last().unwrap().to_string(), "12-0");
        for bad in ["", "10", "a-b", "10-", "-1", "10-99999999999"] {
            assert!(bad.parse::<EventId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_backlog_is_bounded() {
        let mut backlog = Backlog::default();
        let mut places = Places::after(Millis(0));
        for at in 1..=2 * i64::try_from(EVENTS_KEPT).unwrap() {
            places.number(page(&[(at, "x")])).into_iter().for_each(|event| backlog.push(event));
        }
        assert_eq!(backlog.0.len(), EVENTS_KEPT);
    }

    #[test]
    fn an_event_is_one_line_of_data() {
        let event = event("5-1".parse().unwrap(), row(5, "two\nlines"));
        assert_eq!(event.text().matches('\n').count(), 3);
        assert!(event.text().starts_with("id: 5-1\ndata: {\"at\":"));
    }
}
