//! Nodes: their members, whether their rule can be met, and their order. Also circles of nodes and dependencies.

use super::names::Known;
use super::section::{Culprit, Sections, wrong};
use super::value::{List, Names, Share, Text};
use super::{Group, Node};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::tree::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;

/// `[node.NAME]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [node.NAME]")]
pub(super) struct NodeSection {
    title: Option<Text>,
    members: List<Spanned<Names>>,
    rule: Option<Spanned<Share>>,
    #[serde(default)]
    ignore_but: bool,
}

/// Where the members of a node and the dependencies of a service stand, for circles.
pub(super) struct Places {
    /// Of each node: its name and its members.
    nodes: Vec<(String, Vec<Range<usize>>)>,
    /// Of each service that has any, by group and service: its dependencies.
    pub depends: BTreeMap<ObjectName, Vec<Range<usize>>>,
}

/// The nodes, in the file's order; and where their members stand.
pub(super) fn nodes(
    sections: Sections<NodeSection>,
    known: &Known<'_>,
) -> Result<(Vec<Node>, Places), Culprit> {
    let mut nodes = Vec::with_capacity(sections.0.len());
    let mut places = Places { nodes: Vec::with_capacity(sections.0.len()), depends: BTreeMap::new() };
    for section in sections.0 {
        let keys = section.keys;
        places.nodes.push((section.name.clone(), keys.members.0.iter().map(Spanned::span).collect()));
        let members = known.patterns(keys.members, &[Kind::Service, Kind::Target, Kind::Node])?;
        if let Some(rule) = &keys.rule
            && let Rule::Count(count) = rule.get_ref().0
            && !members.iter().any(|pattern| known.may_come(pattern))
        {
            let mut all = BTreeSet::new();
            for pattern in &members {
                known.each(pattern, &mut |name| {
                    all.insert(name);
                    true
                });
            }
            if usize::try_from(count).is_ok_and(|count| count > all.len()) {
                return Err(wrong(rule, format!("{count} can never be up: it has {} members", all.len())));
            }
        }
        nodes.push(Node {
            name: section.name,
            title: keys.title.map(|title| title.0),
            members,
            rule: keys.rule.map_or(Rule::All, |rule| rule.into_inner().0),
            ignore_but: keys.ignore_but,
        });
    }
    Ok((nodes, places))
}

/// Puts each node behind its members.
///
/// # Errors
/// A node is its own member, or a service waits for itself, over some others or not: nobody could say what it is.
pub(super) fn ordered(
    nodes: Vec<Node>,
    groups: &[Group],
    known: &Known<'_>,
    places: &Places,
) -> Result<Vec<Node>, Culprit> {
    // Nodes come first, then the services that depend on something; others lead nowhere.
    let of_nodes = nodes.iter().map(|node| ObjectName::node(&node.name));
    let names: Vec<ObjectName> = of_nodes.chain(places.depends.keys().cloned()).collect();
    let numbers: BTreeMap<&ObjectName, usize> =
        names.iter().enumerate().map(|(number, name)| (name, number)).collect();
    let mut graph: Vec<Vec<Edge>> = Vec::with_capacity(numbers.len());
    for (node, (_, spans)) in nodes.iter().zip(&places.nodes) {
        let mut edges = Vec::new();
        for (pattern, span) in node.members.iter().zip(spans) {
            known.each(pattern, &mut |name| {
                let of = name.service_of_target().unwrap_or(name);
                edges.extend(numbers.get(&of).map(|to| Edge { to: *to, span: span.clone() }));
                true
            });
        }
        graph.push(edges);
    }
    let services = groups.iter().flat_map(|group| {
        group.services.iter().map(|service| (ObjectName::service(&group.name, &service.name), service))
    });
    let services: BTreeMap<_, _> = services.filter(|(_, service)| !service.depends.is_empty()).collect();
    for (name, spans) in &places.depends {
        let depends = services.get(name).into_iter().flat_map(|service| &service.depends);
        let edge = |(on, span): (&ObjectName, &Range<usize>)| {
            numbers.get(on).map(|to| Edge { to: *to, span: span.clone() })
        };
        graph.push(depends.zip(spans).filter_map(edge).collect());
    }
    let order = depth_first(&graph).map_err(|circle| {
        let path = circle.path.iter().filter_map(|number| names.get(*number)).map(ObjectName::as_str);
        Culprit { span: circle.span, what: format!("a circle: {}", path.collect::<Vec<_>>().join(", ")) }
    })?;
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|number| nodes.get_mut(number).and_then(Option::take)).collect())
}

