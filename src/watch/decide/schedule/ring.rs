//! The targets of one interval, sorted by the phase of their turns.

use super::{Left, Slot};
use crate::decide::clock::nanos;
use crate::decide::fleet::ids::{TargetId, place};
use crate::limits::{LATEST_START, TICK};
use oco::logic::time::Nanos;

/// The targets of one interval.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) interval: i64,
    pub(super) fast: i64,
    pub(super) targets: Vec<TargetId>,
    /// Whose turn is next.
    cursor: usize,
    /// When the round began.
    round: i64,
}

impl Ring {
    pub(super) fn new(interval: i64, fast: i64) -> Ring {
        Ring { interval, fast, targets: Vec::new(), cursor: 0, round: 0 }
    }

    /// Sorts the targets, and makes the first turn after `passed` the next one.
    pub(super) fn turn_to(&mut self, passed: Nanos, slots: &[Slot]) {
        let phase = |target: &TargetId| phase_of(*target, slots);
        self.targets.sort_unstable_by_key(|target| (phase(target), *target));
        let into_round = passed.0.rem_euclid(self.interval);
        self.round = passed.0.saturating_sub(into_round);
        self.cursor = self.targets.partition_point(|target| phase(target) <= into_round);
        self.wrap();
    }

    fn wrap(&mut self) {
        if self.cursor >= self.targets.len() {
            self.cursor = 0;
            self.round = self.round.saturating_add(self.interval);
        }
    }

    /// When the next turn is.
    pub(super) fn next(&self, slots: &[Slot]) -> Option<Nanos> {
        let target = self.targets.get(self.cursor)?;
        Some(Nanos(self.round.saturating_add(phase_of(*target, slots))))
    }

    /// Whether a start at `time` is a fast interval, but for a tick, before the next turn of a phase.
    pub(super) fn has_room(&self, phase: i64, time: Nanos) -> bool {
        let since = time.0.saturating_sub(phase).rem_euclid(self.interval);
        self.interval - since >= self.fast.saturating_sub(nanos(TICK))
    }

    /// Offers who has its turn now to `start`, which says whether it begins. Turns that are too late are left out: who was
    /// stopped or asleep does not start everything at once.
    pub(super) fn due(
        &mut self,
        now: Nanos,
        slots: &mut [Slot],
        left: &mut Left,
        start: &mut impl FnMut(TargetId) -> bool,
    ) {
        self.skip_rounds(now, slots, left);
        let latest = nanos(LATEST_START).min(self.interval);
        while let Some(turn) = self.next(slots).filter(|turn| *turn <= now) {
            let Some(target) = self.targets.get(self.cursor).copied() else { break };
            self.cursor += 1;
            self.wrap();
            let Some(slot) = slots.get_mut(place(target.0)) else { continue };
            if now.0.saturating_sub(turn.0) >= latest {
                left.missed = left.missed.saturating_add(1);
            } else if !slot.is_running && start(target) {
                slot.start(now);
            } else {
                left.overlapped = left.overlapped.saturating_add(1);
            }
        }
    }

    /// Leaves out whole rounds, however many.
    fn skip_rounds(&mut self, now: Nanos, slots: &[Slot], left: &mut Left) {
        let Some(next) = self.next(slots) else { return };
        let rounds = now.0.saturating_sub(next.0).div_euclid(self.interval);
        if rounds > 0 {
            self.round = self.round.saturating_add(rounds.saturating_mul(self.interval));
            let turns = u64::try_from(self.targets.len()).unwrap_or(u64::MAX);
            left.missed =
                left.missed.saturating_add(u64::try_from(rounds).unwrap_or(0).saturating_mul(turns));
        }
    }
}

fn phase_of(target: TargetId, slots: &[Slot]) -> i64 {
    slots.get(place(target.0)).map_or(0, |slot| slot.phase)
}
