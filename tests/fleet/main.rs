//! Drives the real ocowatch over real services, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod canary;
mod certificates;
mod dns;
mod greetings;
mod host;
mod judging;
mod members;
mod monitors;
mod names;
mod namespace;
mod ocods;
mod once;
mod pings;
mod plugins;
mod running;
mod scene;
mod server;
mod shown;
mod talk;
mod watcher;
mod web;
