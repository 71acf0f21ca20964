//! A status of what is known, where the watcher does not answer: as it was when it was known last. Addresses, times of
//! probes and what else only the watcher knows are missing.

use super::{Wrong, unknown};
use crate::pages::Facts;
use crate::view::fleet::{Object, Service};
use crate::view::marks::Marks;
use oco::logic::code::Code;
use oco::logic::control::{
    ActStatus, FleetStatus, LevelStatus, NodeStatus, ServiceStatus, TargetStatus, VERSION,
};
use oco_fleet::journal::ActKind;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::{State, Worst};
use oco_fleet::when::rfc3339;

/// How all, or those of these patterns, stand. A pattern of targets brings the services of those along, with those alone.
///
/// # Errors
/// A pattern matches nothing.
pub(super) fn status(facts: &Facts, patterns: &[Pattern]) -> Result<FleetStatus, Wrong> {
    let fleet = &facts.snapshot.fleet;
    let marks = facts.marks();
    let wants =
        |name: &ObjectName| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name));
    let mut worst = Worst::default();
    let mut services = Vec::new();
    for service in fleet.services() {
        let is_whole = wants(&service.object.name);
        let targets = service.targets.iter().filter(|target| is_whole || wants(&target.name));
        let targets: Vec<&Object> = targets.collect();
        if is_whole {
            worst.see(&service.object.standing);
        } else if targets.is_empty() {
            continue;
        } else {
            targets.iter().for_each(|target| worst.see(&target.standing));
        }
        services.push((service.object.state().rank(), shown_service(&marks, service, targets)));
    }
    let mut nodes: Vec<&Object> = fleet.nodes().filter(|node| wants(&node.name)).collect();
    let mut levels: Vec<&Object> = fleet.levels().filter(|level| wants(&level.name)).collect();
    for pattern in patterns {
        let is_known = nodes.iter().chain(&levels).any(|object| pattern.matches(&object.name))
            || fleet.services().any(|service| {
                pattern.matches(&service.object.name)
                    || service.targets.iter().any(|target| pattern.matches(&target.name))
            });
        if !is_known {
            return Err(unknown(pattern.as_str()));
        }
    }
    for list in [&mut nodes, &mut levels] {
        list.iter().for_each(|object| worst.see(&object.standing));
        list.sort_by_key(|object| object.state().rank());
    }
    services.sort_by_key(|(rank, _)| *rank);
    // What is not known is never ok.
    let is_nobody = services.is_empty() && nodes.is_empty() && levels.is_empty();
    let (state, code) = if is_nobody { (State::Unknown, None) } else { worst.told() };
    Ok(FleetStatus {
        version: VERSION,
        at: rfc3339(facts.known()),
        warning: facts.warning(),
        state: state.word().to_owned(),
        code: code.map(Code::number),
        services: services.into_iter().map(|(_, service)| service).collect(),
        nodes: nodes.into_iter().map(|node| shown_node(facts, &marks, node)).collect(),
        slos: levels.into_iter().map(|level| shown_level(facts, &marks, level)).collect(),
    })
}

/// The nodes, worst first.
pub(super) fn nodes(facts: &Facts) -> Vec<NodeStatus> {
    let marks = facts.marks();
    let mut nodes: Vec<&Object> = facts.snapshot.fleet.nodes().collect();
    nodes.sort_by_key(|node| node.state().rank());
    nodes.into_iter().map(|node| shown_node(facts, &marks, node)).collect()
}

/// Who acknowledged, muted, plans.
fn acts(marks: &Marks<'_>, name: &ObjectName) -> [Option<ActStatus>; 3] {
    let said = marks.of_all_above(name);
    [ActKind::Ack, ActKind::Mute, ActKind::Maint].map(|kind| {
        said.iter().find(|mark| mark.kind == kind).map(|mark| ActStatus {
            who: mark.who.to_owned(),
            at: rfc3339(mark.since),
            until: mark.until.map(rfc3339),
            text: mark.text.to_owned(),
        })
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn shown_service(marks: &Marks<'_>, service: &Service, mut targets: Vec<&Object>) -> ServiceStatus {
    let object = &service.object;
    let [acked, muted, maint] = acts(marks, &object.name);
    targets.sort_by_key(|target| (target.state().rank(), !target.is_severe()));
    ServiceStatus {
        name: object.name.to_string(),
        state: object.state().word().to_owned(),
        code: object.standing.code.map(Code::number),
        reason: object.standing.reason.to_string(),
        since: rfc3339(object.since),
        // The file has it, and the journal does not tell.
        need: None,
        up: count(service.counts.up()),
        of: count(service.counts.total()),
        counts: None,
        acked,
        muted,
        maint,
        flapping: object.is_flapping,
        targets: targets.into_iter().map(|target| shown_target(marks, target)).collect(),
    }
}

fn shown_target(marks: &Marks<'_>, object: &Object) -> TargetStatus {
    let [acked, muted, maint] = acts(marks, &object.name);
    TargetStatus {
        name: object.name.to_string(),
        host: object.name.host().unwrap_or_default().to_owned(),
        address: None,
        state: object.state().word().to_owned(),
        code: object.standing.code.map(Code::number),
        reason: object.standing.reason.to_string(),
        since: rfc3339(object.since),
        last: None,
        latency_ms: None,
        acked,
        muted,
        maint,
    }
}

fn shown_node(facts: &Facts, marks: &Marks<'_>, object: &Object) -> NodeStatus {
    let [acked, muted, maint] = acts(marks, &object.name);
    let heard = facts.heard().node(&object.name);
    NodeStatus {
        name: object.name.to_string(),
        title: heard.map_or_else(|| object.name.service_part().to_owned(), |node| node.title.clone()),
        state: object.state().word().to_owned(),
        code: object.standing.code.map(Code::number),
        reason: object.standing.reason.to_string(),
        since: rfc3339(object.since),
        rule: heard.map(|node| node.rule.clone()).unwrap_or_default(),
        members: heard.iter().flat_map(|node| &node.members).map(ToString::to_string).collect(),
        acked,
        muted,
        maint,
    }
}

fn shown_level(facts: &Facts, marks: &Marks<'_>, object: &Object) -> LevelStatus {
    let [acked, muted, _] = acts(marks, &object.name);
    LevelStatus {
        name: object.name.to_string(),
        state: object.state().word().to_owned(),
        code: object.standing.code.map(Code::number),
        reason: object.standing.reason.to_string(),
        since: rfc3339(object.since),
        of: facts.heard().of_level(&object.name).map(ToString::to_string).unwrap_or_default(),
        acked,
        muted,
    }
}
