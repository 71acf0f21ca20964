//! What should have been told by now: to each step of each alert, of failures and their ends, and of all else that is
//! `on`. Nothing excuses an alert but what WATCH.md names, and that it was given up after the last try.

use super::super::receivers::{Belief, Episode, Receiver, Track, TrackKey};
use super::{INTERVAL, World, known};
use crate::config::{After, Alert, AlertEvent, Hours, Step};
use crate::decide::alert::{Sending, Subject};
use crate::decide::clock::millis;
use crate::decide::moment::Moment;
use crate::limits::{PARTIAL_SPACING, RECOVERY_PAUSE};
use oco_fleet::calendar::Zone;
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::BTreeMap;

/// What is held is looked at each minute; and a command waits two seconds for the journal, or half a minute for its next
/// try. The time that it runs does not count.
const SLACK: i64 = 120_000;

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Ko(u32),
    WhoElse(u32),
    Beside(AlertEvent),
    Direct,
}

/// Since when it may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Free {
    /// Which one.
    of: Option<Millis>,
    since: Millis,
}

#[derive(Debug, Default)]
pub(super) struct Demands {
    free: BTreeMap<(TrackKey, Thing), Free>,
    /// The same as of this look.
    now: BTreeMap<(TrackKey, Thing), Free>,
    /// When a command last began or ended, by its step; none: beside failures.
    active: BTreeMap<(TrackKey, Option<u32>), Millis>,
    /// Which failure could not be told to a step, and since when.
    given_up: BTreeMap<(TrackKey, u32), (Option<Millis>, Millis)>,
    /// When a step was last given up. What was told before, and was only to be said again after flapping, is not tried again
    /// at a start.
    last_given_up: BTreeMap<(TrackKey, u32), Millis>,
    /// When it was calm again.
    pub calmed: BTreeMap<ObjectName, Millis>,
}

fn slot(sending: &Sending) -> Option<u32> {
    let is_of_failure = matches!(sending.event, AlertEvent::Ko | AlertEvent::Partial | AlertEvent::Ok);
    Some(sending.step).filter(|_| is_of_failure && sending.direct.is_none())
}

impl Demands {
    /// After a reload all is looked at anew.
    pub fn reload(&mut self) {
        self.free.clear();
    }

    /// After a start what was given up is tried again.
    pub fn start(&mut self) {
        self.free.clear();
        self.given_up.clear();
    }

    /// A command began or ended.
    pub fn acts(&mut self, sending: &Sending, at: Millis) {
        self.active.insert(((sending.name.clone(), sending.alert.clone()), slot(sending)), at);
    }

    pub fn give_up(&mut self, sending: &Sending, at: Millis) {
        let track = (sending.name.clone(), sending.alert.clone());
        self.last_given_up.insert((track.clone(), sending.step), at);
        self.given_up.insert((track, sending.step), (sending.failing, at));
    }

    /// It may go out now. Since when it may.
    fn free(&mut self, track: &TrackKey, thing: Thing, of: Option<Millis>, now: Millis) -> Millis {
        let key = (track.clone(), thing);
        let before = self.free.get(&key).filter(|free| free.of == of);
        let free = before.cloned().unwrap_or(Free { of, since: now });
        let since = free.since;
        self.now.insert(key, free);
        since
    }

    fn active(&self, track: &TrackKey, slot: Option<u32>) -> Millis {
        self.active.get(&(track.clone(), slot)).copied().unwrap_or(Millis(i64::MIN))
    }

    /// How long something is late that was due then. While a command runs or is tried again, it is not.
    fn late(&self, track: &TrackKey, slot: Option<u32>, due: Millis, now: Millis) -> i64 {
        now.since(due.max(self.active(track, slot)))
    }
}

fn are_on<'a>(hours: impl IntoIterator<Item = &'a Option<Hours>>, moment: Moment) -> bool {
    hours.into_iter().flatten().all(|hours| hours.contains(moment.wall, &Zone::UTC))
}

fn later(at: Millis, length: i64) -> Millis {
    Millis(at.0 + length)
}

