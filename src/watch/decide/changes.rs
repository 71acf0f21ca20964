//! What came of something: transitions, what the journal is to keep, and what else is told.

use super::target::KeptTarget;
use oco::logic::time::Nanos;
use oco_fleet::figure::Measure;
use oco_fleet::journal::Measured;
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::collections::{HashMap, HashSet};

/// What came of something. Whoever acts hands one in, and takes out what stands in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the order in which they were judged: targets before the services and nodes that they change.
    pub transitions: Vec<Transition>,
    /// What the journal is to keep beside them. At rest there is nothing.
    pub keep: Vec<Keep>,
    /// What else is told.
    pub notes: Vec<Note>,
    /// Who is no more.
    pub ended: Vec<ObjectName>,
    /// Services and nodes that were judged anew, whether they changed or only their members did.
    pub judged: Vec<ObjectName>,
}

impl Changes {
    /// Whether nothing came of it.
    pub fn is_empty(&self) -> bool {
        // Who was judged and is as before, with all of its members, is nothing to act on.
        self.transitions.is_empty() && self.keep.is_empty() && self.notes.is_empty() && self.ended.is_empty()
    }

    /// Forgets all, and keeps the memory for the next time.
    pub fn clear(&mut self) {
        self.transitions.clear();
        self.keep.clear();
        self.notes.clear();
        self.ended.clear();
        self.judged.clear();
    }
}

/// What the journal is to keep of somebody, in place of what it kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Of a target: its counts, and the last periods that were promised of it.
    Target(ObjectName, KeptTarget, Vec<u32>),
    /// Of a service or node.
    Above(ObjectName, KeptAbove),
    /// A service that somebody spoke of, and nobody reported yet: it is watched from then on.
    Met(ObjectName, Millis),
    /// Whether it is us.
    CanaryLost(bool),
    /// What was measured within five minutes.
    Figures {
        /// When they began.
        at: Millis,
        /// What.
        measured: Vec<Measured>,
    },
}

/// What is kept of a service or node beside where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptAbove {
    /// Its last changes of state, by the steady clock.
    pub changes: Vec<Millis>,
    /// Since when it flaps, by the journal; none: it does not. A failure that began later is none with which that began.
    pub flapping_since: Option<Millis>,
    /// Since when it fails: from its first ko until it is up again, unknown in between or not.
    pub failing_since: Option<Millis>,
}

/// What else is told: a line of the log each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It is us: every target is unknown.
    CanaryLost,
    /// It is us no longer.
    CanaryBack,
    /// We ourselves failed to ask the canary, for this reason: an episode begins. No ko is judged in it.
    CanaryHampered(Box<str>),
    /// We ourselves failed: an episode begins.
    OwnFailure {
        /// Where first.
        target: ObjectName,
        /// Why.
        reason: Box<str>,
    },
    /// Such an episode is over.
    OwnFailureOver {
        /// Why it was.
        reason: Box<str>,
        /// How often.
        failures: u64,
    },
    /// There are as many series of figures as may be: those of this target, and of others behind it, are left out.
    FiguresFull(ObjectName),
    /// A target has more labels of performance data, or longer ones, than are kept.
    FiguresLeftOut(ObjectName),
    /// A service or node begins to flap, or ends to.
    Flapping(ObjectName, bool),
}

/// What the journal kept when the watcher starts.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The latest time in the journal.
    pub last: Millis,
    /// Of each object that is known.
    pub objects: HashMap<ObjectName, KeptObject>,
    /// Who is under maintenance by its own name.
    pub planned: HashSet<ObjectName>,
    /// Whether it was us.
    pub is_canary_lost: bool,
    /// What was measured of whom lately.
    pub measured: Vec<(ObjectName, Measure)>,
}

/// What was kept of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptObject {
    /// Where it stood.
    pub standing: Standing,
    /// Since when it had that state; none: there was no transition of it yet.
    pub since: Option<Millis>,
    /// Of a target.
    pub target: KeptTarget,
    /// Of a target that others report: the last periods, in milliseconds, the latest first.
    pub periods: Vec<u32>,
    /// Of a service or node.
    pub above: KeptAbove,
    /// Whether it is a service that somebody spoke of before anybody reported.
    pub is_met: bool,
}

/// When something has to be done next: the earliest of what is handed in.
pub fn earliest(deadlines: impl IntoIterator<Item = Option<Nanos>>) -> Option<Nanos> {
    deadlines.into_iter().flatten().min()
}
