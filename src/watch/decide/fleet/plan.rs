//! What the file plans, as far as judging goes, and with it who reported before.

use super::rows::{TAKEN_IN, Way};
use crate::config::{Probe, Settings, Timing};
use crate::limits;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::tree::Rule;
use std::collections::{HashMap, HashSet};

/// A hostgroup, as far as who reports goes.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Its place in the file.
    pub place: u32,
    /// Whether hosts and services that report are taken in.
    pub accepts_reports: bool,
    /// The timing of those.
    pub timing: Timing,
}

/// A service that is to be.
#[derive(Debug)]
pub(super) struct PlannedService {
    pub name: ObjectName,
    pub group: u32,
    pub place: Option<u32>,
    pub way: Way,
    pub timing: Timing,
    pub need: Rule,
    pub depends: Vec<ObjectName>,
    /// Names of targets, and the places of their hosts.
    pub targets: Vec<(ObjectName, u32)>,
}

/// The hostgroups by name.
pub(super) fn groups(settings: &Settings) -> HashMap<String, Group> {
    let groups = (0..).zip(&settings.groups);
    groups
        .map(|(place, group)| {
            let (accepts_reports, timing) = (group.accept_reports, group.timing);
            (group.name.clone(), Group { place, accepts_reports, timing })
        })
        .collect()
}

/// The services of the file, and those of who reported before where that is still taken in: targets, and services that
/// somebody spoke of.
pub(super) fn plan(settings: &Settings, mut reported: Vec<ObjectName>) -> Vec<PlannedService> {
    let mut services = Vec::new();
    for (place, group) in (0..).zip(&settings.groups) {
        for (service_place, service) in (0..).zip(&group.services) {
            let name = |host: &str| ObjectName::target(&group.name, &service.name, host);
            let hosts = (0..).zip(&group.hosts);
            services.push(PlannedService {
                name: ObjectName::service(&group.name, &service.name),
                group: place,
                place: Some(service_place),
                way: way(&service.probe),
                timing: service.timing,
                need: service.need,
                depends: service.depends.clone(),
                targets: hosts.map(|(place, host)| (name(&host.name), place)).collect(),
            });
        }
    }
    let planned: HashSet<&ObjectName> =
        services.iter().flat_map(|service| &service.targets).map(|(name, _)| name).collect();
    reported.retain(|name| !planned.contains(name));
    reported.sort_unstable();
    add_reported(&mut services, &groups(settings), reported);
    services
}

fn add_reported(
    services: &mut Vec<PlannedService>,
    groups: &HashMap<String, Group>,
    reported: Vec<ObjectName>,
) {
    let mut places: HashMap<ObjectName, usize> =
        services.iter().enumerate().map(|(place, service)| (service.name.clone(), place)).collect();
    let mut taken_in = 0;
    for name in reported {
        let is_service = name.kind() == Kind::Service;
        let service = if is_service { Some(name.clone()) } else { name.service_of_target() };
        let Some(service) = service else { continue };
        let Some(group) = groups.get(name.group()).filter(|group| group.accepts_reports) else { continue };
        if taken_in >= limits::TAKEN_IN {
            return;
        }
        let place = *places.entry(service).or_insert_with_key(|service| {
            services.push(taken_in_service(service.clone(), group));
            services.len() - 1
        });
        let Some(service) = services.get_mut(place).filter(|_| !is_service) else { continue };
        if matches!(service.way, Way::Reported(_)) {
            service.targets.push((name, TAKEN_IN));
            taken_in += 1;
        }
    }
}

/// A service that nobody planned. Who promised nothing is silent after the group's longest silence.
pub(super) fn taken_in_service(name: ObjectName, group: &Group) -> PlannedService {
    PlannedService {
        name,
        group: group.place,
        place: None,
        way: Way::Reported(group.timing.max_silence),
        timing: group.timing,
        need: Rule::All,
        depends: Vec::new(),
        targets: Vec::new(),
    }
}

fn way(probe: &Probe) -> Way {
    match probe {
        Probe::Oco { .. } => Way::Line,
        Probe::Mon(_) => Way::Together,
        Probe::Report(within) => Way::Reported(*within),
        Probe::Tcp { .. }
        | Probe::Banner(_)
        | Probe::Http(_)
        | Probe::Udp(_)
        | Probe::Ping
        | Probe::Exec(_) => Way::Each,
    }
}