impl World {
    /// Who should have been told by now was told.
    pub(super) fn look_at_receivers(&mut self, moment: Moment) {
        self.look_for_ends(moment);
        let running: Vec<Sending> = self.post.posted.values().map(|posted| posted.sending.clone()).collect();
        for sending in running {
            self.demands.acts(&sending, moment.steady);
        }
        let mut demands = std::mem::take(&mut self.demands);
        for name in self.names() {
            if let Some(subject) = self.subject(&name, moment.at) {
                for alert in &self.settings.alerts {
                    if alert.of.iter().any(|pattern| pattern.matches(&name)) {
                        let track = (name.clone(), alert.memory());
                        self.look_at_failure(&mut demands, &track, alert, &subject, moment);
                        self.look_beside(&mut demands, &track, alert, &subject, moment);
                    }
                }
            }
        }
        demands.free = std::mem::take(&mut demands.now);
        self.demands = demands;
        self.forget_what_is_over(moment);
    }

    /// Who was told of a failure that is over is being told so, at once.
    fn look_for_ends(&mut self, moment: Moment) {
        let mut receivers = std::mem::take(&mut self.receivers.all);
        for (key, receiver) in receivers.iter_mut().filter(|(_, one)| one.belief == Belief::Fails) {
            let (name, alert, command) = key;
            let is_over = self.subject(name, moment.at).is_none_or(|subject| {
                let is_up = subject.failing_since.is_none() && subject.standing.state.is_up();
                is_up && subject.flapping_since.is_none()
            });
            if !is_over || self.runs(name, alert, command) {
                continue;
            }
            if !receiver.wants_ok {
                receiver.is_well();
                continue;
            }
            receiver.is_due = true;
            let Some(failed) = receiver.recovery_failed else {
                panic!("it is over, and nobody says so: {key:?} {receiver:#?}");
            };
            let late = moment.steady.since(failed) - millis(RECOVERY_PAUSE);
            assert!(late < SLACK, "the recovery is not tried again: {key:?} {receiver:#?}");
        }
        self.receivers.all = receivers;
    }

