//! A starter whose processes are numbers: when each ends, what it writes, and what it does when it is signalled.

use super::judge::Judge;
use super::{FIRST, Milliseconds, Random};
use mio::Token;
use nix::errno::Errno;
use oco::children::ChildId;
use oco::children::starter::{GroupSignal, NotStarted, Program, Report, Starter};
use oco::limits::PIPE_READS_PER_TURN;
use oco::logic::plugin_result::End;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

/// Octets that one read of a flood brings.
const FLOOD_READ: usize = 512;
/// What a turn takes in which a flood was read.
const FLOOD_TIME: u64 = 20;

/// A process of a group. Times are counted from the group's start.
#[derive(Debug, Clone)]
pub struct Process {
    /// When it ends by itself, or by a signal.
    pub ends_at: Option<Milliseconds>,
    /// How long it takes to obey TERM; none: it ignores it.
    obeys_after: Option<u64>,
    /// Whether it has the plugin's output open.
    pub holds_output: bool,
    /// Whether it is stuck in the kernel, where not even KILL ends it.
    pub is_stuck: bool,
    /// Whether it writes without end.
    pub floods: bool,
}

/// What becomes of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Runs,
    Hangs,
    Refused,
    Short,
}

/// A group; its leader comes first.
#[derive(Debug)]
pub struct Group {
    start: Start,
    /// When it begins to run, or is known not to.
    at: Milliseconds,
    pub runs: bool,
    pub processes: Vec<Process>,
    /// What each output holds at last, beside floods: when, and how many octets.
    writes: [Vec<(Milliseconds, usize)>; 2],
    tokens: [Token; 2],
    /// What was read of each output.
    pub read: [usize; 2],
    turn_reads: usize,
    /// What was there of each output when the loop was woken, and whether it had ended.
    woken_for: [(usize, bool); 2],
    /// Signals that came before it ran.
    early: Vec<GroupSignal>,
    pub signals: Vec<(GroupSignal, Milliseconds)>,
    pub told_end: bool,
    /// Nothing more is asked of it.
    pub is_gone: bool,
    pub is_unreaped: bool,
}

impl Group {
    pub fn lives(&self, now: Milliseconds) -> bool {
        self.runs && self.processes.iter().any(|process| self.process_lives(process, now))
    }

    fn process_lives(&self, process: &Process, now: Milliseconds) -> bool {
        self.runs && process.ends_at.is_none_or(|end| now < self.at + end)
    }

    /// When the leader ended.
    pub fn leader_end(&self) -> Option<Milliseconds> {
        self.processes[0].ends_at.filter(|_| self.runs).map(|end| self.at + end)
    }

    pub fn is_held(&self, now: Milliseconds) -> bool {
        !self.runs && !self.is_gone
            || self.processes.iter().any(|process| process.holds_output && self.process_lives(process, now))
    }

    pub fn is_flooding(&self, now: Milliseconds) -> bool {
        self.processes.iter().any(|process| process.floods && self.process_lives(process, now))
    }

    /// Octets that were written to an output without floods.
    pub fn written(&self, output: usize, now: Milliseconds) -> usize {
        // A write of who has ended before it never came.
        let end = self.leader_end().unwrap_or(now).min(now);
        let is_done = |(at, _): &&(Milliseconds, usize)| self.runs && self.at + at <= end;
        self.writes[output].iter().filter(is_done).map(|(_, octets)| octets).sum()
    }

    fn signal(&mut self, signal: GroupSignal, now: Milliseconds, delay: u64) {
        if !self.runs {
            self.early.push(signal);
            return;
        }
        self.signals.push((signal, now));
        let at = now - self.at;
        for process in self.processes.iter_mut().filter(|process| !process.is_stuck) {
            let end = match signal {
                GroupSignal::Terminate => process.obeys_after.map(|after| at + after),
                GroupSignal::Kill => Some(at + delay),
            };
            process.ends_at = match (process.ends_at, end) {
                (Some(own), Some(end)) => Some(own.min(end)),
                (own, end) => own.or(end),
            };
        }
    }
}

/// All processes, and what is told of them.
pub struct World {
    pub now: Milliseconds,
    pub groups: BTreeMap<ChildId, Group>,
    reports: VecDeque<(Milliseconds, Report)>,
    random: Random,
    judge: Rc<RefCell<Judge>>,
    /// How long starter's reports take.
    latency: usize,
    /// So many can run before there are no descriptors; at times none can.
    descriptors: usize,
    none_until: Milliseconds,
    lost_at: Option<Milliseconds>,
    pub is_lost: bool,
    look_at: Option<Milliseconds>,
    is_woken: bool,
    /// Somebody's token was left for the next time.
    is_late: bool,
    /// Since the last turn.
    reads: usize,
    flooded: bool,
}

