//! What oco knows, without I/O and without a clock: times, bytes and names come in as arguments. A fleet
//! watcher can be built on this folder alone.
#![deny(clippy::disallowed_methods)]

pub mod agent;
pub mod answer;
pub mod board;
pub mod checks_json;
pub mod code;
pub mod control;
pub mod cut;
pub mod endpoint;
pub mod exposition;
pub mod face;
pub mod http;
pub mod http_exchange;
pub mod lingering;
pub mod log_budget;
pub mod log_buffer;
pub mod metrics;
pub mod name;
pub mod network;
pub mod nrpe;
pub mod pages;
pub mod perfdata;
pub mod plugin;
pub mod plugin_result;
pub mod push;
pub mod standing;
pub mod status_file;
pub mod tally;
pub mod text;
pub mod time;
pub mod url;
