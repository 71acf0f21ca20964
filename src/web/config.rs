//! The settings of ocoboard: what `board.toml` says, checked. `file` reads its text, `build` makes settings of it. Nothing
//! here is done about a setting.

mod build;
mod file;
#[cfg(test)]
mod tests;
pub mod there;

use crate::limits::SETTINGS_OCTETS;
use crate::report::Format;
use oco::config::ConfigError;
use oco::config::shape;
use oco::config::source::{self, Fault};
use oco::logic::network::Network;
use oco_fleet::calendar::Period;
use oco_fleet::object::Pattern;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where the file is unless told.
pub const DEFAULT_FILE: &str = "/etc/oco/board.toml";

/// All settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What to listen on.
    pub listen: Vec<Listen>,
    /// The files of TLS; none: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where people find the board, without a slash at its end.
    pub base_url: Option<String>,
    /// Whose board it is, for people.
    pub title: String,
    /// The zone in which times are shown; none: the host's.
    pub time_zone: Option<String>,
    /// The control socket of ocowatch.
    pub control: PathBuf,
    /// Its journal.
    pub journal: PathBuf,
    /// Keys, tokens, and what reports were sent.
    pub state_dir: PathBuf,
    /// The user to become.
    pub user: Option<String>,
    /// Further fonts for reports.
    pub fonts: Vec<PathBuf>,
    /// Who may come in, and see what.
    pub access: Access,
    /// Who may push.
    pub push: Push,
    /// Pages for everybody.
    pub pages: Vec<PublicPage>,
    /// Reports that are sent.
    pub reports: Vec<ReportPlan>,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and an authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What somebody may do. Who may act may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See.
    Read,
    /// Acknowledge, mute and the like.
    Act,
}

/// Who may come in, and see what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether only who is known may see.
    pub only_users: bool,
    /// From where somebody may come; none: from everywhere.
    pub networks: Option<Vec<Network>>,
    /// Whose word on who asks is believed.
    pub proxies: Vec<Network>,
    /// What somebody may whom a proxy names.
    pub proxy_role: Role,
}

/// Who may push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// From where a name that is not known may come.
    pub accept_new: AcceptNew,
    /// The hostgroup that takes them in.
    pub group: String,
    /// So many of them a minute.
    pub new_a_minute: u32,
}

/// From where a name that is not known may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptNew {
    /// From everywhere.
    Everywhere,
    /// From nowhere.
    Nowhere,
    /// From these.
    From(Vec<Network>),
}

impl AcceptNew {
    /// Whether a name that is not known may come from there. What comes by a socket of this host has no address.
    pub fn takes(&self, address: Option<IpAddr>) -> bool {
        match self {
            AcceptNew::Everywhere => true,
            AcceptNew::Nowhere => false,
            AcceptNew::From(networks) => {
                address.is_none_or(|address| networks.iter().any(|network| network.contains(address)))
            }
        }
    }
}

/// A page for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPage {
    /// Its name: `/p/NAME`.
    pub name: String,
    /// What it lists.
    pub of: Vec<Pattern>,
    /// How many days back.
    pub days: u32,
}

/// A report that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlan {
    /// Its name.
    pub name: String,
    /// Of what.
    pub of: Vec<Pattern>,
    /// How often.
    pub every: Every,
    /// As what.
    pub formats: Vec<Format>,
    /// Where to.
    pub to: SentTo,
}

/// How often a report is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// After each day.
    Day,
    /// After each week.
    Week,
    /// After each month.
    Month,
    /// After each quarter of a year.
    Quarter,
    /// After each year.
    Year,
}

impl Every {
    /// The period that each of them is of.
    pub fn period(self) -> Period {
        match self {
            Every::Day => Period::Day,
            Every::Week => Period::Week,
            Every::Month => Period::Month,
            Every::Quarter => Period::Quarter,
            Every::Year => Period::Year,
        }
    }
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentTo {
    /// To these addresses, by mail.
    Mail(Vec<String>),
    /// Into this directory.
    Directory(PathBuf),
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
    shape::read(text, &file::TABLES).and_then(build::build).map_err(|culprit| culprit.fault(text))
}

impl Settings {
    /// Stays with what only a new start can change as it is in `old`, which runs. Returns the keys that differ.
    pub fn stay_with(&mut self, old: &Settings) -> Vec<&'static str> {
        let keys = [
            ("listen", self.listen != old.listen),
            ("tls", self.tls.is_some() != old.tls.is_some()),
            ("control", self.control != old.control),
            ("journal", self.journal != old.journal),
            ("state-dir", self.state_dir != old.state_dir),
            ("user", self.user != old.user),
        ];
        self.listen.clone_from(&old.listen);
        if self.tls.is_some() != old.tls.is_some() {
            self.tls.clone_from(&old.tls);
        }
        self.control.clone_from(&old.control);
        self.journal.clone_from(&old.journal);
        self.state_dir.clone_from(&old.state_dir);
        self.user.clone_from(&old.user);
        keys.into_iter().filter(|(_, is_other)| *is_other).map(|(key, _)| key).collect()
    }
}
