//! ocoboard: the fleet on a page, and the way in for who pushes.
//!
//! ```text
//!  start --> config --> Board: settings, Keys, Intake, Guard
//!               |         ^
//!  server --> connection -+-> router --> push    --> control --> ocowatch
//!  (hyper, one thread)    |         +--> acts    -->    "
//!                         |         +--> session (logins)
//!                         |         +--> pages, api --> view --> store (thread) --> fleet.db
//!                         +-- access: who asks, and what that one may
//! ```
//!
//! | room | has |
//! | --- | --- |
//! | [`config`] | the file, checked |
//! | [`server`] | listeners, TLS, connections and their bounds |
//! | [`router`] | which path is whose |
//! | [`access`], [`session`] | networks, proxies, tokens, logins |
//! | [`keys`] | keys of pushers and tokens, hashed, in a file that commands write too |
//! | [`push`] | OverC's intake |
//! | [`acts`] | acknowledge, mute and the like |
//! | [`control`] | the control socket of ocowatch, as a client |
//! | [`disturbance`] | what the log is told of both when they are away |
//! | [`store`] | the journal's thread: a snapshot of how all stands, answers within 2 s, what happened |
//! | [`view`] | what a page shows, reckoned from that: pure |
//! | [`pages`], [`api`], [`show`] | addresses to pages, and the same for programs; both over HTTP |
//! | [`link`] | the links of alerts |
//! | [`listening`] | streams of events, as long as who listens may |
//! | [`report`] | availability over a time, in five formats; what is sent, and when |
//! | [`ack_mail`] | an answer to an alert's mail |
//! | [`command`] | what is done in place of serving: `ocoboard token`, `key`, `report`, `ack-mail` |
//!
//! # Invariants
//!
//! - One thread serves all, and waits for nobody: not for a client, the watcher, or a disk.
//! - What is not handed over to the watcher is told to who sent it; nothing is thrown away silently.
//! - No key, token or secret is logged, or kept in the clear.
//! - Every table, buffer and wait has its limit in [`limits`].
#![forbid(unsafe_code)]

pub mod access;
pub mod ack_mail;
pub mod acts;
pub mod api;
pub mod arguments;
pub mod board;
pub mod command;
pub mod config;
pub mod control;
pub mod disturbance;
pub mod error;
pub mod keys;
pub mod limits;
pub mod link;
pub mod listening;
pub mod pace;
pub mod pages;
pub mod push;
pub mod race;
pub mod reply;
pub mod report;
pub mod router;
pub mod sandbox;
pub mod server;
pub mod session;
pub mod show;
mod start;
pub mod store;
pub mod view;

pub use start::main;
