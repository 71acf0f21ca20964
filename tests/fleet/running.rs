//! A watcher that runs: what it judges, logs, keeps and tells.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::watcher::Watcher;

/// One host under `web/oco`, probed fast.
fn one_host(host: &Host) -> String {
    format!(
        "[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 3\nrise = 2\n\
         [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n",
        host.address.to_string()
    )
}

/// Waits until the service `web/oco` is so.
fn wait_for_state(scene: &Scene, state: &str) {
    wait_for(&format!("web/oco to be {state}"), || {
        (scene.status()["services"][0]["state"] == state).then_some(())
    });
}

#[test]
fn a_host_that_goes_and_comes_back_is_logged_kept_and_shown() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one_host(&host));
    let watcher = Watcher::start(&scene);
    wait_for_state(&scene, "ok");
    host.say("350 KO 300-http");
    wait_for_state(&scene, "ko");
    let target = format!("web/oco/{}", host.address);
    watcher.wait_for_log(&format!("{target}: ok -> ko (350 KO 300-http), 3 of 3 probes, was ok for "));
    watcher.wait_for_log("web/oco: ok -> ko (");
    host.say("200 OK");
    wait_for_state(&scene, "ok");
    watcher.wait_for_log(&format!("{target}: ko -> ok, 2 of 2 probes, was ko for "));
    let log = wait_for("the journal", || {
        let log = scene.told(&["log", "--json"]);
        (log.lines().count() >= 6).then_some(log)
    });
    let entries: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| {
        let entries = entries.iter().filter(|entry| entry["name"] == name);
        entries.map(|entry| format!("{}-{}", entry["old"], entry["new"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(of("web/oco"), ["unknown-ok", "ok-ko", "ko-ok"]);
    assert_eq!(of(&target), ["unknown-ok", "ok-ko", "ko-ok"]);
}

#[test]
fn state_is_kept_over_kill_and_over_restart() {
    let host = Host::new("350 KO 300-http");
    let scene = Scene::new(&one_host(&host));
    let mut watcher = Watcher::start(&scene);
    wait_for_state(&scene, "ko");
    let since = |scene: &Scene| scene.status()["services"][0]["targets"][0]["since"].clone();
    let begin = since(&scene);
    wait_for("the journal", || scene.told(&["log"]).contains("unknown -> ko").then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let mut watcher = Watcher::start(&scene);
    assert_eq!((since(&scene), &scene.status()["services"][0]["state"]), (begin.clone(), &"ko".into()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let watcher = Watcher::start(&scene);
    assert_eq!(since(&scene), begin);
    host.say("200 OK");
    watcher.wait_for_log("ko -> ok, 2 of 2 probes, was ko for ");
}

#[test]
fn a_second_watcher_on_the_same_state_is_refused() {
    let scene = Scene::new(&one_host(&Host::new("200 OK")));
    let _watcher = Watcher::start(&scene);
    let output = scene.ocowatch(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
