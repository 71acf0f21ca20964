//! What Alertmanager is told, and when. It sends nothing and reads no clock; what is to be sent comes out as [`Post`].
//!
//! ```text
//!   held --clear, and ko--> firing --up, or no more--> ended --five minutes--> nothing
//! ```
//!
//! What holds a failure back does so before it was sent first: silence would be told as resolved. An alert is what its
//! labels say, so another severity is another alert, and the one before ends in the same post. Nothing is kept over a
//! restart: what fails is sent again, and what was resolved meanwhile ends by itself.

#[cfg(test)]
mod tests;

use super::alert::{DependencyFact, Facts, FailedMembers, Subject};
use super::moment::Moment;
use crate::config;
use crate::limits::{ALERT_AWAITS, ALERTMANAGER_EVERY, ALERTMANAGER_FIRING, ALERTMANAGER_RESOLVED};
use oco::logic::code::{Code, Verdict};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Failed members that an alert names.
const NAMED: usize = 20;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is down.
    Critical,
    /// A person has to come: its code is a 5XX.
    Page,
}

impl Severity {
    /// As a label.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Page => "page",
        }
    }

    fn of(code: Option<Code>) -> Severity {
        match code.map(Code::verdict) {
            Some(Verdict::Incident) => Severity::Page,
            Some(Verdict::Ok | Verdict::But | Verdict::Ko) | None => Severity::Critical,
        }
    }
}

/// One alert of an object. Its labels are the object's, and the severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// How bad.
    pub severity: Severity,
    /// Since when.
    pub starts: Millis,
    /// Until when: to come while it lasts, else past. By the wall clock.
    pub ends: Millis,
    /// In one line.
    pub summary: String,
    /// Who failed, a line each.
    pub description: String,
}

/// All alerts of an object, in place of what was said of it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Of whom.
    pub name: ObjectName,
    /// At most one of each severity.
    pub alerts: Vec<Alert>,
}

/// What Alertmanager was told.
#[derive(Debug, Default)]
pub struct Alertmanager {
    /// Of whom; none: it is told nothing.
    of: Vec<Pattern>,
    /// Who fails, or did until a moment ago.
    objects: BTreeMap<ObjectName, Object>,
    /// When all of them are looked at and sent again.
    again: Option<Millis>,
    /// When those that wait for a probe of a dependency are looked at.
    awaited: Option<Millis>,
}

#[derive(Debug, Default)]
struct Object {
    firing: Option<Firing>,
    ended: Vec<Ended>,
}

/// What was sent of a failure that lasts.
#[derive(Debug)]
struct Firing {
    failing: Millis,
    alert: Alert,
}

#[derive(Debug)]
struct Ended {
    alert: Alert,
    /// Until when it is sent, by the steady clock.
    until: Millis,
}

/// Why a failure is not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Clear,
    /// Until a dependency was probed, which takes moments.
    Awaited,
    Held,
}

impl Alertmanager {
    /// That of the settings.
    pub fn new(settings: Option<&config::Alertmanager>) -> Alertmanager {
        let mut alertmanager = Alertmanager::default();
        alertmanager.reload(settings);
        alertmanager
    }

    /// Other settings. All have to be observed then, and all that fails is sent again, for there may be others to send it
    /// to.
    pub fn reload(&mut self, settings: Option<&config::Alertmanager>) {
        match settings {
            None => *self = Alertmanager::default(),
            Some(settings) => {
                self.of.clone_from(&settings.of);
                self.again = self.again.map(|_| Millis(i64::MIN));
            }
        }
    }

    /// It, its members, or what holds it may have changed.
    pub fn observe(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment, posts: &mut Vec<Post>) {
        match name.kind() {
            Kind::Service | Kind::Node => {}
            Kind::Target | Kind::Level => return,
        }
        if self.of.is_empty() {
            return;
        }
        if self.look(name, facts, now) {
            posts.extend(self.post(name));
        }
    }

    /// Time has passed.
    pub fn due(&mut self, facts: &dyn Facts, now: Moment, posts: &mut Vec<Post>) {
        let is_again = self.again.is_some_and(|at| at <= now.steady);
        if !is_again && self.awaited.is_none_or(|at| at > now.steady) {
            return;
        }
        self.awaited = None;
        if is_again {
            self.again = Some(later(now.steady, ALERTMANAGER_EVERY));
        }
        let names: Vec<ObjectName> = self.objects.keys().cloned().collect();
        for name in names {
            if self.look(&name, facts, now) || is_again {
                posts.extend(self.post(&name));
            }
        }
    }

