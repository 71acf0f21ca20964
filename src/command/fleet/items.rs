//! What of a fleet's status is shown each on its own, worst first, and what is folded since all is well there.

use super::state::State;
use crate::limits::TARGETS_SHOWN;
use crate::logic::control::{
    ActStatus, FleetStatus, LevelStatus, NodeStatus, ServiceStatus, TargetCounts, TargetStatus,
};
use std::collections::BTreeMap;

/// A service, node or level that is shown.
#[derive(Debug)]
pub struct Item<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its state.
    pub state: State,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// Since when.
    pub since: &'a str,
    /// Of a service up/need/of, of a node its rule.
    pub up: String,
    /// Why, with the title of a node before.
    pub reason: String,
    /// What was said of it.
    pub marks: Vec<(&'static str, &'a ActStatus)>,
    /// Whether it goes up and down.
    pub is_flapping: bool,
    /// Targets that are shown below it.
    pub targets: Vec<&'a TargetStatus>,
    /// How many more of them are not well.
    pub more: u32,
}

/// The services of a group that are well.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many services.
    pub services: usize,
    /// Of how many targets.
    pub targets: u64,
    /// When the last of them became well: the latest.
    pub since: &'a str,
    /// Whether others of the group are not.
    pub is_rest: bool,
}

/// A fleet, parted.
#[derive(Debug, Default)]
pub struct Parted<'a> {
    /// What is shown each on its own.
    pub items: Vec<Item<'a>>,
    /// The services that are well, by group.
    pub groups: Vec<Group<'a>>,
    /// The nodes that are.
    pub nodes: Vec<&'a str>,
    /// The levels that are.
    pub levels: Vec<&'a str>,
}

/// How much of it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything: what is well is folded.
    Fleet,
    /// Some: each is shown.
    Some,
    /// Some, and each target of it.
    Targets,
}

/// Parts a status.
pub fn part(status: &FleetStatus, scope: Scope) -> Parted<'_> {
    let mut parted = Parted::default();
    let is_folded = |is_well| is_well && scope == Scope::Fleet;
    for node in &status.nodes {
        let item = of_node(node);
        if is_folded(is_well(&item)) { parted.nodes.push(item.name) } else { parted.items.push(item) }
    }
    for level in &status.slos {
        let item = of_level(level);
        if is_folded(is_well(&item)) { parted.levels.push(item.name) } else { parted.items.push(item) }
    }
    let mut groups = BTreeMap::new();
    for service in &status.services {
        let item = of_service(service, scope);
        let name = item.name.split('/').next().unwrap_or_default();
        let group: &mut Group<'_> = groups.entry(name).or_insert_with(|| Group { name, ..Group::default() });
        if is_folded(is_well(&item) && item.targets.is_empty()) {
            group.services += 1;
            group.targets += u64::from(service.of);
            group.since = group.since.max(item.since);
        } else {
            group.is_rest = true;
            parted.items.push(item);
        }
    }
    parted.groups = groups.into_values().filter(|group| group.services > 0).collect();
    // Of the same state, what nobody has taken on yet comes first, and of that what somebody has to come for.
    parted.items.sort_by_key(|item| (item.state, !item.marks.is_empty(), !is_severe(item.code)));
    parted
}

/// Whether somebody has to come: a 5XX.
pub fn is_severe(code: Option<u16>) -> bool {
    code.is_some_and(|code| code >= 500)
}

/// Nothing to look at: ok, and nobody has said anything of it.
fn is_well(item: &Item<'_>) -> bool {
    item.state == State::Ok && item.marks.is_empty() && !item.is_flapping
}

fn of_service(service: &ServiceStatus, scope: Scope) -> Item<'_> {
    let marks = marks(&service.acked, &service.muted, &service.maint);
    let is_shown = |target: &&TargetStatus| {
        scope == Scope::Targets
            || State::of(&target.state) != State::Ok
            || !own_marks(target, &marks).is_empty()
    };
    let mut targets: Vec<&TargetStatus> = service.targets.iter().filter(is_shown).collect();
    targets.sort_by_key(|target| (State::of(&target.state), !is_severe(target.code)));
    if scope != Scope::Targets {
        targets.truncate(usize::try_from(TARGETS_SHOWN).unwrap_or(usize::MAX));
    }
    let counts = counts(service);
    let bad = counts.ko.saturating_add(counts.unknown).saturating_add(counts.but);
    let shown = targets.iter().filter(|target| State::of(&target.state) != State::Ok).count();
    Item {
        up: match service.need {
            Some(need) => format!("{}/{need}/{}", service.up, service.of),
            None => format!("{}/{}", service.up, service.of),
        },
        marks,
        is_flapping: service.flapping,
        more: bad.saturating_sub(u32::try_from(shown).unwrap_or(u32::MAX)),
        targets,
        ..item(&service.name, &service.state, service.code, &service.since, service.reason.clone())
    }
}

fn of_node(node: &NodeStatus) -> Item<'_> {
    let is_titled =
        !node.title.is_empty() && node.name.split_once(':').is_none_or(|(_, name)| name != node.title);
    let reason = match (is_titled, node.reason.is_empty()) {
        (true, false) => format!("{}: {}", node.title, node.reason),
        (true, true) => node.title.clone(),
        (false, _) => node.reason.clone(),
    };
    Item {
        up: node.rule.clone(),
        marks: marks(&node.acked, &node.muted, &node.maint),
        ..item(&node.name, &node.state, node.code, &node.since, reason)
    }
}

fn of_level(level: &LevelStatus) -> Item<'_> {
    let reason = match level.reason.as_str() {
        "" => format!("of {}", level.of),
        why => format!("of {}: {why}", level.of),
    };
    Item {
        marks: marks(&level.acked, &level.muted, &None),
        ..item(&level.name, &level.state, level.code, &level.since, reason)
    }
}

fn item<'a>(name: &'a str, state: &str, code: Option<u16>, since: &'a str, reason: String) -> Item<'a> {
    Item {
        name,
        state: State::of(state),
        code,
        since,
        up: String::new(),
        reason,
        marks: Vec::new(),
        is_flapping: false,
        targets: Vec::new(),
        more: 0,
    }
}

/// How many targets of a service are in each state.
pub fn counts(service: &ServiceStatus) -> TargetCounts {
    service.counts.unwrap_or_else(|| {
        let mut counts = TargetCounts::default();
        for target in &service.targets {
            let count = match State::of(&target.state) {
                State::Ko => &mut counts.ko,
                State::Unknown => &mut counts.unknown,
                State::But => &mut counts.but,
                State::Ok => &mut counts.ok,
            };
            *count = count.saturating_add(1);
        }
        counts
    })
}

/// What was said of a target alone: what was said of its whole service stands there.
pub fn own_marks<'a>(
    target: &'a TargetStatus,
    of_service: &[(&'static str, &ActStatus)],
) -> Vec<(&'static str, &'a ActStatus)> {
    let mut marks = marks(&target.acked, &target.muted, &target.maint);
    marks.retain(|mark| !of_service.contains(mark));
    marks
}

fn marks<'a>(
    acked: &'a Option<ActStatus>,
    muted: &'a Option<ActStatus>,
    maint: &'a Option<ActStatus>,
) -> Vec<(&'static str, &'a ActStatus)> {
    let all = [("acked", acked), ("muted", muted), ("maint", maint)];
    all.into_iter().filter_map(|(word, act)| act.as_ref().map(|act| (word, act))).collect()
}
