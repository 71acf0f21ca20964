//! Journals of a past that was never watched: written in the order of their keys, past the writer that would take hours
//! for a month of 100,000 targets.

use std::ops::Range;
use std::path::Path;

use oco_fleet::journal::{FILE, Writer};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use rusqlite::{Connection, Transaction, params};

use crate::Result;
use crate::watch::{hosts, wall};

/// 30 days, as the journal has them.
const CHUNK: i64 = 2_592_000_000;
/// As the journal's `state` and `kind` have them.
const OK: i64 = 1;
const KO: i64 = 3;
const TARGET: i64 = 0;
const SERVICE: i64 = 1;

/// What happened to the services of a group.
pub struct Past {
    pub services: usize,
    /// Of each service.
    pub hosts: usize,
    /// Transitions of each host and service, up and down in turn.
    pub each: usize,
    /// Within this time.
    pub time: Range<i64>,
}

impl Past {
    /// The group, of whose services each is called by its number.
    pub const GROUP: &'static str = "g";

    pub fn service(number: usize) -> String {
        format!("s{number:03}")
    }

    pub fn rows(&self) -> usize {
        self.objects() * self.each
    }

    fn objects(&self) -> usize {
        self.services * (self.hosts + 1)
    }

    /// Writes it below `dir`, as known until now.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let (writer, _) = Writer::open(dir, Millis(self.time.start), 0)?;
        drop(writer);
        let mut connection = Connection::open(dir.join(FILE))?;
        connection.pragma_update(None, "synchronous", "off")?;
        connection.pragma_update(None, "cache_size", -256 * 1024)?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        let index: String = connection.query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'transition_by_time'",
            [],
            |row| row.get(0),
        )?;
        // Made at once when all is there, which is many times faster than row by row.
        connection.execute_batch("DROP INDEX transition_by_time")?;
        let transaction = connection.transaction()?;
        self.write_objects(&transaction)?;
        self.write_transitions(&transaction)?;
        transaction.execute_batch(&index)?;
        let now = wall() / 1_000_000;
        transaction.execute("UPDATE watch SET heartbeat = ?1", [now])?;
        transaction.commit()?;
        drop(connection);
        // Leaves the files of the log beside it, as the watcher does. Who may only read can't make them.
        Writer::open(dir, Millis(now), 0)?;
        Ok(())
    }

    fn write_objects(&self, transaction: &Transaction<'_>) -> Result<()> {
        let mut object =
            transaction.prepare("INSERT INTO object (id, name, kind, began) VALUES (?1, ?2, ?3, ?4)")?;
        let mut standing = transaction.prepare(
            "INSERT INTO standing (object, standing, code, at, since) VALUES (?1, ?2, ?3, ?4, ?4)",
        )?;
        let mut id = 0;
        for service in (0..self.services).map(Past::service) {
            let targets = hosts(self.hosts)
                .map(|host| (ObjectName::target(Past::GROUP, &service, &host.to_string()), TARGET));
            for (name, kind) in
                std::iter::once((ObjectName::service(Past::GROUP, &service), SERVICE)).chain(targets)
            {
                let (state, code) = if self.each.is_multiple_of(2) { (OK, 200) } else { (KO, 300) };
                object.execute(params![id, name.as_str(), kind, self.time.start])?;
                standing.execute(params![id, state, code, self.at(id as usize, self.each - 1)])?;
                id += 1;
            }
        }
        Ok(())
    }

    fn write_transitions(&self, transaction: &Transaction<'_>) -> Result<()> {
        let mut row = transaction.prepare(
            "INSERT INTO transition (chunk, object, at, n, old, new, code, reason) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7)",
        )?;
        for chunk in self.time.start / CHUNK..=(self.time.end - 1) / CHUNK {
            for id in 0..self.objects() {
                for number in self.of_chunk(id, chunk) {
                    let at = self.at(id, number);
                    match number % 2 {
                        0 => row.execute(params![chunk, id as i64, at, OK, KO, 300, "connect: refused"])?,
                        _ => row.execute(params![chunk, id as i64, at, KO, OK, 200, None::<&str>])?,
                    };
                }
            }
        }
        Ok(())
    }

    /// When the transition of this number is: evenly spread, of each object at other times.
    fn at(&self, id: usize, number: usize) -> i64 {
        let step = (self.time.end - self.time.start) / self.each as i64;
        self.time.start + step * number as i64 + id as i64 * 7_919_317 % step
    }

    /// Which transitions lie in a chunk.
    fn of_chunk(&self, id: usize, chunk: i64) -> Range<usize> {
        let step = (self.time.end - self.time.start) / self.each as i64;
        // About there: the right ones are among the neighbours.
        let near = |edge: i64| ((edge - self.time.start) / step).clamp(0, self.each as i64 - 1) as usize;
        let mut range = near(chunk * CHUNK).saturating_sub(2)..(near((chunk + 1) * CHUNK) + 2).min(self.each);
        while range.start < range.end && self.at(id, range.start) / CHUNK < chunk {
            range.start += 1;
        }
        while range.start < range.end && self.at(id, range.end - 1) / CHUNK > chunk {
            range.end -= 1;
        }
        range
    }
}
