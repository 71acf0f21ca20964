//! What only the watcher's file says, as the control socket told it last: titles, rules, members, what levels are of.
//! The journal does not have it, so pages do without it where the watcher was never reached.

use oco::logic::control::{FleetStatus, LevelStatus, NodeStatus};
use oco_fleet::object::ObjectName;
use std::collections::BTreeMap;

/// What the watcher said last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    nodes: BTreeMap<ObjectName, HeardNode>,
    levels: BTreeMap<ObjectName, ObjectName>,
    needs: BTreeMap<ObjectName, u32>,
}

/// What the file says of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeardNode {
    /// For people.
    pub title: String,
    /// How many members have to be up, as the file has it.
    pub rule: String,
    /// Who they are.
    pub members: Vec<ObjectName>,
}

impl Heard {
    /// Takes it out of a status, of which targets are not needed.
    pub fn of(status: &FleetStatus) -> Heard {
        let node = |node: &NodeStatus| {
            let members = node.members.iter().filter_map(|name| ObjectName::parse(name).ok()).collect();
            let heard = HeardNode { title: node.title.clone(), rule: node.rule.clone(), members };
            ObjectName::parse(&node.name).ok().map(|name| (name, heard))
        };
        let level =
            |level: &LevelStatus| ObjectName::parse(&level.name).ok().zip(ObjectName::parse(&level.of).ok());
        let needs = status.services.iter();
        Heard {
            nodes: status.nodes.iter().filter_map(node).collect(),
            levels: status.slos.iter().filter_map(level).collect(),
            needs: needs
                .filter_map(|one| ObjectName::parse(&one.name).ok().map(|name| (name, one.need)))
                .collect(),
        }
    }

    /// What is said of a node.
    pub fn node(&self, name: &ObjectName) -> Option<&HeardNode> {
        self.nodes.get(name)
    }

    /// What people call somebody: the title of a node that has one.
    pub fn title(&self, name: &ObjectName) -> Option<&str> {
        let title = self.nodes.get(name).map(|node| node.title.as_str());
        title.filter(|title| !title.is_empty() && *title != name.service_part())
    }

    /// Whose availability a level is.
    pub fn of_level(&self, level: &ObjectName) -> Option<&ObjectName> {
        self.levels.get(level)
    }

    /// The levels of somebody.
    pub fn levels_of<'a>(&'a self, name: &'a ObjectName) -> impl Iterator<Item = &'a ObjectName> {
        self.levels.iter().filter(move |(_, of)| *of == name).map(|(level, _)| level)
    }

    /// How many targets of a service have to be up.
    pub fn need(&self, service: &ObjectName) -> Option<u32> {
        self.needs.get(service).copied()
    }

    /// The nodes that somebody is a member of.
    pub fn above<'a>(&'a self, name: &'a ObjectName) -> impl Iterator<Item = &'a ObjectName> {
        self.nodes.iter().filter(move |(_, node)| node.members.contains(name)).map(|(node, _)| node)
    }
}
