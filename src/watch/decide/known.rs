//! How things stand, as far as acts and incidents go: who is known, who fails, and who stands under whom.

use crate::decide::fleet::ids::MemberId;
use crate::decide::fleet::{Fleet, ServiceView};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::collections::HashSet;

/// The fleet and its levels.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Targets, services and nodes.
    pub fleet: &'a Fleet,
    /// The levels.
    pub levels: &'a dyn LevelStandings,
}

/// How levels stand.
pub trait LevelStandings {
    /// Where one stands, and since when; none: there is none of that name.
    fn level(&self, name: &ObjectName) -> Option<(&Standing, Millis)>;
}

/// No levels.
pub struct NoLevels;

impl LevelStandings for NoLevels {
    fn level(&self, _: &ObjectName) -> Option<(&Standing, Millis)> {
        None
    }
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
            Kind::Level => self.levels.level(name).map(|(standing, _)| standing),
        }
    }

    /// Whether somebody fails: a target or level that is ko, a service or node from its first ko until it is up again.
    pub fn is_failing(&self, name: &ObjectName) -> bool {
        self.failing_since(name).is_some()
    }

    /// Since when; of a target and a level since when it is ko.
    pub fn failing_since(&self, name: &ObjectName) -> Option<Millis> {
        if name.kind() == Kind::Level {
            let (standing, since) = self.levels.level(name)?;
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

    /// Whether somebody who is unknown now failed before, and at that time as far as is known.
    pub fn had_failed_before(&self, name: &ObjectName, at: Millis) -> bool {
        match self.fleet.find(name) {
            Some(MemberId::Target(id)) => {
                self.fleet.target(id).is_some_and(|target| target.judged == State::Ko)
            }
            Some(MemberId::Service(_) | MemberId::Node(_)) | None => {
                self.failing_since(name).is_some_and(|since| since <= at)
            }
        }
    }

    /// The services of a group.
    pub fn services(&self, group: &str) -> impl Iterator<Item = ServiceView<'a>> {
        self.fleet.services().filter(move |service| service.name.group() == group)
    }

    /// The members of a service or node. Of others there are none.
    pub fn members(&self, name: &ObjectName) -> impl Iterator<Item = &'a ObjectName> + use<'a> {
        let fleet = self.fleet;
        self.members_of(name).filter_map(|member| fleet.name(member))
    }

    /// Those of them that failed: that are ko, and not planned.
    pub fn failed(
        &self,
        name: &ObjectName,
    ) -> impl Iterator<Item = (&'a ObjectName, &'a Standing)> + use<'a> {
        let fleet = self.fleet;
        self.members_of(name).filter_map(|member| {
            let standing = fleet.standing(member).filter(|standing| has_failed(standing))?;
            Some((fleet.name(member)?, standing))
        })
    }

    fn members_of(&self, name: &ObjectName) -> impl Iterator<Item = MemberId> + use<'a> {
        let known = *self;
        self.fleet.find(name).into_iter().flat_map(move |member| known.member_ids(member))
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

    /// The same by number, in order.
    pub fn member_ids(&self, above: MemberId) -> impl Iterator<Item = MemberId> + use<'a> {
        let (targets, members) = match above {
            MemberId::Target(_) => (&[][..], &[][..]),
            MemberId::Service(id) => {
                (self.fleet.service(id).map_or(&[][..], |service| service.targets), &[][..])
            }
            MemberId::Node(id) => (&[][..], self.fleet.node(id).map_or(&[][..], |node| node.members)),
        };
        targets.iter().copied().map(MemberId::Target).chain(members.iter().copied())
    }
}

/// Whether somebody who stands so failed: is ko, and not planned.
pub fn has_failed(standing: &Standing) -> bool {
    standing.state == State::Ko && !standing.planned
}
