//! The loop, the hosts and the people.

use super::observer::Observer;
use super::{Seed, settings, truth};
use crate::config::Settings;
use crate::decide::canary::CanaryResult;
use crate::decide::changes::Changes;
use crate::decide::fleet::ids::{MemberId, TargetId};
use crate::decide::fleet::{Dependency, Fleet, Report};
use crate::probe::outcome::Outcome;
use oco::logic::code::Code;
use oco::logic::time::{Nanos, Now};
use oco_fleet::object::ObjectName;
use oco_fleet::state::State;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// A probe that runs.
#[derive(Debug)]
struct Flight {
    target: TargetId,
    began: Nanos,
    ends: Nanos,
}

#[derive(Debug)]
pub(super) struct World {
    seed: Seed,
    now: Now,
    settings: Settings,
    fleet: Fleet,
    changes: Changes,
    observer: Observer,
    planned: HashSet<ObjectName>,
    flights: Vec<Flight>,
    round: Option<(Nanos, Nanos)>,
    canary: CanaryResult,
    /// What a target would answer; 0: we can't find out.
    hosts: HashMap<ObjectName, (u16, &'static str)>,
    starts: HashMap<ObjectName, Nanos>,
    pub reached: BTreeMap<&'static str, u64>,
}

const ANSWERS: [(u16, &str); 8] = [
    (200, ""),
    (200, ""),
    (210, "disk 90%"),
    (300, "refused"),
    (300, "timeout"),
    (300, "300 KO 300-http"),
    (500, "500 KO 500-raid"),
    (0, "no descriptors"),
];

impl World {
    pub fn new(mut seed: Seed) -> World {
        let now = Now { wall: Nanos(1_800_000_000_000_000_000), boot: Nanos(50_000_000_000) };
        let settings = settings::any(&mut seed);
        let mut changes = Changes::default();
        let observer = Observer::default();
        let fleet = Fleet::new(&settings, &observer.kept(&HashSet::new()), now, &mut changes);
        World {
            seed,
            now,
            settings,
            fleet,
            changes,
            observer,
            planned: HashSet::new(),
            flights: Vec::new(),
            round: None,
            canary: CanaryResult::Answered,
            hosts: HashMap::new(),
            starts: HashMap::new(),
            reached: BTreeMap::new(),
        }
    }

