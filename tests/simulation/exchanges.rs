//! HTTP connections under everything that clients do: `Exchanges` re-enacted on `logic::exchange`, with clients that
//! send in pieces, stall, reset, half-close, ask for nothing or for ever, and read slowly.

use crate::clock::Clock;
use crate::random::Random;
use oco::limits::{EXCHANGE_TIME, HTTP_HEAD_OCTETS, STOP_LINGER};
use oco::logic::exchange::{Event, Exchange, Step};
use oco::logic::http::{self, Asked};
use oco::logic::time::Nanos;
use std::collections::BTreeMap;
use std::time::Duration;

/// Smaller than the daemon's, so that a few clients reach them.
const EXCHANGES: usize = 12;
const EXCHANGE_OCTETS: usize = 20_000;
const SCRATCH_OCTETS: usize = 500;

/// What clients mean to send.
const REQUESTS: [&[u8]; 7] = [
    b"GET /health HTTP/1.1\r\nHost: web1\r\nUser-Agent: x\r\n\r\n",
    b"HEAD / HTTP/1.0\n\n",
    b"\r\nGET /checks?x HTTP/1.1\r\n\r\nand more",
    b"POST /health HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /no/such/page HTTP/1.0\r\n\r\n",
    b"HELO x\r\nQUIT\r\n",
    b"\x16\x03\x01\x02\x00\x01",
];

/// What the seeds reached.
#[derive(Debug, Default, Clone)]
pub struct Reached {
    pub responses: u64,
    pub refusals: u64,
    pub expired: u64,
    pub shed: u64,
    pub left: u64,
}

#[derive(Default)]
struct Client {
    /// What it still means to send; then, if `is_endless`, one header after the other.
    script: Vec<u8>,
    is_endless: bool,
    /// Sent, and not read by the daemon.
    unread: Vec<u8>,
    /// All that the daemon has read.
    read: Vec<u8>,
    room: usize,
    got: Vec<u8>,
    has_closed: bool,
    has_reset: bool,
    has_edge: bool,
}

struct Held {
    client: usize,
    exchange: Exchange,
    since: Nanos,
    /// What it is to get, once it asked.
    response: Option<Vec<u8>>,
}

/// How a connection left the table.
#[derive(PartialEq, Eq)]
enum End {
    Done,
    Closed,
    Expired,
    Shed,
}

struct World {
    random: Random,
    clock: Clock,
    clients: BTreeMap<usize, Client>,
    /// Oldest first.
    table: Vec<Held>,
    connected: usize,
    /// Changes all the time, as the host's state does.
    state: u64,
    reached: Reached,
}

/// Runs the world of one seed. Panics at the first thing that must never be.
pub fn run(seed: u64) -> Reached {
    let mut world = World {
        random: Random::new(seed),
        clock: Clock::new(),
        clients: BTreeMap::new(),
        table: Vec::new(),
        connected: 0,
        state: 0,
        reached: Reached::default(),
    };
    for _ in 0..100 + world.random.below(200) {
        world.act();
        world.turn();
    }
    // SIGTERM: nobody gets more time than that.
    let end = world.clock.now.boot.after(STOP_LINGER);
    world.table.iter_mut().for_each(|held| held.exchange.hurry(end));
    world.clock.pass(STOP_LINGER);
    world.turn();
    assert!(world.table.is_empty(), "{} connections outlive the stop", world.table.len());
    world.reached
}

impl World {
    fn act(&mut self) {
        self.state += 1;
        let random = &mut self.random;
        let known: Vec<usize> = self.table.iter().map(|held| held.client).collect();
        if known.is_empty() || random.once_in(4) {
            for _ in 0..if random.once_in(12) { 20 } else { 1 } {
                self.connect();
            }
            return;
        }
        let client = random.pick(&known);
        let octets = 1 + random.below(60);
        match random.below(16) {
            0..=8 => self.act_as(client, |client| client.send(octets)),
            9 | 10 => self.act_as(client, |client| client.send(9_000)),
            11 => self.act_as(client, |client| client.room += 10 * octets),
            12 => self.act_as(client, |client| client.room += 1_000_000),
            13 => self.act_as(client, |client| client.has_closed = true),
            14 => self.act_as(client, |client| client.has_reset = true),
            _ => {
                let time = random.duration(EXCHANGE_TIME);
                self.clock.pass(time);
            }
        }
        self.clock.pass(Duration::from_micros(10));
    }

    fn connect(&mut self) {
        let random = &mut self.random;
        let client = Client {
            script: random.pick(&REQUESTS).to_vec(),
            is_endless: random.once_in(6),
            room: if random.once_in(3) { random.below(50) } else { 1_000_000 },
            has_edge: true,
            ..Client::default()
        };
        // An endless one never comes to the end of its head.
        let script = if client.is_endless { b"GET / HTTP/1.1\r\n".to_vec() } else { client.script.clone() };
        self.clients.insert(self.connected, Client { script, ..client });
        while self.table.len() >= EXCHANGES {
            self.shed();
        }
        let since = self.clock.now.boot;
        let exchange = Exchange::new(since.after(EXCHANGE_TIME));
        self.table.push(Held { client: self.connected, exchange, since, response: None });
        self.connected += 1;
    }

    fn act_as(&mut self, client: usize, act: impl FnOnce(&mut Client)) {
        let client = self.clients.get_mut(&client).unwrap();
        act(client);
        client.has_edge = true;
    }

