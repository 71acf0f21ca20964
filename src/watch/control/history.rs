//! Entries of the log as the control socket tells them.

use super::reply;
use crate::limits::LOG_ROWS_PER_TURN;
use jiff::tz::TimeZone;
use oco_fleet::journal::{LogPage, LogRow};
use oco_fleet::shown::log_entry;

/// The reply to `log`, made piece by piece.
#[derive(Debug)]
pub struct LogReply {
    rows: std::vec::IntoIter<LogRow>,
    zone: Option<TimeZone>,
}

impl LogReply {
    /// A reply of these rows, with times of `zone`; none: UTC.
    pub fn new(page: LogPage, zone: Option<TimeZone>) -> LogReply {
        LogReply { rows: page.rows.into_iter(), zone }
    }

    /// Writes on. Whether that was the end.
    pub fn write(&mut self, out: &mut Vec<u8>) -> bool {
        for row in self.rows.by_ref().take(LOG_ROWS_PER_TURN) {
            out.extend(reply::line(&log_entry(row, self.zone.as_ref())));
        }
        let is_last = self.rows.len() == 0;
        if is_last {
            out.extend(reply::ok());
        }
        is_last
    }
}
