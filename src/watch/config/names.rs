//! What has a name by the file, and what a pattern matches of it.

use super::section::{Culprit, wrong};
use super::value::{List, Object};
use super::{Group, Probe};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use oco_fleet::value::Names;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// All names of a file.
pub(super) struct Known<'a> {
    groups: BTreeMap<&'a str, KnownGroup<'a>>,
    nodes: BTreeSet<&'a str>,
    levels: BTreeSet<&'a str>,
}

struct KnownGroup<'a> {
    /// Its services; whether others report to them.
    services: BTreeMap<&'a str, bool>,
    hosts: BTreeSet<&'a str>,
    accept_reports: bool,
}

impl<'a> Known<'a> {
    /// The names of these.
    pub(super) fn new(
        groups: &'a [Group],
        nodes: impl Iterator<Item = &'a str>,
        levels: impl Iterator<Item = &'a str>,
    ) -> Known<'a> {
        let known = |group: &'a Group| KnownGroup {
            services: group
                .services
                .iter()
                .map(|service| (service.name.as_str(), matches!(*service.probe, Probe::Report(_))))
                .collect(),
            hosts: group.hosts.iter().map(|host| &*host.name).collect(),
            accept_reports: group.accept_reports,
        };
        Known {
            groups: groups.iter().map(|group| (group.name.as_str(), known(group))).collect(),
            nodes: nodes.collect(),
            levels: levels.collect(),
        }
    }

    /// Calls `each` with what matches, until it says false. Parts without a star are looked up, so that a long list of
    /// names costs no walk each.
    pub(super) fn each(&self, pattern: &Pattern, each: &mut dyn FnMut(ObjectName) -> bool) {
        let text = pattern.as_str();
        let mut matching = |name: ObjectName| !pattern.matches(&name) || each(name);
        match kind(pattern) {
            Kind::Node => {
                let part = text.strip_prefix("node:").unwrap_or(text);
                let _ = candidates(part, &self.nodes).all(|name| matching(ObjectName::node(name)));
            }
            Kind::Level => {
                let part = text.strip_prefix("slo:").unwrap_or(text);
                let _ = candidates(part, &self.levels).all(|name| matching(ObjectName::level(name)));
            }
            Kind::Service | Kind::Target => {
                let mut parts = text.splitn(3, '/');
                let (group_part, service_part) =
                    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let host_part = parts.next();
                let _ = self.groups_at(group_part).all(|(group, known)| {
                    keyed(service_part, &known.services).all(|(service, _)| match host_part {
                        None => matching(ObjectName::service(group, service)),
                        Some(host_part) => candidates(host_part, &known.hosts)
                            .all(|host| matching(ObjectName::target(group, service, host))),
                    })
                });
            }
        }
    }

    fn groups_at<'b>(&'b self, part: &'b str) -> impl Iterator<Item = (&'b str, &'b KnownGroup<'a>)> {
        let fits = Pattern::parse(&format!("{part}/x")).ok();
        keyed(part, &self.groups).filter(move |(group, _)| {
            fits.as_ref().is_some_and(|pattern| pattern.matches(&ObjectName::service(group, "x")))
        })
    }

    /// Whether anything matches.
    pub(super) fn any(&self, pattern: &Pattern) -> bool {
        let mut found = false;
        self.each(pattern, &mut |_| {
            found = true;
            false
        });
        found
    }

    /// Whether something may match later, since a group of the pattern takes in what reports. A target of a probe of
    /// ours cannot come by a report.
    pub(super) fn may_come(&self, pattern: &Pattern) -> bool {
        let mut parts = pattern.as_str().splitn(3, '/');
        let (group, service, host) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        service.is_some_and(|service| {
            self.groups_at(group).any(|(_, known)| {
                let takes_reports = known.services.get(service).copied().unwrap_or(true);
                known.accept_reports && (host.is_none() || takes_reports)
            })
        })
    }

    /// The patterns, each of which has to match something of one of the kinds, at least later.
    pub(super) fn patterns(
        &self,
        list: List<Spanned<Names>>,
        kinds: &[Kind],
    ) -> Result<Vec<Pattern>, Culprit> {
        for item in &list.0 {
            let pattern = &item.get_ref().0;
            if !kinds.contains(&kind(pattern)) {
                return Err(wrong(item, format!("\"{pattern}\": expected {}", words(kinds))));
            }
            if !self.any(pattern) && !self.may_come(pattern) {
                return Err(wrong(item, format!("\"{pattern}\": nothing matches")));
            }
        }
        Ok(list.0.into_iter().map(|item| item.into_inner().0).collect())
    }

    /// A name, which has to be there and of one of the kinds.
    pub(super) fn object(&self, name: Spanned<Object>, kinds: &[Kind]) -> Result<ObjectName, Culprit> {
        let object = &name.get_ref().0;
        if !kinds.contains(&object.kind()) {
            return Err(wrong(&name, format!("\"{object}\": expected {}", words(kinds))));
        }
        let pattern = Pattern::parse(object.as_str()).map_err(|why| wrong(&name, why))?;
        if !self.any(&pattern) && !self.may_come(&pattern) {
            return Err(wrong(&name, format!("\"{object}\": there is no such {}", word(object.kind()))));
        }
        Ok(name.into_inner().0)
    }
}

