//! The settings of ocowatch: what `watch.toml` says, checked. `file` and the sections beside it read its text, `build`
//! makes `settings` of it. Nothing here is done about a setting.

mod alert;
mod build;
mod figures;
mod file;
mod host;
mod level;
mod names;
mod node;
mod probe;
mod section;
mod settings;
mod silence;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod word;

use crate::limits::SETTINGS_OCTETS;
use oco::config::ConfigError;
use oco::config::shape;
use oco::config::source::{self, Fault};
use oco_fleet::object::ObjectName;
use std::path::{Path, PathBuf};

pub use build::FIGURES_KEEP;
pub use settings::{
    Address, After, Alert, AlertEvent, Alertmanager, Banner, Canary, Flap, Forward, Forwarding, Group,
    HaproxySocket, Host, Hours, Http, Incident, Level, Maintenance, Node, Probe, Service, Settings, Step,
    Table, TableKind, Timing, Tls, Udp, VirtualService, Word,
};
pub use word::{Piece, Placeholder, pieces};

/// Where the file is unless told.
pub const DEFAULT_FILE: &str = "/etc/oco/watch.toml";

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
    shape::read(text, &file::TABLES).and_then(build::build).map_err(|culprit| section::fault(culprit, text))
}

/// The socket beside the control socket that takes an acknowledgement by token and nothing else.
pub fn token_socket(control: &Path) -> PathBuf {
    control.with_file_name("token")
}

/// The status file that a service or node is published as.
pub fn published_name(name: &ObjectName) -> String {
    level::file_name(name.as_str())
}
