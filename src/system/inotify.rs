//! inotify: events of one directory, read without allocating.

use crate::limits::FILE_EVENTS_OCTETS;
use crate::logic::board::FileEvent;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::unistd::read;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;

/// `struct inotify_event` without its name: watch, mask, cookie, length of the name, 4 octets each.
const HEADER_OCTETS: usize = 16;
/// The longest event: a name has 255 octets (NAME_MAX), a NUL behind it, and is filled up to a multiple of 16.
const LONGEST_EVENT_OCTETS: usize = HEADER_OCTETS + 256;

/// What is asked for. Of a file whose name was taken away nothing is told any more (`IN_EXCL_UNLINK`): its writer would
/// speak for whatever has the name then.
pub const WATCH_FLAGS: AddWatchFlags = AddWatchFlags::from_bits_retain(
    libc::IN_CREATE
        | libc::IN_MODIFY
        | libc::IN_CLOSE_WRITE
        | libc::IN_MOVED_TO
        | libc::IN_MOVED_FROM
        | libc::IN_DELETE
        | libc::IN_ATTRIB
        | libc::IN_DELETE_SELF
        | libc::IN_MOVE_SELF
        | libc::IN_EXCL_UNLINK
        | libc::IN_ONLYDIR,
);

/// An inotify instance that watches at most one directory.
#[derive(Debug)]
pub struct Watcher {
    inotify: Inotify,
    watch: Option<WatchDescriptor>,
    buffer: Vec<u8>,
}

/// What an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileNotice<'a> {
    /// Of a file in the directory.
    File(&'a [u8], FileEvent),
    /// The directory's own mode, owner or times changed.
    DirectoryAttributes,
    /// The directory was removed, moved or unmounted, or the watch ended.
    DirectoryGone,
    /// Events were lost.
    Overflow,
}

impl Watcher {
    /// An instance without a watch. Fails when the user has too many (`fs.inotify.max_user_instances`).
    ///
    /// # Errors
    /// The user has too many instances already, or there are no descriptors.
    pub fn new() -> nix::Result<Watcher> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        Ok(Watcher { inotify, watch: None, buffer: vec![0; FILE_EVENTS_OCTETS] })
    }

    /// The descriptor to poll.
    pub fn raw_fd(&self) -> RawFd {
        self.inotify.as_fd().as_raw_fd()
    }

    /// Watches `directory` from now on, and nothing else. Symbolic links are followed.
    ///
    /// # Errors
    /// As inotify_add_watch(2).
    pub fn watch(&mut self, directory: &Path) -> nix::Result<()> {
        self.unwatch();
        self.watch = Some(self.add(directory)?);
        Ok(())
    }

    /// Whether it is `directory` that is watched; if not, nothing is watched then. Adding a watch again gives its
    /// number while its directory lives, and a new one for any other, also for one with the old one's inode.
    ///
    /// # Errors
    /// As inotify_add_watch(2); nothing is watched then.
    pub fn is_watching(&mut self, directory: &Path) -> nix::Result<bool> {
        let again = self.add(directory);
        if again.is_ok() && again.ok() == self.watch {
            return Ok(true);
        }
        self.unwatch();
        let other = again?;
        // Fails when that directory, too, has gone.
        let _ = self.inotify.rm_watch(other);
        Ok(false)
    }

    fn add(&self, directory: &Path) -> nix::Result<WatchDescriptor> {
        self.inotify.add_watch(directory, WATCH_FLAGS)
    }

    /// Ends the watch. Events of it that are still queued will be ignored.
    pub fn unwatch(&mut self) {
        if let Some(watch) = self.watch.take() {
            // Fails when the kernel has ended it already, with the directory.
            let _ = self.inotify.rm_watch(watch);
        }
    }

    /// Hands the events that wait to `handle`, which says whether to go on. What comes meanwhile is left where it is:
    /// a writer that never rests must not keep the reader here.
    ///
    /// # Errors
    /// As read(2) and ioctl(2): what was not handed over is lost.
    pub fn read(&mut self, mut handle: impl FnMut(FileNotice<'_>) -> bool) -> nix::Result<()> {
        // Known once a whole buffer was read: most often all fits into one.
        let mut left = None;
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
            // With room for one more event, there was none.
            if octets + LONGEST_EVENT_OCTETS <= FILE_EVENTS_OCTETS {
                return Ok(());
            }
            let waiting = match left {
                None => waiting_octets(&self.inotify)?,
                Some(left) => usize::saturating_sub(left, octets),
            };
            if waiting == 0 {
                return Ok(());
            }
            left = Some(waiting);
        }
    }
}

