//! The kernel that the daemon's own code runs on here: its files and its sockets on the models of a disk and a network,
//! on a virtual clock. While the daemon looks at files, chance may do something to them; whatever it sends is judged.
//!
//! What it does not do: a status file never gets a further name or something mounted over it while the daemon runs and
//! is not told of it at once (`end_to_end` says what then holds), and no call fails but for want of descriptors and
//! permissions (`faults` has the others).

mod files;
mod sockets;

use crate::clock::Clock;
use crate::disk::{Disk, Moment, NAMES, Name};
use crate::judge::{Judge, Reached};
use crate::network::{Network, PortId};
use crate::oracle::Oracle;
use crate::random::Random;
use crate::world::{new_client, new_mode, speak_of, touch_file};
pub use files::ModelFiles;
use mio::Token;
use nix::errno::Errno;
use oco::logic::time::Now;
pub use sockets::ModelSockets;
use std::cell::{RefCell, RefMut};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

/// The descriptor of the directory's events.
const EVENTS: RawFd = 1000;

/// Moves of the path in one refresh, so many that the daemon has to give up following it.
const MOST_MOVES: usize = 40;

pub struct Kernel {
    pub random: Random,
    pub clock: Clock,
    pub disk: Disk,
    pub network: Network,
    pub oracle: Oracle,
    pub judge: Judge,
    pub reached: Reached,
    pub has_inotify: bool,
    /// Nothing is told of the directory that the daemon has begun with last.
    pub is_plain: bool,
    /// Nothing happens while the daemon looks.
    pub is_calm: bool,
    /// The daemon is about to list the names: no time is better to do something to them.
    pub will_list: bool,
    /// Things that may still happen in this turn while it looks, and when the last one did.
    disturbances: usize,
    /// They go on through several passes of a refresh.
    is_lasting: bool,
    later: Now,
    /// How often the path still comes to lead elsewhere while the daemon follows it in this refresh, and did so.
    moves: (usize, usize),
    /// A refresh is under way, and began then.
    refreshes_since: Option<Now>,
    /// When the last refresh began, for who judges it.
    pub refreshed_at: Option<Now>,
    has_looked: bool,
    /// The oracle knows of this refresh.
    has_begun: bool,
    /// By which the poll tells of the directory's events.
    events: Option<Token>,
}

/// Hands on the kernel to the daemon and to the world.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<Kernel>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub fn new(kernel: Kernel) -> Shared {
        Shared(Rc::new(RefCell::new(kernel)))
    }

    pub fn borrow(&self) -> RefMut<'_, Kernel> {
        self.0.borrow_mut()
    }
}

impl Kernel {
    pub fn new(
        mut random: Random,
        (disk, network): (Disk, Network),
        judge: Judge,
        has_inotify: bool,
    ) -> Kernel {
        let clock = Clock::new(if random.once_in(2) { 40 } else { 100_000 });
        Kernel {
            random,
            later: clock.now,
            clock,
            disk,
            network,
            oracle: Oracle::default(),
            judge,
            reached: Reached::default(),
            has_inotify,
            is_plain: !has_inotify,
            is_calm: false,
            will_list: false,
            disturbances: 0,
            is_lasting: false,
            moves: (0, 0),
            refreshes_since: None,
            refreshed_at: None,
            has_looked: false,
            has_begun: false,
            events: None,
        }
    }

    /// A turn of the daemon begins.
    pub fn begin_turn(&mut self) {
        let will_list = std::mem::take(&mut self.will_list);
        let is_wild = !self.is_calm && self.random.once_in(if will_list { 1 } else { 4 });
        self.disturbances = if is_wild { self.random.below(4).max(usize::from(will_list)) } else { 0 };
        self.is_lasting = is_wild && self.random.once_in(6);
        if self.is_lasting {
            self.disturbances = 30;
        }
        self.later = self.clock.now;
    }

    /// The daemon's process is gone.
    pub fn forget_daemon(&mut self) {
        self.end_refresh();
        self.network.forget_all();
        self.disk.forget_watcher();
        self.oracle.forget();
        (self.events, self.refreshed_at) = (None, None);
    }

    fn begin_refresh(&mut self) {
        if self.refreshes_since.is_some() {
            return;
        }
        if self.disk.has_lost_events() {
            self.reached.count("queue overflows");
        }
        self.refreshes_since = Some(self.clock.told);
        (self.has_looked, self.has_begun) = (false, false);
        let is_restless = self.random.once_in(3);
        let moves = if is_restless { MOST_MOVES } else { self.random.below(4) };
        let has_moves = !self.is_calm && self.random.once_in(8);
        self.moves = (if has_moves { moves } else { 0 }, 0);
    }

    /// The daemon has done with looking: what it sends now is judged by what it could see.
    pub fn end_refresh(&mut self) {
        self.disk.release();
        let Some(since) = self.refreshes_since.take() else { return };
        self.end_moves();
        let watches = self.disk.watches();
        assert!(watches <= usize::from(!self.is_plain), "{watches} directories are watched");
        self.refreshed_at = Some(since);
        self.oracle.end();
        self.reached.count("refreshes");
        if self.disk.readable().is_none() {
            self.reached.count("refreshes of a directory that is away");
        } else if self.oracle.is_exact() {
            self.reached.count("refreshes with nothing in doubt");
        }
    }

