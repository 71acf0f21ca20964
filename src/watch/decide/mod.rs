//! What is decided, without I/O and without a clock: times, outcomes and settings come in as arguments.
#![deny(clippy::disallowed_methods)]
