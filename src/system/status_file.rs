//! Looking at one status file, without ever blocking or following anything.

use crate::limits::STATUS_FILE_OCTETS;
use crate::logic::board::{Fault, Look, Sight};
use crate::logic::time::Nanos;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, lstat};
use nix::unistd::{Whence, lseek, read};
use std::ffi::CStr;
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
}

impl Looker {
    /// A looker for the files of `directory`. Files are found by path: a descriptor of the directory would keep
    /// its file system busy.
    pub fn new(directory: &Path) -> Looker {
        let mut path = directory.as_os_str().as_bytes().to_vec();
        path.push(b'/');
        let directory_octets = path.len();
        Looker { path, directory_octets, content: vec![0; STATUS_FILE_OCTETS] }
    }

    /// Looks at `name`.
    pub fn look(&mut self, name: &str) -> Look<'_> {
        self.path.truncate(self.directory_octets);
        self.path.extend_from_slice(name.as_bytes());
        self.path.push(0);
        let Ok(path) = CStr::from_bytes_until_nul(&self.path) else { return Look::Absent };
        // Before it is opened: opening a pipe wakes its writer, and opening a device may do anything.
        let stat = match lstat(path) {
            Ok(stat) => stat,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Look::Absent,
            Err(errno) => return unreadable(errno),
        };
        if let Err(look) = regular(&stat) {
            return look;
        }
        let flags =
            OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = match open(path, flags, Mode::empty()) {
            Ok(file) => file,
            // Gone in this moment, or it only seems so: absent is a check no more, so be sure.
            Err(Errno::ENOENT | Errno::ENOTDIR) if lstat(path).is_err() => return Look::Absent,
            Err(errno) => return faulty(&stat, Fault::Unreadable(errno_number(errno))),
        };
        // What was opened may be something else than what was there a moment ago.
        let stat = match fstat(&file) {
            Ok(stat) => stat,
            Err(errno) => return faulty(&stat, Fault::Unreadable(errno_number(errno))),
        };
        if let Err(look) = regular(&stat) {
            return look;
        }
        let octets = loop {
            match read(&file, &mut self.content) {
                Ok(octets) => break octets,
                Err(Errno::EINTR) => {}
                Err(errno) => return faulty(&stat, Fault::Unreadable(errno_number(errno))),
            }
        };
        if octets == 0 {
            // A barrier. The kernel empties a file under the inode's lock and tells of it before it unlocks;
            // seeking for data takes that lock (ext4, xfs, btrfs, tmpfs). Once this returns, a truncation that
            // made the file empty has its event in the queue.
            let _ = lseek(&file, 0, Whence::SeekData);
        }
        let content = self.content.get(..octets).unwrap_or_default();
        Look::File(sight(&stat, Ok(content)))
    }
}

fn errno_number(errno: Errno) -> i32 {
    std::io::Error::from(errno).raw_os_error().unwrap_or(0)
}

fn unreadable<'a>(errno: Errno) -> Look<'a> {
    let fault = Fault::Unreadable(errno_number(errno));
    Look::File(Sight { inode: 0, modified: Nanos::default(), size: 0, links: 1, content: Err(fault) })
}

fn faulty<'a>(stat: &FileStat, fault: Fault) -> Look<'a> {
    Look::File(sight(stat, Err(fault)))
}

fn sight<'a>(stat: &FileStat, content: Result<&'a [u8], Fault>) -> Sight<'a> {
    Sight {
        inode: stat.st_ino,
        modified: Nanos::from_parts(stat.st_mtime, stat.st_mtime_nsec),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        links: links(stat),
        content,
    }
}

/// The number of links, which has 32 bits on some platforms.
#[allow(clippy::useless_conversion, reason = "not useless on all")]
fn links(stat: &FileStat) -> u64 {
    stat.st_nlink.into()
}

/// Nothing if this is a regular file, else the look.
fn regular<'a>(stat: &FileStat) -> Result<(), Look<'a>> {
    let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
    let name = match kind {
        SFlag::S_IFREG => return Ok(()),
        SFlag::S_IFDIR => return Err(Look::Absent),
        SFlag::S_IFLNK => "symbolic link",
        SFlag::S_IFIFO => "FIFO",
        SFlag::S_IFSOCK => "socket",
        _ => "device",
    };
    Err(faulty(stat, Fault::NotAFile(name)))
}
