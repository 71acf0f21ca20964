//! Runs of made-up process groups on a virtual clock, with the machine's invariants checked at each step.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

const TIMEOUT: u64 = 10_000;

/// A process of the group. Times are milliseconds since the start.
#[derive(Debug, Clone)]
struct Process {
    /// When it ends by itself.
    ends_at: Option<u64>,
    /// How long it takes to obey TERM; none: it ignores it.
    obeys_after: Option<u64>,
    /// Whether it has the plugin's output open.
    holds_output: bool,
    /// Whether it is stuck in the kernel, where not even KILL ends it.
    stuck: bool,
}

/// The group: the leader comes first.
#[derive(Debug)]
struct World {
    processes: Vec<Process>,
    told_exit: bool,
    told_output: bool,
    recorded: Vec<(Action, u64)>,
    terminated_at: Option<u64>,
    killed_at: Option<u64>,
    reaped: bool,
    abandoned: bool,
}

impl World {
    fn lives(process: &Process, now: u64) -> bool {
        process.ends_at.is_none_or(|end| now < end)
    }

    fn anybody_lives(&self, now: u64) -> bool {
        self.processes.iter().any(|process| World::lives(process, now))
    }

    fn leader_lives(&self, now: u64) -> bool {
        World::lives(&self.processes[0], now)
    }

    fn output_is_held(&self, now: u64) -> bool {
        self.processes.iter().any(|process| process.holds_output && World::lives(process, now))
    }

    /// When the next process ends.
    fn next_end(&self, now: u64) -> Option<u64> {
        self.processes.iter().filter_map(|process| process.ends_at).filter(|end| *end > now).min()
    }

    fn end_by(process: &mut Process, at: u64) {
        if !process.stuck {
            process.ends_at = Some(process.ends_at.map_or(at, |end| end.min(at)));
        }
    }

    /// Does what the machine wants.
    fn act(&mut self, action: Action, now: u64) {
        assert!(!self.reaped && !self.abandoned, "{action:?} after the end");
        match action {
            Action::Tell(_) | Action::TellTimeOut => self.recorded.push((action, now)),
            Action::Terminate => {
                assert!(self.terminated_at.is_none() && self.killed_at.is_none());
                self.terminated_at = Some(now);
                for process in &mut self.processes {
                    if let Some(delay) = process.obeys_after {
                        World::end_by(process, now + delay);
                    }
                }
            }
            Action::Kill => {
                let waited = now - self.terminated_at.expect("TERM comes first");
                assert!(u128::from(waited) >= KILL_AFTER.as_millis() || !self.anybody_lives(now));
                self.killed_at = Some(now);
                self.processes.iter_mut().for_each(|process| World::end_by(process, now));
            }
            Action::TellNotStarted => panic!("it was started"),
            Action::Reap => {
                assert!(self.told_exit && !self.leader_lives(now));
                self.reaped = true;
            }
            Action::Abandon => {
                assert!(self.processes.iter().any(|process| process.stuck));
                self.abandoned = true;
            }
        }
    }
}

fn nanos(milliseconds: u64) -> Nanos {
    Nanos::default().after(Duration::from_millis(milliseconds))
}

/// Tells the machine, does what it wants, and so on.
fn tell(plugin: &mut Plugin, world: &mut World, event: PluginEvent, now: u64) {
    for action in plugin.on(event, nanos(now)) {
        world.act(action, now);
    }
    if plugin.wants_look() {
        let looked = PluginEvent::Looked { living: world.anybody_lives(now) };
        for action in plugin.on(looked, nanos(now)) {
            world.act(action, now);
        }
    }
}

/// Runs to the end, and returns when that was.
fn run(world: &mut World, stop_at: Option<u64>, output_first: bool) -> u64 {
    let mut plugin = Plugin::starting(nanos(TIMEOUT));
    tell(&mut plugin, world, PluginEvent::Started { until: nanos(TIMEOUT) }, 0);
    let mut now = 0;
    for _ in 0..10_000 {
        let exited = |plugin: &mut Plugin, world: &mut World| {
            if !world.told_exit && !world.leader_lives(now) {
                world.told_exit = true;
                tell(plugin, world, PluginEvent::Exited(End::Status(0)), now);
            }
        };
        let ended = |plugin: &mut Plugin, world: &mut World| {
            if !world.told_output && !world.output_is_held(now) {
                world.told_output = true;
                tell(plugin, world, PluginEvent::OutputEnded, now);
            }
        };
        if output_first {
            ended(&mut plugin, world);
            exited(&mut plugin, world);
        } else {
            exited(&mut plugin, world);
            ended(&mut plugin, world);
        }
        if stop_at.is_some_and(|stop| stop <= now) {
            tell(&mut plugin, world, PluginEvent::Stopped, now);
        }
        tell(&mut plugin, world, PluginEvent::Time, now);
        let Some(deadline) = plugin.deadline() else { return now };
        let deadline = u64::try_from(deadline.0 / 1_000_000).unwrap();
        let stop = stop_at.filter(|stop| *stop > now);
        let next = [Some(deadline), world.next_end(now), stop].into_iter().flatten().min().unwrap();
        // Told of the time too early once in a while, as a poll may be.
        now = next.max(now + 1);
    }
    panic!("it goes on for ever: {plugin:?} {world:?}");
}

fn processes() -> impl Strategy<Value = Vec<Process>> {
    let time = prop_oneof![Just(None), (1..2 * TIMEOUT).prop_map(Some)];
    let delay = prop_oneof![Just(None), (0u64..3000).prop_map(Some)];
    let process = (time, delay, any::<bool>(), proptest::bool::weighted(0.1)).prop_map(
        |(ends_at, obeys_after, holds_output, stuck)| Process { ends_at, obeys_after, holds_output, stuck },
    );
    proptest::collection::vec(process, 1..5)
}

proptest! {
    #[test]
    fn every_run_ends_in_time_with_one_result_and_nobody_left(
        processes in processes(),
        stop_at in proptest::option::weighted(0.2, 1..TIMEOUT),
        output_first in any::<bool>(),
    ) {
        let mut world = World {
            processes: processes.clone(),
            told_exit: false,
            told_output: false,
            recorded: Vec::new(),
            terminated_at: None,
            killed_at: None,
            reaped: false,
            abandoned: false,
        };
        let end = run(&mut world, stop_at, output_first);
        let grace = u64::try_from(KILL_AFTER.as_millis()).unwrap();
        let last = stop_at.unwrap_or(TIMEOUT).min(TIMEOUT);
        prop_assert!(end <= last + 2 * grace, "over at {}", end);
        prop_assert!(world.reaped != world.abandoned);

        let natural = processes[0].ends_at.filter(|end| *end <= last);
        match natural {
            // As soon as it is known.
            Some(at) => prop_assert_eq!(&world.recorded, &[(Action::Tell(End::Status(0)), at)]),
            None if stop_at.is_some() => prop_assert!(world.recorded.is_empty()),
            None => prop_assert_eq!(&world.recorded, &[(Action::TellTimeOut, TIMEOUT)]),
        }
        if world.terminated_at.is_some() && world.reaped {
            prop_assert!(!world.anybody_lives(end));
        }
        // Who did not take too long, and held nothing, is left alone.
        if natural.is_some_and(|at| at < last) && !processes.iter().any(|process| {
            process.holds_output && process.ends_at.is_none_or(|at| at >= last)
        }) {
            prop_assert_eq!(world.terminated_at, None);
        }
    }
}
