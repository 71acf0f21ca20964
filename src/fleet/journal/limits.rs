//! The limits of the journal.

use std::time::Duration;

/// How long a reader may be in one transaction: a longer one keeps the writer from starting its log anew, which then
/// grows. Also how long a reader waits for a lock.
pub const READ_TIME: Duration = Duration::from_secs(2);
/// How long the writer waits for a lock that somebody else holds on the journal before it says so and tries again.
pub const BUSY: Duration = Duration::from_secs(5);
/// Octets of a text in the journal; the rest is cut. What a plugin says at most.
pub const TEXT_OCTETS: usize = 4096;
/// A heartbeat that comes so many milliseconds after the last one, which is due each minute, says that nobody watched
/// in between: the machine slept, or the watcher stood still.
pub const HEARTBEAT_LATE_MS: i64 = 150_000;
/// Pages of the log of writes until they are brought into the file: 16 MB. With fewer, a storm of failures writes the
/// same pages many times, each with a sync.
pub const CHECKPOINT_PAGES: i64 = 4000;
/// Octets that the log of writes keeps after a storm.
pub const LOG_OCTETS: i64 = 32 * 1024 * 1024;
/// KiB of pages that the writer keeps while it has much to write: what 100,000 objects and their changes of a month lie
/// on. It gives them back where it rests.
pub const CACHE_KIB: i64 = 32 * 1024;
/// Prepared statements that are kept: all there are.
pub const STATEMENTS: usize = 64;
/// Octets up to which a file is looked through at a start for damage that would else be found only when it is written
/// to: what takes a tenth of a second. A million transitions lie in four times as much, and a start with them is not to
/// take a second.
pub const CHECKED_OCTETS: u64 = 16 * 1024 * 1024;
/// State transitions of one object that a start reads: more than any flap rule counts is of no use.
pub const RECENT_PER_OBJECT: usize = 1000;
/// Entries of a page of the log.
pub const PAGE_ENTRIES: usize = 100_000;
/// Up to so many objects are looked up one by one for the log; with more, all that happened is read and sifted.
pub const OBJECTS_ONE_BY_ONE: usize = 2000;
/// Cells of a bar: more than any screen has columns.
pub const BAR_CELLS: u32 = 4000;
/// Points of a picture of figures: more than any screen has columns.
pub const FIGURE_POINTS: u32 = 4000;
/// What was measured within so many chunks of figures, a day, before the last sign of life goes on at a start.
pub const MEASURED_CHUNKS: i64 = 6;
/// Rows of each kind that are taken out at once, each minute: some milliseconds, and 500 million a year.
pub const PRUNED_AT_ONCE: u32 = 1000;
