//! Every limit of ocowatch, with its unit and its reason. Nothing here is a setting.

use std::time::Duration;

// What the settings may hold.

/// Octets of the settings file: 100,000 hosts by name and address, and some room.
pub const SETTINGS_OCTETS: u64 = 16 * 1024 * 1024;
/// The shortest duration of a setting: below it the ticks of the loop and the network's own times are all that is seen.
pub const SHORTEST_DURATION: Duration = Duration::from_millis(100);
/// The longest (about 100 years): the sum with a clock stays far from overflow.
pub const LONGEST_DURATION: Duration = oco::limits::LONGEST_MAX_AGE;
/// Targets of one watcher: ten times what one core is measured for, and far below what would exhaust its memory.
pub const TARGETS: u64 = 1_000_000;
/// The most failures or successes in a row that `fall` and `rise` may ask for: more is never reached in practice.
pub const PROBES_IN_A_ROW: u32 = 1000;
/// The most transitions that `flap` may count: each target remembers the times of so many.
pub const FLAP_CHANGES: u32 = 32;
/// Octets of a regular expression as it is written.
pub const REGEX_TEXT_OCTETS: usize = 1024;
/// Octets of a regular expression once it is compiled: room for some classes of Unicode, none for `(a{1000}){1000}`.
pub const REGEX_OCTETS: usize = 512 * 1024;
/// Octets of the states that it keeps while it searches.
pub const REGEX_CACHE_OCTETS: usize = 512 * 1024;
/// Octets that a probe sends as the file has them: they fit into one segment and one datagram of any network.
pub const SENT_OCTETS: usize = 1024;
/// Fields that a request may have besides ours, as many as servers usually take.
pub const HEADERS: usize = 32;
/// Octets of a request's head with them: servers refuse more than 8 KiB.
pub const HEAD_OCTETS: usize = 4096;
/// Octets of a command's words together, far below what the kernel lets a program have.
pub const COMMAND_OCTETS: usize = 64 * 1024;
/// Octets of a Unix socket's path, without the zero at its end (`sun_path`).
pub const SOCKET_PATH_OCTETS: usize = 107;
/// Octets of a text for people: it stands in arguments, variables and lines of the log.
pub const TEXT_OCTETS: usize = 1024;
