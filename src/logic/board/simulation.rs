//! The board against a model of a directory: whatever is done to the files, and whenever the daemon looks.

use super::*;
use crate::logic::name::check_name;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// None of them is 300, so that a 300 can only come from a torn read.
const CODES: [&str; 4] = ["200", "210", "500", "299"];

#[derive(Debug, Clone, Default)]
struct File {
    content: String,
    modified: Nanos,
    links: u64,
    unreadable: bool,
}

#[derive(Debug)]
struct Writer {
    inode: u64,
    name: Option<&'static str>,
    left: String,
}

/// A directory, its writers, and the events that nobody has read yet.
#[derive(Debug, Default)]
struct World {
    names: BTreeMap<&'static str, u64>,
    files: HashMap<u64, File>,
    writers: Vec<Writer>,
    events: VecDeque<(&'static str, FileEvent)>,
    inodes: u64,
    now: Now,
}

#[derive(Debug, Clone)]
enum Act {
    Open(&'static str, &'static str),
    WriteSome(usize),
    Close(usize),
    RenameIn(&'static str, &'static str),
    Rename(&'static str, &'static str),
    Unlink(&'static str),
    Touch(&'static str, i64),
    Chmod(&'static str, bool),
    Link(&'static str, &'static str),
    Refresh,
    Overflow,
    Wait(u32),
}

impl World {
    fn new() -> World {
        let now = Nanos(1_000_000_000_000_000_000);
        World { now: Now { wall: now, boot: Nanos(50_000_000_000) }, ..World::default() }
    }

    fn add(&mut self, content: &str) -> u64 {
        self.inodes += 1;
        let file = File { content: content.to_owned(), modified: self.now.wall, links: 1, unreadable: false };
        self.files.insert(self.inodes, file);
        self.inodes
    }

    fn tell(&mut self, name: &'static str, event: FileEvent) {
        self.events.push_back((name, event));
    }

    fn drop_link(&mut self, inode: u64) {
        if let Some(file) = self.files.get_mut(&inode) {
            file.links -= 1;
        }
    }

    /// Whether a writer may be left that opened the file by a name which is taken from it, while it keeps
    /// another. Of what such a one writes no event tells, and nothing is promised.
    fn leaves_hidden_writer(&self, name: &str) -> bool {
        let Some(inode) = self.names.get(name) else { return false };
        self.files[inode].links > 1 && self.has_writer(*inode)
    }

    fn has_writer(&self, inode: u64) -> bool {
        self.writers.iter().any(|writer| writer.inode == inode)
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Unlink(name) | Act::RenameIn(name, _) | Act::Rename(_, name)
                if self.leaves_hidden_writer(name) => {}
            // Two names of one file: rename(2) does nothing.
            Act::Rename(from, to) if self.names.get(from) == self.names.get(to) => {}
            Act::Open(name, code) => {
                let inode = match self.names.get(name) {
                    Some(inode) => {
                        let inode = *inode;
                        let file = self.files.get_mut(&inode).unwrap();
                        file.content.clear();
                        file.modified = self.now.wall;
                        self.tell(name, FileEvent::Modified);
                        inode
                    }
                    None => {
                        let inode = self.add("");
                        self.names.insert(name, inode);
                        self.tell(name, FileEvent::Created);
                        inode
                    }
                };
                self.writers.push(Writer { inode, name: Some(name), left: format!("{code}\n") });
            }
            Act::WriteSome(index) => self.write(index, 2),
            Act::Close(index) => {
                self.write(index, usize::MAX);
                if !self.writers.is_empty() {
                    let index = index % self.writers.len();
                    let writer = self.writers.remove(index);
                    if let Some(name) = writer.name {
                        self.tell(name, FileEvent::Closed);
                    }
                }
            }
            Act::RenameIn(name, code) => {
                let inode = self.add(code);
                self.replace(name, inode);
                self.tell(name, FileEvent::MovedIn);
            }
            Act::Rename(from, to) => {
                let Some(inode) = self.names.remove(from) else { return };
                self.replace(to, inode);
                self.tell(from, FileEvent::Gone);
                self.tell(to, FileEvent::MovedIn);
                for writer in self.writers.iter_mut().filter(|writer| writer.name == Some(from)) {
                    writer.name = Some(to);
                }
            }
            Act::Unlink(name) => {
                if let Some(inode) = self.names.remove(name) {
                    self.drop_link(inode);
                    self.orphan(name);
                    self.tell(name, FileEvent::Gone);
                }
            }
            Act::Touch(name, seconds) => {
                let wall = self.now.wall.0;
                self.with_file(name, |file| file.modified = Nanos(wall + seconds * 1_000_000_000));
            }
            Act::Chmod(name, unreadable) => self.with_file(name, |file| file.unreadable = unreadable),
            Act::Link(from, to) => {
                let Some(inode) = self.names.get(from).copied() else { return };
                if !self.names.contains_key(to) && !self.has_writer(inode) {
                    self.files.get_mut(&inode).unwrap().links += 1;
                    self.names.insert(to, inode);
                    self.tell(to, FileEvent::Created);
                }
            }
            Act::Wait(milliseconds) => {
                let step = Duration::from_millis(milliseconds.into());
                self.now = Now { wall: self.now.wall.after(step), boot: self.now.boot.after(step) };
            }
            Act::Refresh | Act::Overflow => {}
        }
    }

    fn orphan(&mut self, name: &'static str) {
        for writer in self.writers.iter_mut().filter(|writer| writer.name == Some(name)) {
            writer.name = None;
        }
    }

    fn replace(&mut self, name: &'static str, inode: u64) {
        self.orphan(name);
        if let Some(old) = self.names.insert(name, inode) {
            self.drop_link(old);
        }
    }

    fn with_file(&mut self, name: &'static str, change: impl FnOnce(&mut File)) {
        if let Some(inode) = self.names.get(name) {
            change(self.files.get_mut(inode).unwrap());
            self.tell(name, FileEvent::Attributes);
        }
    }

    fn write(&mut self, index: usize, most: usize) {
        if self.writers.is_empty() {
            return;
        }
        let index = index % self.writers.len();
        let writer = &mut self.writers[index];
        let rest = writer.left.split_off(most.min(writer.left.len()));
        let chunk = std::mem::replace(&mut writer.left, rest);
        let (inode, name) = (writer.inode, writer.name);
        let file = self.files.get_mut(&inode).unwrap();
        file.content.push_str(&chunk);
        file.modified = self.now.wall;
        if let Some(name) = name {
            self.tell(name, FileEvent::Modified);
        }
    }

    fn deliver(&mut self, board: &mut Board) {
        for (name, event) in self.events.drain(..) {
            assert_eq!(check_name(name.as_bytes()), Ok(name));
            board.event(name, event, self.now).unwrap();
        }
    }

    /// What the daemon does before it answers, with `meanwhile` happening between its looks and its reading of
    /// events.
    fn refresh(&mut self, board: &mut Board, meanwhile: &mut dyn Iterator<Item = Act>) {
        board.recheck_volatile();
        self.deliver(board);
        board.expire(self.now);
        let mut looks = 2 * board.due() + crate::limits::EXTRA_LOOKS;
        while looks > 0
            && let Some((id, name)) = board.next_due()
        {
            looks -= 1;
            let file = self.names.get(&*name).map(|inode| (*inode, self.files[inode].clone()));
            if let Some(act) = meanwhile.next() {
                self.act(&act);
            }
            self.deliver(board);
            let look = match &file {
                None => Look::Absent,
                Some((inode, file)) => Look::File(Sight {
                    inode: *inode,
                    modified: file.modified,
                    size: u64::try_from(file.content.len()).unwrap(),
                    links: file.links,
                    is_mount: false,
                    content: match file.unreadable {
                        false => Ok(file.content.as_bytes()),
                        true => Err(Fault::Unreadable(libc::EACCES)),
                    },
                }),
            };
            board.settle(id, &look, self.now);
        }
        board.publish(self.now, &mut Vec::new());
    }

    fn overflow(&mut self, board: &mut Board) {
        self.events.clear();
        board.begin_scan();
        for name in self.names.keys() {
            board.found(name);
        }
        board.end_scan(true, self.now);
    }

    fn fresh_ratings(&mut self) -> Vec<(Code, String)> {
        let mut board = Board::new(Rules::default());
        self.overflow(&mut board);
        self.refresh(&mut board, &mut std::iter::empty());
        ratings(&board)
    }
}

fn ratings(board: &Board) -> Vec<(Code, String)> {
    NAMES.iter().filter_map(|name| Some((board.rating(name)?, (*name).to_owned()))).collect()
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

fn code() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&CODES[..])
}

/// Acts after which no 300 can be right: only whole results are closed, all are readable and fresh.
fn orderly_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (name(), code()).prop_map(|(name, code)| Act::Open(name, code)),
        4 => (0usize..4).prop_map(Act::WriteSome),
        4 => (0usize..4).prop_map(Act::Close),
        2 => (name(), code()).prop_map(|(name, code)| Act::RenameIn(name, code)),
        1 => name().prop_map(Act::Unlink),
        6 => Just(Act::Refresh),
        1 => (0u32..500).prop_map(Act::Wait),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => orderly_act(),
        1 => (name(), name()).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => (name(), name()).prop_map(|(from, to)| Act::Link(from, to)),
        1 => (name(), -400i64..=0).prop_map(|(name, seconds)| Act::Touch(name, seconds)),
        1 => (name(), any::<bool>()).prop_map(|(name, unreadable)| Act::Chmod(name, unreadable)),
        1 => Just(Act::Overflow),
        1 => (0u32..200_000).prop_map(Act::Wait),
    ]
}

