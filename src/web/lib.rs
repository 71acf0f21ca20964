//! ocoboard: the fleet on a page.

pub mod ack_mail;
pub mod report;
