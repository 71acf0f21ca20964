//! What `oco fleet`, ocoboard and others say to ocowatch by its control socket, and what it answers: a JSON line each.
//!
//! ```text
//!  > {"version":1,"order":"status","patterns":["web"]}
//!  < {"version":1,"at":"2026-11-25T10:00:00Z","state":"ko","code":350,"services":[...],"nodes":[...],"slos":[...]}
//!  > {"version":1,"zone":"Europe/Paris","local":true,"order":"ack","name":"web/oco","for":7200000,"text":"disk ordered"}
//!  < {"version":1,"ok":true,"act":"ack","name":"web/oco","took":["web/oco"],"who":"root","until":"2026-11-25T13:00:00+01:00","text":"disk ordered"}
//!  > {"version":1,"order":"report","reports":[{"name":"backup/nightly/db1","code":200,"period":60000,"text":"done"}]}
//!  < {"version":1,"ok":true,"results":[null]}
//!  < {"version":1,"error":"..."}                                  to any order that is refused
//! ```
//!
//! | order | reply |
//! | --- | --- |
//! | `status` | [`FleetStatus`] |
//! | `log` | a line for each [`LogEntry`], the newest last, then [`Done`] |
//! | `ack` `unack` `mute` `unmute` `maint` `unmaint` `adjust` `unadjust` `alert` `forget` | [`ActReply`] |
//! | `adjustments`, `incidents` | an array of [`AdjustmentStatus`], of [`IncidentStatus`] |
//! | `report` | [`ReportReply`] |
//! | `token` | [`TokenReply`] |
//! | `acktoken` | [`ActReply`] |
//! | `bars` | [`BarsReply`] |
//! | `availability` | [`AvailabilityStatus`] |
//! | what is refused | [`Refusal`], also behind entries of the log |
//!
//! A connection takes one order after the other; each gets its whole reply, in order. A line to the watcher has at most
//! [`CONTROL_REQUEST_OCTETS`](crate::limits::CONTROL_REQUEST_OCTETS); one that is longer, or no JSON, is refused, and the
//! connection closed. Unknown keys are ignored on both sides, so that keys can be added within a version.
//!
//! The shapes are those that `oco fleet ... --json` prints.
//!
//! # Times
//!
//! A time in a request is text, as a person writes it: RFC 3339, `2026-11-25`, `10:00` (both in [`Request::zone`]), `-2h`
//! (before now). The watcher reads it, since it has calendars; `oco_fleet::when` is how. Lengths are milliseconds.
//! Times in replies are RFC 3339: in UTC, with `Z`, unless [`Request::local`] asks for those of the zone, with its offset.

mod history;
mod status;

pub use history::{AdjustmentStatus, AvailabilityStatus, BarStatus, BarsReply, IncidentStatus, LogEntry};
pub use status::{
    ActStatus, FleetStatus, LevelStatus, NodeStatus, ServiceStatus, TargetCounts, TargetStatus,
};

use serde::{Deserialize, Serialize};

/// The version of what is said.
pub const VERSION: u32 = 1;
/// Why a token is refused that was good once: the failure is over.
pub const FAILURE_OVER: &str = "this failure is over";
/// How the refusal of a report ends whose target is new, in a group that takes in nobody.
pub const NOT_TAKEN_IN: &str = "not known, and its group does not accept reports";
/// Where the watcher listens unless its file says otherwise.
pub const SOCKET: &str = "/run/oco-watch/control";

/// A line to the watcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// Who acts, where a program acts for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The caller's time zone: a name of the time zone database, or what else the variable `TZ` may hold. None: that of
    /// the watcher's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Whether the times of the reply are to be that zone's. Else they are UTC.
    #[serde(default, skip_serializing_if = "is_false")]
    pub local: bool,
    /// What to do.
    #[serde(flatten)]
    pub order: FleetOrder,
}

