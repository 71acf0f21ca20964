//! Every limit of ocowatch, with its unit and its reason. Nothing here is a setting.

use std::time::Duration;

/// Connections to the control socket at once: the board holds some, people few.
pub const CONTROL_CONNECTIONS: usize = 64;
/// Those of them that come in where everybody may: mail systems, some at a time.
pub const PUBLIC_CONNECTIONS: usize = 8;
/// Octets of a line to the control socket: some thousands of reports in one line.
pub const CONTROL_LINE_OCTETS: usize = oco::limits::CONTROL_REQUEST_OCTETS;
/// Octets of replies that wait for one connection before no more are made for it.
pub const CONTROL_REPLY_OCTETS: usize = 256 * 1024;
/// Octets read from the control connections in one turn, so that no flood delays a probe.
pub const CONTROL_OCTETS_PER_TURN: usize = 256 * 1024;
/// Targets that a status tells of in one turn: about a millisecond of work.
pub const STATUS_TARGETS_PER_TURN: usize = 500;
/// Entries of the log that are told of in one turn: as much work.
pub const LOG_ROWS_PER_TURN: usize = 500;
/// How long a control connection may take to take its reply, or to end a line that it began.
pub const CONTROL_TIME: Duration = Duration::from_secs(30);

/// Probes by sockets at once: as many as a process may have descriptors on a large host.
pub const PROBES_AT_ONCE: usize = 1 << 20;
/// Descriptors that no probe gets: standard ones, epoll, journal, names that are looked up and such, which are below 64,
/// clients of the metrics, control connections, pipes of 64 children. Balancers and members of an Alertmanager cluster
/// have one each besides. Where few are allowed it is half of them, for probes are what a watcher is for.
pub const RESERVED_DESCRIPTORS: u64 = 64 + 32 + 64 + 2 * 64;
const _: () = assert!(METRICS_CONNECTIONS + METRICS_LINGERING == 32);
const _: () = assert!(CONTROL_CONNECTIONS == 64 && CHILDREN == 64);
/// Events that one sleep returns: a tick of 5 ms at 100,000 probes a second.
pub const EVENTS: usize = 1024;

/// Children at once.
pub const CHILDREN: usize = 64;
/// Those places that are kept for tables, and for alerts.
pub const KEPT_FOR: [usize; 2] = [8, 16];
/// Octets that are kept of each output of a child, but for ipvsadm.
pub const CHILD_OUTPUT_OCTETS: usize = 64 * 1024;
/// Octets of the hosts in one call of a monitor: below what a kernel takes as arguments, with room for the environment.
pub const MONITOR_OCTETS: usize = 100 * 1024;

/// How long a command that tells somebody may take.
pub const COMMAND_TIME: Duration = Duration::from_secs(60);
/// How long it waits for what it tells of to be in the journal: a disk that hangs must not silence alerts.
pub const JOURNAL_AWAITED: Duration = Duration::from_secs(2);
/// How long the end waits for commands that tell somebody: those that are not over then are told of again by the next
/// start.
pub const COMMANDS_FINISH: Duration = Duration::from_secs(5);

/// Balancers' tables: each may have a socket open.
pub const TABLES: usize = 1024;
/// How often HAProxy is asked how its servers are: a restarted or reloaded one is put right within it.
pub const HAPROXY_EVERY: Duration = Duration::from_secs(5);
/// Between two questions because something changed: a storm is one change, and HAProxy has other things to do.
pub const HAPROXY_SPACING: Duration = Duration::from_millis(100);
/// How long a question may take. Its socket answers within a millisecond, unless it hangs.
pub const HAPROXY_TIME: Duration = Duration::from_secs(2);
/// Octets of an answer: those of some 30,000 servers.
pub const HAPROXY_ANSWER_OCTETS: usize = 4 * 1024 * 1024;
/// Octets read of one answer in a turn, so that no long one delays a probe.
pub const HAPROXY_OCTETS_PER_TURN: usize = 256 * 1024;
/// Octets of a line of commands: HAProxy takes at least twice that by default, and all of it at once.
pub const HAPROXY_LINE_OCTETS: usize = 4096;
/// Octets of a server's name that we repeat in a command.
pub const HAPROXY_NAME_OCTETS: usize = 255;
/// How often the kernel's virtual services are read, for no one tells when somebody changes them.
pub const LVS_EVERY: Duration = Duration::from_secs(60);
/// Between two such readings because something changed: each runs a program.
pub const LVS_SPACING: Duration = Duration::from_millis(500);
/// How long ipvsadm may take: the kernel answers at once, unless it is out of memory.
pub const LVS_TIME: Duration = Duration::from_secs(10);
/// Octets of what it tells: about 100,000 real servers.
pub const LVS_OCTETS: usize = 8 * 1024 * 1024;
/// How long a table waits for the journal to know what is going to be set in it: some commits, and not noticeably longer
/// where the disk hangs.
pub const TABLE_JOURNAL_AWAITED: Duration = Duration::from_millis(250);
/// Commands of tables that wait, about a kilobyte each: all targets of a large fleet at once.
pub const TABLE_COMMANDS: usize = 100_000;

