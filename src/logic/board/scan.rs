//! The board under a reading of the whole directory.

use super::{Board, Flags};
use crate::logic::time::Now;

impl Board {
    /// Begins a scan of the directory: events so far no longer count.
    pub fn begin_scan(&mut self) {
        self.is_withdrawn = false;
        for check in &mut self.checks {
            check.distrust();
            check.flags.clear(Flags::PRESENT);
        }
    }

    /// Takes in a name that a scan found. A scan that finds more than [`CHECKS`](crate::limits::CHECKS) is the caller's to refuse; here, those
    /// that are gone may still be in beside them.
    pub fn found(&mut self, name: &str) {
        let id = self.insert(name);
        if let Some(check) = self.checks.get_mut(id.index()) {
            check.flags.set(Flags::PRESENT);
            check.make_due(id, &mut self.due);
        }
    }

    /// Ends a scan. What it did not find is gone, if events tell of whatever happened while it read; else it has to
    /// be looked at, since a directory that changes meanwhile may be read without what was only renamed.
    pub fn end_scan(&mut self, is_told: bool, now: Now) {
        for id in self.ids() {
            let Some(check) = self.checks.get_mut(id.index()).filter(|check| !check.is(Flags::PRESENT))
            else {
                continue;
            };
            if check.name.is_empty() {
                continue;
            }
            if is_told {
                check.vanish();
                check.touch(id, &mut self.touched);
                self.reschedule(id, now);
            } else {
                check.flags.set(Flags::PRESENT);
                check.make_due(id, &mut self.due);
            }
        }
    }
}
