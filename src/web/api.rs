//! `/api/v1/...` and `/metrics`: what is known, for programs, in the shapes of `oco fleet ... --json`.
//!
//! The watcher is asked first where it knows more than the journal ([`Api::order`]); its reply goes on as it is. Without
//! it the journal answers, with what is known.

mod events;
mod metrics;
mod status;

pub use events::Listener;
pub use metrics::metrics;

use crate::pages::{Facts, Page, Query};
use crate::store::{Store, Unread};
use oco::limits::LOG_ENTRIES;
use oco::logic::control::FleetOrder;
use oco_fleet::journal::{History, JournalError, LogWish, Reader};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use oco_fleet::reckoning::{Reckoning, times};
use oco_fleet::shown::{self, incident, log_entry};
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_past, parse_when_in};
use serde::Serialize;

/// Incidents that are told, as many as the watcher tells.
const INCIDENTS: u32 = 1_000;
const JSON: &str = "application/json";
/// A line each.
const JSON_LINES: &str = "application/x-ndjson";

/// What a program wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// `/api/v1/status`: of `name`, patterns parted by blanks; none: of all.
    Status(Vec<Pattern>),
    /// `/api/v1/nodes`: the nodes of it.
    Nodes,
    /// `/api/v1/log`: a line each.
    Log {
        /// Of whom.
        patterns: Vec<Pattern>,
        /// From then on.
        since: Option<Millis>,
    },
    /// `/api/v1/availability`.
    Availability {
        /// Of whom.
        name: ObjectName,
        /// As it was written.
        from: Option<String>,
        /// As it was written.
        to: Option<String>,
    },
    /// `/api/v1/incidents`.
    Incidents,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// HTTP's number.
    pub status: u16,
    /// What, which, and what was expected.
    pub error: String,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
}

/// What the journal answered.
pub type Answer = Result<Page, Wrong>;

fn wrong(status: u16, error: impl Into<String>) -> Wrong {
    Wrong { status, error: error.into() }
}

fn unknown(name: &str) -> Wrong {
    wrong(404, format!("{name}: nothing is known by that name"))
}

impl From<Wrong> for Page {
    fn from(wrong: Wrong) -> Page {
        let body = serde_json::to_vec(&ErrorBody { error: &wrong.error }).unwrap_or_default();
        Page { status: wrong.status, etag: None, ..Page::new(JSON, body) }
    }
}

impl From<Unread> for Wrong {
    fn from(unread: Unread) -> Wrong {
        wrong(503, unread.to_string())
    }
}

/// A value as JSON.
fn json(value: &impl Serialize) -> Page {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    Page::new(JSON, body)
}

/// A line of the watcher's, handed on.
pub fn handed_on(line: &[u8]) -> Page {
    Page::new(JSON, line.to_vec())
}

