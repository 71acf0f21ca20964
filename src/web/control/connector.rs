//! Connects to ocowatch for the board, which must not connect to anybody: a helper process, started before the board is
//! confined. It is told a path once, connects there and nowhere else as often as it is asked, and hands the connections over.
//!
//! Landlock can say which sockets a process may connect to only since its ninth interface; this way it is so on every
//! kernel.

use nix::errno::Errno;
use nix::sys::signal::Signal;
use oco::limits::MESSAGE_OCTETS;
use oco::system::packets::{self, Packet};
use oco::system::sandbox::{AllowedFiles, confine_files};
use oco::system::signals::Signals;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Mutex;

/// The wish for a connection.
const CONNECT: &[u8] = b"connect";

/// The helper, as it was started.
#[derive(Debug)]
pub struct Launched {
    socket: OwnedFd,
}

/// The helper, as the board asks it.
#[derive(Debug)]
pub struct Connector {
    /// One wish at a time. It keeps messages whole, and is read and written by [`packets`] alone.
    socket: Mutex<UnixStream>,
}

/// Starts the helper by `command`, which has to call [`serve`]: this program once more (`/proc/self/exe`), with an argument
/// that says so. It connects to `path`, and ends when the board does.
///
/// # Errors
/// It can't be started.
pub fn launch(mut command: Command, path: &Path) -> io::Result<Launched> {
    let (socket, its_socket) = packets::pair()?;
    packets::never_wait(socket.as_fd())?;
    // It leads a group of its own: a signal from the terminal is for the board alone.
    command.stdin(its_socket).stdout(Stdio::null()).process_group(0).spawn()?;
    // With it goes our copy of the helper's end, or we would never see that it is closed.
    drop(command);
    packets::send(socket.as_fd(), path.as_os_str().as_bytes(), &[])?;
    Ok(Launched { socket })
}

/// Is the helper, whose socket is standard input, until its other end is closed.
///
/// # Errors
/// There is no such socket.
pub fn serve() -> io::Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    // Who stops the board stops the helper by that: until then it may be needed.
    let caught = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
    let _signals = Signals::catch(&caught.map(|signal| (signal, ())), &[])?;
    let mut buffer = vec![0; MESSAGE_OCTETS];
    let Some(Packet { octets, .. }) = packets::receive(socket.as_fd(), &mut buffer)? else { return Ok(()) };
    let path = Path::new(OsStr::from_bytes(buffer.get(..octets).unwrap_or_default())).to_owned();
    confine_files(&AllowedFiles { readable: Vec::new(), writable: Vec::new() });
    while packets::receive(socket.as_fd(), &mut buffer)?.is_some() {
        match StdUnixStream::connect(&path) {
            Ok(stream) => packets::send(socket.as_fd(), CONNECT, &[stream.as_fd()])?,
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EIO);
                packets::send(socket.as_fd(), &errno.to_le_bytes(), &[])?;
            }
        }
    }
    Ok(())
}

impl Launched {
    /// The helper within the runtime.
    ///
    /// # Errors
    /// The runtime does not take it.
    pub fn connector(self) -> io::Result<Connector> {
        let socket = UnixStream::from_std(StdUnixStream::from(self.socket))?;
        Ok(Connector { socket: Mutex::new(socket) })
    }
}

impl Connector {
    /// A connection to ocowatch.
    ///
    /// # Errors
    /// As connect(2); or the helper has died, which is `BrokenPipe`.
    pub async fn connect(&self) -> io::Result<UnixStream> {
        let socket = self.socket.lock().await;
        let mut buffer = [0; 16];
        // What came too late for who asked then.
        while let Ok(Some(_)) = packets::receive(socket.as_fd(), &mut buffer) {}
        packets::send(socket.as_fd(), CONNECT, &[])?;
        let received =
            socket.async_io(Interest::READABLE, || packets::receive(socket.as_fd(), &mut buffer)).await?;
        let Packet { octets, mut descriptors } = received.ok_or(ErrorKind::BrokenPipe)?;
        match descriptors.pop() {
            Some(descriptor) => {
                let stream = StdUnixStream::from(descriptor);
                stream.set_nonblocking(true)?;
                UnixStream::from_std(stream)
            }
            None => {
                let errno = buffer.get(..octets).and_then(|octets| octets.try_into().ok());
                Err(errno.map_or(Errno::EBADMSG.into(), |errno| {
                    io::Error::from_raw_os_error(i32::from_le_bytes(errno))
                }))
            }
        }
    }
}
