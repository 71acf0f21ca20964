//! Every service and node judged anew from all of its members, found anew by their names.

use crate::config::Settings;
use crate::decide::fleet::Fleet;
use crate::decide::fleet::ids::MemberId;
use oco::logic::code::{Code, Verdict};
use oco_fleet::object::ObjectName;
use oco_fleet::state::{Standing, State};
use oco_fleet::tree::Rule;
use std::collections::HashSet;

fn state(members: &[&Standing], rule: Rule, ignore_but: bool) -> State {
    let needed = rule.needed(members.len() as u32) as usize;
    let count = |state: State| members.iter().filter(|member| member.state == state).count();
    let up = count(State::Ok) + count(State::But);
    let at_best = up + count(State::Unknown);
    if members.is_empty() || (up < needed && at_best >= needed) {
        State::Unknown
    } else if at_best < needed {
        State::Ko
    } else if up == members.len() && (ignore_but || count(State::But) == 0) {
        State::Ok
    } else {
        State::But
    }
}

fn judge(members: &[&Standing], rule: Rule, ignore_but: bool, itself: bool) -> (State, Option<u16>, bool) {
    let state_of_all = state(members, rule, ignore_but);
    let is_severe = |member: &&Standing| {
        member.state == State::Ko && member.code.is_some_and(|code| code.verdict() == Verdict::Incident)
    };
    let code = match state_of_all {
        State::Unknown => None,
        State::Ok => Some(200),
        State::But => Some(250),
        State::Ko if members.iter().any(is_severe) => Some(550),
        State::Ko => Some(350),
    };
    let left: Vec<&Standing> = members.iter().copied().filter(|member| !member.planned).collect();
    let is_planned = state_of_all == State::Ko && (left.is_empty() || state(&left, rule, ignore_but).is_up());
    (state_of_all, code, itself || is_planned)
}

fn told(standing: &Standing) -> (State, Option<u16>, bool) {
    (standing.state, standing.code.map(Code::number), standing.planned)
}

/// Compares all. Tells how many are planned by what is below them alone.
pub(super) fn check(fleet: &Fleet, settings: &Settings, planned: &HashSet<ObjectName>) -> u64 {
    let mut from_below = 0;
    for target in fleet.targets() {
        let service = target.name.service_of_target().unwrap();
        assert_eq!(target.standing.planned, planned.contains(target.name) || planned.contains(&service));
        assert_eq!(fleet.find(target.name), Some(MemberId::Target(target.id)));
        let is_reported = ["backup", "push"].contains(&target.name.group());
        if is_reported && !fleet.is_canary_lost() && target.standing.state == State::Unknown {
            let kept = fleet.kept(MemberId::Target(target.id)).unwrap();
            assert_eq!(kept.target.counts.known, State::Unknown, "a report does not stand: {}", target.name);
        }
    }
    for service in fleet.services() {
        let of_file = service.place.map(|place| &settings.groups[service.group].services[place]);
        let rule = of_file.map_or(Rule::All, |service| service.need);
        let targets: Vec<_> = fleet
            .targets()
            .filter(|target| target.name.service_of_target().as_ref() == Some(service.name))
            .collect();
        let mut ids: Vec<_> = service.targets.to_vec();
        ids.sort_unstable();
        let mut found: Vec<_> = targets.iter().map(|target| target.id).collect();
        found.sort_unstable();
        assert_eq!(ids, found);
        let members: Vec<&Standing> = targets.iter().map(|target| target.standing).collect();
        let truth = judge(&members, rule, false, planned.contains(service.name));
        assert_eq!(told(service.standing), truth, "{}: {members:?}", service.name);
        assert_eq!(service.of as usize, members.len());
        assert_eq!(service.up as usize, members.iter().filter(|member| member.state.is_up()).count());
        assert_eq!(service.need, rule.needed(service.of));
        let is_failing = service.failing_since.is_some();
        assert!(is_failing || truth.0 != State::Ko);
        assert!(!is_failing || !truth.0.is_up());
        assert!(members.is_empty() || service.standing.reason.is_empty() == (truth.0 == State::Ok));
    }
    for (node, of_file) in fleet.nodes().zip(&settings.nodes) {
        assert_eq!(*node.name, ObjectName::node(&of_file.name));
        let is_member = |name: &ObjectName| of_file.members.iter().any(|pattern| pattern.matches(name));
        let targets = fleet.targets().filter(|target| is_member(target.name)).map(|target| target.standing);
        let services =
            fleet.services().filter(|service| is_member(service.name)).map(|service| service.standing);
        let nodes = fleet.nodes().filter(|node| is_member(node.name)).map(|node| node.standing);
        let members: Vec<&Standing> = targets.chain(services).chain(nodes).collect();
        let itself = planned.contains(node.name);
        let truth = judge(&members, of_file.rule, of_file.ignore_but, itself);
        assert_eq!(told(node.standing), truth, "{}: {members:?}", node.name);
        assert_eq!(node.members.len(), members.len());
        from_below += u64::from(!itself && truth.2);
    }
    from_below
}
