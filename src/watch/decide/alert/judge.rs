//! What is to be told of an object by one alert, now.

use super::hold::{Hold, Of, hold, outside};
use super::rules::{Rule, words};
use super::track::{Failure, Flap, Notices, Track};
use super::turn::{Draft, Turn, What, later};
use super::{Failed, Subject};
use crate::config::{AlertEvent, Step};
use crate::limits::PARTIAL_SPACING;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::collections::HashSet;

/// What those are told who were told of something that is no more.
pub(super) const GONE: &str = "not watched any more";

impl Track {
    /// Looks at it. `rule` is the alert as the file has it, if it is of this object still.
    pub fn judge(&mut self, rule: Option<&Rule>, subject: Option<&Subject<'_>>, turn: &mut Turn<'_>) {
        let Some(subject) = subject else { return self.judge_gone(turn) };
        self.judge_flapping(subject, turn);
        self.judge_failure(subject, turn);
        if let (Some(failure), Some(rule)) = (self.failure, rule) {
            self.escalate(failure, rule, subject, turn);
        }
        if self.failure.is_none() && self.flap.is_none() && subject.standing.state.is_up() {
            self.recover(subject.standing, subject.since, rule, turn);
        }
        self.judge_notices(rule, subject, turn);
    }

    /// It is not watched any more: whoever was told of its failure is told so.
    fn judge_gone(&mut self, turn: &mut Turn<'_>) {
        if self.failure.is_some() || self.flap.is_some() {
            self.end_failure(None);
            self.flap = None;
        }
        self.rest();
        if std::mem::take(&mut self.notices) != Notices::default() {
            self.keep(1, turn.name, turn.said);
        }
        self.recover(&Standing::unknown(GONE), turn.now.at, None, turn);
    }

    fn judge_flapping(&mut self, subject: &Subject<'_>, turn: &mut Turn<'_>) {
        match (subject.flapping_since, self.flap) {
            (Some(flapping), None) => {
                let failure = subject.failing_since.filter(|failing| *failing <= flapping);
                self.flap = Some(Flap { failure });
            }
            (None, Some(_)) => self.flap = None,
            (Some(_), Some(_)) | (None, None) => return,
        }
        // Who was told hears how it is once it was calm. That is known from the beginning, for a start may find it calm.
        let mut changed = Vec::new();
        for (number, slot) in &mut self.slots {
            let again = subject.failing_since.is_some_and(|since| slot.count_of(since) > 0);
            if std::mem::replace(&mut slot.again, again) != again {
                changed.push(*number);
            }
        }
        for number in changed {
            self.keep(number, turn.name, turn.said);
        }
    }

    fn judge_failure(&mut self, subject: &Subject<'_>, turn: &Turn<'_>) {
        let Some(since) = subject.failing_since else {
            if self.failure.is_some() {
                self.end_failure(None);
            }
            return;
        };
        if self.failure.is_some_and(|failure| failure.since == since) {
            return;
        }
        self.end_failure(Some(since));
        let age = turn.now.at.since(since).max(0);
        let told = self.slots.values().filter(|slot| slot.count_of(since) > 0);
        let base = told.map(|slot| slot.first.steady).min();
        self.failure = Some(Failure { since, began: Millis(turn.now.steady.0.saturating_sub(age)), base });
    }

    /// `next` is the failure that is in its place, which after a start may be the one that was told.
    fn end_failure(&mut self, next: Option<Millis>) {
        self.failure = None;
        self.is_held = false;
        for slot in self.slots.values_mut() {
            slot.again &= next == Some(slot.failing);
            slot.attempt.renew();
        }
    }

    /// Tells each step of the failure that is to be told of it now.
    fn escalate(&mut self, failure: Failure, rule: &Rule, subject: &Subject<'_>, turn: &mut Turn<'_>) {
        let is_let = self.flap.is_none_or(|flap| flap.failure == Some(failure.since));
        if subject.standing.state != State::Ko || !is_let || !rule.is_on(AlertEvent::Ko) {
            return;
        }
        let ready = Millis(failure.began.0.saturating_add(rule.after_ms(subject.interval)));
        if failure.base.is_none() && ready > turn.now.steady {
            return turn.wake(ready);
        }
        let held = hold(Of::State, subject, [rule.alert.hours.as_ref(), None], turn);
        let base = match (failure.base, &held) {
            (Some(base), _) => base,
            (None, None) => turn.now.steady,
            (None, Some(_)) => {
                let Some((number, step)) = rule.steps().next() else { return };
                return self.hold(held, &What::Ko, number, step, turn);
            }
        };
        self.failure = Some(Failure { base: Some(base), ..failure });
        self.arrange(rule, turn);
        for (number, step) in rule.steps() {
            let slot = self.slot(number);
            if slot.attempt.running.is_some() {
                continue;
            }
            let Some(what) = self.next(number, step, failure.since, base, rule, turn) else { continue };
            let held = held.clone().or_else(|| step.hours.as_ref().and_then(|hours| outside(hours, turn)));
            if held.is_some() {
                self.hold(held, &what, number, step, turn);
                continue;
            }
            self.tell(what, number, step, failure.since, rule, subject.standing, turn);
        }
    }

    /// Each step goes on with what its command was told, where that is another one than before.
    fn arrange(&mut self, rule: &Rule, turn: &mut Turn<'_>) {
        for (number, step) in rule.steps() {
            let slot = self.slot(number);
            if slot.is_owed && slot.attempt.running.is_none() && slot.command != words(step) {
                self.set_aside(number, turn.name, turn.said);
            }
        }
        for (number, step) in rule.steps() {
            let slot = self.slot(number);
            if !slot.is_owed && slot.attempt.running.is_none() {
                self.take_up(number, &words(step), turn.name, turn.said);
            }
        }
    }

