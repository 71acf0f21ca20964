//! The steps from a backend as it is to how it should be, and what is remembered of them. Pure.
//!
//! What somebody else has set stays: maintenance or draining that is not remembered as our own, and a weight that is
//! neither the configured one nor ours.
#![deny(clippy::disallowed_methods)]

#[cfg(test)]
mod tests;

use crate::limits::HAPROXY_LINE_OCTETS;
use crate::tables::wanted::{Seen, Server, Want, wanted};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;

/// A server as HAProxy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Real {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<IpAddr>,
    /// Its port, where HAProxy tells it.
    pub port: Option<u16>,
    /// What somebody has set.
    pub administration: Administration,
    /// Its weight now.
    pub weight: u32,
    /// Its weight by HAProxy's own file.
    pub initial_weight: u32,
}

/// What somebody has set for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administration {
    /// Nothing.
    Ready,
    /// It gets no new clients.
    Drain,
    /// It is out.
    Maint,
}

/// What can be set. As it is written it stands in commands, and in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// `weight N`.
    Weight(u32),
    /// `state ready`.
    Ready,
    /// `state drain`.
    Drain,
    /// `state maint`.
    Maint,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Set::Weight(weight) => write!(f, "weight {weight}"),
            Set::Ready => f.write_str("state ready"),
            Set::Drain => f.write_str("state drain"),
            Set::Maint => f.write_str("state maint"),
        }
    }
}

impl Set {
    fn from_words(words: &str) -> Option<Set> {
        match words.split_once(' ')? {
            ("weight", number) => number.parse().ok().map(Set::Weight),
            ("state", "drain") => Some(Set::Drain),
            ("state", "maint") => Some(Set::Maint),
            _ => None,
        }
    }
}

/// A step: this is set at a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The server.
    pub server: String,
    /// What.
    pub set: Set,
}

/// What we have set at a server. More than one state or weight only until it is seen which of them it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mine(BTreeSet<Set>);

impl Mine {
    /// As the journal has it.
    pub fn parse(text: &str) -> Mine {
        Mine(text.split(", ").filter_map(Set::from_words).collect())
    }

    /// The same, to be kept; none where there is nothing.
    pub fn text(&self) -> Option<String> {
        let words: Vec<String> = self.0.iter().map(Set::to_string).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// What is left of it now that the server is seen.
    fn seen(mut self, real: &Real) -> Mine {
        self.0.retain(|set| match set {
            Set::Weight(weight) => *weight == real.weight,
            Set::Ready => false,
            Set::Drain => real.administration == Administration::Drain,
            Set::Maint => real.administration == Administration::Maint,
        });
        self
    }

    fn has(&self, administration: Administration) -> bool {
        match administration {
            Administration::Ready => false,
            Administration::Drain => self.0.contains(&Set::Drain),
            Administration::Maint => self.0.contains(&Set::Maint),
        }
    }
}

/// What the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether who is out is `maint`, else `drain`.
    pub ko_is_maint: bool,
    /// The weight of `but` in per cent.
    pub but_weight: u8,
    /// So many stay in.
    pub min_up: u32,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What is to be remembered of each server before, the steps included: one that does not come to be done is seen so.
    pub mine: Vec<(String, Mine)>,
    /// Hosts without a server, by place. Of one whose address nobody knows yet there is nothing to say.
    pub lonely: Vec<usize>,
}

/// The plan for `real`, which has our settings as `mine` tells.
pub fn plan(servers: &[Server], real: &[Real], mine: impl Fn(&str) -> Mine, rules: Rules) -> Plan {
    let owners = owners(servers, real);
    let mut has_server = vec![false; servers.len()];
    let mine: Vec<Mine> = real.iter().map(|real| mine(&real.name).seen(real)).collect();
    let mut seen = vec![Seen::KeptOut; servers.len()];
    for ((owner, real), mine) in owners.iter().zip(real).zip(&mine) {
        let Some(place) = *owner else { continue };
        has_server.get_mut(place).into_iter().for_each(|has| *has = true);
        let Some(seen) = seen.get_mut(place) else { continue };
        if real.administration == Administration::Ready {
            *seen = Seen::In;
        } else if *seen == Seen::KeptOut && mine.has(real.administration) {
            *seen = Seen::Out;
        }
    }
    let wanted = wanted(servers, rules.min_up, |place| seen.get(place).copied().unwrap_or(Seen::KeptOut));
    let mut plan = Plan::default();
    for ((owner, real), mut mine) in owners.iter().zip(real).zip(mine) {
        let want = owner.and_then(|place| wanted.get(place).copied());
        for set in sets(want, real, &mine, rules) {
            if set != Set::Ready && set != Set::Weight(real.initial_weight) {
                mine.0.insert(set);
            }
            plan.steps.push(Step { server: real.name.clone(), set });
        }
        plan.mine.push((real.name.clone(), mine));
    }
    let places = servers.iter().zip(&has_server).enumerate();
    let lonely = places.filter(|(_, (server, has_server))| server.address.is_some() && !**has_server);
    plan.lonely = lonely.map(|(place, _)| place).collect();
    plan
}

