//! Alerts: who is told of what, when, and by which call.

use crate::recorder::Recorder;
use crate::scene::{Scene, text, wait_for};
use crate::watcher::Watcher;
use serde_json::Value;

/// A group whose hosts others report, so that a test says at once how they are.
const WEB: &str = "[hostgroup.web]\nhosts = [\"w1\", \"w2\", \"w3\"]\n[hostgroup.web.service.oco]\n\
                   probe = { report = \"25h\" }\n";
const SHOP: &str = "[node.shop]\ntitle = \"The shop\"\nmembers = [\"web/oco\"]\n";

fn report(scene: &Scene, name: &str, code: &str, words: &str) {
    let output = scene.fleet(&["report", name, code, words]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn all(scene: &Scene, code: &str, words: &str) {
    for host in ["w1", "w2", "w3"] {
        report(scene, &format!("web/oco/{host}"), code, words);
    }
}

/// The entries of the log of this kind.
fn entries(scene: &Scene, kind: &str) -> Vec<Value> {
    let log = scene.told(&["log", "--json"]);
    let entries = log.lines().map(|line| serde_json::from_str(line).unwrap());
    entries.filter(|entry: &Value| entry["kind"] == kind).collect()
}

fn wait_for_result(scene: &Scene, begin: &str) -> Value {
    wait_for(&format!("an alert whose result is {begin:?}"), || {
        let alerts = entries(scene, "alert");
        alerts.into_iter().find(|entry| entry["result"].as_str().unwrap_or_default().starts_with(begin))
    })
}

#[test]
fn one_alert_names_all_failed_hosts_by_mons_interface_and_the_recovery_those_that_came_back() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "{WEB}[[alert]]\nname = \"ops\"\nof = [\"web\"]\ntext = \"the fleet\"\ncommand = [{:?}, \"-S\", \"ops@example.org\"]\n",
        recorder.path()
    ));
    let watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w2", "300", "no route");
    let call = &recorder.wait_for(1)[0];
    assert_eq!(call.option("-s"), Some("oco"));
    assert_eq!(call.option("-g"), Some("web"));
    assert_eq!(call.option("-h"), Some("w1 w2 w3"));
    let epoch: i64 = call.option("-t").unwrap().parse().unwrap();
    assert!(epoch > 1_700_000_000, "{call:?}");
    assert_eq!(call.arguments[call.arguments.len() - 2..], ["-S", "ops@example.org"]);
    assert!(!call.has("-u") && !call.has("-l"), "{call:?}");
    for (name, value) in [
        ("OCO_NAME", "web/oco"),
        ("OCO_STATE", "ko"),
        ("OCO_CODE", "350"),
        ("OCO_EVENT", "ko"),
        ("OCO_FAILED", "w2"),
        ("OCO_RECOVERED", ""),
        ("MON_ALERTTYPE", "failure"),
        ("MON_DESCRIPTION", "the fleet"),
        ("MON_GROUP", "web"),
        ("MON_SERVICE", "oco"),
        ("MON_OPSTATUS", "0"),
        ("MON_RETVAL", "1"),
    ] {
        assert_eq!(call.variable(name), Some(value), "{name}: {call:?}");
    }
    assert_eq!(call.lines[0], "w2", "{call:?}");
    assert!(call.lines[1].starts_with("w2") && call.lines[1].contains("no route"), "{call:?}");
    report(&scene, "web/oco/w2", "200", "fine");
    let call = &recorder.wait_for(2)[1];
    assert!(call.has("-u"), "{call:?}");
    assert_eq!((call.event(), call.variable("OCO_STATE")), ("ok", Some("ok")));
    assert_eq!((call.variable("OCO_RECOVERED"), call.variable("OCO_FAILED")), (Some("w2"), Some("")));
    assert_eq!(call.variable("MON_ALERTTYPE"), Some("up"));
    assert_eq!(call.lines[0], "w2", "{call:?}");
    let sent =
        wait_for("both in the log", || Some(entries(&scene, "alert")).filter(|alerts| alerts.len() == 2));
    assert_eq!(sent[0]["name"], "web/oco");
    assert_eq!(
        (&sent[0]["event"], &sent[0]["result"], &sent[0]["step"]),
        (&"ko".into(), &"sent".into(), &1.into())
    );
    assert_eq!((&sent[1]["event"], &sent[1]["result"]), (&"ok".into(), &"sent".into()));
    assert!(sent[0]["command"].as_str().unwrap().contains("told.alert"), "{sent:?}");
    watcher.wait_for_log("web/oco: alert (ko), step 1: sent");
}

