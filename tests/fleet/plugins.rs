//! Programs that probe: Nagios plugins under `exec`, and what they do wrong.

use crate::host::closed_port;
use crate::scene::{Scene, wait_for};
use crate::server::{has, silent};
use crate::shown::of_service;
use crate::watcher::Watcher;

const PLUGINS: &str = "/usr/lib/nagios/plugins/check_tcp";

/// A service of the group `g` for each command.
fn services(host: &str, commands: &[(&str, Vec<String>)]) -> String {
    let mut text = format!("[hostgroup.g]\nhosts = [{host}]\n");
    for (name, words) in commands {
        text.push_str(&format!("[hostgroup.g.service.{name}]\nprobe = {{ exec = {words:?} }}\n"));
    }
    text
}

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

#[test]
fn plugins_of_debian_judge() {
    if !has("plugins", PLUGINS) {
        return;
    }
    let open = silent();
    let host = format!("{{ name = \"one\", address = \"{open}\" }}");
    let commands: Vec<_> = [
        ("open", "check_tcp -H {address} -p {port}".to_owned()),
        ("closed", format!("check_tcp -H {{address}} -p {}", closed_port().port())),
        ("good", "check_dummy 0 fine".to_owned()),
        ("warns", "/usr/lib/nagios/plugins/check_dummy 1 {host}".to_owned()),
        ("critical", "check_dummy 2 {group}-{service}".to_owned()),
        ("unknown", "check_dummy 3 nothing".to_owned()),
    ]
    .iter()
    .map(|(name, command)| (*name, words(command)))
    .collect();
    // A port of the probe's is not known to exec; the host's is.
    let scene = Scene::new(&services(&host, &commands));
    let found = scene.once();
    let of = |name: &str| of_service(&found, &format!("g/{name}")).to_owned();
    assert!(of("open").starts_with("ok TCP OK"), "{}", of("open"));
    assert!(!of("open").contains('|'), "without performance data: {}", of("open"));
    assert!(of("closed").starts_with("ko "), "{}", of("closed"));
    assert_eq!(of("good"), "ok OK: fine");
    assert_eq!(of("warns"), "but WARNING: one");
    assert_eq!(of("critical"), "ko CRITICAL: g-critical");
    assert_eq!(of("unknown"), "ko UNKNOWN: nothing");
}

#[test]
fn placeholders_are_put_in_and_no_shell_reads_them() {
    let scene = Scene::new("");
    let say = scene.program("say", "#!/bin/sh\nprintf '%s.' \"$@\"\nexit 1\n").display().to_string();
    let all = "{host} {address} {port} {group} {service} $HOME;id x{port}y";
    let mut command = vec![say];
    command.extend(words(all));
    let host = "{ name = \"one\", address = \"127.0.0.7:4711\" }";
    scene.configure(&services(host, &[("s", command)]));
    assert_eq!(of_service(&scene.once(), "g/s"), "but one.127.0.0.7.4711.g.s.$HOME;id.x4711y.");
}

#[test]
fn a_plugin_that_is_not_there_is_our_own_failure_and_one_line() {
    let scene = Scene::new("");
    let none = "check_that_nobody_has";
    let mut text = services("\"127.0.0.1\", \"127.0.0.2\", \"127.0.0.3\"", &[("s", words(none))]);
    text = text.replace("[hostgroup.g]", "[defaults]\ninterval = \"100ms\"\n[hostgroup.g]");
    scene.configure(&text);
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("g/s/127.0.0.");
    for host in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        let shown = scene.wait_for_words(&format!("g/s/{host}"), "unknown ");
        assert!(shown["reason"].as_str().unwrap().contains(none), "{shown}");
        let last = shown["last"].clone();
        wait_for("another probe", || (scene.shown(&format!("g/s/{host}"))["last"] != last).then_some(()));
    }
    let log = watcher.log();
    assert_eq!(log.matches(none).count(), 1, "one line an episode:\n{log}");
    assert_eq!(scene.fleet(&["status"]).output().unwrap().status.code(), Some(3));
}

