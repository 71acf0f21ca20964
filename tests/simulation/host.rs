//! What the daemon knows of the directory: `Directory` and `Host` re-enacted on the board and the composer, call for
//! call, with the model of a disk in place of the kernel.

use crate::disk::{Disk, File, NAMES, Notice};
use oco::limits::{DIRECTORY_RETRY, EXTRA_LOOKS};
use oco::logic::answer::Composer;
use oco::logic::board::{Board, Fault, Look, Rules, Sight};
use oco::logic::code::Code;
use oco::logic::time::{Nanos, Now};
use std::rc::Rc;

const REFRESH_PASSES: u32 = 4;
/// What a file without read permission gives.
const EACCES: i32 = 13;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Away(Away, Nanos),
    Watched(u64),
    Plain(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Away {
    Unseen,
    Missing,
    Denied,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    LookAtAll,
    Rescan,
    Enter,
}

pub struct Host {
    board: Board,
    composer: Composer,
    state: State,
    has_inotify: bool,
    watch: Option<u64>,
    /// The directory that the board was last about.
    last: Option<u64>,
    generation: u64,
    made_for: Option<u64>,
    is_outdated: bool,
    empty_is_ok: bool,
    line: String,
}

/// When something may happen while the daemon looks at a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Just before it. Of what is written then, the event may come late.
    Before,
    /// Between the look and the reading of events.
    After,
}

/// What happens then.
pub type Meanwhile<'a> = dyn FnMut(&mut Disk, Moment) + 'a;

impl Host {
    pub fn new(rules: Rules, empty_is_ok: bool, has_inotify: bool) -> Host {
        Host {
            board: Board::new(rules),
            composer: Composer::default(),
            state: State::Away(Away::Unseen, Nanos::default()),
            has_inotify,
            watch: None,
            last: None,
            generation: 0,
            made_for: None,
            is_outdated: true,
            empty_is_ok,
            line: String::new(),
        }
    }

    pub fn configure(&mut self, rules: Rules) {
        self.board.set_rules(rules);
        self.is_outdated = true;
    }

    pub fn line(&self) -> &str {
        &self.line
    }

    pub fn has_inotify(&self) -> bool {
        self.has_inotify
    }