#[test]
fn a_node_is_alerted_by_its_name_and_without_hosts() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "{WEB}{SHOP}[[alert]]\nof = [\"node:shop\"]\ncommand = [{:?}, \"{{group}}\", \"{{service}}\"]\n",
        recorder.path()
    ));
    let _watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    all(&scene, "300", "refused");
    let call = &recorder.wait_for(1)[0];
    assert_eq!(
        (call.option("-g"), call.option("-s"), call.option("-h")),
        (Some("node"), Some("shop"), Some(""))
    );
    assert_eq!(call.arguments[call.arguments.len() - 2..], ["node", "shop"]);
    assert_eq!(
        (call.variable("OCO_NAME"), call.variable("OCO_FAILED")),
        (Some("node:shop"), Some("web/oco"))
    );
}

#[test]
fn repetitions_come_with_every_up_to_the_limit_and_an_acknowledgement_stops_them() {
    let scene = Scene::new("");
    let (first, second) = (Recorder::new(&scene, "first", ""), Recorder::new(&scene, "second", ""));
    let alert = |limit: &str| {
        format!(
            "{WEB}[[alert]]\nname = \"ops\"\nof = [\"web/oco\"]\nevery = \"300ms\"\n{limit}\
             steps = [{{ command = [{:?}] }}, {{ after = \"5s\", command = [{:?}] }}]\n",
            first.path(),
            second.path()
        )
    };
    scene.configure(&alert("limit = 3\n"));
    let _watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w1", "300", "refused");
    second.wait_for(3);
    assert_eq!(first.calls().len(), 3, "{:?}", first.events());
    let last = first.calls()[2].lines.clone();
    assert!(
        last.iter().any(|line| line.starts_with("still ko for ") && line.ends_with(", 3 of 3")),
        "{last:?}"
    );
    report(&scene, "web/oco/w1", "200", "fine");
    assert_eq!((first.wait_for(4)[3].event(), second.wait_for(4)[3].event()), ("ok", "ok"));
    assert_eq!((first.calls().len(), second.calls().len()), (4, 4));
    // Acknowledged before the second step.
    report(&scene, "web/oco/w1", "300", "refused");
    first.wait_for(5);
    let said = scene.told(&["ack", "web/oco", "disk", "ordered"]);
    assert!(said.starts_with("acknowledged web/oco, by "), "{said}");
    assert!(said.ends_with(", until the failure ends: disk ordered\n"), "{said}");
    let count = first.calls().len();
    // The second step would be due within that.
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert!(first.calls().len() <= count + 1, "{:?}", first.events());
    assert_eq!(second.calls().len(), 4, "{:?}", second.events());
    report(&scene, "web/oco/w1", "200", "fine");
    wait_for("the recovery", || (first.calls().last()?.event() == "ok").then_some(()));
    // The second step was not told of this failure.
    assert_eq!(second.calls().len(), 4, "{:?}", second.events());
}

#[test]
fn what_was_told_is_told_of_the_recovery_after_a_kill_and_though_its_alert_is_gone() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    let alert = format!("[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path());
    scene.configure(&format!("{WEB}{alert}"));
    let mut watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w1", "300", "refused");
    recorder.wait_for(1);
    wait_for_result(&scene, "sent");
    watcher.signal("KILL");
    watcher.wait();
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("web/oco", "ko");
    scene.configure(WEB);
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    report(&scene, "web/oco/w1", "200", "fine");
    recorder.wait_for(2);
    assert_eq!(recorder.events(), ["ko", "ok -u"]);
}

