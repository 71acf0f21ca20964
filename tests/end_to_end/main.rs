//! Drives the real programs, each test in a directory of its own and on free loopback ports.

mod command;
mod scene;
