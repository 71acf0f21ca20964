//! A host with its files, its clients, its clocks and its daemon, and all that chance does to them.

use crate::clock::Clock;
use crate::daemon::Daemon;
use crate::disk::{Disk, NAMES, Name};
use crate::host::{Host, Moment};
use crate::judge::{Judge, Reached};
use crate::network::Network;
use crate::oracle::Oracle;
use crate::random::Random;
use oco::limits::{EMPTY_GRACE, STOP_LINGER};
use oco::logic::board::{CheckRules, Rules};
use oco::logic::time::{Nanos, Now};
use std::time::Duration;

/// What writers write. None of them is 300, so that a 300 is never what somebody wrote by chance.
const TEXTS: [&str; 8] =
    ["200\n", "200 fine\n", "210 load 7.5\n", "500 disk failed\n", "299", "200", "399\n", "599 x\n"];
/// Closed by mistake.
const ODD_TEXTS: [&str; 4] = ["", "garbage\n", "20", "2000\n"];

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Turns that may follow each other without sleep. More is a spin.
const TURNS_WITHOUT_SLEEP: u32 = 100;
/// Turns while time passes, after which it has passed for this act.
const TURNS_AN_ACT: u32 = 40;

pub struct World {
    random: Random,
    clock: Clock,
    disk: Disk,
    network: Network,
    oracle: Oracle,
    daemon: Daemon,
    rules: Rules,
    empty_is_ok: bool,
    max_connections: usize,
    /// SIGSTOP: it takes no turn.
    is_stopped: bool,
    /// Nothing happens while the daemon looks.
    is_calm: bool,
    reached: Reached,
}

