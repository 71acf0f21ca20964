//! What is measured, with real probes and a real journal: a stop and a reload write what is open.

use crate::host::Host;
use crate::moment::{of_one_time, slot};
use crate::scene::{Scene, wait_for};
use crate::watcher::Watcher;
use oco_fleet::figure::Measure;
use oco_fleet::journal::{Point, Reader};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;

/// An oco host, a plugin of a host that is ko, and a monitor.
fn fleet(scene: &Scene, host: &Host, more: &str) -> String {
    let line = "DISK CRITICAL - full|/=97%;80;90 '/var log'=2643MB;;;0;5968 x=U";
    let plugin = scene.program("plugin", &format!("#!/bin/sh\necho \"{line}\"\nsleep 0.02\nexit 2\n"));
    let monitor = scene.program("monitor", "#!/bin/sh\necho 'a|x=1'\nexit 0\n");
    format!(
        "{more}[defaults]\ninterval = \"100ms\"\n[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.g.service.oco]\nprobe = \"oco\"\n\
         [hostgroup.g.service.disk]\nprobe = {{ exec = [{plugin:?}] }}\n\
         [hostgroup.g.service.all]\nprobe = {{ mon = [{monitor:?}] }}\n",
        host.address
    )
}

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn reader(scene: &Scene) -> Reader {
    Reader::at(&scene.path("state/fleet.db"))
}

/// All that is written of a measure, as one point.
fn all(scene: &Scene, who: &str, measure: &Measure) -> Option<Point> {
    let to = Millis(4_000_000_000_000);
    let found = reader(scene).figures(&[name(who)], measure, Millis(0), to, 1).unwrap();
    found[0].first().copied()
}

fn settle(scene: &Scene) {
    scene.wait_for_words("g/oco/a", "ok");
    scene.wait_for_words("g/disk/a", "ko DISK CRITICAL - full");
    scene.wait_for_words("g/all/a", "ok");
}

#[test]
fn a_stop_and_a_reload_write_what_was_measured() {
    of_one_time(slot, stop_and_reload);
}

fn stop_and_reload() {
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    scene.configure(&fleet(&scene, &host, "[figures]\n"));
    let mut watcher = Watcher::start(&scene);
    settle(&scene);
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    let (percent, time) = (Measure::performance("/", "%"), Measure::RESPONSE_TIME);
    let first = wait_for("the figures", || all(&scene, "g/disk/a", &percent));
    assert_eq!((first.figure.min, first.figure.max), (97.0, 97.0));
    settle(&scene);
    let last = scene.shown("g/disk/a")["last"].clone();
    wait_for("another run", || (scene.shown("g/disk/a")["last"] != last).then_some(()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    // Those of the same five minutes were put together, and those of the next ones stand beside them.
    let second = all(&scene, "g/disk/a", &percent).unwrap();
    assert!(second.figure.count > first.figure.count, "{second:?} after {first:?}");
    let size = all(&scene, "g/disk/a", &Measure::performance("/var log", "MB")).unwrap();
    assert_eq!((size.figure.mean, size.figure.count), (2643.0, second.figure.count));
    let took = all(&scene, "g/oco/a", &time).unwrap().figure;
    assert!(took.min > 0.0 && took.min <= took.mean && took.mean <= took.max && took.max < 3.0, "{took:?}");
    assert!(took.count > 1);
    // Who is ko has no response time, and a monitor tells none of each host.
    assert_eq!(all(&scene, "g/disk/a", &time), None);
    assert_eq!(reader(&scene).measures(&["g/all/a", "g/oco"].map(name)).unwrap(), []);
    let measures = reader(&scene).measures(&[name("g/disk/a"), name("g/oco/a")]).unwrap();
    assert_eq!(measures, [time, percent, Measure::performance("/var log", "MB")]);
}

#[test]
fn nothing_is_measured_unless_the_file_says_so() {
    of_one_time(slot, measure_now_and_then);
}

fn measure_now_and_then() {
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    scene.configure(&fleet(&scene, &host, ""));
    let mut watcher = Watcher::start(&scene);
    settle(&scene);
    // From a reload on it is, and from the next one on no more.
    scene.configure(&fleet(&scene, &host, "[figures]\n"));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    assert_eq!(reader(&scene).measures(&[name("g/oco/a")]).unwrap(), []);
    let last = scene.shown("g/oco/a")["last"].clone();
    wait_for("another probe", || (scene.shown("g/oco/a")["last"] != last).then_some(()));
    scene.configure(&fleet(&scene, &host, ""));
    watcher.signal("HUP");
    let written = wait_for("the figures", || all(&scene, "g/oco/a", &Measure::RESPONSE_TIME));
    settle(&scene);
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    assert_eq!(all(&scene, "g/oco/a", &Measure::RESPONSE_TIME), Some(written));
}
