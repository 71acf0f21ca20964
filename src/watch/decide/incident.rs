//! Incidents: a service or node that gets a 5XX opens one. Further members and codes update it, an acknowledgement of its
//! name acknowledges it, and it is closed when that is up again. What was promised of it and did not come is late.
//!
//! ```text
//!   observe, look, acknowledge, due --> entries of the journal, IncidentSaid for the command and the alerts
//! ```
//!
//! What is planned opens none; one that is open stays so. Members that came back stay in its list: it says who failed.

#[cfg(test)]
mod tests;

use super::clock::millis;
use super::known::Known;
use crate::config;
use crate::limits::INCIDENT_UPDATE;
use oco::logic::code::{Code, Verdict};
use oco_fleet::journal::{Entry, Incident};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::time::Millis;
use oco_fleet::transition::rough;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

/// What became of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentEvent {
    /// It was opened.
    Open,
    /// Further members failed, or its code is another one.
    Update,
    /// Somebody knows of it.
    Acknowledge,
    /// It is over.
    Close,
    /// It should have been acknowledged, or closed, by now.
    Late,
}

impl IncidentEvent {
    /// The word for commands and for the journal.
    pub fn word(self) -> &'static str {
        match self {
            IncidentEvent::Open => "open",
            IncidentEvent::Update => "update",
            IncidentEvent::Acknowledge => "acknowledge",
            IncidentEvent::Close => "close",
            IncidentEvent::Late => "late",
        }
    }
}

/// Something became of an incident, which is so now, with all members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentSaid {
    /// What.
    pub event: IncidentEvent,
    /// The incident.
    pub incident: Incident,
}

/// All incidents that are open.
#[derive(Debug)]
pub struct Incidents {
    open: BTreeMap<ObjectName, Open>,
    /// When each has something to tell.
    times: BTreeSet<(Millis, ObjectName)>,
    /// The last number that was given.
    last: i64,
    acknowledge_within: Option<Duration>,
    close_within: Option<Duration>,
}

#[derive(Debug)]
struct Open {
    incident: Incident,
    members: HashSet<ObjectName>,
    /// Of these the journal does not know yet.
    fresh: Vec<ObjectName>,
    /// None: not known since the start.
    code: Option<Code>,
    note: Note,
    /// When what is new of it is told.
    update_at: Option<Millis>,
    /// Its place in the times.
    next: Option<Millis>,
}

/// What there is to remember of an incident over a restart.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Note {
    /// That it was not acknowledged in time was told.
    late_acknowledge: bool,
    /// That it was not closed in time was told.
    late_close: bool,
}

/// What comes of something.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct IncidentNews {
    /// For the journal.
    pub entries: Vec<Entry>,
    /// For the command, and the alerts `on` incident.
    pub said: Vec<IncidentSaid>,
}

impl Incidents {
    /// Those that were kept. `last` is the highest number that an incident ever had.
    pub fn new(kept: Vec<Incident>, last: i64, settings: &config::Incident) -> Incidents {
        let mut incidents = Incidents {
            open: BTreeMap::new(),
            times: BTreeSet::new(),
            last,
            acknowledge_within: settings.acknowledge_within,
            close_within: settings.close_within,
        };
        for incident in kept {
            incidents.last = incidents.last.max(incident.id);
            let name = incident.name.clone();
            let note = serde_json::from_str(&incident.note).unwrap_or_default();
            let members = incident.members.iter().cloned().collect();
            let open =
                Open { incident, members, fresh: Vec::new(), code: None, note, update_at: None, next: None };
            incidents.open.insert(name.clone(), open);
            incidents.plan(&name);
        }
        incidents
    }

    /// Takes on other settings: what was late stays told.
    pub fn reload(&mut self, settings: &config::Incident) {
        (self.acknowledge_within, self.close_within) = (settings.acknowledge_within, settings.close_within);
        let names: Vec<ObjectName> = self.open.keys().cloned().collect();
        names.iter().for_each(|name| self.plan(name));
    }

