//! `oco fleet` against a watcher that is none: what it sends, what it makes of answers, and of their absence.
//!
//! The watcher here answers with what it was given, or as badly as it was told to. It judges nothing and keeps nothing;
//! that the real one gives such answers is shown by ocowatch's own tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod away;
mod requests;
mod watch;
mod watcher;
