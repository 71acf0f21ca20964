//! Who starts when.
//!
//! Each target has a turn in each interval, from start to start, at a phase that a hash of its name gives: the same after a
//! restart and after a reload. Nothing drifts, since turns lie on the grid of the interval and not behind the last start.
//! For each distinct pair of intervals there is a ring of targets, sorted by phase. Fast probes stand in a heap by their
//! times; they are rationed, and come behind the regular ones.
//!
//! This starts nothing and knows no results. In the steady state it allocates nothing.

mod ration;
mod ring;
#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;

use super::changes::earliest;
use super::clock::nanos;
use super::fleet::ids::{TargetId, place};
use crate::limits::{HURRY_SPACING, OVERLAP_PAUSE, TICK};
use oco::logic::time::Nanos;
use ration::Ration;
use ring::Ring;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

/// A target that is to be probed.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    /// Who.
    pub target: TargetId,
    /// [`hash`] of its name.
    pub hash: u64,
    /// From start to start.
    pub interval: Duration,
    /// The same while a change is counted.
    pub fast_interval: Duration,
}

/// Of a target.
#[derive(Debug, Clone, Copy)]
struct Slot {
    phase: i64,
    last_start: Nanos,
    /// When its fast probe is due; [`NEVER`] where there is none.
    fast_due: Nanos,
    ring: u16,
    is_running: bool,
    /// Whether the fast probe is one of a dependency, which does not wait for its interval.
    is_hurried: bool,
}

const NEVER: Nanos = Nanos(i64::MAX);
const NO_RING: u16 = u16::MAX;
const IDLE: Slot = Slot {
    phase: 0,
    last_start: Nanos::PAST,
    fast_due: NEVER,
    ring: NO_RING,
    is_running: false,
    is_hurried: false,
};

/// What did not start in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Turns left out because the loop was late by more than a second, or an interval.
    pub missed: u64,
    /// Turns left out because the probe of the turn before still ran.
    pub overlapped: u64,
}

/// Who starts when.
#[derive(Debug)]
pub struct Schedule {
    rings: Vec<Ring>,
    slots: Vec<Slot>,
    fast: BinaryHeap<Reverse<(Nanos, TargetId)>>,
    ration: Ration,
    left: Left,
    /// Until when turns were given out.
    passed: Nanos,
}

