//! Too few descriptors, and file systems that hang: our own trouble is never the targets'.

use crate::far::Far;
use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::server::silent;
use crate::shown::words;
use crate::watcher::Watcher;
use std::process::Command;

/// `ocowatch` that may have so many descriptors.
fn limited(scene: &Scene, descriptors: u32, arguments: &[&str]) -> Command {
    let ocowatch = scene.ocowatch(arguments);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {descriptors}; exec \"$0\" \"$@\""));
    command.arg(ocowatch.get_program()).args(ocowatch.get_args()).env_remove("RUST_LOG");
    command
}

#[test]
fn what_has_no_descriptor_is_unknown_and_one_line() {
    let (host, mute) = (Host::new("200 OK"), silent());
    // 127.0.0.1 to 127.0.0.100 would be other hosts; the port is what is silent.
    let hosts = |count: usize| {
        let hosts: Vec<String> =
            (0..count).map(|n| format!("{{ name = \"h{n}\", address = \"{mute}\" }}")).collect();
        format!(
            "[defaults]\ninterval = \"500ms\"\ntimeout = \"2s\"\n[hostgroup.mute]\nhosts = [{}]\n\
             [hostgroup.mute.service.s]\nprobe = \"oco\"\n[hostgroup.good]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
             [hostgroup.good.service.s]\nprobe = \"oco\"\nfall = 1\n",
            hosts.join(", "),
            host.address
        )
    };
    let scene = Scene::new(&hosts(150));
    let (status, said, complaint) = parts(&limited(&scene, 200, &["-t"]).output().unwrap());
    assert_eq!((status, said.contains("is good")), (Some(0), true));
    assert!(complaint.contains("a silent fleet needs 151 sockets at once"), "{complaint}");
    let watcher = Watcher::spawn(limited(&scene, 200, &[]));
    let count = |begin: &str| {
        let status = scene.status();
        let services = status["services"].as_array().unwrap().clone();
        let targets = services.iter().flat_map(|service| service["targets"].as_array().unwrap().clone());
        targets.filter(|target| words(target).starts_with(begin)).count()
    };
    watcher.wait_for_log("a silent fleet needs 151 sockets at once");
    watcher.wait_for_log("by our own fault: no free descriptors");
    wait_for("many to be unknown", || (count("unknown no free descriptors") > 20).then_some(()));
    wait_for("some to be probed", || (count("ko timeout") > 20).then_some(()));
    let log = watcher.log();
    assert_eq!(log.matches("own fault").count(), 1, "{log}");
    assert!(!log.contains("good/s/a: ok -> ko"), "{log}");
    // With fewer hosts there are enough.
    scene.configure(&hosts(5));
    watcher.signal("HUP");
    wait_for("all to be known", || (count("ko timeout") == 5 && count("ok") == 1).then_some(()));
}

#[test]
fn a_healthy_host_is_probed_where_few_files_may_be_open() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&format!(
        "[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n[hostgroup.g.service.s]\nprobe = \"oco\"\n\
         interval = \"100ms\"\ntimeout = \"100ms\"\n",
        host.address
    ));
    let watcher = Watcher::start_by(&scene, limited(&scene, 128, &[]));
    scene.wait_for_words("g/s/a", "ok");
    assert!(!watcher.log().contains("silent fleet"), "{}", watcher.log());
}

#[test]
fn a_program_on_a_file_system_that_hangs_holds_up_nobody() {
    let test = "a file system that hangs";
    let scene = Scene::new("");
    std::fs::create_dir(scene.path("programs")).unwrap();
    std::fs::create_dir(scene.path("mounted")).unwrap();
    let plugin = scene.program("programs/plugin", "#!/bin/sh\necho fine\n");
    let mounted = scene.path("mounted/plugin");
    let Some(far) = Far::mount(test, &scene.path("programs"), &scene.path("mounted")) else { return };
    let host = Host::new("200 OK");
    let hosts: Vec<String> = (1..=20).map(|n| format!("\"127.0.0.{n}\"")).collect();
    scene.configure(&format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"3s\"\nfall = 1\nrise = 1\n[hostgroup.far]\nhosts = [{}]\n\
         [hostgroup.far.service.s]\nprobe = {{ exec = [{mounted:?}] }}\n[hostgroup.near]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.near.service.exec]\nprobe = {{ exec = [{plugin:?}] }}\n[hostgroup.near.service.oco]\nprobe = \"oco\"\n",
        hosts.join(", "),
        host.address
    ));
    let mut watcher = Watcher::start(&scene);
    scene.wait_for_words("far/s", "ok");
    far.hang();
    scene.wait_for_words("far/s/127.0.0.1", "ko timeout");
    scene.wait_for_words("far/s", "ko");
    // Others go on, by sockets and by programs.
    for (line, words) in [("350 KO 300-x", "ko"), ("200 OK", "ok")] {
        host.say(line);
        scene.wait_for_words("near/oco/a", words);
    }
    let last = scene.shown("near/exec/a")["last"].clone();
    wait_for("another run", || (scene.shown("near/exec/a")["last"] != last).then_some(()));
    scene.wait_for_words("near/exec/a", "ok fine");
    far.answer();
    scene.wait_for_words("far/s", "ok");
    far.hang();
    scene.wait_for_words("far/s", "ko");
    watcher.signal("TERM");
    assert!(watcher.wait().success(), "the end waits for no dead file system");
    far.answer();
}
