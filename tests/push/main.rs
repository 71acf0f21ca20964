//! Drives the real `oco-push` against boards that are none, each test in a directory of its own and on free loopback ports.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod board;
mod certificates;
mod keys;
mod program;
mod scene;
mod services;
