//! What each sentence about incidents means, and any order of events against a model that remembers all of them.

use super::*;
use crate::config::{Incident as Promises, Probe};
use crate::decide::changes::{Changes, Kept};
use crate::decide::fleet::Fleet;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::NoLevels;
use crate::decide::simulation::settings::{file, group, node, service, timing};
use crate::probe::outcome::Outcome;
use oco::logic::time::{Nanos, Now};
use oco_fleet::tree::Rule;
use proptest::prelude::*;

const START: i64 = 1_800_000_000_000;
const ABOVE: [&str; 3] = ["web/page", "db/tcp", "node:shop"];
const TARGETS: [&str; 3] = ["web/page/a", "web/page/b", "db/tcp/a"];

fn now(ms: i64) -> Now {
    Now { wall: Nanos((START + ms) * 1_000_000), boot: Nanos((7_000 + ms) * 1_000_000) }
}

fn name(name: &str) -> ObjectName {
    ObjectName::parse(name).unwrap()
}

fn promises(acknowledge: Option<u64>, close: Option<u64>) -> Promises {
    let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
    Promises { command: None, acknowledge_within: seconds(acknowledge), close_within: seconds(close) }
}

/// A fleet in which each result decides: web/page over a and b, db/tcp over a, node:shop of both.
struct World {
    fleet: Fleet,
    incidents: Incidents,
    /// As the journal has them.
    journal: BTreeMap<i64, Incident>,
    ms: i64,
}

impl World {
    fn new(promises: &Promises) -> World {
        let tcp = |name: &str| {
            let mut service = service(name, Probe::Tcp { port: Some(1) }, Rule::All, &[]);
            service.timing = timing(1, 1);
            service
        };
        let settings = file(
            vec![group("web", &["a", "b"], vec![tcp("page")]), group("db", &["a"], vec![tcp("tcp")])],
            vec![node("shop", &["web/page", "db/tcp"], Rule::All, false)],
            false,
        );
        let fleet = Fleet::new(&settings, &Kept::default(), now(0), &mut Changes::default());
        World { fleet, incidents: Incidents::new(Vec::new(), 0, promises), journal: BTreeMap::new(), ms: 0 }
    }

    fn at(&self) -> Millis {
        Millis(START + self.ms)
    }

    /// What became of which incident, `open web/page 1`; the journal takes it.
    fn take(&mut self, news: IncidentNews) -> Vec<String> {
        let mut events = news.entries.iter().filter_map(|entry| match entry {
            Entry::IncidentEvent { event, .. } => Some(event.clone()),
            _ => None,
        });
        for entry in &news.entries {
            if let Entry::Incident(incident) = entry {
                let before = self.journal.get(&incident.id).map(|before| before.members.clone());
                let members =
                    before.unwrap_or_default().into_iter().chain(incident.members.clone()).collect();
                self.journal.insert(incident.id, Incident { members, ..incident.clone() });
            }
        }
        let said: Vec<String> = news
            .said
            .iter()
            .map(|said| {
                assert_eq!(events.next().as_deref(), Some(said.event.word()));
                format!("{} {} {}", said.event.word(), said.incident.name, said.incident.id)
            })
            .collect();
        assert_eq!(events.next(), None);
        // The last that was said of each is what the journal has.
        for said in &news.said {
            let last = news.said.iter().rfind(|last| last.incident.id == said.incident.id).unwrap();
            assert_eq!(self.journal[&said.incident.id], last.incident);
        }
        said
    }

    fn observe(&mut self, changes: &Changes) -> Vec<String> {
        let mut news = IncidentNews::default();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        for transition in &changes.transitions {
            self.incidents.observe(&transition.name, known, Millis(START + self.ms), &mut news);
        }
        self.take(news)
    }

    /// A second later a target has this code; 0: we ourselves failed.
    fn tell(&mut self, target: &str, code: u16) -> Vec<String> {
        self.ms += 1000;
        let Some(MemberId::Target(id)) = self.fleet.find(&name(target)) else { panic!("{target}") };
        let mut changes = Changes::default();
        let outcome = match Code::new(code) {
            Some(code) => Outcome::Told { code, reason: "refused" },
            None => Outcome::Own { reason: "no descriptors" },
        };
        self.fleet.outcome(id, outcome, now(self.ms - 1).boot, now(self.ms), &mut changes);
        self.observe(&changes)
    }

