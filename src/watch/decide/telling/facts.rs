//! What the alerts are told of the fleet when they ask.

use crate::decide::acts::Acts;
use crate::decide::alert::{DependencyFact, Facts, FailedMembers, Members, Subject};
use crate::decide::fleet::Dependency;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::Known;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

/// What the alerts know of the fleet.
pub(super) struct FleetFacts<'a> {
    pub known: Known<'a>,
    pub acts: &'a Acts,
    pub intervals: &'a HashMap<ObjectName, Duration>,
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
}

impl FleetFacts<'_> {
    /// From probe to probe: of a service its own, of what stands above the longest of all, for its members have several.
    fn interval(&self, name: &ObjectName) -> Duration {
        let own = self.intervals.get(name).copied();
        own.unwrap_or_else(|| self.intervals.values().copied().max().unwrap_or_default())
    }
}
