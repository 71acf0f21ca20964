//! Debian's real pollers against the real `ocod`, each configured with the file of etc/pollers that is for it. Each
//! goes through the states of a host and has to want it in rotation for 2XX and out for all else. One that is not
//! installed is skipped with its reason.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "../end_to_end/address.rs"]
mod address;
mod haproxy;
mod host;
mod journey;
mod keepalived;
mod ldirectord;
mod mon;
mod monit;
mod nagios;
mod namespace;
mod people;
mod plugins;
mod prometheus;
mod running;
#[path = "../end_to_end/scene.rs"]
#[allow(dead_code, reason = "shared; no test binary needs all of it")]
mod scene;
mod scripts;
#[path = "../end_to_end/server.rs"]
#[allow(dead_code, reason = "shared; no test binary needs all of it")]
mod server;
mod snippet;
mod xymon;
