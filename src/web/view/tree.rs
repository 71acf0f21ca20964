//! What stands below a node, and why it is as it is: down to the targets that fail.

use super::fleet::{Fleet, Object, Service};
use super::heard::Heard;
use super::overview::worst;
use crate::limits::{CAUSES_SHOWN, CAUSES_SOUGHT, TREE_DEPTH, TREE_LINES};
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;

/// A member of a node, or the node itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch<'a> {
    /// Who.
    pub name: &'a ObjectName,
    /// Where it stands; none: it is not watched.
    pub object: Option<&'a Object>,
    /// Where it is a service.
    pub service: Option<&'a Service>,
    /// What people call it.
    pub title: Option<&'a str>,
    /// What has to be up of it, in words.
    pub rule: String,
    /// How far below the node it stands.
    pub depth: usize,
}

/// What stands below a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree<'a> {
    /// What has to be up of the node itself, in words.
    pub rule: String,
    /// The lines that were asked for.
    pub branches: Vec<Branch<'a>>,
    /// How many lines there are, at most [`TREE_LINES`].
    pub count: usize,
    /// Whether that is all.
    pub is_whole: bool,
}

/// All below a node, from the top, each before its members, members that are not well first: `most` lines, behind the
/// first `skipped`.
pub fn tree<'a>(
    fleet: &'a Fleet,
    heard: &'a Heard,
    node: &'a ObjectName,
    skipped: usize,
    most: usize,
) -> Tree<'a> {
    let mut tree = Tree { rule: rule(fleet, heard, node), is_whole: true, ..Tree::default() };
    grow((fleet, heard), node, 1, (skipped, most), &mut tree);
    tree
}

fn grow<'a>(
    (fleet, heard): (&'a Fleet, &'a Heard),
    name: &'a ObjectName,
    depth: usize,
    (skipped, most): (usize, usize),
    tree: &mut Tree<'a>,
) {
    let mut members: Vec<&ObjectName> = heard.node(name).iter().flat_map(|node| &node.members).collect();
    members.sort_by_key(|name| fleet.get(name).map_or(0, |object| object.state().rank()));
    for name in members {
        if tree.count >= TREE_LINES || depth > TREE_DEPTH {
            tree.is_whole = false;
            return;
        }
        if tree.count >= skipped && tree.branches.len() < most {
            tree.branches.push(Branch {
                name,
                object: fleet.get(name),
                service: fleet.service(name),
                title: heard.title(name),
                rule: rule(fleet, heard, name),
                depth,
            });
        }
        tree.count += 1;
        grow((fleet, heard), name, depth + 1, (skipped, most), tree);
    }
}

fn rule(fleet: &Fleet, heard: &Heard, name: &ObjectName) -> String {
    match (heard.node(name), fleet.service(name)) {
        (Some(node), _) => rule_words(&node.rule, node.members.len()),
        (None, Some(service)) => service_words(service),
        (None, None) => String::new(),
    }
}

/// `all of 3`, `at least 2 of 3`, `at least 60% of 5`.
fn rule_words(rule: &str, members: usize) -> String {
    match rule.strip_suffix(" of") {
        Some(count) => format!("at least {count} of {members} must be up"),
        None if rule == "all" => format!("all {members} must be up"),
        None if rule == "any" => format!("any of {members} must be up"),
        None => format!("at least {rule} of {members} must be up"),
    }
}

/// `22 of 24 up`.
pub fn service_words(service: &Service) -> String {
    format!("{} of {} up", service.counts.up(), service.counts.total())
}

/// Why somebody is as it is: who fails below it that has nothing below itself, the worst first, at most
/// [`CAUSES_SHOWN`], and how many there are.
pub fn causes<'a>(fleet: &'a Fleet, heard: &'a Heard, name: &'a ObjectName) -> (Vec<&'a Object>, usize) {
    let mut causes = Vec::new();
    let mut count = 0;
    let mut seen: Vec<&ObjectName> = vec![name];
    let mut next = 0;
    while let Some(name) = seen.get(next).copied() {
        next += 1;
        let Some(object) = fleet.get(name).filter(|object| object.state() != State::Ok) else { continue };
        let members = heard.node(name).map(|node| &node.members);
        let service = fleet.service(name).filter(|service| service.counts.not_ok() > 0);
        if let Some(service) = service {
            count += service.counts.not_ok();
            causes.extend(worst(service, CAUSES_SHOWN));
        } else if let Some(members) = members.filter(|members| !members.is_empty()) {
            for member in members {
                if seen.len() < CAUSES_SOUGHT && !seen.contains(&member) {
                    seen.push(member);
                }
            }
        } else {
            count += 1;
            causes.push(object);
        }
    }
    causes.sort_by_key(|object| (object.state().rank(), !object.is_severe(), object.since));
    causes.truncate(CAUSES_SHOWN);
    (causes, count)
}

#[cfg(test)]
mod tests {
    use super::super::fleet::tests::stands;
    use super::*;
    use oco_fleet::journal::{Definitions, NodeDefinition};
    use oco_fleet::object::Pattern;

    fn heard(fleet: &Fleet, nodes: &[(&str, &str, &[&str])]) -> Heard {
        let node = |(name, rule, members): &(&str, &str, &[&str])| NodeDefinition {
            name: ObjectName::parse(name).unwrap(),
            title: None,
            rule: (*rule).to_owned(),
            members: members.iter().map(|name| Pattern::parse(name).unwrap()).collect(),
        };
        let nodes = nodes.iter().map(node).collect();
        Heard::new(&Definitions { nodes, levels: Vec::new() }, fleet)
    }

    #[test]
    fn a_tree_goes_down_to_what_fails() {
        let fleet = Fleet::new(vec![
            stands("node:shop", 350),
            stands("node:net", 200),
            stands("web/page", 350),
            stands("web/page/a", 200),
            stands("web/page/b", 300),
            stands("db/main", 200),
        ]);
        let heard = heard(
            &fleet,
            &[("node:shop", "2 of", &["node:net", "web/page", "db/main"]), ("node:net", "all", &[])],
        );
        let shop = ObjectName::node("shop");
        let tree = |skipped, most| tree(&fleet, &heard, &shop, skipped, most);
        let whole = tree(0, 99);
        let found: Vec<(&str, usize, &str)> =
            whole.branches.iter().map(|one| (one.name.as_str(), one.depth, one.rule.as_str())).collect();
        assert_eq!(
            found,
            [("web/page", 1, "1 of 2 up"), ("node:net", 1, "all 0 must be up"), ("db/main", 1, "0 of 0 up"),]
        );
        assert_eq!((whole.rule.as_str(), whole.count), ("at least 2 of 3 must be up", 3));
        assert!(whole.is_whole);
        let part = tree(1, 1);
        assert_eq!((part.branches.as_slice(), part.count), (&whole.branches[1..2], 3));
        let (causes, count) = causes(&fleet, &heard, &shop);
        assert_eq!((causes[0].name.as_str(), causes.len(), count), ("web/page/b", 1, 1));
    }

    #[test]
    fn a_circle_ends() {
        let fleet = Fleet::new(vec![stands("node:a", 300), stands("node:b", 300)]);
        let heard = heard(&fleet, &[("node:a", "all", &["node:b"]), ("node:b", "all", &["node:a"])]);
        let name = ObjectName::node("a");
        assert!(!tree(&fleet, &heard, &name, 0, 99).is_whole);
        assert_eq!(causes(&fleet, &heard, &name).1, 0);
    }
}
