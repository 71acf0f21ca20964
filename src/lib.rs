//! oco: a host's state in one line on TCP port 79.
//!
//! ```text
//!  check scripts        ocod, one thread                                          pollers
//!  -------------        ----------------                                          -------
//!  oco run, echo   -->  directory  --events-->  board  --ratings-->  answers  --line-->  listeners
//!  (status files)       (inotify,               (what the files      (a line ready       and connections
//!                        looks at files)         say, how rated)      made per view)      (accept, send, drain)
//! ```
//!
//! # The house
//!
//! An arrow points down only: a room uses those below it, and no other of its floor but `config`, which uses `system`.
//!
//! | floor | rooms |
//! | --- | --- |
//! | programs | [`daemon`]: ocod. [`command`]: oco. Each has its own loop, from the same parts. |
//! | parts of a loop | [`net`]: events by type, ports, connections and how each goes on. [`children`]: programs in groups of their own. [`status`]: the status directory. |
//! | ground | [`config`]: the settings of both. [`system`]: the operating system, thin, without decisions; no unsafe code. |
//! | pure | [`logic`]: what can be known without I/O and without a clock, which a lint watches. [`limits`]: every limit. |
//!
//! These packages stand beside this one, below the same `src`, since they bring what ocod must not have; a manifest each is
//! the wall. ocod links none of them; `oco fleet` speaks to the watcher in the words of [`logic::control`], and `oco push`
//! becomes `oco-push`.
//!
//! | package | folder | has | tests beside its own |
//! | --- | --- | --- | --- |
//! | oco-fleet | `src/fleet` | what a fleet is and was: names, states, nodes, calendar, availability; the journal in SQLite | |
//! | ocowatch | `src/watch` | the watcher: settings, judging (`decide`), probes, programs, control socket, its loop | `tests/fleet`: the real program. `tests/fleet_simulation`: seeds over all of it. Fuzz targets `watch_toml`, `helper_message`, `probe_*`. |
//! | oco-push | `src/push` | `oco push`: what [`command::reading`] finds, to a board by TLS | `tests/push`: the real program. |
//!
//! `tests/fleet_command` holds `oco fleet` against a watcher that is none.
//!
//! The kernel stands behind two traits, [`system::files::Files`] and [`system::sockets::Sockets`]: what
//! `tests/simulation` drives is what ships. Components return what happened; the program words it and logs it, through
//! [`system::log_lines`], which takes control characters out and never waits.
//!
//! # One turn of ocod's loop
//!
//! [`turn`](daemon::event_loop::EventLoop::turn) is written in this order:
//!
//! 1. Sleep until an event or the next deadline. Read the clock.
//! 2. Go on with whatever is ready: lines of the log, lingering connections, requests that are being read.
//! 3. Obey signals.
//! 4. Answer the requests that are whole.
//! 5. For each port where somebody waits: accept a batch, [refresh](status::directory::Directory::refresh) the board,
//!    make the lines anew that a change touches, send every connection of the batch its line and FIN; when all have
//!    theirs, throw away what they sent, and keep those whose client has not closed yet.
//! 6. Refresh the board where nobody has asked, but something happened or a result is due to grow stale.
//! 7. Shut and open ports that follow the verdict, and tell systemd.
//! 8. Close who has lingered too long.
//!
//! [`net::token::Source`] has every event by its type.
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
//! - **Never waiting:** not for who reads the log either. What standard error does not take is kept, and what does not
//!   fit is counted.
#![forbid(unsafe_code)]

pub mod children;
pub mod command;
pub mod config;
pub mod daemon;
pub mod limits;
pub mod logic;
pub mod net;
pub mod status;
pub mod system;
