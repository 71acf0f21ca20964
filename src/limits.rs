//! Every limit of the program, with its unit and its reason. Nothing here is a setting; settings have their
//! defaults here too.

use std::time::Duration;

/// Octets of an answer with its CRLF: an SMTP reply line, which is what the oldest pollers parse (RFC 5321,
/// 4.5.3.1.5).
pub const LINE_OCTETS: usize = 512;
/// Octets of a check's name: some names must fit into a line, and a name into a column of a table.
pub const NAME_OCTETS: usize = 64;
/// Octets read of a status file. Only the first line counts; a page is one read.
pub const STATUS_FILE_OCTETS: usize = 4096;
/// Checks in one directory. More is an accident (a script that makes up names) and must not eat the memory.
pub const CHECKS: usize = 100_000;
/// Places that an empty queue may keep, so that ordinary work allocates nothing and a rare burst is given back.
pub const IDLE_CAPACITY: usize = 1024;
/// Names that are no check and were warned of once; further ones are not remembered, nor warned of. Also how many
/// `oco status` names.
pub const WARNED_NAMES: usize = 1024;
/// Listeners of one daemon: a token each, and nobody needs more.
pub const LISTENERS: usize = 64;
/// Octets of the configuration file. A file larger than this is not ours.
pub const CONFIG_OCTETS: u64 = 1024 * 1024;
/// Characters of what is said about an error in it: a value may be a megabyte long.
pub const CONFIG_ERROR_CHARACTERS: usize = 300;
/// Columns of a terminal for the part of a line that is shown with an error in it.
pub const EXCERPT_COLUMNS: usize = 72;
/// Symbolic links followed one after the other, as many as the kernel follows.
pub const LINKS: usize = 40;
/// How deeply NRPE's files may include each other: more than anybody does, and little on the stack.
pub const INCLUDE_DEPTH: usize = 16;

/// How old a result may be unless configured.
pub const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// The longest max-age that can be set (about 100 years): the sum with a clock stays far from overflow.
pub const LONGEST_MAX_AGE: Duration = Duration::from_secs(100 * 366 * 86_400);
/// An empty file younger than this may be one that a shell has truncated and not yet written. Used only where
/// events do not tell (start, queue overflow, no inotify).
pub const EMPTY_GRACE: Duration = Duration::from_secs(2);
/// A result from before the host's boot counts only where it may be older than this: what was right before a boot tells
/// little of the host after it, unless the check runs so rarely that a boot falls between its runs.
pub const OUTLIVES_BOOT: Duration = Duration::from_secs(3600);
/// How long after a file was removed a new one of its name takes its place, so that the old result stands until the
/// new one is closed: tools that replace a file by removing it (install, tar) make the new one within milliseconds.
pub const REPLACE_GRACE: Duration = Duration::from_secs(2);

/// Connections at once unless configured. Each costs about 72 octets here and some kilobytes in the kernel.
pub const MAX_CONNECTIONS: u32 = 16_384;
/// Connections that can be configured: as many as a table has places, and more than a host has ports for one peer.
pub const MOST_CONNECTIONS: u32 = 1_000_000;
/// The weight in per cent that the agent's face gives a host that is OK, but, unless configured: half of its traffic.
pub const BUT_WEIGHT: u8 = 50;
/// The highest such weight: all of its traffic.
pub const HIGHEST_WEIGHT: u8 = 100;
/// One address may hold one in so many of the connections before it is the first to be shed: room enough for a site
/// behind one address, as each lingers for two seconds at most.
pub const ADDRESS_SHARE: usize = 4;
/// Descriptors kept back from connections, beside those of the listeners: standard ones, log, epoll, inotify, signals,
/// and the file being read.
pub const RESERVED_DESCRIPTORS: u64 = 16;
/// Counters by which client addresses share the table: a power of two, 48 KiB once all are used. With a thousand
/// clients one in four shares its own.
pub const SHARE_COUNTERS: u16 = 4096;
/// Octets drained from a client at once: more than most ever send.
pub const DRAIN_OCTETS: usize = 16 * 1024;
/// Events taken from the kernel in one sleep; what is ready beyond that is told of in the next.
pub const EVENTS: usize = 256;
/// Octets of file events read at once: room for some hundred. The kernel queues up to `fs.inotify.max_queued_events`.
pub const FILE_EVENTS_OCTETS: usize = 16 * 1024;
/// How long a client that has its line may linger until it closes.
pub const LINGER: Duration = Duration::from_secs(2);
/// Octets drained from one client: 64 KiB, but for the one that a counter of two octets lacks. Who sends more gets a
/// reset.
pub const DRAINED_OCTETS: u16 = u16::MAX;
/// How long clients may linger after SIGTERM.
pub const STOP_LINGER: Duration = Duration::from_secs(1);
/// Connections accepted before the directory's events are read and all of them are answered.
pub const ACCEPT_BATCH: usize = 256;
/// Connections answered before any is drained: enough for a full queue of an ordinary kernel.
pub const ANSWERED: usize = 1024;
/// Batches of one listener in a turn, so that a flood of one port does not starve another.
pub const BATCHES_PER_TURN: usize = 8;
/// Connections that may wait in the kernel to be accepted. The kernel cuts it to `net.core.somaxconn`.
pub const BACKLOG: i32 = 4096;
/// Batches that are answered at once before a port is closed: more than the longest queue holds.
pub const STOP_BATCHES: usize = 64;
/// How long to wait before accepting again when there is no descriptor left and nobody to shed.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Changes of ratings that are logged in one turn, and checks of a dump; the others follow in the next ones.
pub const LINES_PER_TURN: usize = 256;
/// Lines that wait for that. A directory can hold no more checks.
pub const UNTOLD_LINES: usize = CHECKS;
/// How often to look for a directory that is away, besides at each answer.
pub const DIRECTORY_RETRY: Duration = Duration::from_secs(1);
/// The longest time between two attempts to read a directory that has too many files: each costs its whole length.
pub const LONGEST_DIRECTORY_RETRY: Duration = Duration::from_secs(60);
/// How often a refresh begins anew when the directory itself changes under it; the rest waits for the next turn.
pub const REFRESH_PASSES: u32 = 4;
/// Looks at files in one refresh beyond two for each file that is due: under a storm of rewrites the rest
/// waits for the next turn.
pub const EXTRA_LOOKS: usize = 64;

