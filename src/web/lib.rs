//! ocoboard: the fleet on a page.
//!
//! ```text
//!  store    the journal's thread: a snapshot of how all stands, answers within 2 s, what happened
//!  view     what a page shows, reckoned from that: pure
//!  pages    addresses -> routes -> pages; templates/, style.css, live.js
//!  api      the same for programs: JSON, server-sent events, metrics
//!  report   the same figures in five formats
//!  ack_mail answers to alerts
//! ```

pub mod ack_mail;
pub mod api;
pub mod limits;
pub mod pages;
pub mod report;
pub mod store;
pub mod view;
