//! Real ocods, by the hundred.

use crate::scene::{Scene, beside, wait_for};
use crate::server::{Running, free_port};
use crate::watcher::Watcher;
use std::path::Path;
use std::process::Command;

/// Listeners of one ocod, which has at most 64.
const LISTENERS: usize = 60;

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

fn set(directory: &Path, check: &str, code: &str) {
    let output =
        Command::new(beside("oco")).arg("set").args([check, code]).env("OCO_DIR", directory).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn hundreds_of_hosts_are_watched_and_those_that_change_are_told() {
    let scene = Scene::new("");
    let ocods: Vec<Ocod> = (1..=4).map(|number| Ocod::start(&scene, number, LISTENERS)).collect();
    let hosts: Vec<&String> = ocods.iter().flat_map(|ocod| &ocod.hosts).collect();
    scene.configure(&format!(
        "[defaults]\ninterval = \"1s\"\nfast-interval = \"200ms\"\nfall = 2\n[hostgroup.web]\nhosts = {hosts:?}\n\
         [hostgroup.web.service.oco]\nprobe = \"oco\"\nneed = 100\n"
    ));
    ocods[1].set("disk", "201");
    let watcher = Watcher::start(&scene);
    wait_for("all to be known", || (scene.shown("web/oco")["up"] == 240).then_some(()));
    let service = scene.wait_for_words("web/oco", "but");
    assert_eq!((&service["of"], &service["need"]), (&240.into(), &100.into()));
    let all_known = |name: &str| scene.wait_for_words(&format!("web/oco/{name}"), "but");
    assert_eq!(all_known(&ocods[1].hosts[7])["reason"], "250 OK, but 201-disk");
    // A whole ocod goes down, another one says KO, and enough others are left.
    ocods[0].set("http", "300");
    let down = format!("web/oco/{}: ok -> ko (350 KO 300-http), 2 of 2 probes", ocods[0].hosts[59]);
    watcher.wait_for_log(&down);
    wait_for("60 hosts to be down", || (scene.shown("web/oco")["up"] == 180).then_some(()));
    ocods[2].set("http", "500");
    wait_for("120 hosts to be left", || (scene.shown("web/oco")["up"] == 120).then_some(()));
    ocods[3].set("http", "300");
    let service = scene.wait_for_words("web/oco", "ko");
    // One of the failed members has a 5XX.
    assert_eq!(service["code"], 550);
    // The last of them must have fallen before the first rises: between the two the service would change back and forth.
    wait_for("60 hosts to be left", || (scene.shown("web/oco")["up"] == 60).then_some(()));
    ocods[0].set("http", "200");
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
