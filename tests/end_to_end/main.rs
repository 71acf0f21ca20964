//! Drives the real programs, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod address;
mod clients;
mod coherence;
mod command;
mod control;
mod faces;
mod log;
mod messages;
mod mounts;
mod rating;
mod scene;
mod server;
mod units;
