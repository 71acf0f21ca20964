//! The operating system: clocks, files, sockets, users, limits. Thin, and without decisions.

pub mod clock;
pub mod confinement;
pub mod descriptors;
pub mod directory;
pub mod files;
pub mod inotify;
pub mod log_lines;
pub mod notify;
pub mod packets;
pub mod passed;
pub mod process;
pub mod signals;
pub mod socket;
pub mod sockets;
pub mod standard_error;
pub mod status_file;
pub mod terminal;
pub mod user;
