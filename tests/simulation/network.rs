//! Ports, clients and their sockets, as the kernel shows them to the daemon: edges of readiness, some late and some for
//! nothing, buffers that fill, and clients that close, reset, stall, ask for nothing or send for ever.
//!
//! What must never become of a client is checked where the daemon lets go of it.

use mio::{Interest, Token};
use oco::config::Listen;
use oco::limits::{DRAINED_OCTETS, HTTP_TIME, LINGER};
use oco::logic::face::Face;
use oco::logic::time::Nanos;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

pub type ClientId = usize;
pub type PortId = usize;

/// Octets that wait in a socket's buffer at most.
const RECEIVE_BUFFER: usize = 70_000;
/// The daemon drains so many at once.
const SCRATCH_OCTETS: usize = oco::limits::DRAIN_OCTETS;

/// A socket that the daemon has bound.
#[derive(Debug)]
pub struct Port {
    pub address: SocketAddr,
    pub is_listening: bool,
    /// Connected, and not accepted.
    pub backlog: VecDeque<ClientId>,
    token: Option<Token>,
    has_edge: bool,
}

#[derive(Debug, Default)]
pub struct Client {
    /// Whose share of the table its connections count for.
    pub address: u8,
    pub port: PortId,
    pub speak: Face,
    /// What it still means to send by HTTP; then, if `is_endless`, one header after the other.
    pub script: Vec<u8>,
    pub is_endless: bool,
    /// Sent, and not read by the daemon.
    pub unread: Vec<u8>,
    /// All that the daemon has read before it answered.
    pub read: Vec<u8>,
    /// It fills the buffer again whenever the daemon has read.
    pub is_flooding: bool,
    pub has_closed: bool,
    pub has_reset: bool,
    /// Octets that the daemon can send until the client reads.
    pub room: usize,
    pub got: Vec<u8>,
    /// The daemon has sent its FIN.
    pub is_finished: bool,
    /// What it is to get, once the daemon began to send.
    pub promised: Option<Vec<u8>>,
    pub accepted_at: Nanos,
    pub promised_at: Nanos,
    pub finished_at: Nanos,
    pub drained: usize,
    /// The daemon has closed it, or ended.
    pub is_over: bool,
}

/// What became of clients, for a look at what the seeds reach.
#[derive(Debug, Default, Clone)]
pub struct Ends {
    pub answers: u64,
    pub cut: u64,
    pub shed: u64,
    pub lingered: u64,
    pub drained: u64,
    pub responses: u64,
    pub refusals: u64,
    pub expired: u64,
    pub shed_unanswered: u64,
    pub left: u64,
    pub without_descriptor: u64,
    pub refused: u64,
}

#[derive(Default)]
pub struct Network {
    pub ports: BTreeMap<PortId, Port>,
    pub clients: BTreeMap<ClientId, Client>,
    registered: BTreeMap<ClientId, (Token, Interest)>,
    /// Edges that the poll has not handed out.
    edges: BTreeSet<ClientId>,
    /// Connections for which there are descriptors.
    pub descriptors: usize,
    pub max_connections: usize,
    pub max_exchanges: usize,
    /// When a stop ends, so that nobody is kept longer.
    pub stops_at: Option<Nanos>,
    pub ends: Ends,
    next: usize,
}

/// Why a socket gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    WouldBlock,
    Reset,
    NoDescriptors,
}