    /// Looks at everybody: at the start, and after a reload, when some may be gone.
    pub fn look(&mut self, known: Known<'_>, at: Millis, news: &mut IncidentNews) {
        let names: Vec<ObjectName> = self.open.keys().cloned().collect();
        for name in names {
            self.observe(&name, known, at, news);
            for (member, _) in known.failed(&name) {
                self.add_member(&name, member, at);
            }
        }
        let services = known.fleet.services().map(|service| service.name);
        for name in services.chain(known.fleet.nodes().map(|node| node.name)) {
            self.observe_itself(name, known, at, news);
        }
    }

    /// Somebody changed.
    pub fn observe(&mut self, name: &ObjectName, known: Known<'_>, at: Millis, news: &mut IncidentNews) {
        self.observe_itself(name, known, at, news);
        if !self.open.is_empty() && known.has_failed(name) {
            for above in known.directly_above(name) {
                self.add_member(&above, name, at);
            }
        }
    }

    fn observe_itself(&mut self, name: &ObjectName, known: Known<'_>, at: Millis, news: &mut IncidentNews) {
        match name.kind() {
            Kind::Service | Kind::Node => {}
            Kind::Target | Kind::Level => return,
        }
        let standing = known.standing(name);
        let code = standing.and_then(|standing| standing.code);
        match (self.open.get_mut(name), standing) {
            (None, Some(standing)) => {
                let is_incident = code.is_some_and(|code| code.verdict() == Verdict::Incident);
                if is_incident && !standing.planned {
                    self.begin(name, known, at, &standing.reason, news);
                }
            }
            (None, None) => {}
            (Some(_), None) => self.close(name, at, "not watched any more", news),
            (Some(_), Some(standing)) if standing.state.is_up() => {
                self.close(name, at, &standing.reason, news);
            }
            (Some(open), Some(_)) => {
                if code.is_some() && open.code != code {
                    // After a start it is not known which one it had.
                    let is_news = open.code.is_some();
                    open.code = code;
                    if is_news {
                        self.update_soon(name, at);
                    }
                }
            }
        }
    }

    /// Somebody acknowledges what fails: where that is an incident, the first who does. Taking that back changes nothing
    /// here, for somebody knows.
    pub fn acknowledge(&mut self, name: &ObjectName, who: &str, at: Millis, news: &mut IncidentNews) {
        if let Some(open) = self.open.get_mut(name).filter(|open| open.incident.acknowledged.is_none()) {
            (open.incident.acknowledged, open.incident.who) = (Some(at), Some(who.to_owned()));
            open.tell(IncidentEvent::Acknowledge, at, format!("by {who}"), news);
            self.plan(name);
        }
    }

    /// Time has passed: what is new of incidents is told, and what was promised of them may be late.
    pub fn due(&mut self, known: Known<'_>, at: Millis, news: &mut IncidentNews) {
        while let Some((_, name)) = self.times.first().filter(|(time, _)| *time <= at).cloned() {
            let promises = self.promises(&name);
            if let Some(open) = self.open.get_mut(&name) {
                if open.update_at.is_some_and(|update_at| update_at <= at) {
                    let reason = known.standing(&name).map(|standing| standing.reason.to_string());
                    open.tell(IncidentEvent::Update, at, reason.unwrap_or_default(), news);
                }
                for (promise, when, within) in promises {
                    let note = match promise {
                        Promise::Acknowledge => &mut open.note.late_acknowledge,
                        Promise::Close => &mut open.note.late_close,
                    };
                    if when <= at {
                        *note = true;
                        let text = format!("not {} within {}", promise.word(), rough(within));
                        open.tell(IncidentEvent::Late, at, text, news);
                    }
                }
            }
            self.plan(&name);
        }
    }

    /// When [`Incidents::due`] is to be called next.
    pub fn deadline(&self) -> Option<Millis> {
        self.times.first().map(|(time, _)| *time)
    }

    /// Those that are open, with all members: what a journal that was begun anew has to be told.
    pub fn all(&self) -> impl Iterator<Item = &Incident> {
        self.open.values().map(|open| &open.incident)
    }

