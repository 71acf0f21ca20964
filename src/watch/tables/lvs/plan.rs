//! The steps from a virtual service as it is to how it should be, and what is remembered of them. Pure.
//!
//! Real servers of the file's hosts are ours, and so is what is remembered as added; all others stay as they are.
#![deny(clippy::disallowed_methods)]

#[cfg(test)]
mod tests;

use super::saved::{SavedServer, SavedService, Virtual};
use crate::config::{Forwarding, VirtualService};
use crate::tables::wanted::{Seen, Server, Want, wanted};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Who is remembered at the address of the fallback: no host is called so.
const FALLBACK: &str = "-";
/// It is alone, so that its weight says nothing.
const FALLBACK_WEIGHT: u32 = 1;

/// What the settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What clients reach.
    pub virtual_service: VirtualService,
    /// How long they stay with their server.
    pub persistent: Option<Duration>,
    /// The scheduler of a service that is added.
    pub scheduler: String,
    /// How packets get to the real servers.
    pub forward: Forwarding,
    /// Their port; none: the virtual one.
    pub port: Option<u16>,
    /// The weight of ok.
    pub weight: u32,
    /// The weight of but.
    pub but_weight: u32,
    /// Whether ko gets weight 0 instead of being taken out.
    pub quiesce: bool,
    /// Who is in while all others are out.
    pub fallback: Option<SocketAddr>,
    /// So many stay in.
    pub min_up: u32,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The virtual service is added.
    AddService {
        /// Its scheduler.
        scheduler: String,
        /// Seconds that clients stay.
        persistent: Option<u64>,
    },
    /// A real server is added.
    Add(SocketAddr, Forwarding, u32),
    /// It gets this.
    Edit(SocketAddr, Forwarding, u32),
    /// It is taken out.
    Delete(SocketAddr),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::AddService { scheduler, .. } => write!(f, "added, with {scheduler}"),
            Step::Add(address, _, weight) => write!(f, "{address}: added, weight {weight}"),
            Step::Edit(address, _, weight) => write!(f, "{address}: weight {weight}"),
            Step::Delete(address) => write!(f, "{address}: taken out"),
        }
    }
}

impl Step {
    /// Whether `ipvsadm -R` ends at it: to it a server of the other family is a wrong usage, but by tunnelling.
    pub fn ends_all(&self, name: Virtual) -> bool {
        let is_v6 = match name.service {
            VirtualService::Tcp(address) | VirtualService::Udp(address) => address.is_ipv6(),
            VirtualService::Mark(_) => name.is_v6_mark,
        };
        match self {
            Step::Add(address, forward, _) | Step::Edit(address, forward, _) => {
                *forward != Forwarding::Ipip && address.is_ipv6() != is_v6
            }
            Step::AddService { .. } | Step::Delete(_) => false,
        }
    }

