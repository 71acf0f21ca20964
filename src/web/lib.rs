//! ocoboard: the fleet on a page.

pub mod report;
