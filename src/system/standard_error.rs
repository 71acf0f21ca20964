//! Standard error, written to without ever waiting for who reads it.
//!
//! The descriptor is shared: the shell, cron or another daemon may have the same open file. So `O_NONBLOCK` must not
//! be set on it, and each kind of file needs a way of its own. What was tried on Linux 6.18:
//!
//! - A pipe or a terminal is opened a second time, through `/proc/self/fd/2`. That is an open file of our own, which
//!   may be non-blocking. It has to be done before the process becomes another user, to whom it would be denied.
//! - A pipe that can't be opened so, as it was made by another user: `RWF_NOWAIT` of one call, which pipes know since
//!   Linux 6.5. On an older kernel, poll(2) and then at most `PIPE_BUF` octets: where a pipe is writable they fit,
//!   unless another process fills it in between.
//! - A terminal that can't: `/dev/tty` is the same terminal if it is the controlling one, and everybody may open that.
//!   Else poll(2) before each octet: a terminal that is writable does not say how much it takes, and already 16 octets
//!   were seen to wait.
//! - A socket, as the journal's: `MSG_DONTWAIT` of one call. It can't be opened a second time.
//! - Files and other devices are written to as they are: they wait for no reader, and the kernel has no call that would
//!   not wait for a disk.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{self, FileType, Mode, OFlags, fstat};
use rustix::io::{Errno, ReadWriteFlags, pwritev2, write};
use rustix::net::{SendFlags, send};
use rustix::termios::tcgetsid;
use std::io::{self, IoSlice, IsTerminal, Stderr, stderr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// Standard error, and how to write to it without waiting.
#[derive(Debug)]
pub struct StandardError {
    stderr: Stderr,
    way: Way,
}

/// How to write without waiting.
#[derive(Debug)]
enum Way {
    /// It never waits for a reader.
    Plain,
    /// By an open file of our own, which is non-blocking.
    Own(OwnedFd),
    Socket,
    /// A pipe of another user.
    ForeignPipe,
    /// Where the file takes so many octets if it takes any.
    Polled(usize),
}

/// Takes a second open file that does not wait.
const NON_BLOCKING: OFlags =
    OFlags::WRONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
/// systemd sets it to what standard error was connected to when it was the journal: `DEVICE:INODE`.
const JOURNAL: &str = "JOURNAL_STREAM";
/// Not at a place of our choice, but where the file stands.
const NO_OFFSET: u64 = u64::MAX;

impl StandardError {
    /// Finds out what standard error is. To be called before rights are given up.
    pub fn open() -> StandardError {
        let stderr = stderr();
        let kind = fstat(&stderr).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let own = || fs::open("/proc/self/fd/2", NON_BLOCKING, Mode::empty());
        let way = match kind {
            Ok(FileType::Socket) => Way::Socket,
            Ok(FileType::Fifo) => own().map_or(Way::ForeignPipe, Way::Own),
            Ok(FileType::CharacterDevice) if stderr.is_terminal() => {
                own().or_else(|_| controlling_terminal(&stderr)).map_or(Way::Polled(1), Way::Own)
            }
            _ => Way::Plain,
        };
        StandardError { stderr, way }
    }

    /// Writes of `octets` what it takes at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where it takes nothing now; any other where nobody will ever read it.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        loop {
            match self.try_to_write(octets) {
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL)
                    if matches!(self.way, Way::ForeignPipe) =>
                {
                    self.way = Way::Polled(libc::PIPE_BUF);
                }
                result => return Ok(result?),
            }
        }
    }

    fn try_to_write(&self, octets: &[u8]) -> rustix::io::Result<usize> {
        let stderr = &self.stderr;
        match &self.way {
            Way::Plain => write(stderr, octets),
            Way::Own(own) => write(own, octets),
            Way::Socket => send(stderr, octets, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            Way::ForeignPipe => pwritev2(stderr, &[IoSlice::new(octets)], NO_OFFSET, ReadWriteFlags::NOWAIT),
            Way::Polled(_) if !self.wait(Duration::ZERO) => Err(Errno::AGAIN),
            Way::Polled(most) => write(stderr, octets.get(..*most).unwrap_or(octets)),
        }
    }

    /// Waits at most so long until it takes something. Says whether it does, or has an error to tell.
    pub fn wait(&self, limit: Duration) -> bool {
        let time = Timespec::try_from(limit).unwrap_or_default();
        let mut polled = [PollFd::from_borrowed_fd(self.fd(), PollFlags::OUT)];
        match poll(&mut polled, Some(&time)) {
            Ok(ready) => ready > 0,
            // A signal: who waits looks whether there is time left.
            Err(errno) => errno == Errno::INTR && !limit.is_zero(),
        }
    }

    /// The descriptor that becomes writable.
    pub fn raw_fd(&self) -> RawFd {
        self.fd().as_raw_fd()
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Own(own) => own.as_fd(),
            Way::Plain | Way::Socket | Way::ForeignPipe | Way::Polled(_) => self.stderr.as_fd(),
        }
    }

    /// Whether it is the journal, which keeps the time itself. The variable alone does not say so: who is started by
    /// a service has it too, wherever his standard error leads.
    pub fn is_journal(&self) -> bool {
        let Ok(variable) = std::env::var(JOURNAL) else { return false };
        fstat(&self.stderr).is_ok_and(|stat| names(&variable, stat.st_dev, stat.st_ino))
    }
}

/// The terminal that `stderr` is, opened by the name by which everybody may open his own.
fn controlling_terminal(stderr: &Stderr) -> rustix::io::Result<OwnedFd> {
    // Fails for any but the controlling one.
    tcgetsid(stderr)?;
    fs::open("/dev/tty", NON_BLOCKING, Mode::empty())
}

/// Whether `DEVICE:INODE` names this file.
fn names(variable: &str, device: u64, inode: u64) -> bool {
    let Some((first, second)) = variable.split_once(':') else { return false };
    first.parse() == Ok(device) && second.parse() == Ok(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        assert!(names("8:1234", 8, 1234));
        for other in ["8:1235", "9:1234", "8:", ":1234", "8", "", "8:1234:", "1", " 8:1234"] {
            assert!(!names(other, 8, 1234), "{other}");
        }
    }
}
