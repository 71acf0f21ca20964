//! What follows from a change besides the transitions: acknowledgements that end, maintenance that begins, incidents,
//! alerts. Here they meet, in the order in which each needs the one before.
//!
//! ```text
//!   changes --> Acts --> Planning --> (Fleet judges anew) --> Incidents --> Alerts --> Consequences
//! ```

mod facts;
#[cfg(test)]
mod tests;

use super::acts::{Acts, Wish};
use super::alert::{Alerts, Direct, Said, SendingId};
use super::alertmanager::{Alertmanager, Post};
use super::changes::{Changes, Note};
use super::fleet::Fleet;
use super::incident::{IncidentEvent, IncidentNews, Incidents};
use super::known::{Known, LevelStandings, Named, has_failed};
use super::moment::Moment;
use super::planning::{Planning, Times, first_names};
use crate::config::Settings;
use facts::{FleetFacts, Pace};
use oco::logic::time::Now;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{self, Act, ActKind, Entry};
use oco_fleet::maintenance::Window;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::time::Millis;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Acts, maintenance, incidents and alerts of a fleet.
#[derive(Debug)]
pub struct Telling {
    acts: Acts,
    planning: Planning,
    incidents: Incidents,
    alerts: Alerts,
    alertmanager: Alertmanager,
    /// Who depends on whom.
    dependents: HashMap<ObjectName, Vec<ObjectName>>,
    /// How fast each service of the file is probed.
    paces: HashMap<ObjectName, Pace>,
    /// Whom alerts, incidents and acts are to look at in the next turn.
    concerned: BTreeSet<ObjectName>,
    /// All of them are: it starts, or the settings are others.
    is_new: bool,
    /// What came of orders since the last turn.
    ordered: Consequences,
}

/// What a start goes on from.
#[derive(Debug, Default)]
pub struct KeptTelling {
    /// Acts that are in force, or still to come.
    pub acts: Vec<Act>,
    /// The highest number that an act ever had.
    pub last_act: i64,
    /// Windows of maintenance that are not over.
    pub windows: Vec<journal::Window>,
    /// Who was told of failures that are not over.
    pub told: Vec<journal::Told>,
    /// Incidents that are not closed.
    pub incidents: Vec<journal::Incident>,
    /// The highest number that an incident ever had.
    pub last_incident: i64,
}

impl From<Moment> for Times {
    fn from(now: Moment) -> Times {
        Times { wall: now.wall, at: now.at }
    }
}

/// What is to be written and done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Entries of the journal that stand before the transitions of the turn.
    pub before: Vec<Entry>,
    /// Acts that ended by themselves, for the log.
    pub ended: Vec<Act>,
    /// What became of incidents.
    pub incidents: IncidentNews,
    /// What alerts want done.
    pub said: Vec<Said>,
    /// What Alertmanager is to be told.
    pub posts: Vec<Post>,
}