#[test]
fn mutes_and_maintenance_hold_alerts_and_what_still_fails_goes_out_when_they_end() {
    for (act, undo) in [("mute", "unmute"), ("maint", "unmaint")] {
        let scene = Scene::new("");
        let recorder = Recorder::new(&scene, "told.alert", "");
        scene.configure(&format!("{WEB}[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path()));
        let _watcher = Watcher::start(&scene);
        all(&scene, "200", "fine");
        scene.told(&[act, "web", "--for", "1h", "new", "racks"]);
        report(&scene, "web/oco/w1", "300", "refused");
        scene.wait_for_words("web/oco/w1", "ko");
        let status = scene.status();
        let service = &status["services"][0];
        let key = if act == "mute" { "muted" } else { "maint" };
        assert_eq!(service[key]["text"], "new racks", "{service}");
        assert!(service[key]["until"].is_string() && service[key]["who"].is_string(), "{service}");
        let held = if act == "mute" { wait_for_result(&scene, "held: ") } else { Value::Null };
        assert!(act == "maint" || held["result"].as_str().unwrap().contains("muted"), "{held}");
        assert_eq!(recorder.events(), [""; 0]);
        assert_eq!(scene.told(&[undo, "web"]).lines().count(), 1);
        recorder.wait_for(1);
        assert_eq!(recorder.events(), ["ko"]);
        scene.told(&[act, "web"]);
        report(&scene, "web/oco/w1", "200", "fine");
        // A recovery is held by nothing.
        recorder.wait_for(2);
        assert_eq!(recorder.events(), ["ko", "ok -u"], "{act}");
        assert!(scene.told(&[undo, "web/oco"]).contains("was not "), "{act}");
    }
}

#[test]
fn while_what_it_depends_on_is_ko_nobody_is_told() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "[hostgroup.gateway]\nhosts = [\"gw\"]\n[hostgroup.gateway.service.ping]\nprobe = {{ report = \"25h\" }}\n\
         {WEB}depends = [\"gateway/ping\"]\n[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n",
        recorder.path()
    ));
    let watcher = Watcher::start(&scene);
    report(&scene, "gateway/ping/gw", "200", "");
    all(&scene, "200", "fine");
    report(&scene, "gateway/ping/gw", "300", "gone");
    report(&scene, "web/oco/w1", "300", "no route");
    let held = wait_for_result(&scene, "held: ");
    assert!(held["result"].as_str().unwrap().contains("gateway/ping"), "{held}");
    watcher.wait_for_log("while gateway/ping");
    assert_eq!(recorder.events(), [""; 0]);
    report(&scene, "gateway/ping/gw", "200", "");
    recorder.wait_for(1);
    assert_eq!(recorder.events(), ["ko"]);
}

#[test]
fn a_command_that_fails_is_tried_three_times_and_then_told_in_the_log() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "echo no line >&2; exit 3");
    scene.configure(&format!("{WEB}[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path()));
    let watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w1", "300", "refused");
    recorder.wait_for(3);
    let failed = wait_for_result(&scene, "failed: ");
    assert!(failed["result"].as_str().unwrap().contains("exit status 3: no line"), "{failed}");
    watcher.wait_for_log("exit status 3: no line");
}

#[test]
fn a_direct_alert_goes_to_the_first_step_of_each_alert() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "{WEB}[[alert]]\nname = \"ops\"\nof = [\"web\"]\ncommand = [{:?}]\n",
        recorder.path()
    ));
    let _watcher = Watcher::start(&scene);
    let said = scene.told(&["alert", "web/oco", "coffee", "is", "ready"]);
    assert!(said.starts_with("alert of web/oco: ops: ") && said.contains("told.alert"), "{said}");
    let call = &recorder.wait_for(1)[0];
    assert!(call.lines.iter().any(|line| line.contains("coffee is ready")), "{call:?}");
    // Of a group each alert of its services, once; of a target those of its service.
    for name in ["web", "web/oco/w1"] {
        let said = scene.told(&["alert", name, "more"]);
        assert!(said.starts_with(&format!("alert of {name}: ops: ")), "{said}");
    }
    recorder.wait_for(3);
    let output = scene.fleet(&["alert", "web/none", "coffee"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("nothing is known by that name"), "{}", text(&output.stderr));
}

#[test]
fn a_level_whose_budget_is_spent_is_alerted_by_its_name() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "{WEB}[slo.shop]\nof = \"web/oco\"\ntarget = \"99.999%\"\nperiod = \"day\"\n\
         [[alert]]\nof = [\"slo:shop\"]\ncommand = [{:?}]\n",
        recorder.path()
    ));
    let _watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    scene.wait_for_words("web/oco", "ok");
    // A day's budget is 864 ms.
    all(&scene, "300", "refused");
    let call = &recorder.wait_for(1)[0];
    assert_eq!(
        (call.option("-g"), call.option("-s"), call.option("-h")),
        (Some("slo"), Some("shop"), Some(""))
    );
    assert_eq!((call.variable("OCO_NAME"), call.event()), (Some("slo:shop"), "ko"));
    assert!(call.lines.iter().any(|line| line.contains("budget spent")), "{call:?}");
    let output = scene.fleet(&["maint", "slo:shop"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("no work is planned on a level"), "{}", text(&output.stderr));
}

