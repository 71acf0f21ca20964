//! What each sentence about acts means, and any order of events against a model that remembers all of them.

mod model;

use super::*;
use crate::config::Probe;
use crate::decide::changes::{Changes, Kept};
use crate::decide::fleet::Fleet;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::{LevelStandings, NoLevels};
use crate::decide::simulation::settings::{file, group, node, service, timing};
use crate::probe::outcome::Outcome;
use oco::logic::code::Code;
use oco::logic::time::{Nanos, Now};
use oco_fleet::state::{Standing, State};
use oco_fleet::tree::Rule;

const START: i64 = 1_800_000_000_000;

fn now(ms: i64) -> Now {
    Now { wall: Nanos((START + ms) * 1_000_000), boot: Nanos((7_000 + ms) * 1_000_000) }
}

fn name(name: &str) -> ObjectName {
    ObjectName::parse(name).unwrap()
}

/// A fleet in which each result decides, and acts on it.
struct World {
    fleet: Fleet,
    acts: Acts,
    entries: Vec<Entry>,
    /// Since when who is planned is.
    planned: BTreeMap<ObjectName, Millis>,
    ms: i64,
}

impl World {
    /// web/page and web/tcp over a, b and c, where one has to be up; db/tcp over a; node:shop of web/page and db/tcp.
    fn new() -> World {
        let tcp = |name: &str| {
            let mut service = service(name, Probe::Tcp { port: Some(1) }, Rule::All, &[]);
            service.timing = timing(1, 1);
            service
        };
        let settings = file(
            vec![
                group("web", &["a", "b", "c"], vec![tcp("page"), tcp("tcp")]),
                group("db", &["a"], vec![tcp("tcp")]),
            ],
            vec![
                node("shop", &["web/page", "db/tcp"], Rule::All, false),
                node("all", &["node:shop", "db/tcp"], Rule::All, false),
            ],
            false,
        );
        let mut changes = Changes::default();
        let fleet = Fleet::new(&settings, &Kept::default(), now(0), &mut changes);
        let (acts, planned) = (Acts::new(Vec::new(), 0), BTreeMap::new());
        World { fleet, acts, entries: Vec::new(), planned, ms: 0 }
    }

    fn at(&self) -> Millis {
        Millis(START + self.ms)
    }

