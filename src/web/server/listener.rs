//! Listeners: bound at the start, while it may be done.

use super::tcp::{Last, Tcp};
use crate::config::Listen;
use crate::limits::SILENCE_HIDDEN;
use nix::errno::Errno;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::TcpNoDelay;
use nix::unistd::User;
use nix::{setsockopt_impl, sockopt_impl};
use oco::system::socket;
use oco::system::words::words;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

sockopt_impl!(
    /// Whether a connection is accepted only when something came by it: for so many seconds (tcp(7)).
    DeferAccept, SetOnly, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, usize
);

/// A listener that is bound, and not served yet.
#[derive(Debug)]
pub enum Bound {
    /// A port.
    Tcp(std::net::TcpListener),
    /// A socket, and its path.
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// One that is served.
#[derive(Debug)]
pub enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A socket.
    Unix(UnixListener),
}

/// What a connection is read from and written to.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A connection.
pub struct Accepted {
    /// What it is read from and written to.
    pub stream: Box<dyn Stream>,
    /// Where it comes from; none: this host, by a socket.
    pub address: Option<IpAddr>,
    /// To be told which answer is the last.
    pub last: Last,
}

/// Binds all of `listen`. Sockets belong to `user`.
///
/// # Errors
/// The first one that can't be had, and why.
pub fn bind(listen: &[Listen], user: Option<&User>) -> Result<Vec<Bound>, String> {
    let mut bound = Vec::new();
    for place in listen {
        let one = match place {
            Listen::Tcp(address) => bind_tcp(*address, listen).map(Bound::Tcp),
            Listen::Unix(path) => bind_unix(path, user).map(|listener| Bound::Unix(listener, path.clone())),
        };
        match one {
            Ok(one) => bound.push(one),
            Err(error) => {
                unlink(&bound);
                return Err(format!("listen on {place}: {}", words(&error)));
            }
        }
    }
    Ok(bound)
}

fn bind_tcp(address: SocketAddr, others: &[Listen]) -> io::Result<std::net::TcpListener> {
    // IPv4 clients come to the socket of their own, where there is one.
    let is_same_port = |other: &Listen| matches!(other, Listen::Tcp(other) if other.is_ipv4() && other.port() == address.port());
    let ipv6_only = others.iter().any(is_same_port);
    let listener = socket::listener(address, ipv6_only)?;
    // An answer is written at once. Connections have it from their listener.
    setsockopt(&listener, TcpNoDelay, &true)?;
    // A connection wakes us when its request is there. A kernel that can't do it wakes us twice.
    let _ = setsockopt(&listener, DeferAccept, &SILENCE_HIDDEN);
    Ok(listener.into())
}

fn bind_unix(path: &Path, user: Option<&User>) -> io::Result<std::os::unix::net::UnixListener> {
    if let Ok(found) = std::fs::symlink_metadata(path) {
        // Only a socket that nobody listens at any more is replaced.
        if !found.file_type().is_socket() || StdUnixStream::connect(path).is_ok() {
            return Err(Errno::EADDRINUSE.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Removes the sockets from their folders.
pub fn unlink(bound: &[Bound]) {
    for one in bound {
        if let Bound::Unix(_, path) = one {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Bound {
    /// Where it listens.
    pub fn place(&self) -> String {
        match self {
            Bound::Tcp(listener) => {
                listener.local_addr().map_or_else(|_| "?".to_owned(), |address| address.to_string())
            }
            Bound::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    /// The listener, to be served. To be called within the runtime.
    ///
    /// # Errors
    /// The runtime does not take it.
    pub fn listener(&self) -> io::Result<Listener> {
        match self {
            Bound::Tcp(listener) => TcpListener::from_std(listener.try_clone()?).map(Listener::Tcp),
            Bound::Unix(listener, _) => UnixListener::from_std(listener.try_clone()?).map(Listener::Unix),
        }
    }
}

impl Listener {
    /// The next connection.
    ///
    /// # Errors
    /// As accept(2).
    pub async fn accept(&self) -> io::Result<Accepted> {
        let last = Last::default();
        match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                let stream = Box::new(Tcp::new(stream, last.clone()));
                Ok(Accepted { stream, address: Some(address.ip().to_canonical()), last })
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { stream: Box::new(stream), address: None, last })
            }
        }
    }
}