/// Runs the world of one seed. Panics at the first thing that must never be.
pub fn run(seed: u64) -> Reached {
    let mut world = World::new(seed);
    let acts = 100 + world.random.below(300);
    for _ in 0..acts {
        world.act();
    }
    world.end();
    world.reached.daemon = world.daemon.tally.clone();
    world.reached
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let rules = rules(0);
        let queue_limit = if random.once_in(3) { 3 + random.below(20) } else { 16_384 };
        let (empty_is_ok, has_inotify) = (random.once_in(4), !random.once_in(8));
        let max_connections = 1 + random.below(20);
        let host = Host::new(rules.clone(), empty_is_ok, has_inotify);
        World {
            random,
            clock: Clock::new(),
            disk: Disk::new(queue_limit),
            network: Network::new(),
            oracle: Oracle::default(),
            daemon: Daemon::new(host, max_connections),
            rules,
            empty_is_ok,
            max_connections,
            is_stopped: false,
            is_calm: false,
            reached: Reached::default(),
        }
    }

    fn act(&mut self) {
        if self.disk.readable().is_none() && self.random.once_in(3) {
            return self.bring_directory_back();
        }
        match self.random.below(20) {
            0..=8 => self.touch_files(),
            9..=13 => self.touch_clients(),
            14..=16 => self.pass_time(),
            17 => self.touch_directory(),
            _ => self.touch_daemon(),
        }
        // Two things never happen in the same instant.
        let instant = self.random.duration(Duration::from_micros(50));
        self.clock.pass(instant + Duration::from_nanos(1));
        if !self.random.once_in(3) {
            self.run_daemon();
        }
    }

    fn touch_files(&mut self) {
        let Some(folder) = self.disk.path else { return };
        if self.random.once_in(25) {
            let (from, to) = (self.random.pick(&NAMES), self.random.pick(&NAMES));
            if !self.disk.link((folder, from), (folder, to)) {
                return;
            }
            self.reached.count("hard links");
            // What is done by a further name before the daemon has seen that name is beyond it.
            (self.is_stopped, self.is_calm) = (false, true);
            self.run_daemon();
            self.is_calm = false;
            return;
        }
        touch_file(&mut self.disk, folder, &mut self.random, self.clock.now);
    }

    fn touch_clients(&mut self) {
        let random = &mut self.random;
        if random.once_in(3) {
            let crowd = if random.once_in(6) { 30 } else { 1 };
            for _ in 0..crowd {
                // Most buffers are empty; some take a part of the line, or nothing of it.
                let room = if random.once_in(4) { random.below(40) } else { 4096 };
                let address = u8::try_from(random.below(12).saturating_sub(6)).unwrap();
                let client = self.network.connect(address, room);
                if random.once_in(10) {
                    self.network.act(client, |client| client.has_reset = true);
                }
            }
            return;
        }
        let clients: Vec<_> = self.network.clients.keys().copied().collect();
        if clients.is_empty() {
            return;
        }
        let client = random.pick(&clients);
        let octets = random.below(40_000);
        match random.below(8) {
            0..=2 => self.network.act(client, |client| client.unread += octets),
            3 => self.network.act(client, |client| (client.is_flooding, client.unread) = (true, octets + 1)),
            4 => self.network.act(client, |client| client.room += octets % 300),
            5 | 6 => self.network.act(client, |client| client.has_closed = true),
            _ => self.network.act(client, |client| client.has_reset = true),
        }
    }

    fn touch_directory(&mut self) {
        let others: Vec<usize> = (0..self.disk.folders.len())
            .filter(|folder| Some(*folder) != self.disk.path && self.disk.folders[*folder].identity != 0)
            .collect();
        let to = match self.random.below(6) {
            0 => None,
            1 => Some(self.disk.add_folder()),
            _ if others.is_empty() => None,
            _ => Some(self.random.pick(&others)),
        };
        match (self.random.below(5), self.disk.path) {
            (0, Some(folder)) => {
                let is_unreadable = !self.disk.folders[folder].is_unreadable;
                self.disk.chmod_folder(folder, is_unreadable);
                self.reached.count("directories without permission");
            }
            (1, Some(_)) => {
                self.disk.remove_folder();
                self.reached.count("directories removed");
            }
            (2, _) => self.disk.repoint_path(to),
            _ => self.disk.move_path(to),
        }
    }

    fn bring_directory_back(&mut self) {
        match self.disk.path {
            Some(folder) => self.disk.chmod_folder(folder, false),
            None => {
                let last = self.disk.folders.len() - 1;
                let is_gone = self.disk.folders[last].identity == 0;
                let folder = if is_gone { self.disk.add_folder() } else { last };
                self.disk.move_path(Some(folder));
            }
        }
    }

    fn touch_daemon(&mut self) {
        match self.random.below(8) {
            0 => {
                self.rules = rules(self.random.below(3));
                self.daemon.host.configure(self.rules.clone());
                // A reload refreshes.
                self.refresh_now();
            }
            1 => self.restart(),
            2 | 3 => {
                self.is_stopped = true;
                self.reached.count("stops");
            }
            4 => self.network.descriptors = self.random.below(6),
            _ => {
                self.is_stopped = false;
                self.network.descriptors = usize::MAX;
            }
        }
    }

    /// kill -9, and a new process on the same port.
    fn restart(&mut self) {
        self.reached.count("restarts");
        let network = &mut self.network;
        network.backlog.clear();
        network.registered.clear();
        network.edges.clear();
        network.clients.clear();
        self.disk.forget_watcher();
        self.oracle.forget();
        let has_inotify = self.daemon.host.has_inotify();
        let tally = self.daemon.tally.clone();
        let host = Host::new(self.rules.clone(), self.empty_is_ok, has_inotify);
        self.daemon = Daemon::new(host, self.max_connections);
        self.daemon.tally = tally;
        self.is_stopped = false;
        self.refresh_now();
    }

    fn pass_time(&mut self) {
        match self.random.below(12) {
            0 => {
                let days = self.random.duration(3 * DAY);
                self.clock.set_forward(days);
                self.reached.count("clock steps");
            }
            1 => {
                let days = self.random.duration(3 * DAY);
                self.clock.set_back(days);
                self.reached.count("clock steps");
            }
            2 => {
                let step = self.random.duration(10 * SECOND);
                self.clock.set_back(step);
                self.reached.count("clock steps");
            }
            3 => {
                let asleep = self.random.duration(120 * SECOND);
                self.clock.suspend(asleep);
                self.reached.count("suspends");
            }
            4 => self.pass_to_expiry(),
            5 | 6 => self.pass(90 * SECOND),
            7..=9 => self.pass(3 * SECOND),
            _ => self.pass(SECOND / 5),
        }
    }

    fn pass(&mut self, longest: Duration) {
        let time = self.random.duration(longest);
        self.run_daemon();
        self.sleep(time);
    }

    /// To the very nanosecond before, at or after which a check becomes stale, and somebody asks.
    fn pass_to_expiry(&mut self) {
        self.is_stopped = false;
        self.run_daemon();
        let Some(expiry) = self.oracle.next_expiry(&self.rules, self.clock.now) else { return };
        let before = Duration::from_nanos(u64::try_from(self.random.below(3)).unwrap());
        let time = expiry.since(self.clock.now.boot).saturating_sub(before);
        self.clock.pass(time);
        self.network.connect(0, 4096);
        self.run_daemon();
        self.reached.count("questions at the nanosecond of expiry");
    }

    /// Time passes, and the daemon wakes as it wants.
    fn sleep(&mut self, time: Duration) {
        let end = self.clock.monotonic.after(time);
        for _ in 0..TURNS_AN_ACT {
            let wakes_at = self.daemon.wakes_at.filter(|at| !self.is_stopped && *at < end).unwrap_or(end);
            // The kernel counts in milliseconds, and has others to serve.
            let late = self.random.duration(Duration::from_millis(2));
            self.clock.pass(wakes_at.since(self.clock.monotonic) + late);
            if wakes_at == end {
                return;
            }
            self.run_daemon();
        }
    }

    /// Lets the daemon take its turns until it sleeps.
    fn run_daemon(&mut self) {
        if self.is_stopped {
            return;
        }
        for _ in 0..TURNS_WITHOUT_SLEEP {
            let is_waiting = self.network.has_arrivals || !self.network.edges.is_empty();
            let has_events = self.daemon.host.has_inotify() && self.disk.has_edge();
            if !is_waiting && !has_events && !self.daemon.has_work(&self.clock) {
                self.network.forget_ended();
                return;
            }
            self.turn();
            if self.daemon.wakes_at.is_some_and(|at| at <= self.clock.monotonic) {
                // A paused listener needs time, all else only turns.
                self.clock.pass(Duration::from_nanos(1));
            }
        }
        panic!("the daemon spins: {}", self.daemon.state());
    }

    fn turn(&mut self) {
        let World {
            random, clock, disk, network, oracle, daemon, rules, empty_is_ok, is_calm, reached, ..
        } = self;
        let judge = Judge { rules, empty_is_ok: *empty_is_ok };
        let mut disturbances = if !*is_calm && random.once_in(4) { random.below(4) } else { 0 };
        let mut later = clock.now;
        daemon.turn(network, disk, clock, &mut |host, disk, clock| {
            judge.refresh(host, disk, clock, oracle, reached, &mut |disk, moment| {
                let Some(folder) = disk.path.filter(|_| disturbances > 0) else { return false };
                let is_unheard = moment == Moment::Before;
                if disk.is_behind() || (is_unheard && (disk.writers() == 0 || !random.once_in(4))) {
                    return false;
                }
                disturbances -= 1;
                later.wall = later.wall.after(Duration::from_micros(1));
                if is_unheard {
                    disk.write_unheard(random.below(disk.writers()), 1 + random.below(3), later);
                } else {
                    touch_file(disk, folder, random, later);
                }
                true
            });
        });
        clock.pass(Duration::from_micros(10));
    }

    fn refresh_now(&mut self) {
        let judge = Judge { rules: &self.rules, empty_is_ok: self.empty_is_ok };
        let host = &mut self.daemon.host;
        let reached = &mut self.reached;
        judge.refresh(host, &mut self.disk, &self.clock, &mut self.oracle, reached, &mut |_, _| false);
        self.daemon.wakes_at = Some(self.clock.monotonic);
    }

    /// All come to rest, and the daemon is told to stop.
    fn end(&mut self) {
        (self.is_stopped, self.is_calm) = (false, true);
        self.network.descriptors = usize::MAX;
        self.run_daemon();
        while self.disk.writers() > 0 {
            self.disk.write(0, usize::MAX, self.clock.now);
            self.disk.close(0);
            self.clock.pass(Duration::from_micros(1));
        }
        self.refresh_now();
        // Twice, for what is dated in the future and gets young again.
        let rest = self.clock.now.boot.after(2 * EMPTY_GRACE + SECOND);
        while self.clock.now.boot < rest {
            self.sleep(rest.since(self.clock.now.boot));
        }
        self.refresh_now();
        assert!(self.oracle.knows_all(), "something is in doubt at the end: {:?}", self.oracle);
        for client in 0..5 {
            self.network.connect(client, if client == 0 { 7 } else { 4096 });
        }
        let World { clock, disk, network, oracle, daemon, rules, empty_is_ok, reached, .. } = self;
        let judge = Judge { rules, empty_is_ok: *empty_is_ok };
        let time = daemon.stop(network, disk, clock, &mut |host, disk, clock| {
            judge.refresh(host, disk, clock, oracle, reached, &mut |_, _| false);
        });
        assert!(time <= STOP_LINGER, "it took {time:?} to stop");
    }
}

