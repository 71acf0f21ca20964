//! Files by chance.

use super::Seed;
use crate::config::{
    Address, Canary, Flap, Group, Host, Incident, Node, Probe, Service, Settings, Timing, Word,
};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::tree::Rule;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn timing(fall: u32, rise: u32) -> Timing {
    let second = Duration::from_secs(1);
    Timing {
        interval: second * 10,
        fast_interval: second * 2,
        timeout: second * 3,
        fall,
        rise,
        max_silence: second * 45,
        flap: Flap { changes: 4, within: second * 300, calm: second * 120 },
    }
}

pub(crate) fn service(name: &str, probe: Probe, need: Rule, depends: &[&str]) -> Service {
    let depends = depends.iter().map(|name| ObjectName::parse(name).unwrap()).collect();
    Service { name: name.to_owned(), probe: Arc::new(probe), timing: timing(3, 2), need, depends }
}

pub(crate) fn group(name: &str, hosts: &[&str], services: Vec<Service>) -> Group {
    let hosts = hosts.iter().map(|name| Host {
        name: (*name).into(),
        address_text: None,
        address: Address::Name((*name).into()),
        port: None,
    });
    let (name, hosts) = (name.to_owned(), hosts.collect());
    Group { name, hosts, services, accept_reports: false, timing: timing(3, 2) }
}

pub(crate) fn node(name: &str, members: &[&str], rule: Rule, ignore_but: bool) -> Node {
    let members = members.iter().map(|member| Pattern::parse(member).unwrap()).collect();
    Node { name: name.to_owned(), title: None, members, rule, ignore_but }
}

pub(crate) fn file(groups: Vec<Group>, nodes: Vec<Node>, has_canary: bool) -> Settings {
    let canary = Canary { name: "c".to_owned(), address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: Some(9) };
    Settings {
        state_dir: "/".into(),
        control: "/".into(),
        control_group: None,
        user: None,
        resolve_every: Duration::from_secs(300),
        metrics: None,
        base_url: None,
        time_zone: None,
        canary: if has_canary { vec![canary] } else { Vec::new() },
        groups,
        nodes,
        alerts: Vec::new(),
        alertmanager: None,
        tables: Vec::new(),
        maintenance: Vec::new(),
        keep: Duration::from_secs(1),
        incident: Incident::default(),
        levels: Vec::new(),
        publish: None,
        figures_keep: None,
        forward: None,
    }
}

/// A file with all that is judged, and some of it missing.
pub(crate) fn any(seed: &mut Seed) -> Settings {
    let all = ["a", "b", "c", "d"];
    let hosts: Vec<&str> = all.into_iter().filter(|host| *host == "a" || !seed.one_in(3)).collect();
    let rules = [Rule::All, Rule::Any, Rule::Count(2), Rule::Percent(50)];
    let mut web = vec![
        service("oco", Probe::Oco { port: None }, *seed.pick(&rules), &["gateway/ping"]),
        service("tcp", Probe::Tcp { port: Some(1) }, *seed.pick(&rules), &["node:network"]),
        service("mon", Probe::Mon(vec![Word("x".to_owned())]), *seed.pick(&rules), &["gateway/ping/g"]),
    ];
    if seed.one_in(3) {
        web.remove(seed.below(3) as usize);
    }
    for service in &mut web {
        service.timing = timing(1 + seed.below(4) as u32, 1 + seed.below(3) as u32);
        if seed.one_in(4) {
            service.timing.fast_interval = service.timing.interval;
        }
    }
    let nightly = service("nightly", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
    let mut push = group("push", &[], Vec::new());
    push.accept_reports = !seed.one_in(6);
    let groups = vec![
        group("web", &hosts, web),
        group("gateway", &["g"], vec![service("ping", Probe::Ping, Rule::All, &[])]),
        group("backup", &["a", "b"], vec![nightly]),
        push,
    ];
    let nodes = vec![
        node("network", &["gateway/ping", "web/tcp/*"], *seed.pick(&rules), seed.one_in(2)),
        node("push", &["push/*", "push/*/a"], *seed.pick(&rules), false),
        node("shop", &["web/oco", "web/m*", "node:network", "backup/*"], *seed.pick(&rules), seed.one_in(2)),
        node("all", &["node:s*", "node:push"], *seed.pick(&rules), false),
    ];
    file(groups, nodes, !seed.one_in(3))
}
