//! Dependencies: what failed with them, and what is to be asked of them at once.

use super::Fleet;
use super::ids::{MemberId, ServiceId, TargetId};
use super::rows::Way;
use crate::limits::HURRY_SPACING;
use oco::logic::time::Nanos;
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;

/// How it stands with what a service depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency<'a> {
    /// None of it is ko.
    Clear,
    /// One of it was not probed yet since something failed, or a change of it is being counted.
    Awaited,
    /// This one is ko: there are no alerts.
    Ko(&'a ObjectName),
}

impl Fleet {
    /// How it stands with what a service depends on: an alert waits while that is not known.
    pub fn dependency(&self, id: ServiceId) -> Dependency<'_> {
        let depends = self.rows.service(id).map_or(&[][..], |service| &service.depends);
        if let Some(name) = depends.iter().find(|name| self.is_ko(name)) {
            return Dependency::Ko(name);
        }
        let members = depends.iter().filter_map(|name| self.member(name));
        if members.into_iter().any(|member| self.is_awaited(member)) {
            return Dependency::Awaited;
        }
        Dependency::Clear
    }

    /// The dependency of a service that is ko.
    pub(super) fn failed_dependency(&self, id: ServiceId) -> Option<ObjectName> {
        self.rows.service(id)?.depends.iter().find(|name| self.is_ko(name)).cloned()
    }

    fn is_ko(&self, name: &ObjectName) -> bool {
        let standing = self.member(name).and_then(|member| self.nodes.standing(member, &self.rows));
        standing.is_some_and(|standing| standing.state == State::Ko)
    }

    /// Who is known by a name.
    pub(super) fn member(&self, name: &ObjectName) -> Option<MemberId> {
        let service = self.rows.by_service.get(name).copied().map(MemberId::Service);
        let node = || self.nodes.by_name.get(name).copied().map(MemberId::Node);
        service.or_else(node).or_else(|| self.rows.find(name).map(MemberId::Target))
    }

    fn is_awaited(&self, member: MemberId) -> bool {
        match member {
            MemberId::Target(id) => {
                let starter = self.starter(id).unwrap_or(id);
                self.is_counting(id) || self.schedule.is_awaited(starter)
            }
            MemberId::Service(id) => self.rows.service(id).is_some_and(|service| {
                service.is_hurry_due
                    || service.targets.iter().any(|target| self.is_awaited(MemberId::Target(*target)))
            }),
            MemberId::Node(id) => self
                .nodes
                .node(id)
                .is_some_and(|node| node.members.iter().any(|member| self.is_awaited(*member))),
        }
    }

    fn starter(&self, id: TargetId) -> Option<TargetId> {
        let row = self.rows.target(id)?;
        Some(self.rows.service(row.service)?.starter(id))
    }

    /// A target of a service began to fail with a probe that began then: what it depends on is asked, where it was not
    /// since.
    pub(super) fn hurry_dependencies(&mut self, id: ServiceId, began: Nanos, now: Nanos) {
        let Some(service) = self.rows.service(id).filter(|service| !service.depends.is_empty()) else {
            return;
        };
        let members: Vec<MemberId> = service.depends.iter().filter_map(|name| self.member(name)).collect();
        for member in members {
            self.hurry(member, began, now);
        }
    }

    fn hurry(&mut self, member: MemberId, began: Nanos, now: Nanos) {
        match member {
            MemberId::Target(id) => {
                let Some(starter) = self.starter(id) else { return };
                if self.schedule.last_start(starter).is_none_or(|start| start < began) {
                    self.schedule.hurry(starter, now);
                }
            }
            MemberId::Service(id) => self.hurry_service(id, began, now),
            MemberId::Node(id) => {
                let members = self.nodes.node(id).map(|node| node.members.clone());
                for member in members.into_iter().flatten() {
                    self.hurry(member, began, now);
                }
            }
        }
    }

    /// Of a service with many targets, on which many depend that fail one after the other, all are looked at once a second
    /// at most.
    fn hurry_service(&mut self, id: ServiceId, began: Nanos, now: Nanos) {
        let Some(service) = self.rows.service_mut(id) else { return };
        if service.hurried >= began || service.is_hurry_due || matches!(service.way, Way::Reported(_)) {
            return;
        }
        if service.hurried != Nanos::PAST && now < service.hurried.after(HURRY_SPACING) {
            service.is_hurry_due = true;
            self.hurries.push(id);
            return;
        }
        service.hurried = now;
        let targets = std::mem::take(&mut service.targets);
        let is_together = service.way == Way::Together;
        for target in targets.iter().take(if is_together { 1 } else { usize::MAX }) {
            if self.schedule.last_start(*target).is_none_or(|start| start < began) {
                self.schedule.hurry(*target, now);
            }
        }
        if let Some(service) = self.rows.service_mut(id) {
            service.targets = targets;
        }
    }

    pub(super) fn hurry_deadline(&self) -> Option<Nanos> {
        let services = self.hurries.iter().filter_map(|id| self.rows.service(*id));
        services.map(|service| service.hurried.after(HURRY_SPACING)).min()
    }

    /// Asks those that were asked less than a second before something else failed.
    pub(super) fn expire_hurries(&mut self, now: Nanos) {
        if self.hurry_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        for id in std::mem::take(&mut self.hurries) {
            let Some(service) = self.rows.service_mut(id) else { continue };
            if service.hurried.after(HURRY_SPACING) > now {
                self.hurries.push(id);
                continue;
            }
            service.is_hurry_due = false;
            self.hurry_service(id, now, now);
        }
    }
}
