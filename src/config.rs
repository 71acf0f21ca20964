//! The settings of ocod and oco: what the file says, and where the directory is.

mod address;
pub mod culprit;
mod file;
pub mod outside;
pub mod shape;
pub mod source;

use crate::limits::{BUT_WEIGHT, CONFIG_OCTETS, LISTENERS, MAX_CONNECTIONS};
use crate::logic::answer::PORT;
use crate::logic::board::Rules;
use crate::logic::face::Face;
use crate::logic::name::{Pattern, is_heard_everywhere};
use crate::logic::network::Network;
use source::ReadError;
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub use address::parse_address;
pub use file::parse;
pub use source::{Fault, Place};

/// Where the file is unless told.
pub const DEFAULT_FILE: &str = "/etc/oco/ocod.toml";
/// Where the status files are unless told.
pub const DEFAULT_DIRECTORY: &str = "/var/lib/oco";
/// Names the directory for ocod and oco.
pub const DIRECTORY_VARIABLE: &str = "OCO_DIR";

/// All settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The directory of the status files, if the file names one.
    pub directory: Option<PathBuf>,
    /// The user to become.
    pub user: Option<String>,
    /// Connections at once.
    pub max_connections: u32,
    /// Whether a host without any check is OK.
    pub empty_is_ok: bool,
    /// Max-ages and required checks.
    pub rules: Rules,
    /// What to listen on; empty: the default.
    pub listeners: Vec<Listen>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            directory: None,
            user: None,
            max_connections: MAX_CONNECTIONS,
            empty_is_ok: false,
            rules: Rules::default(),
            listeners: Vec::new(),
        }
    }
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Its name, by which a socket that systemd passes takes its settings.
    pub name: Option<String>,
    /// Address and port. Port 0 is any free one.
    pub address: SocketAddr,
    /// The checks that it answers for, besides those that every listener hears; empty: all.
    pub checks: Vec<Pattern>,
    /// The clients that it answers; none: all.
    pub allow: Option<Vec<Network>>,
    /// How it answers, if the settings say so.
    pub speak: Option<Face>,
    /// Whether the port is closed while the verdict is KO.
    pub refuse_when_ko: bool,
    /// The weight in per cent that [`Face::Agent`] gives a host that is OK, but.
    pub but_weight: u8,
}

impl Listen {
    /// A listener for everybody and everything.
    pub fn new(address: SocketAddr) -> Listen {
        Listen {
            name: None,
            address,
            checks: Vec::new(),
            allow: None,
            speak: None,
            refuse_when_ko: false,
            but_weight: BUT_WEIGHT,
        }
    }

    /// How it answers.
    pub fn speak(&self) -> Face {
        self.speak.unwrap_or_default()
    }

    /// Whether the check `name` counts here.
    pub fn covers(&self, name: &str) -> bool {
        is_heard_everywhere(name) || self.is_about(name)
    }

    /// Whether the listener is for the check `name`, so that something is known here once it is. What every listener
    /// hears says nothing of the checks that this one is for.
    pub fn is_about(&self, name: &str) -> bool {
        self.checks.is_empty() || self.checks.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether the client at `address` is answered.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow.as_ref().is_none_or(|networks| networks.iter().any(|network| network.contains(address)))
    }
}

/// What is wrong with the settings. Said in one line, `FILE:LINE: what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file; none: the command line.
    file: Option<PathBuf>,
    /// The line where that is known, counted from 1.
    line: Option<usize>,
    /// What, which, why and what was expected, in one line.
    what: String,
    excerpt: Option<String>,
    is_denied: bool,
}

impl ConfigError {
    /// What is wrong with the command line.
    pub fn of_the_command_line(what: String) -> ConfigError {
        ConfigError { file: None, line: None, what, excerpt: None, is_denied: false }
    }

    /// Whether it is the command line that is wrong.
    pub fn is_usage(&self) -> bool {
        self.file.is_none()
    }