fn rules(number: usize) -> Rules {
    let check = |max_age, required| CheckRules { max_age, required };
    let quick = ("quick".to_owned(), check(Some(5 * SECOND), false));
    match number {
        0 => Rules { max_age: 60 * SECOND, checks: [quick].into() },
        1 => {
            let needed = ("needed".to_owned(), check(None, true));
            Rules { max_age: 30 * SECOND, checks: [quick, needed].into() }
        }
        _ => Rules::default(),
    }
}

/// One of the things that people and programs do to status files.
fn touch_file(disk: &mut Disk, folder: usize, random: &mut Random, now: Now) {
    let name: Name = random.pick(&NAMES);
    let place = (folder, name);
    let text = if random.once_in(12) { random.pick(&ODD_TEXTS) } else { random.pick(&TEXTS) };
    match random.below(24) {
        0..=5 => disk.open(place, text, !random.once_in(10), now),
        6..=9 if disk.writers() > 0 => disk.write(random.below(disk.writers()), 1 + random.below(3), now),
        10..=14 if disk.writers() > 0 => {
            let writer = random.below(disk.writers());
            if !random.once_in(8) {
                disk.write(writer, usize::MAX, now);
            }
            disk.close(writer);
        }
        15..=17 => disk.rename_in(place, text, now),
        18 => disk.unlink(place),
        19 => disk.rename(place, (folder, random.pick(&NAMES))),
        20 if random.once_in(3) => {
            // A tool that puts the same date, far ahead, on all it writes.
            echo(disk, place, TEXTS[0], now);
            disk.touch(place, Nanos::from_parts(1_900_000_000, 0));
        }
        20 => {
            let age = random.duration(120 * SECOND);
            let modified = if random.once_in(4) { now.wall.after(age) } else { now.wall.before(age) };
            disk.touch(place, modified);
        }
        21 => disk.chmod(place, random.once_in(2)),
        22 => disk.symlink(place, now),
        _ => echo(disk, place, text, now),
    }
}

/// `echo 200 >name`, all at once.
fn echo(disk: &mut Disk, place: (usize, Name), text: &str, now: Now) {
    let writers = disk.writers();
    disk.open(place, text, true, now);
    if disk.writers() > writers {
        disk.write(writers, usize::MAX, now);
        disk.close(writers);
    }
}
