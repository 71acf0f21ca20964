//! Real ocods, by the hundred.

use crate::scene::{Scene, beside, wait_for};
use crate::server::{Running, free_port};
use crate::watcher::Watcher;
use std::path::Path;
use std::process::Command;

/// Listeners of one ocod, each of which is a host.
const LISTENERS: usize = 2;
/// Ocods of a room, which change together.
const A_ROOM: usize = 30;

/// An ocod of its own directory that listens at `127.0.NUMBER.1` and on, each of them a host.
struct Ocod {
    _running: Running,
    directory: std::path::PathBuf,
    hosts: Vec<String>,
}

impl Ocod {
    fn start(scene: &Scene, number: usize, listeners: usize) -> Ocod {
        let port = free_port();
        let directory = scene.path(&format!("ocod{number}"));
        std::fs::create_dir(&directory).unwrap();
        let hosts: Vec<String> =
            (1..=listeners).map(|last| format!("127.0.{number}.{last}:{port}")).collect();
        // The harness looks whether somebody listens at 127.0.0.1.
        let listens = hosts.iter().cloned().chain([format!("127.0.0.1:{port}")]);
        let listens: String =
            listens.map(|address| format!("[[listen]]\naddress = \"{address}\"\n")).collect();
        let file = scene.file(
            &format!("ocod{number}.toml"),
            &format!("dir = {:?}\nempty = \"ok\"\n{listens}", directory),
        );
        let mut command = Command::new(beside("ocod"));
        command.arg("-c").arg(file).env_remove("OCO_DIR");
        let running = Running::start("ocods", &mut command, &[port]).expect("ocod to start");
        Ocod { _running: running, directory, hosts }
    }

    /// Sets a check of it by the real `oco`.
    fn set(&self, check: &str, code: &str) {
        set(&self.directory, check, code);
    }
}

/// Sets a check of a whole room.
fn set_all(room: &[Ocod], check: &str, code: &str) {
    room.iter().for_each(|ocod| ocod.set(check, code));
}

fn set(directory: &Path, check: &str, code: &str) {
    let output =
        Command::new(beside("oco")).arg("set").args([check, code]).env("OCO_DIR", directory).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn hundreds_of_hosts_are_watched_and_those_that_change_are_told() {
    let scene = Scene::new("");
    let ocods: Vec<Ocod> = (1..=4 * A_ROOM).map(|number| Ocod::start(&scene, number, LISTENERS)).collect();
    let rooms: Vec<&[Ocod]> = ocods.chunks(A_ROOM).collect();
    let hosts: Vec<&String> = ocods.iter().flat_map(|ocod| &ocod.hosts).collect();
    scene.configure(&format!(
        "[defaults]\ninterval = \"1s\"\nfast-interval = \"200ms\"\nfall = 2\n[hostgroup.web]\nhosts = {hosts:?}\n\
         [hostgroup.web.service.oco]\nprobe = \"oco\"\nneed = 100\n"
    ));
    set_all(rooms[1], "disk", "201");
    let watcher = Watcher::start(&scene);
    wait_for("all to be known", || (scene.shown("web/oco")["up"] == 240).then_some(()));
    let service = scene.wait_for_words("web/oco", "but");
    assert_eq!((&service["of"], &service["need"]), (&240.into(), &100.into()));
    let all_known = |name: &str| scene.wait_for_words(&format!("web/oco/{name}"), "but");
    assert_eq!(all_known(&rooms[1][7].hosts[1])["reason"], "250 OK, but 201-disk");
    // A whole room is KO, then another one, and enough others are left.
    set_all(rooms[0], "http", "300");
    let down = format!("web/oco/{}: ok -> ko (350 KO 300-http), 2 of 2 probes", rooms[0][29].hosts[1]);
    watcher.wait_for_log(&down);
    wait_for("60 hosts to be down", || (scene.shown("web/oco")["up"] == 180).then_some(()));
    set_all(rooms[2], "http", "500");
    wait_for("120 hosts to be left", || (scene.shown("web/oco")["up"] == 120).then_some(()));
    set_all(rooms[3], "http", "300");
    let service = scene.wait_for_words("web/oco", "ko");
    // One of the failed members has a 5XX.
    assert_eq!(service["code"], 550);
    // The last of them must have fallen before the first rises: between the two the service would change back and forth.
    wait_for("60 hosts to be left", || (scene.shown("web/oco")["up"] == 60).then_some(()));
    set_all(rooms[0], "http", "200");
    watcher.wait_for_log("web/oco: ko -> but (");
    assert_eq!(scene.fleet(&["status"]).output().unwrap().status.code(), Some(1));
}

#[test]
fn an_ocod_is_probed_at_a_port_of_the_probe_and_its_code_is_the_code() {
    let scene = Scene::new("");
    let ocod = Ocod::start(&scene, 9, 1);
    let (address, port) = ocod.hosts[0].split_once(':').unwrap();
    scene.configure(&format!(
        "[hostgroup.a]\nhosts = [{{ name = \"one\", address = \"{address}:1\" }}]\n\
         [hostgroup.a.service.oco]\nprobe = {{ oco = true, port = {port} }}\n"
    ));
    for (code, expected) in [
        ("200", "ok"),
        ("201", "but 250 OK, but 201-disk"),
        ("300", "ko 350 KO 300-disk"),
        ("500", "ko 550 KO 500-disk"),
    ] {
        ocod.set("disk", code);
        wait_for(&format!("the answer {expected}"), || {
            (scene.once() == [("a/oco/one".to_owned(), expected.to_owned())]).then_some(())
        });
    }
}
