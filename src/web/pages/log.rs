//! `/log`: what happened, filtered; the newest first.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Chip, Link, When};
use super::query::Query;
use crate::limits::PAGE_ROWS;
use crate::view::clock::Clock;
use crate::view::name::{Name, encoded, plain, reason_of};
use askama::Template;
use askama::filters::HtmlSafe;
use oco_fleet::journal::{Happened, JournalError, LogPage, LogRow, LogWish, Reader};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_when_in, rfc3339};

/// What of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transition,
    Alert,
    Act,
    Incident,
}

const KINDS: [Kind; 4] = [Kind::Transition, Kind::Alert, Kind::Act, Kind::Incident];

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Transition => "transition",
            Kind::Alert => "alert",
            Kind::Act => "act",
            Kind::Incident => "incident",
        }
    }

    fn of(what: &Happened) -> Kind {
        match what {
            Happened::Transition { .. } => Kind::Transition,
            Happened::Alert { .. } => Kind::Alert,
            Happened::Act { .. } => Kind::Act,
            Happened::Incident { .. } => Kind::Incident,
        }
    }
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// As somebody wrote them.
    name: String,
    since_text: String,
    patterns: Vec<Pattern>,
    since: Option<Millis>,
    before: Option<Millis>,
    kind: Option<Kind>,
}

/// A page of it.
#[derive(Debug)]
pub struct Found {
    page: LogPage,
    /// The oldest row that was looked at, whether it is shown or not.
    oldest: Option<Millis>,
}

/// Something that happened.
pub struct Line {
    pub(super) at: When,
    pub(super) kind: &'static str,
    pub(super) class: &'static str,
    pub(super) link: Link,
    pub(super) states: Option<(Chip, Chip)>,
    pub(super) text: String,
}

/// What happened, the newest first.
#[derive(Template)]
#[template(path = "lines.html")]
pub(super) struct Lines {
    lines: Vec<Line>,
    more: Option<String>,
}

impl HtmlSafe for Lines {}

impl Lines {
    /// Of a page of the log; `more` leads to what is older.
    pub(super) fn of(page: LogPage, clock: &Clock, more: Option<String>) -> Lines {
        Lines { lines: page.rows.into_iter().rev().map(|row| Line::of(row, clock)).collect(), more }
    }
}

#[derive(Template)]
#[template(path = "log.html")]
struct Shown {
    frame: Frame,
    name: String,
    since: String,
    kinds: Vec<(&'static str, bool)>,
    lines: Lines,
    older: Option<String>,
    is_newest: bool,
}

impl Log {
    /// Reads its query.
    pub fn new(query: &Query, facts: &Facts) -> Result<Log, String> {
        let zone = facts.settings.zone.time_zone();
        let time = |key: &str| {
            let text = query.get(key)?;
            let at = text.map(|text| parse_when_in(text, facts.now, zone, Toward::Past)).transpose();
            at.map_err(|why| format!("{key}: {why}"))
        };
        let name = query.get("name")?.unwrap_or_default();
        let patterns = name.split_whitespace().map(Pattern::parse).collect::<Result<_, _>>()?;
        let kind = match query.get("kind")? {
            None => None,
            Some(word) => {
                let kind = KINDS.into_iter().find(|kind| kind.word() == word);
                Some(kind.ok_or("kind: expected transition, alert, act or incident")?)
            }
        };
        Ok(Log {
            name: name.to_owned(),
            since_text: query.get("since")?.unwrap_or_default().to_owned(),
            patterns,
            since: time("since")?,
            before: time("before")?,
            kind,
        })
    }

    pub(super) fn read(&self, reader: &mut Reader) -> Result<Found, JournalError> {
        let wish = LogWish {
            patterns: self.patterns.clone(),
            since: self.since,
            before: self.before,
            limit: PAGE_ROWS,
            ..LogWish::default()
        };
        let mut page = reader.log(&wish)?;
        let oldest = page.rows.first().map(|row| row.at);
        page.rows.retain(|row| self.kind.is_none_or(|kind| Kind::of(&row.what) == kind));
        Ok(Found { page, oldest })
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<Found>,
        why: Option<&str>,
    ) -> Page {
        let clock = facts.clock();
        let (page, oldest) = found.map(|found| (found.page, found.oldest)).unwrap_or_default();
        let older = oldest.filter(|_| !page.is_whole).map(|oldest| self.link(Some(oldest)));
        let template = Shown {
            frame: Frame::new(facts, visitor, "log", "Log").with_unread(why),
            name: self.name.clone(),
            since: self.since_text.clone(),
            kinds: KINDS.into_iter().map(|kind| (kind.word(), self.kind == Some(kind))).collect(),
            lines: Lines::of(page, &clock, None),
            older,
            is_newest: self.before.is_none(),
        };
        Page::html(200, &template)
    }

    fn link(&self, before: Option<Millis>) -> String {
        let kind = self.kind.map(|kind| kind.word().to_owned());
        let before = before.map(rfc3339);
        let since = Some(&self.since_text).filter(|text| !text.is_empty()).cloned();
        let name = Some(&self.name).filter(|text| !text.is_empty()).cloned();
        let keys = [("name", name), ("since", since), ("kind", kind), ("before", before)];
        let pairs = keys.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", encoded(&value?))));
        format!("/log?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

impl Line {
    /// A row of the journal.
    pub fn of(row: LogRow, clock: &Clock) -> Line {
        let kind = Kind::of(&row.what).word();
        let line = Line {
            at: When::of(clock.exact(row.at)),
            kind,
            class: kind,
            link: Link::to(Name::of_any(&row.name)),
            states: None,
            text: String::new(),
        };
        let line = match row.what {
            Happened::Transition { old, old_planned, old_code, new, depends_on } => {
                let before =
                    Standing { state: old, code: old_code, planned: old_planned, ..Standing::default() };
                let behind = depends_on.map(|name| format!(", while {name}")).unwrap_or_default();
                let planned = if new.planned { " (planned)" } else { "" };
                let reason = ObjectName::parse(&row.name)
                    .map_or_else(|_| new.reason.to_string(), |name| reason_of(&name, &new.reason));
                Line {
                    states: Some((Chip::of(&before), Chip::of(&new))),
                    text: format!("{reason}{planned}{behind}"),
                    ..line
                }
            }
            Happened::Alert { alert, event, step, command, result } => {
                Line { text: format!("{alert}: {event}, step {step}, {result}: {command}"), ..line }
            }
            Happened::Act { act, who, text, until } => {
                let by = who.map_or_else(|| "ended by itself".to_owned(), |who| format!("by {who}"));
                let until = until.map(|until| format!(", until {}", clock.moment(until).text));
                let text = if text.is_empty() { text } else { format!(": {text}") };
                Line { text: format!("{act} {by}{}{text}", until.unwrap_or_default()), ..line }
            }
            Happened::Incident { id, event, text } => Line { text: format!("#{id} {event}: {text}"), ..line },
        };
        Line { text: plain(&line.text), ..line }
    }
}
