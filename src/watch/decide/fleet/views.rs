//! How things stand, to read.

use super::Fleet;
use super::ids::{MemberId, NodeId, ServiceId, TargetId};
use super::nodes::Node;
use super::rows::{Row, Service, TAKEN_IN};
use crate::decide::changes::KeptObject;
use oco_fleet::object::ObjectName;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::time::Duration;

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct TargetView<'a> {
    /// Its number.
    pub id: TargetId,
    /// `GROUP/SERVICE/HOST`.
    pub name: &'a ObjectName,
    /// Its service.
    pub service: ServiceId,
    /// Its host's place in the group; none where it was taken in.
    pub host: Option<usize>,
    /// Where it stands.
    pub standing: &'a Standing,
    /// What it was judged last: where it stood before it became unknown.
    pub judged: State,
    /// Since when it has its state.
    pub since: Millis,
    /// When something was last found out, by the wall clock, and how long that took; 0 of a report.
    pub last: Option<(Millis, Duration)>,
    /// Whether a change is being counted.
    pub is_counting: bool,
    /// Whether it is under maintenance by its own name.
    pub is_planned_itself: bool,
}

/// A service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceView<'a> {
    /// Its number.
    pub id: ServiceId,
    /// `GROUP/SERVICE`.
    pub name: &'a ObjectName,
    /// The place of its group in the file.
    pub group: usize,
    /// Its place in the group; none where it was taken in.
    pub place: Option<usize>,
    /// Where it stands.
    pub standing: &'a Standing,
    /// Since when it has its state.
    pub since: Millis,
    /// From its first ko until it is up again.
    pub failing_since: Option<Millis>,
    /// How many have to be up.
    pub need: u32,
    /// How many are.
    pub up: u32,
    /// How many there are.
    pub of: u32,
    /// Since when it goes up and down; none: it does not.
    pub flapping_since: Option<Millis>,
    /// Whether it is under maintenance by its own name.
    pub is_planned_itself: bool,
    /// Its targets, in the file's order.
    pub targets: &'a [TargetId],
}

/// A node.
#[derive(Debug, Clone, Copy)]
pub struct NodeView<'a> {
    /// Its number.
    pub id: NodeId,
    /// `node:NAME`.
    pub name: &'a ObjectName,
    /// Where it stands.
    pub standing: &'a Standing,
    /// Since when it has its state.
    pub since: Millis,
    /// From its first ko until it is up again.
    pub failing_since: Option<Millis>,
    /// How many have to be up.
    pub need: u32,
    /// How many are.
    pub up: u32,
    /// How many there are.
    pub of: u32,
    /// Since when it goes up and down; none: it does not.
    pub flapping_since: Option<Millis>,
    /// Whether it is under maintenance by its own name.
    pub is_planned_itself: bool,
    /// Its members.
    pub members: &'a [MemberId],
}

fn usize_of(place: u32) -> usize {
    super::ids::place(place)
}

fn target_view(id: TargetId, row: &Row) -> TargetView<'_> {
    TargetView {
        id,
        name: &row.name,
        service: row.service,
        host: (row.host != TAKEN_IN).then(|| usize_of(row.host)),
        standing: row.target.standing(),
        judged: row.target.counts().known,
        since: row.target.since(),
        last: row.last.map(|(at, took)| (at, Duration::from_micros(took.into()))),
        is_counting: row.target.is_counting(),
        is_planned_itself: row.is_planned_itself,
    }
}

fn service_view(id: ServiceId, service: &Service) -> ServiceView<'_> {
    ServiceView {
        id,
        name: &service.name,
        group: usize_of(service.group),
        place: service.place.map(usize_of),
        standing: &service.above.standing,
        since: service.above.since,
        failing_since: service.above.failing_since,
        need: service.tally.needed(),
        up: service.tally.up(),
        of: service.tally.of(),
        flapping_since: service.above.flapping_since(),
        is_planned_itself: service.is_planned_itself,
        targets: &service.targets,
    }
}

