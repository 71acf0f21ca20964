//! The directory, as the daemon calls for it.

use super::{EVENTS, Shared};
use crate::disk::{Moment, NAMES, Notice as Told, Seen};
use nix::errno::Errno;
use oco::logic::board::{FileEvent, Look};
use oco::system::directory::Identity;
use oco::system::files::Files;
use oco::system::inotify::FileNotice;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::RawFd;

#[derive(Debug)]
pub struct ModelFiles {
    kernel: Shared,
    /// The number of the watch, as the daemon's side knows it.
    watch: Option<u64>,
    seen: Option<Seen>,
    /// What was there when it was looked at last, and in which folder.
    known: (usize, BTreeSet<String>),
}

impl ModelFiles {
    pub fn new(kernel: Shared) -> ModelFiles {
        ModelFiles { kernel, watch: None, seen: None, known: (0, BTreeSet::new()) }
    }
}

impl Files for ModelFiles {
    fn identity(&mut self) -> nix::Result<Identity> {
        let mut kernel = self.kernel.borrow();
        if kernel.refreshes_since.is_some() {
            kernel.move_path();
        }
        kernel.begin_refresh();
        let folder = kernel.disk.path.ok_or(Errno::ENOENT)?;
        Ok(Identity::new(1, kernel.disk.folders[folder].identity))
    }

    fn unwatchable(&mut self) -> nix::Result<Option<&'static str>> {
        let mut kernel = self.kernel.borrow();
        let folder = kernel.disk.path.ok_or(Errno::ENOENT)?;
        kernel.is_plain = kernel.disk.folders[folder].is_remote;
        if kernel.is_plain {
            kernel.turn_plain();
            kernel.reached.count("directories on another host");
        }
        Ok(kernel.is_plain.then_some("NFS"))
    }

    fn has_events(&self) -> bool {
        self.kernel.borrow().has_inotify
    }

    fn watch(&mut self) -> nix::Result<()> {
        let mut kernel = self.kernel.borrow();
        if let Some(number) = self.watch.take() {
            kernel.disk.unwatch(number);
        }
        let folder = kernel.readable()?;
        if kernel.random.once_in(20) {
            kernel.turn_plain();
            kernel.reached.count("watches that can't be had");
            return Err(Errno::ENOSPC);
        }
        self.watch = Some(kernel.disk.watch(folder));
        Ok(())
    }

    fn unwatch(&mut self) {
        if let Some(number) = self.watch.take() {
            self.kernel.borrow().disk.unwatch(number);
        }
    }

    fn is_watched(&mut self) -> nix::Result<bool> {
        let mut kernel = self.kernel.borrow();
        let again = kernel.readable().map(|folder| kernel.disk.watch(folder));
        if again.is_ok() && again.ok() == self.watch {
            return Ok(true);
        }
        for number in self.watch.take().into_iter().chain(again.ok()) {
            kernel.disk.unwatch(number);
        }
        again?;
        kernel.reached.count("watches lost with their end");
        Ok(false)
    }

    fn read(&mut self, mut handle: impl FnMut(FileNotice<'_>) -> bool) -> nix::Result<()> {
        self.kernel.borrow().begin_oracle();
        let waiting = self.kernel.borrow().disk.waiting();
        for _ in 0..waiting {
            let Some((watch, told)) = self.kernel.borrow().disk.next_notice() else { break };
            if told != Told::Overflow && Some(watch) != self.watch {
                continue;
            }
            let notice = match told {
                Told::File(name, event) => FileNotice::File(name.as_bytes(), event),
                Told::Stranger(is_odd) => {
                    let name: &[u8] = if is_odd { b".odd" } else { b".aside" };
                    FileNotice::File(name, FileEvent::Created)
                }
                Told::FolderAttributes => FileNotice::DirectoryAttributes,
                Told::FolderGone => FileNotice::DirectoryGone,
                Told::Overflow => FileNotice::Overflow,
            };
            if !handle(notice) {
                break;
            }
        }
        Ok(())
    }

    fn names(&mut self, mut handle: impl FnMut(&[u8], bool) -> bool) -> io::Result<()> {
        let mut kernel = self.kernel.borrow();
        kernel.end_moves();
        let folder = kernel.readable().map_err(io::Error::from)?;
        let since = kernel.disk.folders[folder].incarnation();
        // In the order of a hash, as file systems do.
        let mut order = NAMES;
        kernel.random.shuffle(&mut order);
        if folder != self.known.0 {
            self.known = (folder, BTreeSet::new());
        }
        for name in order {
            kernel.disturb_listing();
            let Some(entry) = kernel.disk.folders[folder].names.get(name) else { continue };
            // What gets a name meanwhile may have it where the reader has been already. Where nobody tells of that, what
            // the daemon does not know can't be found; where it is lost, perhaps only in the next turn.
            let is_new = entry.incarnation > since && !kernel.disk.has_lost_events();
            let may_be_missed = is_new && (!kernel.is_plain || self.known.1.contains(name));
            if may_be_missed && kernel.random.once_in(2) {
                continue;
            }
            if !handle(name.as_bytes(), false) {
                break;
            }
        }
        Ok(())
    }

    fn look(&mut self, name: &str) {
        let mut kernel = self.kernel.borrow();
        kernel.disk.release();
        kernel.disturb(Moment::Before);
        self.seen = kernel.disk.look(name);
        if self.seen.is_some() {
            self.known.1.insert(name.to_owned());
        } else {
            self.known.1.remove(name);
        }
        kernel.disturb(Moment::After);
    }

    fn seen(&self) -> Look<'_> {
        self.seen.as_ref().map_or(Look::Absent, Seen::as_look)
    }

    fn raw_fd(&self) -> Option<RawFd> {
        self.kernel.borrow().has_inotify.then_some(EVENTS)
    }
}
