//! What the journal takes in: each an event or a change of what a start needs. Numbers of acts, adjustments and
//! incidents are the watcher's own, counted on from those that [`Kept`](super::Kept) tells, so that an entry that is
//! written twice is there once.

use super::Definitions;
use crate::availability;
use crate::figure::{Figure, Measure};
use crate::object::ObjectName;
use crate::state::{Standing, State};
use crate::time::Millis;
use crate::transition::Transition;

/// One thing to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// These objects are watched from now on; nothing where they were already. What has a transition is too.
    Watched {
        /// Who. Many in an entry, since a start enters all, and each entry takes the room of the largest kind.
        names: Vec<ObjectName>,
        /// Since when.
        at: Millis,
    },
    /// This object changed.
    Transition(Transition),
    /// This object stands so: for all of them after entries were lost, or a new journal was begun. Where the journal has
    /// it otherwise, that is a change at `at`; where it has it so, nothing.
    Stands {
        /// Who.
        name: ObjectName,
        /// How.
        standing: Standing,
        /// Since when it is in this state.
        since: Millis,
        /// When this was said.
        at: Millis,
    },
    /// This was counted of it.
    Counts(Counts),
    /// It is not watched any more: it becomes unknown, and what a start would know of it goes. Its past stays.
    Forget {
        /// Who.
        name: ObjectName,
        /// Since when.
        at: Millis,
    },
    /// The watcher lives.
    Heartbeat(Millis),
    /// What ended before this may go, a little at a time.
    Prune(Millis),
    /// Figures of before this may go, a little at a time.
    PruneFigures(Millis),
    /// What was measured in the five minutes in which `at` lies; all of it in one entry, which becomes one row.
    Figures {
        /// A time in them.
        at: Millis,
        /// What.
        measured: Vec<Measured>,
    },
    /// Nobody watched.
    Gap {
        /// From then on
        since: Millis,
        /// until then.
        until: Millis,
    },
    /// Somebody acted.
    Act(Act),
    /// An act is over.
    ActEnded {
        /// Its number.
        id: i64,
        /// When.
        at: Millis,
        /// Who has undone it; none: it ended by itself.
        by: Option<String>,
    },
    /// A window of maintenance began, or its end is another one than it was.
    Window(Window),
    /// Somebody corrected.
    Adjustment(Adjustment),
    /// A correction was taken back.
    AdjustmentUndone {
        /// Its number.
        id: i64,
        /// When.
        at: Millis,
        /// By whom.
        by: String,
    },
    /// An alert was sent, held or failed.
    AlertSent(AlertSent),
    /// Who was told of a failure that is not over.
    Told(Told),
    /// There is nothing to remember of this failure any more.
    Untold {
        /// Who failed.
        name: ObjectName,
        /// Which alert; none: every one.
        alert: Option<String>,
    },
    /// An incident, as it is now.
    Incident(Incident),
    /// Something became of an incident.
    IncidentEvent {
        /// Its number.
        incident: i64,
        /// When.
        at: Millis,
        /// `open`, `update`, `acknowledge`, `close`, `late`.
        event: String,
        /// For people.
        text: String,
    },
    /// What the file says of nodes and levels, in place of what it said before.
    Defined(Box<Definitions>),
    /// What a target that reports has promised.
    Reporter(Reporter),
    /// What was set in a balancer's table.
    Balanced {
        /// Which table.
        table: String,
        /// Which server of it.
        server: String,
        /// What; none: nothing any more.
        what: Option<String>,
    },
}

/// What was measured of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Who.
    pub name: ObjectName,
    /// What.
    pub measure: Measure,
    /// How much.
    pub figure: Figure,
}

/// Two are equal that are written alike: a figure of no number is none.
impl Eq for Measured {}

/// What was counted of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Who.
    pub name: ObjectName,
    /// Failures in a row.
    pub failures: u32,
    /// Successes in a row.
    pub successes: u32,
    /// Milliseconds of probing without a success.
    pub silent_ms: i64,
    /// The state that was decided by counting; none: nothing was yet.
    pub settled: Option<State>,
    /// Since when it goes up and down; none: it does not.
    pub flapping: Option<Millis>,
    /// Of a service or node: from its first ko until it is up again; none: it does not fail.
    pub failing: Option<Millis>,
}

