//! What a status tells of acts on those below.

use super::*;
use crate::config::Probe;
use crate::decide::acts::{Acts, Wish as ActWish};
use crate::decide::changes::{Changes, Kept};
use crate::decide::fleet::Report;
use crate::decide::known::{Known, NoLevels};
use crate::decide::simulation::settings;
use oco::logic::time::{Nanos, Now};
use oco_fleet::tree::Rule;
use std::time::Duration;

const NOW: Now = Now { wall: Nanos(1_800_000_000_000_000_000), boot: Nanos(50_000_000_000) };

/// web/oco over a, b and c, and node:shop of it. All of these fail.
fn fleet(failed: &[&str]) -> (Settings, Fleet) {
    let oco = settings::service("oco", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
    let groups = vec![settings::group("web", &["a", "b", "c"], vec![oco])];
    let nodes = vec![settings::node("shop", &["web/oco"], Rule::All, false)];
    let file = settings::file(groups, nodes, false);
    let mut changes = Changes::default();
    let mut fleet = Fleet::new(&file, &Kept::default(), NOW, &mut changes);
    for host in ["a", "b", "c"] {
        let code = Code::new(if failed.contains(&host) { 300 } else { 200 }).unwrap();
        let report = Report { code, period: None, text: "" };
        fleet.report(&ObjectName::target("web", "oco", host), report, NOW, &mut changes).unwrap();
    }
    (file, fleet)
}

/// What is told of the service and of the node.
fn told(file: &Settings, fleet: &Fleet, acts: &Acts, key: &str) -> [serde_json::Value; 2] {
    let at = Millis::of(NOW.wall);
    let on = |kind, name: &ObjectName| {
        acts.on(kind, name, at).map(|act| ActOn {
            who: act.who.clone(),
            at: act.since,
            until: act.until,
            text: act.text.clone(),
        })
    };
    let known = Known { fleet, levels: &NoLevels };
    let facts = Facts {
        fleet,
        settings: file,
        levels: &Levels::default(),
        address_of: &|_| None,
        acts_on: &|name| [on(ActKind::Ack, name), on(ActKind::Mute, name), on(ActKind::Maint, name)],
        is_covered: &|kind, name| match kind {
            ActKind::Ack => acts.is_acked(name, known, at),
            ActKind::Mute => acts.is_muted(name, known, at),
            ActKind::Maint => false,
        },
        now: at,
    };
    let (mut reply, mut octets) = (StatusReply::new(Wish::default(), &facts).unwrap(), Vec::new());
    while !reply.write(&facts, &mut octets) {}
    let status: serde_json::Value = serde_json::from_slice(&octets).unwrap();
    [status["services"][0][key].clone(), status["nodes"][0][key].clone()]
}

fn act(acts: &mut Acts, fleet: &Fleet, kind: ActKind, host: &str, minutes: Option<i64>) {
    let at = Millis::of(NOW.wall);
    let wish = ActWish {
        kind,
        name: format!("web/oco/{host}"),
        who: "ada".to_owned(),
        since: at,
        until: minutes.map(|minutes| Millis(at.0 + minutes * 60_000)),
        text: if host == "a" { "disk".to_owned() } else { String::new() },
    };
    acts.act(wish, Known { fleet, levels: &NoLevels }, at, &mut Vec::new()).unwrap();
}

#[test]
fn a_service_and_a_node_show_what_makes_them_planned() {
    let (file, mut fleet) = fleet(&["a"]);
    let mut acts = Acts::new(Vec::new(), 0);
    assert_eq!(told(&file, &fleet, &acts, "maint"), [serde_json::Value::Null, serde_json::Value::Null]);
    act(&mut acts, &fleet, ActKind::Maint, "a", Some(10));
    fleet.set_planned(&ObjectName::target("web", "oco", "a"), true, NOW, &mut Changes::default());
    let [service, node] = told(&file, &fleet, &acts, "maint");
    assert_eq!(service, node);
    let at = "2027-01-15T08:00:00Z";
    let expected = serde_json::json!({"who": "ada", "at": at, "until": "2027-01-15T08:10:00Z", "text": "by web/oco/a (disk)"});
    assert_eq!(service, expected);
}

#[test]
fn acknowledgements_and_mutes_of_all_that_failed_are_shown_above() {
    for (kind, key) in [(ActKind::Ack, "acked"), (ActKind::Mute, "muted")] {
        let (file, fleet) = fleet(&["a", "b"]);
        let mut acts = Acts::new(Vec::new(), 0);
        act(&mut acts, &fleet, kind, "a", Some(10));
        assert_eq!(told(&file, &fleet, &acts, key)[0], serde_json::Value::Null, "one of two");
        act(&mut acts, &fleet, kind, "b", Some(5));
        let [service, node] = told(&file, &fleet, &acts, key);
        assert_eq!((&service["who"], &service["until"]), (&"ada".into(), &"2027-01-15T08:05:00Z".into()));
        assert_eq!(service["text"], "by web/oco/a (disk), web/oco/b");
        assert_eq!(node == service, kind == ActKind::Ack, "a mute counts for the service alone");
    }
}
