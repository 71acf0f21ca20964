//! One run of a plugin as a state machine without a process: from its start until nothing of its process group is
//! left that we have to answer for.
//!
//! ```text
//! Running --exited, output ended--> Over            the ordinary run
//! Running --exited--> Lingering --output ended--> Over   somebody else of its group held the output a while
//! Running, Lingering --time-out--> Ending --group gone--> Over       TERM
//!                                  Ending --KILL_AFTER--> Killed --group gone--> Over    KILL
//! ```
//!
//! Invariants: a result is recorded once, and as soon as it is known; the leader is reaped last, so that the number
//! of its group stays ours while we may signal it; whatever happens, it is over [`KILL_AFTER`] twice after the
//! time-out.

use super::plugin_result::End;
use super::time::Nanos;
use crate::limits::{GROUP_LOOK, KILL_AFTER};

/// A run's state.
#[derive(Debug, Clone)]
pub struct Plugin {
    phase: Phase,
    /// The leader has ended, and was not reaped.
    exited: bool,
    /// Somebody holds its stdout or stderr.
    output_open: bool,
}

/// Times are on the boot clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The leader has time until then.
    Running { until: Nanos },
    /// The leader has ended and its result was recorded; others hold its output, and have time until then.
    Lingering { until: Nanos },
    /// The group was asked to end.
    Ending { kill_at: Nanos, look_at: Nanos },
    /// The group was killed. What does not die of that is stuck in the kernel.
    Killed { give_up_at: Nanos, look_at: Nanos },
    /// Nothing more to do.
    Over,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The leader ended. All that it wrote has been read.
    Exited(End),
    /// Nobody holds its output any more.
    OutputEnded,
    /// oco itself has to end.
    Stopped,
    /// Some time has passed, perhaps past the [deadline](Plugin::deadline).
    Time,
    /// A look showed whether anybody of the group lives.
    Looked {
        /// Whether somebody does.
        living: bool,
    },
}

/// What to do, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Record the leader's own result.
    Record(End),
    /// Record that it took too long.
    RecordTimeOut,
    /// Ask the group to end.
    Terminate,
    /// End the group.
    Kill,
    /// Look whether anybody of the group lives, and tell.
    Look,
    /// Reap the leader: all is done.
    Reap,
    /// Say that something of the group can't be killed, and go on without it.
    Abandon,
}

impl Plugin {
    /// A run that was just started and has time until then, on the boot clock.
    pub fn started(until: Nanos) -> Plugin {
        Plugin { phase: Phase::Running { until }, exited: false, output_open: true }
    }

    /// When to tell of the [time](Event::Time) at the latest; none when it is over.
    pub fn deadline(&self) -> Option<Nanos> {
        match self.phase {
            Phase::Running { until } | Phase::Lingering { until } => Some(until),
            Phase::Ending { kill_at: end, look_at } | Phase::Killed { give_up_at: end, look_at } => {
                Some(if self.exited { end.min(look_at) } else { end })
            }
            Phase::Over => None,
        }
    }

    /// Whether nothing more is to be done.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the leader's end was told.
    pub fn has_exited(&self) -> bool {
        self.exited
    }