#[test]
fn a_plugin_that_ignores_term_and_one_that_floods_hold_up_nobody() {
    let scene = Scene::new("");
    let mark = scene.path("pids").display().to_string();
    let stubborn = scene.program(
        "stubborn",
        &format!("#!/bin/sh\ntrap '' TERM\necho $$ >>{mark}\nwhile :; do sleep 1; done\n"),
    );
    let flood = scene.program("flood", "#!/bin/sh\nexec yes 'a flood of words'\n");
    let spews = scene.program("spews", "#!/bin/sh\nhead -c 5000000 /dev/zero | tr '\\0' x\nexit 2\n");
    let orphan = scene.program("orphan", "#!/bin/sh\nsleep 100 &\necho left one behind\nexit 0\n");
    let quick = scene.program("quick", "#!/bin/sh\necho fine\n");
    let commands: Vec<_> =
        [("stubborn", stubborn), ("flood", flood), ("spews", spews), ("orphan", orphan), ("quick", quick)]
            .map(|(name, path)| (name, vec![path.display().to_string()]))
            .to_vec();
    // What spews is slow where the machine is.
    let text = services("\"127.0.0.1\"", &commands)
        .replace("[hostgroup.g.service.spews]\n", "[hostgroup.g.service.spews]\ntimeout = \"10s\"\n");
    assert!(text.contains("10s"));
    scene.configure(&format!("[defaults]\ninterval = \"200ms\"\ntimeout = \"500ms\"\n{text}"));
    let mut watcher = Watcher::start(&scene);
    let target = |name: &str| format!("g/{name}/127.0.0.1");
    scene.wait_for_words(&target("stubborn"), "ko timeout");
    scene.wait_for_words(&target("flood"), "ko timeout");
    let spewed = scene.wait_for_words(&target("spews"), "ko xxx");
    assert!(spewed["reason"].as_str().unwrap().len() < 2000);
    scene.wait_for_words(&target("orphan"), "ok left one behind");
    scene.wait_for_words(&target("quick"), "ok fine");
    // Those that ignore TERM are killed.
    let pid = wait_for("a second start", || {
        let pids = std::fs::read_to_string(&mark).ok()?;
        (pids.lines().count() > 1).then(|| pids.lines().next().unwrap().to_owned())
    });
    wait_for("the first one to be gone", || {
        (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    wait_for("all of them to be gone", || {
        let pids = std::fs::read_to_string(&mark).unwrap();
        let is_there = |pid: &str| std::path::Path::new(&format!("/proc/{pid}")).exists();
        (!pids.lines().any(is_there)).then_some(())
    });
}

#[test]
fn so_many_programs_run_at_once_and_the_rest_waits_its_turn() {
    let scene = Scene::new("");
    std::fs::create_dir(scene.path("running")).unwrap();
    let folder = scene.path("running").display().to_string();
    let plugin = scene
        .program("plugin", &format!("#!/bin/sh\n: >{folder}/$$\nsleep 0.3\nrm {folder}/$$\necho fine\n"));
    let hosts: Vec<String> = (1..=200).map(|n| format!("\"127.0.0.{n}\"")).collect();
    scene.configure(&format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"20s\"\n[hostgroup.g]\nhosts = [{}]\n\
         [hostgroup.g.service.s]\nprobe = {{ exec = [{plugin:?}] }}\n",
        hosts.join(", ")
    ));
    let watcher = Watcher::start(&scene);
    let mut most = 0;
    wait_for("all to be well", || {
        most = most.max(std::fs::read_dir(&folder).unwrap().count());
        (scene.shown("g/s")["up"] == 200).then_some(())
    });
    assert!((10..=64).contains(&most), "{most} at once");
    assert!(!watcher.log().contains("-> ko"), "who waits is not late: {}", watcher.log());
}
