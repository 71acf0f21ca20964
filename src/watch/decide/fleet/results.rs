//! What probes and the canary found out.

use super::ids::TargetId;
use super::rows::Way;
use super::{Changes, Fleet};
use crate::decide::canary::{CanaryResult, CanaryStep};
use crate::decide::changes::{Keep, Note};
use crate::decide::passive::Withheld;
use crate::decide::target::{Counts, Ruling, Verdict, bounded};
use crate::probe::outcome::Outcome;
use oco::logic::time::{Nanos, Now};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::time::Duration;

/// The reason of every target while it is us.
pub const LOST: &str = "no canary answers";

/// What was counted of a target before something happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    counts: Counts,
    is_pending: bool,
}

impl Fleet {
    /// A probe of a target, that began then, found this out. While it is us it proves nothing.
    pub fn outcome(
        &mut self,
        id: TargetId,
        outcome: Outcome<'_>,
        began: Nanos,
        now: Now,
        changes: &mut Changes,
    ) {
        let at = self.clock.at(now);
        let began_steady = self.clock.steady(began);
        let Some((row, service)) = self.rows.both(id) else { return };
        let took = now.boot.since(began).as_micros();
        row.last = Some((Millis::of(now.wall), u32::try_from(took).unwrap_or(u32::MAX)));
        let starter = service.starter(id);
        if self.canary.is_lost() {
            return self.schedule.ended(starter, false, now.boot);
        }
        let before = Counted { counts: row.target.counts(), is_pending: row.target.pending().is_some() };
        let ruling = row.target.outcome(outcome, began_steady, service.rules());
        let after = row.target.counts();
        let (is_first, service) = (before.counts.failures == 0 && after.failures > 0, row.service);
        if let Outcome::Own { reason } = outcome {
            changes.notes.extend(self.episodes.failed(reason, &row.name, now.boot));
        }
        // A dependency is to be asked before the verdict is told: what it waits for is known then.
        if is_first {
            self.hurry_dependencies(service, began, now.boot);
        }
        self.rule(id, ruling, None, at, now, changes);
        self.keep_counts(id, before, changes);
        self.settle(at, now, changes);
        let is_counting = self.is_counting(id);
        if starter == id {
            self.schedule.ended(id, is_counting, now.boot);
        } else if is_counting {
            self.schedule.quicken(starter, now.boot);
        }
    }

    /// What was counted of a target so far.
    pub(super) fn counted(&self, id: TargetId) -> Option<Counted> {
        let target = &self.rows.target(id)?.target;
        Some(Counted { counts: target.counts(), is_pending: target.pending().is_some() })
    }

    /// Hands out the counts of a target where they are others than they were.
    pub(super) fn keep_counts(&self, id: TargetId, before: Counted, changes: &mut Changes) {
        if self.counted(id).is_some_and(|after| after != before) {
            self.keep_target(id, changes);
        }
    }

    /// Hands out what is kept of a target.
    pub(super) fn keep_target(&self, id: TargetId, changes: &mut Changes) {
        if let Some(row) = self.rows.target(id) {
            let (kept, periods) = row.keep();
            changes.keep.push(Keep::Target(row.name.clone(), kept, periods));
        }
    }

    /// Lets a ruling happen. A ko waits for the canary; one that happened earlier is dated then.
    pub(super) fn rule(
        &mut self,
        id: TargetId,
        ruling: Ruling<'_>,
        dated: Option<Millis>,
        at: Millis,
        now: Now,
        changes: &mut Changes,
    ) {
        match ruling {
            Ruling::Stays => {}
            Ruling::Rephrased => self.target_rephrased(id),
            Ruling::Moves(verdict) => self.stand(id, verdict, dated.unwrap_or(at), changes),
            Ruling::Falls(verdict) if !self.canary.is_configured() => {
                self.stand(id, verdict, dated.unwrap_or(at), changes);
            }
            Ruling::Falls(verdict) => {
                let Some(row) = self.rows.target_mut(id) else { return };
                if row.target.hold(verdict, dated, now.boot) {
                    self.canary.want(now.boot);
                    self.held.push(id);
                    self.bound_held();
                }
            }
        }
    }

    /// Who fell, came back and fell again while no round was answered stands in the list more than once.
    fn bound_held(&mut self) {
        if self.held.len() > self.rows.named().len().saturating_mul(2) {
            self.held.sort_unstable();
            self.held.dedup();
        }
    }