    fn turn(&mut self) {
        let with_edge: Vec<usize> =
            self.clients.iter().filter(|(_, client)| client.has_edge).map(|(id, _)| *id).collect();
        for id in with_edge {
            self.clients.get_mut(&id).unwrap().has_edge = false;
            self.ready(id);
        }
        while self.table.first().is_some_and(|held| held.exchange.deadline() <= self.clock.now.boot) {
            let held = self.table.remove(0);
            self.end(&held, &End::Expired);
        }
        self.is_sound();
    }

    fn ready(&mut self, id: usize) {
        let Some(index) = self.table.iter().position(|held| held.client == id) else { return };
        loop {
            let held = &mut self.table[index];
            let client = self.clients.get_mut(&id).unwrap();
            let event = match held.exchange.step() {
                Step::Receive => client.receive(),
                Step::Send(rest) => client.take(rest),
                Step::Answer(asked) => {
                    let is_right = http::read(&client.read) == Some(asked) || is_too_large(asked, client);
                    assert!(is_right, "{asked:?} of {:?}", String::from_utf8_lossy(&client.read));
                    let response = response(asked, self.state, &mut self.random);
                    held.response = Some(response.clone());
                    held.exchange.respond(response);
                    self.reached.refusals += u64::from(asked.is_err());
                    continue;
                }
                Step::Wait => break,
                Step::Finish | Step::Close => {
                    let is_done = held.exchange.step() == Step::Finish;
                    let held = self.table.remove(index);
                    self.end(&held, if is_done { &End::Done } else { &End::Closed });
                    break;
                }
            };
            if held.exchange.on(event) == Step::Wait {
                break;
            }
        }
        // A page that was just made may be the one that is too much.
        while self.held_octets() > EXCHANGE_OCTETS {
            self.shed();
        }
    }

    fn shed(&mut self) {
        let held = self.table.remove(0);
        self.end(&held, &End::Shed);
    }

    fn held_octets(&self) -> usize {
        self.table.iter().map(|held| held.exchange.held_octets()).sum()
    }

    fn end(&mut self, held: &Held, end: &End) {
        let client = self.clients.remove(&held.client).unwrap();
        let response = held.response.as_deref().unwrap_or_default();
        assert!(response.starts_with(&client.got), "client {} got something else", held.client);
        match end {
            End::Done => {
                assert!(!response.is_empty() && client.got == response, "client {} got a part", held.client);
                self.reached.responses += 1;
            }
            // Nobody who waits for a response is left without it.
            End::Closed => {
                let has_left = client.has_reset || (client.has_closed && held.response.is_none());
                assert!(has_left, "client {} was closed for nothing", held.client);
                self.reached.left += 1;
            }
            End::Expired => {
                assert!(self.clock.now.boot >= held.exchange.deadline());
                self.reached.expired += 1;
            }
            End::Shed => self.reached.shed += 1,
        }
    }

    fn is_sound(&self) {
        assert!(self.table.len() <= EXCHANGES && self.held_octets() <= EXCHANGE_OCTETS);
        for held in &self.table {
            let client = &self.clients[&held.client];
            assert!(held.exchange.deadline() > self.clock.now.boot, "client {} lives too long", held.client);
            assert!(held.exchange.deadline() <= held.since.after(EXCHANGE_TIME));
            match held.exchange.step() {
                Step::Receive => {
                    assert!(client.unread.is_empty() && !client.has_closed && !client.has_reset);
                    assert!(held.exchange.held_octets() <= 2 * HTTP_HEAD_OCTETS);
                    let asked = http::read(&client.read);
                    assert!(!matches!(asked, Some(Ok(_))), "client {} waits for its response", held.client);
                }
                Step::Send(rest) => {
                    assert!(client.room == 0 && !rest.is_empty(), "client {} could have more", held.client);
                }
                step => panic!("client {} was left at {step:?}", held.client),
            }
        }
    }
}

/// A head that is cut where it is too long is refused, though what was kept of it could go on.
fn is_too_large(asked: Asked, client: &Client) -> bool {
    asked.is_err_and(|refused| refused.why == http::Refusal::HeadTooLarge)
        && client.read.len() > HTTP_HEAD_OCTETS
}

/// A page of any length, which tells when it was made and for whom.
fn response(asked: Asked, state: u64, random: &mut Random) -> Vec<u8> {
    let mut page = format!("{state} {asked:?} ").into_bytes();
    page.resize(page.len() + random.below(6_000), b'x');
    page
}

impl Client {
    fn send(&mut self, octets: usize) {
        if self.has_closed || self.has_reset {
            return;
        }
        while self.is_endless && self.script.len() < octets {
            self.script.extend_from_slice(b"X-Endless: on and on and on\r\n");
        }
        let sent: Vec<u8> = self.script.drain(..octets.min(self.script.len())).collect();
        self.unread.extend_from_slice(&sent);
    }

    fn receive(&mut self) -> Event<'_> {
        if self.has_reset {
            return Event::Failed;
        }
        if self.unread.is_empty() {
            return if self.has_closed { Event::Closed } else { Event::Blocked };
        }
        let begin = self.read.len();
        let octets = self.unread.len().min(SCRATCH_OCTETS);
        self.read.extend(self.unread.drain(..octets));
        Event::Received(&self.read[begin..])
    }

    fn take(&mut self, rest: &[u8]) -> Event<'static> {
        let taken = self.room.min(rest.len());
        if self.has_reset {
            return Event::Failed;
        }
        if taken == 0 {
            return Event::Blocked;
        }
        self.room -= taken;
        self.got.extend_from_slice(&rest[..taken]);
        Event::Sent(taken)
    }
}