/// Incidents that are told of, besides those that are not closed.
pub const INCIDENTS: u32 = 100;

/// Octets of a token that acknowledges: nobody guesses one.
pub const TOKEN_OCTETS: usize = 16;
/// Tokens that are known, some 200 octets each: of the last failures that somebody was told of, over or not.
pub const TOKENS: usize = 10_000;

/// Names that are looked up side by side, so that one whose server hangs does not hold up all.
pub const RESOLVER_THREADS: usize = 4;
/// How soon a name that could not be looked up is tried again: an answer is missed, but no server is flooded.
pub const RESOLVE_AGAIN: Duration = Duration::from_secs(10);
/// Octets of a resolver's stack: glibc's resolver needs about 64 KiB.
pub const RESOLVER_STACK_OCTETS: usize = 256 * 1024;
/// Names of users that are remembered: few people may act, and the rest is looked up anew.
pub const USER_NAMES: usize = 1024;
/// Users whose names wait to be looked up: as many as may be connected.
pub const USER_QUERIES: usize = CONTROL_CONNECTIONS;
/// How long an order waits for its user's name: a moment, which a server on the network takes, and nobody notices.
pub const USER_WAIT: Duration = Duration::from_secs(1);

/// How often the journal's heartbeat is renewed.
pub const HEARTBEAT: Duration = Duration::from_secs(60);
/// How long the end waits for the journal.
pub const JOURNAL_FINISH: Duration = Duration::from_secs(5);
/// Entries that wait for the journal, some 300 octets each: all of 100,000 targets twice, and what comes of it. A disk
/// that hangs for longer than that takes costs entries, which are counted and told.
pub const JOURNAL_QUEUE: usize = 250_000;
/// Rows of one transaction, by the entries that write them: the larger it is, the fewer pages are written twice; a reader sees none before its end.
pub const JOURNAL_BATCH: usize = 16_384;
/// Names of who is watched in one entry.
pub const WATCHED_IN_AN_ENTRY: usize = 1024;
/// How long an entry waits for others to be written with. A page of the file is written once in that time.
pub const JOURNAL_COMMIT: Duration = Duration::from_millis(50);
/// After so long without an entry, what memory a storm took is given back: longer than storms pause.
pub const JOURNAL_REST: Duration = Duration::from_secs(1);
/// A write that takes longer than this is a disk that hangs.
pub const JOURNAL_HANGS: Duration = Duration::from_secs(2);
/// How long to wait before a write that failed is tried again; each failure doubles it.
pub const JOURNAL_RETRY: Duration = Duration::from_millis(100);
/// The longest such time: a disk that has room again is noticed within it.
pub const LONGEST_JOURNAL_RETRY: Duration = Duration::from_secs(5);
/// Events of the journal's thread that wait for the loop, which takes them each turn.
pub const JOURNAL_EVENTS: usize = 64;
/// Questions to the journal that wait; each takes milliseconds, and at most two seconds.
pub const JOURNAL_QUERIES: usize = 64;

/// Series of figures: what one small server measures with ease; more are Prometheus's.
pub const FIGURE_SERIES: usize = 10_000;
/// Labels of performance data of one target: those of a host with many file systems or ports.
pub const FIGURE_LABELS: usize = 64;
/// Octets of a label: most paths.
pub const FIGURE_LABEL_OCTETS: usize = 128;
/// Octets of a unit.
pub const FIGURE_UNIT_OCTETS: usize = 16;
/// A series without a value for so many times five minutes, a day, makes room for others.
pub const FIGURES_IDLE: u16 = 288;
/// Figures that the wall clock does not end are handed out after so long: more than the five minutes of each, so that
/// the two clocks do not take turns.
pub const FIGURES_OPEN: Duration = Duration::from_secs(360);

/// How old a published file may be: two of the writes that come each minute may be late or fail, and a watcher that has
/// died is ko in this time, whatever ocod allows.
pub const PUBLISHED_MAX_AGE: Duration = Duration::from_secs(180);
/// Work on a published file that takes longer than this is a disk that hangs.
pub const PUBLISH_HANGS: Duration = Duration::from_secs(2);
/// Events of the publishing thread that wait for the loop, which takes them each turn.
pub const PUBLISH_EVENTS: usize = 64;
/// How long the end waits for what is still to be published.
pub const PUBLISH_FINISH: Duration = Duration::from_secs(1);

