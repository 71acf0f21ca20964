//! All targets, services and nodes, and what they are known by.

pub mod ids;