    fn look_at_failure(
        &self,
        demands: &mut Demands,
        track: &TrackKey,
        alert: &Alert,
        subject: &Subject<'_>,
        moment: Moment,
    ) {
        let Some(failing) = subject.failing_since else { return };
        let is_held = !self.holds(subject).is_empty() || subject.flapping_since.is_some();
        let is_on = alert.on.contains(&AlertEvent::Ko) && are_on([&alert.hours], moment);
        if is_held || subject.standing.state != State::Ko || !is_on {
            return;
        }
        for (number, step) in (1..).zip(&alert.steps) {
            if are_on([&step.hours], moment) {
                let key = (track.0.clone(), track.1.clone(), words(step));
                let receiver = self.receivers.all.get(&key);
                self.look_at_step(demands, track, alert, (number, step), receiver, failing, moment.steady);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it decides when it is due")]
    fn look_at_step(
        &self,
        demands: &mut Demands,
        track: &TrackKey,
        alert: &Alert,
        (number, step): (u32, &Step),
        receiver: Option<&Receiver>,
        failing: Millis,
        now: Millis,
    ) {
        let free = demands.free(track, Thing::Ko(number), Some(failing), now);
        let given_up = demands.given_up.get(&(track.clone(), number));
        let given_up = given_up.filter(|(of, _)| *of == Some(failing)).map(|(_, at)| *at);
        let late = |due: Millis| demands.late(track, Some(number), due, now);
        if receiver.is_some_and(|receiver| receiver.belief == Belief::Either) {
            return;
        }
        let told = receiver.filter(|one| one.belief == Belief::Fails && one.failing == Some(failing));
        let count = told.map_or(0, |receiver| receiver.count);
        if alert.limit.is_some_and(|limit| count >= limit) {
            // There is no more to tell.
        } else if let Some(given_up) = given_up.filter(|at| told.is_none_or(|one| *at >= one.last)) {
            if let Some(every) = alert.every {
                let late = late(free.max(later(given_up, millis(every))));
                assert!(late < SLACK, "given up, and not tried again: {track:?} {number} {receiver:#?}");
            }
        } else if let Some(receiver) = told.filter(|_| count > 0) {
            let given_up = demands.last_given_up.get(&(track.clone(), number)).copied();
            let heard = given_up.map_or(receiver.heard, |at| at.max(receiver.heard));
            let calmed = demands.calmed.get(&track.0).filter(|calmed| **calmed > heard);
            if let Some(calmed) = calmed {
                let late = late(free.max(*calmed));
                assert!(late < SLACK, "calm, and nobody says how it is: {track:?} {number} {receiver:#?}");
            }
            if let Some(every) = alert.every {
                let late = late(free.max(later(receiver.last, millis(every))));
                assert!(late < SLACK, "not told again: {track:?} {number} {receiver:#?}");
            }
        } else {
            let after = match alert.after {
                After::Time(length) => millis(length),
                After::Probes(probes) => millis(INTERVAL * (probes - 1)),
            };
            let late = late(later(free, after + millis(step.after)));
            assert!(late < SLACK, "never told: {track:?} {number} {receiver:#?}");
        }
        if let Some(receiver) = told.filter(|_| alert.on.contains(&AlertEvent::Partial)) {
            let failed = known(&self.fleet).failed(&track.0).map(|(name, _)| name.clone());
            if !receiver.knows(&failed.collect()) {
                let free = demands.free(track, Thing::WhoElse(number), Some(failing), now);
                let late = demands.late(track, Some(number), free, now) - millis(PARTIAL_SPACING);
                assert!(late < SLACK, "never told who else: {track:?} {number} {receiver:#?}");
            }
        }
    }

    /// What is told beside failures.
    fn look_beside(
        &self,
        demands: &mut Demands,
        track: &TrackKey,
        alert: &Alert,
        subject: &Subject<'_>,
        moment: Moment,
    ) {
        let Some(step) = alert.steps.first() else { return };
        if !are_on([&alert.hours, &step.hours], moment) {
            return;
        }
        let (now, found) = (moment.steady, self.receivers.tracks.get(track));
        if let Some(found) = found.filter(|found| !found.direct.is_empty())
            && !subject.is_muted
        {
            let free = demands.free(track, Thing::Direct, None, now);
            let late = demands.late(track, None, free, now);
            assert!(late < SLACK, "nobody was told what somebody said: {track:?} {found:#?}");
        }
        let mut holds = self.holds(subject);
        for event in &alert.on {
            let Some((episode, of)) = self.episode(*event, subject, found) else { continue };
            if *event == AlertEvent::Incident {
                holds.retain(|hold| *hold != "acked");
            }
            let is_done =
                *event != AlertEvent::Incident && found.is_some_and(|found| found.is_done(&episode));
            if !holds.is_empty() || is_done {
                continue;
            }
            let free = demands.free(track, Thing::Beside(*event), Some(of), now);
            let late = demands.late(track, None, later(free, 2 * millis(INTERVAL)), now);
            assert!(late < SLACK, "never told: {track:?} {event:?} {found:#?}");
        }
    }

    /// What there is to tell beside failures of this kind, and since when.
    fn episode(
        &self,
        event: AlertEvent,
        subject: &Subject<'_>,
        track: Option<&Track>,
    ) -> Option<(Episode, Millis)> {
        let is_calm = subject.flapping_since.is_none();
        let is_new = is_calm && subject.failing_since.is_none();
        let (state, since) = (subject.standing.state, subject.since);
        match event {
            AlertEvent::But => (is_new && state == State::But).then_some((Episode::But(since), since)),
            AlertEvent::Unknown => {
                (is_new && state == State::Unknown).then_some((Episode::Unknown(since), since))
            }
            AlertEvent::Flapping => subject.flapping_since.map(|since| (Episode::Flapping(since), since)),
            AlertEvent::Incident => {
                let (raised, _) = track?.incident?;
                let fails = is_calm && subject.failing_since.is_some();
                fails.then_some((Episode::Incident, Millis(raised as i64)))
            }
            AlertEvent::Ko | AlertEvent::Ok | AlertEvent::Partial => None,
        }
    }

    /// Of a failure that is over nobody needs to hear of the incident, and of who is gone nothing.
    fn forget_what_is_over(&mut self, moment: Moment) {
        let mut tracks = std::mem::take(&mut self.receivers.tracks);
        for ((name, memory), track) in &mut tracks {
            let subject = self.subject(name, moment.at);
            let is_on = self.rule(memory).is_some_and(|rule| {
                let is_of = rule.of.iter().any(|pattern| pattern.matches(name));
                is_of && rule.on.contains(&AlertEvent::Incident)
            });
            if subject.as_ref().is_none_or(|subject| subject.failing_since.is_none()) || !is_on {
                track.incident = None;
            }
            if subject.is_none() {
                track.direct.clear();
            }
        }
        self.receivers.tracks = tracks;
    }
}

fn words(step: &Step) -> Vec<String> {
    step.command.iter().map(|word| word.0.clone()).collect()
}