impl World {
    pub fn new(mut random: Random, judge: Rc<RefCell<Judge>>) -> World {
        let latency = random.pick(&[0, 0, 3, 50]);
        let descriptors = random.pick(&[1000, 1000, 1000, 30, 3]);
        let none_until = if random.once_in(8) { 700 } else { 0 };
        let lost_at = random.once_in(8).then(|| u64::try_from(random.below(8000)).unwrap());
        World {
            now: 0,
            groups: BTreeMap::new(),
            reports: VecDeque::new(),
            random,
            judge,
            latency,
            descriptors,
            none_until,
            lost_at,
            is_lost: false,
            look_at: None,
            is_woken: false,
            is_late: false,
            reads: 0,
            flooded: false,
        }
    }

    /// Those who take up a place.
    pub fn present(&self) -> usize {
        self.groups.values().filter(|group| !group.is_gone).count()
    }

    fn later(&mut self) -> Milliseconds {
        self.now + u64::try_from(self.random.below(self.latency + 1)).unwrap()
    }

    /// Lets time pass, and says which tokens wake the loop.
    pub fn wake(&mut self, now: Milliseconds) -> Vec<Token> {
        self.now = now;
        if self.lost_at.is_some_and(|at| at <= now) && !self.is_lost {
            self.is_lost = true;
            self.reports.clear();
            self.reports.push_back((now, Report::Lost));
        }
        if !self.is_lost {
            self.advance();
        }
        let mut tokens = Vec::new();
        if self.has_report() {
            tokens.push(FIRST);
        }
        let mut is_late = false;
        for group in self.groups.values_mut().filter(|group| !group.is_gone) {
            for output in 0..2 {
                let there = (group.written(output, now), !group.is_held(now));
                if there != group.woken_for[output] || group.is_flooding(now) && group.read[output] == 0 {
                    // The poll returns only so many at once.
                    if !self.is_late && self.random.once_in(4) {
                        is_late = true;
                        continue;
                    }
                    group.woken_for[output] = there;
                    tokens.push(group.tokens[output]);
                }
            }
        }
        self.is_late = is_late;
        tokens
    }

    /// Starts, ends and looks that are due.
    fn advance(&mut self) {
        let now = self.now;
        let present = self.groups.iter().filter(|(_, group)| !group.is_gone || group.is_unreaped);
        let ids: Vec<ChildId> = present.map(|(id, _)| *id).collect();
        for id in ids {
            let later = self.later();
            let delay = u64::try_from(self.random.below(30)).unwrap();
            let Some(group) = self.groups.get_mut(&id) else { continue };
            if !group.runs && group.at <= now && (!group.is_gone || group.is_unreaped) {
                match group.start {
                    Start::Runs => {
                        (group.runs, group.at, group.is_unreaped) = (true, now, true);
                        for signal in std::mem::take(&mut group.early) {
                            group.signal(signal, now, delay);
                        }
                        if group.is_gone {
                            // Nobody waited for it any longer.
                            group.signal(GroupSignal::Kill, now, 0);
                            group.is_unreaped = false;
                        } else {
                            let process = u32::try_from(id.0).unwrap() + 1000;
                            self.reports.push_back((now, Report::Started(id, process)));
                        }
                    }
                    Start::Hangs => group.at = Milliseconds::MAX,
                    start @ (Start::Refused | Start::Short) if !group.is_gone => {
                        let why = match start {
                            Start::Short => NotStarted::Short(libc::EAGAIN),
                            _ => NotStarted::Program("not found: plugin".to_owned()),
                        };
                        group.at = Milliseconds::MAX;
                        self.reports.push_back((now, Report::NotStarted(id, why)));
                    }
                    Start::Refused | Start::Short => group.is_unreaped = false,
                }
            }
            let Some(group) = self.groups.get_mut(&id) else { continue };
            if group.leader_end().is_some_and(|end| end <= now) && !group.told_end && !group.is_gone {
                group.told_end = true;
                self.reports.push_back((later, Report::Ended(id, End::Status(0))));
            }
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
            let living = self.groups.iter().filter(|(_, group)| group.lives(now)).map(|(id, _)| *id);
            self.reports.push_back((now, Report::Looked(living.collect())));
        }
    }

