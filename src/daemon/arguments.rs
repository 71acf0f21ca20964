//! The command line of ocod.

use crate::config;
use crate::logic::time::parse_max_age;
use clap::Parser;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Answers on TCP port 79 with one line for the whole host, made from its status files.
#[derive(Debug, Clone, Parser)]
#[command(name = "ocod", version, after_help = "See ocod(8), ocod.toml(5) and oco(7).")]
pub struct Arguments {
    /// The configuration file [default: /etc/oco/ocod.toml, if it is there]
    #[arg(short = 'c', value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The directory of the status files [default: $OCO_DIR, else the file's, else /var/lib/oco]
    #[arg(short = 'd', value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Listen here instead of where the file says; may be given several times [default: [::]:79]
    #[arg(short = 'l', value_name = "ADDR:PORT", value_parser = config::parse_address)]
    pub listen: Vec<SocketAddr>,
    /// How old a result may be, as 5m or 25h [default: the file's, else 5m]
    #[arg(long, value_name = "AGE", value_parser = parse_max_age)]
    pub max_age: Option<Duration>,
    /// Become this user once the ports are bound
    #[arg(short = 'u', value_name = "USER")]
    pub user: Option<String>,
    /// Check the configuration and exit
    #[arg(short = 't')]
    pub test: bool,
}

impl Arguments {
    /// Where the configuration file is, if there is one.
    pub fn config_file(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(config::DEFAULT_FILE))
    }
}
