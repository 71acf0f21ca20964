//! The reply to `status`, made piece by piece, so that a fleet of 100,000 delays no probe. Worst first.

mod acts;
#[cfg(test)]
mod tests;

use crate::addresses::{self, of_ip, with_port};
use crate::config::{Address, Settings};
use crate::decide::fleet::Fleet;
use crate::decide::fleet::ids::{MemberId, NodeId, ServiceId, TargetId};
use crate::decide::fleet::{ServiceView, TargetView};
use crate::levels::{LevelView, Levels};
use crate::limits::STATUS_TARGETS_PER_TURN;
use crate::probe::port_of;
pub use acts::ActOn;
use jiff::tz::TimeZone;
use oco::logic::code::{Code, Verdict};
use oco::logic::control::{
    ActStatus, FleetStatus, LevelStatus, NodeStatus, ServiceStatus, TargetCounts, TargetStatus, VERSION,
};
use oco_fleet::journal::ActKind;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::{Standing, State, Worst};
use oco_fleet::time::Millis;
use oco_fleet::when::shown;
use std::net::SocketAddr;

/// What somebody wants to know.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Of whom; none: of all.
    pub patterns: Vec<Pattern>,
    /// Of each service at most so many targets.
    pub most: Option<u32>,
    /// Times are to be of this zone; none: UTC.
    pub zone: Option<TimeZone>,
}

/// Whom the reply is of, and how far it is made.
#[derive(Debug)]
pub struct StatusReply {
    wish: Wish,
    services: Vec<(ServiceId, bool)>,
    nodes: Vec<NodeId>,
    levels: Vec<ObjectName>,
    /// Services whose head was written.
    begun: usize,
    /// In the targets of the last one of them.
    place: Option<TargetPlace>,
    has_begun: bool,
}

/// A place in the targets of a service: those in the state of this rank are being written.
#[derive(Debug, Clone, Copy, Default)]
struct TargetPlace {
    rank: usize,
    index: usize,
    written: u32,
}

/// What a reply is made of: the fleet, and where its hosts are.
pub struct Facts<'a> {
    /// How things stand.
    pub fleet: &'a Fleet,
    /// What the file says of them.
    pub settings: &'a Settings,
    /// What was promised of them.
    pub levels: &'a Levels,
    /// Where a name leads.
    pub address_of: &'a dyn Fn(&str) -> Option<SocketAddr>,
    /// Who acts on whom, if somebody does: acknowledged, muted, under maintenance.
    pub acts_on: &'a dyn Fn(&ObjectName) -> [Option<ActOn>; 3],
    /// Whether a failure is acknowledged, or muted, by whatever is on it or below.
    pub is_covered: &'a dyn Fn(ActKind, &ObjectName) -> bool,
    /// Now.
    pub now: Millis,
}

impl StatusReply {
    /// Chooses whom it is of.
    ///
    /// # Errors
    /// Nothing is known by a name.
    pub fn new(wish: Wish, facts: &Facts<'_>) -> Result<StatusReply, String> {
        let fleet = facts.fleet;
        for pattern in &wish.patterns {
            let is_known = fleet.services().any(|service| pattern.matches(service.name))
                || fleet.nodes().any(|node| pattern.matches(node.name))
                || facts.levels.all().any(|level| pattern.matches(level.name))
                || (is_of_targets(pattern) && fleet.targets().any(|target| pattern.matches(target.name)));
            if !is_known {
                return Err(format!("{pattern}: nothing is known by that name"));
            }
        }
        let is_wanted =
            |name: &ObjectName| wish.patterns.is_empty() || wish.patterns.iter().any(|one| one.matches(name));
        let mut services = Vec::new();
        for service in fleet.services() {
            if is_wanted(service.name) {
                services.push((service.id, true));
            } else if wish.patterns.iter().any(is_of_targets)
                && targets(fleet, &service).any(|one| is_wanted(one.name))
            {
                services.push((service.id, false));
            }
        }
        services.sort_by_key(|(id, _)| fleet.service(*id).map(|service| service.standing.state.rank()));
        let mut nodes: Vec<NodeId> =
            fleet.nodes().filter(|node| is_wanted(node.name)).map(|node| node.id).collect();
        nodes.sort_by_key(|id| fleet.node(*id).map(|node| node.standing.state.rank()));
        let mut levels: Vec<LevelView<'_>> =
            facts.levels.all().filter(|level| is_wanted(level.name)).collect();
        levels.sort_by_key(|level| level.standing.state.rank());
        let levels = levels.into_iter().map(|level| level.name.clone()).collect();
        Ok(StatusReply { wish, services, nodes, levels, begun: 0, place: None, has_begun: false })
    }

