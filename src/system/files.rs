//! What a directory of status files asks of the kernel: the trait, and the kernel itself behind it.
//!
//! The simulation stands behind the same trait, so what it drives is what ships.

use super::directory::{Identity, identity, names, unwatchable};
use super::inotify::{FileNotice, Watcher};
use super::status_file::Looker;
use crate::logic::board::Look;
use nix::errno::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files and events of one directory, found by its path.
pub trait Files {
    /// What the path leads to now. ENOTDIR where that is no directory.
    ///
    /// # Errors
    /// The path leads nowhere, or to no directory.
    fn identity(&mut self) -> nix::Result<Identity>;

    /// The kind of file system there, if events do not tell of all changes on it.
    ///
    /// # Errors
    /// The file system does not tell what it is.
    fn unwatchable(&mut self) -> nix::Result<Option<&'static str>>;

    /// Whether there can be events at all.
    fn has_events(&self) -> bool;

    /// Has what happens in the directory told from now on, and of no other.
    ///
    /// # Errors
    /// Nothing can be told of it, nor is of any other: ENOSPC and ENOMEM for want of room, others of the directory itself.
    fn watch(&mut self) -> nix::Result<()>;

    /// Has nothing told any more. What was told before may still be read, and is skipped.
    fn unwatch(&mut self);

    /// Whether the directory at the path is the one that is watched: asks the kernel, which knows it by more than
    /// its number. If not, nothing is watched then.
    ///
    /// # Errors
    /// That can't be found out.
    fn is_watched(&mut self) -> nix::Result<bool>;

    /// Hands every event that waits now to `handle`, which says whether to go on. What comes meanwhile waits for the
    /// next call.
    ///
    /// # Errors
    /// Events may have been lost.
    fn read(&mut self, handle: impl FnMut(FileNotice<'_>) -> bool) -> nix::Result<()>;

    /// Hands each name in the directory to `handle`, which says whether to go on, with whether it is a directory as
    /// far as that is known at no cost.
    ///
    /// # Errors
    /// The directory can't be read to its end.
    fn names(&mut self, handle: impl FnMut(&[u8], bool) -> bool) -> io::Result<()>;

    /// Looks at the file `name`. What it shows is kept, so that events can be read before anybody believes it.
    fn look(&mut self, name: &str);

    /// What the last look showed.
    fn seen(&self) -> Look<'_>;

    /// The descriptor that becomes readable with events, if there is one.
    fn raw_fd(&self) -> Option<RawFd>;
}

/// The kernel's.
#[derive(Debug)]
pub struct KernelFiles {
    path: PathBuf,
    c_path: CString,
    /// None where inotify is not wanted or not to be had.
    watcher: Option<Watcher>,
    looker: Looker,
}

impl KernelFiles {
    /// The files of the directory at `path`, without events.
    pub fn unwatched(path: &Path) -> KernelFiles {
        // A path from the command line or the environment can't hold a NUL; were there one, no such path exists.
        let c_path = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
        KernelFiles { path: path.to_owned(), c_path, watcher: None, looker: Looker::new(path) }
    }

    /// The files of the directory at `path`, with events where there can be some; else the reason why not.
    pub fn watched(path: &Path) -> (KernelFiles, Option<Errno>) {
        let files = KernelFiles::unwatched(path);
        match Watcher::new() {
            Ok(watcher) => (KernelFiles { watcher: Some(watcher), ..files }, None),
            Err(errno) => (files, Some(errno)),
        }
    }
}

impl Files for KernelFiles {
    fn identity(&mut self) -> nix::Result<Identity> {
        identity(&self.c_path)
    }

    fn unwatchable(&mut self) -> nix::Result<Option<&'static str>> {
        unwatchable(&self.path)
    }

    fn has_events(&self) -> bool {
        self.watcher.is_some()
    }

    fn watch(&mut self) -> nix::Result<()> {
        self.watcher.as_mut().map_or(Ok(()), |watcher| watcher.watch(&self.path))
    }

    fn unwatch(&mut self) {
        if let Some(watcher) = &mut self.watcher {
            watcher.unwatch();
        }
    }

    fn is_watched(&mut self) -> nix::Result<bool> {
        self.watcher.as_mut().map_or(Ok(false), |watcher| watcher.is_watching(&self.path))
    }

    fn read(&mut self, handle: impl FnMut(FileNotice<'_>) -> bool) -> nix::Result<()> {
        self.watcher.as_mut().map_or(Ok(()), |watcher| watcher.read(handle))
    }

    fn names(&mut self, handle: impl FnMut(&[u8], bool) -> bool) -> io::Result<()> {
        names(&self.path, handle)
    }

    fn look(&mut self, name: &str) {
        self.looker.look(name);
    }

    fn seen(&self) -> Look<'_> {
        self.looker.seen()
    }

    fn raw_fd(&self) -> Option<RawFd> {
        self.watcher.as_ref().map(Watcher::raw_fd)
    }
}
