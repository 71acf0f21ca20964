//! Replies that are made in one piece: a line of JSON each.

use oco::logic::control::VERSION;
use serde::Serialize;

/// A refused order.
pub fn error(what: &str) -> Vec<u8> {
    line(&serde_json::json!({ "version": VERSION, "error": what }))
}

/// An obeyed order that has nothing else to tell.
pub fn ok() -> Vec<u8> {
    line(&serde_json::json!({ "version": VERSION, "ok": true }))
}

/// `value` as a line.
pub fn line(value: &impl Serialize) -> Vec<u8> {
    // What we make has no key that is no text, and no number that JSON lacks.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}
