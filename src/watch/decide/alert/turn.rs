//! One look at one object: what is known then, and what comes of it.

use super::{Facts, Failed, Said, Sending, SendingId, words};
use crate::config::AlertEvent;
use crate::decide::clock::millis;
use crate::decide::moment::Moment;
use crate::limits::MONITOR_OCTETS;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{AlertSent, Entry};
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What a command tells, and what is over when it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A failure, or that it goes on.
    Ko,
    /// That others of its members failed, or came back.
    Partial,
    /// That it is over.
    Recovery,
    /// Something beside failures, to the first step.
    Notice(Notice),
}

/// What is told beside failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// It is but, since then.
    But(Millis),
    /// It is unknown, since then.
    Unknown(Millis),
    /// It goes up and down.
    Flapping,
    /// Its incident, by the number of what is told of it.
    Incident(u64),
    /// What somebody says.
    Direct(String),
}

impl What {
    pub fn event(&self) -> AlertEvent {
        match self {
            What::Ko | What::Notice(Notice::Direct(_)) => AlertEvent::Ko,
            What::Partial => AlertEvent::Partial,
            What::Recovery => AlertEvent::Ok,
            What::Notice(Notice::But(_)) => AlertEvent::But,
            What::Notice(Notice::Unknown(_)) => AlertEvent::Unknown,
            What::Notice(Notice::Flapping) => AlertEvent::Flapping,
            What::Notice(Notice::Incident(_)) => AlertEvent::Incident,
        }
    }

    /// The word of `on`, or `direct`.
    pub fn word(&self) -> &'static str {
        match self {
            What::Notice(Notice::Direct(_)) => "direct",
            What::Ko
            | What::Partial
            | What::Recovery
            | What::Notice(Notice::But(_) | Notice::Unknown(_) | Notice::Flapping | Notice::Incident(_)) => {
                event_word(self.event())
            }
        }
    }
}

/// An event as it stands in `on`.
pub(super) fn event_word(event: AlertEvent) -> &'static str {
    match event {
        AlertEvent::Ko => "ko",
        AlertEvent::Ok => "ok",
        AlertEvent::But => "but",
        AlertEvent::Unknown => "unknown",
        AlertEvent::Flapping => "flapping",
        AlertEvent::Incident => "incident",
        AlertEvent::Partial => "partial",
    }
}

/// A command that is to run.
#[derive(Debug)]
pub(super) struct Draft {
    pub key: Arc<str>,
    pub step: u32,
    /// Which step the log names.
    pub told_as: u32,
    pub command: Vec<String>,
    /// Whether this alert tells of recoveries.
    pub wants_ok: bool,
    pub what: What,
    pub text: Option<String>,
    pub standing: Standing,
    pub at: Millis,
    pub failing: Option<Millis>,
    pub count: u32,
    pub limit: Option<u32>,
    /// Who failed when this step was told last; none: that is not known.
    pub failed_before: Option<Failed>,
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub name: ObjectName,
    pub key: Arc<str>,
    pub step: u32,
    /// Which step the log names.
    pub told_as: u32,
    pub command: Vec<String>,
    pub wants_ok: bool,
    pub what: What,
    pub began: Moment,
    /// Which failure it tells of; none: of none.
    pub failing: Option<Millis>,
    pub failed: Failed,
}

/// All that run.
#[derive(Debug, Default)]
pub(super) struct Desk {
    last: u64,
    pub running: HashMap<SendingId, Running>,
}

impl Desk {
    /// A number that was not given yet.
    pub fn number(&mut self) -> u64 {
        self.last = self.last.saturating_add(1);
        self.last
    }
}

/// One look.
pub(super) struct Turn<'a> {
    pub name: &'a ObjectName,
    pub facts: &'a dyn Facts,
    pub now: Moment,
    pub zone: &'a Zone,
    pub desk: &'a mut Desk,
    pub said: &'a mut Vec<Said>,
    pub failed: OnceCell<Failed>,
    /// Members that failed beside those who were told.
    pub also: &'a BTreeSet<ObjectName>,
    /// Members that somebody was told of, and that are neither failed nor back: the recovery names those that are by then.
    pub missed: Vec<ObjectName>,
    /// When to look again.
    pub wake: Option<Millis>,
}

