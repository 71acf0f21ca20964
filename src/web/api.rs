//! `/api/v1/...` and `/metrics`: what is known, for programs, in the shapes of `oco fleet ... --json`.
//!
//! The watcher is asked first where it knows more than the journal ([`Api::order`]); its reply goes on as it is. Without
//! it the journal answers, and without that the board, with what is known, and with what is wrong ([`Told`]).

mod events;
mod metrics;
mod status;

pub use events::Listener;
pub use metrics::metrics;

use crate::pages::{Facts, Page, Query};
use crate::store::{Store, Unread};
use crate::view::heard::HeardLevel;
use oco::limits::LOG_ENTRIES;
use oco::logic::control::{AvailabilityStatus, FleetOrder, FleetStatus};
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

/// An answer without the watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// It itself.
    pub page: Page,
    /// What is wrong with what is known, for people; a list has no place for it.
    pub warning: Option<String>,
}

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
        let keys: &[&str] = match what {
            "status" => &["name"],
            "nodes" | "incidents" => &[],
            "log" => &["name", "since"],
            "availability" => &["name", "from", "to"],
            _ => return Ok(None),
        };
        if let Some(key) = query.stranger(keys) {
            // It would be as if it were not there, and the answer of more than was asked for.
            let expected = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
            return Err(wrong(400, format!("{key:?}: not a key of this query; expected {expected}")));
        }
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
                let wish = LogWish {
                    patterns: patterns.clone(),
                    since: *since,
                    before: None,
                    limit,
                    is_last_page: true,
                };
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
    pub async fn show(self, facts: Facts, store: &Store) -> Told {
        let (api, known) = (self.clone(), facts.clone());
        let (answer, warning) = match store.ask(move |reader| api.read(&known, reader)).await {
            Ok(answer) => (answer, facts.warning()),
            Err(why) => {
                let warning = unread(&facts, &why);
                (self.remembered(&facts, &warning), Some(warning))
            }
        };
        Told { page: answer.unwrap_or_else(Page::from), warning }
    }

    /// The answer without watcher and journal: of what is known. Of what only the journal has, that is nothing.
    ///
    /// # Errors
    /// The query is wrong.
    pub fn remembered(&self, facts: &Facts, warning: &str) -> Answer {
        match self {
            Api::Status(patterns) => {
                let status = status::status(facts, patterns)?;
                Ok(json(&FleetStatus { warning: Some(warning.to_owned()), ..status }))
            }
            Api::Nodes => Ok(json(&status::nodes(facts))),
            Api::Log { .. } => Ok(Page::new(JSON_LINES, Vec::new())),
            // Those that are open.
            Api::Incidents => {
                let open = facts.snapshot.incidents.iter().map(|one| incident(one, None));
                Ok(json(&open.collect::<Vec<_>>()))
            }
            Api::Availability { name, from, to } => {
                let zone = facts.settings.zone.time_zone();
                let asked = (from.as_deref(), to.as_deref());
                let asked = parse_past(asked, facts.now, zone).map_err(|why| wrong(400, why))?;
                let time = Asked::new(facts, name, asked);
                let from =
                    time.from.unwrap_or(facts.snapshot.read.map_or(time.end(), |_| facts.snapshot.began));
                // Nobody says that it was watched.
                let history = History { gaps: vec![(from, time.to)], ..History::default() };
                time.told(from.min(time.end()), &history, Some(warning.to_owned()))
            }
        }
    }
}

/// Why the journal did not answer, for people.
fn unread(facts: &Facts, why: &Unread) -> String {
    facts.snapshot.warning(facts.now).unwrap_or_else(|| format!("The journal cannot be read: {why}"))
}

/// An availability that is asked for.
struct Asked<'a> {
    facts: &'a Facts,
    name: &'a ObjectName,
    level: Option<&'a HeardLevel>,
    /// From then on; none: from the journal's beginning.
    from: Option<Millis>,
    to: Millis,
}

impl<'a> Asked<'a> {
    fn new(facts: &'a Facts, name: &'a ObjectName, asked: (Option<Millis>, Option<Millis>)) -> Asked<'a> {
        let level = facts.heard().level(name);
        let promise = level.map(|level| &level.promise);
        let (from, to) = times(promise, asked, facts.now, &facts.settings.zone);
        Asked { facts, name, level, from, to }
    }

    /// Until when it is reckoned.
    fn end(&self) -> Millis {
        self.to.min(self.facts.now)
    }

    fn told(&self, from: Millis, history: &History, warning: Option<String>) -> Answer {
        let promise = self.level.map(|level| &level.promise);
        let (now, zone) = (self.facts.now, &self.facts.settings.zone);
        let reckoning = Reckoning::of(history, promise, (from, self.to), now, zone);
        let told = shown::availability(self.name, &reckoning, None);
        Ok(json(&AvailabilityStatus { warning, ..told }))
    }
}

/// An availability, as the order `availability` of the control socket reckons it.
fn reckoned(
    facts: &Facts,
    name: &ObjectName,
    asked: (Option<Millis>, Option<Millis>),
    reader: &mut Reader,
) -> Result<Answer, JournalError> {
    let time = Asked::new(facts, name, asked);
    if name.kind() == Kind::Level && time.level.is_none() {
        return Ok(Err(unknown(name.as_str())));
    }
    let from = match time.from {
        Some(from) => from,
        None => reader.known()?.0,
    };
    if from >= time.end() {
        let why = format!("{name}: expected a time that has begun, and ends after its beginning");
        return Ok(Err(wrong(400, why)));
    }
    let of = time.level.map_or(name, |level| &level.of);
    let found = reader.history(of, from, time.end(), facts.known().max(from))?;
    let Some(history) = found.or_else(|| time.level.map(|_| History::default())) else {
        return Ok(Err(unknown(name.as_str())));
    };
    Ok(time.told(from, &history, facts.warning()))
}
