//! inotify: events of one directory, read without allocating.

use crate::logic::board::Event;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::unistd::read;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;

/// Room for some hundred events. The kernel queues up to `fs.inotify.max_queued_events`.
const BUFFER_OCTETS: usize = 16 * 1024;
/// `struct inotify_event` without its name: watch, mask, cookie, length of the name, 4 octets each.
const HEADER_OCTETS: usize = 16;

/// An inotify instance that watches at most one directory.
#[derive(Debug)]
pub struct Watcher {
    inotify: Inotify,
    watch: Option<WatchDescriptor>,
    buffer: Vec<u8>,
}

/// What an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// Of a file in the directory.
    File(&'a [u8], Event),
    /// The directory's own mode, owner or times changed.
    DirectoryAttributes,
    /// The directory was removed, moved or unmounted, or the watch ended.
    DirectoryGone,
    /// Events were lost.
    Overflow,
}

impl Watcher {
    /// An instance without a watch. Fails when the user has too many (`fs.inotify.max_user_instances`).
    pub fn new() -> nix::Result<Watcher> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        Ok(Watcher { inotify, watch: None, buffer: vec![0; BUFFER_OCTETS] })
    }

    /// The descriptor to poll.
    pub fn raw_fd(&self) -> RawFd {
        self.inotify.as_fd().as_raw_fd()
    }

    /// Watches `directory` from now on, and nothing else. Symbolic links are followed.
    pub fn watch(&mut self, directory: &Path) -> nix::Result<()> {
        self.unwatch();
        let flags = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        self.watch = Some(self.inotify.add_watch(directory, flags)?);
        Ok(())
    }

    /// Ends the watch. Events of it that are still queued will be ignored.
    pub fn unwatch(&mut self) {
        if let Some(watch) = self.watch.take() {
            // Fails when the kernel has ended it already, with the directory.
            let _ = self.inotify.rm_watch(watch);
        }
    }

    /// Hands all events that wait to `handle`, which says whether to go on.
    pub fn read(&mut self, mut handle: impl FnMut(Notice<'_>) -> bool) -> nix::Result<()> {
        loop {
            let octets = match read(self.inotify.as_fd(), &mut self.buffer) {
                Ok(octets) => octets,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno),
            };
            let mut events = self.buffer.get(..octets).unwrap_or_default();
            while let Some((watch, mask, name, rest)) = split_event(events) {
                events = rest;
                let is_ours = self.watch.is_some_and(|ours| ours.as_raw() == watch);
                if let Some(notice) = notice(is_ours, mask, name)
                    && !handle(notice)
                {
                    return Ok(());
                }
            }
        }
    }
}

/// The first event of a buffer: its watch, its mask, its name without the padding, and the rest.
fn split_event(buffer: &[u8]) -> Option<(i32, AddWatchFlags, &[u8], &[u8])> {
    let (header, rest) = buffer.split_at_checked(HEADER_OCTETS)?;
    let number = |index: usize| Some(i32::from_ne_bytes(*header.get(index * 4..)?.first_chunk()?));
    let watch = number(0)?;
    let mask = AddWatchFlags::from_bits_retain(number(1)?.cast_unsigned());
    let (name, rest) = rest.split_at_checked(usize::try_from(number(3)?).ok()?)?;
    let name = name.split(|octet| *octet == 0).next()?;
    Some((watch, mask, name, rest))
}

fn notice(is_ours: bool, mask: AddWatchFlags, name: &[u8]) -> Option<Notice<'_>> {
    use AddWatchFlags as Flags;
    if mask.intersects(Flags::IN_Q_OVERFLOW) {
        return Some(Notice::Overflow);
    }
    if !is_ours {
        return None;
    }
    if mask.intersects(Flags::IN_DELETE_SELF | Flags::IN_MOVE_SELF | Flags::IN_UNMOUNT | Flags::IN_IGNORED) {
        return Some(Notice::DirectoryGone);
    }
    if name.is_empty() {
        return mask.intersects(Flags::IN_ATTRIB).then_some(Notice::DirectoryAttributes);
    }
    // A directory can take the place of a file only by its own events.
    let event = if mask.intersects(Flags::IN_MODIFY) {
        Event::Modified
    } else if mask.intersects(Flags::IN_CLOSE_WRITE) {
        Event::Closed
    } else if mask.intersects(Flags::IN_MOVED_TO) {
        Event::MovedIn
    } else if mask.intersects(Flags::IN_CREATE) {
        Event::Created
    } else if mask.intersects(Flags::IN_DELETE | Flags::IN_MOVED_FROM) {
        Event::Gone
    } else if mask.intersects(Flags::IN_ATTRIB) {
        Event::Attributes
    } else {
        return None;
    };
    (!mask.intersects(Flags::IN_ISDIR)).then_some(Notice::File(name, event))
}
