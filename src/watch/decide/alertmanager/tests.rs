//! The policy against an Alertmanager that believes each post, and what holds after whatever happens.

use super::*;
use crate::decide::alert::Members;
use proptest::prelude::*;
use std::borrow::Cow;

const START: i64 = 1_796_205_600_000;

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

/// How it stands with the one object there is.
#[derive(Debug, Clone)]
struct World {
    exists: bool,
    standing: Standing,
    failing: Option<Millis>,
    is_flapping: bool,
    is_canary_lost: bool,
    dependency: DependencyFact,
    now: i64,
}

impl Facts for World {
    fn subject(&self, _: &ObjectName) -> Option<Subject<'_>> {
        self.exists.then(|| Subject {
            standing: &self.standing,
            since: Millis(0),
            failing_since: self.failing,
            flapping_since: self.is_flapping.then_some(Millis(0)),
            interval: Duration::from_secs(10),
            dependency: self.dependency.clone(),
            is_acked: false,
            is_muted: false,
        })
    }

    fn failed<'a>(&'a self, name: &ObjectName) -> FailedMembers<'a> {
        let (group, service) = (name.group().to_owned(), name.service_part().to_owned());
        let target = move |host: usize| ObjectName::target(&group, &service, &format!("h{host}"));
        Box::new((0..22).map(move |host| (Cow::Owned(target(host)), "refused")))
    }

    fn is_down(&self, _: &ObjectName) -> bool {
        true
    }

    fn is_in_doubt(&self, _: &ObjectName) -> bool {
        false
    }

    fn all<'a>(&'a self, _: &ObjectName) -> Members<'a> {
        Box::new(std::iter::empty())
    }

    fn is_canary_lost(&self) -> bool {
        self.is_canary_lost
    }

    fn heard_since(&self) -> Millis {
        Millis::default()
    }
}

impl World {
    fn new() -> World {
        World {
            exists: true,
            standing: Standing::of_code(Code::OK, ""),
            failing: None,
            is_flapping: false,
            is_canary_lost: false,
            dependency: DependencyFact::Clear,
            now: START,
        }
    }

    fn moment(&self) -> Moment {
        let at = Millis(self.now);
        Moment { at, wall: at, steady: Millis(self.now - START) }
    }

    /// It gets this code; none: it is not known.
    fn get(&mut self, code: Option<u16>) {
        let planned = self.standing.planned;
        self.standing = match code.and_then(Code::new) {
            Some(code) => Standing { planned, ..Standing::of_code(code, "why") },
            None => Standing { planned, ..Standing::unknown("own failure") },
        };
        match self.standing.state {
            State::Ko => self.failing = self.failing.or(Some(Millis(self.now))),
            State::Ok | State::But => self.failing = None,
            State::Unknown => {}
        }
    }

    fn is_held(&self) -> bool {
        let is_free = self.dependency == DependencyFact::Clear && !self.is_flapping;
        self.is_canary_lost || self.standing.planned || !is_free
    }
}

/// What an Alertmanager has: of each severity the end.
type Told = BTreeMap<Severity, Alert>;

struct Bench {
    world: World,
    policy: Alertmanager,
    told: Told,
    of: ObjectName,
}

impl Bench {
    fn new(of: &str) -> Bench {
        let patterns = ["*/*", "node:*"].map(|text| Pattern::parse(text).unwrap()).to_vec();
        let settings = config::Alertmanager { urls: Vec::new(), tls: None, of: patterns };
        let policy = Alertmanager::new(Some(&settings));
        Bench { world: World::new(), policy, told: Told::new(), of: name(of) }
    }

    /// Something changed, or time has passed. What was posted.
    fn turn(&mut self) -> Vec<Alert> {
        let mut posts = Vec::new();
        let now = self.world.moment();
        self.policy.observe(&self.of, &self.world, now, &mut posts);
        self.policy.due(&self.world, now, &mut posts);
        for post in &posts {
            assert_eq!(post.name, self.of);
            for (index, alert) in post.alerts.iter().enumerate() {
                assert!(alert.starts <= alert.ends);
                let mut before = post.alerts[..index].iter();
                assert!(before.all(|other| other.severity != alert.severity), "{post:?}");
                self.told.insert(alert.severity, alert.clone());
            }
        }
        posts.pop().map(|post| post.alerts).unwrap_or_default()
    }

    fn code(&mut self, code: u16) -> Vec<Alert> {
        self.world.get(Code::new(code).map(Code::number));
        self.turn()
    }

    fn firing(&self) -> Vec<Severity> {
        let now = Millis(self.world.now);
        self.told.iter().filter(|(_, alert)| alert.ends > now).map(|(severity, _)| *severity).collect()
    }

    fn wait(&mut self, seconds: i64) -> usize {
        let mut posts = 0;
        let end = self.world.now + seconds * 1000;
        while let Some(at) = self.policy.deadline().map(|at| at.0 + START).filter(|at| *at <= end) {
            self.world.now = at.max(self.world.now);
            posts += usize::from(!self.turn().is_empty());
        }
        self.world.now = end;
        posts
    }
}

#[test]
fn a_failure_is_sent_each_minute_and_its_end_for_five() {
    let mut bench = Bench::new("web/oco");
    assert_eq!(bench.code(200), []);
    let first = bench.code(350).remove(0);
    assert_eq!((first.severity, first.starts), (Severity::Critical, Millis(START)));
    assert_eq!(first.ends, Millis(START + 240_000));
    assert_eq!(first.summary, "web/oco is ko: why");
    assert!(first.description.starts_with("h0: refused\n") && first.description.ends_with("\nand 2 more\n"));
    assert_eq!(bench.turn(), [], "nothing is another");
    assert_eq!(bench.wait(600), 10);
    assert_eq!(bench.firing(), [Severity::Critical]);
    let last = bench.code(201).remove(0);
    assert_eq!((last.starts, last.ends), (first.starts, Millis(START + 600_000)));
    assert_eq!((bench.wait(3600), bench.policy.deadline()), (4, None));
}

