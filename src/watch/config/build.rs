//! Makes settings of a file: what its sections mean together. Each fault names the place of what is to be changed.

use super::file::{File, GroupSection, ServiceSection, TimingKeys};
use super::host::{canaries, hosts};
use super::names::Known;
use super::node::{Dependencies, nodes, ordered};
use super::section::{Culprit, Section, Sections, wrong};
use super::value::counted;
use super::{Address, Group, Incident, Probe, Service, Settings};
use super::{alert, level, probe, table};
use crate::limits::TARGETS;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::tree::Rule;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use toml::Spanned;

/// Names that stand before a colon, so that no group can have them.
const RESERVED_GROUPS: [&str; 2] = ["node", "slo"];
const STATE_DIR: &str = "/var/lib/oco-watch";
const CONTROL: &str = "/run/oco-watch/control";
const RESOLVE_EVERY: Duration = Duration::from_secs(5 * 60);
/// As humantime reckons years and days.
const KEEP: Duration = Duration::from_secs(5 * 31_557_600);
/// How long figures are kept by default.
pub const FIGURES_KEEP: Duration = Duration::from_secs(30 * 86_400);

/// What of a service can be judged only once all groups are known.
struct Later {
    depends: Vec<Spanned<super::value::Object>>,
    /// Where its name stands.
    span: Range<usize>,
}

/// The settings that a file means.
pub(super) fn build(file: File) -> Result<Settings, Culprit> {
    let outer = file.defaults.as_ref().map(|defaults| defaults.timing()).unwrap_or_default();
    let (mut groups, later) = groups(file.hostgroup, outer)?;
    let node_names: Vec<(String, Range<usize>)> =
        file.node.0.iter().map(|node| (node.name.clone(), node.span.clone())).collect();
    let level_names: Vec<String> = file.slo.0.iter().map(|level| level.name.clone()).collect();
    let known = Known::new(
        &groups,
        node_names.iter().map(|(name, _)| name.as_str()),
        level_names.iter().map(String::as_str),
    );
    let publish = file.publish.map(level::PublishSection::directory);
    if publish.is_some() {
        let services = later.iter().map(|(name, later)| (name.to_string(), later.span.clone()));
        let nodes = node_names.iter().map(|(name, span)| (format!("node:{name}"), span.clone()));
        level::published(services.chain(nodes))?;
    }
    let (nodes, places) = nodes(file.node, &known)?;
    let mut depends = depends(later, &known)?;
    let mut settings = Settings {
        state_dir: file.state_dir.map_or_else(|| PathBuf::from(STATE_DIR), |path| path.0),
        control: file.control.map_or_else(|| PathBuf::from(CONTROL), |path| path.0),
        control_group: file.control_group.map(|word| word.0),
        user: file.user.map(|word| word.0),
        resolve_every: file.resolve_every.map_or(RESOLVE_EVERY, |length| length.0),
        metrics: file.metrics.map(|address| address.0),
        base_url: file.base_url.map(|url| url.0),
        time_zone: file.time_zone.map(|zone| zone.0),
        canary: file.canary.map(|canary| canaries(canary.hosts.0)).transpose()?.unwrap_or_default(),
        groups: Vec::new(),
        nodes: ordered(nodes, &known, &places, &depends)?,
        alerts: alert::alerts(file.alert.0, &known)?,
        alertmanager: file.alertmanager.map(|section| section.alertmanager(&known)).transpose()?,
        tables: table::tables(file.table.0, &groups, &known)?,
        maintenance: file
            .maintenance
            .0
            .into_iter()
            .map(|section| section.maintenance(&known))
            .collect::<Result<_, _>>()?,
        keep: file.journal.and_then(|section| section.keep).map_or(KEEP, |length| length.0),
        incident: file.incident.map_or_else(|| Ok(Incident::default()), |section| section.incident())?,
        levels: file.slo.0.into_iter().map(|section| section.level(&known)).collect::<Result<_, _>>()?,
        publish,
        figures_keep: file.figures.map(|section| section.keep.map_or(FIGURES_KEEP, |length| length.0)),
        forward: file.forward.map(|section| section.forward(&known)).transpose()?,
    };
    for (name, service) in services(&mut groups) {
        service.depends = depends.remove(&name).unwrap_or_default().into_iter().map(|(on, _)| on).collect();
    }
    settings.groups = groups;
    Ok(settings)
}

/// What each service that depends on something depends on, and where that stands.
fn depends(later: BTreeMap<ObjectName, Later>, known: &Known<'_>) -> Result<Dependencies, Culprit> {
    let of_service = |(name, later): (ObjectName, Later)| {
        let on = later.depends.into_iter().map(|on| {
            let span = on.span();
            known.object(on, &[Kind::Service, Kind::Node]).map(|on| (on, span))
        });
        on.collect::<Result<Vec<_>, _>>().map(|on| (name, on))
    };
    later.into_iter().filter(|(_, later)| !later.depends.is_empty()).map(of_service).collect()
}

