//! Reloads in the middle of everything.

use crate::scene::{Scene, wait_for};
use crate::server::serve;
use crate::shown::named;
use crate::watcher::Watcher;
use std::io::Write;
use std::time::Duration;

#[test]
fn a_storm_of_reloads_mixes_nothing_up_and_loses_no_turn() {
    let slow = |line: &'static str| {
        serve(move |mut stream| {
            std::thread::sleep(Duration::from_millis(150));
            let _ = stream.write_all(line.as_bytes());
        })
    };
    let (good, bad) = (slow("200 OK oco-1\r\n"), slow("350 KO oco-1 300-x\r\n"));
    let scene = Scene::new("");
    let plugin = scene.program("plugin", "#!/bin/sh\nsleep 0.1\necho fine\n");
    let fails = scene.program("fails", "#!/bin/sh\nsleep 0.1\necho broken\nexit 2\n");
    let host = |name: &str, address: std::net::SocketAddr| {
        format!("{{ name = \"{name}\", address = \"{address}\" }}")
    };
    let text = |round: usize| {
        let mut hosts = vec![host("good", good), host("bad", bad)];
        // Others come and go before and between them.
        if round.is_multiple_of(3) {
            hosts.insert(0, host("other", bad));
        }
        if round.is_multiple_of(2) {
            hosts.reverse();
        }
        let hosts = hosts.join(", ");
        let mut groups = [
            format!("[hostgroup.g]\nhosts = [{hosts}]\n[hostgroup.g.service.s]\nprobe = \"oco\"\n"),
            format!(
                "[hostgroup.e]\nhosts = [\"127.0.0.1\"]\n[hostgroup.e.service.fine]\nprobe = {{ exec = [{plugin:?}] }}\n"
            ),
            format!(
                "[hostgroup.f]\nhosts = [\"127.0.0.1\"]\n[hostgroup.f.service.broken]\nprobe = {{ exec = [{fails:?}] }}\n"
            ),
            if round % 5 == 4 {
                String::new()
            } else {
                format!(
                    "[hostgroup.h]\nhosts = [{}]\n[hostgroup.h.service.s]\nprobe = \"oco\"\n",
                    host("comes", bad)
                )
            },
        ];
        if round.is_multiple_of(2) {
            groups.reverse();
        }
        format!(
            "[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n{}",
            groups.concat()
        )
    };
    scene.configure(&text(0));
    let watcher = Watcher::start(&scene);
    let lasting = [
        ("g/s/good", "ok"),
        ("g/s/bad", "ko 350 KO 300-x"),
        ("e/fine/127.0.0.1", "ok fine"),
        ("f/broken/127.0.0.1", "ko broken"),
    ];
    for (name, words) in lasting {
        scene.wait_for_words(name, words);
    }
    for round in 1..=40 {
        scene.configure(&text(round));
        watcher.signal("HUP");
        wait_for("the reload", || (watcher.log().matches("reloaded").count() == round).then_some(()));
        std::thread::sleep(Duration::from_millis(37));
    }
    let before = scene.status();
    for (name, words) in lasting {
        let last = named(&before, name)["last"].clone();
        wait_for(&format!("another probe of {name}"), || (scene.shown(name)["last"] != last).then_some(()));
        scene.wait_for_words(name, words);
        let log = watcher.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&format!("{name}: "))).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}

#[test]
fn a_service_may_get_another_probe_and_a_host_another_address() {
    let (one, two) = (crate::host::Host::new("200 OK"), crate::host::Host::new("350 KO 300-x"));
    let text = |address: std::net::SocketAddr, probe: &str| {
        format!(
            "[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\n[hostgroup.g]\n\
             hosts = [{{ name = \"a\", address = \"{address}\" }}]\n[hostgroup.g.service.s]\nprobe = {probe}\n"
        )
    };
    let scene = Scene::new(&text(one.address, "\"oco\""));
    let watcher = Watcher::start(&scene);
    let reload = |text: &str, words: &str| {
        scene.configure(text);
        watcher.signal("HUP");
        scene.wait_for_words("g/s/a", words);
    };
    scene.wait_for_words("g/s/a", "ok");
    reload(&text(two.address, "\"oco\""), "ko 350 KO 300-x");
    assert_eq!(scene.shown("g/s/a")["address"], two.address.to_string());
    reload(&text(two.address, "\"tcp\""), "ok");
    reload(&text(two.address, "{ exec = [\"/bin/sh\", \"-c\", \"echo odd; exit 1\"] }"), "but odd");
    reload(&text(two.address, "{ mon = [\"/bin/false\"] }"), "ko exit status 1");
    reload(&text(two.address, "{ report = \"1h\" }"), "ko");
    let report = scene.fleet(&["report", "g/s/a", "200", "said so"]).status().unwrap();
    assert!(report.success());
    scene.wait_for_words("g/s/a", "ok said so");
    reload(&text(two.address, "\"oco\""), "ko 350 KO 300-x");
}