/// What the watcher is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "lowercase")]
pub enum FleetOrder {
    /// Tell how things stand.
    Status {
        /// Of whom; none: of all.
        #[serde(default)]
        patterns: Vec<String>,
        /// Of each service at most so many targets, the worst first, and of those that are ok only the ones that are
        /// acknowledged, muted or under maintenance, with [`ServiceStatus::counts`] of all. None: all targets, and no
        /// counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<u32>,
    },
    /// Tell what happened.
    Log {
        /// To whom; none: to all.
        #[serde(default)]
        patterns: Vec<String>,
        /// From then on; none: the last [`LOG_ENTRIES`](crate::limits::LOG_ENTRIES).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<String>,
    },
    /// No further alerts of this failure.
    Ack(Act),
    /// Undo that.
    Unack(Undo),
    /// No alerts.
    Mute(Act),
    /// Undo that.
    Unmute(Undo),
    /// Planned work.
    Maint(Act),
    /// Undo that.
    Unmaint(Undo),
    /// Lay a correction over the journal.
    Adjust {
        /// Of whom: a target, service, node or group; of a group each service gets a correction of its own.
        name: String,
        /// From then on
        from: String,
        /// until then, which has passed,
        to: String,
        /// it was so: `ok`, `but`, `ko` or `unknown`.
        state: String,
        /// Why.
        text: String,
    },
    /// List the corrections.
    Adjustments,
    /// Take one back.
    Unadjust {
        /// Its number.
        id: i64,
    },
    /// List the incidents.
    Incidents,
    /// Take in passive results: each, or the reason why not.
    Report {
        /// The results.
        reports: Vec<Report>,
    },
    /// Send a direct alert.
    Alert {
        /// Whose alerts.
        name: String,
        /// What to tell.
        text: String,
    },
    /// Tell whose failure a token is of.
    Token {
        /// The token, as the alert has it.
        token: String,
    },
    /// Acknowledge the failure that a token is of. The one order that the socket `token` takes, too.
    #[serde(rename = "acktoken")]
    AckToken {
        /// The token, as the alert has it.
        token: String,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// Drop what reported and is gone.
    Forget {
        /// Who.
        name: String,
    },
    /// Tell how it was over a time, in `cells` pieces of equal length, as [`BarStatus`].
    Bars {
        /// Of whom; none: of all services, nodes and levels.
        #[serde(default)]
        patterns: Vec<String>,
        /// From then on
        from: String,
        /// until then; none: now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// In so many pieces.
        cells: u32,
    },
    /// Reckon an availability.
    Availability {
        /// Whose.
        name: String,
        /// From then on; none: from the journal's beginning, for a level from that of its period in which the last
        /// moment lies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Until then, now at the latest; none: now. A level's budget is that of the whole time that is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
}

/// Somebody acts on somebody. Who says both `until` and `for` is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// On whom: a target, service, node or group.
    pub name: String,
    /// From then on; none: from now. Of planned work alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until then; none: until it is undone, an acknowledgement also until it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// For so many milliseconds from its beginning.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<i64>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Somebody undoes that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// On whom.
    pub name: String,
}

/// A passive result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The target.
    pub name: String,
    /// 2XX, 3XX or 5XX.
    pub code: u16,
    /// The promise: the next one comes within so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<i64>,
    /// Words for people.
    #[serde(default)]
    pub text: String,
    /// Performance data, as it stands behind the `|` of a plugin's line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub perfdata: String,
    /// Whether it is to be taken only if the next one of the order is taken, too: what somebody sent at once is taken whole
    /// or not at all.
    #[serde(default, skip_serializing_if = "is_false")]
    pub with_next: bool,
}

/// All was told, or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// [`VERSION`].
    pub version: u32,
    /// True.
    pub ok: bool,
}

impl Default for Done {
    fn default() -> Done {
        Done { version: VERSION, ok: true }
    }
}

/// Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// [`VERSION`].
    pub version: u32,
    /// Why: one line, what, which, and what was expected.
    pub error: String,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(error: impl Into<String>) -> Refusal {
        Refusal { version: VERSION, error: error.into() }
    }
}

/// What became of an act.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActReply {
    /// [`VERSION`].
    pub version: u32,
    /// True.
    pub ok: bool,
    /// The word of the order.
    pub act: String,
    /// The name that was given; of `unadjust` whose correction it was, empty where that did not count any more.
    pub name: String,
    /// What it took: of a group each service (or, of an acknowledgement, each that fails), of an undoing what there was to
    /// undo, of a direct alert who is told (`ALERT: COMMAND`). Empty where there was nothing.
    #[serde(default)]
    pub took: Vec<String>,
    /// Of a direct alert: who is not told yet, and why (`ALERT: outside of its hours`). Of `unmaint`: what is under maintenance
    /// by the watcher's file still (`NAME, by watch.toml until TIME`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// Who acted: a user, or `NAME via USER`.
    pub who: String,
    /// The number of a correction, of several the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The numbers of all corrections that were made, in the order of `took`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// The state of a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// From when, RFC 3339; none: from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Whether the journal has it not yet, as its disk does not answer: if the watcher is killed now, it is lost.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unwritten: bool,
}

/// What became of reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportReply {
    /// [`VERSION`].
    pub version: u32,
    /// True, also where some were not taken.
    pub ok: bool,
    /// For each in its order: none where it was taken, else why not.
    pub results: Vec<Option<String>>,
}

/// Whose failure a token is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReply {
    /// [`VERSION`].
    pub version: u32,
    /// True.
    pub ok: bool,
    /// Who fails.
    pub name: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Why.
    pub reason: String,
    /// Who acknowledged it.
    pub acked: Option<ActStatus>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
