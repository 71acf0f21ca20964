//! Names of hosts: servers that hang, answers that change, and the last good one.

use crate::dns::{Dns, Known};
use crate::host::closed_port;
use crate::namespace::{in_a_world_of_its_own, run};
use crate::scene::{Scene, wait_for};
use crate::server::serve_at;
use crate::watcher::Watcher;
use std::io::Write;
use std::net::Ipv4Addr;

const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const TWO: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn names_are_looked_up_outside_of_the_loop() {
    in_a_world_of_its_own("names", || {
        let scene = Scene::new("");
        let resolv = scene.file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n");
        let switch = scene.file("nsswitch.conf", "hosts: dns\n");
        if !run("mount", &format!("--bind {} /etc/resolv.conf", resolv.display()))
            || !run("mount", &format!("--bind {} /etc/nsswitch.conf", switch.display()))
        {
            return println!("skipped: names: no name server of its own");
        }
        let dns = Dns::start();
        let port = closed_port().port();
        for (address, line) in [(ONE, "200 OK oco-1\r\n"), (TWO, "350 KO oco-1 300-two\r\n")] {
            serve_at((address, port).into(), move |mut stream| {
                let _ = stream.write_all(line.as_bytes());
            });
        }
        dns.set("moves.example.org", Known::At(vec![ONE]));
        dns.set("hangs.example.org", Known::Silence);
        scene.configure(&format!(
            "resolve-every = \"200ms\"\n[defaults]\ninterval = \"200ms\"\nfall = 1\nrise = 1\n[hostgroup.g]\n\
             hosts = [\"moves.example.org:{port}\", \"hangs.example.org:{port}\", \"nobody.example.org:{port}\", \"127.0.0.1:{port}\"]\n\
             [hostgroup.g.service.s]\nprobe = \"oco\"\n"
        ));
        let watcher = Watcher::start(&scene);
        let target = |name: &str| format!("g/s/{name}:{port}");
        let moves = target("moves.example.org");
        // A server that hangs holds up nobody else.
        scene.wait_for_words(&target("127.0.0.1"), "ok");
        let shown = scene.wait_for_words(&moves, "ok");
        assert_eq!(shown["address"], format!("127.0.0.1:{port}"));
        watcher.wait_for_log("moves.example.org: is at 127.0.0.1\n");
        scene.wait_for_words(&target("nobody.example.org"), "unknown no address: name or service not known");
        watcher.wait_for_log("nobody.example.org: can't be looked up: ");
        scene.wait_for_words(&target("hangs.example.org"), "unknown no address: ");
        watcher.wait_for_log("hangs.example.org: can't be looked up: ");
        // Another order of addresses moves nobody, and another address does.
        dns.set("moves.example.org", Known::At(vec![TWO, ONE]));
        dns.set("nobody.example.org", Known::At(vec![ONE]));
        scene.wait_for_words(&target("nobody.example.org"), "ok");
        scene.wait_for_words(&moves, "ok");
        assert!(!watcher.log().contains("127.0.0.2"), "{}", watcher.log());
        dns.set("moves.example.org", Known::At(vec![TWO]));
        watcher.wait_for_log("moves.example.org: is at 127.0.0.2 now, and was at 127.0.0.1\n");
        scene.wait_for_words(&moves, "ko 350 KO 300-two");
        // Then nobody knows it any more: the last good answer stays.
        dns.set("moves.example.org", Known::Nobody);
        watcher.wait_for_log("moves.example.org: can't be looked up: ");
        let last = scene.shown(&moves)["last"].clone();
        wait_for("another probe", || (scene.shown(&moves)["last"] != last).then_some(()));
        let shown = scene.wait_for_words(&moves, "ko 350 KO 300-two");
        assert_eq!(shown["address"], format!("127.0.0.2:{port}"));
        assert_eq!(watcher.log().matches("moves.example.org: can't be looked up").count(), 1);
        // `--once` finds them too.
        let found = scene.once();
        let of = |name: &str| found.iter().find(|(found, _)| *found == target(name)).unwrap().1.clone();
        assert_eq!(of("127.0.0.1"), "ok");
        assert!(of("moves.example.org").starts_with("unknown no address: "), "{found:?}");
        assert_eq!(of("nobody.example.org"), "ok");
    });
}