    fn known(&self) -> Known<'_> {
        Known { fleet: &self.fleet, levels: &NoLevels }
    }

    /// A second later a target has this code; 0: we ourselves failed.
    fn tell(&mut self, target: &str, code: u16) -> Vec<String> {
        self.ms += 1000;
        let Some(MemberId::Target(id)) = self.fleet.find(&name(target)) else { panic!("{target}") };
        let mut changes = Changes::default();
        let outcome = match Code::new(code) {
            Some(code) => Outcome::Told { code, reason: "" },
            None => Outcome::Own { reason: "no descriptors" },
        };
        self.fleet.outcome(id, outcome, now(self.ms - 1).boot, now(self.ms), &mut changes);
        self.observe(&changes)
    }

    fn plan(&mut self, who: &str, planned: bool) -> Vec<String> {
        self.ms += 1000;
        let mut changes = Changes::default();
        self.fleet.set_planned(&name(who), planned, now(self.ms), &mut changes);
        match planned {
            true => drop(self.planned.entry(name(who)).or_insert(Millis(START + self.ms))),
            false => drop(self.planned.remove(&name(who))),
        }
        self.observe(&changes)
    }

    /// Which acts ended.
    fn observe(&mut self, changes: &Changes) -> Vec<String> {
        let at = self.at();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        let mut ended = Vec::new();
        for transition in &changes.transitions {
            ended.extend(self.acts.observe(&transition.name, known, at, &mut self.entries));
        }
        ended.into_iter().map(|act| format!("{} {}", act.kind.word(), act.name)).collect()
    }

    fn act_for(&mut self, kind: ActKind, on: &str, length: Option<i64>) -> Result<String, String> {
        let at = self.at();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        let until = length.map(|length| Millis(at.0 + length));
        let wish =
            Wish { kind, name: on.to_owned(), who: "root".to_owned(), since: at, until, text: String::new() };
        self.acts.act(wish, known, at, &mut self.entries).map(|took| took.join(" "))
    }

    fn ack(&mut self, on: &str) -> Result<String, String> {
        self.act_for(ActKind::Ack, on, None)
    }

    fn undo(&mut self, kind: ActKind, on: &str) -> Result<String, String> {
        let at = self.at();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        self.acts.undo(kind, on, "alice", known, at, &mut self.entries).map(|took| took.join(" "))
    }

    fn is_acked(&self, on: &str) -> bool {
        self.acts.is_acked(&name(on), self.known(), self.at())
    }

    fn is_muted(&self, on: &str) -> bool {
        self.acts.is_muted(&name(on), self.known(), self.at())
    }

    fn on(&self, kind: ActKind, on: &str) -> Option<&str> {
        self.acts.on(kind, &name(on), self.at()).map(|act| act.name.as_str())
    }

    fn due(&mut self) -> Vec<String> {
        let at = self.at();
        let ended = self.acts.due(at, &mut self.entries);
        ended.into_iter().map(|act| format!("{} {}", act.kind.word(), act.name)).collect()
    }

    /// What a journal has of all entries.
    fn journal(&self) -> BTreeMap<i64, Act> {
        let mut acts = BTreeMap::new();
        for entry in &self.entries {
            match entry {
                Entry::Act(act) => {
                    acts.insert(act.id, act.clone());
                }
                Entry::ActEnded { id, at, by } => {
                    let act = acts.get_mut(id).expect("it is there");
                    assert_eq!(act.ended, None);
                    (act.ended, act.ended_by) = (Some(*at), by.clone());
                }
                other => panic!("{other:?}"),
            }
        }
        acts
    }

    /// Killed, and started again.
    fn restart(&mut self) -> Vec<String> {
        let journal = self.journal();
        let last = journal.last_key_value().map_or(0, |(id, _)| *id);
        let kept = journal.into_values().filter(|act| act.ended.is_none()).collect();
        self.acts = Acts::new(kept, last);
        let at = self.at();
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        let window = |name: &ObjectName| self.planned.get(name).copied();
        let ended = self.acts.look(known, &window, at, &mut self.entries);
        ended.into_iter().map(|act| format!("{} {}", act.kind.word(), act.name)).collect()
    }
}

#[test]
fn what_does_not_fail_cannot_be_acknowledged() {
    let mut world = World::new();
    world.tell("web/page/a", 200);
    assert_eq!(
        world.ack("web/page/a"),
        Err("web/page/a: does not fail, so there is nothing to acknowledge".to_owned())
    );
    assert_eq!(
        world.ack("web"),
        Err("web: no service of it fails, so there is nothing to acknowledge".to_owned())
    );
    assert!(world.ack("web/page").is_err() && world.ack("node:shop").is_err());
    assert!(world.entries.is_empty());
    world.tell("web/page/a", 300);
    for (on, took) in [("web/page/a", "web/page/a"), ("web/page", "web/page"), ("web", "web/page")] {
        assert_eq!(world.ack(on), Ok(took.to_owned()));
    }
    assert_eq!(world.ack("node:shop"), Ok("node:shop".to_owned()));
}

#[test]
fn nothing_known_by_a_name_is_an_error_and_undoing_nothing_is_none() {
    let mut world = World::new();
    for none in ["mail", "web/none", "web/page/z", "node:none", "slo:shop", "", "a b", "web/"] {
        let error = Err(format!("{none}: nothing is known by that name"));
        for kind in ActKind::ALL {
            assert_eq!(world.act_for(kind, none, None), error);
            assert_eq!(world.undo(kind, none), error);
        }
    }
    for known in ["web", "web/page", "web/page/a", "node:shop"] {
        assert_eq!(world.undo(ActKind::Mute, known), Ok(String::new()));
    }
    assert!(world.entries.is_empty());
}

#[test]
fn an_act_on_who_is_gone_can_still_be_undone() {
    let mut world = World::new();
    world.act_for(ActKind::Mute, "web/page", None).unwrap();
    let mut changes = Changes::default();
    world.fleet.reload(&file(Vec::new(), Vec::new(), false), now(1), &mut changes);
    assert_eq!(world.restart(), [""; 0], "a mute waits for it to come back");
    assert_eq!(world.undo(ActKind::Mute, "web/page"), Ok("web/page".to_owned()));
    assert!(world.undo(ActKind::Mute, "web/page").is_err());
}

