//! Numbers by which the fleet's objects are known within one process, and tables by them.

/// A target. It keeps its number over a reload; that of one that is gone is not given again until the reload after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// A service. A reload numbers them anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

/// A node: each has a higher number than its members. A reload numbers them anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What stands under a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberId {
    /// A target.
    Target(TargetId),
    /// A service.
    Service(ServiceId),
    /// A node.
    Node(NodeId),
}

/// The place of a number in a table.
pub(crate) fn place(number: u32) -> usize {
    usize::try_from(number).expect("a fleet watches on machines whose addresses have 32 bits at least")
}
/// The number of a place in a table.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).expect("what one file and its reports name fits into 32 bits")
}
