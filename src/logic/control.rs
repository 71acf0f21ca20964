//! What `oco fleet`, ocoboard and others say to ocowatch by its control socket, and what it answers: a JSON line each.
//!
//! ```text
//!  > {"version":1,"order":"status","patterns":["web"]}
//!  < {"version":1,"at":"2026-11-25T10:00:00Z","state":"ko","code":350,"services":[...],"nodes":[...],"slos":[...]}
//!  > {"version":1,"order":"report","reports":[{"name":"backup/nightly/db1","code":200,"period":60000,"text":"done"}]}
//!  < {"version":1,"ok":true,"results":[null]}
//!  < {"version":1,"error":"..."}                                  to any order that is refused
//! ```
//!
//! A connection takes one order after the other; each gets its whole reply, in order. The reply to `log` is a line for
//! each entry and a last one, `{"version":1,"ok":true}`. The shapes are those that `oco fleet ... --json` prints.

use serde::{Deserialize, Serialize};

/// The version of what is said.
pub const VERSION: u32 = 1;

/// A line to the watcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// Who acts, where a program acts for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What to do.
    #[serde(flatten)]
    pub order: FleetOrder,
}

/// What the watcher is to do. Times are milliseconds since 1970, lengths milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "lowercase")]
pub enum FleetOrder {
    /// Tell how things stand.
    Status {
        /// Of whom; none: of all.
        #[serde(default)]
        patterns: Vec<String>,
    },
    /// Tell what happened.
    Log {
        /// To whom; none: to all.
        #[serde(default)]
        patterns: Vec<String>,
        /// From then on; none: the last [`LOG_ENTRIES`](crate::limits::LOG_ENTRIES).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<i64>,
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
        /// Of whom.
        name: String,
        /// From then on
        from: i64,
        /// until then
        to: i64,
        /// it was so.
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
    /// Take in passive results: all or, for each that can't be, the reason.
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
    /// Drop what reported and is gone.
    Forget {
        /// Who.
        name: String,
    },
    /// Tell how it was over a time, in `cells` pieces of equal length, as [`BarStatus`].
    Bars {
        /// Of whom; none: of all services and nodes.
        #[serde(default)]
        patterns: Vec<String>,
        /// From then on
        from: i64,
        /// until then.
        to: i64,
        /// In so many pieces.
        cells: u32,
    },
    /// Reckon an availability.
    Availability {
        /// Whose.
        name: String,
        /// From then on; none: from the journal's beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<i64>,
        /// Until then; none: now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<i64>,
    },
}

/// Somebody acts on somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// On whom: a target, service, node or group.
    pub name: String,
    /// From then on; none: from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Until then; none: until it is undone, an acknowledgement also until it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Why.
    #[serde(default)]
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
}

/// How a fleet stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetStatus {
    /// [`VERSION`].
    pub version: u32,
    /// When, RFC 3339.
    pub at: String,
    /// The worst of what was asked for, what is planned left out.
    pub state: String,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// The services, worst first.
    pub services: Vec<ServiceStatus>,
    /// The nodes, worst first.
    pub nodes: Vec<NodeStatus>,
    /// The levels, worst first.
    pub slos: Vec<LevelStatus>,
}

/// How a service stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// `GROUP/SERVICE`.
    pub name: String,
    /// `unknown`, `ok`, `but` or `ko`.
    pub state: String,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// How many have to be up.
    pub need: u32,
    /// How many are.
    pub up: u32,
    /// How many there are.
    pub of: u32,
    /// Who acknowledged.
    pub acked: Option<ActStatus>,
    /// Who muted it.
    pub muted: Option<ActStatus>,
    /// Whose maintenance it is under.
    pub maint: Option<ActStatus>,
    /// Whether it goes up and down.
    pub flapping: bool,
    /// Its targets, worst first.
    pub targets: Vec<TargetStatus>,
}

