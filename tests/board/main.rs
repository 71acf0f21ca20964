//! Drives the real ocoboard beside a real ocowatch, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod acts;
mod answers;
mod away;
mod behind;
mod board;
mod bounds;
mod commands;
mod confinement;
mod damaged;
mod deeds;
mod front;
mod http;
mod keys;
mod measured;
#[path = "../fleet/moment.rs"]
mod moment;
mod overc;
mod reports;
mod revoked;
mod scene;
mod shown;
mod slow;
mod start;
mod tls;
mod watcher;