    /// Something may happen while the daemon lists the names: more often than not one of them becomes another.
    fn disturb_listing(&mut self) {
        let Some(folder) = self.disk.path.filter(|_| self.disturbances > 0 && !self.disk.is_behind()) else {
            return;
        };
        if self.random.once_in(2) {
            return;
        }
        let names: Vec<Name> = self.disk.folders[folder].names.keys().copied().collect();
        if names.is_empty() || self.random.once_in(3) {
            return self.disturb(Moment::After);
        }
        self.disturbances -= 1;
        let (from, to) = (self.random.pick(&names), self.random.pick(&NAMES));
        self.disk.rename((folder, from), (folder, to), self.later);
        self.reached.count(if names.len() == 1 && !self.is_plain {
            "renames of the only name while it is listed"
        } else {
            "renames while names are listed"
        });
        self.oracle.disturb(&mut self.disk, self.clock.as_told(), self.is_plain, Moment::After);
    }

    /// Something may happen between two calls of the daemon.
    fn disturb(&mut self, moment: Moment) {
        // A look that doubts is followed by another one, which is to find the event: only the first may be early.
        let is_first = !std::mem::replace(&mut self.has_looked, true);
        let is_unheard = moment == Moment::Before;
        if self.disturbances == 0 || self.disk.is_behind() || (is_unheard && !is_first) {
            return;
        }
        let Some(folder) = self.disk.path else { return };
        if is_unheard && (self.disk.writers() == 0 || !self.random.once_in(4)) {
            return;
        }
        if self.is_lasting && !self.random.once_in(3) {
            return;
        }
        self.disturbances -= 1;
        self.later.wall = self.later.wall.after(Duration::from_micros(1));
        if is_unheard {
            let writer = self.random.below(self.disk.writers());
            let octets = 1 + self.random.below(3);
            self.disk.write_unheard(writer, octets, self.later);
        } else if self.random.once_in(if self.is_lasting { 2 } else { 10 }) {
            let mode = new_mode(&self.disk, folder, &mut self.random);
            self.reached.count(if mode == self.disk.folders[folder].mode {
                "changes of the directory during a look"
            } else {
                "changes of the directory's permissions during a look"
            });
            self.disk.chmod_folder(folder, mode);
        } else {
            touch_file(&mut self.disk, folder, &mut self.random, self.later);
        }
        self.oracle.disturb(&mut self.disk, self.clock.as_told(), self.is_plain, moment);
        self.reached.count("acts during a look");
    }

    /// The path comes to lead elsewhere between two calls of the daemon that ask where it leads.
    fn move_path(&mut self) {
        let (left, done) = self.moves;
        if left == 0 || self.disk.path.is_none() {
            return;
        }
        assert!(done <= MOST_MOVES / 2, "the daemon follows the path for ever");
        self.moves = (left - 1, done + 1);
        let to = self.random.below(self.disk.folders.len());
        let is_there = self.disk.folders[to].identity != 0 && self.disk.path != Some(to);
        let to = if is_there { to } else { self.disk.add_folder() };
        self.disk.repoint_path(Some(to));
        self.reached.count("moves of the path while it is followed");
    }

    /// Tells the oracle where the path leads. Not before the daemon has made up its mind, for which both remember what
    /// was there.
    fn begin_oracle(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.oracle.begin(&mut self.disk, self.clock.as_told(), self.is_plain);
        }
    }

    fn turn_plain(&mut self) {
        self.is_plain = true;
        self.oracle.turn_plain(&self.disk);
    }

    /// The daemon has found where the path leads, or has given up.
    fn end_moves(&mut self) {
        match std::mem::take(&mut self.moves) {
            (_, 0) => self.begin_oracle(),
            (_, ..=3) => {
                // Though it be the same directory again, it is entered anew.
                self.oracle.leave();
                self.has_begun = false;
                self.begin_oracle();
            }
            _ => {
                self.has_begun = true;
                self.oracle.leave();
                self.reached.count("paths that nobody can follow");
            }
        }
    }

    /// Time passes also while the daemon is awake: some nanoseconds, so that it may fall on either side of an expiry.
    fn pass_a_moment(&mut self) {
        let moment = self.random.duration(Duration::from_nanos(4));
        self.clock.pass(moment);
    }

    /// Somebody connects while the daemon lets others in. Something may have been done to the files just before.
    fn connect_late(&mut self, port: PortId) {
        let address = self.network.ports[&port].address;
        let speak = speak_of(&self.judge.listeners, address);
        let client = new_client(&mut self.random, speak);
        self.network.connect(port, client);
        self.disturbances += self.random.below(2);
        self.reached.count("clients that come while others are let in");
    }

    fn readable(&self) -> nix::Result<usize> {
        let folder = self.disk.path.ok_or(Errno::ENOENT)?;
        if self.disk.folders[folder].mode.is_unreadable { Err(Errno::EACCES) } else { Ok(folder) }
    }
}
