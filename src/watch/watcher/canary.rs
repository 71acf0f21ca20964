//! A round of the canary: is it us? All of its hosts are probed at once.

use super::Watcher;
use crate::config::Probe;
use crate::decide::canary::CanaryResult;
use crate::probe::errors::REFUSED;
use crate::probe::network::Network;
use crate::probe::outcome::Outcome;
use crate::probe::pool::Start;
use oco::children::starter::Starter;
use oco::logic::time::{Nanos, Now};
use std::net::SocketAddr;
use std::sync::Arc;

/// The ids of the canary's probes: all from here on. No fleet has so many targets.
pub const CANARY_IDS: u32 = 0xff00_0000;

/// A round that goes on.
#[derive(Debug)]
pub struct CanaryRound {
    began: Nanos,
    /// How many of its probes have no result yet.
    left: usize,
    has_answer: bool,
    /// One that we ourselves kept from being made proves nothing. Why the first of them was.
    hampered: Option<String>,
}

impl CanaryRound {
    /// One of its hosts had this result. That of an earlier round counts for nothing.
    pub fn take_in(&mut self, outcome: Outcome<'_>, began: Nanos) {
        if began < self.began {
            return;
        }
        self.left = self.left.saturating_sub(1);
        match outcome {
            Outcome::Told { code, reason } => {
                // Who refuses is there.
                self.has_answer |= code.verdict().is_up() || reason == REFUSED;
            }
            Outcome::Own { reason } => {
                self.hampered.get_or_insert_with(|| reason.to_owned());
            }
        }
    }

    /// What it found out, as soon as that is known, and when it began.
    pub fn result(&self) -> Option<(CanaryResult, Nanos)> {
        let result = match (self.has_answer, self.left, self.hampered.is_some()) {
            (true, _, _) => CanaryResult::Answered,
            (false, 0, true) => CanaryResult::Own,
            (false, 0, false) => CanaryResult::Silent,
            (false, _, _) => return None,
        };
        Some((result, self.began))
    }

    /// Why one of its probes could not be made.
    pub fn hampered(&self) -> Option<&str> {
        self.hampered.as_deref()
    }
}

impl<N: Network, S: Starter> Watcher<N, S> {
    pub(super) fn start_canary(&mut self, now: Now) {
        if !self.fleet.start_canary(now) {
            return;
        }
        let hosts = &self.settings.canary;
        self.canary =
            Some(CanaryRound { began: now.boot, left: hosts.len(), has_answer: false, hampered: None });
        for (id, host) in (CANARY_IDS..).zip(hosts) {
            // One of the round before would have this one's result.
            self.pool.abandon(id);
            let (probe, port) = match host.port {
                Some(port) => (Probe::Tcp { port: Some(port) }, port),
                None => (Probe::Ping, 0),
            };
            let address = SocketAddr::new(host.address, port);
            let timeout = crate::limits::CANARY_TIMEOUT;
            self.pool
                .start(Start { id, probe: &Arc::new(probe), address, name: &host.name, timeout }, now.boot);
        }
    }
}
