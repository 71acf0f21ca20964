//! Whether it is us: the canary, and dependencies.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::server::{Gate, serve};
use crate::watcher::Watcher;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

const FAST: &str = "[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 2\nrise = 2\n";

fn group(name: &str, address: std::net::SocketAddr, keys: &str) -> String {
    format!(
        "[hostgroup.{name}]\nhosts = [{{ name = \"a\", address = \"{address}\" }}]\n\
         [hostgroup.{name}.service.s]\nprobe = \"oco\"\n{keys}\n"
    )
}

#[test]
fn when_all_canaries_fail_it_is_us() {
    let (first, second) = (Host::new("200 OK"), Host::new("200 OK"));
    let mut gates = [Gate::new(), Gate::new()];
    let canary = format!("[canary]\nhosts = [\"{}\", \"{}\"]\n", gates[0].address, gates[1].address);
    let text = FAST.to_owned() + &canary + &group("g", first.address, "") + &group("h", second.address, "");
    let scene = Scene::new(&text);
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    scene.wait_for_words("h/s/a", "ok");
    // One of them is enough.
    gates[0].shut();
    first.say("350 KO 300-x");
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-x), 2 of 2 probes");
    gates[1].shut();
    second.say("350 KO 300-y");
    watcher.wait_for_log("no canary answers: it is our own network; every target is unknown\n");
    for name in ["g/s/a", "h/s/a", "g/s", "h/s"] {
        scene.wait_for_words(name, "unknown");
    }
    assert_eq!(scene.fleet(&["status"]).output().unwrap().status.code(), Some(3));
    let log = watcher.log();
    assert!(!log.contains("h/s/a: ok -> ko"), "it may have been us:\n{log}");
    assert!(!log.contains("-> unknown"), "one line tells of all:\n{log}");
    gates[1].open();
    watcher.wait_for_log("a canary answers again");
    // What was counted is forgotten; what fails now is judged anew.
    watcher.wait_for_log("h/s/a: unknown -> ko (350 KO 300-y)");
    scene.wait_for_words("g/s/a", "ko 350 KO 300-x");
    assert_eq!(watcher.log().matches("no canary answers").count(), 1);
    let journal = wait_for("the journal", || {
        let log = scene.told(&["log", "h/s/a"]);
        log.contains("unknown -> ko").then_some(log)
    });
    assert!(journal.contains("ok -> unknown (no canary answers)"), "{journal}");
}

#[test]
fn refused_is_an_answer_of_a_canary() {
    let host = Host::new("200 OK");
    let canary = format!("[canary]\nhosts = [\"{}\"]\n", crate::host::closed_port());
    let scene = Scene::new(&(FAST.to_owned() + &canary + &group("g", host.address, "")));
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    host.say("350 KO 300-x");
    watcher.wait_for_log("g/s/a: ok -> ko");
    assert!(!watcher.log().contains("canary"), "{}", watcher.log());
}

