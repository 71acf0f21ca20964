//! Seeds over the pool: a network whose calls fail, whose events come late, twice and for idle sockets, and whose targets
//! answer, trickle, hang, reset and are gone.
//!
//! What it does not do: a send that takes a part (`http/tests.rs` and `banner.rs` do), TLS (`tls/tests.rs`), and time-outs
//! of the kernel's own.

mod network;

use super::*;
use crate::config::Udp;
use network::{Chance, FakeNetwork, World};
use regex::bytes::Regex;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

const TOKENS: Range<usize> = 50..80;
const MOST: usize = 12;
const MILLISECOND: i64 = 1_000_000;

/// How often each kind of result was seen, so that the seeds prove something.
type Seen = BTreeMap<String, usize>;

struct Run {
    world: Rc<RefCell<World>>,
    pool: Pool<FakeNetwork>,
    /// Deadline and port of what was started and has no result, and who was pinged.
    waiting: BTreeMap<u32, (i64, u16, Option<IpAddr>)>,
    seen: Seen,
    next: u32,
    probes: [Arc<Probe>; 4],
}

impl Run {
    fn new(seed: u64, is_unkind: bool) -> Run {
        let chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (open, events) = (BTreeMap::new(), Vec::new());
        let world = Rc::new(RefCell::new(World {
            chance,
            now: 0,
            open,
            next: 0,
            events,
            answering: BTreeSet::new(),
            is_unkind,
        }));
        let pool = Pool::new(FakeNetwork(Rc::clone(&world)), TOKENS, MOST);
        let udp = Udp { send: b"?".to_vec(), expect: Regex::new("never").ok(), port: None };
        let probes = [Probe::Oco { port: None }, Probe::Tcp { port: None }, Probe::Udp(udp), Probe::Ping];
        Run {
            world,
            pool,
            waiting: BTreeMap::new(),
            seen: Seen::new(),
            next: 0,
            probes: probes.map(Arc::new),
        }
    }

    fn chance(&self, most: u64) -> u64 {
        self.world.borrow_mut().chance.below(most)
    }

    fn start(&mut self, now: i64) {
        self.next += 1;
        let id = self.next;
        let port = u16::try_from(id).unwrap();
        let probe = &self.probes[usize::try_from(self.chance(4)).unwrap()];
        let address = match self.chance(3) {
            0 => IpAddr::V6(Ipv6Addr::from_bits(u128::from(id))),
            _ => IpAddr::V4(Ipv4Addr::from_bits(id)),
        };
        let timeout = [20, 50, 50][usize::try_from(self.chance(3)).unwrap()];
        let start = Start {
            id,
            probe,
            address: SocketAddr::new(address, port),
            name: "host",
            timeout: Duration::from_millis(timeout),
        };
        self.pool.start(start, Nanos(now * MILLISECOND));
        let pinged = matches!(**probe, Probe::Ping).then_some(address);
        self.waiting.insert(id, (now + i64::try_from(timeout).unwrap(), port, pinged));
    }

    fn results(&mut self, now: i64) {
        let (waiting, seen) = (&mut self.waiting, &mut self.seen);
        let world = self.world.borrow();
        self.pool.results(|id, outcome, began, latency| {
            let (deadline, port, pinged) = waiting.remove(&id).expect("one result of each start");
            assert!(now <= deadline, "late: {now} of {deadline}");
            assert!(began.after(latency) <= Nanos(now * MILLISECOND));
            let said = match outcome {
                Outcome::Told { code, reason } => format!("{code} {reason}"),
                Outcome::Own { .. } => "own".to_owned(),
            };
            if said.contains("300-p") {
                assert!(said.contains(&format!("300-p{port}")), "of another: {said} at {port}");
            }
            if let (Some(address), "200 ") = (pinged, said.as_str()) {
                assert!(world.answering.contains(&address), "{address} never answered");
            }
            let is_silent = port % 8 == 7 && !said.contains("200") && !said.contains("no route");
            let is_known = ["own", "300 timeout", "300 reset", "300 no route"].contains(&said.as_str());
            assert!(!is_silent || is_known, "nobody said this: {said}");
            *seen.entry(said.replace(&port.to_string(), "PORT")).or_default() += 1;
        });
    }

    /// What holds after each turn.
    fn check(&self) {
        assert_eq!(self.pool.in_flight(), self.waiting.len());
        assert_eq!(self.pool.places.len(), self.waiting.len());
        let world = self.world.borrow();
        assert_eq!(self.pool.sockets(), world.open.len(), "a socket was lost");
        let connected = world.open.values().filter(|open| open.is_tcp && open.is_used).count();
        assert!(connected <= self.pool.slots.in_flight(), "an idle socket is connected");
        let next = self.waiting.values().map(|(deadline, ..)| Nanos(deadline * MILLISECOND)).min();
        assert!(self.pool.deadline() == next || self.pool.deadline() == Some(Nanos::PAST));
    }

    fn turn(&mut self, now: i64, starts: bool) {
        let tokens = self.world.borrow_mut().pass(now);
        let at = Nanos(now * MILLISECOND);
        for (token, hint) in tokens {
            self.pool.ready(Token(token), hint, at);
            // A start in the middle of a batch, which nobody should do, does no harm either.
            if starts && self.chance(8) == 0 {
                self.start(now);
            }
        }
        self.pool.expire(at);
        self.results(now);
        if starts {
            for _ in 0..self.chance(3) {
                self.start(now);
            }
            if self.chance(10) == 0
                && let Some(id) = self.waiting.keys().next().copied()
            {
                self.pool.abandon(id);
                self.waiting.remove(&id);
            }
        }
        self.results(now);
        self.check();
    }
}

fn run(seed: u64, is_unkind: bool, all: &mut Seen) {
    let mut run = Run::new(seed, is_unkind);
    for now in 0..400 {
        run.turn(now, now < 300);
    }
    assert!(run.waiting.is_empty() && run.pool.in_flight() == 0);
    for (said, count) in std::mem::take(&mut run.seen) {
        *all.entry(said).or_default() += count;
    }
    let world = Rc::clone(&run.world);
    drop(run);
    assert!(world.borrow().open.is_empty());
}

#[test]
fn each_start_has_one_result_in_time_and_its_own() {
    let mut seen = Seen::new();
    for seed in 0..120 {
        run(seed, seed % 2 == 1, &mut seen);
    }
    for said in [
        "own",
        "200 ",
        "300 timeout",
        "300 refused",
        "300 reset",
        "300 closed",
        "300 no route",
        "350 350 KO 300-pPORT",
        "300 expected never, got \"350 KO oco-1 300-pPORT\"",
    ] {
        assert!(seen.get(said).is_some_and(|count| *count > 20), "{said} was hardly seen: {seen:?}");
    }
}
