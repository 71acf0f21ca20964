//! Every limit of the board: a name, a unit and a reason.

use std::time::Duration;

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
/// Groups on the first page.
pub const GROUPS_SHOWN: usize = 200;
/// Lines of a tree.
pub const TREE_LINES: usize = 500;
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
/// Outages on a public page.
pub const OUTAGES_SHOWN: usize = 30;
/// How often one who listens hears something, be it nothing: proxies end connections that are silent for a minute.
pub const EVENTS_KEEP_ALIVE: Duration = Duration::from_secs(25);
/// After so long one who was cut off comes back.
pub const EVENTS_RETRY: Duration = Duration::from_secs(3);
