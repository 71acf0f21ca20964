//! oco
pub mod config;
pub mod directory;
pub mod limits;
pub mod logic;
pub mod system;