/// That one stands on another.
struct Edge {
    to: usize,
    span: Range<usize>,
}

/// Somebody who stands on itself.
#[derive(Debug)]
struct Circle {
    /// Over whom, itself at both ends.
    path: Vec<usize>,
    /// What closes it.
    span: Range<usize>,
}

/// An order in which everybody stands behind those it stands on. It keeps its place on a stack of its own, for a chain may be
/// as long as the file.
fn depth_first(graph: &[Vec<Edge>]) -> Result<Vec<usize>, Circle> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.len()];
    let mut order = Vec::with_capacity(graph.len());
    for start in 0..graph.len() {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, next)) = path.pop() {
            let Some(mark) = marks.get_mut(at) else { continue };
            if next == 0 && *mark != Mark::New {
                continue;
            }
            *mark = Mark::Open;
            let Some(edge) = graph.get(at).and_then(|edges| edges.get(next)) else {
                *mark = Mark::Done;
                order.push(at);
                continue;
            };
            path.push((at, next + 1));
            match marks.get(edge.to) {
                Some(Mark::Open) => {
                    let mut circle: Vec<usize> = path.iter().map(|(at, _)| *at).collect();
                    circle.drain(..circle.iter().position(|at| *at == edge.to).unwrap_or(0));
                    circle.push(edge.to);
                    return Err(Circle { path: circle, span: edge.span.clone() });
                }
                Some(Mark::New) => path.push((edge.to, 0)),
                Some(Mark::Done) | None => {}
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[Vec<usize>]) -> Vec<Vec<Edge>> {
        edges.iter().map(|to| to.iter().map(|to| Edge { to: *to, span: 0..0 }).collect()).collect()
    }

    #[test]
    fn a_long_chain_needs_no_long_stack() {
        let chain: Vec<Vec<usize>> =
            (0..200_000).map(|at| if at < 199_999 { vec![at + 1] } else { vec![] }).collect();
        assert_eq!(depth_first(&graph(&chain)).unwrap().first(), Some(&199_999));
        let ring: Vec<Vec<usize>> = (0..200_000).map(|at| vec![(at + 1) % 200_000]).collect();
        assert_eq!(depth_first(&graph(&ring)).unwrap_err().path.len(), 200_001);
    }

    proptest! {
        #[test]
        fn members_come_before_or_there_is_a_circle(edges in prop::collection::vec(prop::collection::vec(0usize..8, 0..4), 8)) {
            // Whoever stands on those alone that are placed can be placed; who is left over is in a circle, or above one.
            let mut placed = BTreeSet::new();
            while let Some(at) = (0..8).find(|at| !placed.contains(at) && edges[*at].iter().all(|to| placed.contains(to))) {
                placed.insert(at);
            }
            match depth_first(&graph(&edges)) {
                Ok(order) => {
                    prop_assert_eq!(placed.len(), 8);
                    for (place, at) in order.iter().enumerate() {
                        prop_assert!(edges[*at].iter().all(|to| order[..place].contains(to)));
                    }
                    prop_assert_eq!(order.len(), 8);
                }
                Err(circle) => {
                    prop_assert!(placed.len() < 8);
                    prop_assert_eq!(circle.path.first(), circle.path.last());
                    prop_assert!(circle.path.windows(2).all(|pair| edges[pair[0]].contains(&pair[1])));
                }
            }
        }
    }
}
