//! The journal as far as alerts, acts and incidents go: what is written survives, what still waits does not.

use crate::decide::changes::{Kept, KeptObject};
use oco_fleet::journal::{Act, Entry, Incident, Told, Window};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// One thing to write.
#[derive(Debug)]
pub(super) enum Write {
    Object(ObjectName, Box<KeptObject>),
    Gone(ObjectName),
    CanaryLost(bool),
    Entry(Entry),
}

#[derive(Debug, Default)]
pub(super) struct Store {
    waiting: VecDeque<(Millis, Write)>,
    /// How many were handed in, and how many were written.
    pub handed_in: u64,
    pub written: u64,
    pub is_hanging: bool,
    last: Millis,
    objects: HashMap<ObjectName, KeptObject>,
    is_canary_lost: bool,
    acts: BTreeMap<i64, Act>,
    incidents: BTreeMap<i64, Incident>,
    windows: BTreeMap<(ObjectName, Millis), Window>,
    told: BTreeMap<(ObjectName, String, u32), Told>,
}

impl Store {
    pub fn take(&mut self, at: Millis, write: Write) {
        self.waiting.push_back((at, write));
        self.handed_in += 1;
        self.write();
    }

    pub fn write(&mut self) {
        if self.is_hanging {
            return;
        }
        while let Some((at, write)) = self.waiting.pop_front() {
            self.written += 1;
            self.last = self.last.max(at);
            match write {
                Write::Object(name, kept) => {
                    self.objects.insert(name, *kept);
                }
                Write::Gone(name) => {
                    self.objects.remove(&name);
                }
                Write::CanaryLost(is_lost) => self.is_canary_lost = is_lost,
                Write::Entry(entry) => self.enter(entry),
            }
        }
    }

    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Told(told) => {
                self.told.insert((told.name.clone(), told.alert.clone(), told.step), told);
            }
            Entry::Untold { name, alert } => {
                self.told
                    .retain(|key, _| key.0 != name || alert.as_ref().is_some_and(|alert| *alert != key.1));
            }
            Entry::Act(act) => {
                self.acts.insert(act.id, act);
            }
            Entry::ActEnded { id, .. } => {
                self.acts.remove(&id);
            }
            Entry::Incident(mut incident) => {
                if let Some(old) = self.incidents.remove(&incident.id) {
                    incident.members.splice(0..0, old.members);
                }
                if incident.closed.is_none() {
                    self.incidents.insert(incident.id, incident);
                }
            }
            Entry::Window(window) => {
                self.windows.insert((window.name.clone(), window.since), window);
            }
            Entry::AlertSent(_) | Entry::IncidentEvent { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    /// What was not written is lost. Tells whether there was anything.
    pub fn kill(&mut self) -> bool {
        let is_lost = !self.waiting.is_empty();
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        self.is_hanging = false;
        is_lost
    }

    pub fn kept(&self, planned: &HashSet<ObjectName>) -> Kept {
        Kept {
            last: self.last,
            objects: self.objects.clone(),
            planned: planned.clone(),
            is_canary_lost: self.is_canary_lost,
            ..Kept::default()
        }
    }

    pub fn names(&self) -> Vec<ObjectName> {
        self.objects.keys().cloned().collect()
    }

    pub fn acts(&self) -> Vec<Act> {
        self.acts.values().filter(|act| act.ended.is_none()).cloned().collect()
    }

    pub fn incidents(&self) -> Vec<Incident> {
        self.incidents.values().cloned().collect()
    }

    pub fn windows(&self, at: Millis) -> Vec<Window> {
        self.windows.values().filter(|window| window.until > at).cloned().collect()
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.values().cloned().collect()
    }
}
