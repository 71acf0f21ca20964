//! Every limit of ocoboard, with its unit and its reason. Nothing here is a setting.

use std::time::Duration;

/// Octets of the file.
pub const SETTINGS_OCTETS: u64 = 1024 * 1024;
/// Listeners: loopback, a network or two, a socket for a proxy.
pub const LISTENERS: usize = 16;
/// Octets of a socket's path, of which the kernel takes 108 with a zero at their end.
pub const SOCKET_PATH_OCTETS: usize = 107;
/// Octets of the board's title: what a heading has room for.
pub const TITLE_OCTETS: usize = 200;
/// Octets of an address for mail (RFC 5321, 4.5.3.1.3).
pub const MAIL_ADDRESS_OCTETS: usize = 254;
/// Days of a public page: a year of bars.
pub const PUBLIC_DAYS: u32 = 366;
/// The most that `new-a-minute` may be: as many names as ocowatch takes in at all.
pub const MOST_NEW_A_MINUTE: u32 = 100_000;

/// Connections at once. One costs some 20 KiB while it is read, and bursts wait in the kernel's queue.
pub const CONNECTIONS: usize = 2048;
/// How long a connection is left alone before it may be closed for another one, where there are too many: its request may
/// be on its way.
pub const IDLE_AT_LEAST: Duration = Duration::from_secs(1);
/// So many of those make room together, where one address holds many: all places are looked at to find them, and a client
/// that opens one connection after the other would have that done for each.
pub const ROOM_AT_ONCE: usize = 64;
/// How long it waits for a place where none is free, before it looks again for one that is idle.
pub const PLACE_AWAITED: Duration = Duration::from_millis(50);
/// Seconds for which the kernel keeps a connection to itself over which nothing comes. Who is silent for longer has a place
/// and a deadline as everybody has.
pub const SILENCE_HIDDEN: usize = 1;
/// How long the loop rests where accept(2) fails for want of descriptors or memory.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take for the head of a request, and be idle before the next one.
pub const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long a client may take for the body of a request: 1 MiB over a slow line.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a client may take nothing of a reply.
pub const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long a client may take for the handshake of TLS.
pub const TLS_TIME: Duration = Duration::from_secs(10);
/// Octets of the head of a request: a browser's cookies are a few hundred.
pub const HEAD_OCTETS: usize = 16 * 1024;
/// Octets of the body of a request.
pub const BODY_OCTETS: usize = 1024 * 1024;
/// Octets of a body that is too large which are read and thrown away, so that its sender reads our answer.
pub const SPILL_OCTETS: usize = 8 * 1024 * 1024;
/// How long those that are being served when the end comes have to be done.
pub const FINISH_TIME: Duration = Duration::from_secs(5);

/// How long ocowatch may take for a reply: it answers within milliseconds.
pub const WATCHER_TIME: Duration = Duration::from_secs(2);
/// Octets of reports that wait for ocowatch: what 100,000 clients send in a second.
pub const WAITING_OCTETS: usize = 16 * 1024 * 1024;
/// Octets of reports in one line to ocowatch, which takes [`oco::limits::CONTROL_REQUEST_OCTETS`]. Fewer, so that a batch
/// delays its probes by less.
pub const BATCH_OCTETS: usize = 128 * 1024;
/// Octets of a reply: the status of 100,000 targets has about 50 MB.
pub const REPLY_OCTETS: usize = 64 * 1024 * 1024;
/// Orders to ocowatch at once besides reports, each by a connection of its own: it takes 64.
pub const ORDERS_AT_ONCE: usize = 8;
/// Octets of a refusal, which quotes what it was given.
pub const REFUSAL_OCTETS: usize = 64 * 1024;
/// How often it is looked whether ocowatch is there.
pub const WATCHER_LOOK: Duration = Duration::from_secs(5);
/// Pieces of a stream of events that wait for one who listens.
pub const EVENTS_WAITING: usize = 4;
/// Octets from which on a page is sent compressed: below, one packet has it.
pub const GZIP_FROM: usize = 1024;

/// Octets of a pusher's key: OverC's have at most 32.
pub const KEY_OCTETS: usize = 1024;
/// Octets of an object's name that stand for the name of a server or service.
pub const NAME_OCTETS: usize = oco_fleet::object::REPORTED_OCTETS;
/// Octets that are kept of a service's text.
pub const INFO_OCTETS: usize = 4096;
/// Octets of the reason that is made of it: what the watcher keeps of one. What is longer is kept as a text.
pub const REASON_OCTETS: usize = oco::limits::LINE_OCTETS;
/// Octets of all texts that are kept, over all services: those of 10,000 services that tell a kilobyte each, beside
/// 100,000 that tell a line, which is all in the reason.
pub const DETAILS_OCTETS: usize = 16 * 1024 * 1024;
/// The longest period that may be promised: a year.
pub const LONGEST_PERIOD: Duration = Duration::from_secs(366 * 86_400);
/// Requests of one key at once: cron starts ten clients in one second, and some hosts have a hundred jobs.
pub const REQUESTS_AT_ONCE: u32 = 100;
/// After that one each so long: 20 a second.
pub const REQUEST_EVERY: Duration = Duration::from_millis(50);
/// Keys whose requests are counted at once. Each is forgotten when it has been silent for some seconds.
pub const COUNTED_KEYS: usize = 200_000;
/// Alerts of one key within [`ALERT_TIME`]; those beyond are told of by one when it is over.
pub const ALERTS: u32 = 10;
/// See [`ALERTS`].
pub const ALERT_TIME: Duration = Duration::from_secs(3600);
/// Octets of an alert's text: what a pager shows, generously.
pub const ALERT_OCTETS: usize = 4096;
/// How often it is looked whether such a time is over.
pub const ALERT_LOOK: Duration = Duration::from_secs(10);

