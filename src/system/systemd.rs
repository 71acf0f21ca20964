//! Word to systemd: ready, reloading, stopping, alive, and a line for `systemctl status` (sd_notify(3)).
//!
//! The socket is opened once, before the process gives up what it does not need, and never blocks: systemd may be
//! busy, and the answers must not wait for it.

use log::{debug, warn};
use sd_notify::NotifyState;
use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Names systemd's socket.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// The way to systemd, where it wants word.
#[derive(Debug)]
pub struct Notify {
    socket: Option<UnixDatagram>,
}

impl Notify {
    /// What the environment asks for. Nothing does outside of systemd.
    pub fn from_environment() -> Notify {
        let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
            return Notify::silent();
        };
        match connect(&path) {
            Ok(socket) => Notify { socket: Some(socket) },
            Err(error) => {
                warn!("{VARIABLE} {}: {error}", path.display());
                Notify::silent()
            }
        }
    }

    /// Word to nobody.
    pub fn silent() -> Notify {
        Notify { socket: None }
    }

    /// How often systemd wants a sign of life, if it does: half of the time after which it would act.
    pub fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|period| !period.is_zero())
    }

    /// All is set up.
    pub fn ready(&self) {
        self.send(&[NotifyState::Ready]);
    }

    /// The settings are read again; [`Notify::ready`] says when that is over.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(error) => debug!("systemd: {error}"),
        }
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// A line for people, which is made only if somebody listens.
    pub fn status(&self, line: impl FnOnce() -> String) {
        if self.socket.is_some() {
            self.send(&[NotifyState::Status(&line())]);
        }
    }

    /// A sign of life.
    pub fn alive(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else { return };
        let message: String = states.iter().map(|state| format!("{state}\n")).collect();
        if let Err(error) = socket.send(message.as_bytes()) {
            debug!("systemd: {error}");
        }
    }
}

fn connect(path: &OsString) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    match path.as_bytes().strip_prefix(b"@") {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        None => socket.connect(path)?,
    }
    Ok(socket)
}
