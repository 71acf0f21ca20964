//! Availability, corrections and levels of a real watcher.

use crate::host::Host;
use crate::moment::{day, of_one_time};
use crate::scene::{Scene, parts, wait_for};
use crate::talk::ask;
use crate::watcher::Watcher;
use serde_json::Value;

/// One host under `web/oco`, probed fast, and these levels.
fn one_host(host: &Host, levels: &str) -> String {
    format!(
        "time-zone = \"UTC\"\n[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.web.service.oco]\nprobe = \"oco\"\n[node.shop]\nmembers = [\"web/oco\"]\n{levels}",
        host.address
    )
}

impl Scene {
    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.told(arguments);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    fn availability(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = ["availability", "--json"].iter().chain(arguments).copied().collect();
        self.json(&arguments)
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], why: &str) {
        let (status, said, complaint) = parts(&self.fleet(arguments).output().unwrap());
        assert_eq!((status, said.as_str()), (Some(3), ""), "{arguments:?}: {complaint}");
        assert!(complaint.contains(why), "{arguments:?}: {complaint}");
    }

    fn slo(&self) -> Value {
        self.status()["slos"][0].clone()
    }
}

/// A time of a reply in milliseconds.
fn millis(time: &Value) -> i64 {
    let time = humantime::parse_rfc3339(time.as_str().unwrap()).unwrap();
    i64::try_from(time.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// What stands in a reply; the parts have to sum to its time.
#[track_caller]
fn sums(reply: &Value) -> i64 {
    let keys = ["ok", "but", "ko", "unknown", "planned", "no_data"];
    let sum: i64 = keys.iter().map(|key| reply[*key].as_i64().unwrap()).sum();
    assert_eq!(sum, millis(&reply["to"]) - millis(&reply["from"]), "{reply}");
    sum
}

#[test]
fn an_availability_sums_exactly_to_its_time() {
    of_one_time(day, sum_an_availability);
}

fn sum_an_availability() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one_host(&host, ""));
    let _watcher = Watcher::start(&scene);
    scene.wait_for_words("node:shop", "ok");
    host.say("350 KO 300-x");
    scene.wait_for_words("node:shop", "ko");
    host.say("250 OK, but 201-y");
    scene.wait_for_words("node:shop", "but");
    for name in ["web/oco/a", "web/oco", "node:shop"] {
        // What happened a moment ago is in it.
        let reply = scene.availability(&[name]);
        sums(&reply);
        for key in ["ok", "ko", "but"] {
            assert!(reply[key].as_i64().is_some_and(|length| length > 0), "{key}: {reply}");
        }
        assert_eq!((&reply["version"], &reply["name"]), (&1.into(), &name.into()));
        assert_eq!((&reply["planned"], &reply["measured"]), (&0.into(), &reply["contractual"]));
        assert!(reply.get("target").is_none() && reply["measured"].as_f64().unwrap() < 100.0, "{reply}");
    }
    let hour = scene.availability(&["web/oco", "--from", "-1h"]);
    assert!(sums(&hour) >= 3_600_000 && hour["no_data"].as_i64().unwrap() > 3_000_000, "{hour}");
    let past = scene.availability(&["web/oco", "--from", "2026-01-01", "--to", "2026-01-02T00:00:00.001Z"]);
    assert_eq!((sums(&past), &past["no_data"]), (86_400_001, &86_400_001.into()));
    assert_eq!((&past["measured"], &past["contractual"]), (&Value::Null, &Value::Null));
    // What is not over ends now.
    let open = scene.availability(&["web/oco", "--from", "-1m", "--to", "2126-01-01"]);
    assert!(sums(&open) < 120_000, "{open}");
    for (arguments, why) in [
        (&["availability", "web/no"][..], "web/no: nothing is known by that name"),
        (&["availability", "slo:no"], "slo:no: nothing is known by that name"),
        (&["availability", "web"], "expected GROUP/SERVICE/HOST"),
        (&["availability", "web/oco", "--from", "2126-01-01"], "a time that has begun"),
        (&["availability", "web/oco", "--from", "-1h", "--to", "-2h"], "expected an end after its beginning"),
        (&["availability", "web/oco", "--to", "2020-01-01"], "the journal began after that"),
        (&["availability", "web/oco", "--from", "soon"], "soon"),
    ] {
        scene.refused(arguments, why);
    }
    let told = scene.told(&["availability", "node:shop"]);
    assert!(told.contains("contractual") && told.contains(" %"), "{told}");
}

