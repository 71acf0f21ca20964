//! The ports that ocod listens on, each with its settings and what it answers, and how they change with the
//! configuration.

use super::answers::{Answers, ViewId};
use crate::config::{Listen, is_ipv6_only};
use crate::logic::text::printable;
use crate::net::listener::{BindError, Listener, Place, bind_all};
use crate::net::token::Source;
use crate::system::files::Files;
use crate::system::socket_activation::Passed;
use crate::system::sockets::{KernelSockets, Sockets};
use log::{error, info};
use std::io;
use std::net::SocketAddr;

/// Logs where ports were bound.
pub fn say_bound(addresses: &[SocketAddr]) {
    for address in addresses {
        info!("listening on {address}");
    }
}

/// A port that is answered.
#[derive(Debug)]
pub struct Port<K: Sockets> {
    /// Its socket.
    pub listener: Listener<K>,
    /// Its settings.
    pub listen: Listen,
    /// What it answers.
    pub view: ViewId,
}

/// All bound ports.
#[derive(Debug)]
pub struct Listeners<K: Sockets> {
    all: Vec<Port<K>>,
    last_id: u32,
    /// What the listeners answered that are closed for good, by id: requests of theirs may still come.
    closed: Vec<(u32, ViewId)>,
}

impl Listeners<KernelSockets> {
    /// Takes over sockets that were bound by somebody else, each with the settings at its place in `wanted`.
    pub fn adopt<F: Files>(
        passed: Vec<Passed>,
        wanted: &[Listen],
        answers: &mut Answers<F>,
        sockets: &mut KernelSockets,
    ) -> Listeners<KernelSockets> {
        let views = answers.set_views(wanted.iter());
        let mut listeners = Listeners::none();
        for ((one, listen), view) in passed.into_iter().zip(wanted).zip(views) {
            info!("listening on {}, passed as {}", one.address, printable(one.name.as_bytes()));
            let mut listener = Listener::new(place(listen, wanted), one.socket, listeners.next_id());
            listener.is_passed = true;
            listeners.add(listener, listen, view, sockets);
        }
        listeners
    }
}

impl<K: Sockets> Listeners<K> {
    /// No port.
    pub fn none() -> Listeners<K> {
        Listeners { all: Vec::new(), last_id: 0, closed: Vec::new() }
    }

    /// Binds `wanted`, or nothing. Returns also where that is, for the log.
    ///
    /// # Errors
    /// A port can't be had.
    pub fn bind<F: Files>(
        wanted: &[Listen],
        answers: &mut Answers<F>,
        sockets: &mut K,
    ) -> Result<(Listeners<K>, Vec<SocketAddr>), BindError> {
        let mut listeners = Listeners::none();
        let bound = listeners.change(wanted, answers, sockets)?;
        Ok((listeners, bound))
    }

    /// Binds what is wanted and not bound, and gives up what is not wanted any more; on an error all stays as it
    /// is. Either way all have to be registered anew. Returns the addresses that were bound.
    ///
    /// # Errors
    /// A port can't be had.
    pub fn change<F: Files>(
        &mut self,
        wanted: &[Listen],
        answers: &mut Answers<F>,
        sockets: &mut K,
    ) -> Result<Vec<SocketAddr>, BindError> {
        let mut old: Vec<Option<Port<K>>> = std::mem::take(&mut self.all).into_iter().map(Some).collect();
        let keep = |listen: &Listen| {
            let is_same = |old: &Port<K>| old.listener.place == place(listen, wanted);
            old.iter_mut().find(|old| old.as_ref().is_some_and(is_same)).and_then(Option::take)
        };
        let kept: Vec<Option<Port<K>>> = wanted.iter().map(keep).collect();
        let retiring: Vec<Port<K>> = old.into_iter().flatten().collect();
        let missing = wanted.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let missing = missing.map(|(listen, _)| place(listen, wanted));
        let in_the_way: Vec<&Listener<K>> = retiring.iter().map(|port| &port.listener).collect();
        let added = match bind_all(missing, &in_the_way, sockets) {
            Ok(added) => added,
            Err((why, lost)) => {
                lost.iter().for_each(|error| error!("{error}"));
                self.all = kept.into_iter().flatten().chain(retiring).collect();
                return Err(why);
            }
        };
        let bound = added.iter().filter_map(|socket| sockets.address(socket).ok()).collect();
        let views = answers.set_views(wanted.iter());
        let mut added = added.into_iter();
        for ((listen, kept), view) in wanted.iter().zip(kept).zip(views) {
            if let Some(Port { mut listener, .. }) = kept {
                // A connection may come before the socket is registered.
                listener.ready = !listener.is_shut;
                self.all.push(Port { listener, listen: listen.clone(), view });
            } else if let Some(socket) = added.next() {
                let listener = Listener::new(place(listen, wanted), socket, self.next_id());
                self.add(listener, listen, view, sockets);
            }
        }
        Ok(bound)
    }

    /// Takes in a new port. One that refuses while KO does so until it is known that the host is up.
    fn add(&mut self, mut listener: Listener<K>, listen: &Listen, view: ViewId, sockets: &mut K) {
        if listen.refuse_when_ko {
            listener.shut(sockets);
        }
        self.all.push(Port { listener, listen: listen.clone(), view });
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// What the listener of the id `id` answers. None: a reload has given it up.
    pub fn view_of(&self, id: u32) -> Option<ViewId> {
        let open = self.all.iter().map(|port| (port.listener.id, port.view));
        open.chain(self.closed.iter().copied()).find(|(other, _)| *other == id).map(|(_, view)| view)
    }

    /// Makes the loop wake up for connections. What was registered is registered anew.
    ///
    /// # Errors
    /// The kernel has no memory for that.
    pub fn register(&mut self, sockets: &mut K) -> io::Result<()> {
        for (index, port) in self.all.iter_mut().enumerate() {
            sockets.register_listener(&mut port.listener.socket, Source::Listener(index).encode())?;
        }
        Ok(())
    }

    /// The port at `index`.
    pub fn get(&self, index: usize) -> Option<&Port<K>> {
        self.all.get(index)
    }

    /// The port at `index`.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Port<K>> {
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
        self.all.iter().map(|port| port.listen.address.port())
    }

    /// Whether connections may wait at any.
    pub fn any_ready(&self) -> bool {
        self.all.iter().any(|port| port.listener.ready)
    }

    /// Whether any refuses connections for now.
    pub fn any_shut(&self) -> bool {
        self.all.iter().any(|port| port.listener.is_shut)
    }

    /// Closes all.
    pub fn close(&mut self, sockets: &mut K) {
        for port in self.all.iter_mut().filter(|port| port.listener.is_passed && port.listener.is_shut) {
            // Who passed it takes a socket that does not listen for a failure.
            if let Err(error) = port.listener.open(sockets) {
                error!("{error}");
            }
        }
        self.closed = self.all.drain(..).map(|port| (port.listener.id, port.view)).collect();
    }
}

fn place(listen: &Listen, wanted: &[Listen]) -> Place {
    Place { address: listen.address, ipv6_only: is_ipv6_only(listen.address, wanted) }
}
