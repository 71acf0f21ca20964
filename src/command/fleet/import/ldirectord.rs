//! ldirectord's ldirectord.cf as a watch.toml: each virtual service becomes a hostgroup with one service, a table that
//! follows it, and where somebody gets mail, an alert.
//!
//! ```text
//! reader (settings at the top and of each virtual service) -> plan (servers: addresses, ports, weights) -> writer
//! check: what is probed, and how; table: which servers are forwarded to, and how
//! ```

mod check;
mod expression;
mod plan;
mod reader;
mod server;
mod table;
mod writer;

#[cfg(test)]
mod tests;

use super::{first_zero, wrong};
use crate::config::source::Fault;

/// The watch.toml that does what an ldirectord.cf says. What it has no counterpart for stands in it as a comment.
///
/// # Errors
/// ldirectord would not take the file either, or nobody would take what comes of it.
pub fn convert(text: &str) -> Result<String, Fault> {
    if let Some(line) = first_zero(text) {
        return Err(wrong(text, line, "a zero octet; expected a text"));
    }
    let converted = reader::read(text).and_then(plan::plan).map(|plan| writer::write(&plan));
    converted.map_err(|reader::Bad { line, what }| wrong(text, line, &what))
}
