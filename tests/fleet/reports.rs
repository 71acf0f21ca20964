//! Passive results: what others report, what they promise, and who is taken in.

use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::talk::{Talk, ask};
use crate::watcher::Watcher;
use serde_json::json;
use std::time::{Duration, SystemTime};

const BACKUP: &str = "[hostgroup.backup]\nhosts = [\"db1\", \"db2\"]\n[hostgroup.backup.service.nightly]\n\
                      probe = { report = \"25h\" }\nfall = 3\nrise = 3\n";
const PUSH: &str = "[hostgroup.push]\naccept-reports = true\n";

/// Reports by `oco fleet report`, which has to be taken and silent.
#[track_caller]
fn report(scene: &Scene, arguments: &[&str]) {
    let output = scene.fleet(&[&["report"], arguments].concat()).output().unwrap();
    assert_eq!(parts(&output), (Some(0), String::new(), String::new()), "{arguments:?}");
}

/// Why a report is refused.
#[track_caller]
fn refused(scene: &Scene, arguments: &[&str]) -> String {
    let (status, said, complaint) = parts(&scene.fleet(&[&["report"], arguments].concat()).output().unwrap());
    assert_eq!((status, said.as_str(), complaint.lines().count()), (Some(3), "", 1), "{complaint}");
    complaint
}

/// When this was, in seconds.
fn seconds(time: &serde_json::Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    Duration::try_from(time.duration_since(jiff::Timestamp::UNIX_EPOCH)).unwrap().as_secs_f64()
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn a_report_decides_at_once() {
    let scene = Scene::new(BACKUP);
    let watcher = Watcher::start(&scene);
    assert_eq!(scene.shown("backup/nightly/db1")["state"], "unknown");
    for (arguments, words) in [
        (&["backup/nightly/db1", "200"][..], "ok"),
        (&["backup/nightly/db1", "300", "tape", "is", "full"], "ko tape is full"),
        (&["backup/nightly/db1", "500", "tape burns"], "ko tape burns"),
        (&["backup/nightly/db1", "210", "--period", "1h", "late"], "but late"),
        (&["backup/nightly/db1", "200", "done"], "ok done"),
    ] {
        report(&scene, arguments);
        let shown = scene.wait_for_words("backup/nightly/db1", words);
        assert_eq!(shown["code"], arguments[1].parse::<u64>().unwrap());
    }
    assert_eq!(scene.shown("backup/nightly/db2")["state"], "unknown");
    watcher.wait_for_log("backup/nightly/db1: ok -> ko (tape is full), was ok for ");
    watcher.wait_for_log("backup/nightly/db1: ko 300 -> ko 500 (tape burns)");
}

#[test]
fn what_is_not_known_or_probed_takes_no_reports() {
    let host = Host::new("200 OK");
    let web = format!(
        "[hostgroup.web]\nhosts = [\"{}\"]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n",
        host.address
    );
    let scene = Scene::new(&format!("{BACKUP}{web}"));
    let _watcher = Watcher::start(&scene);
    let probed = format!("web/oco/{}", host.address);
    for (name, why) in [
        ("backup/nightly/db3", "not known"),
        ("backup/weekly/db1", "not known"),
        ("nobody/nightly/db1", "not known"),
        (probed.as_str(), "is probed"),
        ("backup/nightly", "expected a target, GROUP/SERVICE/HOST"),
        ("node:shop", "expected a target"),
        ("backup//db1", "backup//db1"),
        ("backup/nightly/%2f", "%2f"),
    ] {
        let complaint = refused(&scene, &[name, "200"]);
        assert!(complaint.contains(why), "{name}: {complaint}");
    }
    assert_eq!(scene.status()["services"].as_array().unwrap().len(), 2);
}

#[test]
fn many_reports_are_taken_in_one_line_and_each_is_acknowledged() {
    let scene = Scene::new(&format!("{BACKUP}{PUSH}"));
    let _watcher = Watcher::start(&scene);
    let reply = ask(
        &scene,
        r#"{"version":1,"order":"report","reports":[{"name":"backup/nightly/db1","code":200},
           {"name":"backup/nightly/db9","code":200},{"name":"push/a/b","code":300,"period":60000,"text":"x"},
           {"name":"push/a/c","code":600},{"name":"push/a/d","code":200,"period":0}]}"#
            .replace('\n', "")
            .as_str(),
    );
    let results = reply["results"].as_array().unwrap();
    assert_eq!(
        results.iter().map(serde_json::Value::is_null).collect::<Vec<_>>(),
        [true, false, true, false, false]
    );
    assert!(results[1].as_str().unwrap().contains("backup/nightly/db9: not known"), "{reply}");
    assert!(results[3].as_str().unwrap().contains("code 600: expected 2XX, 3XX or 5XX"), "{reply}");
    scene.wait_for_words("push/a/b", "ko x");
    // Thousands of them.
    let reports: Vec<_> = (0..5000).map(|n| json!({"name": format!("push/many/{n}"), "code": 200})).collect();
    let mut talk = Talk::new(&scene);
    let reply = talk.ask(&json!({"version": 1, "order": "report", "reports": reports}).to_string());
    assert_eq!(reply["results"], json!(vec![(); 5000]));
    assert_eq!(scene.shown("push/many")["up"], 5000);
}

