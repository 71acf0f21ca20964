//! What a service and a node have in common: where it stands, since when, whether it flaps and fails.

use crate::config::Flap;
use crate::decide::changes::{KeptAbove, KeptObject};
use crate::decide::flapping::Flapping;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::tree::Judged;

/// A service or node.
#[derive(Debug, Clone)]
pub(super) struct Above {
    pub standing: Standing,
    pub since: Millis,
    /// When it last changed in any way: nothing is dated before that.
    pub changed: Millis,
    pub flapping: Flapping,
    /// When that began last.
    flapped: Millis,
    /// From its first ko until it is up again, unknown in between or not.
    pub failing_since: Option<Millis>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Became {
    /// What it was.
    Same,
    /// The same with other words.
    Rephrased,
    /// Another: this is where it stood, since when, and whether flapping begins.
    Other { old: Standing, old_since: Millis, flaps: bool },
}

impl Above {
    /// One of which nothing is known.
    pub fn new(since: Millis) -> Above {
        let (standing, flapping) = (Standing::default(), Flapping::default());
        Above { standing, since, changed: since, flapping, flapped: since, failing_since: None }
    }

    /// One that stood there before.
    pub fn kept(kept: &KeptObject, at: Millis) -> Above {
        Above {
            standing: kept.standing.clone(),
            since: kept.since.unwrap_or(at),
            changed: at,
            flapping: Flapping::kept(kept.above.changes.iter().copied(), kept.above.flapping_since.is_some()),
            flapped: kept.above.flapping_since.unwrap_or(at),
            failing_since: kept.above.failing_since,
        }
    }

    /// What has to be kept.
    pub fn keep(&self) -> KeptAbove {
        KeptAbove {
            changes: self.flapping.changes().collect(),
            flapping_since: self.flapping_since(),
            failing_since: self.failing_since,
        }
    }

    /// Since when it flaps; none: it does not. The failure with which that began did not begin later, and any other did.
    pub fn flapping_since(&self) -> Option<Millis> {
        self.flapping.is_flapping().then_some(self.flapped)
    }

    /// It is judged so: at `at` for the journal, at `moved` for what flaps; none: that does not count.
    pub fn judge(
        &mut self,
        judged: Judged,
        reason: String,
        at: Millis,
        moved: Option<Millis>,
        flap: &Flap,
    ) -> Became {
        let new = Standing {
            state: judged.state,
            code: judged.code,
            reason: reason.into_boxed_str(),
            planned: judged.planned,
        };
        let old = &self.standing;
        if (new.state, new.code, new.planned) == (old.state, old.code, old.planned) {
            let is_rephrased = new.reason != old.reason;
            self.standing = new;
            return if is_rephrased { Became::Rephrased } else { Became::Same };
        }
        let (is_of_state, state, old_since) = (new.state != old.state, new.state, self.since);
        let old = std::mem::replace(&mut self.standing, new);
        let mut flaps = false;
        self.changed = at;
        if is_of_state {
            self.since = at;
            let failing_since = self.failing_since;
            flaps = moved.is_some_and(|moved| self.flapping.changed(moved, flap));
            match state {
                State::Ko => self.failing_since = self.failing_since.or(Some(at)),
                State::Ok | State::But => self.failing_since = None,
                State::Unknown => {}
            }
            if flaps {
                self.flapped = at;
            } else if failing_since.is_none() && self.failing_since.is_some() {
                // The journal's time may stand still, but a failure that began later has to be told from one that did not.
                self.flapped = self.flapped.min(Millis(at.0.saturating_sub(1)));
            }
        }
        Became::Other { old, old_since, flaps }
    }
}
