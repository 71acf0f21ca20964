//! What a page shows, reckoned from what is known: pure, without a clock and without I/O.
//!
//! ```text
//!  fleet      who there is, and how each stands
//!  heard      what the file says: titles, rules, members, promises
//!  marks      who is on it: acknowledged, muted, planned
//!  clock      times and ages as a page shows them
//!  name       objects' names as links, in the words of who gave them
//!  overview   what is wrong now, worst first; the rest folded
//!  grid       hosts by time: cells, runs of them, shares
//!  chart      response times and performance data as pictures
//!  tree       what stands below a node, and why it is as it is
//! ```

pub mod chart;
pub mod clock;
pub mod fleet;
pub mod grid;
pub mod heard;
pub mod marks;
pub mod name;
pub mod overview;
pub mod tree;
