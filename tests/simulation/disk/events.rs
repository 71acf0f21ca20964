//! The watch, and the queue of what it tells.

use super::{Disk, Name, Notice};
use nix::sys::inotify::AddWatchFlags;
use oco::logic::board::FileEvent;
use oco::system::inotify::WATCH_FLAGS;

impl Disk {
    /// Adds a watch beside the others. To add it again gives the same number while its folder lives.
    pub fn watch(&mut self, folder: usize) -> u64 {
        if let Some((_, number)) = self.watches.iter().find(|(watched, _)| *watched == folder) {
            return *number;
        }
        let number = self.number();
        self.watches.push((folder, number));
        number
    }

    /// Ends a watch, which is told behind what is queued of it.
    pub fn unwatch(&mut self, number: u64) {
        let watches = self.watches.len();
        self.watches.retain(|(_, watch)| *watch != number);
        if self.watches.len() < watches {
            self.queue(number, Notice::FolderGone);
        }
    }

    /// Whether it takes few events to lose some.
    pub fn has_short_queue(&self) -> bool {
        self.queue_limit < 100
    }

    /// Files that are no checks come and go, until more was told than the queue holds.
    pub fn flood(&mut self) {
        let Some(folder) = self.path else { return };
        for number in 0..=self.queue_limit {
            self.tell(folder, Notice::Stranger(number % 2 == 0));
        }
    }

    /// How many folders are watched.
    pub fn watches(&self) -> usize {
        self.watches.len()
    }

    /// All that waits, and nothing more: what ends with the process.
    pub fn forget_watcher(&mut self) {
        self.watches.clear();
        self.queue.clear();
    }

    /// How many events wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The next event, with the number of its watch.
    pub fn next_notice(&mut self) -> Option<(u64, Notice)> {
        self.queue.pop_front()
    }

    /// Whether the poll would tell that something was queued.
    pub fn has_edge(&self) -> bool {
        self.has_edge && !self.queue.is_empty()
    }

    pub fn take_edge(&mut self) -> bool {
        std::mem::take(&mut self.has_edge) && !self.queue.is_empty()
    }

    /// Whether events were lost of which nobody has read yet.
    pub fn has_lost_events(&self) -> bool {
        self.queue.iter().any(|(_, notice)| *notice == Notice::Overflow)
    }

    pub(super) fn tell(&mut self, folder: usize, notice: Notice) {
        let watch = self.watches.iter().find(|(watched, _)| *watched == folder);
        if let Some((_, number)) = watch.filter(|_| !self.folders[folder].is_remote) {
            self.queue(*number, notice);
        }
    }

    fn queue(&mut self, watch: u64, notice: Notice) {
        if self.queue.back() == Some(&(watch, notice)) {
            return;
        }
        self.has_edge = true;
        if self.queue.len() < self.queue_limit {
            self.queue.push_back((watch, notice));
        } else if !self.has_lost_events() {
            self.queue.push_back((0, Notice::Overflow));
        }
    }

    pub(super) fn tell_name(&mut self, (folder, name): (usize, Name), event: FileEvent) {
        self.tell(folder, Notice::File(name, event));
    }

    /// Tells of what was done by an open file. Linux does so by the name that it was opened by.
    pub(super) fn tell_of_writer(&mut self, (place, is_nameless): ((usize, Name), bool), event: FileEvent) {
        let excludes = WATCH_FLAGS.contains(AddWatchFlags::from_bits_retain(libc::IN_EXCL_UNLINK));
        if !is_nameless || !excludes {
            self.tell_name(place, event);
        }
    }
}
