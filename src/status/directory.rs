//! The directory of the status files: keeps a [`Board`] true to it.
//!
//! Before each answer [`Directory::refresh`] asks the kernel whether the path still leads to the directory that is
//! watched, reads the events that wait, and looks at the files that they name. Nothing else: no walk, no file is
//! read that did not change. Where inotify can't see changes, the whole directory is read instead.

use super::notice::{Away, Notice};
use super::strangers::Strangers;
use crate::limits::{
    CHECKS, DIRECTORY_RETRY, EXTRA_LOOKS, IDLE_CAPACITY, LONGEST_DIRECTORY_RETRY, REFRESH_PASSES,
};
use crate::logic::board::{Board, TooMany};
use crate::logic::name::check_name;
use crate::logic::time::{Nanos, Now};
use crate::system::directory::Identity;
use crate::system::files::{Files, KernelFiles};
use crate::system::inotify::FileNotice;
use nix::errno::Errno;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A directory and what is known of it; it keeps a board true to that.
#[derive(Debug)]
pub struct Directory<F = KernelFiles> {
    path: PathBuf,
    files: F,
    state: State,
    /// How often the board was begun anew.
    generation: u64,
    /// What events told of while the last refresh was at work.
    pending: Need,
    /// The directory was read, and what happened meanwhile not.
    has_scanned: bool,
    /// The names that a scan found, a line each. Kept for its memory alone.
    listing: String,
    /// How long to wait before a directory that has too many files is read again.
    patience: Duration,
    strangers: Strangers,
    /// Why the directory is read for each answer, as last said in the log.
    said_plain: Option<String>,
    /// What happened since somebody asked.
    notices: Vec<Notice>,
    /// The directory that the board was last about.
    last: Option<Identity>,
    /// Why it is away, as last said in the log; none: it is there.
    said_away: Option<Away>,
}

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
        let (files, error) = KernelFiles::watched(path);
        let mut directory = Directory::new(path, files);
        if let Some(errno) = error {
            directory.say_plain(&format!("inotify: {}", errno.desc()));
        }
        directory
    }

    /// The directory at `path`, read whole at each refresh.
    pub fn unwatched(path: &Path) -> Directory {
        Directory::new(path, KernelFiles::unwatched(path))
    }
}

impl<F: Files> Directory<F> {
    /// The directory at `path`, whose files are `files`.
    pub fn new(path: &Path, files: F) -> Directory<F> {
        Directory {
            path: path.to_owned(),
            files,
            state: State::Away(Away::Unseen, Nanos::default()),
            generation: 0,
            pending: Need::Nothing,
            has_scanned: false,
            listing: String::new(),
            patience: DIRECTORY_RETRY,
            strangers: Strangers::default(),
            said_plain: None,
            notices: Vec::new(),
            last: None,
            said_away: None,
        }
    }

