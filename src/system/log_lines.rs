//! All that the programs say on standard error: the log, one line an entry, and the one line of a program that failed.
//!
//! Whatever is said goes through here. Nothing that a terminal or a log could obey comes out, wherever a name or a
//! text is from. And nobody waits: lines that standard error does not take at once are kept, those that do not fit
//! are counted, and their number is told when there is room again. Whoever has a loop flushes when
//! [`raw_fd`] is writable, as long as lines are [`pending`]; others do so at their [`finish`].

use super::clock;
use super::standard_error::StandardError;
use crate::limits::{LOG_FLUSH, LOG_OCTETS, WRITES_PER_FLUSH};
use crate::logic::log_buffer::{LogBuffer, Rank};
use crate::logic::text::printable;
use log::{Level, Log, Metadata, Record};
use std::io::ErrorKind;
use std::os::fd::RawFd;
use std::panic::PanicHookInfo;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, SystemTime};

/// Target of lines that one check can cause as often as it likes. They leave room for others. As a filter
/// `RUST_LOG` knows it by the name of the program's part.
pub const CHANGE: &str = "oco::daemon::change";
/// Target of lines about the verdict, for which there is room when there is none for others.
pub const TRANSITION: &str = "oco::daemon::transition";

/// Octets that are written at once: so many a pipe takes as one piece, whoever else writes to it.
const PIECE: usize = libc::PIPE_BUF;

static LINES: LazyLock<Mutex<Lines>> = LazyLock::new(|| Mutex::new(Lines::new()));

/// Lines on their way to standard error.
#[derive(Debug)]
struct Lines {
    stderr: StandardError,
    is_journal: bool,
    buffer: LogBuffer,
    /// The last flush ended with standard error still taking what it was given.
    has_more: bool,
}

/// Starts logging at `level` and above, or as `RUST_LOG` says. To be called before rights are given up.
pub fn start(level: &str) {
    // Its errors go to standard error past us.
    let directives =
        std::env::var("RUST_LOG").map_or_else(|_| level.to_owned(), |set| printable(set.as_bytes()));
    let filter = env_logger::Builder::new().parse_filters(&directives).build();
    log::set_max_level(filter.filter());
    // A second start changes nothing.
    let _ = log::set_boxed_logger(Box::new(Logger(filter)));
    drop(lines());
    std::panic::set_hook(Box::new(tell_of_panic));
}

/// Says in one line why `program` did not do what it was to do.
pub fn say(program: &str, what: &str) {
    let mut line = format!("{program}: ");
    line.push_str(&printable(what.as_bytes()));
    line.push('\n');
    lines().add(line, Rank::Ordinary);
}

/// Shows a line as it is, but for what a terminal could obey.
pub fn show(line: &str) {
    lines().add(printable(line.as_bytes()) + "\n", Rank::Ordinary);
}

/// Whether lines wait for standard error to take them.
pub fn pending() -> bool {
    !lines().buffer.is_empty()
}

/// The descriptor that becomes writable when it takes more. For as long as the process lives it stays the same.
pub fn raw_fd() -> RawFd {
    lines().stderr.raw_fd()
}

/// Whether the last [`flush`] ended though standard error took more. It is writable then, but will not become it.
pub fn has_more() -> bool {
    lines().has_more
}

/// Writes what standard error takes.
pub fn flush() {
    lines().flush();
}

/// Writes what waits, for at most `limit`.
pub fn finish(limit: Duration) {
    lines().finish(limit);
}

fn lines() -> MutexGuard<'static, Lines> {
    // Whoever panicked with it was in no line.
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    fn new() -> Lines {
        let stderr = StandardError::open();
        let is_journal = stderr.is_journal();
        Lines { stderr, is_journal, buffer: LogBuffer::new(LOG_OCTETS), has_more: false }
    }

    /// An entry of the log.
    fn entry(&self, level: Level, what: &str) -> String {
        let mut line = String::new();
        if !self.is_journal {
            line = format!("{} ", humantime::format_rfc3339_seconds(SystemTime::now()));
        }
        line.push_str(&level.as_str().to_lowercase());
        line.push_str(": ");
        line.push_str(&printable(what.as_bytes()));
        line.push('\n');
        line
    }

    fn add(&mut self, line: String, rank: Rank) {
        self.buffer.push(&line, rank);
        self.flush();
    }

    fn flush(&mut self) {
        self.has_more = false;
        for _ in 0..WRITES_PER_FLUSH {
            let piece = self.buffer.front(PIECE);
            if piece.is_empty() {
                return;
            }
            match self.stderr.write(piece) {
                Ok(count) if count > 0 => self.buffer.consume(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The reader has gone, or the disk is full.
                Ok(_) | Err(_) => {
                    self.buffer.lose_all();
                    return;
                }
            }
            self.tell_of_lost();
        }
        self.has_more = !self.buffer.is_empty();
    }

    /// Adds a line about those that were lost, if there is room again. Only behind what was taken: as long as nothing
    /// is, it would be lost itself.
    fn tell_of_lost(&mut self) {
        if let Some(count) = self.buffer.take_lost() {
            let plural = if count == 1 { "line" } else { "lines" };
            let line = self.entry(Level::Warn, &format!("{count} {plural} lost"));
            self.buffer.push_notice(&line);
        }
    }

    fn finish(&mut self, limit: Duration) {
        let end = clock::now().boot.after(limit);
        loop {
            self.flush();
            let left = end.since(clock::now().boot);
            if self.buffer.is_empty() || left.is_zero() || !self.stderr.wait(left) {
                return;
            }
        }
    }
}

/// What the `log` crate hands its records to.
#[derive(Debug)]
struct Logger(env_logger::Logger);

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.0.matches(record) {
            return;
        }
        let rank = match (record.target(), record.level()) {
            (TRANSITION, _) => Rank::Transition,
            (CHANGE, _) | (_, Level::Debug | Level::Trace) => Rank::Chatter,
            (_, Level::Error | Level::Warn | Level::Info) => Rank::Ordinary,
        };
        let what = record.args().to_string();
        let mut lines = lines();
        let line = lines.entry(record.level(), &what);
        lines.add(line, rank);
    }

    fn flush(&self) {
        flush();
    }
}

/// The last words of a program with a defect. A process that waited to say them would be neither alive nor dead.
fn tell_of_panic(info: &PanicHookInfo<'_>) {
    let mut lines = match LINES.try_lock() {
        Ok(lines) => lines,
        Err(TryLockError::Poisoned(lines)) => lines.into_inner(),
        Err(TryLockError::WouldBlock) => return,
    };
    let line = lines.entry(Level::Error, &info.to_string().replace('\n', " "));
    lines.add(line, Rank::Transition);
    lines.finish(LOG_FLUSH);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_of_harmless_text() {
        let mut lines = Lines::new();
        lines.is_journal = true;
        let said = "key \u{1b}[31m\n\r\u{9b}2J \u{202e}x";
        assert_eq!(lines.entry(Level::Warn, said), "warn: key ?[31m???2J ?x\n");
        lines.is_journal = false;
        let line = lines.entry(Level::Info, "x");
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok() && rest == "info: x\n", "{line}");
    }
}
