//! Children under a watcher's load: hundreds of them in classes of urgency, on a virtual clock. Some never end, some
//! flood, some ignore TERM or are stuck in the kernel, some leave grandchildren; starts are refused, hang or fall short
//! of descriptors, and the starter may die.
//!
//! `starter` stands behind the trait by which [`Children`] starts real processes; `judge` knows what was asked for and
//! what the model did, and nothing of how children are kept.
//!
//! What this does not have: time that passes within a call. That none waits is seen by what it does: reads are counted,
//! and so are turns at one moment.

mod judge;
mod starter;

use super::random::Random;
use judge::Judge;
pub use judge::Reached;
use mio::Token;
use oco::children::starter::Program;
use oco::children::{ChildLimits, Children, Class, Job};
use oco::logic::time::Nanos;
use starter::{ModelStarter, World};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// The starter's token; those of the outputs follow.
const FIRST: Token = Token(100);
/// Turns at one moment in which nothing happens: a loop that spins has more.
const IDLE_TURNS: u32 = 4;

/// A point in time, in milliseconds.
pub type Milliseconds = u64;

pub fn nanos(time: Milliseconds) -> Nanos {
    Nanos::default().after(Duration::from_millis(time))
}

/// What one seed has in store.
struct Plan {
    limits: ChildLimits,
    /// When each job is asked for, and what it is; in order of time.
    jobs: Vec<(Milliseconds, Class, Duration, usize)>,
    stop_at: Option<Milliseconds>,
    /// The loop may come so much too late to what is due.
    lateness: u64,
}

fn plan(random: &mut Random) -> Plan {
    let at_once = random.pick(&[1, 4, 16, 64, 64]);
    let kept_places = match at_once {
        64 => vec![8, 16, 0],
        16 => vec![2, 4],
        _ => vec![],
    };
    let span = random.pick(&[1, 5_000, 60_000]);
    let count = random.pick(&[10, 100, 400]);
    let job = |random: &mut Random| {
        let timeout = random.pick(&[100, 1000, 5000]) + random.below(1000);
        let class = random.pick(&[0, 1, 1, 2, 2, 2, 2, 2]);
        let at = u64::try_from(random.below(span)).unwrap();
        let timeout = Duration::from_millis(u64::try_from(timeout).unwrap());
        (at, Class(class), timeout, random.pick(&[4096, 65_536]))
    };
    let mut jobs: Vec<_> = (0..count).map(|_| job(random)).collect();
    jobs.sort();
    let stop_at = random.once_in(4).then(|| u64::try_from(random.below(20_000)).unwrap());
    let lateness = random.pick(&[0, 0, 3, 200]);
    Plan { limits: ChildLimits { at_once, kept_places }, jobs, stop_at, lateness }
}

/// Runs one seed to its end.
pub fn run(seed: u64) -> Reached {
    let mut random = Random::new(seed);
    let plan = plan(&mut random);
    let judge = Rc::new(RefCell::new(Judge::new(&plan.limits, plan.lateness)));
    let world = Rc::new(RefCell::new(World::new(Random::new(seed ^ 0x5eed), Rc::clone(&judge))));
    let mut children = Children::new(ModelStarter::new(&world), FIRST, plan.limits.clone());
    let mut jobs = plan.jobs.iter().copied().peekable();
    let (mut now, mut idle_turns, mut has_stopped) = (0, 0, false);
    loop {
        while let Some((_, class, timeout, output_octets)) = jobs.next_if(|job| job.0 <= now && !has_stopped)
        {
            let program = Program { name: "plugin".into(), ..Program::default() };
            let job = Job { program, timeout, output_octets };
            let id = children.start(job.clone(), class);
            judge.borrow_mut().asked(id, class, &job, now);
        }
        if !has_stopped && plan.stop_at.is_some_and(|at| at <= now) {
            has_stopped = true;
            children.stop();
            judge.borrow_mut().stopped(now);
        }
        let tokens = world.borrow_mut().wake(now);
        let is_woken = !tokens.is_empty();
        tokens.into_iter().for_each(|token| children.ready(token));
        let events = children.turn(nanos(now));
        let has_read = world.borrow_mut().end_turn();
        let is_busy = is_woken || !events.is_empty() || has_read;
        for event in events {
            judge.borrow_mut().happened(event, &world.borrow(), now);
        }
        judge.borrow_mut().turned(now, &world.borrow());

        let deadline = children.deadline().map(|at| u64::try_from(at.0.max(0) / 1_000_000).unwrap());
        let arrival = jobs.peek().map(|job| job.0).filter(|_| !has_stopped);
        let stop = plan.stop_at.filter(|_| !has_stopped);
        let is_done = children.is_empty() && arrival.is_none();
        if is_done {
            assert_eq!(children.deadline(), None, "nothing is left to do");
            break;
        }
        let due = [deadline, world.borrow().next_event(), arrival, stop].into_iter().flatten().min();
        let due = due.expect("somebody runs, and nothing will ever happen").max(now);
        idle_turns = if due > now || is_busy { 0 } else { idle_turns + 1 };
        assert!(idle_turns <= IDLE_TURNS, "the loop spins at {now}");
        let lateness = match plan.lateness {
            0 => 0,
            most => random.below(usize::try_from(most).unwrap()),
        };
        // Reading takes time, or a flood would never end.
        let took = world.borrow_mut().time_taken();
        now = due.max(now + took) + u64::try_from(lateness).unwrap();
    }
    let world = world.borrow();
    Rc::clone(&judge).borrow_mut().end(&world)
}
