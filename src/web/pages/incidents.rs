//! `/incidents` and `/incidents/N`: what became of each, and how long it took.

use super::error::{not_found, unknown};
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Link, Pager, When, page_within};
use super::query::Query;
use crate::limits::{INCIDENTS_READ, PAGE_ROWS};
use crate::view::clock::{Clock, length_of_two};
use crate::view::heard::Heard;
use crate::view::name::{Name, plain};
use askama::Template;
use oco_fleet::journal::{Act, ActKind, Incident, IncidentEvent, JournalError, Reader};
use oco_fleet::time::Millis;

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    page: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One {
    number: i64,
}

/// The last incidents.
#[derive(Debug)]
pub struct FoundList(Vec<Incident>);

/// An incident, and what became of it.
#[derive(Debug)]
pub struct FoundOne {
    incident: Option<(Incident, Vec<IncidentEvent>)>,
    /// Acknowledgements from when it began until it was acknowledged: its events do not say why.
    acts: Vec<Act>,
}

struct Row {
    id: i64,
    class: &'static str,
    state: &'static str,
    link: Link,
    title: String,
    opened: When,
    acknowledged: String,
    lasted: String,
    members: usize,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct ShownList {
    frame: Frame,
    rows: Vec<Row>,
    pager: Pager,
}

struct Event {
    at: When,
    word: &'static str,
    class: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct ShownOne {
    frame: Frame,
    row: Row,
    events: Vec<Event>,
    members: Vec<Link>,
    members_more: usize,
    was_late: Vec<String>,
}

impl List {
    /// Reads its query.
    pub fn new(query: &Query) -> Result<List, String> {
        Ok(List { page: query.page()? })
    }

    pub(super) fn read(&self, reader: &mut Reader) -> Result<FoundList, JournalError> {
        reader.incidents(INCIDENTS_READ).map(FoundList)
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<FoundList>,
        why: Option<&str>,
    ) -> Page {
        let clock = facts.clock();
        // What is open is known without asking.
        let all = found.map_or_else(|| (*facts.snapshot.incidents).clone(), |found| found.0);
        let (open, closed): (Vec<Incident>, Vec<Incident>) =
            all.into_iter().rev().partition(|incident| incident.closed.is_none());
        let all: Vec<Incident> = open.into_iter().chain(closed).collect();
        let page = page_within(self.page, all.len(), PAGE_ROWS);
        let shown = all.iter().skip(page * PAGE_ROWS).take(PAGE_ROWS);
        let template = ShownList {
            frame: Frame::new(facts, visitor, "incidents", "Incidents").with_unread(why),
            rows: shown.map(|incident| Row::of(incident, facts.heard(), &clock)).collect(),
            pager: Pager::new(self.page, all.len(), PAGE_ROWS, "/incidents"),
        };
        Page::html(200, &template)
    }
}

impl One {
    /// Reads its number.
    pub fn new(number: &str) -> Option<One> {
        Some(One { number: number.parse().ok()? })
    }

    pub(super) fn read(&self, reader: &mut Reader) -> Result<FoundOne, JournalError> {
        let incident = reader.incident(self.number)?;
        let acts = match incident.as_ref().map(|(incident, _)| (incident.opened, incident.acknowledged)) {
            Some((opened, Some(at))) => reader.acts(opened, Millis(at.0.saturating_add(1)))?,
            Some((_, None)) | None => Vec::new(),
        };
        Ok(FoundOne { incident, acts })
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<FoundOne>,
        why: Option<&str>,
    ) -> Page {
        let clock = facts.clock();
        let known = || {
            let known = facts.snapshot.incidents.iter().find(|incident| incident.id == self.number)?;
            Some((known.clone(), Vec::new()))
        };
        let heading = format!("Incident {}", self.number);
        let is_read = found.is_some();
        let FoundOne { incident, acts } =
            found.unwrap_or_else(|| FoundOne { incident: known(), acts: Vec::new() });
        let Some((incident, mut events)) = incident else {
            // Who could not look cannot say that there is none.
            return if is_read { not_found(facts, visitor) } else { unknown(facts, visitor, &heading, why) };
        };
        say_why(&mut events, &incident, &acts);
        let members = incident.members.iter().take(PAGE_ROWS / 2);
        let late = events.iter().filter(|event| event.event == "late");
        let template = ShownOne {
            frame: Frame::new(facts, visitor, "incidents", &heading).with_unread(why),
            row: Row::of(&incident, facts.heard(), &clock),
            was_late: late.map(|event| plain(&event.text)).collect(),
            members: members.map(|name| Link::to(Name::of(name))).collect(),
            members_more: incident.members.len().saturating_sub(PAGE_ROWS / 2),
            events: events.into_iter().map(|event| Event::of(event, &clock)).collect(),
        };
        Page::html(200, &template)
    }
}

/// Adds why it was acknowledged, in the words of who did: its last acknowledgement before the event.
fn say_why(events: &mut [IncidentEvent], incident: &Incident, acts: &[Act]) {
    let is_of = |act: &&Act| act.kind == ActKind::Ack && act.name == incident.name.as_str();
    for event in events.iter_mut().filter(|event| event.event == "acknowledge") {
        let act = acts.iter().filter(is_of).rfind(|act| act.at <= event.at);
        if let Some(act) = act.filter(|act| !act.text.is_empty()) {
            event.text = format!("{}: {}", event.text, act.text);
        }
    }
}

impl Row {
    fn of(incident: &Incident, heard: &Heard, clock: &Clock) -> Row {
        let (state, class) = match (incident.closed, incident.acknowledged) {
            (Some(_), _) => ("closed", "ok"),
            (None, Some(_)) => ("acknowledged", "taken"),
            (None, None) => ("open", "ko"),
        };
        let after = |at: Millis| length_of_two(at.since(incident.opened));
        let who = incident.who.as_ref().map(|who| format!(" by {}", plain(who))).unwrap_or_default();
        Row {
            id: incident.id,
            class,
            state,
            link: Link::to(Name::of(&incident.name)),
            title: heard.title(&incident.name).unwrap_or_default().to_owned(),
            opened: When::of(clock.moment(incident.opened)),
            acknowledged: incident
                .acknowledged
                .map_or_else(String::new, |at| format!("after {}{who}", after(at))),
            lasted: match incident.closed {
                Some(at) => after(at),
                None => format!("{} until now", clock.going_on(incident.opened)),
            },
            members: incident.members.len(),
        }
    }
}

impl Event {
    fn of(event: IncidentEvent, clock: &Clock) -> Event {
        let (word, class) = match event.event.as_str() {
            "open" => ("opened", "ko"),
            "update" => ("updated", "but"),
            "acknowledge" => ("acknowledged", "taken"),
            "close" => ("closed", "ok"),
            "late" => ("late", "ko"),
            _ => ("", "unknown"),
        };
        Event { at: When::of(clock.exact(event.at)), word, class, text: plain(&event.text) }
    }
}