/// Every service, by its name.
fn services(groups: &mut [Group]) -> impl Iterator<Item = (ObjectName, &mut Service)> {
    groups.iter_mut().flat_map(|group| {
        let name = &group.name;
        group.services.iter_mut().map(move |service| (ObjectName::service(name, &service.name), service))
    })
}

/// The groups with their services, which depend on nothing yet.
fn groups(
    sections: Sections<GroupSection>,
    outer: TimingKeys,
) -> Result<(Vec<Group>, BTreeMap<ObjectName, Later>), Culprit> {
    let mut groups = Vec::with_capacity(sections.0.len());
    let mut later = BTreeMap::new();
    let mut targets: u64 = 0;
    for section in sections.0 {
        if RESERVED_GROUPS.contains(&section.name.as_str()) {
            let what = format!("{}: that name stands for {0}:NAME; expected another one", section.name);
            return Err(section.wrong(what));
        }
        let (name, span) = (section.name.clone(), section.span.clone());
        let group = group(section, outer, &mut later)?;
        let products =
            u64::try_from(group.hosts.len().saturating_mul(group.services.len())).unwrap_or(u64::MAX);
        targets = targets.saturating_add(products);
        if targets > TARGETS {
            let what =
                format!("{name}: with this group there are {targets} targets; expected at most {TARGETS}");
            return Err(Culprit { span, what });
        }
        groups.push(group);
    }
    Ok((groups, later))
}

fn group(
    section: Section<GroupSection>,
    outer: TimingKeys,
    later: &mut BTreeMap<ObjectName, Later>,
) -> Result<Group, Culprit> {
    // One of passive services alone may stand there before its hosts do.
    if section.keys.hosts.is_none() && !section.keys.accept_reports && section.keys.service.0.is_empty() {
        let what = format!(
            "{}: hosts is missing; expected hosts = [\"192.0.2.1\"], or accept-reports = true",
            section.name
        );
        return Err(section.wrong(what));
    }
    let keys = section.keys.timing().within(outer);
    let accept_reports = section.keys.accept_reports;
    let mut group = Group {
        name: section.name,
        hosts: section.keys.hosts.map(|list| hosts(list.0)).transpose()?.unwrap_or_default(),
        services: Vec::with_capacity(section.keys.service.0.len()),
        accept_reports,
        timing: keys.timing(),
    };
    for section in section.keys.service.0 {
        let service = service(section, keys, &group, later)?;
        group.services.push(service);
    }
    Ok(group)
}

fn service(
    section: Section<ServiceSection>,
    outer: TimingKeys,
    group: &Group,
    later: &mut BTreeMap<ObjectName, Later>,
) -> Result<Service, Culprit> {
    let place = wrong(&section.keys.probe, "");
    let at_probe = |what: String| Culprit { span: place.span.clone(), what };
    let timing = section.keys.timing().within(outer).timing();
    let probe = probe::probe(section.keys.probe)?;
    let is_passive = matches!(probe, Probe::Report(_));
    if group.hosts.is_empty() && !is_passive {
        return Err(at_probe(format!(
            "the group has no hosts to probe; expected hosts in [hostgroup.{}]",
            group.name
        )));
    }
    if let Some(without) = group.hosts.iter().find(|host| host.port.is_none())
        && needs_port(&probe)
    {
        let what = format!(
            "the port of {:?} is missing; expected port = NUMBER here, or HOST:PORT there",
            without.name
        );
        return Err(at_probe(what));
    }
    let need = section.keys.need.as_ref().map_or(Rule::All, |need| need.get_ref().0);
    if let (Rule::Count(count), Some(place)) = (need, &section.keys.need)
        && usize::try_from(count).is_ok_and(|count| count > group.hosts.len())
        && !(group.accept_reports && is_passive)
    {
        let what = format!("{count} can never be up: the group has {}", counted(group.hosts.len(), "host"));
        return Err(wrong(place, what));
    }
    let name = ObjectName::service(&group.name, &section.name);
    later.insert(name, Later { depends: section.keys.depends, span: section.span });
    Ok(Service { name: section.name, probe: Arc::new(probe), timing, need, depends: Vec::new() })
}

/// Whether the probe has no port of its own and no usual one.
fn needs_port(probe: &Probe) -> bool {
    match probe {
        Probe::Tcp { port } => port.is_none(),
        Probe::Banner(banner) => banner.port.is_none(),
        Probe::Udp(udp) => udp.port.is_none(),
        Probe::Oco { .. }
        | Probe::Http(_)
        | Probe::Ping
        | Probe::Exec(_)
        | Probe::Mon(_)
        | Probe::Report(_) => false,
    }
}

impl Address {
    /// The address, where it is none to be looked up.
    pub fn ip(&self) -> Option<std::net::IpAddr> {
        match self {
            Address::Ip(address) => Some(*address),
            Address::Name(_) => None,
        }
    }
}
