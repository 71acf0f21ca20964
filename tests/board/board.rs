//! A running `ocoboard`, and what it is asked.

use crate::http::{Reply, Request};
use crate::scene::{Scene, wait_for};
use crate::watcher::Running;
use std::net::SocketAddr;
use std::ops::Deref;

/// A board that is ended with the test.
pub struct Board {
    running: Running,
    /// Where it listens first.
    pub address: SocketAddr,
}

impl Board {
    /// Starts it in `scene`, and waits until it listens on its first port.
    pub fn start(scene: &Scene) -> Board {
        let mut running = Running::spawn(scene.ocoboard(&[]));
        let address = wait_for("the board to listen", || {
            let ended = running.has_ended();
            assert!(ended.is_none(), "ocoboard ended: {ended:?}\n{}", running.log());
            let log = running.log();
            let address = log.split("listening on ").nth(1)?.lines().next()?.to_owned();
            log.ends_with('\n').then_some(address)?.parse().ok()
        });
        Board { running, address }
    }

    /// Posts JSON there.
    #[track_caller]
    pub fn post(&self, path: &str, json: &str) -> Reply {
        Request::post(path, json).send(self.address)
    }

    /// The same with these headers, each a line.
    #[track_caller]
    pub fn post_with(&self, path: &str, headers: &str, body: &str) -> Reply {
        Request::raw("POST", path, headers, body.as_bytes()).send(self.address)
    }

    /// What is there.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        Request::raw("GET", path, "", b"").send(self.address)
    }

    /// The same with these headers.
    #[track_caller]
    pub fn get_with(&self, path: &str, headers: &str) -> Reply {
        Request::raw("GET", path, headers, b"").send(self.address)
    }

    /// Pushes as a server does.
    #[track_caller]
    pub fn push(&self, server: &str, key: &str, services: &str) -> Reply {
        let server = serde_json::json!({"name": server, "key": key});
        self.post(
            "/api/set/service/status",
            &format!(r#"{{"server": {server}, "period": 60, "services": [{services}]}}"#),
        )
    }

    /// Pings as a server does.
    #[track_caller]
    pub fn ping(&self, server: &str, key: &str) -> Reply {
        let server = serde_json::json!({"name": server, "key": key});
        self.post("/api/ping", &format!(r#"{{"server": {server}}}"#))
    }

    /// Waits until it knows the watcher, and has read the journal.
    #[track_caller]
    pub fn wait_until_well(&self) {
        wait_for("the board to be well", || (self.get("/health").body == "ok\n").then_some(()));
    }

    /// Ends it, which has to go well. Returns what it logged.
    pub fn stop(self) -> String {
        self.running.signal("TERM");
        self.wait_for_end()
    }

    /// The same for one that is about to end.
    pub fn wait_for_end(mut self) -> String {
        assert!(self.running.wait().success());
        self.running.log()
    }
}

impl Deref for Board {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}
