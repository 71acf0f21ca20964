//! The files themselves: which there are, what they say, and which of them can't be written.

use super::{Event, Place, Published};
use crate::limits::PUBLISHED_MAX_AGE;
use oco::logic::board::Look;
use oco::logic::name::check_name;
use oco::status::record::{self, RecordError};
use oco::system::directory;
use oco::system::status_file::Looker;
use oco::system::words::words;
use std::collections::{BTreeMap, BTreeSet};

/// The published files.
#[derive(Debug, Default)]
pub(super) struct Files {
    place: Option<Place>,
    /// What they are to say.
    files: BTreeMap<String, Published>,
    /// Those that are still to be written anew.
    again: Vec<String>,
    /// Those that can't be written or removed.
    failing: BTreeSet<String>,
    /// Those in whose place another one stands.
    foreign: BTreeSet<String>,
}

/// What stands in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
    Foreign,
}

impl Files {
    /// Publishes in `place` from now on: files of ours that have none of these names are removed. `begin` is called before
    /// each file.
    pub fn open(
        &mut self,
        place: Option<Place>,
        names: &BTreeSet<String>,
        events: &mut Vec<Event>,
        begin: &dyn Fn(),
    ) {
        if self.place != place && self.place.is_some() {
            for name in std::mem::take(&mut self.files).into_keys() {
                begin();
                self.remove_ours(&name, events);
            }
        }
        *self = Files { place, ..Files::default() };
        let Some(place) = &self.place else { return };
        let mut strangers = Vec::new();
        let read = directory::names(&place.directory, |name, is_directory| {
            if let Ok(name) = check_name(name)
                && !is_directory
                && !names.contains(name)
            {
                strangers.push(name.to_owned());
            }
            true
        });
        if let Err(error) = read {
            let path = place.directory.display();
            self.failed(String::new(), format!("read {path}: {}", words(&error)), events);
        }
        for name in strangers {
            begin();
            self.remove_ours(&name, events);
        }
    }

    /// Has a file say this, or go.
    pub fn set(&mut self, name: String, file: Option<Published>, events: &mut Vec<Event>) {
        let Some(file) = file else {
            if self.files.remove(&name).is_some() {
                self.remove_ours(&name, events);
            }
            self.foreign.remove(&name);
            return;
        };
        let is_as_before = self.files.get(&name) == Some(&file);
        if is_as_before && !self.failing.contains(&name) && !self.foreign.contains(&name) {
            return;
        }
        self.files.insert(name.clone(), file);
        self.write(&name, events);
    }

    /// Begins to write all of them anew. Where the last time is not over yet, that goes on.
    pub fn refresh(&mut self) {
        if self.again.is_empty() {
            // Some that failed are to go.
            let names: BTreeSet<&String> = self.files.keys().chain(&self.failing).collect();
            self.again = names.into_iter().rev().filter(|name| !name.is_empty()).cloned().collect();
        }
    }

    /// Whether some are still to be written anew.
    pub fn has_more(&self) -> bool {
        !self.again.is_empty()
    }

    /// Writes the next one anew.
    pub fn write_next(&mut self, events: &mut Vec<Event>) {
        match self.again.pop() {
            Some(name) if self.files.contains_key(&name) => self.write(&name, events),
            Some(name) => self.remove_ours(&name, events),
            None => {}
        }
    }

    fn found(&self, name: &str) -> Found {
        let Some(place) = &self.place else { return Found::Foreign };
        let mut looker = Looker::new(&place.directory);
        looker.look(name);
        match looker.seen() {
            Look::Absent => Found::Nothing,
            Look::File(sight) => match sight.content {
                Ok(content) if record::is_signed(content, &place.signature) => Found::Ours,
                Ok(_) | Err(_) => Found::Foreign,
            },
        }
    }

    fn write(&mut self, name: &str, events: &mut Vec<Event>) {
        let found = self.found(name);
        let (Some(place), Some(file)) = (&self.place, self.files.get(name)) else { return };
        let written = if found == Found::Foreign {
            Ok(false)
        } else {
            let content = (file.code, file.text.as_bytes(), PUBLISHED_MAX_AGE);
            let may_replace = found == Found::Ours;
            match record::write_signed(&place.directory, name, content, &place.signature, may_replace) {
                Ok(()) => Ok(true),
                // Somebody was faster.
                Err(error) if error.is_taken() => Ok(false),
                Err(error) => Err(error),
            }
        };
        match written {
            Ok(true) => {
                self.foreign.remove(name);
            }
            Ok(false) if self.foreign.insert(name.to_owned()) => {
                events.push(Event::Foreign(place.directory.join(name)));
            }
            Ok(false) | Err(_) => {}
        }
        self.settle(name, written.map(drop), events);
    }

    fn remove_ours(&mut self, name: &str, events: &mut Vec<Event>) {
        if self.found(name) != Found::Ours {
            return self.settle(name, Ok(()), events);
        }
        let Some(place) = &self.place else { return };
        let removed = record::remove(&place.directory, name);
        self.settle(name, removed, events);
    }

    /// Takes in what came of a file.
    fn settle(&mut self, name: &str, result: Result<(), RecordError>, events: &mut Vec<Event>) {
        match result {
            Ok(()) => {
                // The directory can be read, too.
                let failed = self.failing.remove(name) | self.failing.remove("");
                if failed && self.failing.is_empty() {
                    events.push(Event::Recovered);
                }
            }
            Err(error) => self.failed(name.to_owned(), error.to_string(), events),
        }
    }

    fn failed(&mut self, name: String, why: String, events: &mut Vec<Event>) {
        let is_first = self.failing.is_empty();
        self.failing.insert(name);
        if is_first {
            events.push(Event::Failing(why));
        }
    }
}
