//! How it was: the replies to `log`, `bars`, `adjustments`, `incidents` and `availability`.

use serde::{Deserialize, Serialize};

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

/// How some were over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarsReply {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// From when, RFC 3339.
    pub from: String,
    /// Until when, RFC 3339.
    pub to: String,
    /// A bar each.
    pub bars: Vec<BarStatus>,
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
    /// [`VERSION`](super::VERSION).
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
    /// What is wrong with what is known, for people. Only where the board tells it in place of the watcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
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
