//! ocoboard: the fleet on a page.

pub mod api;
pub mod limits;
pub mod pages;
pub mod store;
pub mod view;
