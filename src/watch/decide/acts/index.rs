//! Acts by the name that they are on.

use oco_fleet::journal::ActKind;
use oco_fleet::object::ObjectName;
use std::collections::HashMap;

/// The numbers of acts of each kind by the name that they are on.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub ack: Names,
    pub mute: Names,
    pub maint: Names,
}

/// The numbers of acts of a kind.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By the name that they are on. Those on one name never overlap.
    pub on: HashMap<String, Vec<i64>>,
    /// How many are on targets, by the service: most services have none, and need not be looked through.
    pub on_targets_of: HashMap<ObjectName, usize>,
}

impl Index {
    pub fn of(&self, kind: ActKind) -> &Names {
        match kind {
            ActKind::Ack => &self.ack,
            ActKind::Mute => &self.mute,
            ActKind::Maint => &self.maint,
        }
    }

    pub fn of_mut(&mut self, kind: ActKind) -> &mut Names {
        match kind {
            ActKind::Ack => &mut self.ack,
            ActKind::Mute => &mut self.mute,
            ActKind::Maint => &mut self.maint,
        }
    }
}

impl Names {
    pub fn insert(&mut self, name: &str, id: i64) {
        self.on.entry(name.to_owned()).or_default().push(id);
        if let Some(service) = service_of(name) {
            *self.on_targets_of.entry(service).or_default() += 1;
        }
    }

    pub fn remove(&mut self, name: &str, id: i64) {
        if let Some(ids) = self.on.get_mut(name) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.on.remove(name);
            }
        }
        if let Some(service) = service_of(name)
            && let Some(count) = self.on_targets_of.get_mut(&service)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.on_targets_of.remove(&service);
            }
        }
    }
}

/// The service of a target.
fn service_of(name: &str) -> Option<ObjectName> {
    ObjectName::parse(name).ok()?.service_of_target()
}