    fn reach(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    fn pass(&mut self, length: Duration) {
        self.now.boot = self.now.boot.after(length);
        self.now.wall = self.now.wall.after(length);
    }

    pub fn step(&mut self) {
        match self.seed.below(24) {
            0..=2 => self.change_host(),
            3 => self.change_canary(),
            4..=6 => self.report(),
            7..=8 => self.plan(),
            9 => self.reload(),
            10 => self.kill(),
            11 => self.step_clock(),
            12 if self.seed.one_in(4) => self.suspend(),
            13 => self.forget(),
            _ => {}
        }
        self.settle();
        let length = *self.seed.pick(&[1, 100, 1_000, 5_000, 20_000]);
        let more = self.seed.below(50);
        self.run(Duration::from_millis(length + more));
    }

    /// All that was handed out is taken in, and all is judged anew.
    fn settle(&mut self) {
        if !self.changes.is_empty() {
            self.observer.take(&mut self.changes, &mut self.reached);
            self.check();
        }
    }

    fn check(&mut self) {
        let from_below = truth::check(&self.fleet, &self.settings, &self.planned);
        *self.reached.entry("planned from below").or_default() += from_below;
        for target in self.fleet.targets() {
            let known = self.observer.objects.get(target.name).map(|known| known.standing.state);
            assert_eq!(known.unwrap_or_default(), target.standing.state, "{}", target.name);
        }
    }

    /// Time passes, and the loop does what is due.
    fn run(&mut self, length: Duration) {
        let end = self.now.boot.after(length);
        for turn in 0.. {
            assert!(turn < 100_000, "it spins");
            let flight = self.flights.iter().map(|flight| flight.ends).min();
            let round = self.round.map(|(_, ends)| ends);
            let next = [self.fleet.deadline(), flight, round].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.pass(next.max(self.now.boot).since(self.now.boot));
            self.turn();
            self.settle();
        }
        self.pass(end.since(self.now.boot));
        self.check();
        let is_awaited = |id| self.fleet.dependency(id) == Dependency::Awaited;
        if self.fleet.services().any(|service| is_awaited(service.id)) {
            self.reach("a dependency is awaited");
        }
    }

    fn turn(&mut self) {
        self.end_flights();
        if let Some((began, _)) = self.round.take_if(|(_, ends)| *ends <= self.now.boot) {
            let before = self.observer.objects.clone();
            self.fleet.canary(self.canary, began, self.now, &mut self.changes);
            if self.canary == CanaryResult::Answered {
                let is_release = self.changes.transitions.iter().any(|transition| {
                    transition.new.state == State::Ko
                        && before.get(&transition.name).is_some_and(|known| known.standing.state != State::Ko)
                });
                *self.reached.entry("ko released").or_default() += u64::from(is_release);
            }
        }
        let mut started = Vec::new();
        self.fleet.due(self.now, &mut |target| {
            started.push(target);
            true
        });
        for target in started {
            self.start(target);
        }
        if self.fleet.start_canary(self.now) {
            let ends = self.now.boot.after(Duration::from_millis(1 + self.seed.below(500)));
            self.round = Some((self.now.boot, ends));
        }
        self.fleet.expire(self.now, &mut self.changes);
    }

    fn start(&mut self, target: TargetId) {
        let view = self.fleet.target(target).expect("who is gone is not started");
        let name = view.name.clone();
        assert!(!self.flights.iter().any(|flight| flight.target == target), "{name} runs already");
        if let Some(last) = self.starts.insert(name, self.now.boot) {
            let gap = self.now.boot.since(last);
            *self.reached.entry("fast probe").or_default() += u64::from(gap < Duration::from_secs(3));
        }
        let length = Duration::from_millis(*self.seed.pick(&[1, 30, 900, 3000]));
        self.flights.push(Flight { target, began: self.now.boot, ends: self.now.boot.after(length) });
    }

    fn end_flights(&mut self) {
        let now = self.now.boot;
        let ended: Vec<Flight> = self.flights.extract_if(.., |flight| flight.ends <= now).collect();
        for flight in ended {
            let view = self.fleet.target(flight.target).expect("who is gone is given up");
            let together = view.name.as_str().starts_with("web/mon/");
            let service = self.fleet.service(view.service).unwrap();
            let targets = if together { service.targets.to_vec() } else { vec![flight.target] };
            for target in targets {
                self.outcome(target, flight.began);
                self.settle();
            }
        }
    }

    fn outcome(&mut self, target: TargetId, began: Nanos) {
        let name = self.fleet.target(target).unwrap().name.clone();
        let (code, reason) = self.hosts.get(&name).copied().unwrap_or((200, ""));
        let outcome = match Code::new(code) {
            Some(code) => Outcome::Told { code, reason },
            None => Outcome::Own { reason },
        };
        let before = self.fleet.target(target).unwrap().standing.state;
        self.fleet.outcome(target, outcome, began, self.now, &mut self.changes);
        let falls = self.changes.transitions.iter().any(|transition| {
            transition.name == name && transition.new.state == State::Ko && before != State::Ko
        });
        assert!(!falls || self.settings.canary.is_empty(), "a ko that was not held");
        assert!(!self.fleet.is_canary_lost() || self.changes.is_empty(), "while it is us nothing is judged");
        let kept = self.fleet.kept(MemberId::Target(target)).unwrap();
        if kept.target.pending.is_some() {
            self.reach("ko held");
        }
    }

    fn names(&self) -> Vec<ObjectName> {
        let targets = self.fleet.targets().map(|target| target.name.clone());
        let services = self.fleet.services().map(|service| service.name.clone());
        let nodes = self.fleet.nodes().map(|node| node.name.clone());
        targets.chain(services).chain(nodes).collect()
    }

    fn change_host(&mut self) {
        let targets: Vec<ObjectName> = self.fleet.targets().map(|target| target.name.clone()).collect();
        let answer = *self.seed.pick(&ANSWERS);
        let one = self.seed.pick(&targets).clone();
        let all_of_service = self.seed.one_in(2);
        for name in targets {
            if name == one || (all_of_service && name.service_of_target() == one.service_of_target()) {
                self.hosts.insert(name, answer);
            }
        }
    }

    fn change_canary(&mut self) {
        let results =
            [CanaryResult::Answered, CanaryResult::Answered, CanaryResult::Silent, CanaryResult::Own];
        self.canary = *self.seed.pick(&results);
    }

    fn report(&mut self) {
        let names = [
            "backup/nightly/a",
            "backup/nightly/b",
            "push/x/a",
            "push/x/b",
            "push/y/a",
            "web/tcp/a",
            "push/x",
            "none/x/a",
        ];
        let name = ObjectName::parse(self.seed.pick::<&str>(&names)).unwrap();
        let is_known = self.fleet.find(&name).is_some();
        let code = Code::new(*self.seed.pick(&[200, 200, 200, 210, 300, 500])).unwrap();
        let period = self.seed.one_in(2).then(|| Duration::from_secs(5 + 10 * self.seed.below(3)));
        let report = Report { code, period, text: "told\u{1b}" };
        match self.fleet.report(&name, report, self.now, &mut self.changes) {
            Ok(()) => {
                let Some(MemberId::Target(id)) = self.fleet.find(&name) else { panic!("{name}") };
                let standing = self.fleet.target(id).unwrap().standing;
                assert_eq!((standing.code, &*standing.reason), (Some(code), "told?"));
                if !is_known {
                    self.reach("taken in");
                }
            }
            Err(error) => {
                assert!(self.changes.is_empty(), "{error}");
                let is_good = name.as_str().starts_with("backup/")
                    || (name.as_str().starts_with("push/x/") && self.settings.groups[3].accept_reports);
                assert!(!is_good, "{error}");
            }
        }
    }

    fn plan(&mut self) {
        let names = self.names();
        let name = self.seed.pick(&names).clone();
        let planned = !self.planned.contains(&name) && self.planned.len() < 4;
        let _ = if planned { self.planned.insert(name.clone()) } else { self.planned.remove(&name) };
        assert!(self.fleet.set_planned(&name, planned, self.now, &mut self.changes));
        self.settle();
        self.fleet.set_planned(&name, planned, self.now, &mut self.changes);
        assert!(self.changes.is_empty(), "doing it again is nothing");
    }

    fn reload(&mut self) {
        let before: HashMap<ObjectName, _> = self
            .fleet
            .targets()
            .map(|target| (target.name.clone(), (target.id, self.fleet.kept(MemberId::Target(target.id)))))
            .collect();
        self.settings = settings::any(&mut self.seed);
        let was_lost = self.fleet.is_canary_lost();
        self.fleet.reload(&self.settings, self.now, &mut self.changes);
        for target in self.fleet.targets() {
            let Some((id, kept)) = before.get(target.name) else { continue };
            assert_eq!(target.id, *id);
            let now = self.fleet.kept(MemberId::Target(*id));
            let counts = |kept: &Option<_>| {
                kept.as_ref().map(|kept: &crate::decide::changes::KeptObject| kept.target.counts)
            };
            assert!(counts(&now) == counts(kept) || self.settings.canary.is_empty());
        }
        if !self.changes.ended.is_empty() {
            self.reach("ended by a reload");
        }
        if was_lost && !self.fleet.is_canary_lost() {
            assert!(self.settings.canary.is_empty());
        }
        let fleet = &self.fleet;
        self.flights.retain(|flight| fleet.target(flight.target).is_some());
        if self.settings.canary.is_empty() {
            self.round = None;
        }
        self.observer.take(&mut self.changes, &mut self.reached);
        self.fleet.reload(&self.settings, self.now, &mut self.changes);
        assert!(self.changes.is_empty(), "the same file changes nothing: {:?}", self.changes);
    }

    /// Killed at this point, and started again, with or without a reboot between.
    fn kill(&mut self) {
        self.settle();
        let names = self.names();
        let known = |fleet: &Fleet, name: &ObjectName| fleet.find(name).and_then(|member| fleet.kept(member));
        let before: Vec<_> = names.iter().map(|name| known(&self.fleet, name).unwrap()).collect();
        let was_lost = self.fleet.is_canary_lost();
        if self.seed.one_in(2) {
            self.now.boot = Nanos(self.seed.below(100_000_000_000) as i64);
        }
        let kept = self.observer.kept(&self.planned);
        self.fleet = Fleet::new(&self.settings, &kept, self.now, &mut self.changes);
        assert!(self.changes.is_empty(), "a start changes nothing: {:?}", self.changes);
        self.flights.clear();
        self.round = None;
        self.starts.clear();
        assert_eq!(self.fleet.is_canary_lost(), was_lost);
        for (name, mut before) in names.iter().zip(before) {
            let mut after = known(&self.fleet, name).unwrap_or_else(|| panic!("{name} is gone"));
            let is_settled = self.observer.objects.get(name).is_some_and(|known| known.since.is_some());
            for kept in [&mut before, &mut after] {
                // What only words it, and when the last probe was, may be older.
                kept.standing.reason = "".into();
                kept.target.last = None;
                if let Some(pending) = &mut kept.target.pending {
                    (pending.failed, pending.reason) = (Nanos(0), "".into());
                    pending.code = Code::KO;
                }
                if !is_settled {
                    kept.since = None;
                }
            }
            assert_eq!(before, after, "{name}");
            if before.target.pending.is_some() {
                self.reach("killed while a ko waited");
            } else if before.target.counts.is_counting() {
                self.reach("killed while it counted");
            }
            if before.above.flapping_since.is_some() {
                self.reach("killed while it flapped");
            }
        }
        if was_lost {
            self.reach("killed while it was us");
        }
        self.reach("killed");
    }

    fn step_clock(&mut self) {
        let step = Duration::from_secs(1 + self.seed.below(5000));
        if self.seed.one_in(2) {
            self.now.wall = self.now.wall.before(step);
            self.reach("clock set back");
        } else {
            self.now.wall = self.now.wall.after(step);
        }
    }

    fn suspend(&mut self) {
        let missed = self.fleet.left().missed;
        let hours = 1 + self.seed.below(12);
        self.pass(Duration::from_secs(3600 * hours));
        self.turn();
        assert!(self.fleet.left().missed > missed);
        assert!(self.flights.len() < 40, "a burst");
        self.reach("suspended");
    }

    fn forget(&mut self) {
        let names = self.names();
        let name = self.seed.pick(&names).clone();
        let is_reported = name.as_str().starts_with("push/");
        let result = self.fleet.forget(&name, self.now, &mut self.changes);
        assert_eq!(result.is_ok(), is_reported, "{name}: {result:?}");
        if is_reported {
            assert!(self.fleet.find(&name).is_none());
            self.reach("forgotten");
        }
    }
}