#[test]
fn who_reports_is_taken_in_kept_and_forgotten() {
    let scene = Scene::new(PUSH);
    let mut watcher = Watcher::start(&scene);
    report(&scene, &["push/disk/web1", "200"]);
    report(&scene, &["push/disk/a%20b", "300", "full"]);
    report(&scene, &["push/C%3A%5C/web1", "200"]);
    let longest = "x".repeat(255);
    report(&scene, &[&format!("push/disk/{longest}"), "200"]);
    for name in
        ["push/disk/a b", "push/disk/%61", "push/disk/%2f", "push/disk/%", "push/disk/%0", "push/di/sk/x"]
    {
        refused(&scene, &[name, "200"]);
    }
    refused(&scene, &[&format!("push/disk/{longest}x"), "200"]);
    scene.wait_for_words("push/disk/a%20b", "ko full");
    let since = scene.shown("push/disk/a%20b")["since"].clone();
    wait_for("the journal", || scene.told(&["log"]).contains(&longest).then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let mut watcher = Watcher::start(&scene);
    let shown = scene.wait_for_words("push/disk/a%20b", "ko full");
    assert_eq!(shown["since"], since, "kept over a kill");
    assert_eq!(scene.shown("push/disk/web1")["state"], "ok");
    let said = scene.told(&["forget", "push/disk/a%20b"]);
    assert!(said.contains("push/disk/a%20b"), "{said}");
    assert!(scene.shown("push/disk/a%20b").is_null());
    watcher.wait_for_log("push/disk/a%20b: forgotten, by ");
    scene.wait_for_words("push/disk", "ok");
    let (status, _, complaint) = parts(&scene.fleet(&["forget", "push/disk/a%20b"]).output().unwrap());
    assert_eq!(status, Some(3));
    assert!(complaint.contains("push/disk/a%20b: not known"), "{complaint}");
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let _watcher = Watcher::start(&scene);
    assert!(scene.shown("push/disk/a%20b").is_null(), "it stays forgotten");
    assert_eq!(scene.shown("push/disk/web1")["state"], "ok");
}

#[test]
fn what_stands_in_the_file_is_not_forgotten() {
    let scene = Scene::new(BACKUP);
    let _watcher = Watcher::start(&scene);
    let (status, _, complaint) = parts(&scene.fleet(&["forget", "backup/nightly/db1"]).output().unwrap());
    assert_eq!(status, Some(3));
    assert!(complaint.contains("stands in the file"), "{complaint}");
}

#[test]
fn who_is_silent_for_longer_than_promised_is_ko_from_then_on() {
    let text = "[hostgroup.a]\nhosts = [\"x\"]\n[hostgroup.a.service.s]\nprobe = { report = \"1500ms\" }\n";
    let scene = Scene::new(&format!("{text}{PUSH}"));
    let before = now();
    let mut watcher = Watcher::start(&scene);
    let after = now();
    // Nobody has reported yet: that is counted from the start.
    let shown = scene.wait_for_words("a/s/x", "ko silent for ");
    let since = seconds(&shown["since"]);
    assert!(since - before >= 1.0 && since - after < 4.0, "{shown}");
    // A period has a grace of at least five seconds; the largest of the last five counts.
    let before = now();
    report(&scene, &["push/a/b", "200", "--period", "1s"]);
    let after = now();
    report(&scene, &["a/s/x", "200", "--period", "1s"]);
    report(&scene, &["a/s/x", "200", "--period", "500ms"]);
    watcher.wait_for_log("push/a/b: ok -> ko (silent for ");
    let shown = scene.wait_for_words("push/a/b", "ko silent for 6s");
    let since = seconds(&shown["since"]);
    assert!(since - before >= 5.5 && since - after < 6.9, "dated at the break: {before} {after} {shown}");
    let journal = wait_for("the journal", || {
        let log = scene.told(&["log", "--json", "push/a/b"]);
        log.contains("silent for").then_some(log)
    });
    let last: serde_json::Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
    assert!((seconds(&last["at"]) - seconds(&shown["since"])).abs() < 0.01, "{last}");
    // A later report beats the silence, and after a start each promise runs anew.
    report(&scene, &["push/a/b", "200"]);
    scene.wait_for_words("push/a/b", "ok");
    watcher.signal("TERM");
    watcher.wait();
    std::thread::sleep(Duration::from_secs(6));
    let before = now();
    let _watcher = Watcher::start(&scene);
    assert_eq!(scene.shown("push/a/b")["state"], "ok");
    let shown = scene.wait_for_words("push/a/b", "ko silent for ");
    assert!(seconds(&shown["since"]) > before + 4.0, "{shown}");
}
