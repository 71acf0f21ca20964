//! Nodes: their members, whether their rule can be met, and their order. Also circles of nodes and dependencies.

use super::Node;
use super::names::Known;
use super::section::{Culprit, Sections, wrong};
use super::value::{List, Share, Text, counted};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::tree::Rule;
use oco_fleet::value::Names;
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

/// Where the members of each node stand.
pub(super) type Places = Vec<Vec<Range<usize>>>;

/// What services depend on, and where that stands.
pub(super) type Dependencies = BTreeMap<ObjectName, Vec<(ObjectName, Range<usize>)>>;

/// The nodes, in the file's order, and the places of their members.
pub(super) fn nodes(
    sections: Sections<NodeSection>,
    known: &Known<'_>,
) -> Result<(Vec<Node>, Places), Culprit> {
    let mut nodes = Vec::with_capacity(sections.0.len());
    let mut places = Vec::with_capacity(sections.0.len());
    for section in sections.0 {
        let keys = section.keys;
        places.push(keys.members.0.iter().map(Spanned::span).collect());
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
                return Err(wrong(
                    rule,
                    format!("{count} can never be up: it has {}", counted(all.len(), "member")),
                ));
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
    known: &Known<'_>,
    places: &Places,
    depends: &Dependencies,
) -> Result<Vec<Node>, Culprit> {
    // Nodes come first, then the services that depend on something; others lead nowhere.
    let of_nodes = nodes.iter().map(|node| ObjectName::node(&node.name));
    let names: Vec<ObjectName> = of_nodes.chain(depends.keys().cloned()).collect();
    let numbers: BTreeMap<&ObjectName, usize> =
        names.iter().enumerate().map(|(number, name)| (name, number)).collect();
    let edge = |name: &ObjectName, span: &Range<usize>| {
        numbers.get(name).map(|to| Edge { to: *to, span: span.clone() })
    };
    let mut graph: Vec<Vec<Edge>> = Vec::with_capacity(names.len());
    for (node, spans) in nodes.iter().zip(places) {
        let mut edges = Vec::new();
        for (pattern, span) in node.members.iter().zip(spans) {
            known.each(pattern, &mut |name| {
                edges.extend(edge(&name.service_of_target().unwrap_or(name), span));
                true
            });
        }
        graph.push(edges);
    }
    graph.extend(depends.values().map(|on| on.iter().filter_map(|(on, span)| edge(on, span)).collect()));
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
