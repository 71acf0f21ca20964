//! Clients and their sockets, as the kernel shows them to the daemon: edges of readiness, buffers that fill, and
//! clients that close, reset, stall or send for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub type ClientId = usize;

/// Octets that wait in a socket's buffer at most.
const RECEIVE_BUFFER: usize = 100_000;

#[derive(Debug, Default)]
pub struct Client {
    /// Whose share of the table its connections count for.
    pub address: u8,
    /// Sent, and not read by the daemon.
    pub unread: usize,
    /// It fills the buffer again whenever the daemon has read.
    pub is_flooding: bool,
    pub has_closed: bool,
    pub has_reset: bool,
    /// Octets that the daemon can send until the client reads.
    pub room: usize,
    pub got: Vec<u8>,
    /// The daemon has sent its FIN.
    pub is_finished: bool,
    /// The answer it is to get, once it was accepted.
    pub line: Option<String>,
    pub drained: usize,
    /// The daemon has closed it, or ended.
    pub is_over: bool,
}

#[derive(Default)]
pub struct Network {
    pub clients: BTreeMap<ClientId, Client>,
    /// Connected, and not accepted.
    pub backlog: VecDeque<ClientId>,
    /// Registered with the poll.
    pub registered: BTreeSet<ClientId>,
    /// Edges that the poll has not handed out.
    pub edges: BTreeSet<ClientId>,
    /// The listener's edge.
    pub has_arrivals: bool,
    /// Connections for which there are descriptors.
    pub descriptors: usize,
    next: ClientId,
}

/// Why a socket gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    WouldBlock,
    Reset,
    NoDescriptors,
}

impl Network {
    pub fn new() -> Network {
        Network { descriptors: usize::MAX, ..Network::default() }
    }

    pub fn connect(&mut self, address: u8, room: usize) -> ClientId {
        let id = self.next;
        self.next += 1;
        self.clients.insert(id, Client { address, room, ..Client::default() });
        self.backlog.push_back(id);
        self.has_arrivals = true;
        id
    }

    /// Does something to a client, which may be an edge for the daemon.
    pub fn act(&mut self, id: ClientId, act: impl FnOnce(&mut Client)) {
        let client = self.clients.get_mut(&id).unwrap();
        if client.is_over || client.has_reset {
            return;
        }
        act(client);
        client.unread = client.unread.min(RECEIVE_BUFFER);
        if self.registered.contains(&id) {
            self.edges.insert(id);
        }
    }

    /// Nobody is left to look at it, and nothing can happen to it any more.
    pub fn forget_ended(&mut self) {
        self.clients.retain(|_, client| !client.is_over);
    }

    // What the daemon calls.

    pub fn accept(&mut self, held: usize) -> Result<ClientId, Failure> {
        if self.backlog.is_empty() {
            return Err(Failure::WouldBlock);
        }
        if held >= self.descriptors {
            return Err(Failure::NoDescriptors);
        }
        Ok(self.backlog.pop_front().unwrap())
    }

    pub fn send(&mut self, id: ClientId, octets: &[u8]) -> Result<usize, Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        match client.room.min(octets.len()) {
            _ if client.has_reset => Err(Failure::Reset),
            0 => Err(Failure::WouldBlock),
            taken => {
                client.room -= taken;
                client.got.extend_from_slice(&octets[..taken]);
                Ok(taken)
            }
        }
    }

    pub fn finish(&mut self, id: ClientId) -> Result<(), Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        client.is_finished = true;
        if client.has_reset { Err(Failure::Reset) } else { Ok(()) }
    }

    /// 0 is the end of what the client sends.
    pub fn receive(&mut self, id: ClientId, most: usize) -> Result<usize, Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        if client.has_reset {
            return Err(Failure::Reset);
        }
        let octets = client.unread.min(most);
        if octets == 0 {
            return if client.has_closed { Ok(0) } else { Err(Failure::WouldBlock) };
        }
        client.unread -= octets;
        client.drained += octets;
        if client.is_flooding {
            client.unread = RECEIVE_BUFFER;
        }
        Ok(octets)
    }

    pub fn register(&mut self, id: ClientId) {
        self.registered.insert(id);
        let client = &self.clients[&id];
        if client.unread > 0 || client.has_closed || client.has_reset {
            self.edges.insert(id);
        }
    }

    pub fn close(&mut self, id: ClientId) {
        self.registered.remove(&id);
        self.edges.remove(&id);
        self.clients.get_mut(&id).unwrap().is_over = true;
    }
}