    fn plan(&mut self, who: &str, planned: bool) -> Vec<String> {
        self.ms += 1000;
        let mut changes = Changes::default();
        self.fleet.set_planned(&name(who), planned, now(self.ms), &mut changes);
        self.observe(&changes)
    }

    fn wait(&mut self, seconds: i64) -> Vec<String> {
        self.ms += seconds * 1000;
        let mut news = IncidentNews::default();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        self.incidents.due(known, Millis(START + self.ms), &mut news);
        self.take(news)
    }

    fn acknowledge(&mut self, on: &str, who: &str) -> Vec<String> {
        let mut news = IncidentNews::default();
        self.incidents.acknowledge(&name(on), who, self.at(), &mut news);
        self.take(news)
    }

    fn restart(&mut self, promises: &Promises) -> Vec<String> {
        let last = self.journal.last_key_value().map_or(0, |(id, _)| *id);
        let kept = self.journal.values().filter(|incident| incident.closed.is_none()).cloned().collect();
        self.incidents = Incidents::new(kept, last, promises);
        self.look()
    }

    fn look(&mut self) -> Vec<String> {
        let mut news = IncidentNews::default();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        self.incidents.look(known, Millis(START + self.ms), &mut news);
        self.take(news)
    }

    fn members(&self, id: i64) -> Vec<&str> {
        self.journal[&id].members.iter().map(ObjectName::as_str).collect()
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_5xx_opens_an_incident_and_a_recovery_closes_it() {
    let mut world = World::new(&promises(None, None));
    for target in TARGETS {
        world.tell(target, 200);
    }
    assert_eq!(world.tell("web/page/a", 300), NOTHING);
    assert_eq!(world.tell("web/page/a", 500), ["open web/page 1", "open node:shop 2"]);
    assert_eq!((world.members(1), world.members(2)), (vec!["web/page/a"], vec!["web/page"]));
    assert_eq!(world.incidents.deadline(), None);
    assert_eq!(world.tell("web/page/a", 0), NOTHING, "unknown is no recovery");
    assert_eq!(world.tell("web/page/a", 500), NOTHING, "nor another incident");
    assert_eq!(world.tell("web/page/a", 210), ["close web/page 1", "close node:shop 2"]);
    assert_eq!(world.journal[&1].closed, Some(world.at()));
    assert_eq!(world.tell("web/page/a", 500), ["open web/page 3", "open node:shop 4"]);
    assert_eq!(world.incidents.all().count(), 2);
}

#[test]
fn further_members_and_codes_update_it_together() {
    let mut world = World::new(&promises(None, None));
    world.tell("db/tcp/a", 200);
    world.tell("web/page/a", 500);
    assert_eq!(world.tell("web/page/b", 300), NOTHING);
    assert_eq!(world.tell("web/page/a", 300), NOTHING);
    assert_eq!(world.wait(2), NOTHING);
    assert_eq!(world.wait(2), ["update web/page 1"]);
    assert_eq!(world.wait(2), ["update node:shop 2"], "it has another code for a second less");
    assert_eq!(world.members(1), ["web/page/a", "web/page/b"]);
    world.tell("web/page/a", 200);
    world.tell("web/page/a", 300);
    assert_eq!(world.wait(60), NOTHING, "that one had failed before");
    world.tell("db/tcp/a", 300);
    assert_eq!(world.wait(60), ["update node:shop 2"]);
    assert_eq!(world.members(2), ["web/page", "db/tcp"]);
}

#[test]
fn a_storm_is_one_update() {
    let mut world = World::new(&promises(None, None));
    world.tell("web/page/a", 500);
    world.tell("web/page/b", 500);
    world.tell("db/tcp/a", 500);
    let told = world.wait(60);
    assert_eq!(told, ["update web/page 1", "update node:shop 2"]);
    assert_eq!(world.incidents.deadline(), None);
}

#[test]
fn what_is_planned_opens_none_until_that_is_over() {
    let mut world = World::new(&promises(None, None));
    world.tell("db/tcp/a", 200);
    world.plan("web/page", true);
    assert_eq!(world.tell("web/page/a", 500), NOTHING);
    assert_eq!(world.plan("web/page", false), ["open web/page 1", "open node:shop 2"]);
    assert_eq!(world.plan("web/page", true), NOTHING, "one that is open stays so");
    world.tell("web/page/b", 200);
    assert_eq!(world.tell("web/page/a", 200), ["close web/page 1", "close node:shop 2"]);
}

#[test]
fn an_acknowledgement_of_its_name_acknowledges_it_once() {
    let mut world = World::new(&promises(None, None));
    world.tell("web/page/a", 500);
    assert_eq!(world.acknowledge("web/page/a", "alice"), NOTHING);
    assert_eq!(world.acknowledge("db/tcp", "alice"), NOTHING);
    assert_eq!(world.acknowledge("web/page", "alice"), ["acknowledge web/page 1"]);
    let at = world.at();
    world.ms += 1000;
    assert_eq!(world.acknowledge("web/page", "bob"), NOTHING);
    let incident = &world.journal[&1];
    assert_eq!((incident.acknowledged, incident.who.as_deref()), (Some(at), Some("alice")));
}

#[test]
fn a_promised_time_that_passes_is_late_once() {
    let promised = promises(Some(60), Some(100));
    let mut world = World::new(&promised);
    world.tell("web/page/a", 500);
    world.acknowledge("node:shop", "alice");
    assert_eq!(world.wait(59), NOTHING);
    assert_eq!(world.wait(1), ["late web/page 1"]);
    assert_eq!(world.restart(&promised), NOTHING);
    assert_eq!(world.wait(30), NOTHING, "also over a restart");
    assert_eq!(world.acknowledge("web/page", "bob"), ["acknowledge web/page 1"]);
    assert_eq!(world.restart(&promised), NOTHING);
    assert_eq!(world.wait(30), ["late node:shop 2", "late web/page 1"], "not closed");
    assert_eq!(world.wait(1000), NOTHING);
    world.incidents.reload(&promises(Some(2000), Some(2000)));
    assert_eq!(world.wait(2000), NOTHING);
}

#[test]
fn a_time_that_passed_while_nobody_watched_is_late_at_the_start() {
    let mut world = World::new(&promises(None, None));
    world.tell("web/page/a", 500);
    world.ms += 100_000;
    assert_eq!(world.restart(&promises(Some(60), None)), NOTHING);
    assert_eq!(world.wait(0).len(), 2);
    world.incidents.reload(&promises(Some(60), Some(150)));
    assert_eq!(world.incidents.deadline(), Some(Millis(START + 1000 + 150_000)));
    world.incidents.reload(&promises(None, None));
    assert_eq!(world.incidents.deadline(), None);
}

#[test]
fn a_start_finds_what_happened_meanwhile() {
    let none = promises(None, None);
    let mut world = World::new(&none);
    for target in TARGETS {
        world.tell(target, 200);
    }
    world.tell("web/page/a", 500);
    world.tell("db/tcp/a", 500);
    let ids = [("web/page", 1), ("node:shop", 2), ("db/tcp", 3)];
    assert!(ids.iter().all(|(on, id)| world.journal[id].name == name(on)));
    // Nobody sees what follows.
    let journal = world.journal.clone();
    world.tell("web/page/a", 200);
    world.tell("web/page/b", 300);
    world.tell("db/tcp/a", 300);
    world.journal = journal;
    assert_eq!(world.restart(&none), NOTHING, "it failed again, by another member");
    assert_eq!(world.wait(5), ["update node:shop 2", "update web/page 1"]);
    assert_eq!(world.members(1), ["web/page/a", "web/page/b"]);
    world.journal.retain(|id, _| *id == 1);
    world.tell("db/tcp/a", 500);
    world.journal.retain(|id, _| *id == 1);
    assert_eq!(world.restart(&none), ["open db/tcp 2", "open node:shop 3"]);
}

#[test]
fn who_is_gone_has_no_incident() {
    let mut world = World::new(&promises(None, None));
    world.tell("web/page/a", 500);
    let mut changes = Changes::default();
    world.fleet.reload(&file(Vec::new(), Vec::new(), false), now(2000), &mut changes);
    assert_eq!(world.look(), ["close node:shop 2", "close web/page 1"]);
    assert!(world.journal.values().all(|incident| incident.closed.is_some()));
}

/// How all stood at some moment: of each above whether it is up, has a 5XX and is not planned, and who of it failed.
type Moment = BTreeMap<&'static str, (bool, bool, HashSet<ObjectName>)>;

fn moment(world: &World) -> Moment {
    let known = Known { fleet: &world.fleet, levels: &NoLevels };
    let of = |on: &'static str| {
        let standing = known.standing(&name(on)).unwrap();
        let is_incident = standing.code.is_some_and(|code| code.number() >= 500) && !standing.planned;
        let failed = known.failed(&name(on)).map(|(member, _)| member.clone()).collect();
        (on, (standing.state.is_up(), is_incident, failed))
    };
    ABOVE.into_iter().map(of).collect()
}

proptest! {
    #[test]
    fn incidents_are_what_a_model_that_remembers_all_says(
        events in prop::collection::vec((0..3_usize, 0..9_u8, prop::sample::select(&[200, 210, 300, 500, 500, 0][..])), 1..40),
    ) {
        let promised = promises(Some(20), Some(40));
        let mut world = World::new(&promised);
        let mut history = vec![(world.at(), moment(&world))];
        let mut told: Vec<String> = Vec::new();
        let mut acknowledged: Vec<(i64, Millis)> = Vec::new();
        for (target, what, code) in events {
            told.extend(match what {
                0 => world.plan(TARGETS[target], code >= 300),
                1 => {
                    let open = world.incidents.open.get(&name(ABOVE[target])).map(|open| open.incident.id);
                    acknowledged.extend(open.map(|id| (id, world.at())));
                    world.acknowledge(ABOVE[target], "root")
                }
                2 => {
                    // What is new is told before, or it is not known who failed.
                    let told = world.wait(5);
                    [told, world.restart(&promised)].concat()
                }
                _ => world.tell(TARGETS[target], code),
            });
            history.push((world.at(), moment(&world)));
            told.extend(world.wait(0));
        }
        told.extend(world.wait(6));
        let end = world.at();
        // Each incident that there should have been: whose, from when to when, and who failed in it.
        let mut expected: Vec<(Millis, &str, Option<Millis>, HashSet<ObjectName>)> = Vec::new();
        for on in ABOVE {
            let mut open: Option<(Millis, HashSet<ObjectName>)> = None;
            for (at, moment) in &history {
                let (is_up, is_incident, failed) = &moment[on];
                if *is_incident && open.is_none() {
                    open = Some((*at, HashSet::new()));
                }
                if *is_up && let Some((since, members)) = open.take() {
                    expected.push((since, on, Some(*at), members));
                }
                if let Some((_, members)) = &mut open {
                    members.extend(failed.iter().cloned());
                }
            }
            expected.extend(open.map(|(since, members)| (since, on, None, members)));
        }
        expected.sort_by_key(|(since, on, _, _)| (*since, *on));
        let mut found: Vec<_> = world.journal.values().map(|incident| {
            let members: HashSet<ObjectName> = incident.members.iter().cloned().collect();
            assert_eq!(members.len(), incident.members.len(), "nobody twice");
            (incident.opened, incident.name.as_str(), incident.closed, members)
        }).collect();
        found.sort_by_key(|(since, on, _, _)| (*since, *on));
        prop_assert_eq!(found, expected);
        for (id, incident) in &world.journal {
            let times = |event: &str| {
                let line = format!("{event} {} {id}", incident.name);
                told.iter().filter(|told| **told == line).count()
            };
            let first = acknowledged.iter().find(|(acknowledged, _)| acknowledged == id).map(|(_, at)| *at);
            prop_assert_eq!(incident.acknowledged, first);
            prop_assert_eq!((times("open"), times("acknowledge")), (1, usize::from(first.is_some())));
            prop_assert_eq!(times("close"), usize::from(incident.closed.is_some()));
            let is_late = |within: i64, done: Option<Millis>| done.unwrap_or(end).0 >= incident.opened.0 + within;
            let closed = incident.closed;
            // It is told at the next look, so one that is closed or acknowledged in that moment may not be.
            let sure = usize::from(is_late(27_000, first.into_iter().chain(closed).min())) + usize::from(is_late(47_000, closed));
            let most = usize::from(is_late(20_000, first.into_iter().chain(closed).min())) + usize::from(is_late(40_000, closed));
            prop_assert!((sure..=most).contains(&times("late")), "{sure} to {most}: {told:?}");
        }
    }
}
