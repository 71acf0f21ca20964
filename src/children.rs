//! Programs that run in process groups of their own, with a time-out, as a part of somebody's loop.
//!
//! ```text
//!  loop --start, ready, turn, stop--> Children --start, signal, look, reap--> Starter (this process, or a helper)
//!       <--started, ended, over------    |    <--started, ended, looked------
//!                                     Child: a Plugin (what to do when) and two Outputs
//! ```
//!
//! Here is who waits, who runs, and what becomes of them. What it means, and that it is recorded or said, is the loop's.
//!
//! # Invariants
//!
//! - Whoever waits is started in the order of urgency, and in a class in the order of asking. A more urgent one never
//!   waits behind a less urgent one.
//! - Each job ends with [`ChildEvent::Over`], once; before it comes its result, at most once, and as soon as it is known.
//! - No call waits for a child. Reading is bounded by [`PIPE_READS_PER_TURN`](crate::limits::PIPE_READS_PER_TURN), and
//!   what is kept of an output by the job's bound.

mod child;
mod event;
pub mod helper;
pub mod in_process;
mod looks;
pub mod message;
mod output;
pub mod serve;
pub mod sheet;
pub mod starter;
mod unreaped;

use crate::limits::SHORTAGE_PAUSE;
use crate::logic::plugin::PluginEvent;
use crate::logic::time::Nanos;
use child::{Child, Turn};
pub use event::{ChildEvent, Ended};
use looks::Looks;
use mio::Token;
use starter::{GroupSignal, NotStarted, Program, Report, Starter};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Which child. Numbers only count up, so that a late event finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub usize);

/// How urgent a job is; the lowest is started first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Class(pub usize);

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What to start.
    pub program: Program,
    /// How long it may take.
    pub timeout: Duration,
    /// Octets that are kept of each of its outputs.
    pub output_octets: usize,
}

/// How many children run at once.
#[derive(Debug, Clone)]
pub struct ChildLimits {
    /// The others wait.
    pub at_once: usize,
    /// By class: how many of those places are kept from less urgent ones.
    pub kept_places: Vec<usize>,
}

/// The children of one loop: who waits, who runs, and who is being ended. Times are on the boot clock.
#[derive(Debug)]
pub struct Children<S: Starter> {
    starter: S,
    /// The starter's own token; those of the outputs follow it.
    first: Token,
    limits: ChildLimits,
    waiting: BTreeMap<(Class, ChildId), Job>,
    running: BTreeMap<ChildId, Child<S::Pipe>>,
    next: usize,
    looks: Looks,
    /// Something could not be started for want of something: try again then, or when a child is over.
    start_again_at: Option<Nanos>,
    is_stopping: bool,
    /// Those who run were told to stop.
    told_stop: bool,
}

impl<S: Starter> Children<S> {
    /// No children yet. All tokens from `first` on are theirs: that one is the starter's own.
    pub fn new(starter: S, first: Token, limits: ChildLimits) -> Children<S> {
        Children {
            starter,
            first,
            limits,
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            next: 0,
            looks: Looks::new(),
            start_again_at: None,
            is_stopping: false,
            told_stop: false,
        }
    }

    /// Takes in a job, which is started in a [turn](Children::turn) when its place in the order has come.
    pub fn start(&mut self, job: Job, class: Class) -> ChildId {
        let id = ChildId(self.next);
        self.next += 1;
        self.waiting.insert((class, id), job);
        id
    }

    /// Whether there is neither who runs nor who waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Whether a further job would have to wait for another one to end.
    pub fn is_full(&self) -> bool {
        !self.waiting.is_empty() || self.running.len() >= self.limits.at_once
    }

    /// Goes on after an event with this token has woken the loop. One of somebody who is gone does no harm.
    pub fn ready(&mut self, token: Token) {
        match token.0.checked_sub(self.first.0) {
            None => {}
            Some(0) => self.starter.ready(),
            Some(place) => {
                if let Some(child) = self.running.get_mut(&ChildId((place - 1) / 2)) {
                    child.read();
                }
            }
        }
    }

    /// The tokens of a child's stdout and stderr: what [`Children::ready`] takes apart.
    fn tokens(&self, id: ChildId) -> [Token; 2] {
        let stdout = self.first.0 + 1 + 2 * id.0;
        [Token(stdout), Token(stdout + 1)]
    }