#[test]
fn corrections_count_at_once_and_change_no_journal() {
    let host = Host::new("350 KO 300-x");
    let scene = Scene::new(&one_host(&host, ""));
    let mut watcher = Watcher::start(&scene);
    scene.wait_for_words("node:shop", "ko");
    assert_eq!(scene.told(&["adjustments"]), "no corrections\n");
    let (from, to) = ("2026-01-01T10:00:00Z", "2026-01-01T10:20:00Z");
    let of = |name: &'static str, state: &'static str, text: &'static str| {
        ["adjust", name, "--from", from, "--to", to, "--state", state, text]
    };
    let said = scene.told(&of("node:shop", "but", "probe was wrong"));
    assert!(said.starts_with("correction 1: node:shop was but from 2026-01-01T1"), "{said}");
    assert!(said.trim_end().ends_with(": probe was wrong") && said.contains(", by "), "{said}");
    scene.told(&of("node:shop", "ko", "it was not"));
    // Of two the later one counts, and it is taken back.
    let time = ["node:shop", "--from", from, "--to", "2026-01-01T11:00:00Z"];
    let parts_of = |reply: &Value| {
        sums(reply);
        ["but", "ko", "no_data"].map(|key| reply[key].as_i64().unwrap() / 60_000)
    };
    assert_eq!(parts_of(&scene.availability(&time)), [0, 20, 40]);
    let said = scene.told(&["unadjust", "2"]);
    assert!(said.starts_with("took back correction 2: node:shop, by "), "{said}");
    let reply = scene.availability(&time);
    assert_eq!((parts_of(&reply), &reply["contractual"]), ([20, 0, 40], &100.0.into()));
    assert_eq!(scene.told(&["unadjust", "2"]), "correction 2 was taken back before\n");
    // A group is corrected service by service.
    let said = scene.told(&of("web", "unknown", "nobody looked"));
    assert!(said.starts_with("correction 3: web/oco was unknown from "), "{said}");
    assert_eq!(scene.availability(&["web/oco", "--from", from, "--to", to])["unknown"], 1_200_000);
    let listed = scene.json(&["adjustments", "--json"]);
    let keys = ["at", "from", "id", "name", "state", "text", "to", "who"];
    for one in listed.as_array().unwrap() {
        let found: Vec<&String> = one.as_object().unwrap().keys().collect();
        assert_eq!(found, keys);
    }
    let short = |list: &Value| -> Vec<String> {
        let one = |one: &Value| format!("{} {} {} {}", one["id"], one["name"], one["from"], one["state"]);
        list.as_array().unwrap().iter().map(|all| one(all).replace('"', "")).collect()
    };
    let expected = [format!("1 node:shop {from} but"), format!("3 web/oco {from} unknown")];
    assert_eq!(short(&listed), expected);
    for (arguments, why) in [
        (&of("web/no", "ok", "x")[..], "web/no: nothing is known by that name"),
        (&of("none", "ok", "x"), "none: nothing is known by that name"),
        (&of("slo:shop", "ok", "x"), "slo:shop: a level is made of others"),
        (&of("web/oco", "ok", " "), "text: expected why"),
        (&["adjust", "web/oco", "--from", "-2h", "--to", "-2h", "--state", "ok", "x"], "after its beginning"),
        (&["adjust", "web/oco", "--from", "-2h", "--to", "+2h", "--state", "ok", "x"], "not over yet"),
        (&["unadjust", "4"], "correction 4: there is none of that number"),
        (&["unadjust", "0"], "correction 0: there is none of that number"),
    ] {
        scene.refused(arguments, why);
    }
    let planned = r#"{"version":1,"order":"adjust","name":"web/oco","from":"-2h","to":"-1h","state":"planned","text":"x"}"#;
    assert_eq!(ask(&scene, planned)["error"], "state \"planned\": expected ok, but, ko or unknown");
    wait_for("the journal", || {
        let log = scene.told(&["log", "--since", "-1h"]);
        (log.contains("adjust") && log.contains("unadjust")).then_some(())
    });
    // They stay over a restart, and numbers are never given twice; who left the file can be corrected still.
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    scene.configure(
        &one_host(&host, "").replace("web.service.oco", "web.service.tcp").replace("web/oco", "web/tcp"),
    );
    let _watcher = Watcher::start(&scene);
    assert_eq!(short(&scene.json(&["adjustments", "--json"])), expected);
    let said = scene.told(&of("web/oco", "ok", "again"));
    assert!(said.starts_with("correction 4: web/oco was ok from "), "{said}");
    scene.refused(&of("web/no", "ok", "x"), "web/no: nothing is known by that name");
    assert_eq!(scene.told(&["unadjust", "2"]), "correction 2 was taken back before\n");
}

/// The day's target, of whose budget some seconds are three quarters.
const TIGHT: &str = "[slo.shop]\nof = \"node:shop\"\ntarget = \"99.997%\"\nperiod = \"1d\"\n";

