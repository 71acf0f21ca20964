//! Replies that are made in one piece: a line of JSON each.

use oco::logic::control::{Done, Refusal};
use serde::Serialize;

/// A refused order.
pub fn error(what: &str) -> Vec<u8> {
    line(&Refusal::new(what))
}

/// An obeyed order that has nothing else to tell.
pub fn ok() -> Vec<u8> {
    line(&Done::default())
}

/// `value` as a line.
pub fn line(value: &impl Serialize) -> Vec<u8> {
    // What we make has no key that is no text, and no number that JSON lacks.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}
