//! Drives the real programs, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod address;
mod clients;
mod coherence;
mod command;
mod control;
mod faces;
mod full;
mod kept_out;
mod log;
mod many;
mod messages;
mod mounts;
mod permissions;
#[path = "../faults/process.rs"]
#[allow(dead_code, reason = "shared; no test binary needs all of it")]
mod process;
mod promises;
mod rating;
mod scene;
mod server;
mod units;
mod watch;
mod writers;
