//! A host with its files, its clients, its clocks and its daemon, and all that chance does to them.

mod clients;
mod daemon;
mod files;
mod time;

use crate::disk::Disk;
use crate::judge::{Judge, Reached};
use crate::kernel::{Kernel, ModelFiles, ModelSockets, Shared};
use crate::network::Network;
use crate::random::Random;
pub use clients::{new_client, speak_of};
use daemon::{listeners, rules, start};
use files::{echo, expose_a_file};
pub use files::{new_mode, touch_file};
use oco::daemon::event_loop::{EventLoop, Signal, TurnEnd};
use oco::limits::{ACCEPT_PAUSE, Bounds, EMPTY_GRACE, HTTP_TIME};
use oco::logic::time::Nanos;
use oco::system::signals::Signals;
use std::net::SocketAddr;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Turns that may follow each other without sleep. More is a spin.
const TURNS_WITHOUT_SLEEP: u32 = 200;
/// Turns while time passes, after which it has passed for this act.
const TURNS_AN_ACT: u32 = 40;

/// Smaller than the daemon's own, so that a few clients reach them.
const BOUNDS: Bounds = Bounds {
    accept_batch: 5,
    answered: 8,
    batches_per_turn: 3,
    http_connections: 7,
    http_octets: 4_000,
    http_octets_per_turn: 300,
    http_time: HTTP_TIME,
};

type Daemon = EventLoop<ModelFiles, ModelSockets>;

pub struct World {
    kernel: Shared,
    daemon: Daemon,
    max_connections: usize,
    /// SIGSTOP: it takes no turn.
    is_stopped: bool,
    /// When it sleeps no longer: on the monotonic clock, and on the boot clock.
    wakes_at: (Option<Nanos>, Option<Nanos>),
}

