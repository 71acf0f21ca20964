//! Whom patterns match: in the fleet, and before there is one.

use crate::config::Settings;
use crate::decide::fleet::Fleet;
use oco_fleet::maintenance::Window;
use oco_fleet::object::{Kind, ObjectName, Pattern};
use std::collections::BTreeSet;

/// Who is known.
pub trait Names {
    /// Whether somebody is.
    fn has(&self, name: &ObjectName) -> bool;
    /// Each service and node, and with `targets` each target.
    fn each(&self, targets: bool, take: &mut dyn FnMut(&ObjectName));
}

impl Names for Fleet {
    fn has(&self, name: &ObjectName) -> bool {
        self.find(name).is_some()
    }

    fn each(&self, targets: bool, take: &mut dyn FnMut(&ObjectName)) {
        self.services().for_each(|service| take(service.name));
        self.nodes().for_each(|node| take(node.name));
        if targets {
            self.targets().for_each(|target| take(target.name));
        }
    }
}

impl Names for BTreeSet<ObjectName> {
    fn has(&self, name: &ObjectName) -> bool {
        self.contains(name)
    }

    fn each(&self, targets: bool, take: &mut dyn FnMut(&ObjectName)) {
        self.iter().filter(|name| targets || name.kind() != Kind::Target).for_each(take);
    }
}

/// Who will be known to the fleet that these settings describe: it has to know who is planned when it begins. `kept` are
/// the names that the journal knew, for some of them only report.
pub fn first_names<'a>(
    settings: &Settings,
    kept: impl Iterator<Item = &'a ObjectName>,
) -> BTreeSet<ObjectName> {
    let mut names: BTreeSet<ObjectName> = kept.cloned().collect();
    for group in &settings.groups {
        for service in &group.services {
            names.insert(ObjectName::service(&group.name, &service.name));
            let targets = group.hosts.iter();
            names.extend(targets.map(|host| ObjectName::target(&group.name, &service.name, &host.name)));
        }
    }
    names.extend(settings.nodes.iter().map(|node| ObjectName::node(&node.name)));
    // A service that only reports has no name of its own in the file.
    let services: Vec<ObjectName> = names.iter().filter_map(ObjectName::service_of_target).collect();
    names.extend(services);
    names
}

/// Hands out everybody whom a window matches by its own name, with the index of that window. One that several patterns of
/// a window match comes once.
pub(super) fn each_match<'a>(
    names: &dyn Names,
    windows: impl IntoIterator<Item = &'a Window>,
    take: &mut dyn FnMut(usize, &ObjectName),
) {
    let mut walked: Vec<(usize, &Window)> = Vec::new();
    for (index, window) in windows.into_iter().enumerate() {
        if window.of.iter().all(Pattern::is_name) {
            let mut named: Vec<ObjectName> =
                window.of.iter().filter_map(|pattern| ObjectName::parse(pattern.as_str()).ok()).collect();
            named.sort_unstable();
            named.dedup();
            named.iter().filter(|name| names.has(name)).for_each(|name| take(index, name));
        } else {
            walked.push((index, window));
        }
    }
    let is_of_targets = |pattern: &Pattern| pattern.as_str().matches('/').count() == 2;
    let has_targets = walked.iter().any(|(_, window)| window.of.iter().any(is_of_targets));
    if !walked.is_empty() {
        names.each(has_targets, &mut |name| {
            for (index, window) in &walked {
                if window.of.iter().any(|pattern| pattern.matches(name)) {
                    take(*index, name);
                }
            }
        });
    }
}
