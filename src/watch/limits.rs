//! Every limit of ocowatch, with its unit and its reason. Nothing here is a setting.

use std::time::Duration;

/// Entries that wait for the journal, some 300 octets each: all of 100,000 targets twice, and what comes of it. A disk
/// that hangs for longer than that takes costs entries, which are counted and told.
pub const JOURNAL_QUEUE: usize = 250_000;
/// Entries of one transaction: the larger it is, the fewer pages are written twice; a reader sees none before its end.
pub const JOURNAL_BATCH: usize = 16_384;
/// How long an entry waits for others to be written with. A page of the file is written once in that time.
pub const JOURNAL_COMMIT: Duration = Duration::from_millis(50);
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