    /// What happened since this was asked last.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor that becomes readable with events, if there is one.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.files.raw_fd()
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
            State::Watched(_) | State::Plain(_) => (self.pending != Need::Nothing).then_some(Nanos::PAST),
        }
    }

    /// Makes `board` true to the directory as it is now. Ratings still have to be published.
    pub fn refresh(&mut self, board: &mut Board, now: Now) {
        self.find(board, now);
        // Before the events: one that tells of a close is news even of these.
        board.recheck_volatile();
        let told = self.drain(board, now);
        let mut need = std::mem::replace(&mut self.pending, Need::Nothing).max(told);
        board.expire(now);
        for _ in 0..REFRESH_PASSES {
            self.act_on(need, board, now);
            need = self.look(board, now);
            if need == Need::Nothing {
                break;
            }
        }
        // All that was told when this began has been acted on; what came meanwhile is for the next turn.
        self.pending = need;
        debug_assert!({
            self.check_invariants();
            true
        });
    }

    /// What must hold between any two calls.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self) {
        assert!(self.listing.is_empty(), "what a scan listed is known to the board");
        assert!(!self.has_scanned, "what happened while the directory was read has been read");
        assert!(
            (DIRECTORY_RETRY..=LONGEST_DIRECTORY_RETRY).contains(&self.patience),
            "the wait for a directory with too many files has its bounds: {:?}",
            self.patience
        );
        match &self.state {
            State::Away(..) => assert_eq!(self.pending, Need::Nothing, "no events are had of what is away"),
            State::Watched(known) | State::Plain(known) => {
                assert_eq!(
                    self.last,
                    Some(*known),
                    "the board is about the directory that the path leads to"
                );
                assert_eq!(self.said_away, None, "the log knows that it is back");
            }
        }
        if matches!(self.state, State::Watched(_)) {
            assert!(self.files.has_events(), "what is watched has events");
        }
    }

    /// Looks at the files that are due.
    fn look(&mut self, board: &mut Board, now: Now) -> Need {
        let mut need = Need::Nothing;
        if std::mem::take(&mut self.has_scanned) {
            // A name that moved while the directory was read may be missing in what was read.
            need = self.drain(board, now);
        }
        // What is not understood is looked at twice.
        let mut looks = 2 * board.due() + EXTRA_LOOKS;
        while looks > 0
            && let Some((id, name)) = board.next_due()
        {
            looks -= 1;
            self.files.look(&name);
            need = need.max(self.drain(board, now));
            board.settle(id, &self.files.seen(), now);
        }
        need
    }

    /// Finds out whether the path leads to what the board is about.
    fn find(&mut self, board: &mut Board, now: Now) {
        match (self.files.identity(), &self.state) {
            (Ok(found), State::Watched(known)) if found == *known => {}
            (Ok(found), State::Plain(known)) if found == *known => self.scan(board, now),
            // To read it costs too much to do it for each answer.
            (Ok(found), State::Away(Away::TooMany, retry))
                if self.last == Some(found) && now.boot < *retry => {}
            (Ok(found), _) => self.follow(found, board, now),
            (Err(errno), _) => self.directory_lost(Away::Error(errno), board, now),
        }
    }

    /// Tells `board` of all events that wait.
    fn drain(&mut self, board: &mut Board, now: Now) -> Need {
        if !matches!(self.state, State::Watched(_)) {
            return Need::Nothing;
        }
        let mut need = Need::Nothing;
        let (strangers, notices) = (&mut self.strangers, &mut self.notices);
        let result = self.files.read(|notice| {
            let needed = needed_by(notice, (strangers, notices), board, now);
            need = need.max(needed);
            needed != Need::Enter
        });
        match result {
            Ok(()) => need,
            Err(errno) => {
                self.notices.push(Notice::Unreadable(errno));
                Need::Lose
            }
        }
    }

    fn act_on(&mut self, need: Need, board: &mut Board, now: Now) {
        match need {
            Need::Nothing => {}
            Need::LookAtAll => match self.files.names(|_, _| false) {
                Ok(()) => board.recheck_all(),
                Err(error) => self.directory_lost(from_io(&error), board, now),
            },
            Need::Rescan => {
                self.notices.push(Notice::EventsLost);
                // The end of the watch may be among them, and another directory have the number of the old one.
                match self.files.is_watched() {
                    Ok(true) => self.scan(board, now),
                    Ok(false) | Err(_) => self.act_on(Need::Enter, board, now),
                }
            }
            Need::Lose => self.directory_lost(Away::Error(Errno::EIO), board, now),
            Need::Enter => {
                self.state = State::Away(Away::Unseen, now.boot);
                // Should it stay so, the lines of before would be taken for those of a directory that is away.
                self.generation += 1;
                self.find(board, now);
            }
        }
    }

    /// Begins with a directory that the board knows nothing of.
    fn follow(&mut self, mut found: Identity, board: &mut Board, now: Now) {
        board.withdraw();
        let mut tries = REFRESH_PASSES;
        let state = loop {
            let state = match self.start_watch() {
                Ok(None) => State::Watched(found),
                Ok(Some(why)) => {
                    self.say_plain(&why);
                    State::Plain(found)
                }
                Err(errno) => return self.directory_lost(Away::Error(errno), board, now),
            };
            // Between the calls the path may have come to lead elsewhere.
            match self.files.identity() {
                Ok(still) if still == found => break state,
                Ok(other) if tries > 0 => found = other,
                Ok(_) => return self.directory_lost(Away::Unseen, board, now),
                Err(errno) => return self.directory_lost(Away::Error(errno), board, now),
            }
            tries -= 1;
        };
        if self.last.replace(found) != Some(found) {
            self.patience = DIRECTORY_RETRY;
            board.clear();
        }
        self.state = state;
        self.generation += 1;
        self.scan(board, now);
        if self.away().is_none() && self.said_away.take().is_some() {
            self.notices.push(Notice::Back);
        }
    }

    /// Watches the directory. Some text says why it can only be read for each answer.
    fn start_watch(&mut self) -> nix::Result<Option<String>> {
        if !self.files.has_events() {
            return Ok(Some(self.said_plain.clone().unwrap_or_default()));
        }
        if let Some(file_system) = self.files.unwatchable()? {
            self.files.unwatch();
            return Ok(Some(format!("inotify sees no changes on {file_system}")));
        }
        match self.files.watch() {
            Ok(()) => Ok(None),
            Err(errno @ (Errno::ENOSPC | Errno::ENOMEM | Errno::EINVAL)) => {
                Ok(Some(format!("inotify: {}", errno.desc())))
            }
            Err(errno) => Err(errno),
        }
    }

    fn say_plain(&mut self, why: &str) {
        if self.said_plain.as_deref().unwrap_or_default() != why {
            self.notices.push(Notice::Plain(why.to_owned()));
            self.said_plain = Some(why.to_owned());
        }
    }

    fn directory_lost(&mut self, away: Away, board: &mut Board, now: Now) {
        let retry = match away {
            Away::TooMany => {
                let patience = self.patience;
                self.patience = (patience * 2).min(LONGEST_DIRECTORY_RETRY);
                patience
            }
            Away::Unseen | Away::Error(_) => DIRECTORY_RETRY,
        };
        let retry = now.boot.after(retry);
        self.files.unwatch();
        if self.away() != Some(&away) {
            self.generation += 1;
            if self.said_away.as_ref() != Some(&away) && away != Away::Unseen {
                self.notices.push(Notice::Lost(away.clone()));
                self.said_away = Some(away.clone());
            }
            match away {
                Away::TooMany => board.clear(),
                Away::Unseen | Away::Error(_) => board.withdraw(),
            }
        }
        self.state = State::Away(away, retry);
    }

    /// Reads the directory. The board hears of its names only if they are not too many: else all would be put there to
    /// be thrown away.
    fn scan(&mut self, board: &mut Board, now: Now) {
        let mut count = 0_usize;
        self.listing.clear();
        let (listing, strangers, notices) = (&mut self.listing, &mut self.strangers, &mut self.notices);
        let read = self.files.names(|name, is_directory| {
            match check_name(name) {
                _ if is_directory => {}
                Ok(name) => {
                    count += 1;
                    listing.push_str(name);
                    listing.push('\n');
                }
                Err(error) => notices.extend(strangers.notice_of(name, error)),
            }
            count <= CHECKS
        });
        match read {
            Ok(()) if count <= CHECKS => {
                board.begin_scan();
                for name in self.listing.lines() {
                    board.found(name);
                }
                let is_told = matches!(self.state, State::Watched(_));
                board.end_scan(is_told, now);
                self.has_scanned = is_told;
                self.patience = DIRECTORY_RETRY;
            }
            Ok(()) => self.directory_lost(Away::TooMany, board, now),
            Err(error) => self.directory_lost(from_io(&error), board, now),
        }
        self.listing.clear();
        self.listing.shrink_to(IDLE_CAPACITY);
    }
}

fn from_io(error: &io::Error) -> Away {
    Away::Error(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// Tells `board` of an event, and returns what else it needs.
fn needed_by(
    notice: FileNotice<'_>,
    (strangers, notices): (&mut Strangers, &mut Vec<Notice>),
    board: &mut Board,
    now: Now,
) -> Need {
    match notice {
        FileNotice::File(name, event) => match check_name(name) {
            Ok(name) => match board.event(name, event, now) {
                Ok(()) => Need::Nothing,
                // The scan will say so.
                Err(TooMany) => Need::Rescan,
            },
            Err(error) => {
                notices.extend(strangers.notice_of(name, error));
                Need::Nothing
            }
        },
        FileNotice::DirectoryAttributes => Need::LookAtAll,
        FileNotice::Overflow => Need::Rescan,
        FileNotice::DirectoryGone => Need::Enter,
    }
}
