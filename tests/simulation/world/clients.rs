//! What clients do.

use super::World;
use crate::kernel::Kernel;
use crate::network::{Client, ClientId, PortId};
use crate::random::Random;
use oco::config::Listen;
use oco::logic::face::Face;
use std::net::SocketAddr;

const ALL_CHECKS: &[u8] = b"GET /checks HTTP/1.1\r\n\r\n";

/// What clients of the http face mean to send.
const REQUESTS: [&[u8]; 10] = [
    b"GET /health HTTP/1.1\r\nHost: web1\r\nUser-Agent: x\r\n\r\n",
    b"HEAD / HTTP/1.0\n\n",
    b"OPTIONS / HTTP/1.0\r\n\r\n",
    b"GET /\n",
    b"\r\nGET /checks?x HTTP/1.1\r\n\r\nand more",
    b"GET /metrics HTTP/1.1\r\n\r\n",
    b"POST /health HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /no/such/page HTTP/1.0\r\n\r\n",
    b"HELO x\r\nQUIT\r\n",
    b"\x16\x03\x01\x02\x00\x01",
];

impl World {
    pub(super) fn touch_clients(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { network, random, judge, .. } = &mut *kernel;
        if random.once_in(3) {
            let crowd = if random.once_in(6) { 30 } else { 1 };
            let ports: Vec<PortId> = network.ports.keys().copied().collect();
            if ports.is_empty() {
                return;
            }
            for _ in 0..crowd {
                let port = random.pick(&ports);
                let speak = speak_of(&judge.listeners, network.ports[&port].address);
                let client = new_client(random, speak);
                let resets = random.once_in(10);
                if let Some(client) = network.connect(port, client)
                    && resets
                {
                    network.act(client, |client| client.has_reset = true);
                }
            }
            return;
        }
        let clients: Vec<ClientId> =
            network.clients.iter().filter(|(_, client)| !client.is_over).map(|(id, _)| *id).collect();
        if clients.is_empty() {
            return;
        }
        let client = random.pick(&clients);
        let octets = random.below(40_000);
        let pieces = 1 + random.below(60);
        match (random.below(10), network.clients[&client].speak) {
            (0..=3, Face::Http) => network.act(client, |client| client.say(pieces)),
            (4, Face::Http) => network.act(client, |client| client.say(9_000)),
            (0..=3, _) => network.act(client, |client| client.unread.extend(vec![b'x'; octets])),
            (4, _) => network.act(client, |client| {
                (client.is_flooding, client.unread) = (true, vec![b'x'; octets + 1]);
            }),
            (5, _) => network.act(client, |client| client.room += octets % 300),
            (6, _) => network.act(client, |client| client.room += octets),
            (7 | 8, _) => network.act(client, |client| client.has_closed = true),
            _ => network.act(client, |client| client.has_reset = true),
        }
    }

    /// A client at each port that lets one in.
    pub(super) fn ask_all(&mut self) {
        for client in self.connect_all() {
            self.kernel.borrow().network.ask(client);
        }
    }

    /// The same, and those that have to ask do not yet.
    pub(super) fn connect_all(&mut self) -> Vec<ClientId> {
        let mut kernel = self.kernel.borrow();
        let Kernel { network, judge, random, .. } = &mut *kernel;
        let ports: Vec<PortId> = network.ports.keys().copied().collect();
        let connect = |port| {
            let speak = speak_of(&judge.listeners, network.ports[&port].address);
            let script = random.pick(&[REQUESTS[0], ALL_CHECKS]).to_vec();
            network.connect(port, Client { room: 1_000_000, speak, script, ..Client::default() })
        };
        ports.into_iter().filter_map(connect).collect()
    }
}

pub fn speak_of(listeners: &[Listen], address: SocketAddr) -> Face {
    listeners.iter().find(|listen| listen.address == address).map_or(Face::Oco, Listen::speak)
}

pub fn new_client(random: &mut Random, speak: Face) -> Client {
    // Most buffers are empty; some take a part of the line, or nothing of it.
    let room = if random.once_in(4) { random.below(40) } else { 1_000_000 };
    let address = u8::try_from(random.below(12).saturating_sub(6)).unwrap();
    let mut client = Client { address, room, speak, ..Client::default() };
    if speak == Face::Http {
        client.is_endless = random.once_in(6);
        // An endless one never comes to the end of its head.
        client.script =
            if client.is_endless { b"GET / HTTP/1.1\r\n".to_vec() } else { random.pick(&REQUESTS).to_vec() };
        if random.once_in(2) {
            client.say(500);
        }
    }
    client
}
