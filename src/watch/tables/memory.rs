//! What was set in the balancers' tables, or added to them, until that is seen otherwise. The journal keeps it, so that a
//! start knows what is its own and what is somebody else's.

use crate::limits::TABLE_JOURNAL_AWAITED;
use oco_fleet::journal::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What was set, by table and server.
#[derive(Debug, Default)]
pub struct Memory {
    tables: HashMap<String, BTreeMap<String, String>>,
    /// What changed since it was last asked for.
    changes: Vec<Entry>,
}

impl Memory {
    /// What the journal kept: table, server, what.
    pub fn new(kept: Vec<(String, String, String)>) -> Memory {
        let mut memory = Memory::default();
        for (table, server, what) in kept {
            memory.tables.entry(table).or_default().insert(server, what);
        }
        memory
    }

    /// What was set at a server.
    pub fn of(&self, table: &str, server: &str) -> Option<&str> {
        self.tables.get(table)?.get(server).map(String::as_str)
    }

    /// Everything that was set in a table: server and what.
    pub fn all_of(&self, table: &str) -> impl Iterator<Item = (&str, &str)> {
        let servers = self.tables.get(table).into_iter().flatten();
        servers.map(|(server, what)| (server.as_str(), what.as_str()))
    }

    /// This was set at a server; none: nothing any more.
    pub fn set(&mut self, table: &str, server: &str, what: Option<String>) {
        if self.of(table, server) == what.as_deref() {
            return;
        }
        let servers = self.tables.entry(table.to_owned()).or_default();
        match what.clone() {
            Some(what) => servers.insert(server.to_owned(), what),
            None => servers.remove(server),
        };
        self.changes.push(entry(table, server, what));
    }

    /// How long what is going to be set waits for the journal: not at all where there is nothing new to remember.
    pub fn wait(&self) -> Duration {
        if self.changes.is_empty() { Duration::ZERO } else { TABLE_JOURNAL_AWAITED }
    }

    /// What the journal is to be told since the last call.
    pub fn take_changes(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.changes)
    }

    /// All of it, for a journal that lost some.
    pub fn entries(&self) -> Vec<Entry> {
        let tables = self.tables.iter();
        let each = tables.flat_map(|(table, servers)| {
            servers.iter().map(move |(server, what)| entry(table, server, Some(what.clone())))
        });
        each.collect()
    }
}

fn entry(table: &str, server: &str, what: Option<String>) -> Entry {
    Entry::Balanced { table: table.to_owned(), server: server.to_owned(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_told() {
        let mut memory = Memory::new(vec![("t".to_owned(), "a".to_owned(), "maint".to_owned())]);
        memory.set("t", "a", Some("maint".to_owned()));
        memory.set("t", "b", None);
        assert_eq!((memory.wait(), memory.take_changes()), (Duration::ZERO, vec![]));
        memory.set("t", "a", Some("drain".to_owned()));
        memory.set("u", "a", Some("drain".to_owned()));
        assert_eq!(memory.of("t", "a"), Some("drain"));
        assert_eq!(memory.take_changes().len(), 2);
        memory.set("t", "a", None);
        assert_eq!(memory.take_changes(), [entry("t", "a", None)]);
        assert_eq!((memory.all_of("t").count(), memory.entries().len()), (0, 1));
    }
}
