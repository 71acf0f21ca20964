//! What is decided, without I/O and without a clock: times, outcomes and settings come in as arguments.
#![deny(clippy::disallowed_methods)]

pub mod acts;
pub mod alert;
pub mod alertmanager;
pub mod canary;
pub mod changes;
pub mod clock;
pub mod episodes;
pub mod flapping;
pub mod fleet;
pub mod incident;
pub mod known;
pub mod moment;
pub mod passive;
pub mod planning;
pub mod schedule;
pub mod target;
pub mod telling;

#[cfg(test)]
#[allow(clippy::as_conversions)]
pub(crate) mod simulation;
