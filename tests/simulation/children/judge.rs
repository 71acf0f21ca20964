//! What has to be true of children whatever they do, and how often each thing was reached.

use super::Milliseconds;
use super::starter::World;
use oco::children::starter::{GroupSignal, NotStarted, Report};
use oco::children::{ChildEvent, ChildId, ChildLimits, Class, Ended, Job};
use oco::limits::{GROUP_LOOK, KILL_AFTER, SHORTAGE_PAUSE};
use oco::logic::plugin_result::{End, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How much later than it is due something may be: a turn that reads a flood takes time.
const SLACK: u64 = 25;
/// The longest that a report of the model takes.
const LATENCY: u64 = 50;

/// How often seeds came to what they are for.
#[derive(Debug, Default)]
pub struct Reached(pub BTreeMap<&'static str, u64>);

impl Reached {
    pub fn add(&mut self, other: &Reached) {
        other.0.iter().for_each(|(what, times)| *self.0.entry(what).or_default() += times);
    }

    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

#[derive(Debug)]
struct Asked {
    class: Class,
    timeout: u64,
    output_octets: usize,
    asked_at: Milliseconds,
    begun_at: Option<Milliseconds>,
    started_at: Option<Milliseconds>,
    reported_end: Option<Milliseconds>,
    result: Option<(Run, Milliseconds)>,
    has_failed: bool,
    is_unkillable: bool,
    is_over: bool,
}

/// See the [module](self).
pub struct Judge {
    limits: ChildLimits,
    slack: u64,
    jobs: BTreeMap<ChildId, Asked>,
    waiting: BTreeSet<(Class, ChildId)>,
    stopped_at: Option<Milliseconds>,
    is_lost: bool,
    lost_told: u32,
    last_look: Option<Milliseconds>,
    last_shortage: Option<Milliseconds>,
    now: Milliseconds,
    reached: Reached,
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl Judge {
    pub fn new(limits: &ChildLimits, lateness: u64) -> Judge {
        Judge {
            limits: limits.clone(),
            slack: SLACK + lateness,
            jobs: BTreeMap::new(),
            waiting: BTreeSet::new(),
            stopped_at: None,
            is_lost: false,
            lost_told: 0,
            last_look: None,
            last_shortage: None,
            now: 0,
            reached: Reached::default(),
        }
    }

    pub fn asked(&mut self, id: ChildId, class: Class, job: &Job, now: Milliseconds) {
        self.now = now;
        let asked = Asked {
            class,
            timeout: milliseconds(job.timeout),
            output_octets: job.output_octets,
            asked_at: now,
            begun_at: None,
            started_at: None,
            reported_end: None,
            result: None,
            has_failed: false,
            is_unkillable: false,
            is_over: false,
        };
        assert!(self.jobs.insert(id, asked).is_none(), "{id:?} twice");
        self.waiting.insert((class, id));
        if self.waiting.len() == 100 {
            self.reached.count("queues of a hundred");
        }
    }

    pub fn stopped(&mut self, now: Milliseconds) {
        self.now = now;
        self.stopped_at = Some(now);
        self.reached.count("stops");
    }

    /// Whether a child of this class has a place.
    fn has_place(&self, class: Class, world: &World) -> bool {
        let in_class = |class: usize| {
            let present = world.groups.iter().filter(|(_, group)| !group.is_gone);
            present.filter(|(id, _)| self.jobs[id].class == Class(class)).count()
        };
        let kept = self.limits.kept_places.iter().enumerate().take(class.0);
        let kept: usize = kept.map(|(class, kept)| kept.saturating_sub(in_class(class))).sum();
        world.present() + kept < self.limits.at_once
    }

    /// A start is tried.
    pub fn starts(&mut self, id: ChildId, world: &World) {
        self.now = world.now;
        assert!(self.stopped_at.is_none(), "{id:?} is started after the stop");
        let class = self.jobs[&id].class;
        assert_eq!(self.waiting.first(), Some(&(class, id)), "a more urgent one waits");
        assert!(self.has_place(class, world), "{id:?} has no place");
        let earlier = |(_, other): &&(Class, ChildId)| self.jobs[other].asked_at < self.jobs[&id].asked_at;
        if self.waiting.iter().skip(1).any(|other| earlier(&other)) {
            self.reached.count("starts before who waits longer");
        }
        self.last_shortage = Some(self.now);
    }

    /// It has not failed.
    pub fn begun(&mut self, id: ChildId) {
        self.last_shortage = None;
        let job = self.jobs.get_mut(&id).unwrap();
        job.begun_at = Some(self.now);
        self.waiting.remove(&(job.class, id));
    }

    /// There is nobody whose end it could wait for.
    pub fn fails(&mut self, id: ChildId) {
        self.waiting.remove(&(self.jobs[&id].class, id));
    }

    pub fn looks(&mut self, now: Milliseconds) {
        if let Some(last) = self.last_look {
            assert!(now - last >= milliseconds(GROUP_LOOK), "looks at {last} and {now}");
        }
        self.last_look = Some(now);
        self.reached.count("looks");
    }

    /// The starter tells this.
    pub fn reported(&mut self, report: &Report, now: Milliseconds) {
        self.now = now;
        match report {
            Report::Started(id, _) => self.jobs.get_mut(id).unwrap().started_at = Some(now),
            Report::NotStarted(id, NotStarted::Short(_)) => {
                let job = &self.jobs[id];
                if self.stopped_at.is_none() && job.result.is_none() {
                    self.waiting.insert((job.class, *id));
                    self.last_shortage = Some(now);
                    self.reached.count("shortages that were told late");
                }
            }
            Report::Ended(id, _) => self.jobs.get_mut(id).unwrap().reported_end = Some(now),
            Report::Lost => self.is_lost = true,
            Report::NotStarted(..) | Report::NotSignalled(..) | Report::Looked(_) => {}
        }
    }

    /// The children tell this.
    pub fn happened(&mut self, event: ChildEvent, world: &World, now: Milliseconds) {
        self.now = now;
        match event {
            ChildEvent::Started { id, process } => {
                assert_eq!(usize::try_from(process).unwrap(), id.0 + 1000);
                assert!(self.jobs[&id].started_at == Some(now) && !self.jobs[&id].is_over);
            }
            ChildEvent::Delayed { id, .. } => {
                assert!(self.jobs[&id].result.is_none());
                self.last_shortage = Some(now);
                self.reached.count("delays");
            }
            ChildEvent::Ended(ended) => self.ended(ended, world),
            ChildEvent::Failed { id, .. } => {
                let job = self.jobs.get_mut(&id).unwrap();
                assert!(job.result.is_none() && !job.is_over && !job.has_failed);
                job.has_failed = true;
                self.reached.count("own failures");
            }
            ChildEvent::Signalled { id, signal, .. } => {
                assert!(!self.jobs[&id].is_over);
                self.reached.count(match signal {
                    GroupSignal::Terminate => "groups that were asked to end",
                    GroupSignal::Kill => "groups that were killed",
                });
            }
            ChildEvent::Unkillable { id, .. } => {
                self.jobs.get_mut(&id).unwrap().is_unkillable = true;
                self.reached.count("groups that can't be killed");
            }
            ChildEvent::Over { id } => self.over(id, world),
            ChildEvent::StarterLost => {
                self.lost_told += 1;
                self.reached.count("starters that died");
            }
        }
    }

    fn ended(&mut self, ended: Ended, world: &World) {
        let (now, slack) = (self.now, self.slack);
        let job = self.jobs.get_mut(&ended.id).unwrap();
        assert!(job.result.is_none() && !job.is_over && !job.has_failed, "{ended:?} comes twice");
        let group = &world.groups[&ended.id];
        for (output, kept) in [&ended.stdout, &ended.stderr].into_iter().enumerate() {
            let bound = job.output_octets;
            assert_eq!(kept.octets.len(), group.read[output].min(bound), "{ended:?}");
            assert_eq!(kept.is_cut, group.read[output] > bound);
            if kept.is_cut {
                self.reached.count("outputs that were cut");
            }
            if matches!(ended.run, Run::Ended(End::Status(_))) && !group.processes[0].floods {
                assert_eq!(group.read[output], group.written(output, now), "the last words of {ended:?}");
            }
        }
        let until = job.started_at.or(job.begun_at).unwrap() + job.timeout;
        let what = match &ended.run {
            Run::Ended(End::Status(0)) => {
                assert_eq!(job.reported_end, Some(now), "it is told when it is known");
                "plugins that ended"
            }
            Run::Ended(End::Lost) => {
                assert!(self.is_lost);
                "plugins that were lost"
            }
            Run::Ended(_) => panic!("{ended:?}"),
            Run::TimedOut(after) => {
                assert_eq!(milliseconds(*after), job.timeout);
                assert!(job.reported_end.is_none(), "it has ended before");
                assert!((until..=until + slack).contains(&now), "{ended:?} at {now}, not {until}");
                if job.started_at.is_none() { "starts that hang" } else { "plugins that took too long" }
            }
            Run::NotStarted(_) => "plugins that can't be started",
        };
        self.reached.count(what);
        job.result = Some((ended.run, now));
    }

    fn over(&mut self, id: ChildId, world: &World) {
        let now = self.now;
        let job = self.jobs.get_mut(&id).unwrap();
        assert!(!std::mem::replace(&mut job.is_over, true), "{id:?} is over twice");
        self.waiting.remove(&(job.class, id));
        // What it took up is free for others now.
        self.last_shortage = None;
        assert!(job.result.is_some() || job.has_failed || self.stopped_at.is_some(), "{id:?} has no result");
        let Some(begun) = job.begun_at else { return };
        let until = job.started_at.unwrap_or(begun) + job.timeout;
        let until = self.stopped_at.map_or(until, |stop| until.min(stop.max(begun)));
        let latest = until + 2 * milliseconds(KILL_AFTER) + 3 * self.slack + LATENCY;
        assert!(now <= latest, "{id:?} is over at {now}, not until {latest}");
        let group = &world.groups[&id];
        assert!(group.is_gone, "{id:?} is not reaped");
        if self.is_lost {
            return;
        }
        let Some(term) = group.signals.iter().find(|(signal, _)| *signal == GroupSignal::Terminate) else {
            if group.lives(now) {
                self.reached.count("grandchildren that were left alone");
            }
            return;
        };
        assert!(
            term.1 >= until || job.started_at == Some(term.1),
            "{id:?} is ended at {term:?}, before {until}"
        );
        if let Some(kill) = group.signals.iter().find(|(signal, _)| *signal == GroupSignal::Kill) {
            let waited = kill.1 - term.1;
            let is_late = job.started_at == Some(term.1) || job.is_unkillable;
            assert!(
                is_late || waited >= milliseconds(KILL_AFTER) || !group.lives(kill.1),
                "{id:?}: {group:?}"
            );
            if waited >= milliseconds(KILL_AFTER) {
                self.reached.count("groups that ignored TERM");
            }
        }
        assert!(job.is_unkillable || !group.lives(now), "somebody of {id:?} is left");
        if group.processes.len() > 1 {
            self.reached.count("grandchildren that were ended");
        }
    }

    /// A turn has ended.
    pub fn turned(&mut self, now: Milliseconds, world: &World) {
        self.now = now;
        for (id, job) in self.jobs.iter().filter(|(_, job)| job.reported_end == Some(now)) {
            let has_stopped = self.stopped_at.is_some() || self.is_lost;
            assert!(job.result.is_some() || has_stopped, "{id:?} has ended, and nobody tells");
        }
        let Some((class, id)) = self.waiting.first() else { return };
        let is_short = self.last_shortage.is_some_and(|at| now < at + milliseconds(SHORTAGE_PAUSE));
        assert!(is_short || !self.has_place(*class, world), "{id:?} waits with a place free");
    }

    /// All is over.
    pub fn end(&mut self, world: &World) -> Reached {
        assert!(self.waiting.is_empty());
        assert!(self.jobs.values().all(|job| job.is_over), "each ends");
        assert_eq!(self.lost_told, u32::from(self.is_lost), "it is said once");
        for (id, group) in &world.groups {
            assert!(group.is_gone && !(group.runs && group.is_unreaped), "{id:?}: {group:?}");
        }
        std::mem::take(&mut self.reached)
    }
}