/// What a pattern matches.
pub(super) fn kind(pattern: &Pattern) -> Kind {
    let text = pattern.as_str();
    if text.starts_with("node:") {
        Kind::Node
    } else if text.starts_with("slo:") {
        Kind::Level
    } else if text.split('/').count() == 3 {
        Kind::Target
    } else {
        Kind::Service
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Target => "target",
        Kind::Service => "service",
        Kind::Node => "node",
        Kind::Level => "level",
    }
}

fn words(kinds: &[Kind]) -> String {
    let written = |kind: &Kind| match kind {
        Kind::Target => "GROUP/SERVICE/HOST",
        Kind::Service => "GROUP/SERVICE",
        Kind::Node => "node:NAME",
        Kind::Level => "slo:NAME",
    };
    kinds.iter().map(written).collect::<Vec<_>>().join(" or ")
}

/// Those that may fit a part of a pattern: without a star it is one at most.
fn candidates<'b>(part: &'b str, names: &'b BTreeSet<&str>) -> impl Iterator<Item = &'b str> {
    let is_open = part.contains('*');
    let one = names.get(part).copied().filter(|_| !is_open);
    let all = is_open.then_some(names).into_iter().flatten().copied();
    one.into_iter().chain(all)
}

/// The same with what they hold.
fn keyed<'b, T>(part: &'b str, names: &'b BTreeMap<&str, T>) -> impl Iterator<Item = (&'b str, &'b T)> {
    let is_open = part.contains('*');
    let one = names.get_key_value(part).filter(|_| !is_open);
    let all = is_open.then_some(names).into_iter().flatten();
    one.into_iter().chain(all).map(|(name, value)| (*name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known() -> Known<'static> {
        let group = |accept_reports| KnownGroup {
            services: BTreeMap::from([("oco", false), ("disk", false), ("job", true)]),
            hosts: BTreeSet::from(["a", "b", "[2001:db8::1]:79"]),
            accept_reports,
        };
        Known {
            groups: BTreeMap::from([("web", group(false)), ("db", group(false)), ("push", group(true))]),
            nodes: BTreeSet::from(["shop", "shipping"]),
            levels: BTreeSet::from(["shop"]),
        }
    }

    fn all() -> Vec<ObjectName> {
        let mut all: Vec<String> = ["node:shop", "node:shipping", "slo:shop"].map(String::from).into();
        for group in ["web", "db", "push"] {
            for service in ["oco", "disk", "job"] {
                all.push(format!("{group}/{service}"));
                all.extend(["a", "b", "[2001:db8::1]:79"].map(|host| format!("{group}/{service}/{host}")));
            }
        }
        all.iter().map(|name| ObjectName::parse(name).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn what_matches_is_what_a_walk_over_all_finds(
            text in "(node:|slo:)?(s|h|sh|\\*|shop){1,3}|(web|db|\\*|w\\*|push)(/(oco|d\\*|\\*|job)(/(a|\\*|b|\\[\\*|c))?)?",
        ) {
            let Ok(pattern) = Pattern::parse(&text) else { return Ok(()) };
            let mut found = Vec::new();
            known().each(&pattern, &mut |name| { found.push(name); true });
            found.sort();
            let mut walked: Vec<ObjectName> = all().into_iter().filter(|name| pattern.matches(name)).collect();
            walked.sort();
            prop_assert_eq!(known().any(&pattern), !walked.is_empty());
            prop_assert_eq!(found, walked);
        }
    }

    #[test]
    fn what_reports_may_come_where_reports_are_taken() {
        let may_come = |text: &str| known().may_come(&Pattern::parse(text).unwrap());
        for text in ["push/new", "push", "*/*", "p*/x/y", "push/job/c", "push/new/c", "push/*/c"] {
            assert!(may_come(text), "{text}");
        }
        for text in ["web/new", "push/oco/c", "node:x", "slo:*", "web/job/c"] {
            assert!(!may_come(text), "{text}");
        }
    }
}