#[test]
fn a_dependency_is_probed_at_once_and_what_fails_meanwhile_says_so() {
    static PROBES: AtomicUsize = AtomicUsize::new(0);
    static IS_DOWN: AtomicUsize = AtomicUsize::new(0);
    let gateway = serve(|mut stream| {
        PROBES.fetch_add(1, Ordering::SeqCst);
        let is_down = IS_DOWN.load(Ordering::SeqCst) == 1;
        let _ = stream.write_all(if is_down { b"350 KO oco-1 300-down\r\n" } else { b"200 OK oco-1\r\n" });
    });
    let (first, second) = (Host::new("200 OK"), Host::new("200 OK"));
    let text = FAST.to_owned()
        + &group("gw", gateway, "interval = \"1h\"\nfast-interval = \"100ms\"\nfall = 3")
        + &group("g", first.address, "depends = [\"gw/s\"]")
        + &group("h", second.address, "depends = [\"gw/s\"]");
    let scene = Scene::new(&text);
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    scene.wait_for_words("h/s/a", "ok");
    let before = PROBES.load(Ordering::SeqCst);
    first.say("350 KO 300-x");
    wait_for("the dependency to be probed", || (PROBES.load(Ordering::SeqCst) > before).then_some(()));
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-x), 2 of 2 probes");
    scene.wait_for_words("gw/s/a", "ok");
    IS_DOWN.store(1, Ordering::SeqCst);
    second.say("350 KO 300-y");
    watcher.wait_for_log("gw/s/a: ok -> ko (350 KO 300-down), 3 of 3 probes");
    first.say("200 OK");
    watcher.wait_for_log("g/s: ko -> ok");
    first.say("350 KO 300-z");
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-z)");
    let line = |log: &str| {
        log.lines().find(|line| line.contains("g/s: ok -> ko") && line.contains("300-z")).map(str::to_owned)
    };
    let line = wait_for("the service to fail", || line(&watcher.log()));
    assert!(line.ends_with(", while gw/s"), "{line}");
    let told = wait_for("the journal", || {
        let log = scene.told(&["log", "--json", "g/s"]);
        log.contains("300-z").then_some(log)
    });
    let last: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(last["while"], "gw/s");
}

#[test]
fn a_canary_that_we_can_not_ping_is_told() {
    crate::namespace::in_a_world_of_its_own("a canary to ping", || {
        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "1 0").unwrap();
        let host = Host::new("200 OK");
        let text = FAST.to_owned() + "[canary]\nhosts = [\"127.0.0.1\"]\n" + &group("g", host.address, "");
        let scene = Scene::new(&text);
        let watcher = Watcher::start(&scene);
        scene.wait_for_words("g/s/a", "ok");
        host.say("350 KO 300-x");
        // Our own failure proves nothing, so that nothing is judged ko. That must not be silent.
        watcher.wait_for_log("ping_group_range");
        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").unwrap();
        watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-x)");
    });
}

#[test]
fn a_reload_in_the_middle_of_a_round_keeps_no_ko_waiting() {
    let host = Host::new("200 OK");
    let mut gate = Gate::new();
    let canary = format!("[canary]\nhosts = [\"{}\"]\n", gate.address);
    let scene = Scene::new(&(FAST.to_owned() + &canary + &group("g", host.address, "")));
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    gate.shut();
    host.say("350 KO 300-x");
    // A ko waits for a round, and that takes three seconds.
    std::thread::sleep(std::time::Duration::from_secs(1));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    gate.open();
    wait_for("a verdict", || {
        watcher.log().contains("g/s/a: ok -> ko (350 KO 300-x)").then_some(()).or_else(|| {
            let words = crate::shown::words(&scene.shown("g/s/a"));
            words.starts_with("ko ").then_some(())
        })
    });
}

#[test]
fn what_was_reported_stands_again_after_a_kill_while_it_was_us() {
    let mut gate = Gate::new();
    let canary = format!("[canary]\nhosts = [\"{}\"]\n", gate.address);
    let text = FAST.to_owned()
        + &canary
        + "[hostgroup.backup]\nhosts = [\"a\", \"b\"]\n[hostgroup.backup.service.nightly]\nprobe = { report = \"25h\" }\n";
    let scene = Scene::new(&text);
    let mut watcher = Watcher::start(&scene);
    scene.told(&["report", "backup/nightly/a", "200", "done"]);
    scene.told(&["report", "backup/nightly/b", "210", "nearly"]);
    scene.wait_for_words("backup/nightly/b", "but nearly");
    gate.shut();
    watcher.wait_for_log("no canary answers");
    scene.wait_for_words("backup/nightly/a", "unknown");
    wait_for("the journal", || scene.told(&["log", "backup/nightly"]).contains("-> unknown").then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("backup/nightly/a", "unknown");
    gate.open();
    watcher.wait_for_log("a canary answers again");
    scene.wait_for_words("backup/nightly/a", "ok");
    scene.wait_for_words("backup/nightly/b", "but as it was reported last");
}
