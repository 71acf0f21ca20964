//! Drives the real programs, each test in a directory of its own and on free loopback ports.

mod coherence;
mod command;
mod rating;
mod scene;
mod server;
