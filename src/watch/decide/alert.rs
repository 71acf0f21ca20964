//! Who is told of what, and when: the policy of the alerts. It runs no command and reads no clock; what is to be done
//! comes out as [`Said`].
//!
//! ```text
//!   observe, due, incident, direct --> judge: is something due? is it held? --> Send, or a row that says why not
//!   done --------------------------> outcome: it was told, or is tried again --> Told or Untold, a row, due at once
//! ```
//!
//! What is remembered of an object by one alert is a track, with a slot for each step. What was told stands in the journal
//! as soon as its command succeeded, and nothing else is needed of it: a start judges all else anew.

mod attempt;
mod hold;
mod judge;
mod notices;
mod outcome;
mod rules;
mod said;
#[cfg(test)]
#[allow(clippy::as_conversions)]
mod simulation;
#[cfg(test)]
mod tests;
mod track;
mod turn;
pub mod words;

pub use said::{Direct, Failed, Said, Sending, SendingId};

use super::moment::Moment;
use crate::config::{AlertEvent, Settings};
use crate::limits::{DIRECT_WAITING, TOLD_MEMBERS};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::Told;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use rules::{Rule, matching, rules, words};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use track::{Track, Waiting};
use turn::{Desk, Turn};

/// Members, one after the other: there may be a hundred thousand, of which a few are asked for.
pub type Members<'a> = Box<dyn Iterator<Item = Cow<'a, ObjectName>> + 'a>;
/// The same with the reason of each.
pub type FailedMembers<'a> = Box<dyn Iterator<Item = (Cow<'a, ObjectName>, &'a str)> + 'a>;

/// What has to be known of those of whom somebody is told: services, nodes and levels.
pub trait Facts {
    /// How it stands with one; none: it is not watched any more.
    fn subject(&self, name: &ObjectName) -> Option<Subject<'_>>;
    /// Its members that are ko and not planned, in order, each with its reason: of a service targets.
    fn failed<'a>(&'a self, name: &ObjectName) -> FailedMembers<'a>;
    /// Whether a member is watched and not up: it has not come back, planned or not.
    fn is_down(&self, member: &ObjectName) -> bool;
    /// Whether it is but for no other reason than that members are unknown.
    fn is_in_doubt(&self, name: &ObjectName) -> bool;
    /// All of its members, in order.
    fn all<'a>(&'a self, name: &ObjectName) -> Members<'a>;
    /// Whether it is us: then nobody is told of anything.
    fn is_canary_lost(&self) -> bool;
    /// When it was us last until now: what was unknown then may be known only since.
    fn heard_since(&self) -> Millis;
    /// How long it takes until all of it is judged by probes that begin anew, as when it was us.
    fn judged_within(&self, _: &ObjectName) -> Duration {
        Duration::ZERO
    }
}

/// How it stands with one of whom somebody is told.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Where it stands.
    pub standing: &'a Standing,
    /// Since when it is in this state.
    pub since: Millis,
    /// From its first ko until it is up again; none: it does not fail.
    pub failing_since: Option<Millis>,
    /// Since when it goes up and down; none: it does not. The failure with which that began did not begin later.
    pub flapping_since: Option<Millis>,
    /// From probe to probe: N of them are N - 1 of these after the failure began.
    pub interval: Duration,
    /// How it stands with what it depends on.
    pub dependency: DependencyFact,
    /// Whether somebody acknowledged its failure, or that of each failed member.
    pub is_acked: bool,
    /// Whether nobody is to be told.
    pub is_muted: bool,
}

impl Subject<'_> {
    /// Whether there is nothing to tell of it, unless somebody was told before.
    fn is_quiet(&self) -> bool {
        self.standing.state == State::Ok && self.failing_since.is_none() && self.flapping_since.is_none()
    }
}

/// How it stands with what somebody depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependencyFact {
    /// None of it is ko.
    Clear,
    /// It is not known yet.
    Awaited,
    /// This one is ko.
    Ko(ObjectName),
}

