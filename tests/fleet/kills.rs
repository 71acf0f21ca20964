//! Ends without notice: the journal is one unbroken chain over them, and nobody who was taken in is lost.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::talk::Talk;
use crate::watcher::Watcher;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn the_journal_is_one_chain_over_kills() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&format!(
        "[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\n[hostgroup.g]\n\
         hosts = [{{ name = \"a\", address = \"{}\" }}]\n[hostgroup.g.service.s]\nprobe = \"oco\"\n\
         [node.n]\nmembers = [\"g/s\"]\n",
        host.address
    ));
    let is_over = Arc::new(AtomicBool::new(false));
    let flips = {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            for line in ["350 KO 300-x", "250 OK, but 201-y", "550 KO 500-z", "200 OK"].iter().cycle() {
                host.say(line);
                std::thread::sleep(Duration::from_millis(70));
                if is_over.load(Ordering::SeqCst) {
                    return host.say("200 OK");
                }
            }
        })
    };
    // It is killed at moments that have nothing to do with what it does.
    for pause in [310, 150, 520, 90, 230, 410, 340, 60, 270] {
        let mut watcher = Watcher::start(&scene);
        std::thread::sleep(Duration::from_millis(pause));
        watcher.signal("KILL");
        watcher.wait();
    }
    let _watcher = Watcher::start(&scene);
    let entries = |name: &str| -> Vec<Value> {
        let log = scene.told(&["log", "--json", name]);
        let entries = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let is_chained = |entry: &Value| entry["name"] == name && entry["kind"] == "transition";
        entries.filter(is_chained).collect()
    };
    let names = ["g/s/a", "g/s", "node:n"];
    for name in names {
        wait_for(&format!("a long chain of {name}"), || (entries(name).len() > 10).then_some(()));
    }
    scene.wait_for_words("node:n", "ko");
    is_over.store(true, Ordering::SeqCst);
    flips.join().unwrap();
    for name in names {
        scene.wait_for_words(name, "ok");
        let entries = wait_for("the journal", || {
            Some(entries(name)).filter(|entries| entries.last().is_some_and(|last| last["new"] == "ok"))
        });
        assert!(entries.len() > 10, "{entries:?}");
        for pair in entries.windows(2) {
            assert_eq!(pair[0]["new"], pair[1]["old"], "{name}: {pair:?}");
            let at = |entry: &Value| humantime::parse_rfc3339(entry["at"].as_str().unwrap()).unwrap();
            assert!(at(&pair[0]) <= at(&pair[1]), "{name}: {pair:?}");
        }
    }
}

#[test]
fn as_many_as_may_be_are_taken_in_and_kept_over_a_kill() {
    const MOST: usize = 100_000;
    let scene = Scene::new("[hostgroup.push]\naccept-reports = true\n");
    let mut watcher = Watcher::start(&scene);
    let mut talk = Talk::new(&scene);
    for begin in (0..MOST).step_by(5000) {
        let reports: Vec<Value> = (begin..begin + 5000)
            .map(|n| json!({"name": format!("push/s{}/host{n}", n % 10), "code": 200 + n % 2 * 100}))
            .collect();
        let reply = talk.ask(&json!({"version": 1, "order": "report", "reports": reports}).to_string());
        assert_eq!(reply["results"], json!(vec![(); 5000]), "at {begin}");
    }
    let reply = talk.ask(r#"{"version":1,"order":"report","reports":[{"name":"push/s/more","code":200}]}"#);
    assert!(reply["results"][0].as_str().unwrap().contains("100000 targets"), "{reply}");
    drop(talk);
    let count = || {
        let reply =
            crate::talk::ask(&scene, r#"{"version":1,"order":"status","patterns":["push"],"most":0}"#);
        let services = reply["services"].as_array().unwrap().clone();
        let sum = |key: &str| services.iter().map(|service| service[key].as_u64().unwrap()).sum::<u64>();
        (sum("up"), sum("of"))
    };
    assert_eq!(count(), (50_000, 100_000));
    // A fleet of 100,000 fits on a screen.
    let shown = crate::scene::text(&scene.fleet(&["status"]).output().unwrap().stdout);
    assert!(shown.lines().count() < 2000, "{} lines", shown.lines().count());
    wait_for("the journal", || {
        // While so much is written, reading may take longer than it is given, which is said.
        let log = scene.fleet(&["log", "--json", "push/s9/host99999"]).output().unwrap();
        (!log.stdout.is_empty()).then_some(())
    });
    watcher.signal("KILL");
    watcher.wait();
    let _watcher = Watcher::start(&scene);
    assert_eq!(count(), (50_000, 100_000));
}

#[test]
fn what_somebody_was_told_is_done_is_there_after_a_kill_at_once() {
    let scene = Scene::new(
        "[hostgroup.g]\nhosts = [\"a\"]\n[hostgroup.g.service.s]\nprobe = { report = \"1h\" }\n\
         [hostgroup.push]\naccept-reports = true\n",
    );
    let mut watcher = Watcher::start(&scene);
    scene.told(&["report", "g/s/a", "300"]);
    scene.told(&["report", "push/load/a", "200"]);
    scene.wait_for_words("g/s", "ko");
    let orders = [
        ("ack", r#""name":"g/s""#),
        ("unack", r#""name":"g/s""#),
        ("mute", r#""name":"g/s""#),
        ("maint", r#""name":"g/s","for":3600000"#),
        ("adjust", r#""name":"g/s","from":"-2h","to":"-1h","state":"ok","text":"why""#),
        ("forget", r#""name":"push/load/a""#),
    ];
    for (order, keys) in orders {
        let asked = crate::talk::ask(&scene, &format!(r#"{{"version":1,"order":"{order}",{keys}}}"#));
        watcher.signal("KILL");
        watcher.wait();
        assert_eq!((&asked["ok"], &asked["unwritten"]), (&json!(true), &Value::Null), "{asked}");
        watcher = Watcher::start(&scene);
        let status = crate::talk::ask(&scene, r#"{"version":1,"order":"status","patterns":[]}"#);
        let service = &status["services"][0];
        let is_there = match order {
            "ack" => service["acked"].is_object(),
            "unack" => service["acked"].is_null(),
            "mute" => service["muted"].is_object(),
            "maint" => service["maint"].is_object(),
            "adjust" => scene.told(&["adjustments"]).contains("why"),
            _ => status["services"].as_array().unwrap().len() == 1,
        };
        assert!(is_there, "{order}: {status}");
    }
}