#[test]
fn an_acknowledgement_of_what_is_gone_ends() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.ack("web").unwrap();
    let mut changes = Changes::default();
    world.fleet.reload(&file(Vec::new(), Vec::new(), false), now(1001), &mut changes);
    assert_eq!(world.restart(), ["ack web/page"]);
}

#[test]
fn an_act_of_a_group_takes_each_service() {
    let mut world = World::new();
    assert_eq!(world.act_for(ActKind::Mute, "web", None), Ok("web/page web/tcp".to_owned()));
    assert_eq!(world.on(ActKind::Mute, "web/tcp/b"), Some("web"));
    assert!(world.is_muted("web/page") && !world.is_muted("db/tcp") && !world.is_muted("node:shop"));
    world.act_for(ActKind::Mute, "web/tcp", None).unwrap();
    assert_eq!(world.on(ActKind::Mute, "web/tcp/b"), Some("web/tcp"), "the nearest");
    assert_eq!(world.undo(ActKind::Mute, "web"), Ok("web web/tcp".to_owned()));
    assert!(!world.is_muted("web/page") && !world.is_muted("web/tcp"));
    world.tell("web/page/a", 300);
    assert_eq!(world.ack("web"), Ok("web/page".to_owned()), "each that fails");
    world.tell("web/tcp/a", 300);
    assert!(world.is_acked("web/page") && !world.is_acked("web/tcp"), "of this failure, not of later ones");
    assert_eq!(world.undo(ActKind::Ack, "web"), Ok("web/page".to_owned()));
}

#[test]
fn a_second_act_replaces_the_one_that_it_overlaps() {
    let mut world = World::new();
    world.act_for(ActKind::Mute, "web", None).unwrap();
    world.act_for(ActKind::Mute, "web", Some(5000)).unwrap();
    world.act_for(ActKind::Mute, "web/page", None).unwrap();
    let journal = world.journal();
    assert_eq!((journal[&1].ended, journal[&1].ended_by.as_deref()), (Some(world.at()), Some("root")));
    assert_eq!((journal[&2].ended, journal[&3].ended), (None, None));
    let maint = |world: &mut World, since: i64, until: i64| {
        let (since, until) = (Millis(START + since), Some(Millis(START + until)));
        let (who, text) = ("root".to_owned(), String::new());
        let wish = Wish { kind: ActKind::Maint, name: "db".to_owned(), who, since, until, text };
        let known = Known { fleet: &world.fleet, levels: &NoLevels };
        world.acts.act(wish, known, Millis(START), &mut world.entries).unwrap();
        world.acts.windows().count()
    };
    assert_eq!(maint(&mut world, 1000, 2000), 1);
    assert_eq!(maint(&mut world, 2000, 3000), 2, "tonight's work and tomorrow's");
    assert_eq!(maint(&mut world, 1500, 2001), 1);
}

#[test]
fn an_acknowledgement_ends_with_the_recovery() {
    for (code, state) in [(200, "ok"), (210, "but")] {
        let mut world = World::new();
        for host in ["a", "b", "c"] {
            world.tell(&format!("web/page/{host}"), 200);
        }
        world.tell("web/page/a", 300);
        world.ack("web/page").unwrap();
        world.ack("web/page/a").unwrap();
        assert_eq!(world.tell("web/page/a", 0), [""; 0], "unknown is no recovery");
        assert!(world.is_acked("web/page") && world.is_acked("web/page/a"));
        assert_eq!(world.tell("web/page/a", 300), [""; 0]);
        assert_eq!(world.tell("web/page/a", code), ["ack web/page/a", "ack web/page"], "{state}");
        assert_eq!(world.journal()[&1].ended_by, None);
        assert!(!world.is_acked("web/page"));
    }
}