    fn begin(
        &mut self,
        name: &ObjectName,
        known: Known<'_>,
        at: Millis,
        reason: &str,
        news: &mut IncidentNews,
    ) {
        self.last = self.last.saturating_add(1);
        let members: Vec<ObjectName> = known.failed(name).map(|(member, _)| member.clone()).collect();
        let incident = Incident {
            id: self.last,
            name: name.clone(),
            opened: at,
            acknowledged: None,
            closed: None,
            who: None,
            note: String::new(),
            members: members.clone(),
        };
        let mut open = Open {
            incident,
            members: members.iter().cloned().collect(),
            fresh: members,
            code: known.standing(name).and_then(|standing| standing.code),
            note: Note::default(),
            update_at: None,
            next: None,
        };
        open.tell(IncidentEvent::Open, at, reason.to_owned(), news);
        self.open.insert(name.clone(), open);
        self.plan(name);
    }

    fn close(&mut self, name: &ObjectName, at: Millis, reason: &str, news: &mut IncidentNews) {
        let Some(mut open) = self.open.remove(name) else { return };
        if let Some(next) = open.next {
            self.times.remove(&(next, name.clone()));
        }
        open.incident.closed = Some(at);
        open.tell(IncidentEvent::Close, at, reason.to_owned(), news);
    }

    fn add_member(&mut self, name: &ObjectName, member: &ObjectName, at: Millis) {
        if let Some(open) = self.open.get_mut(name)
            && !open.members.contains(member)
        {
            open.members.insert(member.clone());
            open.fresh.push(member.clone());
            open.incident.members.push(member.clone());
            self.update_soon(name, at);
        }
    }

    fn update_soon(&mut self, name: &ObjectName, at: Millis) {
        if let Some(open) = self.open.get_mut(name).filter(|open| open.update_at.is_none()) {
            open.update_at = Some(Millis(at.0.saturating_add(millis(INCIDENT_UPDATE))));
            self.plan(name);
        }
    }

    /// What was promised of an incident and did not come yet: when it has to.
    fn promises(&self, name: &ObjectName) -> Vec<(Promise, Millis, Duration)> {
        let Some(open) = self.open.get(name) else { return Vec::new() };
        let is_due = !open.note.late_acknowledge && open.incident.acknowledged.is_none();
        let acknowledge = self.acknowledge_within.filter(|_| is_due);
        let close = self.close_within.filter(|_| !open.note.late_close);
        let promises = [(Promise::Acknowledge, acknowledge), (Promise::Close, close)];
        let at = |within| Millis(open.incident.opened.0.saturating_add(millis(within)));
        promises
            .into_iter()
            .filter_map(|(promise, within)| within.map(|within| (promise, at(within), within)))
            .collect()
    }

    /// Notes when an incident has something to tell.
    fn plan(&mut self, name: &ObjectName) {
        let promised = self.promises(name).into_iter().map(|(_, at, _)| at).min();
        let Some(open) = self.open.get_mut(name) else { return };
        if let Some(next) = open.next {
            self.times.remove(&(next, name.clone()));
        }
        open.next = promised.into_iter().chain(open.update_at).min();
        self.times.extend(open.next.map(|next| (next, name.clone())));
    }
}

/// What is promised of an incident.
#[derive(Debug, Clone, Copy)]
enum Promise {
    Acknowledge,
    Close,
}

impl Promise {
    fn word(self) -> &'static str {
        match self {
            Promise::Acknowledge => "acknowledged",
            Promise::Close => "closed",
        }
    }
}

impl Open {
    /// Hands out how it is now. Whatever was new is told with it.
    fn tell(&mut self, event: IncidentEvent, at: Millis, text: String, news: &mut IncidentNews) {
        self.update_at = None;
        self.incident.note = serde_json::to_string(&self.note).unwrap_or_default();
        // The journal keeps members that it has: a storm would write them all again and again.
        let members = std::mem::take(&mut self.fresh);
        news.entries.push(Entry::Incident(Incident { members, ..without_members(&self.incident) }));
        let event_word = event.word().to_owned();
        news.entries.push(Entry::IncidentEvent { incident: self.incident.id, at, event: event_word, text });
        news.said.push(IncidentSaid { event, incident: self.incident.clone() });
    }
}

fn without_members(incident: &Incident) -> Incident {
    Incident {
        id: incident.id,
        name: incident.name.clone(),
        opened: incident.opened,
        acknowledged: incident.acknowledged,
        closed: incident.closed,
        who: incident.who.clone(),
        note: incident.note.clone(),
        members: Vec::new(),
    }
}