    /// What a step is to be told now. Where that is later, the turn wakes then.
    fn next(
        &mut self,
        number: u32,
        step: &Step,
        since: Millis,
        base: Millis,
        rule: &Rule,
        turn: &mut Turn<'_>,
    ) -> Option<What> {
        let now = turn.now.steady;
        let is_flapping = self.flap.is_some();
        let slot = self.slot(number);
        let count = slot.count_of(since);
        let again = |from: Millis| rule.alert.every.map(|every| later(from, every));
        let mut due = match (count, slot.attempt.given_up) {
            (_, Some(given_up)) => again(given_up),
            (0, None) => Some(later(base, step.after)),
            (_, None) if slot.again => Some(now),
            (_, None) => again(slot.last.steady),
        };
        if rule.alert.limit.is_some_and(|limit| count >= limit) || (is_flapping && count > 0) {
            due = None;
        }
        // While it goes up and down nobody further is told.
        if is_flapping && !step.after.is_zero() {
            due = None;
        }
        let not_before = slot.attempt.not_before.unwrap_or(now);
        match due.map(|due| due.max(not_before)) {
            Some(due) if due <= now => return Some(What::Ko),
            Some(due) => turn.wake(due),
            None => {}
        }
        self.next_partial(number, since, rule, turn)
    }

    /// Whether others failed than a step was told of.
    fn next_partial(&mut self, number: u32, since: Millis, rule: &Rule, turn: &mut Turn<'_>) -> Option<What> {
        let now = turn.now.steady;
        let is_flapping = self.flap.is_some();
        let slot = self.slot(number);
        // Who was told of an earlier failure alone hears of this one when the step's time has come.
        let is_told = slot.is_owed && slot.failing == since;
        if !rule.is_on(AlertEvent::Partial) || !is_told || is_flapping {
            return None;
        }
        let due = slot.partial.map_or(now, |partial| later(partial, PARTIAL_SPACING));
        let due = due.max(slot.attempt.not_before.unwrap_or(now));
        if due > now {
            turn.wake(due);
            return None;
        }
        let failed = turn.failed();
        let Some(before) = &slot.failed else {
            slot.failed = Some(Failed::clone(failed));
            return None;
        };
        let is_missed = slot.missed.as_ref().is_some_and(|missed| are_the_same(missed, failed));
        (!is_missed && !are_the_same(before, failed)).then_some(What::Partial)
    }

    /// Something is due and held: that is said once.
    pub(super) fn hold(
        &mut self,
        held: Option<Hold>,
        what: &What,
        number: u32,
        step: &Step,
        turn: &mut Turn<'_>,
    ) {
        let Some(held) = held else { return };
        turn.wake(held.until);
        let Some(why) = held.why else { return };
        if !std::mem::replace(&mut self.is_held, true) {
            let (key, command) = (self.key.clone(), words(step));
            turn.note(&key, what, number, &command, format!("held: {why}"));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it goes into the command")]
    fn tell(
        &mut self,
        what: What,
        number: u32,
        step: &Step,
        since: Millis,
        rule: &Rule,
        standing: &Standing,
        turn: &mut Turn<'_>,
    ) {
        self.is_held = false;
        let key = self.key.clone();
        let slot = self.slot(number);
        let count = slot.count_of(since);
        let (at, count) = match what {
            What::Ko => (since, count.saturating_add(1)),
            What::Partial | What::Recovery | What::Notice(_) => (turn.now.at, count),
        };
        let tried = what.clone();
        let id = turn.send(Draft {
            key,
            step: number,
            told_as: number,
            command: words(step),
            wants_ok: rule.is_on(AlertEvent::Ok),
            what,
            text: rule.alert.text.clone(),
            standing: standing.clone(),
            at,
            failing: Some(since),
            count,
            limit: rule.alert.limit,
            failed_before: slot.failed.clone().filter(|_| slot.is_owed),
        });
        slot.attempt.begin(id, &tried, turn.now.steady);
    }

    /// Tells everybody who was told of the failure that it is over, whatever holds other alerts.
    fn recover(&mut self, standing: &Standing, at: Millis, rule: Option<&Rule>, turn: &mut Turn<'_>) {
        let mut settled = Vec::new();
        for (number, slot) in self.slots.iter_mut().filter(|(_, slot)| slot.is_owed) {
            if !slot.wants_ok {
                slot.settle();
                settled.push(*number);
                continue;
            }
            let Some(due) = slot.attempt.may_run(turn.now.steady) else { continue };
            if due > turn.now.steady {
                turn.wake(due);
                continue;
            }
            let id = turn.send(Draft {
                key: self.key.clone(),
                step: *number,
                told_as: slot.told_as.unwrap_or(*number),
                command: slot.command.clone(),
                wants_ok: true,
                what: What::Recovery,
                text: rule.and_then(|rule| rule.alert.text.clone()),
                standing: standing.clone(),
                at,
                failing: Some(slot.failing),
                count: slot.count,
                limit: None,
                failed_before: slot.failed.clone(),
            });
            slot.attempt.begin(id, &What::Recovery, turn.now.steady);
        }
        for number in settled {
            self.keep(number, turn.name, turn.said);
        }
    }
}

/// Whether the same ones failed, for whatever reason.
fn are_the_same(before: &Failed, now: &Failed) -> bool {
    let before: HashSet<_> = before.iter().map(|(name, _)| name).collect();
    before.len() == now.len() && now.iter().all(|(name, _)| before.contains(name))
}