#[test]
fn an_acknowledgement_ends_when_the_state_gets_worse() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.ack("web/page").unwrap();
    world.ack("web/page/a").unwrap();
    assert_eq!(world.tell("web/page/a", 310), [""; 0], "the same class");
    assert_eq!(world.tell("web/page/a", 500), ["ack web/page/a", "ack web/page"]);
    world.ack("web/page").unwrap();
    assert_eq!(world.tell("web/page/a", 300), [""; 0], "better");
    assert_eq!(world.tell("web/page/a", 0), [""; 0]);
    assert_eq!(world.tell("web/page/a", 500), ["ack web/page"], "and worse again, unknown in between");
}

#[test]
fn an_acknowledgement_ends_when_another_member_fails() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.tell("web/page/b", 300);
    world.ack("web/page").unwrap();
    world.ack("node:shop").unwrap();
    assert_eq!(world.tell("web/page/b", 0), [""; 0]);
    assert_eq!(world.tell("web/page/b", 300), [""; 0], "one of those that failed, and was not up");
    assert_eq!(world.tell("web/page/b", 200), [""; 0]);
    assert_eq!(world.tell("web/page/b", 300), ["ack web/page"], "it was up in between");
    assert_eq!(world.tell("web/page/c", 300), [""; 0], "the node's member failed before");
    assert_eq!(world.tell("db/tcp/a", 300), ["ack node:shop"]);
}

#[test]
fn a_planned_member_that_fails_is_no_other_one_until_that_is_over() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.ack("web/page").unwrap();
    world.plan("web/page/b", true);
    world.plan("web/page/a", true);
    assert_eq!(world.tell("web/page/b", 300), [""; 0]);
    assert_eq!(world.plan("web/page/a", false), [""; 0], "it had failed before");
    assert_eq!(world.plan("web/page/b", false), ["ack web/page"]);
}

#[test]
fn acknowledged_targets_count_for_the_service_when_all_that_failed_are() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.tell("web/page/b", 300);
    world.ack("web/page/a").unwrap();
    assert!(!world.is_acked("web/page") && world.is_acked("web/page/a"));
    world.ack("web/page/b").unwrap();
    assert!(world.is_acked("web/page") && world.is_acked("node:shop") && world.is_acked("node:all"));
    assert_eq!(world.on(ActKind::Ack, "web/page"), None, "nobody acknowledged the service itself");
    world.tell("web/page/c", 300);
    assert!(!world.is_acked("web/page"));
    world.plan("web/page/c", true);
    assert!(world.is_acked("web/page"), "what is planned has not failed");
    world.tell("db/tcp/a", 300);
    assert!(world.is_acked("web/page") && !world.is_acked("node:shop"));
    world.ack("db/tcp").unwrap();
    assert!(world.is_acked("node:shop") && world.is_acked("db/tcp/a"), "an act covers what stands below");
    for host in ["a", "b"] {
        world.tell(&format!("web/page/{host}"), 0);
    }
    assert!(world.is_acked("web/page"), "the failure goes on");
    assert_eq!(world.undo(ActKind::Ack, "web/page"), Ok("web/page/a web/page/b".to_owned()));
    assert!(!world.is_acked("web/page"));
}

#[test]
fn muted_targets_count_for_the_service_alone() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.act_for(ActKind::Mute, "web/page/a", None).unwrap();
    assert!(world.is_muted("web/page") && !world.is_muted("node:shop"));
    world.tell("web/page/b", 300);
    assert!(!world.is_muted("web/page"));
}

#[test]
fn what_is_for_a_time_ends_then() {
    let mut world = World::new();
    world.tell("web/page/a", 300);
    world.act_for(ActKind::Ack, "web/page", Some(5000)).unwrap();
    world.act_for(ActKind::Mute, "web", Some(3000)).unwrap();
    assert!(world.due().is_empty());
    assert_eq!(world.acts.deadline(), Some(Millis(START + 4000)));
    world.ms += 3500;
    assert!(!world.is_muted("web/page"), "also before anybody was told");
    assert_eq!(world.due(), ["mute web"]);
    assert_eq!(world.journal()[&2].ended, Some(Millis(START + 4000)));
    world.ms += 10_000;
    assert_eq!(world.due(), ["ack web/page"]);
    assert_eq!(world.acts.deadline(), None);
}