#[test]
fn others_that_fail_are_told_at_once_and_the_recovery_names_all() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!(
        "{WEB}[[alert]]\nof = [\"web\"]\non = [\"ko\", \"ok\", \"partial\"]\ncommand = [{:?}]\n",
        recorder.path()
    ));
    let _watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w1", "300", "refused");
    recorder.wait_for(1);
    report(&scene, "web/oco/w2", "300", "no route");
    let call = &recorder.wait_for(2)[1];
    assert_eq!((call.event(), call.variable("OCO_FAILED")), ("partial", Some("w1 w2")));
    report(&scene, "web/oco/w3", "300", "no route");
    all(&scene, "200", "fine");
    let call = &recorder.wait_for(3)[2];
    assert_eq!((call.event(), call.variable("OCO_RECOVERED")), ("ok", Some("w1 w2 w3")));
}

#[test]
fn acts_tell_what_they_took_and_what_can_not_be() {
    let scene = Scene::new(WEB);
    let _watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    for (arguments, complaint) in [
        (&["ack", "web/oco"][..], "does not fail"),
        (&["ack", "web/none"], "nothing is known by that name"),
        (&["mute", "nothing"], "nothing is known by that name"),
        (&["unmute", "nothing/here"], "nothing is known by that name"),
        (&["maint", "web", "--from", "12:00", "--to", "2020-01-01"], "end before it begins"),
    ] {
        let output = scene.fleet(arguments).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.lines().count()), (Some(3), 1), "{arguments:?}: {said}");
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    report(&scene, "web/oco/w1", "300", "refused");
    let user =
        String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let said = scene.told(&["ack", "web", "--for", "2h"]);
    assert!(said.starts_with(&format!("acknowledged web/oco, by {}, until 20", user.trim())), "{said}");
    let acked = &scene.status()["services"][0]["acked"];
    assert_eq!(acked["who"], user.trim());
    // Another member fails: it is over.
    report(&scene, "web/oco/w2", "300", "refused");
    wait_for("the acknowledgement to end", || scene.status()["services"][0]["acked"].is_null().then_some(()));
    // Of each failed target it counts for the service.
    scene.told(&["ack", "web/oco/w1"]);
    assert!(scene.status()["services"][0]["acked"].is_null());
    scene.told(&["ack", "web/oco/w2"]);
    let acts = wait_for("all of them in the log", || {
        let acts = entries(&scene, "act").into_iter().map(|act| act["act"].as_str().unwrap().to_owned());
        Some(acts.collect::<Vec<_>>()).filter(|acts| acts.len() == 4)
    });
    assert_eq!(acts, ["ack", "unack", "ack", "ack"]);
}

#[test]
fn acts_survive_a_kill() {
    let scene = Scene::new(WEB);
    let mut watcher = Watcher::start(&scene);
    all(&scene, "200", "fine");
    report(&scene, "web/oco/w1", "300", "refused");
    scene.told(&["ack", "web/oco", "mine"]);
    scene.told(&["mute", "web/oco/w2"]);
    scene.told(&["maint", "web/oco/w3", "--for", "3h"]);
    wait_for("all in the journal", || (entries(&scene, "act").len() == 3).then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let _watcher = Watcher::start(&scene);
    let status = wait_for("the kept state", || {
        let status = scene.status();
        (status["services"][0]["state"] == "ko").then_some(status)
    });
    let service = &status["services"][0];
    assert_eq!(service["acked"]["text"], "mine", "{service}");
    let target = |host: &str| {
        let targets = service["targets"].as_array().unwrap();
        targets.iter().find(|target| target["host"] == host).unwrap().clone()
    };
    assert!(target("w2")["muted"].is_object() && target("w3")["maint"].is_object(), "{service}");
    // Nothing has changed by the start.
    let transitions = entries(&scene, "transition");
    let planned: Vec<&Value> = transitions.iter().filter(|entry| entry["name"] == "web/oco/w3").collect();
    assert_eq!(planned.len(), 2, "{planned:?}");
}
