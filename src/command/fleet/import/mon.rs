//! mon's mon.cf as a watch.toml.
//!
//! ```text
//! lines (continued ones joined) -> reader (records, as mon's own read_cf) -> plan (names, dependencies) -> writer
//! period: Time::Period -> hours; words: quoted arguments
//! ```

mod alerts;
mod depend;
mod lines;
mod period;
mod plan;
mod reader;
mod record;
mod words;
mod writer;

#[cfg(test)]
mod tests;

use super::{first_zero, wrong};
use crate::config::source::Fault;

/// The watch.toml that does what a mon.cf says. What it has no counterpart for stands in it as a comment.
///
/// # Errors
/// mon would not take the file either, or nobody would take what comes of it.
pub fn convert(text: &str) -> Result<String, Fault> {
    if let Some(line) = first_zero(text) {
        return Err(wrong(text, line, "a zero octet; expected a text"));
    }
    let converted = reader::read(text).and_then(plan::plan).map(|plan| writer::write(&plan));
    converted.map_err(|record::Bad { line, what }| wrong(text, line, &what))
}