#[test]
fn maintenance_may_be_to_come_or_past() {
    let mut world = World::new();
    let mut maint = |since: i64, until: Option<i64>| {
        let (who, text) = ("root".to_owned(), "new\nracks".to_owned());
        let (since, until) = (Millis(START + since), until.map(|until| Millis(START + until)));
        let wish = Wish { kind: ActKind::Maint, name: "db".to_owned(), who, since, until, text };
        let known = Known { fleet: &world.fleet, levels: &NoLevels };
        world.acts.act(wish, known, Millis(START), &mut world.entries)
    };
    assert_eq!(maint(5000, Some(5000)), Err("db: this would end before it begins".to_owned()));
    maint(-9000, Some(-1000)).unwrap();
    maint(5000, Some(9000)).unwrap();
    let journal = world.journal();
    assert_eq!(journal[&1].ended, Some(Millis(START - 1000)), "for availability alone");
    assert_eq!((journal[&2].ended, journal[&2].text.contains('\n')), (None, false));
    let windows: Vec<Window> = world.acts.windows().collect();
    assert_eq!(windows.len(), 1);
    assert_eq!(windows[0].of, [Pattern::parse("db").unwrap()]);
    assert_eq!(world.on(ActKind::Maint, "db/tcp/a"), None);
    assert_eq!(world.acts.deadline(), Some(Millis(START + 5000)));
    world.ms = 5000;
    assert!(world.due().is_empty());
    assert_eq!(world.on(ActKind::Maint, "db/tcp/a"), Some("db"));
    assert_eq!(world.acts.deadline(), Some(Millis(START + 9000)));
}

#[test]
fn acts_survive_a_kill_and_what_ended_meanwhile_is_over() {
    let mut world = World::new();
    for target in ["web/page/a", "web/tcp/a", "db/tcp/a"] {
        world.tell(target, 300);
    }
    world.ack("web").unwrap();
    world.act_for(ActKind::Ack, "db/tcp", Some(1500)).unwrap();
    assert_eq!(world.restart(), [""; 0]);
    assert!(world.is_acked("web/page") && world.is_acked("db/tcp"));
    // Nobody saw these.
    let unseen = std::mem::replace(&mut world.acts, Acts::new(Vec::new(), 0));
    world.tell("web/page/a", 200);
    for host in ["b", "c"] {
        world.tell(&format!("web/page/{host}"), 200);
    }
    world.tell("web/page/a", 300);
    drop(unseen);
    assert_eq!(world.restart(), ["ack web/page"], "that is another failure");
    assert_eq!(world.due(), ["ack db/tcp"]);
    assert!(world.is_acked("web/tcp"));
    assert_eq!(world.tell("web/tcp/b", 300), ["ack web/tcp"]);
}

#[test]
fn an_acknowledgement_stays_when_who_was_planned_in_a_restart_comes_back() {
    let mut world = World::new();
    for host in ["a", "b", "c"] {
        world.tell(&format!("web/page/{host}"), 300);
    }
    world.plan("web/page/c", true);
    world.ack("web/page").unwrap();
    world.ack("node:shop").unwrap();
    for host in ["a", "b"] {
        world.plan(&format!("web/page/{host}"), true);
    }
    assert_eq!(world.restart(), [""; 0]);
    for host in ["a", "b"] {
        assert_eq!(world.plan(&format!("web/page/{host}"), false), [""; 0], "it had failed before");
    }
    assert!(world.is_acked("web/page") && world.is_acked("node:shop"));
    assert_eq!(
        world.plan("web/page/c", false),
        ["ack web/page"],
        "it was planned when somebody acknowledged"
    );
    assert!(world.is_acked("node:shop"), "its member had failed");
    // Maintenance by command tells the same.
    world.ack("web/page").unwrap();
    world.ms += 1000;
    world.act_for(ActKind::Maint, "web/page/a", None).unwrap();
    world.plan("web/page/a", true);
    assert_eq!(world.restart(), [""; 0]);
    assert_eq!(world.plan("web/page/a", false), [""; 0]);
}

