//! A host with its files, its clients, its clocks and its daemon, and all that chance does to them.

use crate::disk::{Disk, NAMES, Name};
use crate::judge::{Judge, Reached};
use crate::kernel::{Kernel, ModelFiles, ModelSockets, Shared};
use crate::network::{Client, ClientId, Network, PortId};
use crate::random::Random;
use oco::config::Listen;
use oco::daemon::answers::Answers;
use oco::daemon::event_loop::{EventLoop, Signal, TurnEnd};
use oco::daemon::listeners::Listeners;
use oco::limits::{ACCEPT_PAUSE, Bounds, DIRECTORY_RETRY, EMPTY_GRACE, STOP_LINGER};
use oco::logic::board::{CheckRules, Rules};
use oco::logic::face::Face;
use oco::logic::name::Pattern;
use oco::logic::time::{Nanos, Now};
use oco::status::directory::Directory;
use oco::system::signals::Signals;
use oco::system::systemd::Notify;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// What writers write. None of them is 300, so that a 300 is never what somebody wrote by chance.
const TEXTS: [&str; 9] = [
    "200\n",
    "200 fine\n",
    "210 load 7.5\n",
    "500 disk failed\n",
    "299",
    "200",
    "399\n",
    "599 x\n",
    "200\nmax-age 20s\n",
];
/// Closed by mistake.
const ODD_TEXTS: [&str; 4] = ["", "garbage\n", "20", "2000\n"];

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

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Turns that may follow each other without sleep. More is a spin.
const TURNS_WITHOUT_SLEEP: u32 = 200;
/// Turns while time passes, after which it has passed for this act.
const TURNS_AN_ACT: u32 = 40;