/// Octets of log lines that wait until standard error takes them. Changes of checks may fill half of it: some thousand
/// lines, as when all checks of a large host get stale at once. None of it is taken while somebody reads.
pub const LOG_OCTETS: usize = 1024 * 1024;
/// Writes to standard error in one flush: whoever reads slowly, or a terminal that takes one octet at a time, delays
/// nothing.
pub const WRITES_PER_FLUSH: usize = 64;
/// How long a program that ends waits for standard error to take its last lines.
pub const LOG_FLUSH: Duration = Duration::from_secs(1);
/// Changes of one check that are logged within [`CHANGES_PERIOD`]: more than a person can follow.
pub const CHANGES_LOGGED: usize = 10;
/// How long the changes of a check are counted before it has its whole budget again.
pub const CHANGES_PERIOD: Duration = Duration::from_secs(60);
/// Checks whose changes are counted each on its own; about 100 octets each. Further ones share a budget.
pub const BUDGETED_CHECKS: usize = 4096;

/// Octets of the head of an HTTP request, as most servers have it (RFC 9112, 3, names no number).
pub const HTTP_HEAD_OCTETS: usize = 8 * 1024;
/// Headers of an HTTP request. Browsers send twenty.
pub const HTTP_HEADERS: usize = 64;
/// Octets of responses over HTTP that are made in one turn of the loop, but for the last one, which is made whole: some
/// milliseconds, for which others wait.
pub const HTTP_OCTETS_PER_TURN: usize = 256 * 1024;
/// How long an HTTP connection may take from its accept until its response was handed over.
pub const HTTP_TIME: Duration = Duration::from_secs(5);
/// HTTP connections that have not got their whole response yet. Pollers take milliseconds for that.
pub const HTTP_CONNECTIONS: usize = 1024;
/// Octets held for all of them together; the oldest ones are closed for more. Room for a page about any number of
/// checks that is usual, many times.
pub const HTTP_OCTETS: usize = 32 * 1024 * 1024;

/// How often to try to lock a check whose lock file comes and goes under our hands.
pub const LOCK_TRIES: u32 = 4;
/// How long a plugin may run unless told.
pub const PLUGIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long NRPE lets a command run unless told (`DEFAULT_COMMAND_TIMEOUT` in its common.h): what its commands were
/// written for.
pub const NRPE_TIMEOUT: Duration = Duration::from_secs(60);
/// Octets read of a script to find the time that it wants: the comments at its beginning.
pub const SCRIPT_HEAD_OCTETS: u64 = 4096;
/// How long a process group has between TERM and KILL.
pub const KILL_AFTER: Duration = Duration::from_secs(1);
/// Plugins that `oco run-parts` runs at once; the others wait for a place.
pub const PLUGINS_AT_ONCE: usize = 64;
/// How long `oco status` waits for a host: connect and answer together.
pub const STATUS_TIMEOUT: Duration = Duration::from_secs(3);
/// Hosts that `oco status` asks at once.
pub const HOSTS_AT_ONCE: usize = 64;
/// The longest time-out that can be set: a day. Nothing that watches a host takes longer.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);
/// The shortest time between two looks whether process groups that were told to end are gone. A look reads all of
/// `/proc`, which takes some milliseconds on a host with a thousand processes.
pub const GROUP_LOOK: Duration = Duration::from_millis(20);
/// The longest such time: each look in vain doubles it, and a group has a second between TERM and KILL.
pub const LONGEST_GROUP_LOOK: Duration = Duration::from_millis(320);
/// How long to wait before a program is started again that could not be, for want of descriptors, memory or processes,
/// while no other one ends.
pub const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);
/// Octets of a message between a program and its helper process: a list of all its children. Sockets take several times
/// as much.
pub const MESSAGE_OCTETS: usize = 16 * 1024;
/// Octets of what a program is started with, its input not counted: as much as Linux lets it have (a quarter of a stack
/// of 8 MiB).
pub const SHEET_OCTETS: usize = 2 * 1024 * 1024;
/// Octets of the reason why a program does not run: more than a status file holds.
pub const REASON_OCTETS: usize = 4096;
/// Children of one helper process. Each is a thread in it that waits; no owner runs more than some dozens at once.
pub const HELPER_CHILDREN: usize = 1024;
/// Octets of the stack of such a thread, which starts a program and waits for its end.
pub const HELPER_STACK_OCTETS: usize = 256 * 1024;
/// Reports taken from a helper process in a turn; the others follow in the next one.
pub const REPORTS_PER_TURN: usize = 256;
/// Octets in one read of a plugin's output: a page of the pipe's buffer several times over.
pub const PIPE_OCTETS: usize = 16 * 1024;
/// Reads of one plugin's output in a turn, so that a flood of one plugin does not starve another.
pub const PIPE_READS_PER_TURN: usize = 64;
/// Refreshes until `oco status` has looked at every file: one is enough but for directories full of files that
/// are not understood.
pub const STATUS_PASSES: usize = 64;
/// How long `oco status` waits for ocod on this host, which answers within a millisecond when it is there and well.
pub const PORT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often `oco status` reads the directory and asks ocod before it says that they differ: something may have changed
/// in between, but not each time.
pub const PORT_TRIES: usize = 3;
/// How often `oco status --watch` looks.
pub const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// Columns of the bar that shows an age against its max-age.
pub const BAR_COLUMNS: u32 = 8;
/// Characters shown of an answer that is no OCO line.
pub const STRANGE_LINE_CHARACTERS: usize = 60;

