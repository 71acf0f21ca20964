//! A command that is tried until it succeeds, or long enough.

use super::SendingId;
use super::turn::{What, later};
use crate::limits::{ALERT_PAUSES, ALERT_TRIES, RECOVERY_PAUSE, RECOVERY_TIME};
use oco_fleet::time::Millis;

/// What was tried of one thing that is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The command that runs.
    pub running: Option<SendingId>,
    /// What was tried last. Something else has tries of its own.
    of: Option<What>,
    /// How often it failed.
    pub tries: u32,
    /// It is not tried before.
    pub not_before: Option<Millis>,
    /// When it was given up to tell a failure.
    pub given_up: Option<Millis>,
    /// When it was tried first.
    first: Option<Millis>,
}

impl Attempt {
    /// Something else is to be told: only what runs is remembered.
    pub fn renew(&mut self) {
        *self = Attempt { running: self.running, ..Attempt::default() };
    }

    /// When it may be tried; none: it runs.
    pub fn may_run(&self, now: Millis) -> Option<Millis> {
        if self.running.is_some() { None } else { Some(self.not_before.unwrap_or(now)) }
    }

    pub fn begin(&mut self, id: SendingId, what: &What, now: Millis) {
        if self.of.as_ref() != Some(what) {
            let given_up = self.given_up;
            *self = Attempt { of: Some(what.clone()), given_up, ..Attempt::default() };
        }
        self.running = Some(id);
        self.first = self.first.or(Some(now));
    }

    /// It succeeded, or is given up. Whether a failure could not be told before stays known.
    pub fn end(&mut self) {
        *self = Attempt { given_up: self.given_up, ..Attempt::default() };
    }

    /// It failed. Tells whether it is given up.
    pub fn failed(&mut self, now: Millis) -> bool {
        self.tries = self.tries.saturating_add(1);
        let tries = usize::try_from(self.tries).unwrap_or(usize::MAX);
        let pause = ALERT_PAUSES.get(tries.saturating_sub(1)).filter(|_| self.tries < ALERT_TRIES);
        match pause {
            Some(pause) => self.not_before = Some(later(now, *pause)),
            None => self.end(),
        }
        pause.is_none()
    }

    /// A recovery failed: who was told of the failure is to hear of it, for a day. Tells whether it is given up.
    pub fn recovery_failed(&mut self, now: Millis) -> bool {
        self.tries = self.tries.saturating_add(1);
        let first = self.first.unwrap_or(now);
        let tries = usize::try_from(self.tries).unwrap_or(usize::MAX);
        let pause = ALERT_PAUSES.get(tries.saturating_sub(1)).copied().unwrap_or(RECOVERY_PAUSE);
        self.not_before = Some(later(now, pause));
        later(first, RECOVERY_TIME) <= now
    }
}
