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
        Above { standing, since, changed: since, flapping, failing_since: None }
    }

    /// One that stood there before.
    pub fn kept(kept: &KeptObject, at: Millis) -> Above {
        Above {
            standing: kept.standing.clone(),
            since: kept.since.unwrap_or(at),
            changed: at,
            flapping: Flapping::kept(kept.above.changes.iter().copied(), kept.above.is_flapping),
            failing_since: kept.above.failing_since,
        }
    }

    /// What has to be kept.
    pub fn keep(&self) -> KeptAbove {
        KeptAbove {
            changes: self.flapping.changes().collect(),
            is_flapping: self.flapping.is_flapping(),
            failing_since: self.failing_since,
        }
    }

    /// It is judged so: at `at` for the journal, at `steady` for what flaps.
    pub fn judge(
        &mut self,
        judged: Judged,
        reason: String,
        at: Millis,
        steady: Millis,
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
            flaps = self.flapping.changed(steady, flap);
            match state {
                State::Ko => self.failing_since = self.failing_since.or(Some(at)),
                State::Ok | State::But => self.failing_since = None,
                State::Unknown => {}
            }
        }
        Became::Other { old, old_since, flaps }
    }
}