/// Octets of the events that wait (inotify(7), FIONREAD).
fn waiting_octets(inotify: &Inotify) -> nix::Result<usize> {
    let octets =
        rustix::io::ioctl_fionread(inotify).map_err(|error| Errno::from_raw(error.raw_os_error()))?;
    Ok(usize::try_from(octets).unwrap_or(usize::MAX))
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

fn notice(is_ours: bool, mask: AddWatchFlags, name: &[u8]) -> Option<FileNotice<'_>> {
    use AddWatchFlags as Flags;
    if mask.intersects(Flags::IN_Q_OVERFLOW) {
        return Some(FileNotice::Overflow);
    }
    if !is_ours {
        return None;
    }
    if mask.intersects(Flags::IN_DELETE_SELF | Flags::IN_MOVE_SELF | Flags::IN_UNMOUNT | Flags::IN_IGNORED) {
        return Some(FileNotice::DirectoryGone);
    }
    if name.is_empty() {
        return mask.intersects(Flags::IN_ATTRIB).then_some(FileNotice::DirectoryAttributes);
    }
    // A directory can take the place of a file only by its own events.
    let event = if mask.intersects(Flags::IN_MODIFY) {
        FileEvent::Modified
    } else if mask.intersects(Flags::IN_CLOSE_WRITE) {
        FileEvent::Closed
    } else if mask.intersects(Flags::IN_MOVED_TO) {
        FileEvent::MovedIn
    } else if mask.intersects(Flags::IN_CREATE) {
        FileEvent::Created
    } else if mask.intersects(Flags::IN_DELETE | Flags::IN_MOVED_FROM) {
        FileEvent::Gone
    } else if mask.intersects(Flags::IN_ATTRIB) {
        FileEvent::Attributes
    } else {
        return None;
    };
    (!mask.intersects(Flags::IN_ISDIR)).then_some(FileNotice::File(name, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    /// As many as fill the buffer several times over.
    const WAITING: usize = 2_000;

    /// A watcher of a directory of its own, where `WAITING` files were made.
    fn busy() -> (tempfile::TempDir, Watcher) {
        let directory = tempfile::tempdir().unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(directory.path()).unwrap();
        for number in 0..WAITING {
            File::create(directory.path().join(format!("waiting-{number}"))).unwrap();
        }
        (directory, watcher)
    }

    #[test]
    fn a_writer_that_never_rests_does_not_keep_the_reader() {
        let (directory, mut watcher) = busy();
        let mut made = WAITING;
        let mut read = 0;
        let look = |watcher: &mut Watcher, read: &mut usize, made: &mut usize, is_writing: bool| {
            let before = *read;
            let handed = watcher.read(|notice| {
                if let FileNotice::File(_, FileEvent::Created) = notice {
                    *read += 1;
                    if is_writing {
                        File::create(directory.path().join(format!("meanwhile-{made}"))).unwrap();
                        *made += 1;
                    }
                }
                // Without a bound the queue would never be empty.
                *read < 10 * WAITING
            });
            handed.unwrap();
            *read - before
        };
        let first = look(&mut watcher, &mut read, &mut made, true);
        // Two events of a file that is made: it was created, and closed. Its name takes 16 octets.
        let in_a_buffer = FILE_EVENTS_OCTETS / (2 * (HEADER_OCTETS + 16));
        assert!(first >= WAITING, "all that waited when it began is read: {first}");
        assert!(first <= WAITING + 2 * in_a_buffer, "what came meanwhile waits for the next turn: {first}");
        while read < made {
            let next = look(&mut watcher, &mut read, &mut made, false);
            assert!(next > 0, "nothing is lost: {read} of {made}");
        }
    }
}
