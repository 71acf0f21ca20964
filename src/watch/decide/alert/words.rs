//! What a command of an alert is given: mon's interface, and what mon does not have in variables of our own.

use super::Sending;
use crate::decide::moment::Moment;
use oco_fleet::object::ObjectName;

/// A command as it is run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables beside those that every command has.
    pub environment: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Vec<u8>,
}

/// The call of a command. `hosts` tells a target's host as the file has it; `token` acknowledges the failure.
pub fn call(
    sending: &Sending,
    hosts: &dyn Fn(&ObjectName) -> String,
    base_url: Option<&str>,
    token: Option<&str>,
    now: Moment,
) -> Call {
    let _ = (sending, hosts, base_url, token, now);
    Call::default()
}