/// Connections for metrics that have not got their page yet: some Prometheus servers and watchers of the watcher.
pub const METRICS_CONNECTIONS: usize = 16;
/// How long a client may take to ask and to get its page: Prometheus gives up after 10 seconds unless it is told
/// otherwise, and 50 MB to a slow place take as long.
pub const METRICS_TIME: Duration = Duration::from_secs(30);
/// Those that have it and linger.
pub const METRICS_LINGERING: usize = 16;
/// Octets of the parts of their pages that wait to be sent: a part each, which a long line or two may be over.
pub const METRICS_OCTETS: usize = METRICS_CONNECTIONS * 2 * METRICS_PART_OCTETS;
/// Octets of a part of the page, which is made while it is sent: as much as a socket takes at once, and few calls.
pub const METRICS_PART_OCTETS: usize = 256 * 1024;
/// Services, nodes and levels that the page tells of in one turn, and targets that are counted: at most a millisecond of
/// work, for all who wait together.
pub const METRICS_OBJECTS_PER_TURN: usize = 1000;
/// Targets that are counted in the time in which one service is told of.
pub const METRICS_TARGETS_PER_OBJECT: usize = 20;
/// The largest lateness is that of one to two such times, so that a scrape in each minute sees all.
pub const LATE_WINDOW: Duration = Duration::from_secs(60);

/// A level is judged anew at least so often: its figures are about as old as others', and a clock that was put forward
/// over a period's end is noticed.
pub const LEVEL_LOOK: Duration = Duration::from_secs(60);
/// How soon a level is judged again that the journal did not tell of.
pub const LEVEL_RETRY: Duration = Duration::from_secs(10);

/// Starts of probes share a wake-up that comes at most so late: costs 2.5 ms of mean lateness, and takes 30 % off a probe.
pub const TICK: Duration = Duration::from_millis(5);
/// A turn that is later than this is left out: who was stopped or asleep must not start everything at once.
pub const LATEST_START: Duration = Duration::from_secs(1);
/// Fast probes a second that there may always be, however few regular ones there are: nobody feels them, and a small fleet
/// needs them.
pub const FAST_PROBES: u32 = 100;
/// Fast probes that were not used may be made up for so long: a few ticks, so that a second never has more than its share.
pub const FAST_BURST: Duration = Duration::from_millis(20);
/// After so long a fast probe is tried again whose target's last program is still being cleared away.
pub const OVERLAP_PAUSE: Duration = Duration::from_millis(100);
/// Between two probes of a dependency because something else failed: many that fail one after the other must not hammer it.
pub const HURRY_SPACING: Duration = Duration::from_secs(1);
/// Of a gap between two probes of a target so many intervals count as time in which was probed.
pub const COUNTED_INTERVALS: u32 = 2;

/// Between two rounds of the canary while nothing is wrong.
pub const CANARY_INTERVAL: Duration = Duration::from_secs(10);
/// The same while it is us, and after a round in which we ourselves failed.
pub const CANARY_RETRY: Duration = Duration::from_secs(1);
/// The least between two rounds: a fleet that fails one after the other must not hammer the canary hosts.
pub const CANARY_SPACING: Duration = Duration::from_millis(100);
/// So many rounds in a row without any answer say that it is us: one lost packet must not.
pub const CANARY_ROUNDS: u32 = 2;

/// Of a target's last promises so many are looked at.
pub const PERIODS: usize = 5;
/// The least grace of a promise: who reports each second may be late by a few.
pub const LEAST_GRACE: Duration = Duration::from_secs(5);
/// Targets that report and that the file does not name: a table that somebody else fills.
pub const TAKEN_IN: usize = 100_000;
/// Acts in force or still to come: an acknowledgement of each service of the largest fleet.
pub const ACTS: usize = 100_000;
/// How long what is new of an incident waits for more of it: a storm is one update, not one for each member.
pub const INCIDENT_UPDATE: Duration = Duration::from_secs(5);
/// Octets of a reason: all entries of an OCO line fit, and what others tell fills no more memory than that.
pub const REASON_OCTETS: usize = oco::limits::LINE_OCTETS;

/// Changes that flapping can be made of: they are remembered one by one.
pub const FLAP_CHANGES: usize = 1000;
/// An episode of our own failures ends after so long without one.
pub const EPISODE: Duration = Duration::from_secs(60);
/// Kinds of our own failures that are told apart; further ones are not told.
pub const EPISODES: usize = 16;

