//! Maintenance: weekly windows of the file, and what people plan. Nobody is told, and what it was stays known.

use crate::recorder::Recorder;
use crate::scene::{Scene, text, wait_for};
use crate::watcher::Watcher;
use serde_json::Value;

const WEB: &str =
    "[hostgroup.web]\nhosts = [\"w1\", \"w2\"]\n[hostgroup.web.service.oco]\nprobe = { report = \"25h\" }\n";
const ALWAYS: &str =
    "[[maintenance]]\nof = [\"web/oco/w1\"]\nhours = \"mon-sun 00:00-24:00\"\ntext = \"backup of w1\"\n";

fn report(scene: &Scene, host: &str, code: &str) {
    let output = scene.fleet(&["report", &format!("web/oco/{host}"), code, "words"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn target(scene: &Scene, host: &str) -> Value {
    let status = scene.status();
    let targets = status["services"][0]["targets"].as_array().unwrap().clone();
    targets.into_iter().find(|target| target["host"] == host).unwrap()
}

#[test]
fn a_weekly_window_is_planned_from_the_first_moment_and_ends_with_its_line_in_the_file() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    let alert = format!("[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path());
    scene.configure(&format!("{WEB}{ALWAYS}{alert}"));
    let watcher = Watcher::start(&scene);
    report(&scene, "w2", "200");
    report(&scene, "w1", "300");
    wait_for("w1 to be ko", || (target(&scene, "w1")["state"] == "ko").then_some(()));
    let shown = target(&scene, "w1");
    assert_eq!(
        (&shown["maint"]["who"], &shown["maint"]["text"]),
        (&"watch.toml".into(), &"backup of w1".into())
    );
    assert!(shown["maint"]["at"].is_string(), "{shown}");
    assert_eq!(target(&scene, "w2")["maint"], Value::Null);
    // What is shown is what was measured, and without what is planned all is well.
    scene.wait_for_words("web/oco", "ko");
    assert_eq!(scene.status()["state"], "ok");
    assert_eq!(recorder.events(), [""; 0]);
    // The unplanned one fails too, and that is told, of itself alone.
    report(&scene, "w2", "300");
    let call = &recorder.wait_for(1)[0];
    assert_eq!((call.event(), call.variable("OCO_FAILED")), ("ko", Some("w2")));
    report(&scene, "w2", "200");
    wait_for("w2 to be ok", || (target(&scene, "w2")["state"] == "ok").then_some(()));
    scene.configure(&format!("{WEB}{alert}"));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    assert_eq!(target(&scene, "w1")["maint"], Value::Null);
    watcher.wait_for_log("web/oco/w1: ko maint -> ko");
}

#[test]
fn all_of_a_service_planned_is_a_planned_ko_of_which_nobody_is_told() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!("{WEB}[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path()));
    let _watcher = Watcher::start(&scene);
    for host in ["w1", "w2"] {
        report(&scene, host, "200");
    }
    scene.told(&["maint", "web/oco/w1", "--for", "1h", "new disk"]);
    scene.told(&["maint", "web/oco/w2", "--for", "1h"]);
    for host in ["w1", "w2"] {
        report(&scene, host, "300");
    }
    scene.wait_for_words("web/oco", "ko");
    let status = scene.status();
    assert_eq!(status["state"], "ok", "what is planned is left out: {status}");
    let log = scene.told(&["log", "--json", "web/oco"]);
    let is_planned = log.lines().any(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["name"] == "web/oco" && entry["new"] == "ko" && entry["planned"] == true
    });
    assert!(is_planned, "{log}");
    let availability = scene.told(&["availability", "web/oco", "--json"]);
    let availability: Value = serde_json::from_str(&availability).unwrap();
    assert_eq!(availability["ko"], 0, "{availability}");
    // One ends, and fails still: then it is no plan any more.
    scene.told(&["unmaint", "web/oco/w2"]);
    let call = &recorder.wait_for(1)[0];
    assert_eq!((call.event(), call.variable("OCO_FAILED")), ("ko", Some("w2")));
}

#[test]
fn planned_work_may_lie_ahead() {
    let scene = Scene::new(WEB);
    let _watcher = Watcher::start(&scene);
    report(&scene, "w1", "200");
    let said = scene.told(&["maint", "web", "--from", "+1h", "--to", "+2h", "new racks"]);
    assert!(said.starts_with("under maintenance: web/oco, by ") && said.contains(", from 20"), "{said}");
    assert_eq!(scene.status()["services"][0]["maint"], Value::Null);
    scene.told(&["maint", "web/oco/w1", "--from", "+500ms", "--for", "10s"]);
    wait_for("it to begin", || target(&scene, "w1")["maint"].is_object().then_some(()));
    wait_for("it to end", || target(&scene, "w1")["maint"].is_null().then_some(()));
    wait_for("its end in the log", || {
        scene.told(&["log", "--json", "web/oco/w1"]).contains("\"unmaint\"").then_some(())
    });
}
