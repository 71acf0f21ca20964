//! What the watcher's file says of nodes and levels, which the journal keeps: titles, rules, members, promises. Members
//! are looked up in the fleet, since the file may name them by patterns.

use super::fleet::Fleet;
use oco_fleet::journal::Definitions;
use oco_fleet::level::Promise;
use oco_fleet::object::{Kind, ObjectName, Pattern};
use std::collections::BTreeMap;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    nodes: BTreeMap<ObjectName, HeardNode>,
    levels: BTreeMap<ObjectName, HeardLevel>,
}

/// What the file says of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeardNode {
    /// For people; empty: the file has none.
    pub title: String,
    /// How many members have to be up, as the file has it.
    pub rule: String,
    /// Who they are.
    pub members: Vec<ObjectName>,
}

/// What the file says of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardLevel {
    /// Whose availability it is.
    pub of: ObjectName,
    /// What was promised of it.
    pub promise: Promise,
}

impl Heard {
    /// Looks the members up.
    pub fn new(definitions: &Definitions, fleet: &Fleet) -> Heard {
        let nodes = definitions.nodes.iter().map(|node| {
            let mut members = Vec::new();
            for pattern in &node.members {
                for name in matching(pattern, fleet) {
                    if name != node.name && !members.contains(&name) {
                        members.push(name);
                    }
                }
            }
            let title = node.title.clone().unwrap_or_default();
            (node.name.clone(), HeardNode { title, rule: node.rule.clone(), members })
        });
        let levels = definitions.levels.iter().map(|level| {
            (level.name.clone(), HeardLevel { of: level.of.clone(), promise: level.promise.clone() })
        });
        Heard { nodes: nodes.collect(), levels: levels.collect() }
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

    /// What is said of a level.
    pub fn level(&self, name: &ObjectName) -> Option<&HeardLevel> {
        self.levels.get(name)
    }

    /// Whose availability a level is.
    pub fn of_level(&self, level: &ObjectName) -> Option<&ObjectName> {
        self.levels.get(level).map(|level| &level.of)
    }

    /// The levels of somebody.
    pub fn levels_of<'a>(&'a self, name: &'a ObjectName) -> impl Iterator<Item = &'a ObjectName> {
        self.levels.iter().filter(move |(_, level)| level.of == *name).map(|(level, _)| level)
    }

    /// The nodes that somebody is a member of.
    pub fn above<'a>(&'a self, name: &'a ObjectName) -> impl Iterator<Item = &'a ObjectName> {
        self.nodes.iter().filter(move |(_, node)| node.members.contains(name)).map(|(node, _)| node)
    }
}

/// Who matches, by name. One that is named itself is there also where nobody watches it.
fn matching(pattern: &Pattern, fleet: &Fleet) -> Vec<ObjectName> {
    if let Some(name) = ObjectName::parse(pattern.as_str()).ok().filter(|_| pattern.is_name()) {
        return vec![name];
    }
    // What a pattern is of is seen by any name that it matches: all have as many parts.
    let kind = ObjectName::parse(&pattern.as_str().replace('*', "a")).map(|name| name.kind());
    match kind {
        Ok(Kind::Target) => {
            let targets = fleet.services().flat_map(|service| &service.targets);
            targets.map(|target| &target.name).filter(|name| pattern.matches(name)).cloned().collect()
        }
        Ok(Kind::Service | Kind::Node | Kind::Level) | Err(_) => {
            let all = fleet.services().map(|service| &service.object).chain(fleet.nodes());
            all.map(|object| &object.name).filter(|name| pattern.matches(name)).cloned().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fleet::tests::stands;
    use super::*;
    use oco_fleet::journal::NodeDefinition;

    #[test]
    fn members_are_who_matches() {
        let names = ["web/a", "web/a/h", "web/b", "web/b/i", "db/a", "node:x", "node:y"];
        let fleet = Fleet::new(names.iter().map(|name| stands(name, 200)).collect());
        let members = |patterns: &[&str]| {
            let name = ObjectName::node("x");
            let members = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
            let node = NodeDefinition { name: name.clone(), title: None, rule: "all".to_owned(), members };
            let definitions = Definitions { nodes: vec![node], levels: Vec::new() };
            let heard = Heard::new(&definitions, &fleet);
            heard.node(&name).unwrap().members.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(members(&["web/*", "web/a"]), "web/a web/b");
        assert_eq!(members(&["*/a", "node:*"]), "db/a web/a node:y");
        assert_eq!(members(&["web/*/h*", "gone/one"]), "web/a/h gone/one");
    }
}
