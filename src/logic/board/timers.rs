//! Which check changes next by time alone: a heap of ids in the order of their times.
//!
//! The times are the timed' own and are handed in as a function, and each check keeps the place where it stands: so
//! a check costs eight octets here, and one whose time has changed moves at the price of the heap's height.

use super::Id;
use crate::logic::time::Nanos;

/// The place of a check that is not in the heap. The places in it are counted from 1.
pub const NOWHERE: u32 = 0;

/// What has a time and keeps its place in the heap.
pub trait Timed {
    /// Its time; none: it does not belong into the heap.
    fn time(&self) -> Option<Nanos>;

    /// The place that it was told, [`NOWHERE`] at first.
    fn place(&self) -> u32;

    /// Tells it its place.
    fn set_place(&mut self, place: u32);
}

/// The ids of what has a time, the earliest first.
#[derive(Debug, Default)]
pub struct Timers {
    heap: Vec<Id>,
}

impl Timers {
    /// Room for so many.
    pub fn with_capacity(timed: usize) -> Timers {
        Timers { heap: Vec::with_capacity(timed) }
    }

    /// The check whose time comes first, with its time.
    pub fn first(&self, timed: &[impl Timed]) -> Option<(Id, Nanos)> {
        let id = *self.heap.first()?;
        Some((id, time(timed, id)))
    }

    /// Brings `id` to where its time belongs, or out of the heap where `is_wanted` says so.
    pub fn settle(&mut self, timed: &mut [impl Timed], id: Id, is_wanted: bool) {
        let Some(one) = timed.get(id.index()) else { return };
        match (one.place(), is_wanted) {
            (NOWHERE, false) => {}
            (NOWHERE, true) => {
                self.heap.push(id);
                self.rise(timed, self.heap.len() - 1);
            }
            (place, true) => {
                let place = self.rise(timed, index(place));
                self.sink(timed, place);
            }
            (place, false) => self.remove(timed, index(place)),
        }
    }

    /// Forgets all. The timed still have to be told.
    pub fn clear(&mut self) {
        self.heap.clear();
    }

    fn remove(&mut self, timed: &mut [impl Timed], place: usize) {
        if place >= self.heap.len() {
            return;
        }
        let id = self.heap.swap_remove(place);
        if let Some(one) = timed.get_mut(id.index()) {
            one.set_place(NOWHERE);
        }
        if place < self.heap.len() {
            let place = self.rise(timed, place);
            self.sink(timed, place);
        }
    }

    fn rise(&mut self, timed: &mut [impl Timed], mut place: usize) -> usize {
        while place > 0 {
            let parent = (place - 1) / 2;
            if !self.is_before(timed, place, parent) {
                break;
            }
            self.swap(timed, place, parent);
            place = parent;
        }
        self.note(timed, place);
        place
    }

    fn sink(&mut self, timed: &mut [impl Timed], mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let mut first = place;
            for child in [left, right] {
                if child < self.heap.len() && self.is_before(timed, child, first) {
                    first = child;
                }
            }
            if first == place {
                return self.note(timed, place);
            }
            self.swap(timed, place, first);
            place = first;
        }
    }

    fn is_before(&self, timed: &[impl Timed], place: usize, other: usize) -> bool {
        let at = |place: usize| self.heap.get(place).map(|id| time(timed, *id));
        at(place) < at(other)
    }

    fn swap(&mut self, timed: &mut [impl Timed], place: usize, other: usize) {
        self.heap.swap(place, other);
        self.note(timed, place);
        self.note(timed, other);
    }

    /// Tells the check at `place` where it stands.
    fn note(&self, timed: &mut [impl Timed], place: usize) {
        if let Some(one) = self.heap.get(place).and_then(|id| timed.get_mut(id.index())) {
            one.set_place(u32::try_from(place + 1).unwrap_or(NOWHERE));
        }
    }

    /// Whether it is a heap, and every check knows its place.
    pub fn is_sound(&self, timed: &[impl Timed]) -> bool {
        let in_heap = timed.iter().filter(|one| one.place() != NOWHERE).count();
        in_heap == self.heap.len()
            && (0..self.heap.len()).all(|place| {
                let knows = self.heap.get(place).and_then(|id| timed.get(id.index()));
                knows.is_some_and(|one| index(one.place()) == place)
                    && (place == 0 || !self.is_before(timed, place, (place - 1) / 2))
            })
    }
}

fn time(timed: &[impl Timed], id: Id) -> Nanos {
    timed.get(id.index()).and_then(Timed::time).unwrap_or(Nanos(i64::MAX))
}

fn index(place: u32) -> usize {
    usize::try_from(place).ok().and_then(|place| place.checked_sub(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    struct One {
        time: Option<Nanos>,
        place: u32,
    }

    impl Timed for One {
        fn time(&self) -> Option<Nanos> {
            self.time
        }

        fn place(&self) -> u32 {
            self.place
        }

        fn set_place(&mut self, place: u32) {
            self.place = place;
        }
    }

    proptest! {
        #[test]
        fn the_first_is_the_earliest_of_all(
            acts in prop::collection::vec((0usize..20, prop::option::of(0i64..50)), 0..200)
        ) {
            let mut all = vec![One { time: None, place: NOWHERE }; 20];
            let mut timers = Timers::default();
            for (index, time) in acts {
                all[index].time = time.map(Nanos);
                let id = Id(u32::try_from(index).unwrap());
                timers.settle(&mut all, id, time.is_some());
                prop_assert!(timers.is_sound(&all));
                let first = timers.first(&all).map(|(id, at)| {
                    assert_eq!(all[id.index()].time, Some(at));
                    at
                });
                prop_assert_eq!(first, all.iter().filter_map(|one| one.time).min());
            }
        }
    }
}
