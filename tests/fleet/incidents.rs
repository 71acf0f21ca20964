//! Incidents: opened by a 5XX, acknowledged, late, closed by recovery; and their command.

use crate::recorder::Recorder;
use crate::scene::{Scene, text, wait_for};
use crate::watcher::Watcher;
use serde_json::Value;

const WEB: &str =
    "[hostgroup.web]\nhosts = [\"w1\", \"w2\"]\n[hostgroup.web.service.oco]\nprobe = { report = \"25h\" }\n";

fn report(scene: &Scene, host: &str, code: &str) {
    let output = scene.fleet(&["report", &format!("web/oco/{host}"), code, "words"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn incidents(scene: &Scene) -> Vec<Value> {
    serde_json::from_str(&scene.told(&["incidents", "--json"])).unwrap()
}

#[test]
fn a_5xx_opens_an_incident_which_is_acknowledged_and_closed_by_recovery() {
    let scene = Scene::new("");
    let command = Recorder::new(&scene, "incident", "");
    scene.configure(&format!("{WEB}[incident]\ncommand = [{:?}, \"{{group}}\"]\n", command.path()));
    let _watcher = Watcher::start(&scene);
    report(&scene, "w1", "200");
    report(&scene, "w2", "200");
    report(&scene, "w1", "300");
    scene.wait_for_words("web/oco", "ko");
    assert_eq!(incidents(&scene), [Value::Null; 0]);
    report(&scene, "w1", "500");
    let opened = wait_for("an incident", || incidents(&scene).pop());
    assert_eq!(
        (&opened["id"], &opened["name"], &opened["state"]),
        (&1.into(), &"web/oco".into(), &"open".into())
    );
    assert_eq!(opened["members"], serde_json::json!(["web/oco/w1"]));
    assert!(opened["opened"].is_string() && opened["closed"].is_null() && opened["who"].is_null());
    // Each run of the command begins before what is told next: they do not wait for each other.
    command.wait_for(1);
    report(&scene, "w2", "300");
    wait_for("a further member", || {
        (incidents(&scene)[0]["members"].as_array().unwrap().len() == 2).then_some(())
    });
    command.wait_for(2);
    scene.told(&["ack", "web/oco"]);
    let acknowledged = wait_for("the acknowledgement", || {
        incidents(&scene).pop().filter(|incident| incident["state"] == "acknowledged")
    });
    assert!(acknowledged["who"].is_string() && acknowledged["acknowledged"].is_string());
    command.wait_for(3);
    report(&scene, "w1", "200");
    report(&scene, "w2", "200");
    wait_for("its end", || incidents(&scene).pop().filter(|incident| incident["state"] == "closed"));
    let calls = command.wait_for(4);
    let events: Vec<&str> = calls.iter().map(|call| call.event()).collect();
    assert_eq!(events, ["open", "update", "acknowledge", "close"]);
    for call in &calls {
        assert_eq!((call.variable("OCO_INCIDENT"), call.variable("OCO_NAME")), (Some("1"), Some("web/oco")));
        assert_eq!(call.arguments, ["web"]);
        let told: Value = serde_json::from_str(&call.lines.join("\n")).unwrap();
        assert_eq!((&told["id"], &told["name"]), (&1.into(), &"web/oco".into()), "{told}");
    }
    let log = scene.told(&["log", "--json"]);
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&Value> = events.iter().filter(|entry| entry["kind"] == "incident").collect();
    assert_eq!(events.len(), 4, "{events:?}");
    let table = scene.told(&["incidents"]);
    assert!(table.contains("web/oco") && table.contains("closed"), "{table}");
}

#[test]
fn a_promised_time_that_passes_is_told_once_and_alerts_on_incident_are_sent_again() {
    let scene = Scene::new("");
    let (command, alert) = (Recorder::new(&scene, "incident", ""), Recorder::new(&scene, "alert", ""));
    scene.configure(&format!(
        "{WEB}[incident]\ncommand = [{:?}]\nacknowledge-within = \"3s\"\n\
         [[alert]]\nof = [\"web\"]\non = [\"incident\"]\ncommand = [{:?}]\n",
        command.path(),
        alert.path()
    ));
    let mut watcher = Watcher::start(&scene);
    report(&scene, "w1", "200");
    report(&scene, "w2", "200");
    report(&scene, "w1", "500");
    let events = |calls: &[crate::recorder::Call]| {
        calls.iter().map(|call| call.event().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(events(&command.wait_for(2)), ["open", "late"]);
    assert_eq!(events(&alert.wait_for(2)), ["incident", "incident"]);
    // What is noted is not told again after a kill.
    wait_for("both in the log", || {
        let log = scene.told(&["log"]);
        (log.contains("late") && log.matches("sent").count() == 2).then_some(())
    });
    watcher.signal("KILL");
    watcher.wait();
    let _watcher = Watcher::start(&scene);
    report(&scene, "w1", "200");
    assert_eq!(events(&command.wait_for(3)), ["open", "late", "close"]);
    assert_eq!(alert.calls().iter().filter(|call| call.event() == "incident").count(), 2);
}
