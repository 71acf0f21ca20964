//! The ports that ocod listens on, and how they change with the configuration.

use super::host::{Host, ViewId};
use crate::config::{Listen, is_ipv6_only};
use crate::logic::text::printable;
use crate::system::files::Files;
use crate::system::socket_activation::Passed;
use crate::system::sockets::{KernelSockets, Sockets};
use crate::system::words::words;
use log::{error, info};
use mio::Token;
use nix::errno::Errno;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A bound port.
#[derive(Debug)]
pub struct Listener<K: Sockets> {
    /// The settings.
    pub listen: Listen,
    /// What it answers.
    pub view: ViewId,
    /// Whether connections may wait that no event will tell of again.
    pub ready: bool,
    /// Tells it from every other listener of this process, also after a reload.
    pub id: u32,
    /// Whether it refuses connections for now. It stays bound.
    pub is_shut: bool,
    socket: K::Listener,
    /// Whether it was bound by somebody else, who will listen there again.
    is_passed: bool,
    /// Whether IPv4 clients have a socket of their own.
    ipv6_only: bool,
}

impl<K: Sockets> Listener<K> {
    /// A listener on `socket`. What waits there already is ready.
    fn new(listen: &Listen, view: ViewId, socket: K::Listener, wanted: &[Listen], id: u32) -> Listener<K> {
        let ipv6_only = is_ipv6_only(listen.address, wanted);
        let listen = listen.clone();
        Listener { listen, view, ready: true, id, is_shut: false, socket, is_passed: false, ipv6_only }
    }

    /// Refuses connections from now on.
    pub fn shut(&mut self, sockets: &mut K) {
        sockets.hold_port(&self.socket);
        (self.is_shut, self.ready) = (true, false);
    }

    /// Ends what [`Listener::shut`] began.
    pub fn open(&mut self, sockets: &mut K) -> Result<(), BindError> {
        let address = self.listen.address;
        sockets.listen_again(&self.socket).map_err(|errno| BindError { address, errno })?;
        (self.is_shut, self.ready) = (false, true);
        Ok(())
    }

    /// The next connection, if one waits.
    pub fn accept(&self, sockets: &mut K) -> io::Result<(K::Stream, SocketAddr)> {
        sockets.accept(&self.socket)
    }
}

