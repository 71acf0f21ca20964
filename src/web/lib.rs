//! ocoboard: the fleet on a page.
