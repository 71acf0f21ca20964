//! The command line of ocowatch.

use clap::Parser;
use std::path::PathBuf;

/// Watches a fleet of hosts: probes them, keeps a journal, and tells of it by a control socket.
#[derive(Debug, Clone, Parser)]
#[command(name = "ocowatch", version, after_help = "See ocowatch(8), watch.toml(5) and oco-fleet(1).")]
pub struct Arguments {
    /// The configuration file
    #[arg(short = 'c', value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    pub config: PathBuf,
    /// Check the configuration, and exit
    #[arg(short = 't', conflicts_with = "once")]
    pub test: bool,
    /// Probe all once, print the table, and exit: 2 if anything is ko, else 3 if unknown, else 1 if but, else 0
    #[arg(long)]
    pub once: bool,
    /// Print JSON in place of the table
    #[arg(long, requires = "once")]
    pub json: bool,
}
