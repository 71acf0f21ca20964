//! Pings, and networks that are not there.

use crate::namespace::{in_a_world_of_its_own, run};
use crate::scene::{Scene, wait_for};
use crate::watcher::Watcher;

/// A network in which 192.0.2.0/24 is silent and 192.0.2.9 can't be reached.
fn silent_network() -> bool {
    run("ip", "link add v0 type veth peer name v1")
        && run("ip", "addr add 192.0.2.1/24 dev v0")
        && run("ip", "link set v0 up")
        && run("ip", "link set v1 up")
        && run("ip", "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0")
        && run("ip", "route add unreachable 192.0.2.9")
}

#[test]
fn pings_are_answered_or_not() {
    in_a_world_of_its_own("pings", || {
        if !silent_network() {
            return println!("skipped: pings: no silent network");
        }
        let scene = Scene::new(
            "[defaults]\ninterval = \"200ms\"\ntimeout = \"500ms\"\n[hostgroup.g]\n\
             hosts = [\"127.0.0.1\", \"::1\", \"192.0.2.2\", \"192.0.2.9\", \"203.0.113.1\"]\n\
             [hostgroup.g.service.up]\nprobe = \"ping\"\n[hostgroup.t]\nhosts = [\"127.0.0.1\"]\n\
             [hostgroup.t.service.exec]\nprobe = { exec = [\"true\"] }\n",
        );
        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "1 0").unwrap();
        let mut watcher = Watcher::start(&scene);
        let target = scene.wait_for_words("g/up/127.0.0.1", "unknown ");
        let why = target["reason"].as_str().unwrap().to_owned();
        assert!(why.contains("ping_group_range"), "the way out is told: {why}");
        scene.wait_for_words("g/up/::1", "unknown ");
        scene.wait_for_words("t/exec/127.0.0.1", "ok");
        watcher.wait_for_log("ping_group_range");
        assert_eq!(watcher.log().matches("ping_group_range").count(), 1, "{}", watcher.log());
        watcher.signal("TERM");
        assert!(watcher.wait().success());

        std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").unwrap();
        let watcher = Watcher::start(&scene);
        for (host, words) in [
            ("127.0.0.1", "ok"),
            ("::1", "ok"),
            ("192.0.2.2", "ko timeout"),
            ("192.0.2.9", "ko no route"),
            ("203.0.113.1", "unknown network is unreachable"),
        ] {
            scene.wait_for_words(&format!("g/up/{host}"), words);
        }
        watcher.wait_for_log("own fault");
        let begin = watcher.log().matches("network is unreachable").count();
        let last = scene.shown("g/up/203.0.113.1")["last"].clone();
        wait_for("another probe", || (scene.shown("g/up/203.0.113.1")["last"] != last).then_some(()));
        assert_eq!((begin, watcher.log().matches("own fault").count()), (begin, 1), "{}", watcher.log());
    });
}

#[test]
fn a_network_that_is_not_there_is_our_own_failure() {
    in_a_world_of_its_own("networks", || {
        if !silent_network() {
            return println!("skipped: networks: no silent network");
        }
        let scene = Scene::new(
            "[defaults]\ninterval = \"200ms\"\ntimeout = \"500ms\"\n[hostgroup.g]\n\
             hosts = [\"192.0.2.2\", \"192.0.2.9\", \"203.0.113.1\", \"[2001:db8::1]\"]\n\
             [hostgroup.g.service.tcp]\nprobe = \"tcp\"\nport = 25\n",
        );
        let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
        std::fs::write(
            scene.path("watch.toml"),
            text.replace("\"tcp\"\nport = 25", "{ tcp = true, port = 25 }"),
        )
        .unwrap();
        let _watcher = Watcher::start(&scene);
        for (host, words) in [
            ("192.0.2.2", "ko timeout"),
            ("192.0.2.9", "ko no route"),
            ("203.0.113.1", "unknown network is unreachable"),
            ("[2001:db8::1]", "unknown network is unreachable"),
        ] {
            scene.wait_for_words(&format!("g/tcp/{host}"), words);
        }
    });
}
