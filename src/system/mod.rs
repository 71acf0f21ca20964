//! The operating system: clocks, files, sockets, users, limits. Thin, and without decisions.

pub mod atomic_file;
pub mod capabilities;
pub mod client;
pub mod clock;
pub mod command_line;
pub mod directory;
pub mod files;
pub mod inotify;
pub mod key_file;
pub mod log_lines;
pub mod open_files;
pub mod packets;
pub mod process;
pub mod sandbox;
pub mod signals;
pub mod small_file;
pub mod socket;
pub mod socket_activation;
pub mod sockets;
pub mod standard_error;
pub mod status_file;
pub mod systemd;
pub mod terminal;
pub mod user;
pub mod words;
