//! The directory of the status files: keeps a [`Board`] true to it.
//!
//! Before each answer [`Directory::refresh`] asks the kernel whether the path still leads to the directory that is
//! watched, reads the events that wait, and looks at the files that they name. Nothing else: no walk, no file is
//! read that did not change. Where inotify can't see changes, the whole directory is read instead.

use crate::limits::{CHECKS, DIRECTORY_RETRY, EXTRA_LOOKS, WARNED_NAMES};
use crate::logic::board::{Board, TooMany};
use crate::logic::name::{NameError, check_name};
use crate::logic::text::printable;
use crate::logic::time::{Nanos, Now};
use crate::system::directory::{Identity, identity, names, unwatchable};
use crate::system::inotify::{Notice, Watcher};
use crate::system::status_file::Looker;
use log::{debug, error, info, warn};
use nix::errno::Errno;
use std::collections::HashSet;
use std::ffi::CString;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// See the [module](self).
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    c_path: CString,
    state: State,
    /// How often the board was begun anew.
    generation: u64,
    /// None where inotify is not wanted or not to be had.
    watcher: Option<Watcher>,
    looker: Looker,
    strangers: Strangers,
    /// Why the directory is read for each answer, as last said in the log.
    said_plain: Option<String>,
    denial_hint: Option<String>,
    /// The directory that the board was last about.
    last: Option<Identity>,
    /// Why it is away, as last said in the log; none: it is there.
    said_away: Option<Away>,
}

/// How often a refresh begins anew when the directory itself changes under it.
const REFRESH_PASSES: u32 = 4;

/// How the board is kept true.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It can't be. Look again at the latest then, on the boot clock.
    Away(Away, Nanos),
    /// By events of this directory.
    Watched(Identity),
    /// By reading this directory for each answer.
    Plain(Identity),
}

/// Why nothing is known of the checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Away {
    /// Nobody has looked yet.
    Unseen,
    /// The directory is not there, is no directory, or can't be read.
    Error(Errno),
    /// It has more files than [`CHECKS`].
    TooMany,
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Away::Unseen => f.write_str("not read yet"),
            Away::Error(errno) => f.write_str(errno.desc()),
            Away::TooMany => write!(f, "more than {CHECKS} files"),
        }
    }
}

/// What the events told of the directory itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    /// Its permissions may have changed, and with them what can be read.
    LookAtAll,
    /// Events were lost.
    Rescan,
    /// The watch has ended.
    Enter,
    /// Events can't be had.
    Lose,
}

impl Directory {
    /// The directory at `path`, with inotify where that can be.
    pub fn watched(path: &Path) -> Directory {
        let mut directory = Directory::unwatched(path);
        match Watcher::new() {
            Ok(watcher) => directory.watcher = Some(watcher),
            Err(errno) => directory.say_plain(&format!("inotify: {}", errno.desc())),
        }
        directory
    }

    /// The directory at `path`, read whole at each refresh.
    pub fn unwatched(path: &Path) -> Directory {
        // A path from the command line or the environment can't hold a NUL; were there one, no such path exists.
        let c_path = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
        Directory {
            path: path.to_owned(),
            c_path,
            state: State::Away(Away::Unseen, Nanos::default()),
            generation: 0,
            watcher: None,
            looker: Looker::new(path),
            strangers: Strangers::default(),
            said_plain: None,
            denial_hint: None,
            last: None,
            said_away: None,
        }
    }

    /// What to add to the log where it may not be read.
    pub fn denial_hint(&self) -> Option<&str> {
        self.denial_hint.as_deref()
    }

    /// Changes what to add to the log where it may not be read.
    pub fn set_denial_hint(&mut self, hint: Option<String>) {
        self.denial_hint = hint;
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor that becomes readable with events, if there is one.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.watcher.as_ref().map(Watcher::raw_fd)
    }

    /// Why nothing is known, if so.
    pub fn away(&self) -> Option<&Away> {
        match &self.state {
            State::Away(away, _) => Some(away),
            State::Watched(_) | State::Plain(_) => None,
        }
    }

