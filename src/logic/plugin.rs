//! One run of a plugin as a state machine without a process: from the wish to start it until nothing of its process
//! group is left that we have to answer for.
//!
//! ```text
//! Starting --started--> Running                          its time-out counts anew from here
//! Starting --not started--> Over
//! Running --exited, output ended--> Over                 the ordinary run
//! Running --exited--> Lingering --output ended--> Over   somebody else of its group held the output a while
//! Starting, Running, Lingering --time-out--> Ending --group gone--> Over     TERM
//!                              Ending --KILL_AFTER--> Killed --group gone--> Over    KILL
//! ```
//!
//! Invariants: a result is told once, and as soon as it is known; the leader is reaped last, so that the number of its
//! group stays ours while we may signal it; whatever happens, it is over [`KILL_AFTER`] twice after the time-out.

use super::plugin_result::End;
use super::time::Nanos;
use crate::limits::KILL_AFTER;

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
    /// Somebody is about to start it, and has time until then.
    Starting { until: Nanos },
    /// The leader has time until then.
    Running { until: Nanos },
    /// The leader has ended and its result was told; others hold its output, and have time until then.
    Lingering { until: Nanos },
    /// The group was asked to end.
    Ending { kill_at: Nanos },
    /// The group was killed. What does not die of that is stuck in the kernel.
    Killed { give_up_at: Nanos },
    /// Nothing more to do.
    Over,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginEvent {
    /// It runs, and has time until then.
    Started {
        /// On the boot clock.
        until: Nanos,
    },
    /// It can't be started.
    NotStarted,
    /// The leader ended. All that it wrote has been read.
    Exited(End),
    /// Nobody holds its output any more.
    OutputEnded,
    /// We have to end ourselves.
    Stopped,
    /// Some time has passed, perhaps past the [deadline](Plugin::deadline).
    Time,
    /// A look showed whether anybody of the group lives.
    Looked {
        /// Whether somebody does.
        living: bool,
    },
    /// Whoever started it has died: nothing can be known of it, or done about it.
    Lost,
}

/// What to do, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Tell the leader's own result.
    Tell(End),
    /// Tell that it took too long.
    TellTimeOut,
    /// Tell that it could not be started.
    TellNotStarted,
    /// Ask the group to end.
    Terminate,
    /// End the group.
    Kill,
    /// Reap the leader: all is done.
    Reap,
    /// Say that something of the group can't be killed, and go on without it.
    Abandon,
}

impl Plugin {
    /// A run that somebody was asked to start, and has done so until then, on the boot clock.
    pub fn starting(until: Nanos) -> Plugin {
        Plugin { phase: Phase::Starting { until }, exited: false, output_open: true }
    }

    /// When to tell of the [time](PluginEvent::Time) at the latest; none when it is over.
    pub fn deadline(&self) -> Option<Nanos> {
        match self.phase {
            Phase::Starting { until } | Phase::Running { until } | Phase::Lingering { until } => Some(until),
            Phase::Ending { kill_at: end } | Phase::Killed { give_up_at: end } => Some(end),
            Phase::Over => None,
        }
    }

    /// Whether it is not known yet whether it runs, and nobody wants it to end.
    pub fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    /// Whether nothing more is to be done.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the leader's end was told.
    pub fn has_exited(&self) -> bool {
        self.exited
    }

    /// Whether somebody has to look whether anybody of the group lives: its leader has ended, and it ends when the
    /// others have.
    pub fn wants_look(&self) -> bool {
        self.exited && matches!(self.phase, Phase::Ending { .. } | Phase::Killed { .. })
    }

    /// Takes in what happened, and says what to do.
    pub fn on(&mut self, event: PluginEvent, now: Nanos) -> Vec<Action> {
        match event {
            PluginEvent::Exited(_) => self.exited = true,
            PluginEvent::OutputEnded => self.output_open = false,
            PluginEvent::Started { .. }
            | PluginEvent::NotStarted
            | PluginEvent::Stopped
            | PluginEvent::Time
            | PluginEvent::Looked { .. }
            | PluginEvent::Lost => {}
        }
        match self.phase {
            Phase::Starting { until } => self.while_starting(event, until, now),
            Phase::Running { until } => self.while_running(event, until, now),
            Phase::Lingering { until } => self.while_lingering(event, until, now),
            Phase::Ending { .. } | Phase::Killed { .. } => self.while_ending(event, now),
            Phase::Over => vec![],
        }
    }