impl Telling {
    /// That of the settings, going on from what was kept. Nobody is told of anything before the first turn.
    ///
    /// `known` are the names that the journal knew. Who is [planned](Planning::planned) is known at once, so that the
    /// fleet can begin with it.
    pub fn new<'a>(
        settings: &Settings,
        kept: KeptTelling,
        known: impl Iterator<Item = &'a ObjectName>,
        zone: Zone,
        now: Moment,
    ) -> Telling {
        let mut telling = Telling {
            acts: Acts::new(kept.acts, kept.last_act),
            planning: Planning::new(settings, zone.clone(), kept.windows),
            incidents: Incidents::new(kept.incidents, kept.last_incident, &settings.incident),
            alerts: Alerts::new(settings, kept.told, zone, now),
            alertmanager: Alertmanager::new(settings.alertmanager.as_ref()),
            dependents: HashMap::new(),
            paces: HashMap::new(),
            concerned: BTreeSet::new(),
            is_new: true,
            ordered: Consequences::default(),
        };
        telling.index(settings);
        if !settings.maintenance.is_empty() || telling.acts.windows().next().is_some() {
            let names = first_names(settings, known);
            telling.planning.due(&names, &telling.acts, now.into(), &mut telling.ordered.before);
        }
        telling
    }

    /// Other settings. What is still there keeps its memory.
    pub fn reload(&mut self, settings: &Settings, zone: Zone) {
        self.planning.reload(settings, zone.clone());
        self.incidents.reload(&settings.incident);
        self.alerts.reload(settings, zone);
        self.alertmanager.reload(settings.alertmanager.as_ref());
        self.index(settings);
        self.is_new = true;
    }

    fn index(&mut self, settings: &Settings) {
        self.dependents.clear();
        self.paces.clear();
        for group in &settings.groups {
            for service in &group.services {
                let name = ObjectName::service(&group.name, &service.name);
                for dependency in &service.depends {
                    self.dependents.entry(dependency.clone()).or_default().push(name.clone());
                }
                self.paces.insert(name, Pace::of(&service.timing));
            }
        }
    }

    /// Somebody acts. Tells what it took.
    ///
    /// # Errors
    /// The words say why nothing has changed.
    pub fn act(&mut self, wish: Wish, known: Known<'_>, at: Millis) -> Result<Vec<String>, String> {
        let (kind, name, who) = (wish.kind, wish.name.clone(), wish.who.clone());
        let took = self.acts.act(wish, known, at, &mut self.ordered.before)?;
        if kind == ActKind::Ack {
            for name in took.iter().filter_map(|name| ObjectName::parse(name).ok()) {
                self.incidents.acknowledge(&name, &who, at, &mut self.ordered.incidents);
            }
        }
        self.acted(kind, &name, known);
        Ok(took)
    }

    /// Somebody undoes an act. Tells what there was to undo.
    ///
    /// # Errors
    /// Nothing is known by that name.
    pub fn undo(
        &mut self,
        kind: ActKind,
        name: &str,
        who: &str,
        known: Known<'_>,
        at: Millis,
    ) -> Result<Vec<String>, String> {
        let took = self.acts.undo(kind, name, who, known, at, &mut self.ordered.before)?;
        self.acted(kind, name, known);
        Ok(took)
    }

    fn acted(&mut self, kind: ActKind, name: &str, known: Known<'_>) {
        self.concerned.extend(known.concerned(name));
        if kind == ActKind::Maint {
            self.planning.changed();
        }
    }

    /// Somebody says something to those whom the alerts of a name tell: of a target those of its service, of a group those of
    /// its services.
    ///
    /// # Errors
    /// Nothing is known by that name.
    pub fn direct(
        &mut self,
        name: &str,
        text: &str,
        known: Known<'_>,
        now: Moment,
    ) -> Result<Direct, String> {
        let names: Vec<ObjectName> = match known.find(name) {
            None => return Err(format!("{name}: nothing is known by that name")),
            Some(Named::Object(object)) => vec![object.service_of_target().unwrap_or(object)],
            Some(Named::Group) => known.services(name).map(|service| service.name.clone()).collect(),
        };
        let facts = FleetFacts { known, acts: &self.acts, paces: &self.paces, at: now.at };
        Ok(self.alerts.direct(&names, text, &facts, now, &mut self.ordered.said))
    }

    /// A command ended.
    pub fn done(&mut self, id: SendingId, result: Result<(), String>, now: Moment) {
        self.alerts.done(id, result, now, &mut self.ordered.said);
    }

    /// The window of the file that somebody is under, since when, and until when.
    pub fn window_on(&self, name: &ObjectName, now: Moment) -> Option<(&Window, Millis, Option<Millis>)> {
        self.planning.on(name, now.wall)
    }

    /// The acts, to read.
    pub fn acts(&self) -> &Acts {
        &self.acts
    }

    /// Who is under maintenance by its own name.
    pub fn planned(&self) -> &HashSet<ObjectName> {
        self.planning.planned()
    }

    /// Somebody reported who was not known before: windows of the file may be of it.
    pub fn met_somebody(&mut self) {
        self.planning.changed();
    }

    /// Of whom somebody was told, and may be again.
    pub fn remembered(&self) -> Vec<ObjectName> {
        self.alerts.names()
    }

    /// What a journal that was begun anew, or that lost entries, has to be told.
    pub fn entries(&self) -> Vec<Entry> {
        let acts = self.acts.all().cloned().map(Entry::Act);
        let incidents = self.incidents.all().cloned().map(Entry::Incident);
        acts.chain(self.planning.rows()).chain(incidents).collect()
    }

    /// How many milliseconds may pass until the next turn; none: no time has to pass for anything.
    pub fn wait(&self, now: Moment) -> Option<i64> {
        if self.is_new || !self.concerned.is_empty() || self.ordered != Consequences::default() {
            return Some(0);
        }
        let of_journal = [self.acts.deadline(), self.incidents.deadline()];
        let waits = of_journal.into_iter().flatten().map(|at| at.since(now.at));
        let hours = self.planning.deadline().map(|at| at.since(now.wall));
        let lengths = [self.alerts.deadline(), self.alertmanager.deadline()];
        let lengths = lengths.into_iter().flatten().map(|at| at.since(now.steady));
        waits.chain(hours).chain(lengths).min().map(|wait| wait.max(0))
    }

    /// What follows from what changed since the last turn, and from the time that passed. The fleet judges anew what is
    /// planned now; what comes of that is added to the changes.
    pub fn turn(
        &mut self,
        fleet: &mut Fleet,
        levels: &dyn LevelStandings,
        changes: &mut Changes,
        now: Now,
    ) -> Consequences {
        let moment = fleet.moment(now);
        let mut out = std::mem::take(&mut self.ordered);
        self.end_acts(&Known { fleet, levels }, changes, 0, moment, &mut out);
        let seen = changes.transitions.len();
        if self.is_new || !changes.ended.is_empty() {
            self.planning.changed();
        }
        let planned = self.planning.due(fleet, &self.acts, moment.into(), &mut out.before);
        for (name, is_planned) in &planned {
            fleet.set_planned(name, *is_planned, now, changes);
        }
        if !planned.is_empty() {
            self.end_acts(&Known { fleet, levels }, changes, seen, moment, &mut out);
        }
        let concerned = self.take_concerned(fleet, changes);
        let known = Known { fleet, levels };
        if std::mem::take(&mut self.is_new) {
            self.incidents.look(known, moment.at, &mut out.incidents);
        }
        for name in changes.transitions.iter().map(|transition| &transition.name).chain(&changes.ended) {
            self.incidents.observe(name, known, moment.at, &mut out.incidents);
        }
        for transition in changes.transitions.iter().filter(|transition| has_failed(&transition.new)) {
            for above in known.directly_above(&transition.name) {
                self.alerts.failed(&above, &transition.name);
            }
        }
        self.incidents.due(known, moment.at, &mut out.incidents);
        let facts = FleetFacts { known, acts: &self.acts, paces: &self.paces, at: moment.at };
        for said in out.incidents.said.iter().filter(|said| is_alerted(said.event)) {
            self.alerts.incident(&said.incident.name, &facts, moment, &mut out.said);
        }
        for name in &concerned {
            self.alerts.observe(name, &facts, moment, &mut out.said);
            self.alertmanager.observe(name, &facts, moment, &mut out.posts);
        }
        self.alerts.due(&facts, moment, &mut out.said);
        self.alertmanager.due(&facts, moment, &mut out.posts);
        out
    }

    /// Ends acts that time or a transition from `from` on has ended.
    fn end_acts(
        &mut self,
        known: &Known<'_>,
        changes: &Changes,
        from: usize,
        now: Moment,
        out: &mut Consequences,
    ) {
        let at = now.at;
        let mut ended = Vec::new();
        if self.is_new {
            let planning = &self.planning;
            let window = |name: &ObjectName| planning.on(name, now.wall).map(|(_, opened, _)| opened);
            ended.extend(self.acts.look(*known, &window, at, &mut out.before));
        }
        for transition in changes.transitions.iter().skip(from) {
            ended.extend(self.acts.observe(&transition.name, *known, at, &mut out.before));
        }
        ended.extend(self.acts.due(at, &mut out.before));
        for act in &ended {
            self.acted(act.kind, &act.name, *known);
        }
        out.ended.extend(ended);
    }

    /// Takes out whom this turn concerns: services, nodes and levels.
    fn take_concerned(&mut self, fleet: &Fleet, changes: &Changes) -> Vec<ObjectName> {
        let mut concerned = std::mem::take(&mut self.concerned);
        if self.is_new || changes.notes.contains(&Note::CanaryBack) {
            concerned.extend(fleet.services().map(|service| service.name.clone()));
            concerned.extend(fleet.nodes().map(|node| node.name.clone()));
            concerned.extend(self.alerts.names());
        }
        concerned.extend(changes.judged.iter().cloned());
        concerned.extend(changes.ended.iter().filter(|name| name.kind() != Kind::Target).cloned());
        for transition in &changes.transitions {
            concerned.extend(self.dependents.get(&transition.name).into_iter().flatten().cloned());
            if transition.name.kind() == Kind::Level {
                concerned.insert(transition.name.clone());
            }
        }
        for note in &changes.notes {
            if let Note::Flapping(name, _) = note {
                concerned.insert(name.clone());
            }
        }
        concerned.into_iter().collect()
    }
}

/// Whether alerts `on` incident tell it.
fn is_alerted(event: IncidentEvent) -> bool {
    match event {
        IncidentEvent::Open | IncidentEvent::Late => true,
        IncidentEvent::Update | IncidentEvent::Acknowledge | IncidentEvent::Close => false,
    }
}
