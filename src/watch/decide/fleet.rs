//! The fleet: all targets, services and nodes, how they stand, and what follows from what is found out.
//!
//! ```text
//!   due -----> who starts now          outcome, report, canary, set_planned, expire, reload
//!                                          |
//!                                       target --> its service --> nodes, members first --> Changes
//! ```
//!
//! Each call judges all that it touches before it returns: whatever is read between calls is settled. It never waits,
//! reads no clock, and allocates nothing where nothing changes.

mod above;
mod assembly;
mod dependencies;
pub mod ids;
mod judging;
mod nodes;
mod plan;
mod reports;
mod results;
mod rows;
#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;
mod views;

use super::canary::Canary;
use super::changes::{Changes, Kept, earliest};
use super::clock::Clock;
use super::episodes::Episodes;
use super::passive::Promises;
use super::schedule::{Left, Schedule};
use crate::config::Settings;
pub use dependencies::Dependency;
use ids::{MemberId, NodeId, ServiceId, TargetId};
use nodes::Nodes;
use oco::logic::time::{Nanos, Now};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
pub use plan::Group;
pub use reports::{ForgetError, Report, ReportError};
pub use results::LOST;
use rows::Rows;
use std::collections::{BTreeSet, HashMap, HashSet};
pub use views::{NodeView, ServiceView, TargetView};

/// The fleet.
#[derive(Debug)]
pub struct Fleet {
    pub(super) clock: Clock,
    rows: Rows,
    nodes: Nodes,
    groups: HashMap<String, Group>,
    /// Who is under maintenance by its own name, also of those that are not known.
    planned: HashSet<ObjectName>,
    canary: Canary,
    /// When it was us last until now, by the journal.
    heard_since: Millis,
    /// Whose ko waits for the canary. Some may not wait any more.
    held: Vec<TargetId>,
    schedule: Schedule,
    promises: Promises,
    episodes: Episodes,
    /// Services whose members changed.
    touched: Vec<ServiceId>,
    /// Nodes whose members changed.
    touched_nodes: BTreeSet<NodeId>,
    /// When services and nodes that flap may have been calm for long enough.
    calms: BTreeSet<(Nanos, MemberId)>,
    /// Services of which a target is to be probed again because something that depends on it failed.
    hurries: Vec<ServiceId>,
}

impl Fleet {
    /// The fleet that the file describes, going on from what was kept.
    pub fn new(settings: &Settings, kept: &Kept, now: Now, changes: &mut Changes) -> Fleet {
        let mut fleet = Fleet {
            clock: Clock::new(kept.last, now),
            rows: Rows::default(),
            nodes: Nodes::default(),
            groups: HashMap::new(),
            planned: kept.planned.clone(),
            canary: Canary::new(!settings.canary.is_empty(), kept.is_canary_lost, now.boot),
            heard_since: Millis::default(),
            held: Vec::new(),
            schedule: Schedule::new(now.boot),
            promises: Promises::default(),
            episodes: Episodes::default(),
            touched: Vec::new(),
            touched_nodes: BTreeSet::new(),
            calms: BTreeSet::new(),
            hurries: Vec::new(),
        };
        fleet.begin(settings, kept, now, changes);
        fleet
    }

    /// Offers each target that is to be probed now to `start`, which says whether its probe begins: of a monitor, which
    /// probes all targets of its service at once, the first one. Each that begins has to be followed by an outcome.
    pub fn due(&mut self, now: Now, start: &mut impl FnMut(TargetId) -> bool) {
        self.schedule.due(now.boot, start);
    }

    /// The journal's time now: it stands still while the wall clock is behind where it was.
    pub fn journal_time(&mut self, now: Now) -> Millis {
        self.clock.at(now)
    }

    /// What did not start in its turn.
    pub fn left(&self) -> Left {
        self.schedule.left()
    }

    /// Whether a round of the canary is to begin now. It has to be followed by [`Fleet::canary`].
    pub fn start_canary(&mut self, now: Now) -> bool {
        self.canary.start(now.boot)
    }

    /// When a round of the canary is to begin that a ko waits for; none: there is none to wait for.
    pub fn canary_awaited(&self) -> Option<Nanos> {
        self.canary.deadline().filter(|_| self.canary.is_awaited())
    }

    /// Whether the canary can't be asked, by our own fault.
    pub fn is_canary_hampered(&self) -> bool {
        self.canary.is_hampered()
    }

    /// Whether it is us.
    pub fn is_canary_lost(&self) -> bool {
        self.canary.is_lost()
    }

    /// When it was us last until now, by the journal: whoever is unknown since an earlier moment may not have been asked since.
    pub fn heard_since(&self) -> Millis {
        self.heard_since
    }

    /// When [`Fleet::due`], [`Fleet::start_canary`] and [`Fleet::expire`] are to be called next.
    pub fn deadline(&self) -> Option<Nanos> {
        let promises = self.promises.deadline().filter(|_| !self.canary.is_lost());
        let calm = self.calms.first().map(|(calm, _)| *calm);
        let hurry = self.hurry_deadline();
        let others = [promises, calm, hurry, self.canary.deadline(), self.episodes.deadline()];
        earliest(others.into_iter().chain([self.schedule.deadline()]))
    }

    /// Time has passed: promises may have broken, and what flapped may have been calm.
    pub fn expire(&mut self, now: Now, changes: &mut Changes) {
        self.expire_promises(now, changes);
        self.expire_flapping(now, changes);
        self.expire_hurries(now.boot);
        self.episodes.expire(now.boot, &mut changes.notes);
    }
}