/// How a target stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// `GROUP/SERVICE/HOST`.
    pub name: String,
    /// The host's name.
    pub host: String,
    /// Its address in use, with the port where there is one; none while that is not known.
    pub address: Option<String>,
    /// `unknown`, `ok`, `but` or `ko`.
    pub state: String,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// When something was last found out, RFC 3339.
    pub last: Option<String>,
    /// How many milliseconds the last probe took, to the microsecond.
    pub latency_ms: Option<f64>,
    /// Who acknowledged.
    pub acked: Option<ActStatus>,
    /// Who muted it.
    pub muted: Option<ActStatus>,
    /// Whose maintenance it is under.
    pub maint: Option<ActStatus>,
}

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// `node:NAME`.
    pub name: String,
    /// For people; the name where the file has none.
    pub title: String,
    /// `unknown`, `ok`, `but` or `ko`.
    pub state: String,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// How many members have to be up, as the file has it.
    pub rule: String,
    /// Their names.
    pub members: Vec<String>,
    /// Who acknowledged.
    pub acked: Option<ActStatus>,
    /// Who muted it.
    pub muted: Option<ActStatus>,
    /// Whose maintenance it is under.
    pub maint: Option<ActStatus>,
}

/// How a level stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelStatus {
    /// `slo:NAME`.
    pub name: String,
    /// `unknown`, `ok`, `but` or `ko`.
    pub state: String,
    /// Its code; none while unknown.
    pub code: Option<u16>,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Whose availability it is.
    pub of: String,
}

/// Who acted, until when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActStatus {
    /// A user, or `NAME via USER`; of a window in the file its file.
    pub who: String,
    /// Since when, RFC 3339.
    pub at: String,
    /// Until when, RFC 3339.
    pub until: Option<String>,
    /// Why.
    pub text: String,
}

/// An entry of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When, RFC 3339.
    pub at: String,
    /// `transition`, `alert`, `act` or `incident`.
    pub kind: String,
    /// Of whom.
    pub name: String,
    /// Of a transition: the state before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The state from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it was planned from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<bool>,
    /// The dependency that was ko meanwhile.
    #[serde(default, rename = "while", skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<String>,
    /// Of an alert: the word of `on`; of an incident what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Which step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// What was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What came of it: `sent`, `held: ...`, `failed: ...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Of an act: `ack`, `unack`, `mute` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Words of who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Until when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// How somebody was over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarStatus {
    /// Who.
    pub name: String,
    /// A letter a piece, oldest first: `k` where it was ko at any time in it, else `b` for but, else `u` where it was
    /// unknown for more than half of it, else `o` for ok; `.` where nobody watched.
    pub cells: String,
}

/// A correction that is laid over the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentStatus {
    /// Its number.
    pub id: i64,
    /// Of whom.
    pub name: String,
    /// From when, RFC 3339.
    pub from: String,
    /// Until when, RFC 3339.
    pub to: String,
    /// What counts in place of the journal.
    pub state: String,
    /// Who corrected.
    pub who: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub text: String,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentStatus {
    /// Its number.
    pub id: i64,
    /// Of whom.
    pub name: String,
    /// `open`, `acknowledged` or `closed`.
    pub state: String,
    /// When it was opened, RFC 3339.
    pub opened: String,
    /// When it was acknowledged.
    pub acknowledged: Option<String>,
    /// When it was closed.
    pub closed: Option<String>,
    /// Who acknowledged it.
    pub who: Option<String>,
    /// The members that failed.
    pub members: Vec<String>,
}

/// An availability: lengths in milliseconds, which sum to the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AvailabilityStatus {
    /// [`VERSION`].
    pub version: u32,
    /// Of whom.
    pub name: String,
    /// From when, RFC 3339.
    pub from: String,
    /// Until when, RFC 3339.
    pub to: String,
    /// Up.
    pub ok: i64,
    /// Up, but.
    pub but: i64,
    /// Down.
    pub ko: i64,
    /// Not known.
    pub unknown: i64,
    /// Down, as planned.
    pub planned: i64,
    /// Nobody watched.
    pub no_data: i64,
    /// In per cent, rounded down to three decimals: of all that was measured.
    pub measured: Option<f64>,
    /// The same without what was planned.
    pub contractual: Option<f64>,
    /// Of a level: what was promised, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// How long it may be down in the whole period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<i64>,
    /// What is left of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<i64>,
}
