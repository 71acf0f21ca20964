//! Drives the real ocowatch over real services, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod canary;
mod certificates;
mod clocks;
mod control;
mod dns;
mod far;
mod greetings;
mod host;
mod journal;
mod judging;
mod kills;
mod levels;
mod lifetime;
mod members;
mod monitors;
mod names;
mod namespace;
mod ocods;
mod once;
mod pings;
mod plugins;
mod reloads;
mod reports;
mod running;
mod scene;
mod server;
mod shortage;
mod shown;
mod talk;
mod users;
mod watcher;
mod web;