/// Why a port could not be had.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    errno: Errno,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listen on {}: {}", self.address, words(&self.errno.into()))?;
        match self.errno {
            Errno::EACCES if self.address.port() < 1024 => f.write_str(" (ports below 1024 need root)"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BindError {}

impl BindError {
    /// Whether it may not be bound by this process, though others could.
    pub fn is_denied(&self) -> bool {
        self.errno == Errno::EACCES
    }

    /// Whether the host does not have the address's family, or its wildcard.
    pub fn is_without_family(&self) -> bool {
        matches!(self.errno, Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL)
    }
}

/// All bound ports.
#[derive(Debug)]
pub struct Listeners<K: Sockets> {
    all: Vec<Listener<K>>,
    last_id: u32,
    /// What the listeners answered that are closed for good, by id: requests of theirs may still come.
    closed: Vec<(u32, ViewId)>,
}

impl Listeners<KernelSockets> {
    /// Takes over sockets that were bound by somebody else, each with the settings at its place in `wanted`.
    pub fn adopt<F: Files>(
        passed: Vec<Passed>,
        wanted: &[Listen],
        host: &mut Host<F>,
        sockets: &mut KernelSockets,
    ) -> Listeners<KernelSockets> {
        let views = host.set_views(wanted.iter());
        let mut listeners = Listeners::none();
        for ((one, listen), view) in passed.into_iter().zip(wanted).zip(views) {
            info!("listening on {}, passed as {}", one.address, printable(one.name.as_bytes()));
            let id = listeners.next_id();
            let mut listener = Listener::new(listen, view, one.socket, wanted, id);
            listener.is_passed = true;
            if listen.refuse_when_ko {
                listener.shut(sockets);
            }
            listeners.all.push(listener);
        }
        listeners
    }
}

impl<K: Sockets> Listeners<K> {
    /// No port.
    pub fn none() -> Listeners<K> {
        Listeners { all: Vec::new(), last_id: 0, closed: Vec::new() }
    }

    /// Binds `wanted`, or nothing. The view of each is still to be set.
    ///
    /// # Errors
    /// A port can't be had.
    pub fn bind<F: Files>(
        wanted: &[Listen],
        host: &mut Host<F>,
        sockets: &mut K,
    ) -> Result<Listeners<K>, BindError> {
        let mut listeners = Listeners::none();
        listeners.change(wanted, host, sockets)?;
        Ok(listeners)
    }

    /// Binds what is wanted and not bound, and gives up what is not wanted any more; on an error all stays as it
    /// is. Either way all have to be registered anew.
    ///
    /// # Errors
    /// A port can't be had.
    pub fn change<F: Files>(
        &mut self,
        wanted: &[Listen],
        host: &mut Host<F>,
        sockets: &mut K,
    ) -> Result<(), BindError> {
        let mut old: Vec<Option<Listener<K>>> = std::mem::take(&mut self.all).into_iter().map(Some).collect();
        let keep = |listen: &Listen| {
            let ipv6_only = is_ipv6_only(listen.address, wanted);
            let is_same =
                |old: &Listener<K>| old.listen.address == listen.address && old.ipv6_only == ipv6_only;
            old.iter_mut().find(|old| old.as_ref().is_some_and(is_same)).and_then(Option::take)
        };
        let kept: Vec<Option<Listener<K>>> = wanted.iter().map(keep).collect();
        let retiring: Vec<Listener<K>> = old.into_iter().flatten().collect();
        let missing = wanted.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(listen, _)| listen);
        let added = match bind_all(missing, wanted, &retiring, sockets) {
            Ok(added) => added,
            Err(error) => {
                self.all = kept.into_iter().flatten().chain(retiring).collect();
                return Err(error);
            }
        };
        let views = host.set_views(wanted.iter());
        let mut added = added.into_iter();
        for ((listen, kept), view) in wanted.iter().zip(kept).zip(views) {
            if let Some(mut kept) = kept {
                // A connection may come before the socket is registered.
                kept.ready = !kept.is_shut;
                (kept.listen, kept.view) = (listen.clone(), view);
                self.all.push(kept);
            } else if let Some(socket) = added.next() {
                let id = self.next_id();
                let mut added = Listener::new(listen, view, socket, wanted, id);
                // Until it is known whether the host is up.
                if listen.refuse_when_ko {
                    added.shut(sockets);
                }
                self.all.push(added);
            }
        }
        Ok(())
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// What the listener of the id `id` answers. None: a reload has given it up.
    pub fn view_of(&self, id: u32) -> Option<ViewId> {
        let open = self.all.iter().map(|listener| (listener.id, listener.view));
        open.chain(self.closed.iter().copied()).find(|(other, _)| *other == id).map(|(_, view)| view)
    }

    /// Makes the loop wake up for connections, with tokens from `first` on. What was registered is registered
    /// anew.
    ///
    /// # Errors
    /// The kernel has no memory for that.
    pub fn register(&mut self, sockets: &mut K, first: usize) -> io::Result<()> {
        for (index, listener) in self.all.iter_mut().enumerate() {
            sockets.register_listener(&mut listener.socket, Token(first + index))?;
        }
        Ok(())
    }

    /// The listener at `index`.
    pub fn get(&self, index: usize) -> Option<&Listener<K>> {
        self.all.get(index)
    }

    /// The listener at `index`.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Listener<K>> {
        self.all.get_mut(index)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The ports as the settings name them.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.all.iter().map(|listener| listener.listen.address.port())
    }

    /// Whether connections may wait at any.
    pub fn any_ready(&self) -> bool {
        self.all.iter().any(|listener| listener.ready)
    }

    /// Whether any refuses connections for now.
    pub fn any_shut(&self) -> bool {
        self.all.iter().any(|listener| listener.is_shut)
    }

    /// Closes all.
    pub fn close(&mut self, sockets: &mut K) {
        for listener in self.all.iter_mut().filter(|listener| listener.is_passed && listener.is_shut) {
            // Who passed it takes a socket that does not listen for a failure.
            if let Err(error) = listener.open(sockets) {
                error!("{error}");
            }
        }
        self.closed = self.all.drain(..).map(|listener| (listener.id, listener.view)).collect();
    }
}

/// Binds every one of `missing`, or none. Where a port of `retiring` is in the way, it stops listening first, and
/// listens again if that did not help.
fn bind_all<'a, K: Sockets>(
    missing: impl Iterator<Item = &'a Listen>,
    wanted: &[Listen],
    retiring: &[Listener<K>],
    sockets: &mut K,
) -> Result<Vec<K::Listener>, BindError> {
    let mut added = Vec::new();
    let mut silenced: Vec<&Listener<K>> = Vec::new();
    for listen in missing {
        let address = listen.address;
        let ipv6_only = is_ipv6_only(address, wanted);
        let mut bound = sockets.bind(address, ipv6_only);
        if matches!(bound, Err(Errno::EADDRINUSE)) {
            for other in retiring.iter().filter(|other| other.listen.address.port() == address.port()) {
                sockets.stop_listening(&other.socket);
                silenced.push(other);
            }
            bound = sockets.bind(address, ipv6_only);
        }
        match bound {
            Ok(socket) => added.push(socket),
            Err(errno) => {
                drop(added);
                for other in silenced {
                    if other.is_shut {
                        sockets.hold_port(&other.socket);
                    } else if let Err(errno) = sockets.listen_again(&other.socket) {
                        error!("{}", BindError { address: other.listen.address, errno });
                    }
                }
                return Err(BindError { address, errno });
            }
        }
    }
    for socket in &added {
        if let Ok(address) = sockets.address(socket) {
            info!("listening on {address}");
        }
    }
    Ok(added)
}
