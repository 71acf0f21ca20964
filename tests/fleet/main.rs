//! Drives the real ocowatch over real services, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod host;
mod once;
mod running;
mod scene;
mod watcher;
