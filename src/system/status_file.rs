//! Looking at one status file, without ever blocking or following anything.

use crate::limits::STATUS_FILE_OCTETS;
use crate::logic::board::{Fault, Look, Sight};
use crate::logic::time::Nanos;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, lstat};
use nix::unistd::{Whence, lseek, read};
use rustix::fs::{AtFlags, CWD, Statx, StatxAttributes, StatxFlags, statx};
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Looks at the files of one directory. Keeps its buffers, so that a look allocates nothing.
#[derive(Debug)]
pub struct Looker {
    /// The directory with a slash, the name of the file, a NUL.
    path: Vec<u8>,
    /// How much of `path` is the directory with its slash.
    directory_octets: usize,
    content: Vec<u8>,
    seen: Option<(State, Result<usize, Fault>)>,
}

impl Looker {
    /// A looker for the files of `directory`. Files are found by path: a descriptor of the directory would keep
    /// its file system busy.
    pub fn new(directory: &Path) -> Looker {
        let mut path = directory.as_os_str().as_bytes().to_vec();
        path.push(b'/');
        let directory_octets = path.len();
        Looker { path, directory_octets, content: vec![0; STATUS_FILE_OCTETS], seen: None }
    }

    /// Looks at `name`.
    pub fn look(&mut self, name: &str) {
        self.path.truncate(self.directory_octets);
        self.path.extend_from_slice(name.as_bytes());
        self.path.push(0);
        self.seen =
            CStr::from_bytes_until_nul(&self.path).ok().and_then(|path| look(path, &mut self.content));
    }

    /// What the last look showed.
    pub fn seen(&self) -> Look<'_> {
        match &self.seen {
            None => Look::Absent,
            Some((state, Ok(octets))) => state.sight(Ok(self.content.get(..*octets).unwrap_or_default())),
            Some((state, Err(fault))) => state.sight(Err(*fault)),
        }
    }
}

/// The state of the file at `path`, and how much of it was read into `content`. None: no file.
fn look(path: &CStr, content: &mut [u8]) -> Option<(State, Result<usize, Fault>)> {
    let unreadable = |errno| Err(Fault::Unreadable(errno_number(errno)));
    // Before it is opened: opening a pipe wakes its writer, and opening a device may do anything.
    let state = match State::at(path) {
        Ok(state) => state,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return None,
        Err(errno) => return Some((State::default(), unreadable(errno))),
    };
    if let Some(fault) = state.not_a_file()? {
        return Some((state, Err(fault)));
    }
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match open(path, flags, Mode::empty()) {
        Ok(file) => file,
        // Gone in this moment, or it only seems so: absent is a check no longer, so be sure.
        Err(Errno::ENOENT | Errno::ENOTDIR) if is_gone(path) => return None,
        Err(errno) => return Some((state, unreadable(errno))),
    };
    // What was opened may be something else than what was there a moment ago.
    let state = match State::of(&file) {
        Ok(state) => state,
        Err(errno) => return Some((state, unreadable(errno))),
    };
    if let Some(fault) = state.not_a_file()? {
        return Some((state, Err(fault)));
    }
    let octets = loop {
        match read(&file, content) {
            Ok(octets) => break octets,
            Err(Errno::EINTR) => {}
            Err(errno) => return Some((state, unreadable(errno))),
        }
    };
    if octets == 0 {
        // A barrier. The kernel empties a file under the inode's lock and tells of it before it unlocks;
        // seeking for data takes that lock (ext4, xfs, btrfs, tmpfs). Once this returns, a truncation that
        // made the file empty has its event in the queue.
        let _ = lseek(&file, 0, Whence::SeekData);
    }
    Some((state, Ok(octets)))
}

fn is_gone(path: &CStr) -> bool {
    matches!(State::at(path), Err(Errno::ENOENT | Errno::ENOTDIR))
}

fn errno_number(errno: Errno) -> i32 {
    std::io::Error::from(errno).raw_os_error().unwrap_or(0)
}

/// What the kernel says of a file without reading it.
#[derive(Debug)]
struct State {
    kind: SFlag,
    inode: u64,
    modified: Nanos,
    size: u64,
    links: u64,
    is_mount: bool,
}

impl State {
    /// The state of what stands at `path`, be it a link.
    fn at(path: &CStr) -> nix::Result<State> {
        match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS) {
            Ok(stat) => Ok(State::from(&stat)),
            // Linux before 4.11, and sandboxes that take a call they do not know for one of the future.
            Err(error) if is_unknown(error) => lstat(path).map(|stat| State::from(&stat)),
            Err(error) => Err(Errno::from_raw(error.raw_os_error())),
        }
    }

    /// The state of an open file.
    fn of(file: &OwnedFd) -> nix::Result<State> {
        match statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS) {
            Ok(stat) => Ok(State::from(&stat)),
            Err(error) if is_unknown(error) => fstat(file).map(|stat| State::from(&stat)),
            Err(error) => Err(Errno::from_raw(error.raw_os_error())),
        }
    }

    fn sight<'a>(&self, content: Result<&'a [u8], Fault>) -> Look<'a> {
        Look::File(Sight {
            inode: self.inode,
            modified: self.modified,
            size: self.size,
            links: self.links,
            is_mount: self.is_mount,
            content,
        })
    }

    /// What it is instead of a regular file, if so. None: a directory, which is no check at all.
    fn not_a_file(&self) -> Option<Option<Fault>> {
        let name = match self.kind {
            SFlag::S_IFREG => return Some(None),
            SFlag::S_IFDIR => return None,
            SFlag::S_IFLNK => "symbolic link",
            SFlag::S_IFIFO => "FIFO",
            SFlag::S_IFSOCK => "socket",
            _ => "device",
        };
        Some(Some(Fault::NotAFile(name)))
    }
}

impl Default for State {
    /// Of a file that does not even tell its state.
    fn default() -> State {
        let modified = Nanos::default();
        State { kind: SFlag::empty(), inode: 0, modified, size: 0, links: 1, is_mount: false }
    }
}

fn is_unknown(error: rustix::io::Errno) -> bool {
    matches!(error, rustix::io::Errno::NOSYS | rustix::io::Errno::PERM)
}

fn kind(mode: u32) -> SFlag {
    SFlag::from_bits_truncate(mode) & SFlag::S_IFMT
}

impl From<&Statx> for State {
    fn from(stat: &Statx) -> State {
        State {
            kind: kind(stat.stx_mode.into()),
            inode: stat.stx_ino,
            modified: Nanos::from_parts(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.into()),
            size: stat.stx_size,
            links: stat.stx_nlink.into(),
            // Known since Linux 5.8.
            is_mount: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        }
    }
}

impl From<&FileStat> for State {
    fn from(stat: &FileStat) -> State {
        State {
            kind: kind(stat.st_mode),
            inode: stat.st_ino,
            modified: Nanos::from_parts(stat.st_mtime, stat.st_mtime_nsec),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            links: links(stat),
            is_mount: false,
        }
    }
}

/// The number of links, which has 32 bits on some platforms.
#[allow(clippy::useless_conversion, reason = "not useless on all")]
fn links(stat: &FileStat) -> u64 {
    stat.st_nlink.into()
}