    fn has_report(&self) -> bool {
        self.reports.iter().any(|(at, _)| *at <= self.now)
    }

    /// When something happens of its own.
    pub fn next_event(&self) -> Option<Milliseconds> {
        let later = |at: &Milliseconds| *at > self.now && *at < Milliseconds::MAX;
        let groups = self.groups.values().filter(|group| !group.is_gone || group.is_unreaped);
        let groups = groups.flat_map(|group| {
            let ends = group.processes.iter().filter_map(|process| process.ends_at);
            let writes = group.writes.iter().flatten().map(|(at, _)| *at);
            let own = ends.chain(writes).filter(|_| group.runs).map(|time| group.at.saturating_add(time));
            own.chain([group.at]).filter(later).min()
        });
        let reports = self.reports.iter().map(|(at, _)| *at);
        let lost = self.lost_at.filter(|_| !self.is_lost);
        let late = self.is_late.then_some(self.now + 1);
        groups.chain(reports).chain(self.look_at).chain(lost).chain(late).filter(later).min()
    }

    /// Checks what a turn did, and says whether it read.
    pub fn end_turn(&mut self) -> bool {
        for group in self.groups.values_mut() {
            // Of both outputs: when each has woken the loop, when it goes on, and when the leader has ended.
            let reads = std::mem::take(&mut group.turn_reads);
            assert!(reads <= 2 * 4 * PIPE_READS_PER_TURN, "{reads} reads in a turn");
        }
        std::mem::take(&mut self.reads) > 0
    }

    pub fn time_taken(&mut self) -> u64 {
        if std::mem::take(&mut self.flooded) { FLOOD_TIME } else { 0 }
    }

    fn group(&mut self, tokens: [Token; 2]) -> Group {
        let random = &mut self.random;
        let start = match random.below(40) {
            0 => Start::Hangs,
            1 | 2 => Start::Refused,
            3 if self.latency > 0 => Start::Short,
            _ => Start::Runs,
        };
        let count = 1 + if random.once_in(4) { 1 + random.below(3) } else { 0 };
        let process = |random: &mut Random, is_leader: bool| {
            let longest = if random.once_in(4) { 12_000 } else { 300 };
            let ends = !random.once_in(if is_leader { 12 } else { 2 });
            let is_stuck = random.once_in(60);
            Process {
                ends_at: (ends && !is_stuck).then(|| u64::try_from(random.below(longest)).unwrap()),
                obeys_after: (!random.once_in(4)).then(|| u64::try_from(random.below(1500)).unwrap()),
                holds_output: is_leader || random.once_in(2),
                is_stuck,
                floods: is_leader && random.once_in(25),
            }
        };
        let processes: Vec<Process> = (0..count).map(|place| process(random, place == 0)).collect();
        let write = |random: &mut Random| {
            let at = random.pick(&[0, 1, 50, 290]);
            (u64::try_from(at).unwrap(), random.pick(&[1, 20, 5000, 70_000]))
        };
        let writes = [(); 2].map(|()| (0..random.below(4)).map(|_| write(random)).collect());
        let at = if start == Start::Hangs && random.once_in(2) {
            // A file server that comes back.
            u64::try_from(random.below(9000)).unwrap() + self.now
        } else {
            self.later()
        };
        let comes_back = start == Start::Hangs && at > self.now + 100;
        Group {
            start: if comes_back { Start::Runs } else { start },
            at,
            runs: false,
            processes,
            writes,
            tokens,
            read: [0; 2],
            turn_reads: 0,
            woken_for: [(0, false); 2],
            early: Vec::new(),
            signals: Vec::new(),
            told_end: false,
            is_gone: false,
            is_unreaped: true,
        }
    }
}

/// The end of a model's output that is read.
pub struct ModelPipe {
    world: Rc<RefCell<World>>,
    id: ChildId,
    output: usize,
}

impl std::fmt::Debug for ModelPipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}.{}", self.id, self.output)
    }
}

impl Read for ModelPipe {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let world = &mut *self.world.borrow_mut();
        let now = world.now;
        let Some(group) = world.groups.get_mut(&self.id) else { return Ok(0) };
        let is_flooding = group.is_flooding(now);
        let there = group.written(self.output, now).saturating_sub(group.read[self.output]);
        let count = if is_flooding { FLOOD_READ } else { there }.min(octets.len());
        if count == 0 {
            return if group.is_held(now) { Err(ErrorKind::WouldBlock.into()) } else { Ok(0) };
        }
        octets[..count].fill(b'x');
        group.read[self.output] += count;
        group.turn_reads += 1;
        world.reads += 1;
        world.flooded |= is_flooding;
        Ok(count)
    }
}