    /// Changes whenever the board was begun anew: with another directory, or with none.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When to refresh at the latest, on the boot clock, though nobody asks.
    pub fn deadline(&self) -> Option<Nanos> {
        match self.state {
            State::Away(_, retry) => Some(retry),
            State::Watched(_) | State::Plain(_) => None,
        }
    }

    /// Makes `board` true to the directory as it is now. Ratings still have to be published.
    pub fn refresh(&mut self, board: &mut Board, now: Now) {
        self.find(board, now);
        // Before the events: one that tells of a close is news even of these.
        board.recheck_volatile();
        let mut need = match self.state {
            State::Watched(_) => self.drain(board),
            State::Plain(_) | State::Away(..) => Need::Nothing,
        };
        self.meet(need, board, now);
        board.expire(now);
        for _ in 0..REFRESH_PASSES {
            need = self.look(board, now);
            if need == Need::Nothing {
                break;
            }
            self.meet(need, board, now);
        }
    }

    /// Looks at the files that are due.
    fn look(&mut self, board: &mut Board, now: Now) -> Need {
        // What is not understood is looked at twice.
        let mut looks = 2 * board.due() + EXTRA_LOOKS;
        let mut need = Need::Nothing;
        while looks > 0
            && let Some((id, name)) = board.next_due()
        {
            looks -= 1;
            let look = self.looker.look(&name);
            if let (State::Watched(_), Some(watcher)) = (&self.state, &mut self.watcher) {
                need = need.max(drain(watcher, &mut self.strangers, board));
            }
            board.settle(id, &look, now);
        }
        need
    }

    /// Finds out whether the path leads to what the board is about.
    fn find(&mut self, board: &mut Board, now: Now) {
        if let State::Away(Away::TooMany, retry) = self.state
            && now.boot < retry
        {
            return;
        }
        match (identity(&self.c_path), &self.state) {
            (Ok(found), State::Watched(known)) if found == *known => {}
            (Ok(found), State::Plain(known)) if found == *known => self.scan(board, now),
            (Ok(found), _) => self.enter(found, board, now),
            (Err(errno), _) => self.lose(Away::Error(errno), board, now),
        }
    }

    fn drain(&mut self, board: &mut Board) -> Need {
        match &mut self.watcher {
            Some(watcher) => drain(watcher, &mut self.strangers, board),
            None => Need::Nothing,
        }
    }

    fn meet(&mut self, need: Need, board: &mut Board, now: Now) {
        match need {
            Need::Nothing => {}
            Need::LookAtAll => match names(&self.path, |_, _| false) {
                Ok(()) => board.recheck_all(),
                Err(error) => self.lose(from_io(&error), board, now),
            },
            Need::Rescan => {
                debug!("directory {}: events were lost, reading it anew", self.path.display());
                self.scan(board, now);
            }
            Need::Lose => self.lose(Away::Error(Errno::EIO), board, now),
            Need::Enter => {
                self.state = State::Away(Away::Unseen, now.boot);
                self.find(board, now);
            }
        }
    }

    /// Begins with a directory that the board knows nothing of.
    fn enter(&mut self, found: Identity, board: &mut Board, now: Now) {
        board.withdraw();
        let mut found = found;
        let mut tries = REFRESH_PASSES;
        let state = loop {
            let state = match self.start_watch() {
                Ok(None) => State::Watched(found),
                Ok(Some(why)) => {
                    self.say_plain(&why);
                    State::Plain(found)
                }
                Err(errno) => return self.lose(Away::Error(errno), board, now),
            };
            // Between the calls the path may have come to lead elsewhere.
            match identity(&self.c_path) {
                Ok(still) if still == found => break state,
                Ok(other) if tries > 0 => found = other,
                Ok(_) => return self.lose(Away::Unseen, board, now),
                Err(errno) => return self.lose(Away::Error(errno), board, now),
            }
            tries -= 1;
        };
        if self.last.replace(found) != Some(found) {
            board.clear();
        }
        self.state = state;
        self.generation += 1;
        self.scan(board, now);
        if self.away().is_none() && self.said_away.take().is_some() {
            info!("directory {}: it is back", self.path.display());
        }
    }

