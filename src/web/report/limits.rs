//! The limits of reports.

use std::time::Duration;

/// Names that one report may be of: more than a command line of a person has.
pub const NAMES: usize = 100;
/// Objects that a report lists. A contract over more of them is one over a node that stands above.
pub const MEMBERS: usize = 5_000;
/// Outages that a report lists, the longest; the figures count all of them.
pub const OUTAGES: usize = 5_000;
/// Cells of a bar: what the width of a page shows.
pub const CELLS: usize = 100;
/// Periods of a level within a report that are listed one by one: a year of weeks.
pub const PERIODS: usize = 53;
/// Periods that a `[[report]]` still gets that it missed, the last ones.
pub const MISSED: usize = 12;
/// Octets of a font file: the largest of Debian's have 20 MB.
pub const FONT_OCTETS: u64 = 64 * 1024 * 1024;
/// Files that are looked at for a letter that no other font has.
pub const FONT_FILES: usize = 5_000;
/// Letters that no font has, for which fonts are searched; more are shown by their numbers at once.
pub const SEARCHES: usize = 32;
/// Fonts in one document.
pub const FONTS: usize = 32;
/// How long the mail program may take, which has a queue of its own.
pub const SENDMAIL: Duration = Duration::from_secs(300);
/// How long the watcher may take to say that it lives.
pub const WATCHER: Duration = Duration::from_secs(2);
/// Octets of what is kept of what was sent.
pub const STATE_OCTETS: u64 = 1024 * 1024;
