//! One seed: a watcher in a world, until both have been calm.

use crate::keeper::Keeper;
use crate::network::FakeNetwork;
use crate::observer::Observer;
use crate::programs::FakeStarter;
use crate::world::{Host, MILLISECOND, SECOND, World};
use mio::Token;
use oco::children::{ChildLimits, Children};
use oco::logic::time::{Nanos, Now};
use oco_fleet::journal::Entry;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use ocowatch::config::{self, Address, Probe, Settings};
use ocowatch::decide::changes::{Changes, Kept, Note};
use ocowatch::kept;
use ocowatch::probe::network::Hint;
use ocowatch::probe::pool::Pool;
use ocowatch::programs::Programs;
use ocowatch::resolver::Answer;
use ocowatch::token::{FIRST_CHILD, PROBE_TOKENS, Source};
use ocowatch::watcher::Watcher;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

/// How long there is trouble, and then none, in which everything has to be told as it is.
const TROUBLE: i64 = 240 * SECOND;
const CALM: i64 = 60 * SECOND;

/// What the seeds came to: a simulation that never gets there proves nothing.
#[derive(Debug, Default)]
pub struct Reached {
    pub transitions: usize,
    pub kills: usize,
    pub kills_with_losses: usize,
    pub reloads: usize,
    pub clock_steps: usize,
    pub moves: usize,
    pub own_failures: usize,
    pub canaries_lost: usize,
    pub batches: usize,
    pub ko: usize,
    pub series: usize,
    pub values: u32,
}

impl Reached {
    pub fn check(&self) {
        let Reached { transitions, kills, kills_with_losses, reloads, clock_steps, .. } = self;
        assert!(*transitions > 1000 && *kills > 20 && *kills_with_losses > 10, "{self:?}");
        assert!(*reloads > 20 && *clock_steps > 20 && self.moves > 10, "{self:?}");
        assert!(self.own_failures > 10 && self.canaries_lost > 5 && self.batches > 500, "{self:?}");
        assert!(self.ko > 300 && self.series > 100 && self.values > 10_000, "{self:?}");
    }
}

type Simulated = Watcher<FakeNetwork, FakeStarter>;

pub struct Run {
    world: Rc<RefCell<World>>,
    watcher: Simulated,
    keeper: Keeper,
    observer: Observer,
    changes: Changes,
    layout: u64,
    /// Names that are being looked up: when the answer comes.
    lookups: Vec<(i64, Arc<str>)>,
    /// The disk hangs until then.
    disk_hangs_until: i64,
    is_calm: bool,
}

/// The hosts of the world: those of the fleet, two of a name, and two canaries.
fn addresses() -> impl Iterator<Item = IpAddr> {
    (1..=9)
        .map(|last| IpAddr::from([192, 0, 2, last]))
        .chain([1, 2].map(|last| IpAddr::from([198, 51, 100, last])))
}