impl Network {
    pub fn new(max_connections: usize, max_exchanges: usize) -> Network {
        Network { descriptors: usize::MAX, max_connections, max_exchanges, ..Network::default() }
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// A client connects to a port of the daemon, unless that refuses it.
    pub fn connect(&mut self, port: PortId, client: Client) -> Option<ClientId> {
        let id = self.number();
        let bound = self.ports.get_mut(&port).unwrap();
        if !bound.is_listening {
            self.ends.refused += 1;
            return None;
        }
        bound.backlog.push_back(id);
        bound.has_edge = true;
        self.clients.insert(id, Client { port, ..client });
        Some(id)
    }

    /// Does something to a client, which may be an edge for the daemon.
    pub fn act(&mut self, id: ClientId, act: impl FnOnce(&mut Client)) {
        let client = self.clients.get_mut(&id).unwrap();
        if client.is_over || client.has_reset {
            return;
        }
        let room = client.room;
        act(client);
        client.unread.truncate(RECEIVE_BUFFER);
        let is_only_room = client.room != room;
        if let Some((_, interest)) = self.registered.get(&id)
            && (!is_only_room || interest.is_writable())
        {
            self.edges.insert(id);
        }
    }

    /// A client sends all that it means to say, if it is still there.
    pub fn ask(&mut self, id: ClientId) {
        if self.clients.contains_key(&id) {
            self.act(id, |client| client.say(usize::MAX));
        }
    }

    /// Nobody is left to look at them, and nothing can happen to them any more.
    pub fn forget_ended(&mut self) {
        self.clients.retain(|_, client| !client.is_over);
    }

    /// kill -9.
    pub fn forget_all(&mut self) {
        self.ports.clear();
        self.clients.clear();
        self.registered.clear();
        self.edges.clear();
    }

    pub fn has_edges(&self) -> bool {
        !self.edges.is_empty() || self.ports.values().any(|port| port.has_edge && port.token.is_some())
    }

    /// Whether somebody waits of whom no event will tell again.
    pub fn has_waiting(&self) -> bool {
        self.ports.values().any(|port| !port.backlog.is_empty())
    }

    fn open(&self) -> impl Iterator<Item = &Client> {
        self.clients.values().filter(|client| !client.is_over && client.accepted_at != Nanos::default())
    }

    // What the daemon calls.

    pub fn bind(&mut self, address: SocketAddr) -> PortId {
        let id = self.number();
        let port =
            Port { address, is_listening: true, backlog: VecDeque::new(), token: None, has_edge: false };
        self.ports.insert(id, port);
        id
    }

    /// The daemon stops to listen: for good, or for now.
    pub fn stop_listening(&mut self, id: PortId) {
        let Some(port) = self.ports.get_mut(&id) else { return };
        port.is_listening = false;
        for client in std::mem::take(&mut port.backlog) {
            // Only without any room may somebody be left: the kernel resets him.
            let open = self.open().count();
            assert!(
                open >= self.max_connections.min(self.descriptors),
                "client {client} was left in the queue"
            );
            self.clients.get_mut(&client).unwrap().is_over = true;
        }
    }

    pub fn close_port(&mut self, id: PortId) {
        self.stop_listening(id);
        self.ports.remove(&id);
    }

    /// Whether the daemon has the ports that it wants, and no other.
    pub fn assert_bound(&self, wanted: &[Listen]) {
        let mut bound: Vec<SocketAddr> = self.ports.values().map(|port| port.address).collect();
        let mut wanted: Vec<SocketAddr> = wanted.iter().map(|listen| listen.address).collect();
        bound.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(bound, wanted, "the ports are those of the settings");
    }

    pub fn listen_again(&mut self, id: PortId) {
        self.ports.get_mut(&id).unwrap().is_listening = true;
    }

    pub fn accept(&mut self, id: PortId, now: Nanos) -> Result<(ClientId, u8), Failure> {
        let open = self.open().count();
        let port = self.ports.get_mut(&id).unwrap();
        let Some(client) = port.backlog.front().copied() else { return Err(Failure::WouldBlock) };
        if open >= self.descriptors {
            self.ends.without_descriptor += 1;
            return Err(Failure::NoDescriptors);
        }
        port.backlog.pop_front();
        assert!(open < self.max_connections, "{open} connections are enough");
        let accepted = self.clients.get_mut(&client).unwrap();
        accepted.accepted_at = now;
        Ok((client, accepted.address))
    }

    /// The first call of a client is all that it will get.
    pub fn send(&mut self, id: ClientId, octets: &[u8], now: Nanos) -> Result<usize, Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        if client.promised.is_none() {
            client.promised = Some(octets.to_vec());
            client.promised_at = now;
            self.ends.answers += 1;
            self.ends.cut += u64::from(client.room < octets.len());
        }
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

    pub fn finish(&mut self, id: ClientId, now: Nanos) -> Result<(), Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        (client.is_finished, client.finished_at) = (true, now);
        if client.has_reset { Err(Failure::Reset) } else { Ok(()) }
    }

    /// 0 is the end of what the client sends.
    pub fn receive(&mut self, id: ClientId, buffer: &mut [u8]) -> Result<usize, Failure> {
        let client = self.clients.get_mut(&id).unwrap();
        if client.has_reset {
            return Err(Failure::Reset);
        }
        let octets = client.unread.len().min(buffer.len());
        if octets == 0 {
            return if client.has_closed { Ok(0) } else { Err(Failure::WouldBlock) };
        }
        buffer[..octets].copy_from_slice(&client.unread[..octets]);
        if client.promised.is_some() {
            client.drained += octets;
        } else {
            client.read.extend_from_slice(&client.unread[..octets]);
        }
        client.unread.drain(..octets);
        if client.is_flooding {
            client.unread.resize(RECEIVE_BUFFER, b'x');
        }
        Ok(octets)
    }

    pub fn register_port(&mut self, id: PortId, token: Token) {
        let port = self.ports.get_mut(&id).unwrap();
        port.token = Some(token);
        port.has_edge = !port.backlog.is_empty();
    }

    pub fn register(&mut self, id: ClientId, token: Token, interest: Interest) {
        self.registered.insert(id, (token, interest));
        let client = &self.clients[&id];
        let is_readable = !client.unread.is_empty() || client.has_closed || client.has_reset;
        if is_readable || (interest.is_writable() && client.room > 0) {
            self.edges.insert(id);
        }
    }

    pub fn deregister(&mut self, id: ClientId) {
        self.registered.remove(&id);
        self.edges.remove(&id);
    }