    /// Takes in what happened, and says what to do.
    pub fn on(&mut self, event: Event, now: Nanos) -> Vec<Action> {
        match event {
            Event::Exited(_) => self.exited = true,
            Event::OutputEnded => self.output_open = false,
            Event::Stopped | Event::Time | Event::Looked { .. } => {}
        }
        match (self.phase, event) {
            (Phase::Running { until }, Event::Exited(end)) => {
                if self.output_open {
                    self.phase = Phase::Lingering { until };
                    vec![Action::Record(end)]
                } else {
                    self.phase = Phase::Over;
                    vec![Action::Record(end), Action::Reap]
                }
            }
            (Phase::Running { until }, Event::Time) if now >= until => {
                self.end_group(now);
                vec![Action::Terminate, Action::RecordTimeOut]
            }
            (Phase::Lingering { .. }, Event::OutputEnded) => {
                self.phase = Phase::Over;
                vec![Action::Reap]
            }
            (Phase::Lingering { until }, Event::Time) if now >= until => {
                self.end_group(now);
                vec![Action::Terminate]
            }
            (Phase::Running { .. } | Phase::Lingering { .. }, Event::Stopped) => {
                self.end_group(now);
                vec![Action::Terminate]
            }
            (Phase::Running { .. } | Phase::Lingering { .. }, Event::Time | Event::Looked { .. }) => vec![],
            (Phase::Running { .. }, Event::OutputEnded) => vec![],
            (Phase::Lingering { .. }, Event::Exited(_)) => vec![],

            (Phase::Ending { .. } | Phase::Killed { .. }, Event::Exited(_)) => vec![Action::Look],
            (Phase::Ending { .. }, Event::Looked { living: false }) if self.exited => {
                self.phase = Phase::Over;
                // A look can miss somebody who forks while it is taken.
                vec![Action::Kill, Action::Reap]
            }
            (Phase::Killed { .. }, Event::Looked { living: false }) if self.exited => {
                self.phase = Phase::Over;
                vec![Action::Reap]
            }
            (Phase::Ending { kill_at, .. }, Event::Time) if now >= kill_at => {
                self.phase =
                    Phase::Killed { give_up_at: now.after(KILL_AFTER), look_at: now.after(GROUP_LOOK) };
                vec![Action::Kill]
            }
            (Phase::Killed { give_up_at, .. }, Event::Time) if now >= give_up_at => {
                self.phase = Phase::Over;
                vec![Action::Abandon]
            }
            (Phase::Ending { look_at, .. } | Phase::Killed { look_at, .. }, Event::Time)
                if self.exited && now >= look_at =>
            {
                vec![Action::Look]
            }
            (Phase::Ending { kill_at, .. }, Event::Looked { .. }) => {
                self.phase = Phase::Ending { kill_at, look_at: now.after(GROUP_LOOK) };
                vec![]
            }
            (Phase::Killed { give_up_at, .. }, Event::Looked { .. }) => {
                self.phase = Phase::Killed { give_up_at, look_at: now.after(GROUP_LOOK) };
                vec![]
            }
            (
                Phase::Ending { .. } | Phase::Killed { .. },
                Event::Time | Event::Stopped | Event::OutputEnded,
            ) => {
                vec![]
            }
            (Phase::Over, _) => vec![],
        }
    }

    fn end_group(&mut self, now: Nanos) {
        self.phase = Phase::Ending { kill_at: now.after(KILL_AFTER), look_at: now.after(GROUP_LOOK) };
    }
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    const END: End = End::Status(0);
    const UNTIL: Nanos = Nanos(1_000_000_000);

    #[test]
    fn an_ordinary_run_is_recorded_and_reaped() {
        let mut plugin = Plugin::started(UNTIL);
        assert_eq!(plugin.on(Event::OutputEnded, Nanos(1)), vec![]);
        assert_eq!(plugin.on(Event::Exited(END), Nanos(2)), vec![Action::Record(END), Action::Reap]);
        assert!(plugin.is_over() && plugin.deadline().is_none());
    }

    #[test]
    fn a_result_does_not_wait_for_those_who_hold_the_output() {
        let mut plugin = Plugin::started(UNTIL);
        assert_eq!(plugin.on(Event::Exited(END), Nanos(2)), vec![Action::Record(END)]);
        assert_eq!(plugin.on(Event::Time, Nanos(3)), vec![]);
        let mut freed = plugin.clone();
        assert_eq!(freed.on(Event::OutputEnded, Nanos(4)), vec![Action::Reap]);
        assert_eq!(plugin.on(Event::Time, UNTIL), vec![Action::Terminate]);
        assert_eq!(plugin.on(Event::Time, UNTIL.after(GROUP_LOOK)), vec![Action::Look]);
        assert_eq!(plugin.on(Event::Looked { living: false }, UNTIL), vec![Action::Kill, Action::Reap]);
    }

    #[test]
    fn a_stubborn_group_is_killed_and_a_stuck_one_given_up() {
        let mut plugin = Plugin::started(UNTIL);
        assert_eq!(plugin.on(Event::Time, UNTIL), vec![Action::Terminate, Action::RecordTimeOut]);
        assert_eq!(plugin.deadline(), Some(UNTIL.after(KILL_AFTER)));
        assert_eq!(plugin.on(Event::Exited(END), UNTIL), vec![Action::Look]);
        assert_eq!(plugin.on(Event::Looked { living: true }, UNTIL), vec![]);
        assert_eq!(plugin.deadline(), Some(UNTIL.after(GROUP_LOOK)));
        let killed = UNTIL.after(KILL_AFTER);
        assert_eq!(plugin.on(Event::Time, killed), vec![Action::Kill]);
        assert_eq!(plugin.on(Event::Looked { living: true }, killed), vec![]);
        assert_eq!(plugin.on(Event::Time, killed.after(KILL_AFTER)), vec![Action::Abandon]);
        assert!(plugin.is_over());
    }

    #[test]
    fn a_stop_records_nothing() {
        let mut plugin = Plugin::started(UNTIL);
        assert_eq!(plugin.on(Event::Stopped, Nanos(1)), vec![Action::Terminate]);
        assert_eq!(plugin.on(Event::Exited(END), Nanos(2)), vec![Action::Look]);
        assert_eq!(plugin.on(Event::Looked { living: false }, Nanos(3)), vec![Action::Kill, Action::Reap]);
    }
}
