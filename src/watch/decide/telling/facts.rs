//! What the alerts are told of the fleet when they ask.

use crate::config::Timing;
use crate::decide::acts::Acts;
use crate::decide::alert::{DependencyFact, Facts, FailedMembers, Members, Subject};
use crate::decide::fleet::Dependency;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::Known;
use crate::limits::CANARY_TIMEOUT;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

/// How fast a service is probed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From probe to probe.
    interval: Duration,
    /// How long it takes at most until probes that begin anew have decided.
    judged_within: Duration,
}

impl Pace {
    pub fn of(timing: &Timing) -> Pace {
        // The first of them begins within an interval; the last one may time out, and a canary be asked after that.
        let between = timing.fast_interval.max(timing.timeout);
        let further = timing.fall.max(timing.rise).saturating_sub(1);
        let judged_within =
            timing.interval + between.saturating_mul(further) + timing.timeout + CANARY_TIMEOUT;
        Pace { interval: timing.interval, judged_within }
    }
}

/// What the alerts know of the fleet.
pub(super) struct FleetFacts<'a> {
    pub known: Known<'a>,
    pub acts: &'a Acts,
    pub paces: &'a HashMap<ObjectName, Pace>,
    pub at: Millis,
}

impl Facts for FleetFacts<'_> {
    fn subject(&self, name: &ObjectName) -> Option<Subject<'_>> {
        let subject = |standing, since, failing_since| Subject {
            standing,
            since,
            failing_since,
            flapping_since: None,
            interval: self.interval(name),
            dependency: DependencyFact::Clear,
            is_acked: self.acts.is_acked(name, self.known, self.at),
            is_muted: self.acts.is_muted(name, self.known, self.at),
        };
        if name.kind() == Kind::Level {
            let (standing, since) = self.known.levels.level(name)?;
            return Some(subject(standing, since, (standing.state == State::Ko).then_some(since)));
        }
        let fleet = self.known.fleet;
        match fleet.find(name)? {
            // Nobody is alerted of a target alone.
            MemberId::Target(_) => None,
            MemberId::Service(id) => {
                let view = fleet.service(id)?;
                Some(Subject {
                    flapping_since: view.flapping_since,
                    dependency: match fleet.dependency(id) {
                        Dependency::Clear => DependencyFact::Clear,
                        Dependency::Awaited => DependencyFact::Awaited,
                        Dependency::Ko(name) => DependencyFact::Ko(name.clone()),
                    },
                    ..subject(view.standing, view.since, view.failing_since)
                })
            }
            MemberId::Node(id) => {
                let view = fleet.node(id)?;
                Some(Subject {
                    flapping_since: view.flapping_since,
                    ..subject(view.standing, view.since, view.failing_since)
                })
            }
        }
    }

    fn failed<'a>(&'a self, name: &ObjectName) -> FailedMembers<'a> {
        let failed = self.known.failed(name);
        Box::new(failed.map(|(name, standing)| (Cow::Borrowed(name), standing.reason.as_ref())))
    }

    fn is_down(&self, member: &ObjectName) -> bool {
        self.known.standing(member).is_some_and(|standing| !standing.state.is_up())
    }

    fn is_in_doubt(&self, name: &ObjectName) -> bool {
        self.known.fleet.find(name).is_some_and(|member| self.known.fleet.is_in_doubt(member))
    }

    fn all<'a>(&'a self, name: &ObjectName) -> Members<'a> {
        Box::new(self.known.members(name).map(Cow::Borrowed))
    }

    fn is_canary_lost(&self) -> bool {
        self.known.fleet.is_canary_lost()
    }

    fn heard_since(&self) -> Millis {
        self.known.fleet.heard_since()
    }

    fn judged_within(&self, name: &ObjectName) -> Duration {
        self.longest(name, |pace| pace.judged_within)
    }
}

impl FleetFacts<'_> {
    /// From probe to probe.
    fn interval(&self, name: &ObjectName) -> Duration {
        self.longest(name, |pace| pace.interval)
    }

    /// Of a service its own, of what stands above the longest of all, for its members have several.
    fn longest(&self, name: &ObjectName, length: impl Fn(&Pace) -> Duration) -> Duration {
        let own = self.paces.get(name).map(&length);
        own.unwrap_or_else(|| self.paces.values().map(&length).max().unwrap_or_default())
    }
}