impl Turn<'_> {
    /// The failed members, which are asked for once.
    pub fn failed(&self) -> &Failed {
        self.failed.get_or_init(|| {
            let failed = self.facts.failed(self.name);
            failed.map(|(name, reason)| (name.into_owned(), reason.into())).collect()
        })
    }

    fn all(&self) -> impl Iterator<Item = ObjectName> {
        self.facts.all(self.name).map(Cow::into_owned)
    }

    /// The first ones of all: an argument is cut, and of a hundred thousand most would be taken along in vain.
    fn all_for_argument(&self) -> Vec<ObjectName> {
        let mut octets = 0;
        let fits = |name: &ObjectName| {
            let begin = octets;
            octets += name.host().unwrap_or(name.as_str()).len() + 1;
            begin < MONITOR_OCTETS
        };
        self.all().take_while(fits).collect()
    }

    /// Looks again then.
    pub fn wake(&mut self, at: Millis) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Puts a command out.
    pub fn send(&mut self, draft: Draft) -> SendingId {
        let id = SendingId(self.desk.number());
        let failed = Failed::clone(self.failed());
        let recovered = self.recovered(&draft);
        self.desk.running.insert(
            id,
            Running {
                name: self.name.clone(),
                key: draft.key.clone(),
                step: draft.step,
                told_as: draft.told_as,
                command: draft.command.clone(),
                wants_ok: draft.wants_ok,
                what: draft.what.clone(),
                began: self.now,
                failing: draft.failing,
                failed: Failed::clone(&failed),
            },
        );
        self.said.push(Said::Send(Box::new(Sending {
            id,
            name: self.name.clone(),
            alert: draft.key.as_ref().to_owned(),
            step: draft.told_as,
            event: draft.what.event(),
            command: draft.command,
            text: draft.text,
            standing: draft.standing,
            at: draft.at,
            failing: draft.failing,
            count: draft.count,
            limit: draft.limit,
            failed,
            recovered,
            all: self.all_for_argument(),
            direct: match draft.what {
                What::Notice(Notice::Direct(text)) => Some(text),
                What::Ko
                | What::Partial
                | What::Recovery
                | What::Notice(
                    Notice::But(_) | Notice::Unknown(_) | Notice::Flapping | Notice::Incident(_),
                ) => None,
            },
        })));
        id
    }

    /// Who of those that failed when it was told last is back, and on a recovery who else failed since; where that is not
    /// known, all who are up. Who came under maintenance while down is not called failed any more, and is not back.
    fn recovered(&mut self, draft: &Draft) -> Vec<ObjectName> {
        let is_told = match draft.what {
            What::Recovery => true,
            What::Ko | What::Partial => draft.failed_before.is_some(),
            What::Notice(_) => false,
        };
        if !is_told {
            return Vec::new();
        }
        let failed = Failed::clone(self.failed());
        let failed: HashSet<&ObjectName> = failed.iter().map(|(name, _)| name).collect();
        let is_over = |name: &ObjectName| !failed.contains(name);
        let before: Vec<ObjectName> = match &draft.failed_before {
            Some(told) if draft.what == What::Recovery && !self.also.is_empty() => {
                let told: HashSet<&ObjectName> = told.iter().map(|(name, _)| name).collect();
                let was_down = |name: &ObjectName| told.contains(name) || self.also.contains(name);
                self.all().filter(|name| was_down(name) && is_over(name)).collect()
            }
            Some(told) => told.iter().map(|(name, _)| name).filter(|name| is_over(name)).cloned().collect(),
            None => self.all().filter(is_over).collect(),
        };
        let (down, back) = before.into_iter().partition(|name| self.facts.is_down(name));
        self.missed.extend::<Vec<ObjectName>>(down);
        back
    }

    /// A row of the journal about an alert.
    pub fn note(&mut self, key: &str, what: &What, step: u32, command: &[String], result: String) {
        self.said.push(row(self.now.at, self.name, key, what, step, command, result));
    }
}

/// A row of the journal about an alert.
pub(super) fn row(
    at: Millis,
    name: &ObjectName,
    key: &str,
    what: &What,
    step: u32,
    command: &[String],
    result: String,
) -> Said {
    Said::Keep(Entry::AlertSent(AlertSent {
        at,
        name: name.clone(),
        alert: key.to_owned(),
        event: what.word().to_owned(),
        step,
        command: words::line(command, name),
        result,
    }))
}

/// A time later.
pub(super) fn later(at: Millis, length: Duration) -> Millis {
    Millis(at.0.saturating_add(millis(length)))
}