    fn while_starting(&mut self, event: PluginEvent, until: Nanos, now: Nanos) -> Vec<Action> {
        match event {
            PluginEvent::Started { until } => {
                self.phase = Phase::Running { until };
                vec![]
            }
            PluginEvent::NotStarted => self.over(vec![Action::TellNotStarted]),
            // Nobody knows its group yet. Whoever starts it ends it as soon as it is there.
            PluginEvent::Time if now >= until => {
                self.end_group(now, vec![Action::Terminate, Action::TellTimeOut])
            }
            PluginEvent::Stopped => self.end_group(now, vec![Action::Terminate]),
            PluginEvent::Lost => self.over(vec![Action::Tell(End::Lost)]),
            PluginEvent::Exited(_)
            | PluginEvent::OutputEnded
            | PluginEvent::Time
            | PluginEvent::Looked { .. } => vec![],
        }
    }

    fn while_running(&mut self, event: PluginEvent, until: Nanos, now: Nanos) -> Vec<Action> {
        match event {
            PluginEvent::Exited(end) if self.output_open => {
                self.phase = Phase::Lingering { until };
                vec![Action::Tell(end)]
            }
            PluginEvent::Exited(end) => self.over(vec![Action::Tell(end), Action::Reap]),
            PluginEvent::Time if now >= until => {
                self.end_group(now, vec![Action::Terminate, Action::TellTimeOut])
            }
            PluginEvent::Stopped => self.end_group(now, vec![Action::Terminate]),
            PluginEvent::Lost => self.over(vec![Action::Tell(End::Lost)]),
            PluginEvent::Started { .. }
            | PluginEvent::NotStarted
            | PluginEvent::OutputEnded
            | PluginEvent::Time
            | PluginEvent::Looked { .. } => vec![],
        }
    }

    fn while_lingering(&mut self, event: PluginEvent, until: Nanos, now: Nanos) -> Vec<Action> {
        match event {
            PluginEvent::OutputEnded => self.over(vec![Action::Reap]),
            PluginEvent::Time if now >= until => self.end_group(now, vec![Action::Terminate]),
            PluginEvent::Stopped => self.end_group(now, vec![Action::Terminate]),
            PluginEvent::Lost => self.over(vec![]),
            PluginEvent::Started { .. }
            | PluginEvent::NotStarted
            | PluginEvent::Exited(_)
            | PluginEvent::Time
            | PluginEvent::Looked { .. } => vec![],
        }
    }

    fn while_ending(&mut self, event: PluginEvent, now: Nanos) -> Vec<Action> {
        match (self.phase, event) {
            // A look can miss somebody who forks while it is taken.
            (Phase::Ending { .. }, PluginEvent::Looked { living: false }) if self.exited => {
                self.over(vec![Action::Kill, Action::Reap])
            }
            (_, PluginEvent::Looked { living: false }) if self.exited => self.over(vec![Action::Reap]),
            (Phase::Ending { kill_at }, PluginEvent::Time) if now >= kill_at => {
                self.phase = Phase::Killed { give_up_at: now.after(KILL_AFTER) };
                vec![Action::Kill]
            }
            (Phase::Killed { give_up_at }, PluginEvent::Time) if now >= give_up_at => {
                self.over(vec![Action::Abandon])
            }
            (_, PluginEvent::NotStarted | PluginEvent::Lost) => self.over(vec![]),
            (
                _,
                PluginEvent::Started { .. }
                | PluginEvent::Exited(_)
                | PluginEvent::OutputEnded
                | PluginEvent::Stopped
                | PluginEvent::Time
                | PluginEvent::Looked { .. },
            ) => vec![],
        }
    }

    fn end_group(&mut self, now: Nanos, actions: Vec<Action>) -> Vec<Action> {
        self.phase = Phase::Ending { kill_at: now.after(KILL_AFTER) };
        actions
    }