/// Octets of a body that tells a board: a board takes less than a megabyte.
pub const PUSH_OCTETS: usize = 1_000_000;
/// Octets of a service's text in it: as much as a board keeps.
pub const PUSH_INFO_OCTETS: usize = 4096;
/// The longest promise that a board takes: a year.
pub const LONGEST_PROMISE: Duration = Duration::from_secs(365 * 86_400);
/// Characters of the words with which a board refuses: it quotes what it was given.
pub const PUSH_WORDS: usize = 200;
/// Octets of a board's answer: a line of JSON.
pub const PUSH_ANSWER_OCTETS: u64 = 16 * 1024;
/// How long `oco push` may take in all unless told.
pub const PUSH_TIMEOUT: Duration = Duration::from_secs(10);
/// How often `oco push` is run unless told: cron's minute.
pub const PUSH_PERIOD: Duration = Duration::from_secs(60);
/// Octets of the file that holds a pusher's key: a line.
pub const KEY_FILE_OCTETS: u64 = 1024;

/// The limits of the daemon's loop that a test makes smaller, so that a few clients reach them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// [`ACCEPT_BATCH`].
    pub accept_batch: usize,
    /// [`ANSWERED`].
    pub answered: usize,
    /// [`BATCHES_PER_TURN`].
    pub batches_per_turn: usize,
    /// [`HTTP_CONNECTIONS`].
    pub http_connections: usize,
    /// [`HTTP_OCTETS`].
    pub http_octets: usize,
    /// [`HTTP_OCTETS_PER_TURN`].
    pub http_octets_per_turn: usize,
    /// [`HTTP_TIME`].
    pub http_time: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            accept_batch: ACCEPT_BATCH,
            answered: ANSWERED,
            batches_per_turn: BATCHES_PER_TURN,
            http_connections: HTTP_CONNECTIONS,
            http_octets: HTTP_OCTETS,
            http_octets_per_turn: HTTP_OCTETS_PER_TURN,
            http_time: HTTP_TIME,
        }
    }
}

/// Entries of the fleet's log that are shown unless a time is given: what people read of it.
pub const LOG_ENTRIES: usize = 1000;
/// Octets of a line to the watcher: some thousand reports. Larger ones would hold up others.
pub const CONTROL_REQUEST_OCTETS: usize = 1024 * 1024;
/// Octets of a line from it: the status of 100,000 targets has about 50 MB.
pub const CONTROL_REPLY_OCTETS: usize = 256 * 1024 * 1024;
/// Octets of a line of the fleet's log: a reason and a command's arguments, generously.
pub const LOG_ENTRY_OCTETS: usize = 1024 * 1024;
/// How long the watcher may take for a line. It answers within milliseconds, and within two seconds where it reads its
/// journal.
pub const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);
/// The same where the fleet is watched, so that what is shown does not stand still for long.
pub const CONTROL_WATCH_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time that an act can be set for: about ten years. Who wants more gives no end.
pub const LONGEST_ACT: Duration = Duration::from_secs(3660 * 86_400);
/// Targets that are shown below a service that is not well; the others are counted.
pub const TARGETS_SHOWN: u32 = 4;
/// Bars that are asked for at once: more than a screen has lines.
pub const BARS_SHOWN: usize = 500;
/// Names that an act says it took; the others are counted.
pub const NAMES_SAID: usize = 8;
/// Characters of the words with which the watcher refuses: it quotes what it was given.
pub const REFUSAL_CHARACTERS: usize = 1000;