/// What is called flapping of nodes, which have no timing of their own: so many changes of state
pub const NODE_FLAP_CHANGES: u32 = 6;
/// within this time,
pub const NODE_FLAP_WITHIN: Duration = Duration::from_secs(600);
/// until it was calm for so long: the defaults of services.
pub const NODE_FLAP_CALM: Duration = Duration::from_secs(300);
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
/// The most transitions that `flap` may count: each service and node remembers the times of so many.
pub const MOST_FLAP_CHANGES: u32 = 32;
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
/// Octets received in one call: each datagram fits, as does a record of TLS. One such buffer serves all probes.
pub const RECEIVED_OCTETS: usize = 64 * 1024;
/// Octets that a target may send in one probe, on the wire: more than four times the page that is looked at, so that
/// chunks and records of one octet each end too.
pub const PROBE_OCTETS: usize = 288 * 1024;
/// Octets of a line of a greeting. SMTP allows 512, SSH 255; what is longer is judged by its beginning.
pub const GREETING_LINE_OCTETS: usize = 2048;
/// Octets of the head of an HTTP response, with those of interim ones: twice what most servers can be made to send.
pub const RESPONSE_HEAD_OCTETS: usize = 16 * 1024;
/// Fields in it.
pub const RESPONSE_FIELDS: usize = 96;
/// Octets of a page that are searched for what is expected; what follows is not read.
pub const PAGE_OCTETS: usize = 64 * 1024;
/// Characters of a strange answer, and of a pattern, that a reason shows.
pub const SHOWN_CHARACTERS: usize = 60;
/// Octets of all buffers that wait for the next probe: some hundred probes at once allocate nothing, and a burst is
/// given back.
pub const SPARE_OCTETS: usize = 1024 * 1024;
/// Pings at once of one family: each has a sequence number of 16 bits to itself.
pub const PINGS: usize = 65_536;
/// Answers taken from one ping socket in a turn; the rest is taken in the next one, so that a flood delays nobody else.
pub const PING_ANSWERS_PER_TURN: usize = 4096;
/// Octets of a file of authorities: a hundred times the system's.
pub const CA_FILE_OCTETS: u64 = 32 * 1024 * 1024;
/// Pings sent until the answers are looked at: a socket keeps some 250, and what comes then is lost.
pub const PINGS_BETWEEN_LOOKS: u32 = 64;
/// Octets of answers that a ping socket shall keep, as far as `net.core.rmem_max` allows: each takes a kilobyte there.
pub const PING_QUEUE_OCTETS: usize = 4 * 1024 * 1024;

/// How long a host of the canary may take: as long as a probe by default.
pub const CANARY_TIMEOUT: Duration = Duration::from_secs(3);

/// An alert's command is tried so often: a mail server that restarts is back by then.
pub const ALERT_TRIES: u32 = 3;
/// Between two tries.
pub const ALERT_PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(25)];
/// Between two tries of a recovery that failed so often: who was told of the failure waits for it.
pub const RECOVERY_PAUSE: Duration = Duration::from_secs(300);
/// A recovery that could not be told for so long is told in the log, and forgotten.
pub const RECOVERY_TIME: Duration = Duration::from_secs(86_400);
/// Between two alerts to a step that only tell that others failed: the first comes at once, a storm a minute at a time.
pub const PARTIAL_SPACING: Duration = Duration::from_secs(60);
/// What holds an alert is looked at so often, though nobody says that it changed: hours, after the wall clock was set.
pub const ALERT_LOOKS_AGAIN: Duration = Duration::from_secs(60);
/// An alert that waits for a probe of what its service depends on looks so often whether it is there: a probe's time.
pub const ALERT_AWAITS: Duration = Duration::from_millis(500);
/// What is unknown for less than so many intervals is not told: a start and a new host are known by then.
pub const UNKNOWN_INTERVALS: u32 = 2;
/// Failed members that the journal remembers with who was told: some 300 KB a row. Of more, a recovery after a restart
/// names all members.
pub const TOLD_MEMBERS: usize = 10_000;
/// Direct alerts of one object to one alert that wait for its hours: somebody who says more does so in vain.
pub const DIRECT_WAITING: usize = 16;

/// Between two sendings of a failure to Alertmanager.
pub const ALERTMANAGER_EVERY: Duration = Duration::from_secs(60);
/// A failure that is not sent again for so long is resolved there: three sendings may be late or lost.
pub const ALERTMANAGER_FIRING: Duration = Duration::from_secs(240);
/// The end of a failure is sent for so long: who was away hears of it.
pub const ALERTMANAGER_RESOLVED: Duration = Duration::from_secs(300);
/// Objects whose alerts go into one request: some 500 KB.
pub const ALERTMANAGER_BATCH: usize = 500;
/// How long to wait before one that can't be reached is tried again.
pub const ALERTMANAGER_RETRY: Duration = Duration::from_secs(5);
/// Characters of an Alertmanager's words that are repeated in the log.
pub const ALERTMANAGER_WORDS: usize = 200;

/// How long connecting to who is told by HTTP may take, and each reading and writing.
pub const POST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take in all, once the request is sent.
pub const POST_ANSWER: Duration = Duration::from_secs(10);
/// Octets of the head of an answer, and of its words.
pub const POST_RESPONSE_OCTETS: usize = 16 * 1024;
