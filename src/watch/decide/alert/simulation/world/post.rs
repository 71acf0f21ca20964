//! The commands: each goes through the outbox that ships, runs, and ends well or not. What is decided is looked at here:
//! that it is right, and that it is told to who is to hear it.

use super::super::receivers::{Belief, Episode, Posted, key, names, track_key};
use super::{INTERVAL, World, known};
use crate::config::{Alert, AlertEvent};
use crate::decide::alert::{Said, Sending, SendingId, Subject};
use crate::decide::clock::millis;
use crate::decide::moment::Moment;
use crate::decide::simulation::Seed;
use crate::limits::{ALERT_TRIES, COMMAND_TIME, JOURNAL_AWAITED};
use crate::outbox::{self, Outbox, Outcome, Purpose};
use crate::programs::commands::CommandId;
use oco::children::Job;
use oco::children::starter::Program;
use oco::logic::time::Nanos;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{AlertSent, Entry};
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// A command that runs.
#[derive(Debug)]
struct Run {
    command: CommandId,
    sending: SendingId,
    ends: Nanos,
    is_hanging: bool,
}

/// Object, alert, step, and the word of its event.
type Try = (ObjectName, String, u32, &'static str);

#[derive(Debug, Default)]
pub(super) struct Post {
    outbox: Outbox,
    pub posted: BTreeMap<SendingId, Posted>,
    running: Vec<Run>,
    pub do_commands_fail: bool,
    /// What was tried last and failed, and how often.
    failed: BTreeMap<Try, (Posted, u32)>,
}

fn try_of(sending: &Sending) -> Try {
    (sending.name.clone(), sending.alert.clone(), sending.step, sending.word())
}

impl Post {
    pub fn is_empty(&self) -> bool {
        self.posted.is_empty()
    }

    pub fn deadline(&self) -> Option<Nanos> {
        self.running.iter().map(|run| run.ends).chain(self.outbox.deadline()).min()
    }

    /// All that waits and runs is lost. Tells whose command has done its work nevertheless.
    pub fn kill(&mut self, seed: &mut Seed) -> Vec<Posted> {
        let running = std::mem::take(&mut self.running);
        let mut posted = std::mem::take(&mut self.posted);
        self.outbox = Outbox::default();
        self.failed.clear();
        let done = running.into_iter().filter(|_| seed.one_in(2));
        done.filter_map(|run| posted.remove(&run.sending)).collect()
    }

    /// Counts how often this was tried in vain.
    fn count(&mut self, posted: &Posted) -> u32 {
        let of = |posted: &Posted| {
            // What is told beside failures is the same, whatever became of the failure.
            let failing = posted.sending.failing.filter(|_| posted.episode.is_none());
            let episode = posted.episode.clone().map(|episode| match episode {
                Episode::Flapping(_) => Episode::Flapping(Millis(0)),
                other => other,
            });
            (failing, episode, posted.sending.command.clone())
        };
        let before = self.failed.get(&try_of(&posted.sending));
        let before = before.filter(|(before, _)| of(before) == of(posted)).map_or(0, |(_, tries)| *tries);
        self.failed.insert(try_of(&posted.sending), (posted.clone(), before + 1));
        before + 1
    }
}

impl World {
    pub(super) fn take(&mut self, said: Vec<Said>, moment: Moment) {
        for said in said {
            self.show(|| match &said {
                Said::Send(sending) => {
                    let Sending { id, name, alert, step, event, count, direct, .. } = sending.as_ref();
                    format!("decided: {id:?} {name} {alert:?} {step} {event:?} {count} {direct:?}")
                }
                other => format!("{other:?}"),
            });
            match said {
                Said::Send(sending) => self.send(*sending, moment),
                Said::Keep(entry) => self.keep_of_alert(entry, moment),
                Said::Failed { is_final, .. } => {
                    self.reach("command failed");
                    if is_final {
                        self.reach("given up");
                    }
                }
            }
        }
    }

    fn keep_of_alert(&mut self, entry: Entry, moment: Moment) {
        let note = match &entry {
            Entry::AlertSent(sent) => {
                if let Some(why) = sent.result.strip_prefix("held: ") {
                    let why = why.split(' ').next().filter(|word| *word == "while").unwrap_or(why);
                    self.reach(&format!("held: {why}"));
                    self.held.insert((sent.name.clone(), sent.alert.clone()));
                } else if sent.result.starts_with("failed: ") {
                    self.give_up(sent, moment);
                }
                None
            }
            Entry::Told(told) => Some((told.name.clone(), told.alert.clone(), Some(told.step))),
            Entry::Untold { name, alert: Some(alert) } => Some((name.clone(), alert.clone(), None)),
            other => panic!("{other:?}"),
        };
        let sequence = self.journal.push(entry, self.turns, self.now.boot);
        if let Some((name, alert, step)) = note {
            self.receivers.handed_in(&name, &alert, step, sequence);
        }
    }

    /// What could not be told after all tries needs not be told any more.
    fn give_up(&mut self, sent: &AlertSent, moment: Moment) {
        let track = (sent.name.clone(), sent.alert.clone());
        if sent.command.is_empty() {
            // Its alert is not in the file any more.
            self.receivers.tracks.entry(track).or_default().direct.clear();
            return;
        }
        let at = self.post.failed.keys().find(|(name, alert, step, word)| {
            (name, alert, step, *word) == (&sent.name, &sent.alert, &sent.step, sent.event.as_str())
        });
        let at = at.cloned().unwrap_or_else(|| panic!("nothing failed: {sent:?}"));
        let (posted, tries) = self.post.failed.remove(&at).unwrap();
        let sending = &posted.sending;
        assert!(tries >= ALERT_TRIES, "given up after {tries}: {sending:?}");
        match (&posted.episode, sending.event) {
            (Some(episode), _) => {
                self.receivers.tracks.entry(track).or_default().end(&posted, episode);
            }
            (None, AlertEvent::Ko) => self.demands.give_up(sending, moment.steady),
            (None, AlertEvent::Partial) => {
                let missed = Some(names(sending));
                self.receivers.all.entry(key(sending)).or_default().missed = missed;
            }
            (None, _) => panic!("a recovery is tried for a day: {sending:?}"),
        }
    }

    pub(super) fn rule(&self, memory: &str) -> Option<&Alert> {
        self.settings.alerts.iter().find(|alert| alert.memory() == memory)
    }

    /// A command is decided on: that is right.
    fn send(&mut self, sending: Sending, moment: Moment) {
        let mut reached = Vec::new();
        let subject = self.subject(&sending.name, moment.at);
        let episode = match (&sending.direct, &subject) {
            (Some(text), _) => Some(Episode::Direct(text.clone())),
            (None, Some(subject)) => match sending.event {
                AlertEvent::But => Some(Episode::But(sending.at)),
                AlertEvent::Unknown => Some(Episode::Unknown(sending.at)),
                AlertEvent::Flapping => subject.flapping_since.map(Episode::Flapping),
                AlertEvent::Incident => Some(Episode::Incident),
                AlertEvent::Ko | AlertEvent::Ok | AlertEvent::Partial => None,
            },
            (None, None) => None,
        };
        if let Some(episode) = &episode {
            let track = self.receivers.tracks.get(&track_key(&sending));
            let is_new = matches!(episode, Episode::But(_) | Episode::Unknown(_) | Episode::Flapping(_));
            let is_wanted = track.map_or(is_new, |track| track.is_wanted(episode));
            assert!(is_wanted, "twice, or nobody asked for it: {sending:?} {track:#?}");
        }
        let rule = self.rule(&sending.alert);
        if sending.event == AlertEvent::Ok {
            if let Some(subject) = &subject {
                assert!(subject.failing_since.is_none() && subject.standing.state.is_up(), "{sending:?}");
                assert!(subject.flapping_since.is_none(), "{sending:?}");
            } else {
                reached.push("recovery of what is gone");
            }
            if rule.is_none() {
                reached.push("recovery of an alert that is gone");
            }
        } else {
            let rule = rule.unwrap_or_else(|| panic!("{sending:?}"));
            self.check_sending(&sending, rule, &subject.unwrap(), moment, &mut reached);
        }
        if self.held.remove(&(sending.name.clone(), sending.alert.clone())) {
            reached.push("went out after it was held");
        }
        let wants_ok = self.rule(&sending.alert).is_none_or(|rule| rule.on.contains(&AlertEvent::Ok));
        reached.into_iter().for_each(|what| self.reach(what));
        let same = |posted: &&Posted| {
            let other = &posted.sending;
            key(other) == key(&sending) && (other.event, &other.direct) == (sending.event, &sending.direct)
        };
        assert_eq!(self.post.posted.values().filter(same).count(), 0, "it runs already: {sending:?}");
        let program = Program { name: sending.id.0.to_string().into(), ..Program::default() };
        let job = Job { program, timeout: COMMAND_TIME, output_octets: 1 };
        let (id, behind) = (sending.id, self.journal.pushed);
        let command = outbox::Command { purpose: Purpose::Alert(id), job };
        self.post.outbox.post(command, behind, self.now.boot);
        let (began, at, turn) = (moment.steady, self.now.boot, self.turns);
        self.demands.acts(&sending, began);
        self.post.posted.insert(id, Posted { sending, episode, wants_ok, began, at, turn, behind });
    }

    fn check_sending(
        &self,
        sending: &Sending,
        rule: &Alert,
        subject: &Subject<'_>,
        moment: Moment,
        reached: &mut Vec<&'static str>,
    ) {
        let failed = sending.failed.iter().map(|(name, _)| name);
        assert!(failed.eq(known(&self.fleet).failed(&sending.name).map(|(name, _)| name)), "{sending:?}");
        assert!(sending.all.iter().eq(known(&self.fleet).members(&sending.name)), "{sending:?}");
        let step = &rule.steps[sending.step as usize - 1];
        assert!(rule.of.iter().any(|pattern| pattern.matches(&sending.name)));
        assert_eq!(sending.command, step.command.iter().map(|word| word.0.clone()).collect::<Vec<_>>());
        for hours in [&rule.hours, &step.hours].into_iter().flatten() {
            assert!(hours.contains(moment.wall, &Zone::UTC), "outside of its hours: {sending:?}");
        }
        let mut holds = self.holds(subject);
        if sending.direct.is_some() {
            holds.retain(|hold| *hold == "muted");
        } else {
            assert!(rule.on.contains(&sending.event), "{sending:?}");
            if sending.event == AlertEvent::Incident {
                holds.retain(|hold| *hold != "acked");
            }
            self.check_event(sending, subject, moment);
            self.check_spacing(sending, rule, moment, reached);
        }
        assert_eq!(holds, Vec::<&str>::new(), "{sending:?}");
        if sending.step > 1 {
            reached.push("told a further step");
        }
    }

    /// What is told is so.
    fn check_event(&self, sending: &Sending, subject: &Subject<'_>, moment: Moment) {
        let (state, failing) = (subject.standing.state, subject.failing_since);
        let lasted = moment.at.since(subject.since.max(self.heard_since));
        match sending.event {
            AlertEvent::Ko | AlertEvent::Partial => {
                assert_eq!((state, failing), (State::Ko, sending.failing), "{sending:?}");
                if subject.flapping_since.is_some() {
                    let began = self.flaps.get(&sending.name);
                    assert!(began.is_none_or(|began| *began == failing), "{sending:?}");
                    assert_eq!((sending.event, sending.count), (AlertEvent::Ko, 1), "{sending:?}");
                }
            }
            AlertEvent::But => {
                assert_eq!((state, failing), (State::But, None));
                let is_doubtful = self.fleet.find(&sending.name);
                let is_doubtful = is_doubtful.is_some_and(|member| self.fleet.is_in_doubt(member));
                assert!(!is_doubtful || lasted >= millis(INTERVAL * 2), "{sending:?}");
            }
            AlertEvent::Unknown => {
                assert_eq!((state, failing), (State::Unknown, None));
                assert!(lasted >= millis(INTERVAL * 2), "it was us: {sending:?}");
            }
            AlertEvent::Flapping => assert!(subject.flapping_since.is_some()),
            AlertEvent::Incident => assert!(failing.is_some()),
            AlertEvent::Ok => unreachable!(),
        }
        let is_state = matches!(sending.event, AlertEvent::But | AlertEvent::Unknown);
        assert!(!is_state || subject.flapping_since.is_none());
    }

    /// What is told again is told in time, and not sooner.
    fn check_spacing(
        &self,
        sending: &Sending,
        rule: &Alert,
        moment: Moment,
        reached: &mut Vec<&'static str>,
    ) {
        let Some(receiver) = self.receivers.all.get(&key(sending)) else { return };
        if sending.event == AlertEvent::Partial && receiver.belief == Belief::Fails {
            assert_ne!(receiver.failed, names(sending), "nothing has changed: {sending:?} {receiver:#?}");
        }
        if sending.event != AlertEvent::Ko || sending.count < 2 || receiver.belief != Belief::Fails {
            return;
        }
        let calmed = self.demands.calmed.get(&sending.name).is_some_and(|calmed| *calmed >= receiver.last);
        let is_time = rule.every.is_some_and(|every| moment.steady.since(receiver.last) >= millis(every));
        assert!(calmed || is_time, "too soon: {sending:?}");
        if !is_time {
            reached.push("told once more after flapping");
        }
    }

    /// Starts the commands whose time has come: what they tell of is written, or was waited for.
    pub(super) fn run_commands(&mut self) {
        for (command, job) in self.post.outbox.ready(self.journal.written, self.now.boot) {
            let sending = SendingId(job.program.name.to_str().unwrap().parse().unwrap());
            let posted = &self.post.posted[&sending];
            let waited = self.now.boot.since(posted.at);
            assert!(waited <= JOURNAL_AWAITED, "the disk delays it: {posted:?}");
            if posted.behind > self.journal.written {
                assert_eq!(waited, JOURNAL_AWAITED, "it did not wait for the journal: {posted:?}");
                self.reach("went out before the journal was written");
            }
            let is_hanging = self.seed.one_in(20);
            let length = if is_hanging { millis(COMMAND_TIME) as u64 } else { self.seed.below(3000) };
            let ends = self.now.boot.after(Duration::from_millis(length));
            self.post.running.push(Run { command, sending, ends, is_hanging });
        }
    }

    pub(super) fn end_commands(&mut self) {
        let now = self.now.boot;
        let ended: Vec<Run> = self.post.running.extract_if(.., |run| run.ends <= now).collect();
        for run in ended {
            let fails = run.is_hanging
                || (self.post.do_commands_fail && !self.seed.one_in(4))
                || self.seed.one_in(30);
            let result = if fails { Err("exit 1".to_owned()) } else { Ok(()) };
            let outcome = self.post.outbox.ended(run.command, result, now);
            let Some(Outcome::Alert(id, result)) = outcome else { panic!("{outcome:?}") };
            let moment = self.fleet.moment(self.now);
            self.telling.done(id, result, moment);
            let posted = self.post.posted.remove(&id).unwrap();
            self.demands.acts(&posted.sending, moment.steady);
            self.show(|| format!("ended: {id:?} {}", if fails { "failed" } else { "well" }));
            if fails {
                let tries = self.post.count(&posted);
                let sending = &posted.sending;
                assert!(sending.event != AlertEvent::Ko || posted.episode.is_some() || tries <= ALERT_TRIES);
                if sending.event == AlertEvent::Ok
                    && let Some(receiver) = self.receivers.all.get_mut(&key(sending))
                {
                    receiver.recovery_failed = Some(moment.steady);
                }
            } else {
                self.post.failed.remove(&try_of(&posted.sending));
                let what = self.receivers.delivered(&posted, moment.steady);
                self.reach(what);
            }
        }
    }

    /// Whether a command runs, or waits for its turn, that keeps others to the same step back.
    pub(super) fn runs(&self, name: &ObjectName, alert: &str, command: &[String]) -> bool {
        self.post.posted.values().any(|posted| {
            let sending = &posted.sending;
            let is_it = (&sending.name, sending.alert.as_str()) == (name, alert);
            is_it && sending.command == command && posted.episode.is_none()
        })
    }
}
