//! How things stand, as far as acts go: who is known, who fails, and who stands under whom.

use crate::decide::fleet::ids::MemberId;
use crate::decide::fleet::{Fleet, ServiceView};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::collections::{HashMap, HashSet};

/// The fleet and its levels.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Targets, services and nodes.
    pub fleet: &'a Fleet,
    /// Where a level stands, and since when; none: there is none of that name.
    pub level: &'a dyn Fn(&ObjectName) -> Option<(&'a Standing, Millis)>,
}

/// What a name names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A target, service, node or level.
    Object(ObjectName),
    /// A whole group.
    Group,
}

impl<'a> Known<'a> {
    /// What is known by a name.
    pub fn find(&self, name: &str) -> Option<Named> {
        match ObjectName::parse(name) {
            Ok(object) => self.standing(&object).is_some().then_some(Named::Object(object)),
            Err(_) => self.fleet.has_group(name).then_some(Named::Group),
        }
    }

    /// Where somebody stands; none: nothing is known by that name.
    pub fn standing(&self, name: &ObjectName) -> Option<&'a Standing> {
        match name.kind() {
            Kind::Target | Kind::Service | Kind::Node => self.fleet.standing(self.fleet.find(name)?),
            Kind::Level => (self.level)(name).map(|(standing, _)| standing),
        }
    }

    /// Whether somebody fails: a target or level that is ko, a service or node from its first ko until it is up again.
    pub fn is_failing(&self, name: &ObjectName) -> bool {
        self.failing_since(name).is_some()
    }

    /// Since when; of a target and a level since when it is ko.
    pub fn failing_since(&self, name: &ObjectName) -> Option<Millis> {
        if name.kind() == Kind::Level {
            let (standing, since) = (self.level)(name)?;
            return (standing.state == State::Ko).then_some(since);
        }
        match self.fleet.find(name)? {
            MemberId::Target(id) => {
                let target = self.fleet.target(id)?;
                (target.standing.state == State::Ko).then_some(target.since)
            }
            MemberId::Service(id) => self.fleet.service(id)?.failing_since,
            MemberId::Node(id) => self.fleet.node(id)?.failing_since,
        }
    }

    /// The services of a group.
    pub fn services(&self, group: &str) -> impl Iterator<Item = ServiceView<'a>> {
        self.fleet.services().filter(move |service| service.name.group() == group)
    }

    /// The members of a service or node. Of others there are none.
    pub fn members(&self, name: &ObjectName) -> Vec<&'a ObjectName> {
        let members = self.fleet.find(name).map(|member| self.member_ids(member)).unwrap_or_default();
        members.into_iter().filter_map(|member| self.fleet.name(member)).collect()
    }

    /// Those of them that failed: that are ko, and not planned.
    pub fn failed(&self, name: &ObjectName) -> Vec<&'a ObjectName> {
        self.members(name).into_iter().filter(|member| self.has_failed(member)).collect()
    }

    /// Whether somebody is ko, and not planned.
    pub fn has_failed(&self, name: &ObjectName) -> bool {
        self.standing(name).is_some_and(has_failed)
    }

    /// Who stands directly above somebody: the service of a target, and nodes.
    pub fn directly_above(&self, name: &ObjectName) -> Vec<ObjectName> {
        let Some(member) = self.fleet.find(name) else { return Vec::new() };
        let nodes = self.fleet.over(member).iter().filter_map(|node| self.fleet.name(MemberId::Node(*node)));
        name.service_of_target().into_iter().chain(nodes.cloned()).collect()
    }

    /// Whose alerts may be others after somebody acted on a name: a service, node or level itself, all that stands above,
    /// and of a group each service with what stands above that.
    pub fn concerned(&self, name: &str) -> Vec<ObjectName> {
        let mut concerned = match ObjectName::parse(name) {
            Ok(object) => vec![object],
            Err(_) => self.services(name).map(|service| service.name.clone()).collect(),
        };
        let mut seen: HashSet<ObjectName> = concerned.iter().cloned().collect();
        let mut next = 0;
        while let Some(name) = concerned.get(next) {
            let above = self.directly_above(name);
            concerned.extend(above.into_iter().filter(|above| seen.insert(above.clone())));
            next += 1;
        }
        concerned.retain(|name| name.kind() != Kind::Target);
        concerned
    }

    /// Whether something is so of somebody, or of each member that failed, each of these taken likewise. While members
    /// are unknown that failed before, it is so as long as it is of one of these: the failure goes on.
    pub fn is_so_of_all_failed(&self, name: &ObjectName, is_so: &dyn Fn(&ObjectName) -> bool) -> bool {
        let below = |member| self.is_so_below(member, is_so, &mut HashMap::new());
        is_so(name) || self.fleet.find(name).is_some_and(below)
    }

    /// The same of the members alone. What was found out of one is in `found`, for it may stand under several nodes.
    fn is_so_below(
        &self,
        above: MemberId,
        is_so: &dyn Fn(&ObjectName) -> bool,
        found: &mut HashMap<MemberId, bool>,
    ) -> bool {
        if let Some(found) = found.get(&above) {
            return *found;
        }
        let members = self.member_ids(above);
        let standing = |member: &MemberId| self.fleet.standing(*member);
        let has_failed = |member: &MemberId| standing(member).is_some_and(has_failed);
        let is_unknown =
            |member: &MemberId| standing(member).is_some_and(|standing| standing.state == State::Unknown);
        let mut is_so_of = |member: MemberId| {
            self.fleet.name(member).is_some_and(is_so) || self.is_so_below(member, is_so, found)
        };
        let is_so = match members.iter().any(has_failed) {
            true => members.iter().copied().filter(has_failed).all(is_so_of),
            false => members.iter().copied().filter(is_unknown).any(&mut is_so_of),
        };
        found.insert(above, is_so);
        is_so
    }

    fn member_ids(&self, above: MemberId) -> Vec<MemberId> {
        match above {
            MemberId::Target(_) => Vec::new(),
            MemberId::Service(id) => {
                let targets = self.fleet.service(id).map_or(&[][..], |service| service.targets);
                targets.iter().copied().map(MemberId::Target).collect()
            }
            MemberId::Node(id) => self.fleet.node(id).map_or(Vec::new(), |node| node.members.to_vec()),
        }
    }
}

fn has_failed(standing: &Standing) -> bool {
    standing.state == State::Ko && !standing.planned
}
