//! Services and nodes as status files, from which a real ocod answers for the fleet.

use crate::host::Host;
use crate::scene::{Scene, beside, text, wait_for};
use crate::server::{Running, free_port};
use crate::watcher::Watcher;
use std::io::Read;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// A hostgroup and a node over it, published in the scene.
fn published(scene: &Scene, host: &Host) -> String {
    format!(
        "[publish]\ndir = {:?}\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n",
        scene.path("published"),
        host.address.to_string()
    )
}

const SHOP: &str = "[node.shop]\nmembers = [\"web/oco\"]\n";

/// An ocod over the published files.
struct Ocod {
    _running: Running,
    port: u16,
}

impl Ocod {
    fn start(scene: &Scene, settings: &str) -> Ocod {
        let port = free_port();
        let file = format!(
            "dir = {:?}\n[[listen]]\naddress = \"127.0.0.1:{port}\"\n{settings}",
            scene.path("published")
        );
        let mut command = Command::new(beside("ocod"));
        command.arg("-c").arg(scene.file("ocod.toml", &file)).env_remove("OCO_DIR");
        Ocod { _running: Running::start("publishing", &mut command, &[port]).expect("ocod to start"), port }
    }

    /// Its line, without the program.
    fn line(&self) -> String {
        let mut line = Vec::new();
        TcpStream::connect(("127.0.0.1", self.port)).unwrap().read_to_end(&mut line).unwrap();
        let program = format!(" oco-{}", env!("CARGO_PKG_VERSION"));
        text(&line).trim_end().replace(&program, "")
    }

    #[track_caller]
    fn wait_for(&self, line: &str) {
        wait_for(&format!("{line:?} from ocod, not {:?}", self.line()), || {
            (self.line() == line).then_some(())
        });
    }
}

#[test]
fn ocod_answers_for_the_fleet() {
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    std::fs::create_dir(scene.path("published")).unwrap();
    scene.file("published/shop", "200 by hand\n");
    scene.configure(&(published(&scene, &host) + SHOP));
    let watcher = Watcher::start(&scene);
    let ocod = Ocod::start(&scene, "");
    watcher.wait_for_log("/published/shop: not a file of ours, it stays as it is");
    ocod.wait_for("200 OK");
    host.say("550 KO 500-raid");
    ocod.wait_for("550 KO 550-web.oco");
    // Planned work is told, and is no failure.
    scene.told(&["maint", "web/oco", "--for", "1h"]);
    ocod.wait_for("250 OK, but 210-web.oco");
    let file = || std::fs::read_to_string(scene.path("published/web.oco")).unwrap();
    assert!(file().starts_with("210 maint: 550 "), "{}", file());
    scene.told(&["unmaint", "web/oco"]);
    ocod.wait_for("550 KO 550-web.oco");
    assert_eq!(std::fs::read_to_string(scene.path("published/shop")).unwrap(), "200 by hand\n");
    std::fs::remove_file(scene.path("published/shop")).unwrap();
    watcher.signal("HUP");
    ocod.wait_for("550 KO 550-shop,550-web.oco");
    // What is published no longer goes.
    scene.configure(&published(&scene, &host));
    watcher.signal("HUP");
    ocod.wait_for("550 KO 550-web.oco");
    let mut watcher = watcher;
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    assert!(file().starts_with("550 "), "at the end files stay as they are");
}

#[test]
fn a_watcher_that_dies_leaves_stale_files_and_that_is_ko() {
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    std::fs::create_dir(scene.path("published")).unwrap();
    scene.configure(&published(&scene, &host));
    let mut watcher = Watcher::start(&scene);
    wait_for("the file", || scene.path("published/web.oco").exists().then_some(()));
    // Files are written each minute, and here at each of many changes, so that it needs no minutes.
    let ocod = Ocod::start(&scene, "[checks.\"web.oco\"]\nmax-age = \"10s\"\n");
    let end = Instant::now() + Duration::from_secs(13);
    let mut states = ["200 OK", "250 OK, but 201-disk"].into_iter().cycle();
    ocod.wait_for("200 OK");
    while Instant::now() < end {
        host.say(states.next().unwrap());
        std::thread::sleep(Duration::from_millis(500));
        let line = ocod.line();
        assert!(line.starts_with('2'), "{line}");
    }
    watcher.signal("KILL");
    watcher.wait();
    ocod.wait_for("350 KO 300-web.oco");
    let _watcher = Watcher::start(&scene);
    wait_for("a fresh file", || ocod.line().starts_with('2').then_some(()));
}
