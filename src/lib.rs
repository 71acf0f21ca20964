//! oco: a host's state in one line on TCP port 79.
//!
//! ```text
//!  check scripts        ocod, one thread                                          pollers
//!  -------------        ----------------                                          -------
//!  oco run, echo   -->  directory  --events-->  board  --ratings-->  host  --line-->  listeners
//!  (status files)       (inotify,               (what the files      (a line ready    and sessions
//!                        looks at files)         say, how rated)      made per view)  (accept, send, drain)
//! ```
//!
//! # Where things are
//!
//! - [`logic`]: everything that can be known without I/O and without a clock: codes, names, the status file, the
//!   board of checks and their rating, the answer line and its parser, networks, the state machine of a connection.
//!   Times, bytes and names come in as arguments; a lint denies the rest.
//! - [`system`]: the operating system, thin: clocks, inotify, looking at a file, sockets, signals, processes, users, limits.
//!   There is no unsafe code.
//! - [`directory`]: keeps a board true to a directory, by events or, where there are none, by reading it.
//! - [`children`]: programs in process groups of their own, as a part of somebody's loop: who waits, who runs, and what
//!   becomes of them.
//! - [`daemon`]: ocod: command line, event loop, listeners, sessions.
//! - [`command`]: oco: writing results, running plugins, asking hosts.
//! - [`config`]: the settings of both; [`limits`]: every limit in one file.
//!
//! # One turn of ocod's loop
//!
//! Sleep until an event or the next deadline. Read the clock. Go on with lingering connections and with HTTP
//! requests that are being read; obey signals; answer the requests that are whole. Then for each listener at which somebody waits: accept a batch, [refresh](directory::Directory::refresh) the board,
//! make the lines anew if a rating changed, send every connection of the batch its line and FIN, throw away what it
//! sent, keep those whose client has not closed yet. At last close who has lingered too long.
//!
//! | token | source |
//! | --- | --- |
//! | 0 | signals |
//! | 1 | the directory's events |
//! | 2 | standard error takes log lines again; only while some wait |
//! | from 3 | listeners, in the order of the settings |
//! | from 2^21 | connections: a generation, the table and a slot, so that a late event finds nothing |
//!
//! # Invariants
//!
//! - **Coherent:** events are read after a connection is accepted and before it is answered. What was closed,
//!   renamed, touched or removed before the client called connect() is in the answer.
//! - **Never torn:** events are also read between a look at a file and believing it. A look that fell into
//!   somebody's writing is dropped; the writer's close brings the next one.
//! - **Fail-safe:** what is missing, stale, odd or unreadable is 300, and if the directory itself can't be known,
//!   the answer is `300-oco`.
//! - **Cheap:** an answer walks no directory and reads no file. Work is in proportion to what changed.
//! - **Bounded:** every table, buffer and wait has its limit in [`limits`]. No client or script delays another.
//! - **Never waiting:** not for who reads the log either. [`log_lines`](system::log_lines) keeps what is not taken,
//!   and counts what does not fit.
pub mod children;
pub mod command;
pub mod config;
pub mod daemon;
pub mod directory;
pub mod limits;
pub mod logic;
mod reason;
pub mod system;
mod usage;