    /// The worst of what was asked for, what is planned left out, and its code.
    pub fn worst(&self, facts: &Facts<'_>) -> (State, Option<Code>) {
        let fleet = facts.fleet;
        let mut worst = Worst::default();
        for (id, is_whole) in &self.services {
            let Some(service) = fleet.service(*id) else { continue };
            if *is_whole {
                worst.see(service.standing);
            } else {
                targets(fleet, &service)
                    .filter(|one| self.wants(one.name))
                    .for_each(|one| worst.see(one.standing));
            }
        }
        self.nodes.iter().filter_map(|id| fleet.node(*id)).for_each(|node| worst.see(node.standing));
        self.levels
            .iter()
            .filter_map(|name| facts.levels.get(name))
            .for_each(|level| worst.see(level.standing));
        worst.told()
    }

    /// Writes on. Whether that was the end.
    pub fn write(&mut self, facts: &Facts<'_>, out: &mut Vec<u8>) -> bool {
        if !self.has_begun {
            self.has_begun = true;
            let (state, code) = self.worst(facts);
            let at = self.time(facts.now);
            let head = FleetStatus {
                version: VERSION,
                at,
                warning: None,
                state: state.word().to_owned(),
                code: code.map(Code::number),
                services: Vec::new(),
                nodes: Vec::new(),
                slos: Vec::new(),
            };
            // As far as the first of its services.
            push_open(out, &head, "],\"nodes\":[],\"slos\":[]}");
        }
        let mut left = STATUS_TARGETS_PER_TURN;
        while left > 0 {
            if let Some(place) = self.place {
                self.place = self.write_targets(place, facts, out, &mut left);
                if self.place.is_none() {
                    out.extend_from_slice(b"]}");
                }
                continue;
            }
            let Some((id, _)) = self.services.get(self.begun) else {
                self.write_rest(facts, out);
                return true;
            };
            if let Some(service) = facts.fleet.service(*id) {
                out.extend_from_slice(if self.begun > 0 { b"," } else { b"" });
                push_open(out, &self.service(&service, facts), "]}");
                self.place = Some(TargetPlace::default());
            }
            self.begun += 1;
            left -= 1;
        }
        false
    }

    fn wants(&self, name: &ObjectName) -> bool {
        self.wish.patterns.iter().any(|pattern| pattern.matches(name))
    }

    fn time(&self, at: Millis) -> String {
        shown(at, self.wish.zone.as_ref())
    }

    fn acts(&self, name: &ObjectName, facts: &Facts<'_>) -> [Option<ActStatus>; 3] {
        facts.acts(name).map(|act| act.map(|act| act.shown(&|at| self.time(at))))
    }

    /// A service, without its targets.
    fn service(&self, service: &ServiceView<'_>, facts: &Facts<'_>) -> ServiceStatus {
        let [acked, muted, maint] = self.acts(service.name, facts);
        let counts = self.wish.most.map(|_| {
            let mut counts = TargetCounts::default();
            for target in targets(facts.fleet, service) {
                match target.standing.state {
                    State::Ko => counts.ko += 1,
                    State::Unknown => counts.unknown += 1,
                    State::But => counts.but += 1,
                    State::Ok => counts.ok += 1,
                }
            }
            counts
        });
        ServiceStatus {
            name: service.name.to_string(),
            state: service.standing.state.word().to_owned(),
            code: service.standing.code.map(Code::number),
            reason: service.standing.reason.to_string(),
            since: self.time(service.since),
            need: Some(service.need),
            up: service.up,
            of: service.of,
            counts,
            acked,
            muted,
            maint,
            flapping: service.flapping_since.is_some(),
            targets: Vec::new(),
        }
    }

    /// Writes targets of the service that was begun last, from `place` on. Returns where it stopped, if before their end.
    fn write_targets(
        &self,
        mut place: TargetPlace,
        facts: &Facts<'_>,
        out: &mut Vec<u8>,
        left: &mut usize,
    ) -> Option<TargetPlace> {
        let (id, is_whole) = self.services.get(self.begun.checked_sub(1)?)?;
        let service = facts.fleet.service(*id)?;
        while place.rank < TARGET_RANKS {
            while let Some(id) = service.targets.get(place.index) {
                place.index += 1;
                let is_now = |one: &TargetView<'_>| target_rank(one.standing) == place.rank;
                let Some(target) = facts.fleet.target(*id).filter(is_now) else { continue };
                if !*is_whole && !self.wants(target.name) {
                    continue;
                }
                if *left == 0 {
                    place.index -= 1;
                    return Some(place);
                }
                *left -= 1;
                let status = self.target(&target, &service, facts);
                let is_of_note = status.acked.is_some() || status.muted.is_some() || status.maint.is_some();
                let is_shown = target.standing.state != State::Ok || is_of_note;
                let has_room = self.wish.most.is_none_or(|most| place.written < most && is_shown);
                if has_room {
                    out.extend_from_slice(if place.written > 0 { b"," } else { b"" });
                    place.written += 1;
                    push(out, &status);
                }
            }
            (place.rank, place.index) = (place.rank + 1, 0);
        }
        None
    }

