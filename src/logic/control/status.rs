//! How a fleet stands: the reply to `status`, and what `ocowatch --once --json` prints.

use serde::{Deserialize, Serialize};

/// How a fleet stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetStatus {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// When, RFC 3339.
    pub at: String,
    /// Why that is not now: what is wrong, for people. Only where the board tells it in place of the watcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
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
    /// How many have to be up; none: the watcher, who knows, did not tell.
    pub need: Option<u32>,
    /// How many are.
    pub up: u32,
    /// How many there are.
    pub of: u32,
    /// How many of its targets are in each state. Only where not all of them are listed below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<TargetCounts>,
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

/// How many targets of a service are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetCounts {
    /// Down.
    pub ko: u32,
    /// Not known.
    pub unknown: u32,
    /// Up, but.
    pub but: u32,
    /// Up.
    pub ok: u32,
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
    /// Who acknowledged.
    #[serde(default)]
    pub acked: Option<ActStatus>,
    /// Who muted it.
    #[serde(default)]
    pub muted: Option<ActStatus>,
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
