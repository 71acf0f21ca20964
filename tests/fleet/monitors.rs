//! mon's monitors: all hosts in one call.

use crate::scene::{Scene, wait_for};
use crate::server::{free_port, has, serve_at};
use crate::watcher::Watcher;

const MONITORS: &str = "/usr/lib/mon/mon.d";

fn group(hosts: &str, command: &[&str]) -> String {
    format!(
        "[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 1\nrise = 1\n\
         [hostgroup.g]\nhosts = [{hosts}]\n[hostgroup.g.service.m]\nprobe = {{ mon = {command:?} }}\n"
    )
}

#[test]
fn monitors_of_mon_judge_all_hosts_at_once() {
    if !has("monitors", &format!("{MONITORS}/tcp.monitor")) {
        return;
    }
    let port = free_port();
    serve_at(format!("127.0.0.1:{port}").parse().unwrap(), drop);
    serve_at(format!("127.0.0.2:{port}").parse().unwrap(), drop);
    let hosts = "\"127.0.0.1\", { name = \"two\", address = \"127.0.0.2\" }, \"127.0.0.3\"";
    let scene =
        Scene::new(&group(hosts, &["tcp.monitor", "-p", &port.to_string()]).replace("\"1s\"", "\"20s\""));
    let found = scene.once();
    let words: Vec<&str> = found.iter().map(|(_, words)| words.as_str()).collect();
    assert!(words[0] == "ok" && words[1].starts_with("ko ") && words[2] == "ok", "{found:?}");
}

#[test]
fn fping_of_mon_judges() {
    let test = "fping.monitor";
    if !has(test, &format!("{MONITORS}/fping.monitor")) || !has(test, "fping") {
        return;
    }
    let scene = Scene::new(&group("\"127.0.0.1\"", &["fping.monitor"]).replace("\"1s\"", "\"20s\""));
    let found = scene.once();
    if found[0].1 != "ok" {
        let ping = std::process::Command::new("fping").arg("127.0.0.1").output().unwrap();
        assert!(!ping.status.success(), "{found:?}");
        println!("skipped: {test}: fping can not ping here: {}", String::from_utf8_lossy(&ping.stderr));
    }
}

#[test]
fn a_monitors_first_line_names_those_that_failed() {
    let scene = Scene::new("");
    let says = scene.path("says").display().to_string();
    let script = format!("#!/bin/sh\n. {says}\n");
    let monitor = scene.program("monitor", &script).display().to_string();
    let say = |text: &str| {
        std::fs::write(scene.path("new"), text).unwrap();
        std::fs::rename(scene.path("new"), scene.path("says")).unwrap();
    };
    let tells = |one: &str, two: &str| {
        scene.wait_for_words("g/m/127.0.0.1", one);
        scene.wait_for_words("g/m/two", two);
    };
    say("exit 0");
    // Hosts are given as the file has them, and as the address where that is a table.
    let hosts = "\"127.0.0.1\", { name = \"two\", address = \"127.0.0.2\" }";
    scene.configure(&group(hosts, &[&monitor, "-x", "{group}"]));
    let _watcher = Watcher::start(&scene);
    tells("ok", "ok");
    say("echo 127.0.0.2; echo; echo no answer; exit 1");
    tells("ok", "ko no answer");
    say("echo 127.0.0.1 127.0.0.2; exit 1");
    tells("ko exit status 1", "ko");
    say("exit 0");
    tells("ok", "ok");
    // A line that names none fails all.
    say("echo something broke; exit 3");
    tells("ko something broke", "ko something broke");
    say("exit 0");
    tells("ok", "ok");
    say("echo 127.0.0.2; exec sleep 60");
    tells("ko timeout", "ko timeout");
    // One that was cut makes those that it does not name unknown.
    say("printf '127.0.0.1 '; head -c 200000 /dev/zero | tr '\\\\0' x; exit 1");
    tells("ko", "unknown the monitor's line was cut");
    say("echo \"$*\" >$0.words; exit 0");
    tells("ok", "ok");
    let words = wait_for("the words", || std::fs::read_to_string(scene.path("monitor.words")).ok());
    assert_eq!(words, "-x g 127.0.0.1 127.0.0.2\n");
}

#[test]
fn thousands_of_hosts_are_asked_for_in_a_few_calls() {
    let scene = Scene::new("");
    let calls = scene.path("calls").display().to_string();
    let monitor = scene
        .program("monitor", &format!("#!/bin/sh\necho $# >>{calls}\necho 127.0.9.9\nexit 1\n"))
        .display()
        .to_string();
    let hosts: Vec<String> = (0..12_000).map(|n| format!("\"127.0.{}.{}\"", n / 250, n % 250 + 1)).collect();
    scene.configure(&group(&hosts.join(", "), &[&monitor]).replace("\"1s\"", "\"30s\""));
    let found = scene.once();
    assert_eq!(found.len(), 12_000);
    let failed: Vec<_> = found.iter().filter(|(_, words)| words != "ok").collect();
    let calls = std::fs::read_to_string(calls).unwrap();
    let counts: Vec<usize> = calls.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 12_000);
    assert!((2..=3).contains(&counts.len()), "{counts:?}");
    // A call that names none of its hosts fails all of those.
    let of_others: usize = counts.iter().sum::<usize>() - counts.iter().max().unwrap();
    assert!(failed.iter().any(|(name, _)| name == "g/m/127.0.9.9"));
    assert!(failed.len() == of_others + 1 || failed.len() == 12_000 - of_others + 1, "{}", failed.len());
}