    /// When [`Alertmanager::due`] is to be called next, by the steady clock.
    pub fn deadline(&self) -> Option<Millis> {
        [self.again, self.awaited].into_iter().flatten().min()
    }

    /// Looks at an object. Whether there is another alert of it, or another end of one.
    fn look(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment) -> bool {
        let is_ours = self.of.iter().any(|pattern| pattern.matches(name));
        let subject = facts.subject(name).filter(|_| is_ours);
        let failing = subject.as_ref().zip(subject.as_ref().and_then(|subject| subject.failing_since));
        if failing.is_none() && !self.objects.contains_key(name) {
            return false;
        }
        let object = self.objects.entry(name.clone()).or_default();
        object.ended.retain(|ended| ended.until > now.steady);
        let mut is_told = false;
        let is_over =
            |firing: &mut Firing| failing.as_ref().is_none_or(|(_, since)| *since != firing.failing);
        if let Some(firing) = object.firing.take_if(is_over) {
            object.end(firing.alert, now);
            is_told = true;
        }
        if let Some((subject, since)) = &failing {
            match hold(subject, facts) {
                Hold::Awaited if object.firing.is_none() => {
                    let at = later(now.steady, ALERT_AWAITS);
                    self.awaited = Some(self.awaited.map_or(at, |awaited| awaited.min(at)));
                }
                Hold::Held if object.firing.is_none() => {}
                Hold::Clear | Hold::Awaited | Hold::Held => {
                    is_told |= object.fire(name, subject.standing, *since, facts, now);
                }
            }
        }
        if failing.is_none() && object.ended.is_empty() {
            self.objects.remove(name);
        }
        if self.objects.is_empty() {
            (self.again, self.awaited) = (None, None);
        } else if self.again.is_none() {
            self.again = Some(later(now.steady, ALERTMANAGER_EVERY));
        }
        is_told
    }

    fn post(&self, name: &ObjectName) -> Option<Post> {
        let object = self.objects.get(name)?;
        let firing = object.firing.iter().map(|firing| &firing.alert);
        let alerts: Vec<Alert> =
            firing.chain(object.ended.iter().map(|ended| &ended.alert)).cloned().collect();
        (!alerts.is_empty()).then(|| Post { name: name.clone(), alerts })
    }
}

impl Object {
    /// Sends a failure, or sends it on. Whether its alert is another one now.
    fn fire(
        &mut self,
        name: &ObjectName,
        standing: &Standing,
        failing: Millis,
        facts: &dyn Facts,
        now: Moment,
    ) -> bool {
        let before = self.firing.take();
        let severity = match (&before, standing.state) {
            (_, State::Ko) => Severity::of(standing.code),
            // A failure that lasts while nothing is known is as bad as it was.
            (Some(firing), _) => firing.alert.severity,
            (None, State::Unknown | State::Ok | State::But) => return false,
        };
        let ends = later(now.wall, ALERTMANAGER_FIRING);
        let alert = Alert {
            severity,
            starts: failing.min(ends),
            ends,
            summary: format!("{name} is {}: {}", standing.state, standing.reason)
                .trim_end_matches([':', ' '])
                .to_owned(),
            description: description(facts.failed(name)),
        };
        self.ended.retain(|ended| ended.alert.severity != severity);
        let is_another = before.as_ref().is_none_or(|before| before.alert.severity != severity);
        if let Some(before) = before.filter(|_| is_another) {
            self.end(before.alert, now);
        }
        self.firing = Some(Firing { failing, alert });
        is_another
    }

    fn end(&mut self, alert: Alert, now: Moment) {
        self.ended.retain(|ended| ended.alert.severity != alert.severity);
        let (starts, ends) = (alert.starts.min(now.wall), now.wall);
        let until = later(now.steady, ALERTMANAGER_RESOLVED);
        self.ended.push(Ended { alert: Alert { starts, ends, ..alert }, until });
    }
}

fn hold(subject: &Subject<'_>, facts: &dyn Facts) -> Hold {
    if facts.is_canary_lost() || subject.standing.planned || subject.flapping_since.is_some() {
        return Hold::Held;
    }
    match &subject.dependency {
        DependencyFact::Clear => Hold::Clear,
        DependencyFact::Awaited => Hold::Awaited,
        DependencyFact::Ko(_) => Hold::Held,
    }
}

fn description(mut failed: FailedMembers<'_>) -> String {
    let mut text = String::new();
    for (name, reason) in failed.by_ref().take(NAMED) {
        // A string takes all.
        let _ = writeln!(text, "{}: {reason}", name.host().unwrap_or(name.as_str()));
    }
    let more = failed.count();
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    text
}

fn later(time: Millis, by: Duration) -> Millis {
    Millis(time.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