#[test]
fn another_severity_ends_the_one_before_in_the_same_post() {
    let mut bench = Bench::new("node:shop");
    bench.code(350);
    bench.world.now += 1000;
    let alerts = bench.code(550);
    assert_eq!(alerts.iter().map(|alert| alert.severity.word()).collect::<Vec<_>>(), ["page", "critical"]);
    assert_eq!(alerts[1].ends, Millis(bench.world.now));
    assert_eq!(bench.firing(), [Severity::Page]);
    bench.code(350);
    assert_eq!(bench.firing(), [Severity::Critical]);
}

#[test]
fn what_holds_does_so_before_the_first_time_alone() {
    let holds: [fn(&mut World, bool); 4] = [
        |world, is_held| world.standing.planned = is_held,
        |world, is_held| world.is_flapping = is_held,
        |world, is_held| world.is_canary_lost = is_held,
        |world, is_held| {
            world.dependency =
                if is_held { DependencyFact::Ko(name("gw/ping")) } else { DependencyFact::Clear };
        },
    ];
    for hold in holds {
        let mut bench = Bench::new("web/oco");
        hold(&mut bench.world, true);
        assert_eq!((bench.code(350), bench.wait(120)), (vec![], 0));
        hold(&mut bench.world, false);
        assert_eq!(bench.turn().len(), 1);
        hold(&mut bench.world, true);
        assert_eq!(bench.wait(120), 2, "silence would be told as resolved");
        assert_eq!(bench.firing(), [Severity::Critical]);
        bench.code(200);
        assert_eq!(bench.firing(), []);
    }
}

#[test]
fn a_dependency_that_is_awaited_is_looked_at_soon() {
    let mut bench = Bench::new("web/oco");
    bench.world.dependency = DependencyFact::Awaited;
    assert_eq!(bench.code(350), []);
    bench.world.dependency = DependencyFact::Clear;
    assert_eq!(bench.wait(1), 1);
    assert_eq!(bench.firing(), [Severity::Critical]);
}

#[test]
fn who_is_not_watched_or_not_named_any_more_is_resolved_and_targets_are_not_told() {
    let mut bench = Bench::new("web/oco");
    bench.code(350);
    bench.world.exists = false;
    bench.turn();
    assert_eq!(bench.firing(), []);
    let mut bench = Bench::new("web/oco");
    bench.code(350);
    let of = vec![Pattern::parse("node:*").unwrap()];
    bench.policy.reload(Some(&config::Alertmanager { urls: Vec::new(), tls: None, of }));
    bench.turn();
    assert_eq!(bench.firing(), []);
    bench.policy.reload(None);
    assert_eq!((bench.turn(), bench.policy.deadline()), (vec![], None));
    let mut bench = Bench::new("web/oco/a");
    assert_eq!((bench.code(350), bench.policy.deadline()), (vec![], None));
}

#[derive(Debug, Clone)]
enum Step {
    Code(Option<u16>),
    Planned(bool),
    Flapping(bool),
    Canary(bool),
    Dependency(u8),
    Exists(bool),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![Just(Some(200)), Just(Some(250)), Just(Some(350)), Just(Some(550)), Just(None)]
            .prop_map(Step::Code),
        1 => any::<bool>().prop_map(Step::Planned),
        1 => any::<bool>().prop_map(Step::Flapping),
        1 => any::<bool>().prop_map(Step::Canary),
        1 => (0_u8..3).prop_map(Step::Dependency),
        1 => any::<bool>().prop_map(Step::Exists),
        3 => (0_i64..400).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_alertmanager_knows_what_was_told_and_lasts(steps in proptest::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new("web/oco");
        // Which failure was sent, and how bad it was last.
        let mut sent: Option<(Millis, Severity)> = None;
        for step in steps {
            match step {
                Step::Code(code) => bench.world.get(code),
                Step::Planned(is_so) => bench.world.standing.planned = is_so,
                Step::Flapping(is_so) => bench.world.is_flapping = is_so,
                Step::Canary(is_so) => bench.world.is_canary_lost = is_so,
                Step::Dependency(0) => bench.world.dependency = DependencyFact::Clear,
                Step::Dependency(1) => bench.world.dependency = DependencyFact::Awaited,
                Step::Dependency(_) => bench.world.dependency = DependencyFact::Ko(name("gw/ping")),
                Step::Exists(is_so) => bench.world.exists = is_so,
                Step::Pass(seconds) => { bench.wait(seconds); }
            }
            bench.turn();
            let world = &bench.world;
            let failing = world.failing.filter(|_| world.exists);
            sent = sent.filter(|(since, _)| Some(*since) == failing);
            if let Some(since) = failing {
                let severity = Severity::of(world.standing.code);
                if world.standing.state == State::Ko && (sent.is_some() || !world.is_held()) {
                    sent = Some((since, severity));
                }
            }
            let expected: Vec<Severity> = sent.iter().map(|(_, severity)| *severity).collect();
            prop_assert_eq!(bench.firing(), expected);
            for alert in bench.told.values().filter(|alert| alert.ends.0 > world.now) {
                // Three minutes of silence are not told as resolved.
                prop_assert!(alert.ends.0 - world.now >= 180_000, "{:?}", alert);
            }
        }
    }
}