    /// The line that is wrong and a mark below what is meant, for people at a terminal: two printable lines.
    pub fn excerpt(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }

    /// Whether the file, or one that it names, may not be read by this process, though others could.
    pub fn is_denied(&self) -> bool {
        self.is_denied
    }

    /// What is wrong with `file` as a whole.
    pub fn unread(file: &Path, error: &ReadError) -> ConfigError {
        let is_denied =
            matches!(error, ReadError::Unreadable(error) if error.kind() == ErrorKind::PermissionDenied);
        let (line, what) = (error.line(), error.to_string());
        ConfigError { file: Some(file.to_owned()), line, what, excerpt: None, is_denied }
    }

    /// The same, because this process may not read something.
    pub fn denied(self) -> ConfigError {
        ConfigError { is_denied: true, ..self }
    }

    /// What is wrong in `file`.
    pub fn misunderstood(file: &Path, fault: Fault) -> ConfigError {
        let (line, excerpt) = fault.place.map(|place| (place.line, place.excerpt())).unzip();
        ConfigError { file: Some(file.to_owned()), line, what: fault.what, excerpt, is_denied: false }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (None, _) => {}
            (Some(file), None) => write!(f, "{}: ", file.display())?,
            (Some(file), Some(line)) => write!(f, "{}:{line}: ", file.display())?,
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for ConfigError {}

/// Reads the settings from `file`, or from the default place if there is a file.
///
/// # Errors
/// The file can't be read, or there is something wrong in it.
pub fn load(file: Option<&Path>) -> Result<Settings, ConfigError> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    match source::read(path, CONFIG_OCTETS) {
        Ok(text) => parse(&text).map_err(|fault| ConfigError::misunderstood(path, fault)),
        Err(ReadError::Unreadable(error)) if error.kind() == ErrorKind::NotFound && file.is_none() => {
            Ok(Settings::default())
        }
        Err(error) => Err(ConfigError::unread(path, &error)),
    }
}

/// The directory: as the command line says, else the environment, else the file, else the default.
pub fn directory(flag: Option<PathBuf>, settings: &Settings) -> PathBuf {
    directory_without_file(flag).unwrap_or_else(|| directory_of(settings))
}

/// The directory as the command line says, else the environment; none: it is the file's to say.
pub fn directory_without_file(flag: Option<PathBuf>) -> Option<PathBuf> {
    let from_environment =
        || std::env::var_os(DIRECTORY_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.or_else(from_environment)
}

/// The directory as the file says, else the default.
pub fn directory_of(settings: &Settings) -> PathBuf {
    settings.directory.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DIRECTORY))
}

/// The default listener: everybody's, on IPv6 and IPv4.
pub fn default_listener() -> Listen {
    Listen::new(SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT)))
}

/// Checks a list of listeners as a whole.
///
/// # Errors
/// The first listener that does not fit beside the others, and why.
pub fn check_listeners(listeners: &[Listen]) -> Result<(), (usize, String)> {
    for (index, listener) in listeners.iter().enumerate() {
        if index >= LISTENERS {
            return Err((index, format!("too many listeners; expected at most {LISTENERS}")));
        }
        let address = listener.address;
        let is_again = listeners.iter().take(index).any(|other| other.address == address);
        if is_again && address.port() != 0 {
            return Err((index, format!("address {address}: given twice")));
        }
        // A socket that systemd passes would take the settings of one, and nobody could tell of which.
        if let Some(name) = &listener.name
            && listeners.iter().take(index).any(|other| other.name.as_ref() == Some(name))
        {
            return Err((index, format!("name {name:?}: given twice")));
        }
    }
    Ok(())
}

/// Whether the listener on `address` must not take IPv4 too: the same port is given for IPv4.
pub fn is_ipv6_only(address: SocketAddr, listeners: &[Listen]) -> bool {
    let is_taken = |other: &Listen| other.address.is_ipv4() && other.address.port() == address.port();
    address.port() != 0 && listeners.iter().any(is_taken)
}