/// Who was told of what, and who is to be told.
#[derive(Debug)]
pub struct Alerts {
    rules: Vec<Arc<Rule>>,
    zone: Zone,
    objects: HashMap<ObjectName, Object>,
    /// When to look at whom.
    wakes: BTreeSet<(Millis, ObjectName)>,
    desk: Desk,
}

/// What an alert is asked to do before it is judged.
type Ask<'a> = dyn FnMut(&mut Track, &Rule, &mut Turn<'_>) + 'a;

/// What is remembered of an object.
#[derive(Debug, Default)]
struct Object {
    /// The alerts that are of it; none: that was not asked yet with this file.
    rules: Option<Arc<[Arc<Rule>]>>,
    /// By what their alert's memory is kept under.
    tracks: BTreeMap<Arc<str>, Track>,
    wake: Option<Millis>,
    /// Members that failed since there is something to remember: a recovery names these too.
    failed: BTreeSet<ObjectName>,
}

impl Object {
    fn track(&mut self, key: &Arc<str>) -> &mut Track {
        self.tracks.entry(key.clone()).or_insert_with(|| Track::new(key.clone()))
    }
}

impl Alerts {
    /// The alerts of the file, going on from what was told.
    pub fn new(settings: &Settings, told: Vec<Told>, zone: Zone, now: Moment) -> Alerts {
        let mut alerts = Alerts {
            rules: rules(settings),
            zone,
            objects: HashMap::new(),
            wakes: BTreeSet::new(),
            desk: Desk::default(),
        };
        for told in told {
            let object = alerts.objects.entry(told.name.clone()).or_default();
            object.track(&told.alert.as_str().into()).load(told, now);
        }
        alerts
    }

    /// Another file. What is still there keeps its memory; who was told stays so, with the command that told it.
    pub fn reload(&mut self, settings: &Settings, zone: Zone) {
        self.rules = rules(settings);
        self.zone = zone;
        self.objects.retain(|_, object| {
            object.rules = None;
            !object.tracks.is_empty()
        });
    }

    /// Of whom there is something to remember. After a start and a reload these have to be observed, and beside them
    /// whoever fails, flaps, or is but or unknown.
    pub fn names(&self) -> Vec<ObjectName> {
        let remembered = self.objects.iter().filter(|(_, object)| !object.tracks.is_empty());
        remembered.map(|(name, _)| name.clone()).collect()
    }

    /// It, its members, or what holds its alerts may have changed.
    pub fn observe(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        self.look(name, facts, now, said, None);
    }

    /// A member of it failed. The recovery names it, though the failure may have been told before.
    pub fn failed(&mut self, name: &ObjectName, member: &ObjectName) {
        let object = self.objects.get_mut(name).filter(|object| !object.tracks.is_empty());
        if let Some(object) = object.filter(|object| object.failed.len() < TOLD_MEMBERS) {
            object.failed.insert(member.clone());
        }
    }

    /// Time has passed.
    pub fn due(&mut self, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        while let Some((at, name)) = self.wakes.pop_first() {
            if at > now.steady {
                self.wakes.insert((at, name));
                return;
            }
            if let Some(object) = self.objects.get_mut(&name) {
                object.wake = None;
            }
            self.observe(&name, facts, now, said);
        }
    }