    fn target(&self, target: &TargetView<'_>, service: &ServiceView<'_>, facts: &Facts<'_>) -> TargetStatus {
        let [acked, muted, maint] = self.acts(target.name, facts);
        TargetStatus {
            name: target.name.to_string(),
            host: target.name.host().unwrap_or_default().to_owned(),
            address: address(target, service, facts),
            state: target.standing.state.word().to_owned(),
            code: target.standing.code.map(Code::number),
            reason: target.standing.reason.to_string(),
            since: self.time(target.since),
            last: target.last.map(|(at, _)| self.time(at)),
            latency_ms: target.last.map(|(_, took)| {
                let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
                f64::from(micros) / 1000.0
            }),
            acked,
            muted,
            maint,
        }
    }

    /// Writes all behind the services.
    fn write_rest(&self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"],\"nodes\":");
        let nodes: Vec<NodeStatus> = self.nodes.iter().filter_map(|id| self.node(*id, facts)).collect();
        push(out, &nodes);
        out.extend_from_slice(b",\"slos\":");
        let levels: Vec<LevelStatus> = self
            .levels
            .iter()
            .filter_map(|name| facts.levels.get(name))
            .map(|one| self.level(one, facts))
            .collect();
        push(out, &levels);
        out.extend_from_slice(b"}\n");
    }

    fn level(&self, level: LevelView<'_>, facts: &Facts<'_>) -> LevelStatus {
        let [acked, muted, _] = self.acts(level.name, facts);
        LevelStatus {
            name: level.name.to_string(),
            state: level.standing.state.word().to_owned(),
            code: level.standing.code.map(Code::number),
            reason: level.standing.reason.to_string(),
            since: self.time(level.since),
            of: level.of.to_string(),
            acked,
            muted,
        }
    }

    fn node(&self, id: NodeId, facts: &Facts<'_>) -> Option<NodeStatus> {
        let node = facts.fleet.node(id)?;
        let name = node.name.service_part();
        let written = facts.settings.nodes.iter().find(|written| written.name == name);
        let [acked, muted, maint] = self.acts(node.name, facts);
        let member = |member: &MemberId| facts.fleet.name(*member).map(ToString::to_string);
        Some(NodeStatus {
            name: node.name.to_string(),
            title: written.and_then(|node| node.title.clone()).unwrap_or_else(|| name.to_owned()),
            state: node.standing.state.word().to_owned(),
            code: node.standing.code.map(Code::number),
            reason: node.standing.reason.to_string(),
            since: self.time(node.since),
            rule: written.map_or_else(String::new, |node| node.rule.to_string()),
            members: node.members.iter().filter_map(member).collect(),
            acked,
            muted,
            maint,
        })
    }
}

/// Targets are told of in so many turns, the worst first.
const TARGET_RANKS: usize = State::WORST_FIRST.len() + 1;

/// In which of them: an incident before another ko.
fn target_rank(standing: &Standing) -> usize {
    let is_incident = standing.code.is_some_and(|code| code.verdict() == Verdict::Incident);
    if is_incident { 0 } else { usize::from(standing.state.rank()) + 1 }
}

fn is_of_targets(pattern: &Pattern) -> bool {
    pattern.as_str().matches('/').count() == 2
}

fn targets<'a>(fleet: &'a Fleet, service: &ServiceView<'a>) -> impl Iterator<Item = TargetView<'a>> {
    service.targets.iter().filter_map(|id: &TargetId| fleet.target(*id))
}

/// The address in use, with the port where there is one.
fn address(target: &TargetView<'_>, service: &ServiceView<'_>, facts: &Facts<'_>) -> Option<String> {
    let group = facts.settings.groups.get(service.group)?;
    let (host, written) = (group.hosts.get(target.host?)?, group.services.get(service.place?)?);
    let address = match &host.address {
        Address::Ip(address) => of_ip(*address),
        Address::Name(name) => (facts.address_of)(name)?,
    };
    Some(match port_of(&written.probe, host.port) {
        Some(port) => with_port(address, port).to_string(),
        None => addresses::shown(address),
    })
}

fn push(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    // What we make has no key that is no text, and no number that JSON lacks.
    let _ = serde_json::to_writer(out, value);
}

/// Writes `value` without its `end`.
fn push_open(out: &mut Vec<u8>, value: &impl serde::Serialize, end: &str) {
    push(out, value);
    out.truncate(out.len().saturating_sub(end.len()));
}
