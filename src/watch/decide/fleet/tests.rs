//! What each sentence of the contract means, one by one.

mod kills;
mod unheard;

use super::rows::Row;
use super::*;
use crate::config::{Probe, Service};
use crate::decide::canary::CanaryResult;
use crate::decide::changes::{Keep, KeptObject, Note};
use crate::decide::simulation::settings::{file, group, node, service};
use crate::probe::outcome::Outcome;
use oco::logic::code::Code;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use oco_fleet::tree::Rule;
use proptest::prelude::*;
use std::time::Duration;

const START: i64 = 1_800_000_000_000;

/// So many milliseconds after the start.
fn at(ms: i64) -> Now {
    Now { wall: Nanos((START + ms) * 1_000_000), boot: Nanos((7_000 + ms) * 1_000_000) }
}

fn name(name: &str) -> ObjectName {
    ObjectName::parse(name).unwrap()
}

fn start(settings: &Settings) -> Fleet {
    let mut changes = Changes::default();
    let fleet = Fleet::new(settings, &Kept::default(), at(0), &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    fleet
}

fn tcp(service_name: &str, need: Rule, depends: &[&str]) -> Service {
    service(service_name, Probe::Tcp { port: Some(1) }, need, depends)
}

/// A result of a target at `ms`, of a probe that began just before.
fn tell(fleet: &mut Fleet, target: &str, code: u16, ms: i64) -> Vec<String> {
    let Some(MemberId::Target(id)) = fleet.find(&name(target)) else { panic!("{target}") };
    let mut changes = Changes::default();
    let outcome = match Code::new(code) {
        Some(code) => Outcome::Told { code, reason: if code.verdict().is_up() { "" } else { "refused" } },
        None => Outcome::Own { reason: "no descriptors" },
    };
    fleet.outcome(id, outcome, at(ms - 1).boot, at(ms), &mut changes);
    lines(&changes)
}

fn lines(changes: &Changes) -> Vec<String> {
    changes.transitions.iter().map(ToString::to_string).collect()
}

#[test]
fn a_transition_goes_up_in_one_call() {
    let settings = file(
        vec![group("web", &["a", "b"], vec![tcp("tcp", Rule::Any, &[])])],
        vec![node("shop", &["web/*"], Rule::All, true)],
        false,
    );
    let mut fleet = start(&settings);
    tell(&mut fleet, "web/tcp/a", 200, 1000);
    assert_eq!(
        tell(&mut fleet, "web/tcp/b", 200, 1001),
        ["web/tcp/b: unknown -> ok", "web/tcp: but -> ok, was but for 1ms"],
        "a node that ignores but was ok already"
    );
    for (ms, expected) in [(2000, 0), (3000, 0)] {
        assert_eq!(tell(&mut fleet, "web/tcp/a", 500, ms).len(), expected);
    }
    assert_eq!(
        tell(&mut fleet, "web/tcp/a", 500, 4000),
        [
            "web/tcp/a: ok -> ko (refused), 3 of 3 probes, was ok for 3s",
            "web/tcp: ok -> but (1 of 2 down: a (refused)), was ok for 2s",
        ]
    );
    let Some(MemberId::Service(id)) = fleet.find(&name("web/tcp")) else { panic!() };
    let view = fleet.service(id).unwrap();
    assert_eq!((view.need, view.up, view.of, view.failing_since), (1, 1, 2, None));
    for ms in [5000, 6000] {
        assert!(tell(&mut fleet, "web/tcp/b", 300, ms).is_empty());
    }
    assert_eq!(
        tell(&mut fleet, "web/tcp/b", 300, 7000)[1..],
        [
            "web/tcp: but -> ko (2 of 2 down: a (refused), b (refused)), was but for 3s",
            "node:shop: ok -> ko (1 of 1 down: web/tcp (2 of 2 down: a (refused), b (refused))), was ok for 6s",
        ]
    );
    let Some(MemberId::Service(id)) = fleet.find(&name("web/tcp")) else { panic!() };
    let view = fleet.service(id).unwrap();
    assert_eq!(view.standing.code.map(Code::number), Some(550));
    assert_eq!(view.failing_since, Some(Millis(START + 7000)));
}

#[test]
fn a_ko_waits_for_a_canary_that_was_asked_after_the_failure() {
    let settings = file(vec![group("web", &["a"], vec![tcp("tcp", Rule::All, &[])])], Vec::new(), true);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    assert!(fleet.start_canary(at(0)));
    assert!(tell(&mut fleet, "web/tcp/a", 300, 800).is_empty());
    fleet.canary(CanaryResult::Answered, at(0).boot, at(900), &mut changes);
    assert!(changes.is_empty(), "that one was asked before the failure");
    assert!(tell(&mut fleet, "web/tcp/a", 300, 1000).is_empty());
    assert!(fleet.deadline().unwrap() <= at(1000).boot && fleet.start_canary(at(1000)));
    fleet.canary(CanaryResult::Own, at(1000).boot, at(1001), &mut changes);
    assert!(changes.transitions.is_empty(), "our own failure proves nothing");
    let target = fleet.targets().next().unwrap();
    assert_eq!(&*target.standing.reason, "refused, and no canary can be asked", "but it is told");
    assert!(!fleet.start_canary(at(1500)) && fleet.start_canary(at(2000)));
    fleet.canary(CanaryResult::Answered, at(2000).boot, at(2001), &mut changes);
    assert_eq!(lines(&changes)[0], "web/tcp/a: unknown -> ko (refused)");
    // What succeeds meanwhile was no ko.
    let mut fleet = start(&settings);
    changes.clear();
    assert!(tell(&mut fleet, "web/tcp/a", 300, 1000).is_empty());
    assert_eq!(tell(&mut fleet, "web/tcp/a", 200, 1001).len(), 2);
    assert!(fleet.start_canary(at(1002)));
    fleet.canary(CanaryResult::Answered, at(1002).boot, at(1003), &mut changes);
    assert!(changes.is_empty());
}

#[test]
fn who_fails_while_no_canary_can_be_asked_is_not_ok_for_longer_than_the_longest_silence() {
    let nightly = service("nightly", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
    let groups =
        vec![group("web", &["a"], vec![tcp("tcp", Rule::All, &[])]), group("backup", &["b"], vec![nightly])];
    let settings = file(groups, Vec::new(), true);
    for ends_with in [200, 300] {
        let mut fleet = start(&settings);
        let mut changes = Changes::default();
        tell(&mut fleet, "web/tcp/a", 200, 100);
        let report = Report { code: Code::OK, period: None, text: "" };
        fleet.report(&name("backup/nightly/b"), report, at(100), &mut Changes::default()).unwrap();
        let mut unknown = Vec::new();
        for ms in (10_000..130_000).step_by(10_000) {
            tell(&mut fleet, "web/tcp/a", 300, ms);
            fleet.expire(at(ms), &mut changes);
            if fleet.start_canary(at(ms)) {
                fleet.canary(CanaryResult::Own, at(ms).boot, at(ms), &mut changes);
            }
            let of_targets = lines(&changes).into_iter().filter(|line| line.matches('/').count() == 2);
            unknown.extend(of_targets.map(|line| (ms / 1000, line)));
            changes.clear();
        }
        assert_eq!(
            unknown,
            [(
                50,
                "web/tcp/a: ok -> unknown (refused, and no canary can be asked), was ok for 49s".to_owned()
            )],
            "what was reported stands"
        );
        assert!(fleet.is_canary_hampered());
        if ends_with == 200 {
            assert_eq!(tell(&mut fleet, "web/tcp/a", 200, 131_000)[0], "web/tcp/a: unknown -> ok");
        }
        assert!(fleet.start_canary(at(132_000)));
        fleet.canary(CanaryResult::Answered, at(132_000).boot, at(132_001), &mut changes);
        let (told, expected) = (lines(&changes).join("\n"), "web/tcp/a: unknown -> ko (refused)");
        assert_eq!(told.contains(expected), ends_with == 300, "{told}");
        assert!(told.contains("backup/nightly/b: ok -> ko (silent for 1m)"), "{told}");
    }
}

#[test]
fn when_no_canary_answers_every_target_is_unknown_and_stays_so() {
    let settings = file(vec![group("web", &["a"], vec![tcp("tcp", Rule::All, &[])])], Vec::new(), true);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    tell(&mut fleet, "web/tcp/a", 200, 100);
    for ms in [1000, 2000] {
        assert!(fleet.start_canary(at(ms)));
        fleet.canary(CanaryResult::Silent, at(ms).boot, at(ms + 500), &mut changes);
    }
    assert_eq!(changes.notes, [Note::CanaryLost]);
    assert_eq!(
        lines(&changes),
        [
            "web/tcp/a: ok -> unknown (no canary answers), was ok for 2s",
            "web/tcp: ok -> unknown (1 of 1 unknown: a (no canary answers)), was ok for 2s",
        ]
    );
    for (code, ms) in [(200, 3000), (300, 4000), (300, 5000), (300, 6000), (0, 7000)] {
        assert!(tell(&mut fleet, "web/tcp/a", code, ms).is_empty());
    }
    assert!(fleet.start_canary(at(8000)));
    changes.clear();
    fleet.canary(CanaryResult::Answered, at(8000).boot, at(8001), &mut changes);
    assert_eq!((changes.notes.as_slice(), changes.transitions.len()), (&[Note::CanaryBack][..], 0));
    assert_eq!(fleet.heard_since(), Millis(START + 8001));
    let kept = Kept { objects: kept(&fleet), ..Kept::default() };
    let killed = Fleet::new(&settings, &kept, at(8500), &mut changes);
    assert_eq!(killed.heard_since(), Millis(START + 8500), "the targets have not been asked since");
    assert!(tell(&mut fleet, "web/tcp/a", 300, 9000).is_empty(), "failures count from now on");
    assert_eq!(tell(&mut fleet, "web/tcp/a", 200, 9500)[0], "web/tcp/a: unknown -> ok");
}

#[test]
fn silence_is_dated_at_the_moment_when_the_promise_broke() {
    let nightly = service("nightly", Probe::Report(Duration::from_secs(90_000)), Rule::All, &[]);
    let mut fleet = start(&file(vec![group("backup", &["a"], vec![nightly])], Vec::new(), false));
    let mut changes = Changes::default();
    let report = Report { code: Code::OK, period: Some(Duration::from_secs(60)), text: "done\n" };
    fleet.report(&name("backup/nightly/a"), report, at(1000), &mut changes).unwrap();
    assert_eq!(lines(&changes)[0], "backup/nightly/a: unknown -> ok (done?)");
    changes.clear();
    assert_eq!(fleet.deadline(), Some(at(73_000).boot));
    fleet.expire(at(72_999), &mut changes);
    assert!(changes.is_empty());
    fleet.expire(at(80_000), &mut changes);
    assert_eq!(
        lines(&changes),
        [
            "backup/nightly/a: ok -> ko (silent for 1m 12s), was ok for 1m 12s",
            "backup/nightly: ok -> ko (1 of 1 down: a (silent for 1m 12s)), was ok for 1m 12s",
        ]
    );
    assert!(changes.transitions.iter().all(|transition| transition.at == Millis(START + 73_000)));
    assert_eq!(fleet.deadline(), None);
    // After a start the promise runs anew.
    let kept = Kept { objects: kept(&fleet), ..Kept::default() };
    changes.clear();
    let nightly = service("nightly", Probe::Report(Duration::from_secs(90_000)), Rule::All, &[]);
    let settings = file(vec![group("backup", &["a"], vec![nightly])], Vec::new(), false);
    let fleet = Fleet::new(&settings, &kept, at(100_000), &mut changes);
    assert!(changes.is_empty());
    assert_eq!(fleet.deadline(), Some(at(172_000).boot));
}

fn kept(fleet: &Fleet) -> HashMap<ObjectName, KeptObject> {
    let targets = fleet.targets().map(|view| (view.name.clone(), MemberId::Target(view.id)));
    let services = fleet.services().map(|view| (view.name.clone(), MemberId::Service(view.id)));
    targets.chain(services).map(|(name, member)| (name, fleet.kept(member).unwrap())).collect()
}

#[test]
fn who_reports_is_taken_in_where_the_group_says_so() {
    let mut push = group("push", &[], vec![tcp("probed", Rule::All, &[])]);
    push.accept_reports = true;
    let groups = vec![push, group("web", &["a"], vec![tcp("tcp", Rule::All, &[])])];
    let settings = file(groups, vec![node("all", &["push/*"], Rule::All, false)], false);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    let report = Report { code: Code::OK, period: None, text: "" };
    for (who, error) in [
        ("web/tcp/a", "web/tcp/a: its service is probed, and takes no reports"),
        ("push/probed/a", "push/probed/a: its service is probed, and takes no reports"),
        ("web/load/a", "web/load/a: not known, and its group does not accept reports"),
        ("push/load", "push/load: expected a target, GROUP/SERVICE/HOST"),
    ] {
        let result = fleet.report(&name(who), report, at(1000), &mut changes);
        assert_eq!(result.unwrap_err().to_string(), error);
    }
    assert!(changes.is_empty());
    fleet.report(&name("push/load/x%2Fy"), report, at(1000), &mut changes).unwrap();
    assert_eq!(
        lines(&changes),
        ["push/load/x%2Fy: unknown -> ok", "push/load: unknown -> ok"],
        "the node waits for push/probed"
    );
    changes.clear();
    fleet.reload(&settings, at(2000), &mut changes);
    assert!(changes.is_empty() && fleet.find(&name("push/load/x%2Fy")).is_some());
    fleet.forget(&name("push/load/x%2Fy"), at(3000), &mut changes).unwrap();
    assert_eq!(changes.ended, [name("push/load/x%2Fy"), name("push/load")]);
    assert!(fleet.forget(&name("push/load"), at(3000), &mut changes).is_err());
    assert!(fleet.forget(&name("web/tcp/a"), at(3000), &mut changes).is_err());
}

#[test]
fn a_whole_group_is_forgotten_as_far_as_it_only_reported() {
    let nightly = service("nightly", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
    let mut push = group("push", &["a"], vec![nightly]);
    push.accept_reports = true;
    let settings = file(vec![push], vec![], false);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    assert!(fleet.forget_group("push", at(1000), &mut changes).is_empty());
    let report = Report { code: Code::OK, period: None, text: "" };
    for who in ["push/nightly/a", "push/nightly/b", "push/load/b", "push/load/c", "push/disk/b"] {
        fleet.report(&name(who), report, at(1000), &mut changes).unwrap();
    }
    let took = fleet.forget_group("push", at(2000), &mut changes);
    assert_eq!(took, [name("push/nightly"), name("push/load"), name("push/disk")]);
    let left: Vec<&str> = fleet.targets().map(|target| target.name.as_str()).collect();
    assert_eq!(left, ["push/nightly/a"], "what stands in the file stays");
    assert!(fleet.forget_group("push", at(3000), &mut changes).is_empty());
}

#[test]
fn a_service_that_somebody_speaks_of_is_met_where_the_group_says_so() {
    let mut push = group("push", &[], vec![]);
    push.accept_reports = true;
    let settings = file(vec![push, group("web", &["a"], vec![tcp("tcp", Rule::All, &[])])], vec![], false);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    for who in ["web/load", "web/tcp", "push/load/h1", "node:push", "other/load"] {
        fleet.meet(&name(who), at(1000), &mut changes);
    }
    assert!(changes.is_empty() && fleet.services().count() == 1);
    fleet.meet(&name("push/load"), at(1000), &mut changes);
    fleet.meet(&name("push/load"), at(1000), &mut changes);
    assert!(lines(&changes).is_empty() && fleet.services().count() == 2, "it was unknown before");
    let report = Report { code: Code::OK, period: None, text: "" };
    fleet.report(&name("push/load/h1"), report, at(2000), &mut changes).unwrap();
    assert_eq!(lines(&changes), ["push/load/h1: unknown -> ok", "push/load: unknown -> ok"]);
    changes.clear();
    fleet.meet(&name("push/disk"), at(3000), &mut changes);
    assert!(matches!(&changes.keep[..], [Keep::Met(of, _)] if *of == name("push/disk")), "{changes:?}");
    changes.clear();
    // It stays over a reload, and over a start with what was kept.
    fleet.reload(&settings, at(3500), &mut changes);
    assert!(changes.ended.is_empty() && fleet.find(&name("push/disk")).is_some(), "{changes:?}");
    let mut kept = Kept::default();
    for (who, is_met) in [("push/met", true), ("push/former", false), ("web/met", true)] {
        kept.objects.insert(name(who), KeptObject { is_met, ..KeptObject::default() });
    }
    let mut again = Fleet::new(&settings, &kept, at(1000), &mut changes);
    assert!(again.find(&name("push/met")).is_some());
    assert_eq!(changes.ended, [name("push/former"), name("web/met")]);
    changes.clear();
    again.forget(&name("push/met"), at(2000), &mut changes).unwrap();
    assert_eq!(changes.ended, [name("push/met")]);
    changes.clear();
    fleet.forget(&name("push/disk"), at(4000), &mut changes).unwrap();
    assert_eq!(changes.ended, [name("push/disk")]);
    assert!(fleet.find(&name("push/disk")).is_none());
}

#[test]
fn a_dependency_is_asked_at_once_and_named() {
    for dependency in ["gateway/ping", "gateway/ping/g", "node:network"] {
        fail_with(dependency);
    }
}

fn fail_with(dependency: &str) {
    let groups = vec![
        group("web", &["a"], vec![tcp("tcp", Rule::All, &[dependency])]),
        group("gateway", &["g"], vec![service("ping", Probe::Ping, Rule::All, &[])]),
    ];
    let nodes = vec![node("network", &["gateway/*"], Rule::All, false)];
    let mut fleet = start(&file(groups, nodes, false));
    let Some(MemberId::Service(web)) = fleet.find(&name("web/tcp")) else { panic!() };
    let Some(MemberId::Target(gateway)) = fleet.find(&name("gateway/ping/g")) else { panic!() };
    // Both have had their turn.
    for ms in (5..20_000).step_by(5) {
        let mut started = Vec::new();
        fleet.due(at(ms), &mut |target| {
            started.push(target);
            true
        });
        for target in started {
            let outcome = Outcome::Told { code: Code::OK, reason: "" };
            fleet.outcome(target, outcome, at(ms).boot, at(ms), &mut Changes::default());
        }
    }
    assert_eq!(fleet.dependency(web), Dependency::Clear);
    tell(&mut fleet, "web/tcp/a", 300, 20_000);
    assert_eq!(fleet.dependency(web), Dependency::Awaited);
    let mut started = Vec::new();
    fleet.due(at(21_000), &mut |target| {
        started.push(target);
        true
    });
    assert!(started.contains(&gateway));
    for ms in [21_001, 23_000, 25_000] {
        assert_eq!(fleet.dependency(web), Dependency::Awaited);
        tell(&mut fleet, "gateway/ping/g", 300, ms);
    }
    assert_eq!(fleet.dependency(web), Dependency::Ko(&name(dependency)));
    tell(&mut fleet, "web/tcp/a", 300, 25_001);
    let line = tell(&mut fleet, "web/tcp/a", 300, 25_002).remove(0);
    assert!(line.starts_with("web/tcp/a: ok -> ko (refused), 3 of 3 probes, was ok for "), "{line}");
    assert!(line.ends_with(&format!(", while {dependency}")), "{line}");
}

#[test]
fn maintenance_of_a_service_is_that_of_its_targets() {
    let settings = file(
        vec![group("web", &["a", "b"], vec![tcp("tcp", Rule::All, &[])])],
        vec![node("shop", &["web/tcp/a", "web/tcp/b"], Rule::All, false)],
        false,
    );
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    assert!(fleet.set_planned(&name("web/tcp"), true, at(10), &mut changes));
    assert_eq!(
        lines(&changes),
        [
            "web/tcp/a: unknown -> unknown maint",
            "web/tcp/b: unknown -> unknown maint",
            "web/tcp: unknown -> unknown maint (2 of 2 unknown: a, b)"
        ]
    );
    assert_eq!(
        tell(&mut fleet, "web/tcp/a", 300, 1000),
        [
            "web/tcp/a: unknown maint -> ko maint (refused)",
            "web/tcp: unknown maint -> ko maint (1 of 2 down, 1 unknown: a (refused), b)",
            "node:shop: unknown -> ko maint (1 of 2 down, 1 unknown: web/tcp/a (refused), web/tcp/b)",
        ]
    );
    changes.clear();
    assert!(!fleet.set_planned(&name("web/none"), true, at(10), &mut changes) && changes.is_empty());
}

#[test]
fn our_own_failures_are_one_line_an_episode() {
    let settings = file(vec![group("web", &["a", "b"], vec![tcp("tcp", Rule::All, &[])])], Vec::new(), false);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    for (ms, target) in [(1000, "web/tcp/a"), (1001, "web/tcp/b"), (30_000, "web/tcp/a")] {
        let Some(MemberId::Target(id)) = fleet.find(&name(target)) else { panic!() };
        let outcome = Outcome::Own { reason: "no descriptors" };
        fleet.outcome(id, outcome, at(ms).boot, at(ms), &mut changes);
    }
    assert_eq!(changes.notes.len(), 1);
    changes.clear();
    fleet.expire(at(90_000), &mut changes);
    assert_eq!(changes.notes, [Note::OwnFailureOver { reason: "no descriptors".into(), failures: 3 }]);
}

#[test]
fn at_rest_nothing_is_kept_and_counts_are() {
    let settings = file(vec![group("web", &["a"], vec![tcp("tcp", Rule::All, &[])])], Vec::new(), false);
    let mut fleet = start(&settings);
    let Some(MemberId::Target(id)) = fleet.find(&name("web/tcp/a")) else { panic!() };
    let mut changes = Changes::default();
    let mut run = |code: Code, ms: i64| {
        changes.clear();
        fleet.outcome(id, Outcome::Told { code, reason: "" }, at(ms).boot, at(ms), &mut changes);
        changes.keep.iter().filter(|keep| matches!(keep, Keep::Target(..))).count()
    };
    let kept: Vec<usize> = [200, 200, 200, 300, 300, 300, 300, 300, 200, 200, 200]
        .into_iter()
        .zip(0..)
        .map(|(code, turn)| run(Code::new(code).unwrap(), turn * 10_000))
        .collect();
    assert_eq!(kept, [1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0]);
}

#[test]
fn twenty_thousand_targets_fail_in_a_service_at_the_price_of_each() {
    let names: Vec<String> = (0..20_000).map(|number| format!("h{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tcp = tcp("tcp", Rule::Percent(50), &[]);
    tcp.timing.fall = 1;
    let mut fleet = start(&file(vec![group("web", &names, vec![tcp])], Vec::new(), false));
    let mut changes = Changes::default();
    let ids: Vec<TargetId> = fleet.targets().map(|view| view.id).collect();
    for (code, ms) in [(Code::OK, 1000), (Code::KO, 2000)] {
        for id in &ids {
            fleet.outcome(*id, Outcome::Told { code, reason: "refused" }, at(ms).boot, at(ms), &mut changes);
        }
    }
    let of_service = changes.transitions.iter().filter(|transition| transition.name == name("web/tcp"));
    let states: Vec<State> = of_service.map(|transition| transition.new.state).collect();
    assert_eq!(states, [State::But, State::Ok, State::But, State::Ko]);
    assert!(size_of::<Option<Row>>() <= 184, "{}", size_of::<Option<Row>>());
}