/// The kinds of acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActKind {
    /// No further alerts of this failure.
    Ack,
    /// No alerts.
    Mute,
    /// Planned work.
    Maint,
}

impl ActKind {
    /// Every kind.
    pub const ALL: [ActKind; 3] = [ActKind::Ack, ActKind::Mute, ActKind::Maint];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            ActKind::Ack => "ack",
            ActKind::Mute => "mute",
            ActKind::Maint => "maint",
        }
    }

    /// The word for its undoing.
    pub fn undoing(self) -> &'static str {
        match self {
            ActKind::Ack => "unack",
            ActKind::Mute => "unmute",
            ActKind::Maint => "unmaint",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<ActKind> {
        ActKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its number.
    pub id: i64,
    /// What.
    pub kind: ActKind,
    /// On whom: an object, or a whole group.
    pub name: String,
    /// A user, or `NAME via PEER`.
    pub who: String,
    /// When.
    pub at: Millis,
    /// From then on
    pub since: Millis,
    /// until then; none: until it is undone or ends by itself.
    pub until: Option<Millis>,
    /// Why.
    pub text: String,
    /// When it ended; none: it is in force, or still to come.
    pub ended: Option<Millis>,
    /// Who has undone it; none: it ended by itself.
    pub ended_by: Option<String>,
}

/// A window of maintenance as it was, or is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Of whom.
    pub name: ObjectName,
    /// From then on
    pub since: Millis,
    /// until then.
    pub until: Millis,
    /// Why.
    pub text: String,
}

/// A correction that is laid over the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Its number.
    pub id: i64,
    /// Of whom.
    pub name: ObjectName,
    /// From then on
    pub since: Millis,
    /// until then
    pub until: Millis,
    /// it was so.
    pub state: State,
    /// Who says so.
    pub who: String,
    /// When.
    pub at: Millis,
    /// Why.
    pub text: String,
    /// When it was taken back; none: it counts.
    pub undone: Option<Millis>,
    /// By whom.
    pub undone_by: Option<String>,
}

impl Adjustment {
    /// As availability takes it.
    pub fn laid_over(&self) -> availability::Adjustment {
        availability::Adjustment { from: self.since, to: self.until, state: self.state }
    }
}

/// An alert that was sent, held or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSent {
    /// When.
    pub at: Millis,
    /// Of whom.
    pub name: ObjectName,
    /// Which alert of the file.
    pub alert: String,
    /// The word of `on`.
    pub event: String,
    /// Which step, from 1 on.
    pub step: u32,
    /// What was run.
    pub command: String,
    /// `sent`, `held: ...`, `failed: ...`.
    pub result: String,
}

/// Who was told of a failure that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who fails.
    pub name: ObjectName,
    /// Which alert.
    pub alert: String,
    /// Which step, from 1 on.
    pub step: u32,
    /// Since when it fails: which failure it is.
    pub failing: Millis,
    /// When it was told first.
    pub first: Millis,
    /// When last.
    pub last: Millis,
    /// How often.
    pub count: u32,
    /// What was run, each word.
    pub command: String,
    /// What else there is to remember.
    pub note: String,
}

/// An incident as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// Of whom.
    pub name: ObjectName,
    /// When it was opened.
    pub opened: Millis,
    /// When it was acknowledged.
    pub acknowledged: Option<Millis>,
    /// When it was closed.
    pub closed: Option<Millis>,
    /// Who acknowledged it.
    pub who: Option<String>,
    /// What else there is to remember.
    pub note: String,
    /// The members that failed; those of before stay.
    pub members: Vec<ObjectName>,
}

/// What is known of a target that reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    /// Who.
    pub name: ObjectName,
    /// Whether it was taken in without standing in the file.
    pub taken_in: bool,
    /// The last promises in milliseconds, newest last.
    pub periods: Vec<i64>,
}