    /// Watches the directory. Some text says why it can only be read for each answer.
    fn start_watch(&mut self) -> nix::Result<Option<String>> {
        let Some(watcher) = &mut self.watcher else {
            return Ok(Some(self.said_plain.clone().unwrap_or_default()));
        };
        watcher.unwatch();
        if let Some(file_system) = unwatchable(&self.path)? {
            return Ok(Some(format!("inotify sees no changes on {file_system}")));
        }
        match watcher.watch(&self.path) {
            Ok(()) => Ok(None),
            Err(errno @ (Errno::ENOSPC | Errno::ENOMEM | Errno::EINVAL)) => {
                Ok(Some(format!("inotify: {}", errno.desc())))
            }
            Err(errno) => Err(errno),
        }
    }

    fn say_plain(&mut self, why: &str) {
        if self.said_plain.as_deref().unwrap_or_default() != why {
            warn!("directory {}: read whole for each answer: {why}", self.path.display());
            self.said_plain = Some(why.to_owned());
        }
    }

    fn lose(&mut self, away: Away, board: &mut Board, now: Now) {
        if let Some(watcher) = &mut self.watcher {
            watcher.unwatch();
        }
        if self.away() != Some(&away) {
            self.generation += 1;
        }
        if self.said_away.as_ref() != Some(&away) && away != Away::Unseen {
            let hint = self.denial_hint.as_ref().filter(|_| away == Away::Error(Errno::EACCES));
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            error!("directory {}: {away}{hint}: answering 300-oco until that changes", self.path.display());
            self.said_away = Some(away.clone());
        }
        match away {
            Away::TooMany => board.clear(),
            Away::Unseen | Away::Error(_) => board.withdraw(),
        }
        self.state = State::Away(away, now.boot.after(DIRECTORY_RETRY));
    }

    fn scan(&mut self, board: &mut Board, now: Now) {
        board.begin_scan();
        let mut count = Ok(());
        let strangers = &mut self.strangers;
        let read = names(&self.path, |name, is_directory| {
            match check_name(name) {
                _ if is_directory => {}
                Ok(name) => count = board.found(name),
                Err(error) => strangers.warn(name, error),
            }
            count.is_ok()
        });
        match (read, count) {
            (Ok(()), Ok(())) => {}
            (Ok(()), Err(TooMany)) => self.lose(Away::TooMany, board, now),
            (Err(error), _) => self.lose(from_io(&error), board, now),
        }
    }
}

fn from_io(error: &io::Error) -> Away {
    Away::Error(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// Tells `board` of all events that wait.
fn drain(watcher: &mut Watcher, strangers: &mut Strangers, board: &mut Board) -> Need {
    let mut need = Need::Nothing;
    let result = watcher.read(|notice| {
        let needed = match notice {
            Notice::File(name, event) => match check_name(name) {
                Ok(name) => match board.event(name, event) {
                    Ok(()) => Need::Nothing,
                    // The scan will say so.
                    Err(TooMany) => Need::Rescan,
                },
                Err(error) => {
                    strangers.warn(name, error);
                    Need::Nothing
                }
            },
            Notice::DirectoryAttributes => Need::LookAtAll,
            Notice::Overflow => Need::Rescan,
            Notice::DirectoryGone => Need::Enter,
        };
        need = need.max(needed);
        needed != Need::Enter
    });
    match result {
        Ok(()) => need,
        Err(errno) => {
            debug!("inotify: read: {}", errno.desc());
            Need::Lose
        }
    }
}

/// Names in the directory that are no checks: each is warned of once.
#[derive(Debug, Default)]
struct Strangers {
    warned: HashSet<Vec<u8>>,
}

impl Strangers {
    fn warn(&mut self, name: &[u8], error: NameError) {
        if error == NameError::Hidden || self.warned.len() >= WARNED_NAMES || self.warned.contains(name) {
            return;
        }
        self.warned.insert(name.to_vec());
        warn!("{}: not a check: {error}", printable(name));
    }
}
