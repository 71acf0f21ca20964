//! Which check changes next by time alone: a heap of ids in the order of their times.
//!
//! The times are the checks' own and are handed in as a function, and each check keeps the place where it stands: so
//! a check costs eight octets here, and one whose time has changed moves at the price of the heap's height.

use super::Id;
use super::check::Check;
use crate::logic::time::Nanos;

/// The place of a check that is not in the heap.
pub const NOWHERE: u32 = u32::MAX;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Timers {
    heap: Vec<Id>,
}

impl Timers {
    /// The check whose time comes first, with its time.
    pub fn first(&self, checks: &[Check]) -> Option<(Id, Nanos)> {
        let id = *self.heap.first()?;
        Some((id, time(checks, id)))
    }

    /// Brings `id` to where its time belongs, or out of the heap where `is_wanted` says so.
    pub fn settle(&mut self, checks: &mut [Check], id: Id, is_wanted: bool) {
        let Some(check) = checks.get(id.index()) else { return };
        match (check.timer, is_wanted) {
            (NOWHERE, false) => {}
            (NOWHERE, true) => {
                self.heap.push(id);
                self.rise(checks, self.heap.len() - 1);
            }
            (place, true) => {
                let place = self.rise(checks, index(place));
                self.sink(checks, place);
            }
            (place, false) => self.remove(checks, index(place)),
        }
    }

    /// Forgets all. The checks still have to be told.
    pub fn clear(&mut self) {
        self.heap.clear();
    }

    fn remove(&mut self, checks: &mut [Check], place: usize) {
        if place >= self.heap.len() {
            return;
        }
        let id = self.heap.swap_remove(place);
        if let Some(check) = checks.get_mut(id.index()) {
            check.timer = NOWHERE;
        }
        if place < self.heap.len() {
            let place = self.rise(checks, place);
            self.sink(checks, place);
        }
    }

    fn rise(&mut self, checks: &mut [Check], mut place: usize) -> usize {
        while place > 0 {
            let parent = (place - 1) / 2;
            if !self.is_before(checks, place, parent) {
                break;
            }
            self.swap(checks, place, parent);
            place = parent;
        }
        self.note(checks, place);
        place
    }

    fn sink(&mut self, checks: &mut [Check], mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut first = place;
            for child in [left, right] {
                if child < self.heap.len() && self.is_before(checks, child, first) {
                    first = child;
                }
            }
            if first == place {
                return self.note(checks, place);
            }
            self.swap(checks, place, first);
            place = first;
        }
    }

    fn is_before(&self, checks: &[Check], place: usize, other: usize) -> bool {
        let at = |place: usize| self.heap.get(place).map(|id| time(checks, *id));
        at(place) < at(other)
    }

    fn swap(&mut self, checks: &mut [Check], place: usize, other: usize) {
        self.heap.swap(place, other);
        self.note(checks, place);
        self.note(checks, other);
    }

    /// Tells the check at `place` where it stands.
    fn note(&self, checks: &mut [Check], place: usize) {
        if let Some(check) = self.heap.get(place).and_then(|id| checks.get_mut(id.index())) {
            check.timer = u32::try_from(place).unwrap_or(NOWHERE);
        }
    }

    /// Whether it is a heap, and every check knows its place.
    pub fn is_sound(&self, checks: &[Check]) -> bool {
        let in_heap = checks.iter().filter(|check| check.timer != NOWHERE).count();
        in_heap == self.heap.len()
            && (0..self.heap.len()).all(|place| {
                let knows = self.heap.get(place).and_then(|id| checks.get(id.index()));
                knows.is_some_and(|check| index(check.timer) == place)
                    && (place == 0 || !self.is_before(checks, place, (place - 1) / 2))
            })
    }
}

fn time(checks: &[Check], id: Id) -> Nanos {
    checks.get(id.index()).and_then(Check::change_at).unwrap_or(Nanos(i64::MAX))
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
