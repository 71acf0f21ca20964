//! What ocod logs of its checks and of their directory, and how much of it at once.
//!
//! Many lines at once would keep clients waiting: each turn writes some, and the others wait for the next ones.

use super::confinement::Confinement;
use crate::limits::{IDLE_CAPACITY, UNTOLD_LINES};
use crate::logic::board::{Board, Change};
use crate::logic::log_budget::LogBudget;
use crate::logic::text::printable;
use crate::logic::time::{Now, spoken};
use crate::status::notice::{Away, Notice};
use crate::system::log_lines::CHANGE;
use log::{debug, error, info, warn};
use nix::errno::Errno;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

/// The lines about checks that wait for their turn in the log.
#[derive(Debug, Default)]
pub struct CheckLog {
    /// What is still to be logged.
    untold: VecDeque<Untold>,
    /// Lines that had no room among those.
    lost: usize,
    /// How many changes of one check the log takes.
    budget: LogBudget,
    /// What may be read; none: everything.
    confinement: Option<Rc<Confinement>>,
}

/// A line that waits for its turn.
#[derive(Debug)]
enum Untold {
    Change(Change),
    /// Of a dump: all that is known of a check.
    Check(Rc<str>),
}

impl CheckLog {
    /// The log of somebody who may read no more than that.
    pub fn confined(confinement: Option<Rc<Confinement>>) -> CheckLog {
        CheckLog { confinement, ..CheckLog::default() }
    }

    /// What may be read; none: everything.
    pub fn confinement(&self) -> Option<Rc<Confinement>> {
        self.confinement.clone()
    }

    /// Whether nothing waits to be written.
    pub fn is_empty(&self) -> bool {
        self.untold.is_empty()
    }

    /// Takes in changes of ratings.
    pub fn changes(&mut self, changes: impl Iterator<Item = Change>, now: Now) {
        for change in changes {
            if !self.budget.admit(&change.name, change.to, now.boot) {
                continue;
            }
            if self.untold.len() < UNTOLD_LINES {
                self.untold.push_back(Untold::Change(change));
            } else {
                self.lost += 1;
            }
        }
    }

    /// Takes in checks of which all is to be said.
    pub fn dump(&mut self, names: impl Iterator<Item = Rc<str>>) {
        self.untold.extend(names.map(Untold::Check));
    }

    /// Writes at most so many of the lines that wait.
    pub fn write(&mut self, most: usize, board: &Board, now: Now) {
        while let Some(withheld) = self.budget.settle(now.boot) {
            info!(target: CHANGE, "{withheld}");
        }
        for untold in self.untold.drain(..most.min(self.untold.len())) {
            match untold {
                Untold::Change(change) => info!(target: CHANGE, "{change}"),
                Untold::Check(name) => {
                    let Some(check) = board.check(&name, now) else { continue };
                    let age = check.age.map_or("no age".to_owned(), |age| format!("{} old", spoken(age)));
                    let stale = if check.stale { ", stale" } else { "" };
                    let (code, max_age) = (check.code, spoken(check.max_age));
                    info!("{code} {name} {age} of {max_age}{stale} {}", check.text);
                }
            }
        }
        if self.untold.is_empty() {
            self.untold.shrink_to(IDLE_CAPACITY);
            match std::mem::take(&mut self.lost) {
                0 => {}
                lost => warn!("{lost} changes came faster than they could be logged"),
            }
        }
    }

    /// Says what happened to the directory.
    pub fn notice(&self, directory: &Path, notice: &Notice) {
        let path = directory.display();
        match notice {
            Notice::Plain(why) => warn!("directory {path}: read whole for each answer: {why}"),
            Notice::Lost(away) => {
                let confinement = self.confinement.as_ref().filter(|_| *away == Away::Error(Errno::EACCES));
                let hint = confinement.and_then(|confinement| confinement.hint(directory));
                let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                error!("directory {path}: {away}{hint}: answering 300-oco until that changes");
            }
            Notice::Back => info!("directory {path}: it is back"),
            Notice::Stranger(name, error) => warn!("{}: not a check: {error}", printable(name)),
            Notice::EventsLost => debug!("directory {path}: events were lost, reading it anew"),
            Notice::Unreadable(errno) => debug!("inotify: read: {}", errno.desc()),
        }
    }
}
