//! Services and nodes are published as status files: which names they have there, and when a file is to say something else.

use super::EventLoop;
use crate::config::published_name;
use crate::decide::changes::Changes;
use crate::decide::fleet::Fleet;
use crate::publisher::{Event, Place, Published, Publisher};
use log::{error, info, warn};
use oco::logic::name::check_name;
use oco_fleet::object::{Kind, ObjectName};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

/// Which files there are.
#[derive(Debug)]
pub(super) struct Publishing {
    pub publisher: Publisher,
    /// Whether anything is published.
    is_on: bool,
    /// Whose each file is: names that are reported may come to the same.
    owners: HashMap<String, ObjectName>,
    /// That a name can't be one of a file was told.
    is_odd_told: bool,
}

impl Publishing {
    pub fn new(publisher: Publisher) -> Publishing {
        Publishing { publisher, is_on: false, owners: HashMap::new(), is_odd_told: false }
    }

    /// The file of a name; none: it has none. The settings were checked, but what is reported may have any name.
    fn file(&mut self, name: &ObjectName) -> Option<String> {
        let file = published_name(name);
        let why = match (check_name(file.as_bytes()), self.owners.get(&file)) {
            (Err(error), _) => error.to_string(),
            (Ok(_), Some(owner)) if owner != name => format!("{owner} has that file"),
            (Ok(_), Some(_)) => return Some(file),
            (Ok(_), None) => {
                self.owners.insert(file.clone(), name.clone());
                return Some(file);
            }
        };
        if !std::mem::replace(&mut self.is_odd_told, true) {
            warn!("publish: {name} is left out, and others as it: {why}");
        }
        None
    }

    /// The file of a name that has gone, which nobody has any more.
    fn take_file(&mut self, name: &ObjectName) -> Option<String> {
        let file = published_name(name);
        (self.owners.get(&file) == Some(name)).then(|| self.owners.remove(&file))?;
        Some(file)
    }
}

fn published(fleet: &Fleet, name: &ObjectName) -> Option<Published> {
    fleet.standing(fleet.find(name)?).map(Published::of)
}

impl EventLoop {
    /// Publishes all of the settings, and nothing else.
    pub(super) fn publish_all(&mut self) {
        let settings = self.watcher.settings();
        let place = settings.publish.as_ref().map(|directory| Place::new(directory, &settings.state_dir));
        let publishing = &mut self.publishing;
        if place.is_none() && !publishing.is_on {
            return;
        }
        publishing.is_on = place.is_some();
        publishing.owners.clear();
        let mut files = BTreeMap::new();
        if publishing.is_on {
            let fleet = self.watcher.fleet();
            let services = fleet.services().map(|service| (service.name, service.standing));
            let nodes = fleet.nodes().map(|node| (node.name, node.standing));
            for (name, standing) in services.chain(nodes) {
                if let Some(file) = publishing.file(name) {
                    files.insert(file, Published::of(standing));
                }
            }
        }
        publishing.publisher.open(place, files);
    }

    /// Publishes what changed.
    pub(super) fn publish(&mut self, changes: &Changes) {
        let publishing = &mut self.publishing;
        if !publishing.is_on {
            return;
        }
        let fleet = self.watcher.fleet();
        let changed = changes.transitions.iter().map(|transition| &transition.name).chain(&changes.judged);
        let names: HashSet<&ObjectName> = changed.chain(&changes.ended).collect();
        for name in names {
            match name.kind() {
                Kind::Target | Kind::Level => continue,
                Kind::Service | Kind::Node => {}
            }
            let published = published(fleet, name);
            let file = if published.is_some() { publishing.file(name) } else { publishing.take_file(name) };
            if let Some(file) = file {
                publishing.publisher.set(file, published);
            }
        }
    }

    /// Logs how the publishing fares.
    pub(super) fn hear_publisher(&mut self) {
        for event in self.publishing.publisher.take_events(Instant::now()) {
            match event {
                Event::Failing(why) => error!("publish: {why}; it is tried again each minute"),
                Event::Hanging => error!("publish: the disk does not answer; going on without it"),
                Event::Recovered => info!("publish: all files are written again"),
                Event::Foreign(path) => {
                    warn!("publish: {}: not a file of ours, it stays as it is", path.display());
                }
            }
        }
    }
}