#[test]
fn an_acknowledgement_stays_when_the_canary_comes_back_after_a_restart() {
    let mut world = World::new();
    for (host, code) in [("a", 500), ("b", 300), ("c", 200)] {
        world.tell(&format!("web/page/{host}"), code);
    }
    world.ack("web/page").unwrap();
    world.ack("web/page/a").unwrap();
    for host in ["a", "b", "c"] {
        world.tell(&format!("web/page/{host}"), 0);
    }
    assert_eq!(world.restart(), [""; 0]);
    assert_eq!(world.tell("web/page/b", 300), [""; 0]);
    assert_eq!(world.tell("web/page/a", 500), [""; 0], "it may have been as bad before");
    assert_eq!(world.tell("web/page/c", 300), ["ack web/page"], "it was up");
}

#[test]
fn of_two_that_were_kept_the_later_one_counts() {
    let mut world = World::new();
    let act = |id, who: &str| Act {
        id,
        kind: ActKind::Mute,
        name: "web".to_owned(),
        who: who.to_owned(),
        at: Millis(START),
        since: Millis(START),
        until: None,
        text: String::new(),
        ended: None,
        ended_by: None,
    };
    world.acts = Acts::new(vec![act(3, "alice"), act(7, "bob")], 9);
    let known = Known { fleet: &world.fleet, levels: &NoLevels };
    world.acts.look(known, &|_| None, Millis(START + 5), &mut world.entries);
    assert_eq!(world.entries, [Entry::ActEnded { id: 3, at: Millis(START + 5), by: None }]);
    assert_eq!(world.acts.all().map(|act| act.who.as_str()).collect::<Vec<_>>(), ["bob"]);
    world.entries.clear();
    world.act_for(ActKind::Mute, "db", None).unwrap();
    assert!(matches!(&world.entries[..], [Entry::Act(act)] if act.id == 10), "numbers are never given twice");
}

#[test]
fn whoever_stands_above_is_concerned() {
    let world = World::new();
    let concerned = |on: &str| {
        let mut names: Vec<String> = world.known().concerned(on).iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(concerned("db/tcp/a"), "db/tcp node:all node:shop");
    assert_eq!(concerned("web"), "node:all node:shop web/page web/tcp");
    assert_eq!(concerned("slo:shop"), "slo:shop");
    assert_eq!(concerned("web/tcp/a"), "web/tcp");
}

/// `slo:shop`, which stands there.
struct OneLevel(Standing);

impl LevelStandings for OneLevel {
    fn level(&self, name: &ObjectName) -> Option<(&Standing, Millis)> {
        (name.as_str() == "slo:shop").then_some((&self.0, Millis(0)))
    }
}

#[test]
fn no_work_is_planned_on_a_level() {
    let world = World::new();
    let (mut acts, mut entries) = (Acts::new(Vec::new(), 0), Vec::new());
    let levels = OneLevel(Standing::default());
    let known = Known { fleet: &world.fleet, levels: &levels };
    let mut act = |kind| {
        let (name, who, text) = ("slo:shop".to_owned(), String::new(), String::new());
        let wish = Wish { kind, name, who, since: Millis(START), until: None, text };
        acts.act(wish, known, Millis(START), &mut entries)
    };
    assert!(act(ActKind::Maint).unwrap_err().contains("no work is planned on a level"));
    assert!(act(ActKind::Mute).is_ok());
}

#[test]
fn a_level_is_acknowledged_while_it_is_ko() {
    let world = World::new();
    let (mut acts, mut entries) = (Acts::new(Vec::new(), 0), Vec::new());
    let [ok, ko] = [State::Ok, State::Ko].map(|state| Standing { state, ..Standing::default() });
    let mut act = |standing: &Standing, acts: &mut Acts| {
        let levels = OneLevel(standing.clone());
        let wish = Wish {
            kind: ActKind::Ack,
            name: "slo:shop".to_owned(),
            who: String::new(),
            since: Millis(START),
            until: None,
            text: String::new(),
        };
        let known = Known { fleet: &world.fleet, levels: &levels };
        let took = acts.act(wish, known, Millis(START), &mut entries);
        (took, acts.observe(&name("slo:shop"), known, Millis(START), &mut entries).len())
    };
    assert!(act(&ok, &mut acts).0.is_err());
    assert_eq!(act(&ko, &mut acts), (Ok(vec!["slo:shop".to_owned()]), 0));
    let (error, ended) = act(&ok, &mut acts);
    assert!(error.is_err() && ended == 1);
}