    /// Hands out edges: some of them, and one for nothing if `spurious` says so.
    pub fn take_edges(&mut self, all: bool, spurious: Option<usize>, ready: &mut Vec<Token>) {
        let count = if all { self.edges.len() } else { self.edges.len().div_ceil(2) };
        let handed: Vec<ClientId> = self.edges.iter().copied().take(count).collect();
        for id in handed {
            self.edges.remove(&id);
            ready.push(self.registered[&id].0);
        }
        if let Some(number) = spurious
            && let Some((token, _)) = self.registered.values().nth(number % self.registered.len().max(1))
        {
            ready.push(*token);
        }
        for port in self.ports.values_mut().filter(|port| port.has_edge) {
            if let Some(token) = port.token {
                port.has_edge = false;
                ready.push(token);
            }
        }
    }

    /// The daemon lets go of a client.
    pub fn close(&mut self, id: ClientId, now: Nanos) {
        self.deregister(id);
        let open = self.open().count();
        let unanswered =
            self.open().filter(|client| client.speak == Face::Http && !client.is_finished).count();
        let is_crowded =
            open >= self.max_connections.min(self.descriptors) || unanswered >= self.max_exchanges;
        let held: usize = self.open().filter_map(Client::left).sum();
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.is_over = true;
        let stop = self.stops_at.is_some_and(|end| now >= end);
        let promised = client.promised.clone().unwrap_or_default();
        assert!(promised.starts_with(&client.got), "client {id} got something else");
        // The last read may go over the limit.
        let most = usize::from(DRAINED_OCTETS) + SCRATCH_OCTETS;
        assert!(client.drained < most, "{} octets drained", client.drained);
        let ends = &mut self.ends;
        let is_whole = client.promised.is_some() && client.got == promised && client.is_finished;
        let is_http = client.speak == Face::Http;
        if is_whole {
            ends.responses += u64::from(is_http);
            ends.refusals += u64::from(is_http && promised.starts_with(b"HTTP/1.1 4"));
            let is_drained = client.drained + SCRATCH_OCTETS >= most;
            ends.drained += u64::from(is_drained);
            let is_late = now >= client.promised_at.after(LINGER);
            ends.lingered += u64::from(is_late);
            let is_shed = !stop && !is_late && !is_drained && !client.has_closed && !client.has_reset;
            // What it may still send would reset the connection, perhaps before it has read.
            assert!(!is_shed || is_crowded, "client {id} was closed while it may read: {client:?}");
            ends.shed += u64::from(is_shed);
        } else if client.has_reset || (is_http && client.has_closed && client.read.is_empty()) {
            ends.left += 1;
        } else if stop || (is_http && now >= client.accepted_at.after(HTTP_TIME)) {
            ends.expired += 1;
        } else if is_http {
            assert!(is_crowded || held > 0, "client {id} was closed for nothing");
            ends.shed_unanswered += 1;
        } else {
            let is_late = now >= client.promised_at.after(LINGER);
            assert!(client.promised.is_some() && is_late, "client {id} was left without its line");
            ends.lingered += 1;
        }
    }

    /// Nobody is kept longer than the contract says.
    pub fn check(&self, now: Nanos) {
        for client in self.open() {
            let end = match (client.speak, &client.promised) {
                // Where the daemon was stopped it may answer late; from then on the client has its time.
                (Face::Http, _) if client.is_finished => client.finished_at.after(LINGER),
                (Face::Http, _) => client.accepted_at.after(HTTP_TIME),
                (_, Some(_)) => client.promised_at.after(LINGER),
                (_, None) => panic!("a client was accepted and not answered: {client:?}"),
            };
            let end = self.stops_at.map_or(end, |stop| stop.min(end));
            // The daemon counts from the last time it asked for, and time passes while it is awake.
            let latest = end.after(Duration::from_micros(10));
            assert!(now < latest, "a client lives too long: {client:?}");
            let is_waiting = client.speak == Face::Http && client.promised.is_none() && self.edges.is_empty();
            assert!(!is_waiting || client.unread.is_empty(), "what a client sent was not read: {client:?}");
            if !self.edges.is_empty() || client.promised.is_none() {
                continue;
            }
            assert!(
                client.has_reset || client.room == 0 || client.is_finished,
                "the rest was not sent: {client:?}"
            );
            let has_gone = client.has_reset || (client.has_closed && client.unread.is_empty());
            assert!(!client.is_finished || !has_gone, "a client that has gone is kept: {client:?}");
        }
    }
}

impl Client {
    /// Octets of a response that are still to come.
    fn left(&self) -> Option<usize> {
        self.promised.as_ref().map(|promised| promised.len() - self.got.len()).filter(|left| *left > 0)
    }

    /// Sends so many octets of what it means to say.
    pub fn say(&mut self, octets: usize) {
        if self.has_closed {
            return;
        }
        while self.is_endless && self.script.len() < octets {
            self.script.extend_from_slice(b"X-Endless: on and on and on\r\n");
        }
        let said: Vec<u8> = self.script.drain(..octets.min(self.script.len())).collect();
        self.unread.extend_from_slice(&said);
    }
}