    /// When [`Alerts::due`] is to be called next, by the steady clock.
    pub fn deadline(&self) -> Option<Millis> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// An incident of it was opened, or its promised time has passed.
    pub fn incident(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        let mut ask = |track: &mut Track, rule: &Rule, turn: &mut Turn<'_>| {
            if rule.is_on(AlertEvent::Incident) {
                track.notices.incident = Some(turn.desk.number());
                track.keep(1, turn.name, turn.said);
            }
        };
        self.look(name, facts, now, said, Some(&mut ask));
    }

    /// Somebody says something to whom the first step of each alert of these tells, once each. Hours and mutes hold it.
    pub fn direct(
        &mut self,
        names: &[ObjectName],
        text: &str,
        facts: &dyn Facts,
        now: Moment,
        said: &mut Vec<Said>,
    ) -> Direct {
        let mut direct = Direct::default();
        let mut spoken_to = HashSet::new();
        for name in names {
            let mut told = Vec::new();
            let mut ask = |track: &mut Track, rule: &Rule, turn: &mut Turn<'_>| {
                if track.notices.direct.len() < DIRECT_WAITING && spoken_to.insert(track.key.clone()) {
                    track.notices.direct.push_back(Waiting { text: text.to_owned(), held: None });
                    track.keep(1, turn.name, turn.said);
                    let command = rule.steps().next().map(|(_, step)| words::line(&words(step), name));
                    told.push((track.key.clone(), rule.title(), command.unwrap_or_default()));
                }
            };
            self.look(name, facts, now, said, Some(&mut ask));
            for (key, title, command) in told {
                let object = self.objects.get(name);
                let track = object.and_then(|object| object.tracks.get(&key));
                match track.filter(|track| track.is_direct_held()) {
                    Some(track) => {
                        let why = track.direct_held().unwrap_or("held");
                        direct.held.push(format!("{title}: {why}"));
                    }
                    None => direct.took.push(format!("{title}: {command}")),
                }
            }
        }
        direct
    }

    /// A command ended. What comes of it is due at once.
    pub fn done(&mut self, id: SendingId, result: Result<(), String>, now: Moment, said: &mut Vec<Said>) {
        let Some(run) = self.desk.running.remove(&id) else { return };
        let Some(object) = self.objects.get_mut(&run.name) else { return };
        object.track(&run.key).done(&run, result, now, said);
        Self::wake(&mut self.wakes, &run.name, object, Some(now.steady));
    }

    /// Looks at an object. Before that, each alert that is of it may be asked to do something.
    fn look(
        &mut self,
        name: &ObjectName,
        facts: &dyn Facts,
        now: Moment,
        said: &mut Vec<Said>,
        mut ask: Option<&mut Ask<'_>>,
    ) {
        if name.kind() == Kind::Target {
            return;
        }
        let Alerts { rules, zone, objects, wakes, desk } = self;
        if !objects.contains_key(name) {
            objects.insert(name.clone(), Object::default());
        }
        let Some(object) = objects.get_mut(name) else { return };
        let rules = object.rules.get_or_insert_with(|| matching(rules, name)).clone();
        if rules.is_empty() && object.tracks.is_empty() {
            return;
        }
        let subject = facts.subject(name);
        let failed = OnceCell::new();
        let also = std::mem::take(&mut object.failed);
        let missed = Vec::new();
        let mut turn = Turn { name, facts, now, zone, desk, said, failed, also: &also, missed, wake: None };
        if subject.as_ref().is_some_and(|subject| ask.is_some() || !subject.is_quiet()) {
            for rule in rules.iter() {
                let track = object.track(&rule.key);
                if let Some(ask) = &mut ask {
                    ask(track, rule, &mut turn);
                }
            }
        }
        for (key, track) in &mut object.tracks {
            let rule = rules.iter().find(|rule| rule.key == *key);
            track.judge(rule.map(AsRef::as_ref), subject.as_ref(), &mut turn);
        }
        let (wake, missed) = (turn.wake, turn.missed);
        object.tracks.retain(|_, track| !track.is_idle());
        if object.tracks.values().any(Track::is_owed) {
            object.failed = also;
            let room = TOLD_MEMBERS.saturating_sub(object.failed.len());
            object.failed.extend(missed.into_iter().take(room));
        }
        Self::wake(wakes, name, object, wake);
        if subject.is_none() && object.tracks.is_empty() {
            objects.remove(name);
        }
    }

    /// Sets when to look at somebody again.
    fn wake(
        wakes: &mut BTreeSet<(Millis, ObjectName)>,
        name: &ObjectName,
        object: &mut Object,
        wake: Option<Millis>,
    ) {
        if object.wake == wake {
            return;
        }
        if let Some(old) = std::mem::replace(&mut object.wake, wake) {
            wakes.remove(&(old, name.clone()));
        }
        wakes.extend(wake.map(|wake| (wake, name.clone())));
    }
}