/// See the [module](self).
pub struct ModelStarter {
    world: Rc<RefCell<World>>,
}

impl ModelStarter {
    pub fn new(world: &Rc<RefCell<World>>) -> ModelStarter {
        ModelStarter { world: Rc::clone(world) }
    }
}

impl Starter for ModelStarter {
    type Pipe = ModelPipe;

    fn start(
        &mut self,
        id: ChildId,
        _program: &Program,
        tokens: [Token; 2],
    ) -> Result<[ModelPipe; 2], NotStarted> {
        let world = &mut *self.world.borrow_mut();
        if world.is_lost {
            return Err(NotStarted::Own(libc::EPIPE));
        }
        world.judge.borrow_mut().starts(id, world);
        if world.now < world.none_until || world.present() >= world.descriptors {
            if world.present() == 0 {
                world.judge.borrow_mut().fails(id);
            }
            return Err(NotStarted::Short(libc::EMFILE));
        }
        let group = world.group(tokens);
        world.groups.insert(id, group);
        world.judge.borrow_mut().begun(id);
        Ok([0, 1].map(|output| ModelPipe { world: Rc::clone(&self.world), id, output }))
    }

    fn signal(&mut self, id: ChildId, signal: GroupSignal) -> io::Result<()> {
        let world = &mut *self.world.borrow_mut();
        let delay = u64::try_from(world.random.below(30)).unwrap();
        let group = world.groups.get_mut(&id).expect("a child");
        assert!(!group.is_gone, "{id:?} is signalled after its end");
        if !world.is_lost {
            group.signal(signal, world.now, delay);
        }
        if world.random.once_in(50) { Err(Errno::EPERM.into()) } else { Ok(()) }
    }

    fn look(&mut self) {
        let world = &mut *self.world.borrow_mut();
        world.judge.borrow_mut().looks(world.now);
        assert!(world.look_at.is_none(), "one look at a time");
        if world.is_lost {
            return;
        }
        let at = world.later();
        world.look_at = Some(at);
        if at <= world.now {
            world.advance();
        }
    }

    fn reap(&mut self, id: ChildId) {
        let world = &mut *self.world.borrow_mut();
        let now = world.now;
        let group = world.groups.get_mut(&id).expect("a child");
        assert!(!group.is_gone, "{id:?} is reaped twice");
        group.is_gone = true;
        // Who does not run yet is dealt with when it does.
        group.is_unreaped = !group.runs && group.start == Start::Runs;
        let is_stuck = group.processes.iter().any(|process| process.is_stuck);
        let has_ended = group.leader_end().is_none_or(|end| end <= now);
        // One whose start hung until the end is killed as soon as it runs.
        let is_killed = group.signals.iter().any(|(signal, _)| *signal == GroupSignal::Kill);
        assert!(!group.runs || has_ended || is_stuck || is_killed, "{id:?} is reaped while it lives");
    }

    fn ready(&mut self) {
        self.world.borrow_mut().is_woken = true;
    }

    fn has_news(&self) -> bool {
        self.world.borrow().has_report()
    }

    fn reports(&mut self) -> Vec<Report> {
        let world = &mut *self.world.borrow_mut();
        let now = world.now;
        let (due, later) = std::mem::take(&mut world.reports).into_iter().partition(|(at, _)| *at <= now);
        world.reports = later;
        let due: VecDeque<(Milliseconds, Report)> = due;
        for (_, report) in &due {
            match report {
                Report::NotStarted(id, _) => {
                    world.groups.get_mut(id).unwrap().is_gone = true;
                    world.groups.get_mut(id).unwrap().is_unreaped = false;
                }
                Report::Lost => {
                    for group in world.groups.values_mut() {
                        (group.is_gone, group.is_unreaped) = (true, false);
                    }
                }
                Report::Started(..) | Report::Ended(..) | Report::NotSignalled(..) | Report::Looked(_) => {}
            }
            world.judge.borrow_mut().reported(report, now);
            if let Report::NotStarted(id, NotStarted::Short(_)) = report
                && world.present() == 0
            {
                world.judge.borrow_mut().fails(*id);
            }
        }
        due.into_iter().map(|(_, report)| report).collect()
    }
}
