//! The status directory, both ends of it: what it says, and what is written into it.

pub mod directory;
pub mod notice;
pub mod record;
pub mod run_lock;
pub mod strangers;
