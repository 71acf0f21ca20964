//! The real journal, behind a queue that is written late, in pieces, or not at all while the disk hangs.

use crate::journal_writer::Sequence;
use crate::limits::JOURNAL_COMMIT;
use oco::logic::time::{Nanos, Now};
use oco_fleet::journal::{self, Entry, Told, Writer};
use oco_fleet::time::Millis;
use std::collections::VecDeque;

/// What a start finds.
pub(super) struct Found {
    pub kept: journal::Kept,
    /// When nobody watched.
    pub gap: Option<(Millis, Millis)>,
}

#[derive(Debug)]
pub(super) struct Journal {
    directory: tempfile::TempDir,
    writer: Option<Writer>,
    /// Each with the turn that handed it in.
    waiting: VecDeque<(u64, Entry)>,
    /// When the next batch is written.
    due: Option<Nanos>,
    pub pushed: Sequence,
    pub written: Sequence,
    pub is_hanging: bool,
}

impl Journal {
    pub fn new() -> Journal {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Journal {
            directory: directory.unwrap(),
            writer: None,
            waiting: VecDeque::new(),
            due: None,
            pushed: Sequence(0),
            written: Sequence(0),
            is_hanging: false,
        }
    }

    /// Opens it, as a start does.
    pub fn open(&mut self, now: Now, flap_within: i64) -> Found {
        self.writer = None;
        let (writer, opened) =
            Writer::open(self.directory.path(), Millis::of(now.wall), flap_within).unwrap();
        assert!(opened.set_aside.is_none(), "a kill damages nothing");
        self.writer = Some(writer);
        Found { kept: opened.kept, gap: opened.gap }
    }

    pub fn push(&mut self, entry: Entry, turn: u64, now: Nanos) -> Sequence {
        self.waiting.push_back((turn, entry));
        self.pushed.0 += 1;
        self.due.get_or_insert(now.after(JOURNAL_COMMIT));
        self.pushed
    }

    /// When it is to be given time.
    pub fn deadline(&self) -> Option<Nanos> {
        self.due.filter(|_| !self.is_hanging)
    }

    /// Time has passed.
    pub fn turn(&mut self, now: Nanos) {
        if self.deadline().is_some_and(|due| due <= now) {
            self.write(self.waiting.len());
        }
    }

    /// How many entries wait.
    pub fn waits(&self) -> usize {
        self.waiting.len()
    }

    /// So many of the first ones, or some more: what one turn handed in is written whole or not at all, as
    /// `journal_writer::tests` has it.
    pub fn whole(&self, many: usize) -> usize {
        let turn = |index: usize| self.waiting.get(index).map(|(turn, _)| *turn);
        let is_whole = |end: &usize| *end == 0 || turn(end - 1) != turn(*end);
        (many..self.waiting.len()).find(is_whole).unwrap_or(self.waiting.len())
    }

    /// Writes the first ones of those that wait.
    pub fn write(&mut self, many: usize) {
        let batch: Vec<Entry> = self.waiting.drain(..many).map(|(_, entry)| entry).collect();
        self.written.0 += batch.len() as u64;
        if !batch.is_empty() {
            self.writer.as_mut().unwrap().write(&batch).unwrap();
        }
        self.due = self.due.filter(|_| !self.waiting.is_empty());
    }

    /// What was not written is lost.
    pub fn kill(&mut self) {
        self.waiting.clear();
        (self.writer, self.due, self.is_hanging) = (None, None, false);
        self.written = self.pushed;
    }

    /// Who was told of failures that are not over, by what is written.
    pub fn told(&mut self, now: Now) -> Vec<Told> {
        self.open(now, 0).kept.told
    }
}