/// Whose each real server is: that of the host of its name; else, of hosts that have none by name, of that at its address,
/// before others of the one with its port too.
fn owners(servers: &[Server], real: &[Real]) -> Vec<Option<usize>> {
    let by_name: HashMap<&str, usize> =
        servers.iter().enumerate().map(|(place, server)| (server.host.as_ref(), place)).collect();
    let mut owners: Vec<Option<usize>> =
        real.iter().map(|real| by_name.get(real.name.as_str()).copied()).collect();
    let named: BTreeSet<usize> = owners.iter().flatten().copied().collect();
    let mut by_address: HashMap<IpAddr, Vec<usize>> = HashMap::new();
    for (place, server) in servers.iter().enumerate().filter(|(place, _)| !named.contains(place)) {
        if let Some(address) = server.address {
            by_address.entry(address).or_default().push(place);
        }
    }
    for (owner, real) in owners.iter_mut().zip(real).filter(|(owner, _)| owner.is_none()) {
        let there = real.address.and_then(|address| by_address.get(&address));
        let has_port = |place: &&usize| {
            servers.get(**place).is_some_and(|server| server.port.is_some() && server.port == real.port)
        };
        *owner = there.and_then(|there| there.iter().find(has_port).or(there.first()).copied());
    }
    owners
}

/// What is set at one server. No `want`: its host is gone, and what we set is undone.
fn sets(want: Option<Want>, real: &Real, mine: &Mine, rules: Rules) -> Vec<Set> {
    if want.is_none() && mine.0.is_empty() {
        return Vec::new();
    }
    let whole = Some(real.initial_weight);
    let (administration, weight) = match want {
        Some(Want::Whole) | None => (Administration::Ready, whole),
        Some(Want::Part) => (Administration::Ready, Some(share(real.initial_weight, rules.but_weight))),
        Some(Want::In) => (Administration::Ready, None),
        Some(Want::Drained) => (Administration::Drain, None),
        Some(Want::Out) if rules.ko_is_maint => (Administration::Maint, None),
        Some(Want::Out) => (Administration::Drain, None),
        Some(Want::AsItIs) => return Vec::new(),
    };
    let mut sets = Vec::new();
    let may_weigh = real.weight == real.initial_weight || mine.0.contains(&Set::Weight(real.weight));
    // Before the state, so that who comes back has its weight by then.
    sets.extend(weight.filter(|weight| may_weigh && *weight != real.weight).map(Set::Weight));
    let may_administrate = real.administration == Administration::Ready || mine.has(real.administration);
    if may_administrate && administration != real.administration {
        sets.push(match administration {
            Administration::Ready => Set::Ready,
            Administration::Drain => Set::Drain,
            Administration::Maint => Set::Maint,
        });
    }
    sets
}

/// A share of a weight. HAProxy's own per cents round 50% of 1 down to 0, which would take who is `but` out.
fn share(weight: u32, percent: u8) -> u32 {
    let share = weight.saturating_mul(u32::from(percent)) / 100;
    if percent > 0 { share.max(weight.min(1)) } else { share }
}

/// A line of commands that does as many of the steps as fit, and then asks for the servers; and which steps those are.
pub fn line(steps: &[Step], backend: &str) -> (String, Vec<Step>) {
    let mut line = String::new();
    let mut taken = Vec::new();
    for step in steps {
        let command = format!("set server {backend}/{} {};", step.server, step.set);
        if !taken.is_empty() && line.len() + command.len() > HAPROXY_LINE_OCTETS {
            break;
        }
        line.push_str(&command);
        taken.push(step.clone());
    }
    line.push_str(&format!("show servers state {backend}\n"));
    (line, taken)
}