    /// When the next [turn](Children::turn) is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        let is_untold = self.is_stopping && !(self.told_stop && self.waiting.is_empty());
        let has_more = || self.running.values().any(Child::has_more);
        if is_untold || self.starter.has_news() || has_more() {
            return Some(Nanos::PAST);
        }
        let start = self.startable().map(|_| self.start_again_at.unwrap_or(Nanos::PAST));
        let children = self.running.values().filter_map(Child::deadline);
        children.chain(self.looks.deadline()).chain(start).min()
    }

    /// Ends all: nobody is started any more, and those who run have to end, and have no result unless it is known.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Ends all at once, and does not wait for it: for an owner who can't go on.
    pub fn kill(&mut self) {
        for id in self.running.keys() {
            // There is nobody left to tell.
            let _ = self.starter.signal(*id, GroupSignal::Kill);
        }
    }

    /// Does all that is due, and tells what happened, in that order.
    pub fn turn(&mut self, now: Nanos) -> Vec<ChildEvent> {
        let mut events = Vec::new();
        for report in self.starter.reports() {
            self.take_in(report, now, &mut events);
        }
        let (starter, looks) = (&mut self.starter, &mut self.looks);
        let mut turn = Turn { now, starter, looks, events: &mut events };
        for child in self.running.values_mut() {
            child.advance(&mut turn);
            if self.is_stopping && !self.told_stop {
                // Whose result is known keeps it: only the group is ended.
                child.on(PluginEvent::Stopped, &mut turn);
            }
            child.on(PluginEvent::Time, &mut turn);
        }
        if !self.running.values().any(Child::wants_look) {
            self.looks.forget();
        } else if self.looks.is_due(now) {
            self.starter.look();
        }
        if self.is_stopping {
            self.told_stop = true;
            let waiting = std::mem::take(&mut self.waiting);
            events.extend(waiting.into_keys().map(|(_, id)| ChildEvent::Over { id }));
        }
        self.let_go(&mut events);
        self.start_waiting(now, &mut events);
        events
    }

    fn take_in(&mut self, report: Report, now: Nanos, events: &mut Vec<ChildEvent>) {
        let mut turn = Turn { now, starter: &mut self.starter, looks: &mut self.looks, events };
        match report {
            Report::Started(id, process) => {
                if let Some(child) = self.running.get_mut(&id) {
                    child.started(process, &mut turn);
                }
            }
            Report::NotStarted(id, why) => self.not_started(id, why, now, events),
            Report::Ended(id, end) => {
                if let Some(child) = self.running.get_mut(&id) {
                    child.on(PluginEvent::Exited(end), &mut turn);
                }
            }
            Report::NotSignalled(id, signal, errno) => {
                if let Some(child) = self.running.get(&id) {
                    turn.events.push(child.not_signalled(signal, errno));
                }
            }
            Report::Looked(living) => {
                for (id, child) in self.running.iter_mut().filter(|(_, child)| child.wants_look()) {
                    child.on(PluginEvent::Looked { living: living.contains(id) }, &mut turn);
                }
                let is_wanted = self.running.values().any(Child::wants_look);
                self.looks.looked(is_wanted, now);
            }
            Report::Lost => {
                for child in self.running.values_mut() {
                    child.on(PluginEvent::Lost, &mut turn);
                }
                turn.events.push(ChildEvent::StarterLost);
            }
        }
    }

    /// A start that was begun has failed.
    fn not_started(&mut self, id: ChildId, why: NotStarted, now: Nanos, events: &mut Vec<ChildEvent>) {
        let Some(child) = self.running.get_mut(&id) else { return };
        match why {
            NotStarted::Short(errno) if child.is_starting() && !self.is_stopping => {
                if let Some(child) = self.running.remove(&id) {
                    self.postpone((child.class, id), child.job, errno, now, events);
                }
            }
            why => {
                let (starter, looks) = (&mut self.starter, &mut self.looks);
                child.not_started(why, &mut Turn { now, starter, looks, events });
            }
        }
    }

    /// Lets a job wait for another one to end, or fail if there is none.
    fn postpone(
        &mut self,
        place: (Class, ChildId),
        job: Job,
        errno: i32,
        now: Nanos,
        events: &mut Vec<ChildEvent>,
    ) {
        let id = place.1;
        if self.running.is_empty() {
            events.extend(ChildEvent::of_refused(id, NotStarted::Short(errno)));
        } else {
            events.push(ChildEvent::Delayed { id, error: io::Error::from_raw_os_error(errno) });
            self.waiting.insert(place, job);
            self.start_again_at = Some(now.after(SHORTAGE_PAUSE));
        }
    }

    /// Forgets the children that are over.
    fn let_go(&mut self, events: &mut Vec<ChildEvent>) {
        let again_at = &mut self.start_again_at;
        self.running.retain(|id, child| {
            if child.is_over() {
                events.push(ChildEvent::Over { id: *id });
                *again_at = None;
            }
            !child.is_over()
        });
    }

    fn start_waiting(&mut self, now: Nanos, events: &mut Vec<ChildEvent>) {
        if self.start_again_at.is_some_and(|at| now < at) {
            return;
        }
        self.start_again_at = None;
        while self.start_again_at.is_none()
            && let Some(place) = self.startable()
            && let Some(job) = self.waiting.remove(&place)
        {
            let (class, id) = place;
            match self.starter.start(id, &job.program, self.tokens(id)) {
                Ok(pipes) => {
                    let child = Child::new(id, class, job, pipes, now);
                    self.running.insert(id, child);
                }
                Err(NotStarted::Short(errno)) => self.postpone(place, job, errno, now, events),
                Err(why) => events.extend(ChildEvent::of_refused(id, why)),
            }
        }
    }

    /// Who is to be started next, if there is a place for it. Where the most urgent one has none, nobody has.
    fn startable(&self) -> Option<(Class, ChildId)> {
        let (class, id) = *self.waiting.first_key_value()?.0;
        let free_of = |(urgent, kept): (usize, &usize)| {
            kept.saturating_sub(self.running.values().filter(|child| child.class == Class(urgent)).count())
        };
        let kept: usize = self.limits.kept_places.iter().enumerate().take(class.0).map(free_of).sum();
        (self.running.len() + kept < self.limits.at_once).then_some((class, id))
    }
}
