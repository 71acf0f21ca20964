//! Each line of the host beside the oracle, and what a run reached.

use crate::clock::Clock;
use crate::daemon::Tally;
use crate::disk::Disk;
use crate::host::{Host, Moment};
use crate::oracle::Oracle;
use oco::logic::board::Rules;
use oco::logic::time::Nanos;
use std::collections::BTreeMap;

/// What a run reached, for a look at whether the seeds try what they should.
#[derive(Debug, Default, Clone)]
pub struct Reached {
    pub daemon: Tally,
    /// What else happened, by name.
    pub other: BTreeMap<&'static str, u64>,
}

impl Reached {
    pub fn count(&mut self, what: &'static str) {
        *self.other.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Reached) {
        for (what, times) in &other.other {
            *self.other.entry(what).or_default() += times;
        }
        let (sum, more) = (&mut self.daemon, &other.daemon);
        sum.answers += more.answers;
        sum.cut += more.cut;
        sum.shed += more.shed;
        sum.shed_for_share += more.shed_for_share;
        sum.lingered += more.lingered;
        sum.drained += more.drained;
        sum.paused += more.paused;
    }
}

/// Refreshes the host beside the oracle, and compares them.
pub struct Judge<'a> {
    pub rules: &'a Rules,
    pub empty_is_ok: bool,
}

impl Judge<'_> {
    pub fn refresh(
        &self,
        host: &mut Host,
        disk: &mut Disk,
        clock: &Clock,
        oracle: &mut Oracle,
        reached: &mut Reached,
        disturb: &mut dyn FnMut(&mut Disk, Moment) -> bool,
    ) {
        let is_plain = !host.has_inotify();
        if disk.has_lost_events() {
            reached.count("queue overflows");
        }
        oracle.begin(disk, clock, is_plain);
        // A look that doubts is followed by another one, which is to find the event: only the first one may be early.
        let mut has_looked = false;
        host.refresh(disk, clock.now, &mut |disk, moment| {
            let is_first = !std::mem::replace(&mut has_looked, true);
            if (moment == Moment::After || is_first) && disturb(disk, moment) {
                oracle.disturb(disk, clock, is_plain, moment);
                reached.count("acts during a look");
            }
        });
        if let Err(wrong) = oracle.judge(host.line(), self.rules, self.empty_is_ok, clock.now) {
            panic!("{wrong} at {:?}", clock.now);
        }
        oracle.end();
        reached.count("lines");
        if disk.readable().is_none() {
            reached.count("lines of a directory that is away");
        } else if oracle.is_exact() {
            reached.count("lines with nothing in doubt");
            if host.line().starts_with("200 OK") {
                reached.count("lines that are OK with nothing in doubt");
            }
        }
        self.wakes_in_time(host, oracle, clock, disk);
    }

    fn wakes_in_time(&self, host: &Host, oracle: &Oracle, clock: &Clock, disk: &Disk) {
        let now = clock.now;
        let deadline = host.deadline();
        let is_late = |expiry: Nanos| deadline.is_none_or(|at| at > expiry);
        if let Some(expiry) = oracle.next_expiry(self.rules, now).filter(|at| is_late(*at)) {
            panic!("a check goes stale at {expiry:?}, but the next deadline is {deadline:?}: {oracle:?}");
        }
        let is_past = deadline.is_some_and(|at| at <= now.boot);
        let has_reason = host.has_looks_left() || disk.has_edge();
        assert!(!is_past || has_reason, "the deadline {deadline:?} has passed at {now:?}");
    }
}