fn run(acts: Vec<Act>, mut check: impl FnMut(&Board)) -> (World, Board) {
    let mut world = World::new();
    let mut board = Board::new(Rules::default());
    let mut acts = acts.into_iter();
    while let Some(act) = acts.next() {
        match act {
            Act::Refresh => {
                let meanwhile: Vec<Act> =
                    acts.by_ref().take(3).filter(|act| !matches!(act, Act::Link(..))).collect();
                world.refresh(&mut board, &mut meanwhile.into_iter());
                check(&board);
            }
            Act::Overflow => world.overflow(&mut board),
            Act::Link(..) => {
                // What is written by a further name before the board has seen that name is beyond it.
                world.act(&act);
                world.refresh(&mut board, &mut std::iter::empty());
            }
            act => world.act(&act),
        }
    }
    (world, board)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Two writers of one file may close a mixture of both; one alone never leaves a 300 behind.
    #[test]
    fn no_answer_shows_a_300_that_nobody_wrote(acts in prop::collection::vec(orderly_act(), 1..60)) {
        let mut open: Vec<&str> = Vec::new();
        let acts: Vec<Act> = acts.into_iter().filter(|act| match act {
            Act::Open(name, _) => {
                let is_first = !open.contains(name);
                open.push(name);
                is_first
            }
            _ => true,
        }).collect();
        run(acts, |board| {
            for (code, name) in board.ratings() {
                assert_ne!(code, Code::KO, "{name} was seen torn");
            }
        });
    }

    #[test]
    fn any_sequence_of_events_ends_in_the_verdict_of_a_fresh_scan(acts in prop::collection::vec(any_act(), 1..80)) {
        let (mut world, mut board) = run(acts, |_| {});
        while !world.writers.is_empty() {
            world.act(&Act::Close(0));
        }
        world.act(&Act::Wait(2_100));
        world.refresh(&mut board, &mut std::iter::empty());
        let now: Vec<_> = ratings(&board);
        prop_assert_eq!(now, world.fresh_ratings());
    }
}
