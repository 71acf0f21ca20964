//! Who is told of what, by which command, and when nobody is.

use super::{Tls, Word};
use oco_fleet::object::Pattern;
use std::time::Duration;

/// Whom to tell of what.
#[derive(Debug, Clone)]
pub struct Alert {
    /// What keeps its memory over a reload.
    pub name: Option<String>,
    /// Of whom.
    pub of: Vec<Pattern>,
    /// Of what.
    pub on: Vec<AlertEvent>,
    /// How long it has to fail before.
    pub after: After,
    /// Again after so long; none: once.
    pub every: Option<Duration>,
    /// How often at most, to a step.
    pub limit: Option<u32>,
    /// When; none: always.
    pub hours: Option<Hours>,
    /// For MON_DESCRIPTION.
    pub text: Option<String>,
    /// To whom, one after the other.
    pub steps: Vec<Step>,
}

/// What is alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertEvent {
    /// A failure began, or goes on.
    Ko,
    /// It is over.
    Ok,
    /// It is up, but.
    But,
    /// Nothing is known.
    Unknown,
    /// It goes up and down.
    Flapping,
    /// An incident was opened, or its promised time has passed.
    Incident,
    /// The set of failed members of a failure changed.
    Partial,
}

/// How long something has to fail until it is alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// So long.
    Time(Duration),
    /// So many probes.
    Probes(u32),
}

/// Somebody to tell.
#[derive(Debug, Clone)]
pub struct Step {
    /// So long after the first alert of the failure.
    pub after: Duration,
    /// By this.
    pub command: Vec<Word>,
    /// When; none: always.
    pub hours: Option<Hours>,
}

/// What Alertmanager is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alertmanager {
    /// Where they are: each gets everything.
    pub urls: Vec<String>,
    /// How those of https prove who they are; none: there are none. The ends of their certificates are not judged.
    pub tls: Option<Tls>,
    /// Of whom.
    pub of: Vec<Pattern>,
}

/// Weekly maintenance.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// Of whom.
    pub of: Vec<Pattern>,
    /// When.
    pub hours: Hours,
    /// Why.
    pub text: String,
}

/// What incidents run and promise.
#[derive(Debug, Clone, Default)]
pub struct Incident {
    /// Run at each change of one.
    pub command: Option<Vec<Word>>,
    /// When it has to be acknowledged.
    pub acknowledge_within: Option<Duration>,
    /// When it has to be closed.
    pub close_within: Option<Duration>,
}

/// Weekly hours, as the file has them: checked by [`oco_fleet::calendar`].
pub type Hours = oco_fleet::calendar::Hours;