    fn over(&mut self, actions: Vec<Action>) -> Vec<Action> {
        self.phase = Phase::Over;
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: End = End::Status(0);
    const UNTIL: Nanos = Nanos(1_000_000_000);

    fn running() -> Plugin {
        let mut plugin = Plugin::starting(Nanos(10));
        assert_eq!(plugin.on(PluginEvent::Started { until: UNTIL }, Nanos(0)), vec![]);
        plugin
    }

    #[test]
    fn an_ordinary_run_is_told_and_reaped() {
        let mut plugin = running();
        assert_eq!(plugin.deadline(), Some(UNTIL));
        assert_eq!(plugin.on(PluginEvent::OutputEnded, Nanos(1)), vec![]);
        assert_eq!(plugin.on(PluginEvent::Exited(END), Nanos(2)), vec![Action::Tell(END), Action::Reap]);
        assert!(plugin.is_over() && plugin.deadline().is_none());
    }

    #[test]
    fn a_result_does_not_wait_for_those_who_hold_the_output() {
        let mut plugin = running();
        assert_eq!(plugin.on(PluginEvent::Exited(END), Nanos(2)), vec![Action::Tell(END)]);
        assert_eq!(plugin.on(PluginEvent::Time, Nanos(3)), vec![]);
        assert!(!plugin.wants_look());
        let mut freed = plugin.clone();
        assert_eq!(freed.on(PluginEvent::OutputEnded, Nanos(4)), vec![Action::Reap]);
        assert_eq!(plugin.on(PluginEvent::Time, UNTIL), vec![Action::Terminate]);
        assert!(plugin.wants_look());
        assert_eq!(plugin.on(PluginEvent::Looked { living: false }, UNTIL), vec![Action::Kill, Action::Reap]);
    }

    #[test]
    fn a_stubborn_group_is_killed_and_a_stuck_one_given_up() {
        let mut plugin = running();
        assert_eq!(plugin.on(PluginEvent::Time, UNTIL), vec![Action::Terminate, Action::TellTimeOut]);
        assert_eq!(plugin.deadline(), Some(UNTIL.after(KILL_AFTER)));
        assert_eq!(plugin.on(PluginEvent::Looked { living: false }, UNTIL), vec![], "its leader lives");
        assert_eq!(plugin.on(PluginEvent::Exited(END), UNTIL), vec![]);
        assert!(plugin.wants_look());
        assert_eq!(plugin.on(PluginEvent::Looked { living: true }, UNTIL), vec![]);
        let killed = UNTIL.after(KILL_AFTER);
        assert_eq!(plugin.on(PluginEvent::Time, killed), vec![Action::Kill]);
        assert_eq!(plugin.on(PluginEvent::Looked { living: true }, killed), vec![]);
        assert_eq!(plugin.on(PluginEvent::Time, killed.after(KILL_AFTER)), vec![Action::Abandon]);
        assert!(plugin.is_over());
    }

    #[test]
    fn a_stop_tells_no_result() {
        let mut plugin = running();
        assert_eq!(plugin.on(PluginEvent::Stopped, Nanos(1)), vec![Action::Terminate]);
        assert_eq!(plugin.on(PluginEvent::Exited(END), Nanos(2)), vec![]);
        assert_eq!(
            plugin.on(PluginEvent::Looked { living: false }, Nanos(3)),
            vec![Action::Kill, Action::Reap]
        );
    }

    #[test]
    fn a_start_that_hangs_times_out_as_a_plugin_does() {
        let mut plugin = Plugin::starting(UNTIL);
        assert_eq!(plugin.on(PluginEvent::Time, UNTIL), vec![Action::Terminate, Action::TellTimeOut]);
        let mut refused = plugin.clone();
        assert_eq!(refused.on(PluginEvent::NotStarted, UNTIL), vec![]);
        assert!(refused.is_over());
        assert_eq!(plugin.on(PluginEvent::Started { until: UNTIL.after(KILL_AFTER) }, UNTIL), vec![]);
        let killed = UNTIL.after(KILL_AFTER);
        assert_eq!(plugin.on(PluginEvent::Time, killed), vec![Action::Kill]);
        assert_eq!(plugin.on(PluginEvent::Time, killed.after(KILL_AFTER)), vec![Action::Abandon]);
    }

    #[test]
    fn what_could_not_be_started_and_what_was_lost_is_told_once() {
        let mut plugin = Plugin::starting(UNTIL);
        assert_eq!(plugin.on(PluginEvent::NotStarted, Nanos(1)), vec![Action::TellNotStarted]);
        assert!(plugin.is_over());
        for mut plugin in [Plugin::starting(UNTIL), running()] {
            assert_eq!(plugin.on(PluginEvent::Lost, Nanos(1)), vec![Action::Tell(End::Lost)]);
            assert_eq!(plugin.on(PluginEvent::Lost, Nanos(2)), vec![]);
        }
        let mut plugin = running();
        plugin.on(PluginEvent::Exited(END), Nanos(1));
        assert_eq!(plugin.on(PluginEvent::Lost, Nanos(2)), vec![]);
        assert!(plugin.is_over());
    }
}
