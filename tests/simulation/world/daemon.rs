//! What is done to the daemon: its signals, its settings, its end.

use super::files::expose_a_file;
use super::{BOUNDS, Daemon, SECOND, World};
use crate::kernel::{ModelFiles, ModelSockets, Shared};
use crate::random::Random;
use oco::config::Listen;
use oco::daemon::answers::Answers;
use oco::daemon::event_loop::{EventLoop, Signal, TurnEnd};
use oco::daemon::listeners::Listeners;
use oco::limits::STOP_LINGER;
use oco::logic::board::{CheckRules, Rules};
use oco::logic::face::Face;
use oco::logic::name::Pattern;
use oco::status::directory::Directory;
use oco::system::signals::Signals;
use oco::system::systemd::Notify;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

impl World {
    pub(super) fn touch_daemon(&mut self) {
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

    /// SIGTERM, while everybody asks who may, and more come than there is room for.
    pub(super) fn stop(&mut self) {
        let clients = self.connect_all();
        self.run_daemon();
        // Their questions are read, and before they are answered others are let in by the signal.
        clients.into_iter().for_each(|client| self.kernel.borrow().network.ask(client));
        for _ in 0..self.below(12) {
            self.connect_all();
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
        self.kernel.borrow().reached.count("stops by a signal");
    }

    /// kill -9 or SIGTERM, and a new process on the same ports.
    fn restart(&mut self) {
        if !self.is_stopped && self.below(2) == 0 {
            self.stop();
        }
        {
            let mut kernel = self.kernel.borrow();
            kernel.network.stops_at = None;
            kernel.forget_daemon();
            kernel.reached.count("restarts");
        }
        expose_a_file(&self.kernel);
        self.daemon = start(&self.kernel, self.max_connections);
        self.is_stopped = false;
        self.settle_turn();
    }
}

pub fn start(kernel: &Shared, max_connections: usize) -> Daemon {
    kernel.borrow().will_list = true;
    kernel.borrow().begin_turn();
    let directory = Directory::new(Path::new("/status"), ModelFiles::new(kernel.clone()));
    let mut sockets = ModelSockets(kernel.clone());
    let (rules, empty_is_ok, wanted) = {
        let kernel = kernel.borrow();
        (kernel.judge.rules.clone(), kernel.judge.empty_is_ok, kernel.judge.listeners.clone())
    };
    let mut answers = Answers::of(directory, rules, empty_is_ok);
    let (listeners, _) =
        Listeners::bind(&wanted, &mut answers, &mut sockets).expect("the model has every port");
    let limits = (max_connections, BOUNDS);
    let signals = Signals::by_hand(&[Signal::Stop, Signal::Reload, Signal::Dump]);
    EventLoop::new(sockets, signals, (answers, listeners), limits, Notify::silent())
        .expect("the model registers all")
}

/// Some listeners: always one for everybody, and chance has the others.
pub fn listeners(random: &mut Random) -> Vec<Listen> {
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

pub fn rules(number: usize) -> Rules {
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