    /// The arguments of ipvsadm that do it.
    pub fn arguments(&self, name: Virtual) -> Vec<String> {
        let command = match self {
            Step::AddService { .. } => "-A",
            Step::Add(..) => "-a",
            Step::Edit(..) => "-e",
            Step::Delete(_) => "-d",
        };
        let mut words = vec![command.to_owned()];
        match name.service {
            VirtualService::Tcp(address) => words.extend(["-t".to_owned(), address.to_string()]),
            VirtualService::Udp(address) => words.extend(["-u".to_owned(), address.to_string()]),
            VirtualService::Mark(mark) => words.extend(["-f".to_owned(), mark.to_string()]),
        }
        words.extend(name.is_v6_mark.then(|| "-6".to_owned()));
        match self {
            Step::AddService { scheduler, persistent } => {
                words.extend(["-s".to_owned(), scheduler.clone()]);
                if let Some(seconds) = persistent {
                    words.extend(["-p".to_owned(), seconds.to_string()]);
                }
            }
            Step::Add(address, forward, weight) | Step::Edit(address, forward, weight) => {
                let forward = match forward {
                    Forwarding::Gate => "-g",
                    Forwarding::Masq => "-m",
                    Forwarding::Ipip => "-i",
                };
                words.extend(["-r".to_owned(), address.to_string(), forward.to_owned()]);
                words.extend(["-w".to_owned(), weight.to_string()]);
            }
            Step::Delete(address) => words.extend(["-r".to_owned(), address.to_string()]),
        }
        words
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// At which service.
    pub name: Virtual,
    /// In this order.
    pub steps: Vec<Step>,
    /// What is to be remembered: address, and the host that it is there for. The steps are included.
    pub mine: BTreeMap<SocketAddr, String>,
    /// Real servers of others.
    pub foreign: BTreeSet<SocketAddr>,
}

/// The plan for what was `saved`, where `mine` are those that we added or set: address, and for which host.
pub fn plan(
    servers: &[Server],
    saved: &[SavedService],
    mine: &BTreeMap<SocketAddr, String>,
    rules: &Rules,
) -> Plan {
    let name = name(servers, rules);
    let service = saved.iter().find(|service| service.name == name);
    let nobody = BTreeMap::new();
    let real = service.map_or(&nobody, |service| &service.servers);
    let addresses: Vec<Option<SocketAddr>> = servers.iter().map(|server| address(server, rules)).collect();
    let seen = |place: usize| match addresses.get(place).copied().flatten() {
        Some(address) if real.get(&address).is_some_and(|server| server.weight > 0) => Seen::In,
        Some(_) => Seen::Out,
        None => Seen::KeptOut,
    };
    let wanted = wanted(servers, rules.min_up, seen);
    let mut plan = Plan { name, steps: Vec::new(), mine: BTreeMap::new(), foreign: BTreeSet::new() };
    let mut after: BTreeMap<SocketAddr, SavedServer> = real.clone();
    let fallback = fallback(rules);
    // Two hosts at one address are one server: the first of the file.
    let mut owned: BTreeSet<SocketAddr> = BTreeSet::new();
    for ((address, want), server) in addresses.iter().zip(&wanted).zip(servers) {
        let Some(address) = address.filter(|address| owned.insert(*address)) else { continue };
        let old = real.get(&address).copied();
        let new = goal(*want, old, rules);
        if new != old || mine.contains_key(&address) && old.is_some() {
            plan.mine.insert(address, server.host.to_string());
        }
        apply(&mut after, address, new);
    }
    let places: HashMap<&str, usize> =
        servers.iter().enumerate().map(|(place, server)| (server.host.as_ref(), place)).collect();
    for (address, host) in mine.iter().filter(|(address, _)| !owned.contains(*address)) {
        let is_fallback = fallback.is_some_and(|(fallback, _)| fallback == *address) && host == FALLBACK;
        let place = places.get(host.as_str());
        // A host that is not looked up yet may still be where it was.
        let may_be_there = place.is_some_and(|place| addresses.get(*place).is_some_and(Option::is_none));
        if is_fallback || may_be_there {
            if real.contains_key(address) {
                plan.mine.insert(*address, host.clone());
            }
        } else if real.contains_key(address) {
            plan.mine.insert(*address, host.clone());
            after.remove(address);
        }
    }
    if let Some(fallback) = fallback.filter(|(fallback, _)| !owned.contains(fallback)) {
        stand_in(fallback, &wanted, mine, &mut after, &mut plan);
    }
    let is_foreign = |address: &&SocketAddr| !owned.contains(*address) && !plan.mine.contains_key(*address);
    plan.foreign = real.keys().filter(is_foreign).copied().collect();
    plan.steps = steps(service, real, &after, rules);
    plan
}

/// Which service it is. A mark is one of IPv6 where all hosts are there.
fn name(servers: &[Server], rules: &Rules) -> Virtual {
    let mut known = servers.iter().filter_map(|server| server.address).peekable();
    let is_mark = matches!(rules.virtual_service, VirtualService::Mark(_));
    let is_v6_mark = is_mark && known.peek().is_some() && known.all(|address| address.is_ipv6());
    Virtual { service: rules.virtual_service, is_v6_mark }
}

/// Where the real server of a host is; none: nobody knows its address.
fn address(server: &Server, rules: &Rules) -> Option<SocketAddr> {
    let port = match rules.virtual_service {
        VirtualService::Tcp(address) | VirtualService::Udp(address) => rules.port.unwrap_or(address.port()),
        VirtualService::Mark(_) => rules.port.unwrap_or(0),
    };
    Some(SocketAddr::new(server.address?, port))
}

/// Where the fallback is, and how packets get there. Only masquerading reaches another port than the virtual one: with the
/// other ways ipvsadm takes that one, whatever it is told. And a loopback address is not reached by masquerading.
fn fallback(rules: &Rules) -> Option<(SocketAddr, Forwarding)> {
    let mut address = rules.fallback?;
    let forward = if address.ip().is_loopback() { Forwarding::Gate } else { rules.forward };
    match (forward, rules.virtual_service) {
        (
            Forwarding::Gate | Forwarding::Ipip,
            VirtualService::Tcp(service) | VirtualService::Udp(service),
        ) => {
            address.set_port(service.port());
        }
        (Forwarding::Masq, _) | (_, VirtualService::Mark(_)) => {}
    }
    Some((address, forward))
}

/// How a real server should be, that is now as `old`; none: not there.
fn goal(want: Want, old: Option<SavedServer>, rules: &Rules) -> Option<SavedServer> {
    let with = |weight| {
        // A way that no setting asks for is the kernel's own name for what was set.
        let forward = old.map_or(Some(rules.forward), |old| old.forward.and(Some(rules.forward)));
        Some(SavedServer { forward, weight })
    };
    match want {
        Want::Whole => with(rules.weight),
        Want::Part => with(rules.but_weight),
        Want::In => with(old.map(|old| old.weight).filter(|weight| *weight > 0).unwrap_or(rules.weight)),
        Want::Drained => with(0),
        Want::Out if rules.quiesce => old.and_then(|_| with(0)),
        Want::Out => None,
        Want::AsItIs => old,
    }
}

fn apply(after: &mut BTreeMap<SocketAddr, SavedServer>, address: SocketAddr, new: Option<SavedServer>) {
    match new {
        Some(new) => drop(after.insert(address, new)),
        None => drop(after.remove(&address)),
    }
}

/// Puts the fallback in while every server is out, and takes it out when one is in. Where none is in for sure, and of some
/// it is not known whether they are well, it stays as it is.
fn stand_in(
    (fallback, forward): (SocketAddr, Forwarding),
    wanted: &[Want],
    mine: &BTreeMap<SocketAddr, String>,
    after: &mut BTreeMap<SocketAddr, SavedServer>,
    plan: &mut Plan,
) {
    let is_ours = mine.get(&fallback).is_some_and(|host| host == FALLBACK);
    let is_there = after.contains_key(&fallback);
    if is_there && !is_ours {
        return;
    }
    let is_any_in = after.iter().any(|(address, server)| *address != fallback && server.weight > 0);
    let is_none_known = wanted.contains(&Want::AsItIs) || wanted.is_empty();
    if is_any_in {
        after.remove(&fallback);
    } else if !is_there && !is_none_known {
        after.insert(fallback, SavedServer { forward: Some(forward), weight: FALLBACK_WEIGHT });
        plan.mine.insert(fallback, FALLBACK.to_owned());
    }
}

/// From the one to the other. Who comes in comes before others go.
fn steps(
    service: Option<&SavedService>,
    before: &BTreeMap<SocketAddr, SavedServer>,
    after: &BTreeMap<SocketAddr, SavedServer>,
    rules: &Rules,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for (address, new) in after {
        let forward = new.forward.unwrap_or(rules.forward);
        match before.get(address) {
            None => steps.push(Step::Add(*address, forward, new.weight)),
            Some(old) if old != new => steps.push(Step::Edit(*address, forward, new.weight)),
            Some(_) => {}
        }
    }
    if service.is_none() && !steps.is_empty() {
        let persistent = rules.persistent.map(|length| length.as_secs());
        steps.insert(0, Step::AddService { scheduler: rules.scheduler.clone(), persistent });
    }
    steps.extend(
        before.keys().filter(|address| !after.contains_key(*address)).map(|gone| Step::Delete(*gone)),
    );
    steps
}