/// Octets of a secret.
pub const SECRET_OCTETS: usize = 32;
/// Octets of a token: nobody guesses one.
pub const TOKEN_OCTETS: usize = 20;
/// Lines of the file of keys that are of no use any more, before a start writes it anew.
pub const SPENT_LINES: usize = 1000;
/// Octets of the file of keys: those of a million.
pub const KEYS_OCTETS: u64 = 512 * 1024 * 1024;

/// How long somebody who logged in stays so.
pub const LOGIN_TIME: Duration = Duration::from_secs(12 * 3600);
/// Addresses whose wrong tokens are counted.
pub const GUESSERS: usize = 10_000;
/// How long a wrong token is answered later for it: after that an address begins anew.
pub const GUESS_MEMORY: Duration = Duration::from_secs(600);
/// The longest that a wrong token's answer is held back.
pub const GUESS_DELAY: Duration = Duration::from_secs(5);
/// Lines of the log a minute about who is not let in. More are counted.
pub const REFUSALS_LOGGED: u32 = 20;

/// How long a page waits for the journal. What is known of before is shown then.
pub const JOURNAL_DEADLINE: Duration = Duration::from_secs(2);
/// How often the journal is looked at for what is new.
pub const JOURNAL_LOOK: Duration = Duration::from_secs(1);
/// How often everybody is read anew, for what comes without a transition: who goes up and down.
pub const JOURNAL_LOOK_AT_ALL: Duration = Duration::from_secs(60);
/// Questions that wait for the journal. More are refused: each of them would wait longer than its deadline.
pub const JOURNAL_QUESTIONS: usize = 64;
/// Up to so many that changed are read one by one; with more, reading all is cheaper.
pub const CHANGED_ONE_BY_ONE: usize = 5_000;
/// The last events that somebody who comes back can be given without asking the journal.
pub const EVENTS_KEPT: usize = 1_000;
/// Events of one look, and of one who comes back after a while. Whoever missed more is told so, and looks anew.
pub const EVENTS_AT_ONCE: usize = 1_000;
/// After so long without a sign of life the watcher is late: it gives one a minute.
pub const WATCHER_LATE: Duration = Duration::from_secs(150);
/// Rows of a page.
pub const PAGE_ROWS: usize = 500;
/// Problems on the first page, with up to [`TARGETS_BELOW`] rows below each: so it stays below 200 KiB.
pub const PROBLEMS_SHOWN: usize = 100;
/// Targets that are shown below a service that is not well.
pub const TARGETS_BELOW: usize = 3;
/// Who is silent, on the first page.
pub const SILENT_SHOWN: usize = 50;
/// Mutes and maintenance on the first page.
pub const MARKS_SHOWN: usize = 100;
/// Groups on the first page.
pub const GROUPS_SHOWN: usize = 200;
/// Members that are looked at for why a node is as it is.
pub const CAUSES_SOUGHT: usize = 500;
/// Lines of a tree, over all its pages: who stands under several nodes has a line below each.
pub const TREE_LINES: usize = 50_000;
/// How deep a tree is followed. The watcher's file has no circle, but what is heard is from outside.
pub const TREE_DEPTH: usize = 16;
/// Root causes of a node.
pub const CAUSES_SHOWN: usize = 20;
/// Rows of history on the page of a host or node.
pub const HISTORY_ROWS: usize = 50;
/// Incidents that are read for the list of them, and all that are open.
pub const INCIDENTS_READ: u32 = 5_000;
/// Octets of a query's value: no name, time or pattern is longer.
pub const QUERY_VALUE_OCTETS: usize = 1_024;
/// Levels that are judged for one page: each is reckoned from its whole period.
pub const LEVELS_JUDGED: usize = 100;
/// What a public page lists.
pub const PUBLIC_OBJECTS: usize = 100;
/// How far ahead of its beginning a public page tells of planned work: who looks plans by weeks.
pub const WORK_AHEAD: Duration = Duration::from_secs(14 * 86_400);
/// What is planned on a public page, and is still to come.
pub const WORK_SHOWN: usize = 30;
/// Outages on a public page.
pub const OUTAGES_SHOWN: usize = 30;
/// How often one who listens hears something, be it nothing: proxies end connections that are silent for a minute.
pub const EVENTS_KEEP_ALIVE: Duration = Duration::from_secs(25);
/// How often it is looked whether one who listens still may: a stream outlives the revocation of its token by that.
pub const EVENTS_LEAVE_LOOK: Duration = Duration::from_secs(1);
/// After so long one who was cut off comes back.
pub const EVENTS_RETRY: Duration = Duration::from_secs(3);
/// Whom a page draws what was measured of: a service's first hosts, or all of a host.
pub const CHART_OBJECTS: usize = 48;
/// Pictures of it on a page.
pub const CHARTS: usize = 60;
/// Points of such a picture: more than it has pixels for on a phone.
pub const CHART_POINTS: u32 = 288;
