//! The settings of ocowatch: what `watch.toml` says, checked. `file` and the sections beside it read its text, `build`
//! makes these of it. Nothing here is done about a setting.

mod alert;
mod build;
mod file;
mod host;
mod level;
mod names;
mod node;
mod probe;
mod section;
mod silence;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod word;

use crate::limits::SETTINGS_OCTETS;
use oco::config::ConfigError;
use oco::config::source::{self, Fault};

use oco_fleet::level::Promise;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::tree::Rule;
use section::Culprit;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use word::{Piece, Placeholder, pieces};

/// Where the file is unless told.
pub const DEFAULT_FILE: &str = "/etc/oco/watch.toml";

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

/// Reads the settings from the file at `path`.
///
/// # Errors
/// The file can't be read, or there is something wrong in it: one line, `FILE:LINE: what`.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let text = source::read(path, SETTINGS_OCTETS).map_err(|error| ConfigError::unread(path, &error))?;
    parse(&text).map_err(|fault| ConfigError::misunderstood(path, fault))
}

/// Reads the text of a file.
///
/// # Errors
/// The first fault, with its line.
pub fn parse(text: &str) -> Result<Settings, Fault> {
    let file: file::File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        Culprit { span, what: error.message().to_owned() }.fault(text)
    })?;
    build::build(file).map_err(|culprit| culprit.fault(text))
}

/// The socket beside the control socket that takes an acknowledgement by token and nothing else.
pub fn token_socket(control: &Path) -> PathBuf {
    control.with_file_name("token")
}

/// The status file that a service or node is published as.
pub fn published_name(name: &ObjectName) -> String {
    level::file_name(name.as_str())
}

impl Settings {
    /// What differs from `old` and counts only after a restart: its keys.
    pub fn needs_restart(&self, old: &Settings) -> Vec<&'static str> {
        let keys = [
            ("state-dir", self.state_dir != old.state_dir),
            ("control", self.control != old.control),
            ("control-group", self.control_group != old.control_group),
            ("user", self.user != old.user),
        ];
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
    Name(String),
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

/// What a probe does.
#[derive(Debug, Clone)]
pub enum Probe {
    /// Reads an OCO line.
    Oco {
        /// In place of the hosts' ports.
        port: Option<u16>,
    },
    /// Connects.
    Tcp {
        /// In place of the hosts' ports. There is a port for each host.
        port: Option<u16>,
    },
    /// Reads a greeting, and may say something and read what then comes.
    Banner(Banner),
    /// Asks for a page, perhaps by TLS.
    Http(Box<Http>),
    /// Sends a datagram and waits for one.
    Udp(Udp),
    /// ICMP echo.
    Ping,
    /// Runs a Nagios plugin for each host.
    Exec(Vec<Word>),
    /// Runs a mon monitor for all hosts at once.
    Mon(Vec<Word>),
    /// Waits for reports, which have to come within this.
    Report(Duration),
}

/// A word of a command: `{address}` and the like are put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(pub String);

/// A greeting that is expected.
#[derive(Debug, Clone)]
pub struct Banner {
    /// What the first line has to match.
    pub expect: regex::bytes::Regex,
    /// In place of the hosts' ports. There is a port for each host.
    pub port: Option<u16>,
    /// What is said then.
    pub send: Option<Vec<u8>>,
    /// What the line after that has to match.
    pub then: Option<regex::bytes::Regex>,
}

/// A page that is asked for.
#[derive(Debug, Clone)]
pub struct Http {
    /// Path and query, from `/` on.
    pub path: String,
    /// In place of the hosts' ports and the usual one.
    pub port: Option<u16>,
    /// The `Host` field and the name of the certificate, in place of the host's name.
    pub host: Option<String>,
    /// The method.
    pub method: String,
    /// Which status is well: ranges, both ends in.
    pub status: Vec<(u16, u16)>,
    /// What the body has to match.
    pub expect: Option<regex::bytes::Regex>,
    /// Further fields of the head.
    pub headers: Vec<(String, String)>,
    /// By TLS.
    pub tls: Option<Tls>,
}

/// How a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Whether it has to.
    pub verify: bool,
    /// The authorities in this file, in place of the system's.
    pub ca: Option<PathBuf>,
    /// A certificate that ends sooner than this is 210.
    pub expires_but: Duration,
    /// One that ends sooner than this is 300.
    pub expires_ko: Duration,
}

/// A datagram and its answer.
#[derive(Debug, Clone)]
pub struct Udp {
    /// What is sent.
    pub send: Vec<u8>,
    /// What the answer has to match; none: any answer will do.
    pub expect: Option<regex::bytes::Regex>,
    /// In place of the hosts' ports. There is a port for each host.
    pub port: Option<u16>,
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

/// Weekly hours, as the file has them: checked by [`oco_fleet::calendar`].
pub type Hours = oco_fleet::calendar::Hours;

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
    /// Of whom.
    pub of: Vec<Pattern>,
}

/// A balancer's table that follows a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The service.
    pub service: ObjectName,
    /// How.
    pub kind: TableKind,
}

/// The kinds of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// HAProxy's runtime socket.
    Haproxy {
        /// Where it is.
        socket: HaproxySocket,
        /// The backend.
        backend: String,
        /// Whether ko is `maint`, else `drain`.
        ko_is_maint: bool,
        /// The weight of `but`, in per cent.
        but_weight: u8,
        /// Never fewer than so many in.
        min_up: u32,
    },
    /// The kernel's IP virtual server.
    Lvs {
        /// `tcp ADDRESS:PORT`, `udp ADDRESS:PORT` or `fwmark N`.
        virtual_service: VirtualService,
        /// Seconds that clients stay with their server.
        persistent: Option<Duration>,
        /// The scheduler.
        scheduler: String,
        /// How packets get there.
        forward: Forwarding,
        /// Of the real servers.
        port: Option<u16>,
        /// Of ok.
        weight: u32,
        /// Of but.
        but_weight: u32,
        /// Whether ko gets weight 0 instead of being taken out.
        quiesce: bool,
        /// While every server is out.
        fallback: Option<SocketAddr>,
        /// Never fewer than so many in.
        min_up: u32,
    },
    /// A command at each change.
    Exec {
        /// It.
        command: Vec<Word>,
    },
}

/// Where HAProxy listens for commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaproxySocket {
    /// A Unix socket.
    Unix(PathBuf),
    /// `tcp ADDRESS:PORT`.
    Tcp(SocketAddr),
}

/// What an LVS service is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualService {
    /// TCP.
    Tcp(SocketAddr),
    /// UDP.
    Udp(SocketAddr),
    /// A mark of the firewall.
    Mark(u32),
}

/// How LVS forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding {
    /// Direct routing.
    Gate,
    /// Masquerading.
    Masq,
    /// Tunnelling.
    Ipip,
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
    /// Our name there.
    pub name: String,
    /// Where our key is.
    pub key_file: PathBuf,
    /// Of whom.
    pub of: Vec<Pattern>,
    /// How often.
    pub every: Duration,
}
