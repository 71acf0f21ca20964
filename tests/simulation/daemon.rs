//! The daemon's turn: `EventLoop` and `Sessions` re-enacted on `logic::session`, call for call, with the model of a
//! network in place of the kernel. What must never be is checked where it would happen.

use crate::clock::Clock;
use crate::disk::Disk;
use crate::host::Host;
use crate::network::{ClientId, Failure, Network};
use oco::limits::{ACCEPT_PAUSE, DRAINED_OCTETS, LINGER, STOP_BATCHES, STOP_LINGER};
use oco::logic::session::{Event, Session, Step};
use oco::logic::time::Nanos;
use std::time::Duration;

/// Octets drained at once.
const SCRATCH_OCTETS: usize = 16 * 1024;
// Smaller than the daemon's, so that a few clients reach them.
const ACCEPT_BATCH: usize = 5;
const BATCHES_PER_TURN: usize = 3;
const ANSWERED: usize = 8;
const ADDRESS_SHARE: usize = 4;

/// Refreshes `host`, and judges its line.
pub type Refresh<'a> = dyn FnMut(&mut Host, &mut Disk, &Clock) + 'a;

struct Held {
    client: ClientId,
    address: u8,
    session: Session,
    /// When its client was answered.
    since: Nanos,
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Session,
    Deadline,
    Shed,
}

/// What happened so far, for a look at what the seeds reach.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub answers: u64,
    pub cut: u64,
    pub shed: u64,
    pub shed_for_share: u64,
    pub lingered: u64,
    pub drained: u64,
    pub paused: u64,
}

pub struct Daemon {
    pub host: Host,
    max_connections: usize,
    /// Oldest first.
    table: Vec<Held>,
    batch: Vec<ClientId>,
    answered: Vec<Held>,
    is_ready: bool,
    paused_until: Option<Nanos>,
    stops_at: Option<Nanos>,
    /// When it sleeps no longer, on the monotonic clock.
    pub wakes_at: Option<Nanos>,
    pub tally: Tally,
}

#[derive(PartialEq, Eq)]
enum Queue {
    Empty,
    MayHoldMore,
}

impl Daemon {
    pub fn new(host: Host, max_connections: usize) -> Daemon {
        Daemon {
            host,
            max_connections,
            table: Vec::new(),
            batch: Vec::new(),
            answered: Vec::new(),
            is_ready: true,
            paused_until: None,
            stops_at: None,
            wakes_at: Some(Nanos::default()),
            tally: Tally::default(),
        }
    }

    pub fn turn(&mut self, network: &mut Network, disk: &mut Disk, clock: &Clock, refresh: &mut Refresh<'_>) {
        for client in std::mem::take(&mut network.edges) {
            self.go_on(client, network, clock);
        }
        self.is_ready |= std::mem::take(&mut network.has_arrivals);
        let has_changed = self.host.has_inotify() && disk.take_edge();
        self.serve(network, disk, clock, refresh);
        // While the directory is away no event is about it.
        let has_changed = has_changed && !self.host.is_away();
        if has_changed || self.host.deadline().is_some_and(|deadline| deadline <= clock.now.boot) {
            refresh(&mut self.host, disk, clock);
        }
        self.expire(network, clock);
        self.wakes_at = self.next_deadline().map(|first| clock.monotonic.after(first.since(clock.now.boot)));
        self.is_sound(network, clock);
    }

    /// Whether it would take another turn at once.
    pub fn has_work(&self, clock: &Clock) -> bool {
        self.wakes_at.is_some_and(|at| at <= clock.monotonic)
    }

    /// What keeps it awake, for a failure.
    pub fn state(&self) -> String {
        let without_line = self.table.iter().filter(|held| !held.session.has_line()).count();
        format!(
            "{} of {} connections, {without_line} without line; ready {}, paused {:?}, host {:?}",
            self.table.len(),
            self.max_connections,
            self.is_ready,
            self.paused_until,
            self.host.deadline()
        )
    }

    fn next_deadline(&self) -> Option<Nanos> {
        let serve = match self.paused_until {
            Some(end) => Some(end),
            None => self.is_ready.then_some(Nanos(i64::MIN)),
        };
        let session = self.table.first().map(|held| held.session.deadline());
        [serve, self.host.deadline(), session, self.stops_at].into_iter().flatten().min()
    }