impl Api {
    /// What is behind `/api/v1/`. None: nothing to read is.
    ///
    /// # Errors
    /// The query is wrong.
    pub fn new(what: &str, query: &Query, facts: &Facts) -> Result<Option<Api>, Wrong> {
        let bad = |why: String| wrong(400, why);
        let text = |key: &str| query.get(key).map(|text| text.map(str::to_owned)).map_err(bad);
        let patterns = || {
            let text = text("name")?.unwrap_or_default();
            text.split_whitespace().map(|one| Pattern::parse(one).map_err(bad)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Some(match what {
            "status" => Api::Status(patterns()?),
            "nodes" => Api::Nodes,
            "incidents" => Api::Incidents,
            "log" => {
                let zone = facts.settings.zone.time_zone();
                let since = text("since")?;
                let since = since.map(|since| parse_when_in(&since, facts.now, zone, Toward::Past));
                Api::Log { patterns: patterns()?, since: since.transpose().map_err(bad)? }
            }
            "availability" => {
                let name =
                    text("name")?.ok_or_else(|| wrong(400, "name: missing; expected whose availability"))?;
                let name = ObjectName::parse(&name).map_err(bad)?;
                let (from, to) = (text("from")?, text("to")?);
                // What is no time is told before somebody is asked.
                let zone = facts.settings.zone.time_zone();
                for time in [&from, &to].into_iter().flatten() {
                    parse_when_in(time, facts.now, zone, Toward::Past).map_err(bad)?;
                }
                Api::Availability { name, from, to }
            }
            _ => return Ok(None),
        }))
    }

    /// What to ask the watcher, where it knows more.
    pub fn order(&self) -> Option<FleetOrder> {
        match self {
            Api::Status(patterns) => {
                let patterns = patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
                Some(FleetOrder::Status { patterns, most: None })
            }
            Api::Nodes | Api::Log { .. } | Api::Availability { .. } | Api::Incidents => None,
        }
    }

    /// The answer without the watcher: of what is known, and of the journal.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Answer, JournalError> {
        Ok(match self {
            Api::Status(patterns) => status::status(facts, patterns).map(|status| json(&status)),
            Api::Nodes => Ok(json(&status::nodes(facts))),
            Api::Log { patterns, since } => {
                let limit = if since.is_some() { usize::MAX } else { LOG_ENTRIES };
                let wish = LogWish { patterns: patterns.clone(), since: *since, before: None, limit };
                let rows = reader.log(&wish)?.rows;
                let mut body = Vec::new();
                for row in rows {
                    body.extend(serde_json::to_vec(&log_entry(row, None)).unwrap_or_default());
                    body.push(b'\n');
                }
                Ok(Page::new(JSON_LINES, body))
            }
            Api::Incidents => {
                let incidents = reader.incidents(INCIDENTS)?;
                Ok(json(&incidents.iter().map(|one| incident(one, None)).collect::<Vec<_>>()))
            }
            Api::Availability { name, from, to } => {
                let zone = facts.settings.zone.time_zone();
                match parse_past((from.as_deref(), to.as_deref()), facts.now, zone) {
                    Ok(asked) => reckoned(facts, name, asked, reader)?,
                    Err(why) => Err(wrong(400, why)),
                }
            }
        })
    }

    /// The answer without the watcher.
    pub async fn show(self, facts: Facts, store: &Store) -> Page {
        let (api, known) = (self.clone(), facts.clone());
        let answer = match store.ask(move |reader| api.read(&known, reader)).await {
            Ok(answer) => answer,
            Err(why) => self.remembered(&facts, why),
        };
        answer.unwrap_or_else(Page::from)
    }

    /// The answer without watcher and journal: of what is known.
    ///
    /// # Errors
    /// Nothing is known of that.
    pub fn remembered(&self, facts: &Facts, why: Unread) -> Answer {
        match self {
            Api::Status(patterns) => status::status(facts, patterns).map(|status| json(&status)),
            Api::Nodes => Ok(json(&status::nodes(facts))),
            Api::Log { .. } | Api::Availability { .. } | Api::Incidents => Err(why.into()),
        }
    }
}

/// An availability, as the order `availability` of the control socket reckons it.
fn reckoned(
    facts: &Facts,
    name: &ObjectName,
    asked: (Option<Millis>, Option<Millis>),
    reader: &mut Reader,
) -> Result<Answer, JournalError> {
    let (now, zone) = (facts.now, &facts.settings.zone);
    let level = facts.heard().level(name);
    if name.kind() == Kind::Level && level.is_none() {
        return Ok(Err(unknown(name.as_str())));
    }
    let promise = level.map(|level| &level.promise);
    let (from, to) = times(promise, asked, now, zone);
    let from = match from {
        Some(from) => from,
        None => reader.known()?.0,
    };
    let end = to.min(now);
    if from >= end {
        let why = format!("{name}: expected a time that has begun, and ends after its beginning");
        return Ok(Err(wrong(400, why)));
    }
    let of = level.map_or(name, |level| &level.of);
    let found = reader.history(of, from, end, facts.known().max(from))?;
    let Some(history) = found.or_else(|| level.map(|_| History::default())) else {
        return Ok(Err(unknown(name.as_str())));
    };
    let reckoning = Reckoning::of(&history, promise, (from, to), now, zone);
    Ok(Ok(json(&shown::availability(name, &reckoning, None))))
}