/// Runs the world of one seed. Panics at the first thing that must never be.
pub fn run(seed: u64) -> Reached {
    let mut world = World::new(seed);
    let acts = 100 + world.kernel.borrow().random.below(300);
    for _ in 0..acts {
        world.act();
    }
    world.end()
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let queue_limit = if random.once_in(3) { 3 + random.below(20) } else { 16_384 };
        let (empty_is_ok, has_inotify) = (random.once_in(4), !random.once_in(8));
        let max_connections = 1 + random.below(20);
        let listeners = listeners(&mut random);
        let judge = Judge { rules: rules(0), empty_is_ok, listeners };
        let network = Network::new(max_connections, BOUNDS.http_connections);
        let kernel = Kernel::new(random, (Disk::new(queue_limit), network), judge, has_inotify);
        let kernel = Shared::new(kernel);
        {
            let mut kernel = kernel.borrow();
            let Kernel { disk, random, clock, .. } = &mut *kernel;
            echo(disk, (0, random.pick(&crate::disk::NAMES)), random.pick(&files::TEXTS), clock.now);
        }
        expose_a_file(&kernel);
        let daemon = start(&kernel, max_connections);
        let mut world = World { kernel, daemon, max_connections, is_stopped: false, wakes_at: (None, None) };
        world.settle_turn();
        world
    }

    fn act(&mut self) {
        let is_away = !self.kernel.borrow().disk.is_open();
        if is_away && self.below(3) == 0 {
            return self.bring_directory_back();
        }
        match self.below(20) {
            0 if self.below(4) == 0 => self.write_unseen(),
            0..=8 => self.touch_files(),
            9..=13 => self.touch_clients(),
            14..=16 => self.pass_time(),
            17 if self.below(6) == 0 => self.flood_beside_a_file(),
            17 => self.touch_directory(),
            _ => self.touch_daemon(),
        }
        {
            // Two things never happen in the same instant.
            let mut kernel = self.kernel.borrow();
            let instant = kernel.random.duration(Duration::from_micros(50));
            kernel.clock.pass(instant + Duration::from_nanos(1));
        }
        if self.below(3) > 0 {
            self.run_daemon();
        }
    }

    fn below(&self, bound: usize) -> usize {
        self.kernel.borrow().random.below(bound)
    }

    /// The address and the line of each listener, and whether it is shut.
    fn lines(&mut self) -> Vec<(SocketAddr, String, bool)> {
        let (answers, listeners, _) = self.daemon.parts();
        let line = |index| {
            let port = listeners.get(index)?;
            let line = String::from_utf8(answers.line(port.view).to_vec()).unwrap();
            Some((port.listen.address, line, port.listener.is_shut))
        };
        (0..listeners.len()).filter_map(line).collect()
    }

    fn signals(&mut self) -> &Signals<Signal> {
        self.daemon.signals()
    }

    /// Lets the daemon take its turns until it sleeps.
    fn run_daemon(&mut self) {
        if self.is_stopped {
            return;
        }
        for _ in 0..TURNS_WITHOUT_SLEEP {
            if !self.has_work() {
                self.kernel.borrow().network.forget_ended();
                return;
            }
            assert_eq!(self.turn(), TurnEnd::GoOn);
            if self.is_due() {
                // A paused listener needs time, all else only turns.
                self.kernel.borrow().clock.pass(Duration::from_nanos(1));
            }
        }
        panic!("the daemon spins: {:?} with {:?}", self.daemon.sleep(), self.lines());
    }

    /// Whether the daemon would take another turn at once.
    fn has_work(&self) -> bool {
        let kernel = self.kernel.borrow();
        let has_events = kernel.has_inotify && kernel.disk.has_edge();
        let has_edges = kernel.network.has_edges();
        drop(kernel);
        has_events || has_edges || self.is_due()
    }

    fn is_due(&self) -> bool {
        let kernel = self.kernel.borrow();
        self.wakes_at.0.is_some_and(|at| at <= kernel.clock.monotonic)
            || self.wakes_at.1.is_some_and(|at| at <= kernel.clock.now.boot)
    }

    fn turn(&mut self) -> TurnEnd {
        self.kernel.borrow().begin_turn();
        let outcome = self.daemon.turn().expect("the model's poll does not fail");
        // At its end the process closes all that is left.
        if outcome != TurnEnd::Stop {
            self.settle_turn();
        }
        self.kernel.borrow().clock.pass(Duration::from_micros(10));
        outcome
    }

    /// The daemon goes to sleep: whatever it says has to be right, and it has to wake in time.
    fn settle_turn(&mut self) {
        self.daemon.check_invariants();
        let lines = self.lines();
        let sleep = self.daemon.sleep();
        if self.daemon.questions() > 0 {
            assert_eq!(sleep.timeout, Some(Duration::ZERO), "nobody will come for who has asked");
            self.kernel.borrow().reached.count("questions that wait for the next turn");
        }
        let mut kernel = self.kernel.borrow();
        kernel.end_refresh();
        let clock = &kernel.clock;
        kernel.network.check(clock.now.boot);
        self.wakes_at = (sleep.timeout.map(|timeout| clock.monotonic.after(timeout)), sleep.until);
        let Some(refreshed_at) = kernel.refreshed_at.take() else { return };
        for (address, line, _) in &lines {
            kernel.judge.line(line, Some(*address), &kernel.oracle, refreshed_at);
        }
        if kernel.oracle.is_exact() && lines.iter().any(|(_, line, _)| line.starts_with("200 OK")) {
            kernel.reached.count("lines that are OK with nothing in doubt");
        }
        if sleep.timeout == Some(Duration::ZERO) {
            return;
        }
        if let Some(expiry) = kernel.oracle.next_expiry(&kernel.judge.rules, kernel.clock.now) {
            let is_late = sleep.until.is_none_or(|until| until > expiry);
            assert!(!is_late, "a check goes stale at {expiry:?}, but the daemon sleeps {sleep:?}");
        }
        if kernel.network.has_waiting() && !kernel.network.has_edges() {
            let comes_back = sleep.timeout.is_some_and(|timeout| timeout <= ACCEPT_PAUSE);
            assert!(comes_back, "nobody will come for who waits: {sleep:?}");
            kernel.reached.count("pauses");
        }
    }

    /// All come to rest, and the daemon is told to stop.
    fn end(mut self) -> Reached {
        self.is_stopped = false;
        {
            let mut kernel = self.kernel.borrow();
            kernel.is_calm = true;
            kernel.network.descriptors = usize::MAX;
        }
        self.run_daemon();
        {
            let mut kernel = self.kernel.borrow();
            let Kernel { disk, clock, .. } = &mut *kernel;
            while disk.writers() > 0 {
                disk.write(0, usize::MAX, clock.now);
                disk.close(0);
                clock.pass(Duration::from_micros(1));
            }
        }
        self.ask_all();
        self.run_daemon();
        // Twice, for what is dated in the future and gets young again.
        let rest = self.kernel.borrow().clock.now.boot.after(2 * EMPTY_GRACE + SECOND);
        loop {
            let now = self.kernel.borrow().clock.now.boot;
            if now >= rest {
                break;
            }
            self.sleep(rest.since(now));
        }
        self.ask_all();
        self.run_daemon();
        {
            let kernel = self.kernel.borrow();
            assert!(kernel.oracle.knows_all(), "something is in doubt at the end: {:?}", kernel.oracle);
        }
        self.stop();
        drop(self.daemon);
        let mut kernel = self.kernel.borrow();
        let mut reached = std::mem::take(&mut kernel.reached);
        reached.ends = kernel.network.ends.clone();
        reached
    }
}
