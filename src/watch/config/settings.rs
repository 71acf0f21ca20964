//! What the settings are once they are checked: the hosts, what is asked of them, and what stands above.

mod alert;
mod probe;
mod table;

use oco_fleet::level::Promise;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::tree::Rule;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use alert::{After, Alert, AlertEvent, Alertmanager, Hours, Incident, Maintenance, Step};
pub use probe::{Banner, Http, Probe, Tls, Udp, Word};
pub use table::{Forwarding, HaproxySocket, Table, TableKind, VirtualService};

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the journal and what else is kept lies.
    pub state_dir: PathBuf,
    /// The control socket.
    pub control: PathBuf,
    /// The group that may use it.
    pub control_group: Option<String>,
    /// The user to become.
    pub user: Option<String>,
    /// How often names are made addresses.
    pub resolve_every: Duration,
    /// Where `/metrics` and `/health` are.
    pub metrics: Option<SocketAddr>,
    /// The board, for links to acknowledge.
    pub base_url: Option<String>,
    /// The time zone of hours and levels; none: the host's.
    pub time_zone: Option<String>,
    /// Who tells whether it is us; empty: nobody.
    pub canary: Vec<Canary>,
    /// The hostgroups, in the file's order.
    pub groups: Vec<Group>,
    /// The nodes, each behind its members.
    pub nodes: Vec<Node>,
    /// Whom to tell.
    pub alerts: Vec<Alert>,
    /// What Alertmanager is told.
    pub alertmanager: Option<Alertmanager>,
    /// The balancers' tables.
    pub tables: Vec<Table>,
    /// Weekly maintenance.
    pub maintenance: Vec<Maintenance>,
    /// How long transitions are kept.
    pub keep: Duration,
    /// What incidents run and promise.
    pub incident: Incident,
    /// The levels.
    pub levels: Vec<Level>,
    /// Where each service and node is published as a status file.
    pub publish: Option<PathBuf>,
    /// How long figures are kept; none: there are none.
    pub figures_keep: Option<Duration>,
    /// Another board to tell.
    pub forward: Option<Forward>,
}

impl Settings {
    /// Whether ipvsadm is to be run.
    pub fn has_lvs(&self) -> bool {
        self.tables.iter().any(|table| matches!(table.kind, TableKind::Lvs { .. }))
    }

    /// How the servers prove who they are that are spoken to by TLS: those of probes, of Alertmanager and of another
    /// board.
    pub fn verified(&self) -> impl Iterator<Item = &Tls> {
        let services = self.groups.iter().flat_map(|group| &group.services);
        let of_probes = services.filter_map(|service| match service.probe.as_ref() {
            Probe::Http(http) => http.tls.as_ref(),
            Probe::Oco { .. }
            | Probe::Tcp { .. }
            | Probe::Banner(_)
            | Probe::Udp(_)
            | Probe::Ping
            | Probe::Exec(_)
            | Probe::Mon(_)
            | Probe::Report(_) => None,
        });
        let of_alertmanager = self.alertmanager.iter().filter_map(|alertmanager| alertmanager.tls.as_ref());
        let of_forward = self.forward.iter().filter_map(|forward| forward.tls.as_ref());
        of_probes.chain(of_alertmanager).chain(of_forward)
    }

    /// Stays with what counts only after a restart as it is in `old`, which runs. Returns the keys that differ.
    pub fn stay_with(&mut self, old: &Settings) -> Vec<&'static str> {
        let keys = [
            ("state-dir", self.state_dir != old.state_dir),
            ("control", self.control != old.control),
            ("control-group", self.control_group != old.control_group),
            ("user", self.user != old.user),
        ];
        self.state_dir.clone_from(&old.state_dir);
        self.control.clone_from(&old.control);
        self.control_group.clone_from(&old.control_group);
        self.user.clone_from(&old.user);
        keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}

/// A host that answers where our own network works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// As the file has it.
    pub name: String,
    /// Where.
    pub address: IpAddr,
    /// TCP port; none: ping.
    pub port: Option<u16>,
}

/// A hostgroup.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its hosts, in the file's order.
    pub hosts: Vec<Host>,
    /// Its services, in the file's order.
    pub services: Vec<Service>,
    /// Whether hosts and services that report are taken in.
    pub accept_reports: bool,
    /// The timing of services that are taken in.
    pub timing: Timing,
}

/// A host of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name: that of the file, else its address as the file has it.
    pub name: Box<str>,
    /// Its address as the file has it, where that is not its name.
    pub address_text: Option<Box<str>>,
    /// A name to be looked up, or an address, without brackets and port.
    pub address: Address,
    /// Its own port.
    pub port: Option<u16>,
}

impl Host {
    /// Its address as the file has it, for monitors.
    pub fn written(&self) -> &str {
        self.address_text.as_deref().unwrap_or(&self.name)
    }
}

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Here.
    Ip(IpAddr),
    /// Where the resolver says.
    Name(Box<str>),
}

/// A service: one probe over the group's hosts.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the group.
    pub name: String,
    /// What is done.
    pub probe: Arc<Probe>,
    /// When, and what it takes to change.
    pub timing: Timing,
    /// How many targets have to be up.
    pub need: Rule,
    /// While one of these is ko, nobody is alerted.
    pub depends: Vec<ObjectName>,
}

/// When targets are probed, and what it takes until a state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From start to start.
    pub interval: Duration,
    /// The same while a change is being counted.
    pub fast_interval: Duration,
    /// For connecting and the answer together.
    pub timeout: Duration,
    /// Failures in a row until ok becomes ko.
    pub fall: u32,
    /// Successes in a row until ko becomes ok.
    pub rise: u32,
    /// No success for so long is ko.
    pub max_silence: Duration,
    /// What is called flapping.
    pub flap: Flap,
}

/// What is called flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flap {
    /// So many transitions of state
    pub changes: u32,
    /// within this time are flapping,
    pub within: Duration,
    /// until there was none for so long.
    pub calm: Duration,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, without `node:`.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// Services, targets and nodes, as patterns: the objects that match now are its members.
    pub members: Vec<Pattern>,
    /// How many have to be up.
    pub rule: Rule,
    /// Whether those that are `but` count as ok.
    pub ignore_but: bool,
}

/// A level: what was promised.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its name, without `slo:`.
    pub name: String,
    /// Whose availability it is.
    pub of: ObjectName,
    /// What was promised of it.
    pub promise: Promise,
}

/// Another board that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where it is.
    pub url: String,
    /// How one of https proves who it is. The end of its certificate is not judged.
    pub tls: Option<Tls>,
    /// Our name there.
    pub name: String,
    /// Where our key is.
    pub key_file: PathBuf,
    /// Of whom.
    pub of: Vec<Pattern>,
    /// How often.
    pub every: Duration,
}
