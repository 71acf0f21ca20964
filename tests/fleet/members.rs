//! Services of their targets and nodes of their members: needs, rules, and what is not known.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::watcher::Watcher;
use std::fmt::Write as _;

const FAST: &str = "[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\n";
/// Probed by a program that is not there: unknown.
const NONE: &str = "{ exec = [\"no-such-program\"] }";

/// A group `NAME` with the service `s` of these hosts, called 1, 2, ...
fn group(name: &str, hosts: &[&Host], keys: &str) -> String {
    let hosts: Vec<String> = (1..)
        .zip(hosts)
        .map(|(number, host)| format!("{{ name = \"{number}\", address = \"{}\" }}", host.address))
        .collect();
    format!(
        "[hostgroup.{name}]\nhosts = [{}]\n[hostgroup.{name}.service.s]\nprobe = \"oco\"\n{keys}\n",
        hosts.join(", ")
    )
}

fn code(scene: &Scene, name: &str) -> Option<u64> {
    scene.shown(name)["code"].as_u64()
}

#[track_caller]
fn wait_for_codes(scene: &Scene, names: &[&str], expected: u64) {
    for name in names {
        wait_for(&format!("{name} to have {expected}"), || {
            (code(scene, name) == Some(expected)).then_some(())
        });
    }
}

#[test]
fn a_service_is_up_as_long_as_what_it_needs_is() {
    let hosts: Vec<Host> = (0..4).map(|_| Host::new("200 OK")).collect();
    let all: Vec<&Host> = hosts.iter().collect();
    let mut text = FAST.to_owned();
    for (name, need) in [("all", ""), ("two", "need = 2"), ("half", "need = \"60%\"")] {
        text.push_str(&group(name, &all, need));
    }
    let scene = Scene::new(&text);
    let _watcher = Watcher::start(&scene);
    let is = |all: &str, two: &str, half: &str| {
        for (name, words) in [("all/s", all), ("two/s", two), ("half/s", half)] {
            scene.wait_for_words(name, words);
        }
    };
    is("ok", "ok", "ok");
    // 60 % of 4 is 3, rounded up.
    assert_eq!(scene.shown("half/s")["need"], 3);
    hosts[0].say("250 OK, but 201-x");
    is("but", "but", "but");
    hosts[0].say("350 KO 300-x");
    is("ko", "but", "but");
    wait_for_codes(&scene, &["all/s"], 350);
    wait_for_codes(&scene, &["two/s"], 250);
    hosts[1].say("350 KO 300-x");
    is("ko", "but", "ko");
    hosts[2].say("550 KO 500-x");
    is("ko", "ko", "ko");
    wait_for_codes(&scene, &["all/s", "two/s"], 550);
    hosts.iter().for_each(|host| host.say("200 OK"));
    is("ok", "ok", "ok");
    assert_eq!(code(&scene, "all/s"), Some(200));
}

#[test]
fn what_is_not_known_is_tried_both_ways() {
    let hosts = [Host::new("200 OK"), Host::new("200 OK")];
    let mut text = FAST.to_owned();
    text.push_str(&group("g", &[&hosts[0]], ""));
    text.push_str(&group("h", &[&hosts[1]], ""));
    write!(text, "[hostgroup.n]\nhosts = [\"127.0.0.1\"]\n[hostgroup.n.service.s]\nprobe = {NONE}\n")
        .unwrap();
    for (name, rule) in [("all", "all"), ("any", "any"), ("two", "2 of"), ("most", "60%")] {
        write!(text, "[node.{name}]\nmembers = [\"g/s\", \"h/s\", \"n/s\"]\nrule = \"{rule}\"\n").unwrap();
    }
    let scene = Scene::new(&text);
    let watcher = Watcher::start(&scene);
    let is = |expected: [&str; 4]| {
        for (name, words) in ["node:all", "node:any", "node:two", "node:most"].iter().zip(expected) {
            scene.wait_for_words(name, words);
        }
    };
    // Where it makes no difference and is up it is `but`.
    is(["unknown", "but", "but", "but"]);
    assert_eq!(code(&scene, "node:all"), None);
    hosts[0].say("350 KO 300-x");
    is(["ko", "but", "unknown", "unknown"]);
    watcher.wait_for_log("node:all: unknown -> ko (");
    hosts[1].say("350 KO 300-x");
    is(["ko", "unknown", "ko", "ko"]);
    wait_for_codes(&scene, &["node:all"], 350);
}

#[test]
fn nodes_are_made_of_services_targets_patterns_and_nodes() {
    let hosts: Vec<Host> = (0..4).map(|_| Host::new("200 OK")).collect();
    let mut text = FAST.to_owned();
    text.push_str(&group("web", &[&hosts[0], &hosts[1]], "need = 1"));
    text.push_str(&group("db", &[&hosts[2]], ""));
    text.push_str(&group("gateway", &[&hosts[3]], ""));
    text.push_str(
        "[node.shop]\ntitle = \"The shop\"\nmembers = [\"web/s\", \"d*/s\", \"node:net\"]\n\
         [node.net]\nmembers = [\"gateway/s/1\"]\n[node.calm]\nmembers = [\"web/s\"]\nignore-but = true\n\
         [node.whole]\nmembers = [\"node:shop\", \"node:calm\"]\nrule = \"any\"\n",
    );
    let scene = Scene::new(&text);
    let watcher = Watcher::start(&scene);
    let is = |expected: [&str; 4]| {
        for (name, words) in ["node:shop", "node:net", "node:calm", "node:whole"].iter().zip(expected) {
            scene.wait_for_words(name, words);
        }
    };
    is(["ok", "ok", "ok", "ok"]);
    let shop = scene.shown("node:shop");
    assert_eq!((&shop["title"], &shop["rule"]), (&"The shop".into(), &"all".into()));
    assert_eq!(shop["members"], serde_json::json!(["web/s", "db/s", "node:net"]));
    hosts[0].say("350 KO 300-x");
    is(["but", "ok", "ok", "but"]);
    hosts[3].say("550 KO 500-x");
    is(["ko", "ko", "ok", "but"]);
    // A member has a 5XX, and so has what it is a member of.
    wait_for_codes(&scene, &["node:net", "node:shop"], 550);
    watcher.wait_for_log("node:shop: but -> ko (");
    hosts[3].say("200 OK");
    is(["but", "ok", "ok", "but"]);
    hosts[0].say("200 OK");
    is(["ok", "ok", "ok", "ok"]);
    assert_eq!(scene.fleet(&["status", "node:shop"]).output().unwrap().status.code(), Some(0));
}
