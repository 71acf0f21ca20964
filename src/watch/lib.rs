//! ocowatch: watches hosts from where the load balancer stands.

pub mod config;
pub mod decide;
pub mod limits;
pub mod probe;

use std::process::ExitCode;

/// Runs ocowatch with the command line of the process.
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}
