//! A host that is polled: `ocod` at an address of its own, put into one state after the other.

use crate::address::own_address;
use crate::scene::{Scene, wait_for};
use crate::server::{Ocod, answer};
use crate::snippet::Snippet;
use std::fs::File;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// What can be the matter with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ok,
    But,
    /// With entries that begin with a 2, which no poller may take for the verdict.
    Ko,
    Incident,
    /// One result is older than max-age.
    Stale,
    /// No daemon.
    Gone,
}

impl State {
    /// Whether the host belongs in rotation.
    pub fn is_up(self) -> bool {
        match self {
            State::Ok | State::But => true,
            State::Ko | State::Incident | State::Stale | State::Gone => false,
        }
    }

    /// What the daemon answers, if there is one.
    pub fn line(self) -> Option<String> {
        let line = match self {
            State::Ok => "200 OK oco",
            State::But => "250 OK, but oco 210-disk",
            State::Ko => "350 KO oco 310-http,210-disk",
            State::Incident => "550 KO oco 500-raid,210-disk",
            State::Stale => "350 KO oco 300-http",
            State::Gone => return None,
        };
        Some(answer(line))
    }
}

pub struct Host {
    pub scene: Scene,
    pub address: SocketAddr,
    /// What runs the daemon somewhere else, as in another network namespace: `nsenter ...`.
    within: Vec<String>,
    ocod: Option<Ocod>,
    pub state: State,
}

impl Host {
    /// One that is OK, at an address of its own.
    pub fn new() -> Host {
        Host::within(Vec::new(), SocketAddr::from((own_address(), 7979)))
    }

    /// One that is OK, its daemon started by `within`.
    pub fn within(within: Vec<String>, address: SocketAddr) -> Host {
        let scene = Scene::beside();
        for name in ["http", "disk", "raid"] {
            scene.check(name, "200\n");
        }
        let mut host = Host { scene, address, within, ocod: None, state: State::Ok };
        host.enter(State::Ok);
        host
    }

    pub fn ip(&self) -> String {
        self.address.ip().to_string()
    }

    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Where it speaks HTTP.
    pub fn http(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), 8079)
    }

    /// Where it speaks the words of HAProxy's agent-check.
    pub fn agent(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), 7980)
    }

    /// A command where the daemon runs.
    pub fn command(&self, program: &str) -> Command {
        let mut words = self.within.iter().map(String::as_str).chain([program]);
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words);
        command
    }

    /// Puts the host into this state and waits until it says so.
    pub fn enter(&mut self, state: State) {
        self.state = state;
        if state == State::Gone {
            if let Some(mut ocod) = self.ocod.take() {
                ocod.signal("TERM");
                ocod.wait();
            }
            return;
        }
        let but = matches!(state, State::But | State::Ko | State::Incident);
        let checks = [
            ("http", if state == State::Ko { "310" } else { "200" }),
            ("raid", if state == State::Incident { "500" } else { "200" }),
            ("disk", if but { "210" } else { "200" }),
        ];
        // What is bad first: from one that is bad to another there is no moment that is good.
        for is_good in [false, true] {
            for (name, code) in checks.iter().filter(|(_, code)| code.starts_with('2') == is_good) {
                self.scene.check(name, &format!("{code}\n"));
            }
        }
        if state == State::Stale {
            let file = File::options().append(true).open(self.scene.status().join("http")).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(600)).expect("make it old");
        }
        if self.ocod.is_none() {
            let mut command = self.command(env!("CARGO_BIN_EXE_ocod"));
            command.env_remove("OCO_DIR").env("RUST_LOG", "debug").arg("-d").arg(self.scene.status());
            // The listeners of the shipped file, at this host's address.
            let shipped = Snippet::load("ocod-faces.toml")
                .put("[::]:79\"", format!("{}\"", self.address))
                .put("[::]:8079", self.http())
                .put("[::]:7980", self.agent());
            command.arg("-c").arg(shipped.write(&self.scene));
            self.ocod = Some(Ocod::spawn(command));
        }
        let line = state.line().expect("every state but Gone has a line");
        let oco = env!("CARGO_BIN_EXE_oco");
        wait_for(&line, || {
            let asked = self.command(oco).arg("status").arg(self.address.to_string()).output();
            let said = String::from_utf8(asked.expect("run oco status").stdout).unwrap();
            said.trim_end().ends_with(&line).then_some(())
        });
    }

    /// How many clients the daemon has had since it started.
    pub fn polls(&self) -> usize {
        self.log().matches(": connected").count()
    }

    pub fn log(&self) -> String {
        self.ocod.as_ref().map(Ocod::log).unwrap_or_default()
    }
}
