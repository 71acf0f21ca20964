//! The control socket: who says what nobody understands, says too much, or never listens.

use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::shown::named;
use crate::talk::{Talk, ask};
use crate::watcher::Watcher;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::time::{Duration, Instant};

fn small() -> (Host, Scene) {
    let host = Host::new("200 OK");
    let scene = Scene::new(&format!(
        "[defaults]\ninterval = \"100ms\"\n[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.g.service.s]\nprobe = \"oco\"\n[node.n]\nmembers = [\"g/s\"]\n",
        host.address
    ));
    (host, scene)
}

#[test]
fn the_socket_is_for_its_group_and_speaks_a_version() {
    let (_host, scene) = small();
    let _watcher = Watcher::start(&scene);
    let found = std::fs::metadata(scene.control()).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o660);
    let mut talk = Talk::new(&scene);
    let status = talk.ask(r#"{"version":1,"order":"status"}"#);
    assert_eq!(status["version"], 1);
    for key in ["at", "state", "code", "services", "nodes", "slos"] {
        assert!(status.get(key).is_some(), "{key}: {status}");
    }
    let service = named(&status, "g/s");
    for key in [
        "name", "state", "code", "reason", "since", "need", "up", "of", "acked", "muted", "maint",
        "flapping", "targets",
    ] {
        assert!(service.get(key).is_some(), "{key}: {service}");
    }
    let target = named(&status, "g/s/a");
    for key in [
        "name",
        "host",
        "address",
        "state",
        "code",
        "reason",
        "since",
        "last",
        "latency_ms",
        "acked",
        "muted",
        "maint",
    ] {
        assert!(target.get(key).is_some(), "{key}: {target}");
    }
    let node = named(&status, "node:n");
    for key in
        ["name", "title", "state", "code", "reason", "since", "rule", "members", "acked", "muted", "maint"]
    {
        assert!(node.get(key).is_some(), "{key}: {node}");
    }
    // One order after the other by one connection.
    let order = r#"{"version":1,"order":"log"}"#;
    assert!(talk.say(format!("{order}\n{order}\n")));
    for _ in 0..2 {
        while talk.hear().get("ok").is_none() {}
    }
    // Who asks for what is not there.
    for (order, why) in [
        (r#"{"version":2,"order":"status"}"#, "version 2"),
        (r#"{"version":1,"order":"dance"}"#, "dance"),
        (r#"{"version":1}"#, "order"),
        (r#"{"version":1,"order":"status","patterns":["no/such/thing/here"]}"#, "no/such/thing/here"),
        (r#"{"version":1,"order":"log","since":"yesteryear"}"#, "yesteryear"),
    ] {
        let reply = ask(&scene, order);
        assert!(reply["error"].as_str().unwrap_or_default().contains(why), "{order}: {reply}");
    }
    let (status, said, complaint) = parts(&scene.fleet(&["status", "nobody/*"]).output().unwrap());
    assert_eq!((status, said.as_str()), (Some(3), ""));
    assert!(complaint.contains("nobody/*") && complaint.lines().count() == 1, "{complaint}");
}

#[test]
fn status_and_log_are_for_people_too() {
    let (host, scene) = small();
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("node:n", "ok");
    assert_eq!(scene.fleet(&["status"]).output().unwrap().status.code(), Some(0));
    host.say("250 OK, but 201-disk");
    scene.wait_for_words("node:n", "but");
    assert_eq!(scene.fleet(&["status"]).output().unwrap().status.code(), Some(1));
    host.say("350 KO 300-http");
    scene.wait_for_words("node:n", "ko");
    let (status, said, _) = parts(&scene.fleet(&["status"]).output().unwrap());
    assert_eq!(status, Some(2));
    assert!(said.contains("350 KO 300-http") && said.contains("node:n"), "{said}");
    watcher.wait_for_log("g/s/a: but -> ko (350 KO 300-http), 3 of 3 probes, was but for ");
    let told = wait_for("the journal", || {
        let log = scene.told(&["log", "g/s/a"]);
        log.contains("but -> ko").then_some(log)
    });
    // TIME NAME: ok -> ko (reason), the newest last.
    let last = told.lines().last().unwrap();
    assert!(last.ends_with(" g/s/a: but -> ko (350 KO 300-http)"), "{told}");
    assert_eq!(told.lines().count(), 3, "{told}");
    assert_eq!(scene.told(&["log", "--since", "2126-01-01"]), "");
    assert_eq!(scene.told(&["log", "--since", "-1h", "g/s/a"]).lines().count(), 3);
}

#[test]
fn garbage_and_floods_harm_nobody() {
    let (_host, scene) = small();
    let watcher = Watcher::start(&scene);
    for garbage in [
        &b"\n"[..],
        b"hello\n",
        b"GET / HTTP/1.1\r\n",
        b"\xff\xfe\x00\n",
        b"{\"version\":1,\"order\":\"status\"\n",
        b"[[[[[[[[[[[[[[[[[[\n",
        b"\x1b[2J\x1b]0;owned\x07\n",
        b"{\"version\":1,\"order\":\"\\u001b[31m\"}\n",
    ] {
        let mut talk = Talk::new(&scene);
        talk.say(garbage);
        let line = talk.hear_line().expect("a refusal");
        assert!(line.contains("\"error\"") && !line.contains('\x1b'), "{garbage:?}: {line}");
    }
    // A nest deeper than any stack.
    let mut talk = Talk::new(&scene);
    talk.say("[".repeat(1_000_000));
    talk.say("\n");
    assert!(talk.hear()["error"].is_string());
    // A line without an end is refused at its limit, and the connection closed.
    let mut talk = Talk::new(&scene);
    let large = vec![b'x'; 64 * 1024];
    let begin = Instant::now();
    while talk.say(&large) {
        assert!(begin.elapsed() < Duration::from_secs(30), "it is read for ever");
    }
    // Half a line, and gone.
    for _ in 0..50 {
        let mut talk = Talk::new(&scene);
        talk.say("{\"version\":1,\"ord");
    }
    scene.wait_for_words("g/s/a", "ok");
    assert!(!watcher.log().contains('\x1b'), "{}", watcher.log());
}

#[test]
fn a_hundred_connections_keep_nobody_out_for_long() {
    let (_host, scene) = small();
    let _watcher = Watcher::start(&scene);
    let order = "{\"version\":1,\"order\":\"status\"}\n";
    let mut talks: Vec<Talk> = (0..100).map(|_| Talk::new(&scene)).collect();
    let mut replies = Vec::new();
    for talk in &mut talks {
        talk.say(order);
        replies.push(talk.hear_line().unwrap_or_default());
    }
    let refusals = replies.iter().filter(|line| line.contains("too many connections")).count();
    let answers = replies.iter().filter(|line| line.contains("\"services\"")).count();
    assert_eq!(refusals + answers, 100, "each of them hears something: {replies:?}");
    assert!(answers >= 60, "{answers}");
    drop(talks);
    scene.wait_for_words("g/s/a", "ok");
}

/// Reports 5,000 targets.
fn fill(scene: &Scene) {
    let text = "a reason of some length ".repeat(8);
    for part in 0..5 {
        let reports: Vec<_> = (0..1000)
            .map(|n| serde_json::json!({"name": format!("push/s{part}/host{n}"), "code": 300, "text": text}))
            .collect();
        ask(scene, &serde_json::json!({"version": 1, "order": "report", "reports": reports}).to_string());
    }
}

#[test]
fn who_reads_a_large_status_slowly_delays_nobody() {
    let scene = Scene::new("[hostgroup.push]\naccept-reports = true\n");
    let _watcher = Watcher::start(&scene);
    fill(&scene);
    let mut slow: Vec<Talk> = (0..20).map(|_| Talk::new(&scene)).collect();
    for talk in &mut slow {
        talk.say("{\"version\":1,\"order\":\"status\"}\n");
    }
    // They take nothing; others are answered, also by a large status.
    for _ in 0..3 {
        let begin = Instant::now();
        let reply =
            ask(&scene, r#"{"version":1,"order":"report","reports":[{"name":"push/s0/host0","code":300}]}"#);
        assert_eq!(reply["results"], serde_json::json!([null]));
        // Well below the time after which those who take nothing are closed.
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
        // By hand: the command gives up after ten seconds, which a slow machine needs for so much.
        let targets: usize = ask(&scene, r#"{"version":1,"order":"status"}"#)["services"]
            .as_array()
            .unwrap()
            .iter()
            .map(|service| service["targets"].as_array().unwrap().len())
            .sum();
        assert_eq!(targets, 5000);
    }
    // At last they get all of it, whole.
    let whole = slow[0].hear();
    assert_eq!(whole["services"].as_array().unwrap().len(), 5);
    // Who goes away in the middle is no trouble.
    drop(slow);
    let (status, said, _) = parts(&scene.fleet(&["status"]).output().unwrap());
    assert_eq!(status, Some(2));
    assert!(said.lines().count() < 6000, "{said}");
}

#[test]
fn a_flood_of_orders_delays_no_verdict() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (host, scene) = small();
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    let is_over = std::sync::Arc::new(AtomicBool::new(false));
    let orders =
        "{\"version\":1,\"order\":\"status\"}\n{\"version\":1,\"order\":\"log\"}\nnonsense\n".repeat(50);
    let floods: Vec<_> = (0..30)
        .map(|_| {
            let (mut talk, is_over, orders) = (Talk::new(&scene), is_over.clone(), orders.clone());
            talk.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
            // They say, and hear nothing.
            std::thread::spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    talk.say(&orders);
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        })
        .collect();
    let begin = Instant::now();
    host.say("350 KO 300-x");
    watcher.wait_for_log("g/s/a: ok -> ko (350 KO 300-x), 3 of 3 probes");
    host.say("200 OK");
    watcher.wait_for_log("g/s/a: ko -> ok, 2 of 2 probes");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    scene.wait_for_words("g/s/a", "ok");
    is_over.store(true, Ordering::SeqCst);
    for flood in floods {
        flood.join().unwrap();
    }
}