    fn is_sound(&self, network: &Network, clock: &Clock) {
        assert!(self.table.len() <= self.max_connections, "{} connections", self.table.len());
        assert!(self.batch.is_empty() && self.answered.is_empty());
        for held in &self.table {
            assert!(held.session.deadline() > clock.now.boot, "client {} lives too long", held.client);
            assert!(held.session.deadline() <= held.since.after(LINGER));
        }
        assert!(self.table.is_sorted_by_key(|held| held.session.deadline()), "the table is a queue");
        let waits = !network.backlog.is_empty() && self.stops_at.is_none();
        assert!(!waits || self.is_ready || self.paused_until.is_some(), "nobody will come for who waits");
    }

    fn serve(&mut self, network: &mut Network, disk: &mut Disk, clock: &Clock, refresh: &mut Refresh<'_>) {
        if self.paused_until.is_some_and(|end| clock.now.boot < end) {
            return;
        }
        self.paused_until = None;
        let mut batches = 0;
        while self.is_ready && batches < BATCHES_PER_TURN {
            let queue = self.serve_batch(network, disk, clock, refresh);
            if self.answered.len() >= ANSWERED
                || self.table.len() + self.answered.len() >= self.max_connections
            {
                self.settle_answered(network, clock);
            }
            self.is_ready = queue == Queue::MayHoldMore;
            if self.paused_until.is_some() {
                break;
            }
            batches += 1;
        }
        self.settle_answered(network, clock);
    }

    fn serve_batch(
        &mut self,
        network: &mut Network,
        disk: &mut Disk,
        clock: &Clock,
        refresh: &mut Refresh<'_>,
    ) -> Queue {
        let queue = self.accept(network, clock);
        if self.batch.is_empty() {
            return queue;
        }
        refresh(&mut self.host, disk, clock);
        let line = self.host.line().to_owned();
        for client in std::mem::take(&mut self.batch) {
            self.tally.answers += 1;
            network.clients.get_mut(&client).unwrap().line = Some(line.clone());
            match answer(client, network, &line, clock.now.boot.after(LINGER)) {
                Some(session) => {
                    self.tally.cut += u64::from(!session.has_line());
                    let address = network.clients[&client].address;
                    self.answered.push(Held { client, address, session, since: clock.now.boot });
                }
                None => network.close(client),
            }
        }
        queue
    }

    fn settle_answered(&mut self, network: &mut Network, clock: &Clock) {
        for mut held in std::mem::take(&mut self.answered) {
            if advance(&mut held, network) {
                network.register(held.client);
                self.table.push(held);
            } else {
                self.close(&held, End::Session, network, clock);
            }
        }
    }

    fn accept(&mut self, network: &mut Network, clock: &Clock) -> Queue {
        let mut accepted = 0;
        while accepted < ACCEPT_BATCH {
            let held = self.table.len() + self.answered.len() + self.batch.len();
            if held >= self.max_connections && !self.shed(network, clock) {
                if self.batch.is_empty() && self.answered.is_empty() {
                    self.tally.paused += 1;
                    self.paused_until = Some(clock.now.boot.after(ACCEPT_PAUSE));
                }
                return Queue::MayHoldMore;
            }
            accepted += 1;
            match network.accept(held) {
                Ok(client) => self.batch.push(client),
                Err(Failure::WouldBlock | Failure::Reset) => return Queue::Empty,
                Err(Failure::NoDescriptors) => {
                    if self.shed(network, clock) {
                        continue;
                    }
                    if self.batch.is_empty() && self.answered.is_empty() {
                        self.tally.paused += 1;
                        self.paused_until = Some(clock.now.boot.after(ACCEPT_PAUSE));
                    }
                    return Queue::MayHoldMore;
                }
            }
            let held = self.table.len() + self.answered.len() + self.batch.len();
            assert!(held <= self.max_connections, "{held} connections");
        }
        Queue::MayHoldMore
    }

    fn go_on(&mut self, client: ClientId, network: &mut Network, clock: &Clock) {
        let Some(index) = self.table.iter().position(|held| held.client == client) else { return };
        if !advance(&mut self.table[index], network) {
            let held = self.table.remove(index);
            self.close(&held, End::Session, network, clock);
        }
    }

    fn expire(&mut self, network: &mut Network, clock: &Clock) {
        while self.table.first().is_some_and(|held| held.session.deadline() <= clock.now.boot) {
            let held = self.table.remove(0);
            self.close(&held, End::Deadline, network, clock);
        }
    }

