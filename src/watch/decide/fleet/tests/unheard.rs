//! Who is not known yet, or not for a while: since nobody asked, since it is us, or since it goes up and down.

use super::kills::remember;
use super::*;

#[test]
fn what_was_reported_stands_again_when_a_canary_answers() {
    let nightly = service("nightly", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
    let settings = file(vec![group("backup", &["a", "b", "c"], vec![nightly])], Vec::new(), true);
    let mut fleet = start(&settings);
    let mut changes = Changes::default();
    let report = |fleet: &mut Fleet, host: &str, code: u16, ms: i64| {
        let (host, code) = (ObjectName::target("backup", "nightly", host), Code::new(code).unwrap());
        fleet
            .report(&host, Report { code, period: None, text: "told" }, at(ms), &mut Changes::default())
            .unwrap();
    };
    report(&mut fleet, "a", 210, 100);
    report(&mut fleet, "b", 500, 100);
    for ms in [1000, 2000] {
        assert!(fleet.start_canary(at(ms)));
        fleet.canary(CanaryResult::Silent, at(ms).boot, at(ms + 500), &mut changes);
    }
    let stands = |fleet: &Fleet| -> Vec<(Option<u16>, String)> {
        let standing = fleet.targets().map(|target| target.standing);
        standing.map(|one| (one.code.map(Code::number), one.reason.to_string())).collect()
    };
    assert!(stands(&fleet).iter().all(|(code, reason)| code.is_none() && reason == "no canary answers"));
    // A report decides at once, and beats an earlier one.
    report(&mut fleet, "b", 300, 3000);
    assert_eq!(stands(&fleet)[1], (Some(300), "told".to_owned()));
    let mut kept = Kept { objects: kept(&fleet), ..Kept::default() };
    kept.is_canary_lost = true;
    let killed = Fleet::new(&settings, &kept, at(3500), &mut Changes::default());
    for (mut fleet, words) in [(fleet, "told"), (killed, "as it was reported last")] {
        assert!(fleet.start_canary(at(4000)));
        changes.clear();
        fleet.canary(CanaryResult::Answered, at(4000).boot, at(4001), &mut changes);
        let unknown = (None, "no canary answers".to_owned());
        assert_eq!(stands(&fleet), [(Some(210), words.to_owned()), (Some(300), "told".to_owned()), unknown]);
        assert_eq!(changes.transitions[0].name, name("backup/nightly/a"));
        fleet.expire(at(60_000), &mut changes);
        assert_eq!(stands(&fleet)[0].0, Some(210), "the promise runs anew");
    }
}

#[test]
fn a_failure_that_began_while_it_flapped_is_known_as_such_after_a_restart() {
    let nightly = service("nightly", Probe::Report(Duration::from_secs(90_000)), Rule::All, &[]);
    let settings = file(vec![group("backup", &["a"], vec![nightly])], Vec::new(), false);
    let mut fleet = start(&settings);
    let mut kept = Kept::default();
    // It flaps from the fourth on; the last one comes within the same millisecond.
    for (code, ms) in [(300, 1000), (200, 2000), (300, 3000), (200, 4000), (300, 4000)] {
        let report = Report { code: Code::new(code).unwrap(), period: None, text: "" };
        let mut changes = Changes::default();
        fleet.report(&name("backup/nightly/a"), report, at(ms), &mut changes).unwrap();
        remember(&mut kept, &changes);
    }
    let killed = Fleet::new(&settings, &kept, at(6000), &mut Changes::default());
    for fleet in [&fleet, &killed] {
        let view = fleet.services().next().unwrap();
        assert_eq!(view.flapping_since, Some(Millis(START + 3999)));
        assert_eq!(view.failing_since, Some(Millis(START + 4000)));
    }
}

#[test]
fn who_is_but_for_unknown_members_alone_is_in_doubt() {
    let web = group("web", &["a", "b", "c"], vec![tcp("tcp", Rule::Count(2), &[])]);
    let nodes = vec![
        node("shop", &["web/*"], Rule::All, false),
        node("town", &["node:shop", "web/tcp/a"], Rule::All, false),
        node("calm", &["web/tcp/*"], Rule::Any, true),
    ];
    let mut fleet = start(&file(vec![web], nodes, false));
    let names = ["web/tcp", "node:shop", "node:town", "node:calm"];
    let in_doubt = |fleet: &Fleet| -> Vec<&str> {
        let is_so = |text: &&str| fleet.is_in_doubt(fleet.find(&name(text)).unwrap());
        names.into_iter().filter(is_so).collect()
    };
    assert!(in_doubt(&fleet).is_empty(), "nothing is but yet");
    tell(&mut fleet, "web/tcp/a", 200, 1000);
    tell(&mut fleet, "web/tcp/b", 200, 1001);
    assert_eq!(in_doubt(&fleet), names);
    tell(&mut fleet, "web/tcp/a", 210, 2000);
    assert_eq!(in_doubt(&fleet), ["node:calm"], "a member is but, and that counts");
    tell(&mut fleet, "web/tcp/a", 200, 3000);
    assert_eq!(in_doubt(&fleet), names);
    tell(&mut fleet, "web/tcp/c", 300, 4000);
    assert!(in_doubt(&fleet).is_empty(), "one is down");
}

#[test]
fn who_is_known_at_last_makes_nothing_flap() {
    let of = |hosts: &[&str]| {
        let web = group("web", hosts, vec![tcp("tcp", Rule::Count(2), &[])]);
        file(vec![web], vec![node("shop", &["web/*"], Rule::All, false)], false)
    };
    let changes_of = |fleet: &Fleet| {
        ["web/tcp", "node:shop"]
            .map(|one| fleet.kept(fleet.find(&name(one)).unwrap()).unwrap().above.changes.len())
    };
    let mut fleet = start(&of(&["a", "b", "c"]));
    for (host, ms) in [("web/tcp/a", 1000), ("web/tcp/b", 1100), ("web/tcp/c", 1700)] {
        tell(&mut fleet, host, 200, ms);
    }
    let mut changes = Changes::default();
    fleet.reload(&of(&["a", "b", "c", "d"]), at(2000), &mut changes);
    assert_eq!(lines(&changes)[0], "web/tcp: ok -> but (1 of 4 unknown: d), was ok for 300ms");
    assert_eq!(tell(&mut fleet, "web/tcp/d", 210, 2500).len(), 1);
    assert_eq!(changes_of(&fleet), [0, 0]);
    tell(&mut fleet, "web/tcp/d", 200, 3000);
    assert_eq!(changes_of(&fleet), [1, 1], "it was known by then");
    let mut fleet = start(&of(&["a", "b"]));
    tell(&mut fleet, "web/tcp/a", 300, 1000);
    assert_eq!(changes_of(&fleet), [1, 1], "a failure counts");
}