/// A hash that never changes: FNV-1a, its bits mixed, since names differ at their ends.
pub fn hash(name: &str) -> u64 {
    let step = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

impl Schedule {
    /// Of nobody, from now on.
    pub fn new(now: Nanos) -> Schedule {
        Schedule {
            rings: Vec::new(),
            slots: Vec::new(),
            fast: BinaryHeap::new(),
            ration: Ration::default(),
            left: Left::default(),
            passed: now,
        }
    }

    /// From now on these are probed. Who was there already keeps its phase, and what runs or is due of it.
    pub fn plan(&mut self, planned: impl IntoIterator<Item = Planned>) {
        let mut keys: HashMap<(i64, i64), usize> = HashMap::new();
        self.rings.clear();
        for slot in &mut self.slots {
            slot.ring = NO_RING;
        }
        for one in planned {
            let at = place(one.target.0);
            if self.slots.len() <= at {
                self.slots.resize(at + 1, IDLE);
            }
            let interval = nanos(one.interval).max(1);
            let key = (interval, nanos(one.fast_interval).clamp(1, interval));
            let number = *keys.entry(key).or_insert_with(|| {
                self.rings.push(Ring::new(key.0, key.1));
                self.rings.len() - 1
            });
            let (Some(ring), Some(slot)) = (self.rings.get_mut(number), self.slots.get_mut(at)) else {
                continue;
            };
            slot.phase = phase(one.hash, interval);
            slot.ring = u16::try_from(number).unwrap_or(NO_RING);
            ring.targets.push(one.target);
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.ring == NO_RING) {
            *slot = IDLE;
        }
        self.ration = Ration::of(self.rings.iter().map(|ring| (ring.targets.len(), ring.interval)));
        for ring in &mut self.rings {
            ring.turn_to(self.passed, &self.slots);
        }
    }

    /// Offers each target that is to start now to `start`, regular ones first. It says whether the target's probe begins:
    /// then that runs until [`Schedule::ended`]. Where what it ran before is still being cleared away, a regular turn is
    /// left out, and a fast one comes a little later.
    pub fn due(&mut self, now: Nanos, start: &mut impl FnMut(TargetId) -> bool) {
        self.passed = self.passed.max(now);
        for ring in &mut self.rings {
            ring.due(now, &mut self.slots, &mut self.left, start);
        }
        while let Some(Reverse((due, target))) = self.fast.peek().copied() {
            if due > now {
                break;
            }
            if self.is_startable(target, due, now) && !self.ration.take(now) {
                break;
            }
            self.fast.pop();
            let is_startable = self.is_startable(target, due, now);
            let Some(slot) = self.slots.get_mut(place(target.0)) else { continue };
            let is_hurried = slot.is_hurried;
            if slot.fast_due == due {
                (slot.fast_due, slot.is_hurried) = (NEVER, is_hurried && slot.is_running);
            }
            if is_startable && start(target) {
                slot.start(now);
            } else if is_startable {
                self.put(target, now.after(OVERLAP_PAUSE), is_hurried);
            }
        }
    }

    /// Whether a fast probe that stands in the heap for then may start now.
    fn is_startable(&self, target: TargetId, due: Nanos, now: Nanos) -> bool {
        let Some(slot) = self.slots.get(place(target.0)) else { return false };
        let Some(ring) = self.ring_of(slot) else { return false };
        let is_current = slot.fast_due == due && !slot.is_running;
        is_current && (slot.is_hurried || ring.has_room(slot.phase, now))
    }

    fn ring_of(&self, slot: &Slot) -> Option<&Ring> {
        self.rings.get(usize::from(slot.ring))
    }

    /// The probe of a target is over. `is_counting`: a change is being counted, so the next one is to come fast, if that is
    /// not nearer to the next turn than the fast interval.
    pub fn ended(&mut self, target: TargetId, is_counting: bool, now: Nanos) {
        let Some(slot) = self.slots.get_mut(place(target.0)) else { return };
        slot.is_running = false;
        if std::mem::take(&mut slot.is_hurried) {
            self.put(target, now, true);
        } else if is_counting {
            self.quicken(target, now);
        }
    }

    /// A change of a target is being counted: its next probe is to come fast.
    pub fn quicken(&mut self, target: TargetId, now: Nanos) {
        let Some(slot) = self.slots.get(place(target.0)).filter(|slot| !slot.is_hurried) else { return };
        let Some(ring) = self.ring_of(slot) else { return };
        let due = Nanos(slot.last_start.0.saturating_add(ring.fast)).max(now);
        if slot.fast_due == NEVER && ring.has_room(slot.phase, due) {
            self.put(target, due, false);
        }
    }

    /// A target is to be probed at once, or, where its probe runs, again behind that. At most once a second.
    pub fn hurry(&mut self, target: TargetId, now: Nanos) {
        let Some(slot) = self.slots.get_mut(place(target.0)) else { return };
        if slot.is_hurried || usize::from(slot.ring) >= self.rings.len() {
            return;
        }
        slot.is_hurried = true;
        if !slot.is_running {
            let due = slot.last_start.after(HURRY_SPACING).max(now);
            self.put(target, due, true);
        }
    }

    fn put(&mut self, target: TargetId, due: Nanos, is_hurried: bool) {
        let Some(slot) = self.slots.get_mut(place(target.0)) else { return };
        if is_hurried {
            slot.is_hurried = true;
        }
        slot.fast_due = due;
        self.fast.push(Reverse((due, target)));
    }

    /// When a target last started.
    pub fn last_start(&self, target: TargetId) -> Option<Nanos> {
        let slot = self.slots.get(place(target.0))?;
        (slot.last_start != Nanos::PAST).then_some(slot.last_start)
    }

    /// Whether a target runs, or is to because something failed that depends on it.
    pub fn is_awaited(&self, target: TargetId) -> bool {
        self.slots.get(place(target.0)).is_some_and(|slot| slot.is_hurried || slot.is_running)
    }

    /// What did not start in its turn, since the beginning.
    pub fn left(&self) -> Left {
        self.left
    }

    /// When [`Schedule::due`] is to be called next: the tick in which the next start lies.
    pub fn deadline(&self) -> Option<Nanos> {
        let regular = self.rings.iter().filter_map(|ring| ring.next(&self.slots));
        let fast = self.fast.peek().map(|Reverse((due, _))| (*due).max(self.ration.next()));
        earliest(regular.map(Some).chain([fast])).map(tick)
    }
}

impl Slot {
    fn start(&mut self, now: Nanos) {
        (self.last_start, self.is_running, self.is_hurried, self.fast_due) = (now, true, false, NEVER);
    }
}

/// Where in its interval a name has its turn.
fn phase(hash: u64, interval: i64) -> i64 {
    let interval = u64::try_from(interval).unwrap_or(1).max(1);
    i64::try_from(hash % interval).unwrap_or(0)
}

/// The end of the tick in which a time lies.
fn tick(time: Nanos) -> Nanos {
    let tick = nanos(TICK);
    let rest = time.0.rem_euclid(tick);
    Nanos(if rest == 0 { time.0 } else { time.0.saturating_add(tick - rest) })
}