fn node_view(id: NodeId, node: &Node) -> NodeView<'_> {
    NodeView {
        id,
        name: &node.name,
        standing: &node.above.standing,
        since: node.above.since,
        failing_since: node.above.failing_since,
        need: node.tally.needed(),
        up: node.tally.up(),
        of: node.tally.of(),
        flapping_since: node.above.flapping_since(),
        is_planned_itself: node.is_planned_itself,
        members: &node.members,
    }
}

impl Fleet {
    /// A target.
    pub fn target(&self, id: TargetId) -> Option<TargetView<'_>> {
        self.rows.target(id).map(|row| target_view(id, row))
    }

    /// A service.
    pub fn service(&self, id: ServiceId) -> Option<ServiceView<'_>> {
        self.rows.service(id).filter(|service| !service.is_gone).map(|service| service_view(id, service))
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> Option<NodeView<'_>> {
        self.nodes.node(id).map(|node| node_view(id, node))
    }

    /// All targets, by name.
    pub fn targets(&self) -> impl Iterator<Item = TargetView<'_>> {
        self.rows.named().iter().filter_map(|id| self.target(*id))
    }

    /// All services, in the file's order, those that were taken in behind them.
    pub fn services(&self) -> impl Iterator<Item = ServiceView<'_>> {
        let services = (0..).map(ServiceId).zip(&self.rows.services);
        services.filter(|(_, service)| !service.is_gone).map(|(id, service)| service_view(id, service))
    }

    /// All nodes, each behind its members.
    pub fn nodes(&self) -> impl Iterator<Item = NodeView<'_>> {
        (0..).map(NodeId).zip(&self.nodes.all).map(|(id, node)| node_view(id, node))
    }

    /// Who is known by a name.
    pub fn find(&self, name: &ObjectName) -> Option<MemberId> {
        self.member(name)
    }

    /// The name of a target, service or node.
    pub fn name(&self, member: MemberId) -> Option<&ObjectName> {
        self.nodes.name(member, &self.rows)
    }

    /// Where a target, service or node stands.
    pub fn standing(&self, member: MemberId) -> Option<&Standing> {
        self.nodes.standing(member, &self.rows)
    }

    /// Whether a service or node is but for no other reason than that members are unknown, its own or those of a member.
    pub fn is_in_doubt(&self, member: MemberId) -> bool {
        if self.standing(member).is_none_or(|standing| standing.state != State::But) {
            return false;
        }
        match member {
            MemberId::Target(_) => false,
            MemberId::Service(id) => self.rows.service(id).is_some_and(|service| {
                service.tally.count(State::Ko) == 0 && service.tally.count(State::But) == 0
            }),
            MemberId::Node(id) => self.nodes.node(id).is_some_and(|node| {
                // Those that are but are the last ones of those that are not ok.
                let buts = usize::try_from(node.tally.count(State::But)).unwrap_or(usize::MAX);
                let is_but_itself = |member: MemberId| !self.is_in_doubt(member);
                let has_cause =
                    !node.tally.ignores_but() && node.tally.troubled().rev().take(buts).any(is_but_itself);
                node.tally.count(State::Ko) == 0 && !has_cause
            }),
        }
    }

    /// The nodes that somebody stands under.
    pub fn over(&self, member: MemberId) -> &[NodeId] {
        self.nodes.over(member, &self.rows)
    }

    /// Whether the file has a hostgroup of this name.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// What is to be kept of somebody, as a start with it goes on.
    pub fn kept(&self, member: MemberId) -> Option<KeptObject> {
        let standing = self.standing(member)?.clone();
        Some(match member {
            MemberId::Target(id) => {
                let row = self.rows.target(id)?;
                let (target, periods) = row.keep();
                KeptObject {
                    standing,
                    since: Some(row.target.since()),
                    target,
                    periods,
                    ..KeptObject::default()
                }
            }
            MemberId::Service(id) => {
                let above = &self.rows.service(id)?.above;
                KeptObject {
                    standing,
                    since: Some(above.since),
                    above: above.keep(),
                    ..KeptObject::default()
                }
            }
            MemberId::Node(id) => {
                let above = &self.nodes.node(id)?.above;
                KeptObject {
                    standing,
                    since: Some(above.since),
                    above: above.keep(),
                    ..KeptObject::default()
                }
            }
        })
    }
}
