//! Who is told of what, and when: the policy of the alerts. It runs no command and reads no clock; what is to be done
//! comes out as [`Said`].

mod said;
pub mod words;

pub use said::{Direct, Said, Sending, SendingId};

use super::moment::Moment;
use crate::config::Settings;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::Told;
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use std::time::Duration;

/// What has to be known of those of whom somebody is told: services, nodes and levels.
pub trait Facts {
    /// How it stands with one; none: it is not watched any more.
    fn subject(&self, name: &ObjectName) -> Option<Subject<'_>>;
    /// Its members that are ko and not planned, in order, each with its reason: of a service targets.
    fn failed(&self, name: &ObjectName) -> Vec<(ObjectName, Box<str>)>;
    /// All of its members, in order.
    fn all(&self, name: &ObjectName) -> Vec<ObjectName>;
    /// Whether it is us: then nobody is told of anything.
    fn is_canary_lost(&self) -> bool;
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
    /// Whether it goes up and down.
    pub is_flapping: bool,
    /// From probe to probe: N of them are N - 1 of these after the failure began.
    pub interval: Duration,
    /// How it stands with what it depends on.
    pub dependency: DependencyFact,
    /// Whether somebody acknowledged its failure, or that of each failed member.
    pub is_acked: bool,
    /// Whether nobody is to be told.
    pub is_muted: bool,
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
pub struct Alerts {}

impl Alerts {
    /// The alerts of the file, going on from what was told.
    pub fn new(settings: &Settings, told: Vec<Told>, zone: Zone, now: Moment) -> Alerts {
        let _ = (settings, told, zone, now);
        Alerts {}
    }

    /// Another file. What is still there keeps its memory; who was told stays so, with the command that told it.
    pub fn reload(&mut self, settings: &Settings, zone: Zone, now: Moment, said: &mut Vec<Said>) {
        let _ = (settings, zone, now, said);
    }

    /// Of whom there is something to remember. After a start and a reload these have to be observed, and beside them
    /// whoever fails, flaps, or is but or unknown.
    pub fn names(&self) -> Vec<ObjectName> {
        Vec::new()
    }

    /// It, its members, or what holds its alerts may have changed.
    pub fn observe(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        let _ = (name, facts, now, said);
    }

    /// Time has passed.
    pub fn due(&mut self, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        let _ = (facts, now, said);
    }

    /// When [`Alerts::due`] is to be called next, by the steady clock.
    pub fn deadline(&self) -> Option<Millis> {
        None
    }

    /// An incident of it was opened, or its promised time has passed.
    pub fn incident(&mut self, name: &ObjectName, facts: &dyn Facts, now: Moment, said: &mut Vec<Said>) {
        let _ = (name, facts, now, said);
    }

    /// Somebody says something to whom the first step of each alert of it tells. Hours and mutes hold it.
    pub fn direct(
        &mut self,
        name: &ObjectName,
        text: &str,
        facts: &dyn Facts,
        now: Moment,
        said: &mut Vec<Said>,
    ) -> Direct {
        let _ = (name, text, facts, now, said);
        Direct::default()
    }

    /// A command ended. What comes of it is due at once.
    pub fn done(&mut self, id: SendingId, result: Result<(), String>, now: Moment, said: &mut Vec<Said>) {
        let _ = (id, result, now, said);
    }
}
