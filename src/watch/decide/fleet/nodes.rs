//! The table of nodes, and who stands under which.

use super::above::Above;
use super::ids::{MemberId, NodeId, TargetId, number, place};
use super::rows::Rows;
use crate::config::{Flap, Node as PlannedNode};
use crate::limits::{NODE_FLAP_CALM, NODE_FLAP_CHANGES, NODE_FLAP_WITHIN};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::Standing;
use oco_fleet::tree::{Member, Tally};
use std::collections::HashMap;

/// What is called flapping of a node.
pub(super) const FLAP: Flap =
    Flap { changes: NODE_FLAP_CHANGES, within: NODE_FLAP_WITHIN, calm: NODE_FLAP_CALM };

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    pub name: ObjectName,
    pub above: Above,
    pub tally: Tally<MemberId>,
    pub members: Vec<MemberId>,
    pub patterns: Vec<Pattern>,
    pub parents: Vec<NodeId>,
    pub is_planned_itself: bool,
    /// Since it was judged last a member changed for more than that somebody is known at last.
    pub is_moved: bool,
}

/// All of them, members before what they stand under.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub all: Vec<Node>,
    pub by_name: HashMap<ObjectName, NodeId>,
    /// The nodes that a target stands under by itself: few do.
    over_targets: HashMap<TargetId, Vec<NodeId>>,
}

impl Nodes {
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.all.get(place(id.0))
    }

    pub fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.all.get_mut(place(id.0))
    }

    /// The nodes that a member stands under.
    pub fn over<'a>(&'a self, member: MemberId, rows: &'a Rows) -> &'a [NodeId] {
        match member {
            MemberId::Target(id) => self.over_targets.get(&id).map_or(&[], Vec::as_slice),
            MemberId::Service(id) => rows.service(id).map_or(&[], |service| &service.parents),
            MemberId::Node(id) => self.node(id).map_or(&[], |node| &node.parents),
        }
    }

    /// Adds a node, and puts under it who is known by now.
    pub fn add(&mut self, planned: &PlannedNode, name: ObjectName, above: Above, rows: &mut Rows) -> NodeId {
        let id = NodeId(number(self.all.len()));
        let mut members = Vec::new();
        for pattern in &planned.members {
            self.find(pattern, rows, &mut members);
        }
        members.sort_unstable();
        members.dedup();
        self.by_name.insert(name.clone(), id);
        self.all.push(Node {
            name,
            above,
            tally: Tally::new(planned.rule, planned.ignore_but),
            members: Vec::new(),
            patterns: planned.members.clone(),
            parents: Vec::new(),
            is_planned_itself: false,
            is_moved: false,
        });
        for member in members {
            self.put_under(id, member, rows);
        }
        id
    }

    fn find(&self, pattern: &Pattern, rows: &Rows, members: &mut Vec<MemberId>) {
        if let Some(name) = ObjectName::parse(pattern.as_str()).ok().filter(|_| pattern.is_name()) {
            let target = rows.find(&name).map(MemberId::Target);
            let service = rows.by_service.get(&name).copied().map(MemberId::Service);
            let node = self.by_name.get(&name).copied().map(MemberId::Node);
            members.extend([target, service, node].into_iter().flatten());
            return;
        }
        let targets = rows.all().filter(|(_, row)| pattern.matches(&row.name));
        members.extend(targets.map(|(id, _)| MemberId::Target(id)));
        let services = rows.by_service.iter().filter(|(name, _)| pattern.matches(name));
        members.extend(services.map(|(_, id)| MemberId::Service(*id)));
        let nodes = self.by_name.iter().filter(|(name, _)| pattern.matches(name));
        members.extend(nodes.map(|(_, id)| MemberId::Node(*id)));
    }

    /// Puts a member under a node.
    pub fn put_under(&mut self, id: NodeId, member: MemberId, rows: &mut Rows) {
        let Some(standing) = self.standing(member, rows).map(Member::of) else { return };
        match member {
            MemberId::Target(target) => self.over_targets.entry(target).or_default().push(id),
            MemberId::Service(service) => {
                if let Some(service) = rows.service_mut(service) {
                    service.parents.push(id);
                }
            }
            MemberId::Node(below) => {
                if let Some(below) = self.node_mut(below) {
                    below.parents.push(id);
                }
            }
        }
        if let Some(node) = self.node_mut(id) {
            node.members.push(member);
            node.tally.add(member, standing);
        }
    }

    /// Where a member stands.
    pub fn standing<'a>(&'a self, member: MemberId, rows: &'a Rows) -> Option<&'a Standing> {
        match member {
            MemberId::Target(id) => rows.target(id).map(|row| row.target.standing()),
            MemberId::Service(id) => rows.service(id).map(|service| &service.above.standing),
            MemberId::Node(id) => self.node(id).map(|node| &node.above.standing),
        }
    }

    /// The name of a member.
    pub fn name<'a>(&'a self, member: MemberId, rows: &'a Rows) -> Option<&'a ObjectName> {
        match member {
            MemberId::Target(id) => rows.target(id).map(|row| &row.name),
            MemberId::Service(id) => rows.service(id).map(|service| &service.name),
            MemberId::Node(id) => self.node(id).map(|node| &node.name),
        }
    }

    /// The nodes that are to have somebody of this name.
    pub fn wanting(&self, name: &ObjectName) -> Vec<NodeId> {
        let is_wanting = |node: &Node| node.patterns.iter().any(|pattern| pattern.matches(name));
        (0..).map(NodeId).zip(&self.all).filter(|(_, node)| is_wanting(node)).map(|(id, _)| id).collect()
    }

    /// Takes a member that stood there out of the nodes that it stands under, and tells them.
    pub fn remove(&mut self, member: MemberId, standing: Member, rows: &Rows) -> Vec<NodeId> {
        let over = self.over(member, rows).to_vec();
        for id in &over {
            if let Some(node) = self.node_mut(*id) {
                node.members.retain(|other| *other != member);
                node.tally.remove(member, standing);
            }
        }
        if let MemberId::Target(target) = member {
            self.over_targets.remove(&target);
        }
        over
    }
}
