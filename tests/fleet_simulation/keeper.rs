//! The real journal below a directory, written in batches that may come late, and killed.

use crate::observer::Observer;
use oco_fleet::figure::Measure;
use oco_fleet::journal::{Entry, LogWish, Reader, Writer};
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use ocowatch::decide::changes::Kept;
use std::collections::HashMap;
use std::path::Path;

/// What was handed in and is not written yet, and what an observer knows of what is.
pub struct Keeper {
    directory: tempfile::TempDir,
    writer: Option<Writer>,
    waiting: Vec<Entry>,
    /// By what is written.
    pub written: Observer,
    /// Every transition that is written: who, when, to which state and code.
    pub rows: Vec<(ObjectName, Millis, State, Option<u16>)>,
    /// Who has gone, and when.
    gone: HashMap<ObjectName, Millis>,
    /// The time of the last row of each.
    last: HashMap<ObjectName, Millis>,
    /// How many values were measured, of whom and what.
    pub measured: HashMap<(ObjectName, Measure), u32>,
    /// How often something stood in a batch.
    pub batches: usize,
}

impl Keeper {
    pub fn new() -> Keeper {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Keeper {
            directory,
            writer: None,
            waiting: Vec::new(),
            written: Observer::default(),
            rows: Vec::new(),
            gone: HashMap::new(),
            last: HashMap::new(),
            measured: HashMap::new(),
            batches: 0,
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Opens the journal, as a start does.
    pub fn open(&mut self, now: Millis) -> Kept {
        let (writer, opened) = Writer::open(self.path(), now, 600_000).unwrap();
        assert!(opened.set_aside.is_none(), "a kill damages nothing");
        self.writer = Some(writer);
        ocowatch::kept::of(opened.kept)
    }

    pub fn push(&mut self, entry: Entry) {
        self.waiting.push(entry);
    }

    /// Writes what waits.
    pub fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.writer.as_mut().unwrap().write(&self.waiting).unwrap();
        self.batches += 1;
        for entry in self.waiting.drain(..) {
            match entry {
                Entry::Transition(transition) => {
                    self.written.see(&transition);
                    let code = transition.new.code.map(|code| code.number());
                    // Who comes back is noted behind the row of its going.
                    let gone = self.gone.remove(&transition.name).map_or(i64::MIN, |gone| gone.0 + 1);
                    let at = transition.at.max(Millis(gone));
                    let last = self.last.entry(transition.name.clone()).or_default();
                    let at = at.max(*last);
                    *last = at;
                    self.rows.push((transition.name, at, transition.new.state, code));
                }
                Entry::Forget { name, at } => {
                    // The journal's time stands still after a step back, and who is gone is unknown there.
                    let at = at.max(self.last.get(&name).copied().unwrap_or_default());
                    if let Some((standing, _)) = self.written.standings.get(&name)
                        && standing.state != State::Unknown
                    {
                        self.rows.push((name.clone(), at, State::Unknown, None));
                    }
                    // Who was never noted does not go either.
                    if self.written.standings.contains_key(&name) {
                        self.written.ended(&name);
                        self.gone.insert(name, at);
                    }
                }
                Entry::Figures { measured, .. } => {
                    for one in measured {
                        *self.measured.entry((one.name, one.measure)).or_default() += one.figure.count;
                    }
                }
                _ => {}
            }
        }
    }

    /// The process dies: what waits is lost.
    pub fn kill(&mut self) -> bool {
        let has_lost = !self.waiting.is_empty();
        self.waiting.clear();
        self.writer = None;
        has_lost
    }

    /// The journal has what was written, and nothing else.
    pub fn check(&self) {
        let mut reader = Reader::open(&self.path().join("fleet.db")).unwrap();
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let wish = LogWish { before, limit: usize::MAX, ..LogWish::default() };
            let page = reader.log(&wish).unwrap();
            before = page.rows.first().map(|row| row.at);
            let rows = page.rows.into_iter().filter_map(|row| match row.what {
                oco_fleet::journal::Happened::Transition { new, .. } => {
                    Some((row.name, row.at, new.state, new.code.map(|code| code.number())))
                }
                _ => None,
            });
            let rows: Vec<_> = rows.collect();
            found.splice(0..0, rows);
            if page.is_whole {
                break;
            }
        }
        let key = |name: &str, at: Millis| (name.to_owned(), at);
        let mut expected: Vec<_> =
            self.rows.iter().map(|(name, at, state, code)| (name.to_string(), *at, *state, *code)).collect();
        // Of each object they are in the order in which they were written.
        expected.sort_by_key(|row| key(&row.0, row.1));
        found.sort_by_key(|row| key(&row.0, row.1));
        let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert_eq!(differs, None, "found, and expected");
        assert_eq!(found.len(), expected.len(), "the journal is what was written");
        for ((name, measure), count) in &self.measured {
            let (from, to) = (Millis(0), Millis(i64::MAX));
            let found = reader.figures(std::slice::from_ref(name), measure, from, to, 7).unwrap();
            let found: u32 = found[0].iter().map(|point| point.figure.count).sum();
            assert_eq!(found, *count, "{name} {measure:?}: each value once");
        }
    }
}
