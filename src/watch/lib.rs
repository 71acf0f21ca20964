//! ocowatch: watches hosts from where the load balancer stands.

pub mod addresses;
pub mod arguments;
pub mod config;
pub mod control;
pub mod decide;
pub mod journal_reader;
pub mod journal_writer;
pub mod limits;
pub mod probe;
pub mod programs;
pub mod resolver;
pub mod token;

use std::process::ExitCode;

/// Runs ocowatch with the command line of the process.
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}
