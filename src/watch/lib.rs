//! ocowatch: watches hosts from where the load balancer stands.
//!
//! ```text
//!  start --> config --> Watcher: Fleet (decide) <--outcomes-- probe::Pool, Programs <-- poll, helper process
//!               |          | Changes
//!  event_loop --+          +--> log, journal_writer (thread) --> fleet.db <-- journal_reader (thread)
//!      |                   +--> publisher (thread) --> status files
//!      |                                                                          |
//!      +-- control: orders of `oco fleet` and the board, and their replies -------+
//! ```
//!
//! | room | has |
//! | --- | --- |
//! | [`config`] | the file, checked |
//! | [`decide`] | what is judged, pure: no clock, no I/O |
//! | [`probe`] | probes over sockets, as machines over one poll |
//! | [`programs`] | probes that run programs |
//! | [`watcher`] | these three together |
//! | [`figures`] | what was measured meanwhile |
//! | [`levels`], [`adjustments`] | what was promised of availability, and corrections of it |
//! | [`tables`] | balancers that follow a service |
//! | [`control`] | the control socket |
//! | [`alertmanagers`] | who is told besides, by threads |
//! | [`forwarder`] | another board that is told, by a thread |
//! | [`http_post`] | how these threads ask |
//! | [`metrics`] | `/metrics` and `/health` |
//! | [`publisher`] | status files, from which ocod answers for the fleet |
//! | `memory` | what is free goes back to the kernel |
//! | [`event_loop`] | the loop that waits for nobody |
//!
//! Tests that drive more than one room: `decide/simulation` and `probe/pool/simulation` (seeds over judging, over sockets),
//! `tests/fleet_simulation` (seeds over all of it with the real journal), `tests/fleet` (the real program).
//!
//! # Invariants
//!
//! - The loop waits for no disk, no name and no child.
//! - What is not known is never ok; our own failure makes a target unknown, never ko.
//! - Every transition is one line of the log and one row of the journal.
//! - Every table, buffer and wait has its limit in [`limits`].

pub mod ack_tokens;
pub mod addresses;
pub mod adjustments;
pub mod alertmanagers;
pub mod arguments;
pub mod config;
pub mod control;
pub mod decide;
pub mod error;
pub mod event_loop;
pub mod figures;
pub mod forwarder;
pub mod http_post;
pub mod journal_reader;
pub mod journal_writer;
pub mod kept;
pub mod levels;
pub mod limits;
mod memory;
pub mod metrics;
pub mod once;
pub mod outbox;
pub mod probe;
pub mod programs;
pub mod publisher;
pub mod resolver;
pub mod sandbox;
mod start;
pub mod tables;
pub mod token;
pub mod user_names;
pub mod watcher;

pub use start::main;
