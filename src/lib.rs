//! oco
pub mod command;
pub mod config;
pub mod daemon;
pub mod directory;
pub mod limits;
mod log_format;
pub mod logic;
pub mod system;
mod usage;
