//! The status directory.

pub mod directory;
pub mod notice;
pub mod strangers;
