//! Two runs of one check never overlap: each holds a lock on the check's own hidden file.

use crate::limits::LOCK_TRIES;
use crate::system::words::words;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, open};
use nix::sys::stat::Mode;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The right to run a check, until dropped. The file stays: were it removed, a third run could lock a new one
/// while a second still waits with the old one open. Plugins don't inherit it.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<OwnedFd>,
}

/// Why there is no lock.
#[derive(Debug)]
pub enum LockError {
    /// Another run has it.
    Busy,
    /// The file can't be had.
    Failed(PathBuf, io::Error),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Busy => f.write_str("another run is under way"),
            LockError::Failed(path, error) => write!(f, "lock {}: {}", path.display(), words(error)),
        }
    }
}

/// Locks the check `name`, or fails at once.
///
/// # Errors
/// Somebody else has the lock, or it can't be had at all.
pub fn lock(directory: &Path, name: &str) -> Result<Lock, LockError> {
    let path = directory.join(format!(".{name}.lock"));
    let locked = open_file(&path)
        .and_then(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno));
    match locked {
        Ok(file) => Ok(Lock { _file: file }),
        Err(Errno::EWOULDBLOCK) => Err(LockError::Busy),
        Err(errno) => Err(LockError::Failed(path, errno.into())),
    }
}

/// Opens the file, and makes it only if it is not there: in a directory that others can write to, the kernel may
/// refuse O_CREAT on a file of somebody else's (`fs.protected_regular`).
fn open_file(path: &Path) -> nix::Result<OwnedFd> {
    // O_NONBLOCK for the case that somebody put a FIFO there.
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    for _ in 0..LOCK_TRIES {
        match open(path, flags, Mode::empty()) {
            Err(Errno::ENOENT) => {}
            result => return result,
        }
        match open(path, flags | OFlag::O_CREAT | OFlag::O_EXCL, mode) {
            Err(Errno::EEXIST) => {}
            result => return result,
        }
    }
    Err(Errno::EEXIST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_locked_once_and_again_when_it_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let first = lock(directory.path(), "http").unwrap();
        assert!(matches!(lock(directory.path(), "http"), Err(LockError::Busy)));
        assert!(lock(directory.path(), "php").is_ok());
        drop(first);
        assert!(lock(directory.path(), "http").is_ok());
    }

    #[test]
    fn neither_links_nor_pipes_nor_missing_directories_hang_or_mislead() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp/elsewhere", directory.path().join(".a.lock")).unwrap();
        nix::unistd::mkfifo(&directory.path().join(".b.lock"), Mode::S_IRWXU).unwrap();
        let said = lock(directory.path(), "a").unwrap_err().to_string();
        assert!(said.starts_with("lock ") && said.contains(".a.lock: too many"), "{said}");
        let _ = lock(directory.path(), "b");
        let said = lock(&directory.path().join("no"), "a").unwrap_err().to_string();
        assert!(said.ends_with("no/.a.lock: no such file or directory"), "{said}");
    }
}
