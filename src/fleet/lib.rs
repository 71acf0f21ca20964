//! oco-fleet: what a fleet is and was. For the watcher, which makes it, and the board, which shows it.
//!
//! ```text
//!  words     object (names), state, transition, figure, time  what everybody speaks of
//!  rules     tree (need, rule), calendar, maintenance         what stands above, and when
//!  history   journal (schema, write, read)                    the only I/O here
//!  telling   shown                                         the history as others are told it
//!  settings  value                                         what the files of several programs hold
//!  figures   availability, level, reckoning                   one integer function over the history
//! ```
//!
//! All but [`journal`] is pure: no I/O and no clock; names, times and states come in as arguments.
#![forbid(unsafe_code)]

pub mod availability;
pub mod calendar;
pub mod figure;
pub mod journal;
pub mod level;
pub mod maintenance;
pub mod object;
pub mod reckoning;
pub mod shown;
pub mod state;
pub mod time;
pub mod transition;
pub mod tree;
pub mod value;
pub mod when;