    /// When to refresh at the latest, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        let looks_left = self.has_looks_left().then_some(Nanos(i64::MIN));
        let retry = match self.state {
            State::Away(_, retry) => Some(retry),
            State::Watched(_) | State::Plain(_) => None,
        };
        [looks_left, self.board.deadline(), retry].into_iter().flatten().min()
    }

    pub fn is_away(&self) -> bool {
        matches!(self.state, State::Away(..))
    }

    pub fn has_looks_left(&self) -> bool {
        self.board.due() > 0
    }

    pub fn refresh(&mut self, disk: &mut Disk, now: Now, meanwhile: &mut Meanwhile<'_>) {
        self.refresh_board(disk, now, meanwhile);
        let changed = self.board.publish(now, &mut Vec::new());
        if self.made_for == Some(self.generation) && !changed && !self.is_outdated {
            return;
        }
        (self.made_for, self.is_outdated) = (Some(self.generation), false);
        let mut ratings: Vec<(Code, Rc<str>)> =
            self.board.ratings().map(|(code, name)| (code, Rc::clone(name))).collect();
        let is_unknown = self.is_away() || (ratings.is_empty() && !self.empty_is_ok);
        let answer = if is_unknown { self.composer.unknown() } else { self.composer.compose(&mut ratings) };
        answer.line.clone_into(&mut self.line);
    }

    fn refresh_board(&mut self, disk: &mut Disk, now: Now, meanwhile: &mut Meanwhile<'_>) {
        self.find(disk, now);
        self.board.recheck_volatile();
        let mut need = match self.state {
            State::Watched(_) => self.drain(disk),
            State::Plain(_) | State::Away(..) => Need::Nothing,
        };
        self.meet(need, disk, now);
        self.board.expire(now);
        for _ in 0..REFRESH_PASSES {
            need = self.look(disk, now, meanwhile);
            if need == Need::Nothing {
                break;
            }
            self.meet(need, disk, now);
        }
    }

    fn look(&mut self, disk: &mut Disk, now: Now, meanwhile: &mut Meanwhile<'_>) -> Need {
        let mut looks = 2 * self.board.due() + EXTRA_LOOKS;
        let mut need = Need::Nothing;
        while looks > 0
            && let Some((id, name)) = self.board.next_due()
        {
            looks -= 1;
            meanwhile(disk, Moment::Before);
            let seen = look(disk, &name);
            meanwhile(disk, Moment::After);
            if matches!(self.state, State::Watched(_)) {
                need = need.max(self.drain(disk));
            }
            self.board.settle(id, &seen.as_ref().map_or(Look::Absent, Seen::as_look), now);
            disk.release();
        }
        need
    }

    fn find(&mut self, disk: &mut Disk, now: Now) {
        match (identity(disk), self.state) {
            (Some(found), State::Watched(known)) if found == known => {}
            (Some(found), State::Plain(known)) if found == known => self.scan(disk, now),
            (Some(found), _) => self.enter(found, disk, now),
            (None, _) => self.lose(Away::Missing, disk, now),
        }
    }

    fn drain(&mut self, disk: &mut Disk) -> Need {
        let mut need = Need::Nothing;
        while let Some((watch, notice)) = disk.next_notice() {
            let is_ours = self.watch == Some(watch);
            let needed = match notice {
                Notice::Overflow => Need::Rescan,
                _ if !is_ours => Need::Nothing,
                Notice::Stranger => Need::Nothing,
                Notice::FolderAttributes => Need::LookAtAll,
                Notice::FolderGone => Need::Enter,
                Notice::File(name, event) => {
                    self.board.event(name, event).expect("a few names are not too many");
                    Need::Nothing
                }
            };
            need = need.max(needed);
            if needed == Need::Enter {
                break;
            }
        }
        need
    }

    fn meet(&mut self, need: Need, disk: &mut Disk, now: Now) {
        match need {
            Need::Nothing => {}
            Need::LookAtAll if disk.readable().is_some() => self.board.recheck_all(),
            Need::LookAtAll => self.lose(Away::Denied, disk, now),
            // The end of the watch may be among what was lost, and another folder have the number of this one.
            Need::Rescan if self.has_lost_watch(disk) => self.meet(Need::Enter, disk, now),
            Need::Rescan => self.scan(disk, now),
            Need::Enter => {
                self.state = State::Away(Away::Unseen, now.boot);
                self.find(disk, now);
            }
        }
    }

    fn has_lost_watch(&self, disk: &mut Disk) -> bool {
        let number = disk.readable().map(|folder| disk.watch_again(folder));
        number.is_some() && number != self.watch
    }

    fn enter(&mut self, found: u64, disk: &mut Disk, now: Now) {
        self.board.withdraw();
        disk.unwatch();
        self.watch = None;
        // To be watched, it has to be readable.
        let Some(folder) = disk.readable() else { return self.lose(Away::Denied, disk, now) };
        if self.last.replace(found) != Some(found) {
            self.board.clear();
        }
        self.state = if self.has_inotify {
            self.watch = Some(disk.watch(folder));
            State::Watched(found)
        } else {
            State::Plain(found)
        };
        self.generation += 1;
        self.scan(disk, now);
    }

    fn lose(&mut self, away: Away, disk: &mut Disk, now: Now) {
        disk.unwatch();
        self.watch = None;
        if !matches!(self.state, State::Away(known, _) if known == away) {
            self.generation += 1;
        }
        self.board.withdraw();
        self.state = State::Away(away, now.boot.after(DIRECTORY_RETRY));
    }

    fn scan(&mut self, disk: &mut Disk, now: Now) {
        self.board.begin_scan();
        match disk.readable() {
            None => self.lose(Away::Denied, disk, now),
            Some(folder) => {
                for name in disk.folders[folder].names.keys() {
                    self.board.found(name).expect("a few names are not too many");
                }
            }
        }
    }
}

fn identity(disk: &Disk) -> Option<u64> {
    disk.path.map(|folder| disk.folders[folder].identity)
}

/// A file as it was when it was looked at.
struct Seen {
    inode: u64,
    file: File,
}

fn look(disk: &Disk, name: &str) -> Option<Seen> {
    let entry = disk.folders[disk.path?].names.get(name)?;
    Some(Seen { inode: entry.inode, file: disk.files[&entry.inode].clone() })
}

impl Seen {
    fn as_look(&self) -> Look<'_> {
        let file = &self.file;
        let content = match (file.is_symlink, file.is_unreadable) {
            (true, _) => Err(Fault::NotAFile("symbolic link")),
            (false, true) => Err(Fault::Unreadable(EACCES)),
            (false, false) => Ok(file.content.as_bytes()),
        };
        Look::File(Sight {
            inode: self.inode,
            modified: file.modified,
            size: u64::try_from(file.content.len()).unwrap(),
            links: file.links,
            content,
        })
    }
}

/// Whether all names of the model are names of checks.
pub fn names_are_checks() -> bool {
    NAMES.iter().all(|name| oco::logic::name::check_name(name.as_bytes()) == Ok(name))
}
