//! Programs that run in process groups of their own.

pub mod output;
