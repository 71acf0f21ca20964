//! What the watcher's file says of nodes and levels: who only reads the journal knows by it what stands above what, and
//! what was promised.

use crate::level::Promise;
use crate::object::{ObjectName, Pattern};

/// The nodes and levels of the file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The nodes.
    pub nodes: Vec<NodeDefinition>,
    /// The levels.
    pub levels: Vec<LevelDefinition>,
}

/// What a node is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDefinition {
    /// `node:NAME`.
    pub name: ObjectName,
    /// For people; none: the file has none.
    pub title: Option<String>,
    /// How many members have to be up, as the file has it.
    pub rule: String,
    /// Who: those that match are its members.
    pub members: Vec<Pattern>,
}

/// What was promised of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelDefinition {
    /// `slo:NAME`.
    pub name: ObjectName,
    /// Whose availability it is.
    pub of: ObjectName,
    /// What was promised of it.
    pub promise: Promise,
}