    /// We ourselves failed to ask the canary, for this reason. Nothing follows from it, but that must not be silent.
    pub fn canary_failed(&mut self, reason: &str, now: Now, changes: &mut Changes) {
        changes.notes.extend(self.episodes.canary_failed(reason, now.boot));
    }

    /// A round of the canary, that began then, found this out.
    pub fn canary(&mut self, result: CanaryResult, began: Nanos, now: Now, changes: &mut Changes) {
        let at = self.clock.at(now);
        match self.canary.result(result, began, now.boot) {
            CanaryStep::Nothing if result == CanaryResult::Own => self.doubt_held(at, now, changes),
            CanaryStep::Nothing => {}
            CanaryStep::Answered => self.release(began, now, changes),
            CanaryStep::Lost => {
                changes.notes.push(Note::CanaryLost);
                changes.keep.push(Keep::CanaryLost(true));
                self.lose_all(at, changes);
            }
            CanaryStep::Back => self.hear_again(now, changes),
        }
        self.settle(at, now, changes);
    }

    /// The canary can't be asked, so that no ko that waits for it can be judged. What is not known is never ok: who is probed
    /// and had no success for the longest silence, or waits for so long, is unknown; who was never known is told why. What
    /// was reported stands until it is judged that nobody reports any more.
    fn doubt_held(&mut self, at: Millis, now: Now, changes: &mut Changes) {
        for id in self.held.clone() {
            let Some((row, service)) = self.rows.both(id) else { continue };
            let Some(pending) = row.target.pending() else { continue };
            if matches!(service.way, Way::Reported(_)) {
                continue;
            }
            let longest = service.timing.max_silence;
            let is_silent = Duration::from_millis(row.target.counts().silence) >= longest;
            let waits = now.boot.since(pending.failed);
            let is_unknown = row.target.standing().state == State::Unknown;
            if !is_silent && waits < longest && !is_unknown {
                continue;
            }
            let reason = format!("{}, and no canary can be asked", pending.reason);
            let at = at.max(row.target.changed());
            match row.target.doubt(bounded(&reason), at) {
                Ok((old, old_since)) => {
                    self.move_above(id);
                    self.target_changed(id, old, old_since, at, None, changes);
                }
                Err(true) => self.target_rephrased(id),
                Err(false) => {}
            }
        }
    }

    /// It is us no longer.
    pub(super) fn hear_again(&mut self, now: Now, changes: &mut Changes) {
        changes.notes.push(Note::CanaryBack);
        changes.keep.push(Keep::CanaryLost(false));
        let at = self.clock.at(now);
        self.heard_since = at;
        self.renew_promises(now.boot);
        self.restore_reports(at, changes);
    }

    /// Judges each ko that waited and was seen before a round began that was answered.
    pub(super) fn release(&mut self, began: Nanos, now: Now, changes: &mut Changes) {
        let at = self.clock.at(now);
        let mut held = std::mem::take(&mut self.held);
        held.retain(|id| {
            let Some(row) = self.rows.target_mut(*id) else { return false };
            let Some(pending) = row.target.pending() else { return false };
            if pending.failed > began {
                return true;
            }
            let before = self.counted(*id);
            let pending = self.rows.target_mut(*id).and_then(|row| row.target.take_pending());
            if let (Some(pending), Some(before)) = (pending, before) {
                let verdict =
                    Verdict { code: Some(pending.code), reason: &pending.reason, probes: pending.probes };
                self.stand(*id, verdict, pending.dated.unwrap_or(at), changes);
                self.keep_counts(*id, before, changes);
            }
            false
        });
        self.held = held;
    }

    /// It is us.
    fn lose_all(&mut self, at: Millis, changes: &mut Changes) {
        self.held.clear();
        let ids: Vec<TargetId> = self.rows.all().map(|(id, _)| id).collect();
        for id in ids {
            let Some(before) = self.counted(id) else { continue };
            let Some(row) = self.rows.target_mut(id) else { continue };
            if let Some(promise) = &mut row.promise {
                promise.withheld = Withheld::of(row.target.standing());
            }
            match row.target.lose(LOST) {
                Ruling::Stays => {}
                Ruling::Rephrased => self.target_rephrased(id),
                Ruling::Moves(verdict) | Ruling::Falls(verdict) => self.stand(id, verdict, at, changes),
            }
            self.keep_counts(id, before, changes);
        }
    }

    /// Whether a change of a target is being counted.
    pub fn is_counting(&self, id: TargetId) -> bool {
        self.rows.target(id).is_some_and(|row| row.target.is_counting())
    }
}