#[test]
fn a_level_goes_down_as_its_budget_is_spent_and_stays_so_over_a_restart() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one_host(&host, TIGHT));
    let mut watcher = Watcher::start(&scene);
    watcher.wait_for_log("slo:shop: unknown -> ok");
    let slo = scene.slo();
    assert_eq!((&slo["name"], &slo["state"], &slo["code"]), (&"slo:shop".into(), &"ok".into(), &200.into()));
    assert_eq!((&slo["of"], &slo["reason"]), (&"node:shop".into(), &"".into()));
    scene.wait_for_words("node:shop", "ok");
    assert_eq!(scene.status()["state"], "ok");
    // 2.592 s may be lost in a day.
    host.say("350 KO 300-x");
    watcher.wait_for_log("slo:shop: ok -> but (75% of the budget spent, ");
    watcher.wait_for_log("slo:shop: but -> ko (budget spent");
    host.say("200 OK");
    scene.wait_for_words("node:shop", "ok");
    let status = scene.status();
    assert_eq!((&status["state"], &scene.slo()["code"]), (&"ko".into(), &350.into()));
    assert_eq!(scene.fleet(&["status", "slo:shop"]).output().unwrap().status.code(), Some(2));
    assert_eq!(scene.fleet(&["status", "web"]).output().unwrap().status.code(), Some(0));
    assert!(scene.told(&["status"]).contains("slo:shop"), "{}", scene.told(&["status"]));
    let reply = scene.availability(&["slo:shop"]);
    assert_eq!((sums(&reply), &reply["target"]), (86_400_000, &99.997.into()));
    assert_eq!(&reply["budget"], 2592);
    let left = 2592 - reply["ko"].as_i64().unwrap();
    assert!(left <= 0 && reply["left"] == left, "{reply}");
    let since = scene.slo()["since"].clone();
    let entries = wait_for("the journal", || {
        let log = scene.told(&["log", "slo:shop", "--json"]);
        (log.lines().count() == 3).then_some(log)
    });
    assert!(entries.contains(r#""old":"ok","new":"but","code":250"#), "{entries}");
    scene.told(&["mute", "slo:shop", "spent", "anyway"]);
    assert_eq!(scene.slo()["muted"]["text"], "spent anyway");
    assert!(scene.told(&["status"]).contains("muted by "), "{}", scene.told(&["status"]));
    scene.told(&["unmute", "slo:shop"]);
    watcher.signal("KILL");
    watcher.wait();
    let watcher = Watcher::start(&scene);
    let slo = scene.slo();
    assert_eq!((&slo["state"], &slo["since"]), (&"ko".into(), &since));
    assert!(!watcher.log().contains("slo:shop: "), "{}", watcher.log());
    // A correction gives the budget back, and its end takes it away.
    let from = scene.availability(&["node:shop"])["from"].as_str().unwrap().to_owned();
    scene.told(&["adjust", "node:shop", "--from", &from, "--to", "-0s", "--state", "ok", "probe was wrong"]);
    watcher.wait_for_log("slo:shop: ko -> ok");
    scene.told(&["unadjust", "1"]);
    watcher.wait_for_log("slo:shop: ok -> ko (budget spent");
    // What is taken out of the file is forgotten.
    scene.configure(&one_host(&host, ""));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    wait_for("the level to go", || scene.slo().is_null().then_some(()));
    scene.refused(&["availability", "slo:shop"], "slo:shop: nothing is known by that name");
}

#[test]
fn what_was_promised_is_in_the_journal() {
    use oco_fleet::journal::{Definitions, Reader};
    let host = Host::new("200 OK");
    let promise = |target: &str| {
        let level = format!("[slo.shop]\nof = \"node:shop\"\ntarget = \"{target}\"\nperiod = \"month\"\n");
        one_host(&host, &level).replace("[node.shop]", "[node.shop]\ntitle = \"The shop\"\nrule = \"1 of\"")
    };
    let scene = Scene::new(&promise("99.9%"));
    let watcher = Watcher::start(&scene);
    let defined = |is_it: &dyn Fn(&Definitions) -> bool| {
        let read = || Reader::open(&scene.path("state/fleet.db")).and_then(|mut reader| reader.definitions());
        wait_for("the definitions", || read().ok().filter(is_it))
    };
    let found = defined(&|found| !found.nodes.is_empty());
    let (node, level) = (&found.nodes[0], &found.levels[0]);
    assert_eq!(
        (node.name.as_str(), node.title.as_deref(), node.rule.as_str()),
        ("node:shop", Some("The shop"), "1 of")
    );
    assert_eq!(node.members.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["web/oco"]);
    assert_eq!((level.of.as_str(), level.promise.target), ("node:shop", 99_900));
    scene.configure(&promise("99.5%"));
    watcher.signal("HUP");
    defined(&|found| found.levels.first().is_some_and(|level| level.promise.target == 99_500));
}