/// Smaller than the daemon's own, so that a few clients reach them.
const BOUNDS: Bounds =
    Bounds { accept_batch: 5, answered: 8, batches_per_turn: 3, http_connections: 7, http_octets: 4_000 };

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
            echo(disk, (0, random.pick(&NAMES)), TEXTS[0], clock.now);
        }
        expose_a_file(&kernel);
        let daemon = start(&kernel, max_connections);
        let mut world = World { kernel, daemon, max_connections, is_stopped: false, wakes_at: (None, None) };
        world.settle_turn();
        world
    }

    fn act(&mut self) {
        let is_away = self.kernel.borrow().disk.readable().is_none();
        if is_away && self.below(3) == 0 {
            return self.bring_directory_back();
        }
        match self.below(20) {
            0..=8 => self.touch_files(),
            9..=13 => self.touch_clients(),
            14..=16 => self.pass_time(),
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

    fn touch_files(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, reached, clock, .. } = &mut *kernel;
        let Some(folder) = disk.path else { return };
        if random.once_in(25) {
            let mut link = || disk.link((folder, random.pick(&NAMES)), (folder, random.pick(&NAMES)));
            // Also of several files at once.
            let links = (0..8).filter(|_| link()).count();
            if links == 0 {
                return;
            }
            reached.count(if links == 1 { "hard links" } else { "hard links of several files" });
            // What is done by a further name before the daemon has seen that name is beyond it.
            kernel.is_calm = true;
            drop(kernel);
            self.is_stopped = false;
            self.run_daemon();
            self.kernel.borrow().is_calm = false;
            return;
        }
        if random.once_in(6) {
            let text = random.pick(&TEXTS);
            if NAMES.iter().any(|name| disk.write_elsewhere((folder, name), text, clock.now)) {
                reached.count("changes that nothing tells of");
            }
            return;
        }
        touch_file(disk, folder, random, clock.now);
    }

    fn touch_clients(&mut self) {
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

    fn touch_directory(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, reached, clock, .. } = &mut *kernel;
        let others: Vec<usize> = (0..disk.folders.len())
            .filter(|folder| Some(*folder) != disk.path && disk.folders[*folder].identity != 0)
            .collect();
        let to = match random.below(6) {
            0 => None,
            1 => Some(disk.add_folder()),
            _ if others.is_empty() => None,
            _ => Some(random.pick(&others)),
        };
        match (random.below(6), disk.path) {
            (0, Some(folder)) => {
                let is_unreadable = !disk.folders[folder].is_unreadable;
                disk.chmod_folder(folder, is_unreadable);
                reached.count("directories without permission");
            }
            (1, Some(_)) => {
                disk.remove_folder();
                reached.count("directories removed");
            }
            (2, Some(_)) => {
                // rm -r, mkdir: the kernel likes to give the same number again. Often enough the end of the watch is
                // lost among other events.
                for _ in 0..random.below(40) {
                    touch_file(disk, disk.path.unwrap(), random, clock.now);
                }
                disk.remove_folder();
                let folder = disk.add_folder();
                disk.repoint_path(Some(folder));
                for _ in 0..random.below(4) {
                    touch_file(disk, folder, random, clock.now);
                }
                reached.count("directories made anew");
            }
            (3, _) => disk.repoint_path(to),
            _ => disk.move_path(to),
        }
    }

    fn bring_directory_back(&mut self) {
        let mut kernel = self.kernel.borrow();
        let disk = &mut kernel.disk;
        match disk.path {
            Some(folder) => disk.chmod_folder(folder, false),
            None => {
                let last = disk.folders.len() - 1;
                let is_gone = disk.folders[last].identity == 0;
                let folder = if is_gone { disk.add_folder() } else { last };
                disk.move_path(Some(folder));
            }
        }
    }

    fn touch_daemon(&mut self) {
        match self.below(10) {
            0 | 1 => self.reload(),
            2 => self.restart(),
            3 => {
                self.daemon_signal(Signal::Dump);
                self.kernel.borrow().reached.count("dumps");
            }
            4 | 5 => {
                self.is_stopped = true;
                self.kernel.borrow().reached.count("stops");
            }
            6 => {
                let descriptors = self.below(6);
                self.kernel.borrow().network.descriptors = descriptors;
            }
            _ => {
                self.is_stopped = false;
                self.kernel.borrow().network.descriptors = usize::MAX;
            }
        }
    }

    fn daemon_signal(&mut self, signal: Signal) {
        if !self.is_stopped {
            self.signals().raise(signal);
            self.run_daemon();
        }
    }

    /// SIGHUP, with other listeners, rules and limits.
    fn reload(&mut self) {
        if self.is_stopped {
            return;
        }
        self.signals().raise(Signal::Reload);
        assert_eq!(self.turn(), TurnEnd::Reload);
        self.daemon.begin_reload();
        let (wanted, rules, empty_is_ok) = {
            let mut kernel = self.kernel.borrow();
            kernel.end_refresh();
            let wanted = listeners(&mut kernel.random);
            let rules = rules(kernel.random.below(3));
            kernel.judge.rules = rules.clone();
            kernel.judge.empty_is_ok ^= kernel.random.once_in(4);
            kernel.judge.listeners.clone_from(&wanted);
            kernel.reached.count("reloads");
            (wanted, rules, kernel.judge.empty_is_ok)
        };
        let (answers, listeners, sockets) = self.daemon.parts();
        listeners.change(&wanted, answers, sockets).expect("the model has every port");
        answers.configure(rules, empty_is_ok);
        self.kernel.borrow().network.assert_bound(&wanted);
        self.daemon.resume(self.max_connections);
        self.settle_turn();
        self.run_daemon();
    }

    /// kill -9, and a new process on the same ports.
    fn restart(&mut self) {
        {
            let mut kernel = self.kernel.borrow();
            kernel.forget_daemon();
            kernel.reached.count("restarts");
        }
        expose_a_file(&self.kernel);
        self.daemon = start(&self.kernel, self.max_connections);
        self.is_stopped = false;
        self.settle_turn();
    }

    fn pass_time(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { clock, random, reached, .. } = &mut *kernel;
        match random.below(14) {
            0 => clock.set_forward(random.duration(3 * DAY)),
            1 => clock.set_back(random.duration(3 * DAY)),
            2 => clock.set_back(random.duration(10 * SECOND)),
            3 => {
                let asleep = random.duration(120 * SECOND);
                clock.suspend(asleep);
                reached.count("suspends");
                return;
            }
            act => {
                drop(kernel);
                return match act {
                    4 => self.pass_to_expiry(),
                    5 | 12 => self.pass_until_a_port_opens(),
                    6 | 7 => self.pass(90 * SECOND),
                    8..=10 => self.pass(3 * SECOND),
                    _ => self.pass(SECOND / 5),
                };
            }
        }
        reached.count("clock steps");
    }

    fn pass(&mut self, longest: Duration) {
        let time = self.kernel.borrow().random.duration(longest);
        self.run_daemon();
        self.sleep(time);
    }

    /// To the very nanosecond before, at or after which a check becomes stale, and somebody asks.
    fn pass_to_expiry(&mut self) {
        self.is_stopped = false;
        self.run_daemon();
        {
            let mut kernel = self.kernel.borrow();
            let Kernel { oracle, judge, clock, random, .. } = &mut *kernel;
            let Some(expiry) = oracle.next_expiry(&judge.rules, clock.now) else { return };
            let before = Duration::from_nanos(u64::try_from(random.below(3)).unwrap());
            clock.pass(expiry.since(clock.now.boot).saturating_sub(before));
        }
        self.ask_all();
        self.run_daemon();
        self.kernel.borrow().reached.count("questions at the nanosecond of expiry");
    }

    /// A client at each port that lets one in.
    fn ask_all(&mut self) {
        let mut kernel = self.kernel.borrow();
        let ports: Vec<PortId> = kernel.network.ports.keys().copied().collect();
        for port in ports {
            let speak = speak_of(&kernel.judge.listeners, kernel.network.ports[&port].address);
            let script = REQUESTS[0].to_vec();
            let client = Client { room: 1_000_000, speak, unread: script, ..Client::default() };
            kernel.network.connect(port, client);
        }
    }

    /// A port that refuses while it is KO opens by itself, though nobody asks: at the latest when the daemon looks again.
    fn pass_until_a_port_opens(&mut self) {
        self.is_stopped = false;
        self.kernel.borrow().is_calm = true;
        self.run_daemon();
        self.sleep(2 * DIRECTORY_RETRY);
        self.run_daemon();
        let mut kernel = self.kernel.borrow();
        kernel.is_calm = false;
        let is_any_shut = kernel.network.ports.values().any(|port| !port.is_listening);
        // While something is being written the daemon need not have looked since.
        if !is_any_shut || kernel.disk.writers() > 0 || kernel.network.has_waiting() {
            return;
        }
        kernel.reached.count("ports that had time to open");
        let is_plain = !kernel.has_inotify;
        let Kernel { oracle, disk, clock, .. } = &mut *kernel;
        oracle.begin(disk, clock, is_plain);
        drop(kernel);
        // The daemon has looked at all of it since, or a port would stay shut for ever.
        let lines = self.lines();
        let kernel = self.kernel.borrow();
        for (address, line, _) in lines.iter().filter(|(.., is_shut)| *is_shut) {
            kernel.judge.line(line, Some(*address), &kernel.oracle, kernel.clock.now);
        }
        drop(kernel);
        self.kernel.borrow().oracle.end();
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

    /// Time passes, and the daemon wakes as it wants.
    fn sleep(&mut self, time: Duration) {
        let end = self.kernel.borrow().clock.monotonic.after(time);
        for _ in 0..TURNS_AN_ACT {
            let mut kernel = self.kernel.borrow();
            let Kernel { clock, random, .. } = &mut *kernel;
            let by_boot = self.wakes_at.1.map(|at| clock.monotonic.after(at.since(clock.now.boot)));
            let first = [self.wakes_at.0, by_boot].into_iter().flatten().min();
            let wakes_at = first.filter(|at| !self.is_stopped && *at < end).unwrap_or(end);
            // The kernel counts in milliseconds, and has others to serve.
            let late = random.duration(Duration::from_millis(2));
            clock.pass(wakes_at.since(clock.monotonic) + late);
            drop(kernel);
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
        self.ask_all();
        let start = self.kernel.borrow().clock.now.boot;
        self.kernel.borrow().network.stops_at = Some(start.after(STOP_LINGER));
        self.signals().raise(Signal::Stop);
        while self.turn() != TurnEnd::Stop {
            let mut kernel = self.kernel.borrow();
            let clock = &mut kernel.clock;
            if let Some(at) = self.wakes_at.0 {
                clock.pass(at.since(clock.monotonic).max(Duration::from_nanos(1)));
            }
            let time = clock.now.boot.since(start);
            assert!(time <= STOP_LINGER + SECOND / 100, "it took {time:?} to stop");
        }
        drop(self.daemon);
        let mut kernel = self.kernel.borrow();
        let mut reached = std::mem::take(&mut kernel.reached);
        reached.ends = kernel.network.ends.clone();
        reached
    }
}

/// What nobody tells a running daemon of is there from its start: a further name of a file, or a mount.
fn expose_a_file(kernel: &Shared) {
    let mut kernel = kernel.borrow();
    let Kernel { disk, random, reached, .. } = &mut *kernel;
    let (Some(folder), true) = (disk.path, random.once_in(2)) else { return };
    let is_mount = random.once_in(2);
    if NAMES.iter().any(|name| disk.expose((folder, name), is_mount)) {
        reached.count(if is_mount { "mounts" } else { "links from elsewhere" });
    }
}

fn start(kernel: &Shared, max_connections: usize) -> Daemon {
    let directory = Directory::new(Path::new("/status"), ModelFiles::new(kernel.clone()));
    let mut sockets = ModelSockets(kernel.clone());
    let (rules, empty_is_ok, wanted) = {
        let kernel = kernel.borrow();
        (kernel.judge.rules.clone(), kernel.judge.empty_is_ok, kernel.judge.listeners.clone())
    };
    let mut answers = Answers::of(directory, rules, empty_is_ok);
    let listeners = Listeners::bind(&wanted, &mut answers, &mut sockets).expect("the model has every port");
    let limits = (max_connections, BOUNDS);
    let signals = Signals::by_hand(&[Signal::Stop, Signal::Reload, Signal::Dump]);
    EventLoop::new(sockets, signals, (answers, listeners), limits, Notify::silent())
        .expect("the model registers all")
}

/// Some listeners: always one for everybody, and chance has the others.
fn listeners(random: &mut Random) -> Vec<Listen> {
    let address = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listen = |port| Listen::new(address(port));
    let some = |names: &[&str]| names.iter().map(|name| Pattern::new(name).unwrap()).collect::<Vec<_>>();
    let limited = if random.once_in(2) { some(&["a", "quick", "n*"]) } else { some(&["b", "c"]) };
    let mut wanted = vec![
        listen(79),
        Listen { speak: Some(Face::Http), ..listen(80) },
        Listen { checks: limited.clone(), ..listen(81) },
        Listen { refuse_when_ko: true, ..listen(82) },
        Listen { speak: Some(Face::Agent), ..listen(83) },
        Listen { speak: Some(Face::Http), checks: limited.clone(), ..listen(84) },
        Listen { refuse_when_ko: true, checks: limited, ..listen(85) },
    ];
    let mut index = 0;
    wanted.retain(|_| {
        index += 1;
        index == 1 || random.once_in(2)
    });
    wanted
}

fn speak_of(listeners: &[Listen], address: SocketAddr) -> Face {
    listeners.iter().find(|listen| listen.address == address).map_or(Face::Oco, Listen::speak)
}

fn new_client(random: &mut Random, speak: Face) -> Client {
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
pub fn touch_file(disk: &mut Disk, folder: usize, random: &mut Random, now: Now) {
    let name: Name = random.pick(&NAMES);
    let place = (folder, name);
    let text = if random.once_in(12) { random.pick(&ODD_TEXTS) } else { random.pick(&TEXTS) };
    match random.below(26) {
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
        18 => disk.unlink(place, now),
        19 => disk.rename(place, (folder, random.pick(&NAMES)), now),
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
        23 | 24 => {
            // As install and tar do it; often enough the new file is not closed at once.
            disk.unlink(place, now);
            disk.open(place, text, true, now);
        }
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
