//! How targets are judged: the first result, fall and rise, fast probes, silence, codes, flapping.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::server::silent;
use crate::watcher::Watcher;
use std::net::SocketAddr;

/// A group of this host, probed as `defaults` says.
fn one(address: SocketAddr, defaults: &str) -> String {
    format!(
        "[defaults]\n{defaults}\n[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{address}\" }}]\n\
         [hostgroup.g.service.s]\nprobe = \"oco\"\n"
    )
}

const FAST: &str = "interval = \"100ms\"\ntimeout = \"10s\"\nfall = 3\nrise = 2";

/// The log's lines about the target, without their times.
fn about(watcher: &Watcher) -> Vec<String> {
    let log = watcher.log();
    let cut = |line: &str| line.find("g/s/a: ").map(|at| line[at + 7..].to_owned());
    log.lines().filter_map(cut).collect()
}

#[test]
fn the_first_result_decides_at_once_then_fall_and_rise_count() {
    let host = Host::new("350 KO 300-x");
    let scene = Scene::new(&one(host.address, FAST));
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/a: unknown -> ko (350 KO 300-x)\n");
    host.say("200 OK");
    watcher.wait_for_log("g/s/a: ko -> ok, 2 of 2 probes, was ko for ");
    host.say("350 KO 300-y");
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-y), 3 of 3 probes, was ok for ");
    assert_eq!(about(&watcher).len(), 3, "{:?}", about(&watcher));
}

#[test]
fn opposite_results_begin_the_count_anew() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    // Never three bad ones in a row until the 30th.
    let address = crate::server::serve(|mut stream| {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let is_good = count == 0 || (count < 30 && count.is_multiple_of(3));
        let line = if is_good { "200 OK oco-1\r\n" } else { "350 KO oco-1 300-x\r\n" };
        let _ = std::io::Write::write_all(&mut stream, line.as_bytes());
    });
    let scene = Scene::new(&one(address, FAST));
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/a: ok -> ko (");
    let count = COUNT.load(Ordering::SeqCst);
    assert!(count >= 30, "{count} probes: {}", watcher.log());
}

#[test]
fn changes_are_counted_by_fast_probes() {
    let host = Host::new("200 OK");
    let text = "interval = \"30s\"\nfast-interval = \"100ms\"\nfall = 3\nrise = 3";
    let scene = Scene::new(&one(host.address, text));
    let watcher = Watcher::start(&scene);
    // The starts are spread over the interval; the watcher ends and comes back until one comes soon.
    host.say("350 KO 300-x");
    watcher.wait_for_log("g/s/a: unknown -> ko");
    let begin = std::time::Instant::now();
    host.say("200 OK");
    watcher.wait_for_log("g/s/a: ko -> ok, 3 of 3 probes");
    assert!(begin.elapsed().as_secs() < 45, "one regular turn, then fast ones");
}

#[test]
fn silence_is_ko_whatever_fall_says() {
    let host = Host::new("200 OK");
    let text = "interval = \"100ms\"\ntimeout = \"10s\"\nfall = 1000\nmax-silence = \"3s\"";
    let scene = Scene::new(&one(host.address, text));
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/a: unknown -> ok");
    host.say("350 KO 300-x");
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-x), was ok for ");
}

#[test]
fn a_timeout_is_told_from_a_refusal_and_ok_and_but_change_at_once() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(host.address, "interval = \"100ms\"\ntimeout = \"10s\"\nfall = 1000"));
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/a: unknown -> ok");
    host.say("250 OK, but 201-disk");
    watcher.wait_for_log("g/s/a: ok -> but (250 OK, but 201-disk), was ok for ");
    host.say("250 OK, but 201-disk,202-load");
    // Another list of entries of an oco target is a transition of its own.
    watcher.wait_for_log("g/s/a: but -> but (250 OK, but 201-disk,202-load)");
    host.say("200 OK");
    watcher.wait_for_log("g/s/a: but -> ok, was but for ");
    let timeout = Scene::new(&one(silent(), "timeout = \"300ms\"")).once();
    assert_eq!(timeout[0].1, "ko timeout");
}

#[test]
fn a_code_that_changes_within_a_state_is_told_at_once() {
    let host = Host::new("350 KO 300-x");
    let scene = Scene::new(&one(host.address, "interval = \"100ms\"\nfall = 1000\nrise = 1000"));
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/a: unknown -> ko");
    host.say("550 KO 500-x");
    watcher.wait_for_log("g/s/a: ko 350 -> ko 550 (550 KO 500-x)");
    watcher.wait_for_log("g/s: ko 350 -> ko 550");
    let log = wait_for("the journal", || {
        let log = scene.told(&["log", "--json", "g/s/a"]);
        log.contains("\"code\":550").then_some(log)
    });
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["kind"], &last["old"], &last["new"]),
        (&"transition".into(), &"ko".into(), &"ko".into())
    );
}

#[test]
fn what_goes_up_and_down_flaps_until_it_is_calm() {
    let host = Host::new("200 OK");
    let text =
        "interval = \"100ms\"\nfall = 1\nrise = 1\nflap = { changes = 4, within = \"1m\", calm = \"1s\" }";
    let scene = Scene::new(&one(host.address, text));
    let watcher = Watcher::start(&scene);
    for (line, words) in
        [("200 OK", "ok"), ("350 KO 300-x", "ko"), ("200 OK", "ok"), ("350 KO 300-x", "ko"), ("200 OK", "ok")]
    {
        host.say(line);
        scene.wait_for_words("g/s", words);
    }
    watcher.wait_for_log("g/s: goes up and down");
    watcher.wait_for_log("g/s: has been calm");
    wait_for("the end of it", || (scene.shown("g/s")["flapping"] == false).then_some(()));
    assert_eq!(watcher.log().matches("goes up and down").count(), 1);
    host.say("350 KO 300-x");
    scene.wait_for_words("g/s", "ko");
}
