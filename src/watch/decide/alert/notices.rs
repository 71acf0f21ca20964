//! What is told by one alert beside failures: it is but, unknown, goes up and down, its incident, and what somebody says.

use super::Subject;
use super::hold::{Hold, Of, has_lasted, hold};
use super::rules::{Rule, words};
use super::track::Track;
use super::turn::{Draft, Notice, Turn, What};
use crate::config::{AlertEvent, Step};
use oco_fleet::state::State;

impl Track {
    /// What is told beside failures, to the first step, once an episode.
    pub(super) fn judge_notices(&mut self, rule: Option<&Rule>, subject: &Subject<'_>, turn: &mut Turn<'_>) {
        self.end_notices(rule, subject, turn);
        let Some(rule) = rule else { return self.rest() };
        let Some((number, step)) = rule.steps().next() else { return };
        let Some(due) = self.notice.may_run(turn.now.steady) else { return };
        let notices = self.next_notices(rule, subject, turn);
        if notices.is_empty() {
            return self.rest();
        }
        if due > turn.now.steady {
            return turn.wake(due);
        }
        for notice in notices {
            let of = match notice {
                Notice::Direct(_) => Of::Direct,
                Notice::Incident(_) => Of::Incident,
                Notice::But(_) | Notice::Unknown(_) | Notice::Flapping => Of::State,
            };
            let held = hold(of, subject, [rule.alert.hours.as_ref(), step.hours.as_ref()], turn);
            match held {
                Some(held) if of == Of::Direct => self.hold_direct(held, number, step, turn),
                Some(_) => self.hold(held, &What::Notice(notice), number, step, turn),
                None => return self.notify(notice, number, step, rule, subject, turn),
            }
        }
    }

    /// There is nothing to tell beside failures.
    pub(super) fn rest(&mut self) {
        self.notice.renew();
        self.is_held &= self.failure.is_some();
    }

    fn hold_direct(&mut self, held: Hold, number: u32, step: &Step, turn: &mut Turn<'_>) {
        turn.wake(held.until);
        let Some(front) = self.notices.direct.front_mut() else { return };
        if let Some(why) = held.why.filter(|_| front.held.is_none()) {
            front.held = Some(why.to_string());
            let what = What::Notice(Notice::Direct(front.text.clone()));
            let key = self.key.clone();
            turn.note(&key, &what, number, &words(step), format!("held: {why}"));
        }
    }

    /// Forgets what was told of episodes that are over.
    fn end_notices(&mut self, rule: Option<&Rule>, subject: &Subject<'_>, turn: &mut Turn<'_>) {
        let before = self.notices.clone();
        let state = subject.standing.state;
        self.notices.but.take_if(|since| state != State::But || *since != subject.since);
        self.notices.unknown.take_if(|since| state != State::Unknown || *since != subject.since);
        self.notices.flapping &= subject.flapping_since.is_some();
        let is_on = rule.is_some_and(|rule| rule.is_on(AlertEvent::Incident));
        if subject.failing_since.is_none() || !is_on {
            self.notices.incident = None;
        }
        if rule.is_none() {
            for waiting in std::mem::take(&mut self.notices.direct) {
                let what = What::Notice(Notice::Direct(waiting.text));
                let key = self.key.clone();
                turn.note(&key, &what, 1, &[], "failed: the alert is not in the file any more".to_owned());
            }
        }
        if self.notices != before {
            self.keep(1, turn.name, turn.said);
        }
    }

    fn next_notices(&self, rule: &Rule, subject: &Subject<'_>, turn: &mut Turn<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        let state = subject.standing.state;
        let (told, is_calm) = (&self.notices, self.flap.is_none());
        notices.extend(told.incident.filter(|_| is_calm).map(Notice::Incident));
        if !is_calm && rule.is_on(AlertEvent::Flapping) && !told.flapping {
            notices.push(Notice::Flapping);
        }
        notices.extend(told.direct.front().map(|waiting| Notice::Direct(waiting.text.clone())));
        let is_new = is_calm && subject.failing_since.is_none();
        // What is but for unknown members alone may be well as soon as these are known.
        let is_sure = |turn: &mut Turn<'_>| !turn.facts.is_in_doubt(turn.name) || has_lasted(subject, turn);
        if is_new && state == State::But && rule.is_on(AlertEvent::But) && told.but.is_none() && is_sure(turn)
        {
            notices.push(Notice::But(subject.since));
        }
        let is_wanted = rule.is_on(AlertEvent::Unknown) && told.unknown.is_none();
        if is_new && state == State::Unknown && is_wanted && has_lasted(subject, turn) {
            notices.push(Notice::Unknown(subject.since));
        }
        notices
    }

    fn notify(
        &mut self,
        notice: Notice,
        number: u32,
        step: &Step,
        rule: &Rule,
        subject: &Subject<'_>,
        turn: &mut Turn<'_>,
    ) {
        self.is_held = false;
        let at = match &notice {
            Notice::But(since) | Notice::Unknown(since) => *since,
            Notice::Incident(_) => subject.failing_since.unwrap_or(turn.now.at),
            Notice::Flapping | Notice::Direct(_) => turn.now.at,
        };
        let what = What::Notice(notice);
        let tried = what.clone();
        let id = turn.send(Draft {
            key: self.key.clone(),
            step: number,
            told_as: number,
            command: words(step),
            wants_ok: rule.is_on(AlertEvent::Ok),
            what,
            text: rule.alert.text.clone(),
            standing: subject.standing.clone(),
            at,
            failing: subject.failing_since,
            count: 0,
            limit: None,
            failed_before: None,
        });
        self.notice.begin(id, &tried, turn.now.steady);
    }
}