    fn shed(&mut self, network: &mut Network, clock: &Clock) -> bool {
        let share = (self.max_connections / ADDRESS_SHARE).max(1);
        let held_by = |address| self.table.iter().filter(|held| held.address == address).count();
        let is_greedy = |held: &Held| held_by(held.address) > share;
        let with_line = |held: &Held| held.session.has_line();
        let greedy = self.table.iter().position(|held| with_line(held) && is_greedy(held));
        let Some(index) = greedy.or_else(|| self.table.iter().position(with_line)) else { return false };
        self.tally.shed_for_share += u64::from(greedy.is_some() && greedy != Some(0));
        let held = self.table.remove(index);
        self.close(&held, End::Shed, network, clock);
        true
    }

    fn close(&mut self, held: &Held, end: End, network: &mut Network, clock: &Clock) {
        let client = &network.clients[&held.client];
        let line = client.line.as_deref().unwrap_or_default().as_bytes();
        assert!(line.starts_with(&client.got), "client {} got something else", held.client);
        let is_whole = client.got == line && client.is_finished;
        match end {
            End::Session => {
                assert!(is_whole || client.has_reset, "client {} was left without its line", held.client);
            }
            End::Deadline => assert!(clock.now.boot >= held.session.deadline()),
            End::Shed => assert!(is_whole || client.has_reset, "client {} was shed too soon", held.client),
        }
        // The last read may go over the limit.
        let most = usize::try_from(DRAINED_OCTETS).unwrap() + SCRATCH_OCTETS;
        assert!(client.drained < most, "{} octets drained", client.drained);
        self.tally.shed += u64::from(end == End::Shed);
        self.tally.lingered += u64::from(end == End::Deadline);
        self.tally.drained += u64::from(client.drained + SCRATCH_OCTETS >= most);
        network.close(held.client);
    }

    /// SIGTERM. Runs to the end of the process, and says how long that took.
    pub fn stop(
        &mut self,
        network: &mut Network,
        disk: &mut Disk,
        clock: &mut Clock,
        refresh: &mut Refresh<'_>,
    ) -> Duration {
        network.descriptors = usize::MAX;
        let start = clock.now.boot;
        for _ in 0..STOP_BATCHES {
            let queue = self.serve_batch(network, disk, clock, refresh);
            self.settle_answered(network, clock);
            if queue == Queue::Empty {
                break;
            }
        }
        // Who takes no line can't be shed.
        let is_stuck = self.table.iter().all(|held| !held.session.has_line());
        assert!(network.backlog.is_empty() || is_stuck, "a client that came before the stop is lost");
        let end = clock.now.boot.after(STOP_LINGER);
        for held in &mut self.table {
            held.session.hurry(end);
            assert!(held.session.deadline() <= end, "client {} would be kept too long", held.client);
        }
        self.is_ready = false;
        (self.paused_until, self.stops_at) = (None, Some(end));
        loop {
            self.turn(network, disk, clock, refresh);
            if self.table.is_empty() || end <= clock.now.boot {
                return clock.now.boot.since(start);
            }
            let sleep = self.wakes_at.map_or(STOP_LINGER, |at| at.since(clock.monotonic));
            clock.pass(sleep.max(Duration::from_nanos(1)));
        }
    }
}

fn answer(client: ClientId, network: &mut Network, line: &str, deadline: Nanos) -> Option<Session> {
    let sent = match network.send(client, line.as_bytes()) {
        Ok(octets) => octets,
        Err(Failure::WouldBlock) => 0,
        Err(_) => return None,
    };
    match line.as_bytes().get(sent..) {
        Some(rest) if !rest.is_empty() => Some(Session::interrupted(rest, deadline)),
        _ => network.finish(client).ok().map(|()| Session::answered(deadline)),
    }
}

fn advance(held: &mut Held, network: &mut Network) -> bool {
    let mut step = held.session.step();
    loop {
        let event = match step {
            Step::Send(rest) => match network.send(held.client, rest) {
                Ok(octets) => Event::Sent(octets),
                Err(Failure::WouldBlock) => Event::Blocked,
                Err(_) => Event::Failed,
            },
            Step::Finish => match network.finish(held.client) {
                Ok(()) => {
                    step = held.session.step();
                    continue;
                }
                Err(_) => Event::Failed,
            },
            Step::Receive => match network.receive(held.client, SCRATCH_OCTETS) {
                Ok(0) => Event::Closed,
                Ok(octets) => Event::Received(octets),
                Err(Failure::WouldBlock) => Event::Blocked,
                Err(_) => Event::Failed,
            },
            Step::Wait => return true,
            Step::Close => return false,
        };
        step = held.session.on(event);
    }
}