fn settings(layout: u64) -> Settings {
    let hosts = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"];
    let hosts = &hosts[..3 + layout as usize % 3];
    let canary = if layout.is_multiple_of(2) {
        ""
    } else {
        "[canary]\nhosts = [\"198.51.100.1:53\", \"198.51.100.2:53\"]\n"
    };
    let need = 1 + layout % 2;
    let figures = if layout.is_multiple_of(5) { "" } else { "[figures]\n" };
    let text = format!(
        "state-dir = \"/nowhere\"\nresolve-every = \"20s\"\n[defaults]\ninterval = \"2s\"\nfast-interval = \"500ms\"\n\
         timeout = \"1s\"\nfall = 3\nrise = 2\nmax-silence = \"30s\"\n{canary}[hostgroup.web]\n\
         hosts = [{}, {{ name = \"named\", address = \"moving.example.org\" }}]\n\
         [hostgroup.web.service.oco]\nprobe = \"oco\"\nneed = {need}\n\
         [hostgroup.web.service.port]\nprobe = {{ tcp = true, port = 80 }}\nfall = 1\nrise = 1\n\
         [hostgroup.disk]\nhosts = [\"192.0.2.8\", \"192.0.2.9\"]\n\
         [hostgroup.disk.service.plugin]\nprobe = {{ exec = [\"plugin\"] }}\n\
         [hostgroup.disk.service.monitor]\nprobe = {{ mon = [\"monitor\"] }}\ninterval = \"600ms\"\n\
         {figures}[node.all]\nmembers = [\"web/*\", \"disk/*\"]\nrule = \"2 of\"\n",
        hosts.iter().map(|host| format!("{host:?}")).collect::<Vec<_>>().join(", ")
    );
    config::parse(&text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn build(world: &Rc<RefCell<World>>, layout: u64, kept: &Kept, now: Now, changes: &mut Changes) -> Simulated {
    let pool = Pool::new(FakeNetwork(Rc::clone(world)), PROBE_TOKENS, 40);
    let limits = ChildLimits { at_once: 4, kept_places: vec![1, 1] };
    let children = Children::new(FakeStarter::new(world), FIRST_CHILD, limits);
    Watcher::new(settings(layout), kept, (pool, Programs::new(children)), now, changes)
}

fn read_clocks(world: &World) -> Now {
    Now { boot: Nanos(world.now), wall: Nanos(world.now + world.wall_offset) }
}

impl Run {
    pub fn new(seed: u64) -> Run {
        let world = Rc::new(RefCell::new(World::new(seed, addresses())));
        let mut keeper = Keeper::new();
        let now = read_clocks(&world.borrow());
        let kept = keeper.open(Millis::of(now.wall));
        let mut changes = Changes::default();
        let watcher = build(&world, seed, &kept, now, &mut changes);
        Run {
            world,
            watcher,
            keeper,
            observer: Observer::default(),
            changes,
            layout: seed,
            lookups: Vec::new(),
            disk_hangs_until: 0,
            is_calm: false,
        }
    }

    fn now(&self) -> Now {
        read_clocks(&self.world.borrow())
    }

    fn one_in(&self, most: u64) -> bool {
        self.world.borrow_mut().chance.one_in(most)
    }

    pub fn whole(mut self, reached: &mut Reached) {
        let begin = self.world.borrow().now;
        while self.world.borrow().now < begin + TROUBLE {
            self.step(reached);
            self.trouble(reached);
        }
        self.is_calm = true;
        self.world.borrow_mut().calm();
        for canary in [1, 2] {
            self.world.borrow_mut().hosts.insert(IpAddr::from([198, 51, 100, canary]), Host::Says(200));
        }
        while self.world.borrow().now < begin + TROUBLE + CALM {
            self.step(reached);
        }
        self.keeper.write();
        self.keeper.check();
        self.check_truth();
        reached.batches += self.keeper.batches;
        reached.series += self.keeper.measured.len();
        reached.values += self.keeper.measured.values().sum::<u32>();
    }

    /// Sleeps until something happens, and takes a turn.
    fn step(&mut self, reached: &mut Reached) {
        let deadline = self.watcher.deadline().map(|at| at.0);
        let mut world = self.world.borrow_mut();
        let most = world.now + 400 * MILLISECOND;
        let event = world.events.iter().map(|(at, _)| *at).min();
        let next = [Some(most), event, deadline].into_iter().flatten().min().unwrap_or(most);
        // The loop is late now and then.
        let late = if world.chance.one_in(20) { world.chance.below(30) as i64 * MILLISECOND } else { 0 };
        world.now = next.max(world.now) + late;
        let now = world.now;
        let (due, left) = world.events.drain(..).partition(|(at, _)| *at <= now);
        world.events = left;
        let due: Vec<(i64, usize)> = due;
        drop(world);
        let now = self.now();
        for (_, token) in due {
            match Source::decode(Token(token)) {
                Some(Source::Probe(token)) => self.watcher.socket_ready(token, Hint::Something, now),
                Some(Source::Child(token)) => self.watcher.child_ready(token),
                other => panic!("{other:?}"),
            }
        }
        self.look_up(reached);
        self.watcher.turn(now, &mut self.changes);
        self.observe(reached);
        if now.boot.0 >= self.disk_hangs_until && self.one_in(3) {
            self.keeper.write();
        }
    }

    fn look_up(&mut self, reached: &mut Reached) {
        let now = self.now();
        for name in self.watcher.addresses().due(now.boot) {
            let delay = self.world.borrow_mut().chance.below(5 * SECOND as u64) as i64;
            self.lookups.push((now.boot.0 + delay, name));
        }
        let (due, left) = self.lookups.drain(..).partition(|(at, _)| *at <= now.boot.0);
        self.lookups = left;
        let due: Vec<(i64, Arc<str>)> = due;
        for (_, name) in due {
            let choice = self.world.borrow_mut().chance.below(4);
            let addresses = match choice {
                // In the calm nobody moves.
                _ if self.is_calm => Ok(vec![
                    self.watcher.address_of(&name).unwrap_or((IpAddr::from([192, 0, 2, 6]), 0).into()),
                ]),
                0 => Err("no such name".to_owned()),
                1 => Ok(vec![(IpAddr::from([192, 0, 2, 7]), 0).into()]),
                _ => Ok(vec![(IpAddr::from([192, 0, 2, 6]), 0).into()]),
            };
            if let ocowatch::addresses::News::Moved(Some(_), _) =
                self.watcher.resolved(Answer { name, addresses }, now)
            {
                reached.moves += 1;
            }
        }
    }

    fn observe(&mut self, reached: &mut Reached) {
        let now = self.now();
        let at = self.watcher.fleet_mut().journal_time(now);
        for transition in self.changes.transitions.drain(..) {
            self.observer.see(&transition);
            reached.transitions += 1;
            reached.ko += usize::from(transition.new.state == State::Ko);
            self.keeper.push(Entry::Transition(transition));
        }
        for keep in self.changes.keep.drain(..) {
            for entry in kept::entries(keep) {
                self.keeper.push(entry);
            }
        }
        for name in self.changes.ended.drain(..) {
            self.observer.ended(&name);
            self.keeper.push(Entry::Forget { name, at });
        }
        self.changes.judged.clear();
        for note in self.changes.notes.drain(..) {
            match note {
                Note::CanaryLost => reached.canaries_lost += 1,
                Note::OwnFailure { .. } => reached.own_failures += 1,
                Note::CanaryBack
                | Note::CanaryHampered(_)
                | Note::OwnFailureOver { .. }
                | Note::FiguresFull(_)
                | Note::FiguresLeftOut(_)
                | Note::Flapping(..) => {}
            }
        }
    }

    fn trouble(&mut self, reached: &mut Reached) {
        if self.one_in(40) {
            self.world.borrow_mut().change();
        }
        if self.one_in(700) {
            let length = self.world.borrow_mut().chance.below(20 * SECOND as u64) as i64;
            self.disk_hangs_until = self.world.borrow().now + length;
        }
        if self.one_in(900) {
            reached.clock_steps += 1;
            let mut world = self.world.borrow_mut();
            let step = world.chance.below(600 * SECOND as u64) as i64 - 300 * SECOND;
            world.wall_offset += step;
        }
        if self.one_in(900) {
            reached.reloads += 1;
            self.layout += 1 + self.world.borrow_mut().chance.below(3);
            let now = self.now();
            self.watcher.reload(settings(self.layout), now, &mut self.changes);
            self.observe(reached);
        }
        if self.one_in(1100) {
            self.kill(reached);
        }
    }

    /// The process dies and is started again: what was written is what is known.
    fn kill(&mut self, reached: &mut Reached) {
        reached.kills += 1;
        reached.kills_with_losses += usize::from(self.keeper.kill());
        self.world.borrow_mut().events.clear();
        self.lookups.clear();
        self.observer = self.keeper.written.clone();
        let down = self.world.borrow_mut().chance.below(10 * SECOND as u64) as i64;
        self.world.borrow_mut().now += down;
        let now = self.now();
        let kept = self.keeper.open(Millis::of(now.wall));
        self.changes.clear();
        self.watcher = build(&self.world, self.layout, &kept, now, &mut self.changes);
        self.observe(reached);
        let fleet = self.watcher.fleet();
        for target in fleet.targets() {
            let known = self.observer.standings.get(target.name).map(|(standing, _)| standing.clone());
            let known = known.unwrap_or_default();
            let found = (target.standing.state, target.standing.code);
            assert_eq!(found, (known.state, known.code), "{}: as it was written", target.name);
        }
    }

    /// After the calm everything is told as it is.
    fn check_truth(&self) {
        let (fleet, settings) = (self.watcher.fleet(), self.watcher.settings());
        let world = self.world.borrow();
        for target in fleet.targets() {
            let service = fleet.service(target.service).unwrap();
            let group = &settings.groups[service.group];
            let host = &group.hosts[target.host.unwrap()];
            let probe = &group.services[service.place.unwrap()].probe;
            let state = target.standing.state;
            let silent = target.last.map_or(i64::MAX, |(at, _)| Millis::of(self.now().wall).0 - at.0);
            assert!(silent < 10_000, "{}: no result for {silent} ms", target.name);
            let expected = match probe.as_ref() {
                Probe::Exec(_) => Some([State::Ok, State::But, State::Ko, State::Ko]),
                // It names nobody, and so all have failed.
                Probe::Mon(_) => Some([State::Ok, State::Ko, State::Ko, State::Ko]),
                _ => None,
            };
            if let Some(expected) = expected {
                let expected = expected[world.plugin.unwrap() as usize];
                // One start in fifty finds no plugin.
                assert!(
                    state == expected || state == State::Unknown,
                    "{}: {state}, not {expected}",
                    target.name
                );
                continue;
            }
            let address = match &host.address {
                Address::Ip(address) => *address,
                Address::Name(name) => match self.watcher.address_of(name) {
                    Some(address) => address.ip(),
                    None => {
                        assert_eq!(state, State::Unknown, "{}: where is it?", target.name);
                        continue;
                    }
                },
            };
            let truth = world.hosts[&address];
            let is_up = match probe.as_ref() {
                Probe::Tcp { .. } => matches!(truth, Host::Says(_) | Host::Trickles(_) | Host::Hangs),
                _ => truth.is_up(),
            };
            let reason = &target.standing.reason;
            assert_eq!(state.is_up(), is_up, "{}: {state} ({reason}), but it is {truth:?}", target.name);
            assert_ne!(state, State::Unknown, "{}: {reason}", target.name);
        }
    }
}
