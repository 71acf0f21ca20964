//! CAP_NET_ADMIN is ipvsadm's alone, by whichever way ocowatch came to it; and what is said where it is missing.

use crate::scene::{Scene, wait_for};
use crate::server::is_root;
use crate::watcher::Watcher;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const NONE: u64 = 0;
const NET_ADMIN: u64 = 1 << 12;
/// Which ones a program has: those that it inherits, may use, uses, and hands on.
const SETS: [&str; 4] = ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"];

/// Each keeps its capabilities in a file beside it. ipvsadm fails without its own, as the real one does.
const RECORDER: &str = r#"#!/bin/sh
grep '^Cap' /proc/self/status >"$0.$$" && mv "$0.$$" "$0.capabilities"
case ${0##*/} in
    probe) [ -e "$0.is-well" ] || exit 2 ;;
    ipvsadm)
        grep -q '^CapEff:.*1...$' "$0.capabilities" && exit
        echo "Can't initialize ipvs: Permission denied (you must be root)" >&2
        exit 1 ;;
esac
"#;

fn sets(status: &str) -> [u64; 4] {
    SETS.map(|set| {
        let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    })
}

fn sets_of(process: &str) -> [u64; 4] {
    sets(&std::fs::read_to_string(format!("/proc/{process}/status")).unwrap())
}

/// Whether this is root with the capability; says so where not.
fn can_hand_on(test: &str) -> bool {
    let has_it = sets_of("self")[2] & NET_ADMIN != 0;
    if !has_it {
        println!("skipped: {test}: there is no CAP_NET_ADMIN to hand on");
    }
    is_root(test) && has_it
}

/// Programs of each kind, which nobody may start, and a copy of ocowatch.
fn scene(keys: &str) -> Scene {
    let scene = Scene::new("");
    let open = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::create_dir(scene.path("bin")).unwrap();
    [scene.path(""), scene.path("bin"), scene.path("state")].iter().for_each(|path| open(path));
    for name in ["ipvsadm", "probe", "alert", "table"] {
        scene.program(&format!("bin/{name}"), RECORDER);
    }
    std::fs::copy(env!("CARGO_BIN_EXE_ocowatch"), scene.path("ocowatch")).unwrap();
    let own = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    let [probe, alert, table] = ["probe", "alert", "table"].map(|name| scene.path("bin").join(name));
    let text = format!(
        "{keys}{own}[defaults]\ninterval = \"200ms\"\n[hostgroup.web]\nhosts = [\"127.0.0.1\"]\n\
         [hostgroup.web.service.oco]\nprobe = {{ exec = [{probe:?}] }}\n\
         [[alert]]\nname = \"ops\"\nof = [\"web/oco\"]\ncommand = [{alert:?}]\n\
         [[table]]\nkind = \"exec\"\nservice = \"web/oco\"\ncommand = [{table:?}]\n\
         [[table]]\nkind = \"lvs\"\nservice = \"web/oco\"\nvirtual = \"tcp 192.0.2.1:80\"\n"
    );
    std::fs::write(scene.path("watch.toml"), text).unwrap();
    scene
}

/// Starts ocowatch, as nobody with these capabilities where they are given.
fn watch(scene: &Scene, capabilities: Option<&str>) -> Watcher {
    let mut command = match capabilities {
        None => Command::new(scene.path("ocowatch")),
        Some(capabilities) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "nobody", "--clear-groups", "--inh-caps", capabilities]);
            command.args(["--ambient-caps", capabilities]).arg(scene.path("ocowatch"));
            command
        }
    };
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", scene.path("bin").display())).env_remove("RUST_LOG");
    command.arg("-c").arg(scene.path("watch.toml"));
    Watcher::start_by(scene, command)
}

/// Waits for what a program had.
fn had(scene: &Scene, name: &str) -> [u64; 4] {
    let path = scene.path("bin").join(format!("{name}.capabilities"));
    sets(&wait_for(&format!("{name} to run"), || std::fs::read_to_string(&path).ok()))
}

#[track_caller]
fn only_ipvsadm_has_it(scene: &Scene, watcher: &Watcher) {
    assert_eq!(had(scene, "ipvsadm"), [NET_ADMIN; 4]);
    for name in ["probe", "alert", "table"] {
        assert_eq!(had(scene, name), [NONE; 4], "{name}");
    }
    let process = watcher.pid();
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    for task in tasks {
        assert_eq!(sets_of(&format!("{process}/task/{}", task.unwrap().file_name().display())), [NONE; 4]);
    }
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    assert_eq!(sets_of(children.trim()), [NET_ADMIN; 4], "the helper");
    assert!(!watcher.log().contains("CAP_NET_ADMIN"), "{}", watcher.log());
}

#[test]
fn root_that_becomes_its_user_keeps_it_for_ipvsadm_alone() {
    if can_hand_on("CAP_NET_ADMIN of another user") {
        let scene = scene("user = \"nobody\"\n");
        only_ipvsadm_has_it(&scene, &watch(&scene, None));
    }
}

#[test]
fn who_is_started_with_it_hands_it_to_ipvsadm_alone() {
    if can_hand_on("CAP_NET_ADMIN from outside") {
        let scene = scene("");
        only_ipvsadm_has_it(&scene, &watch(&scene, Some("-all,+net_admin")));
    }
}

#[test]
fn that_it_is_missing_is_told_once_and_tried_again() {
    if !is_root("a start without CAP_NET_ADMIN") {
        return;
    }
    let scene = scene("");
    let watcher = watch(&scene, Some("-all"));
    watcher.wait_for_log(
        "table lvs: ipvsadm -Sn: exit status 1: Can't initialize ipvs: Permission denied (you must be root) (ocowatch has \
         no CAP_NET_ADMIN for it: it keeps that only if it was started with it and with a table of kind lvs); it is tried \
         again",
    );
    assert_eq!(had(&scene, "ipvsadm"), [NONE; 4]);
    std::fs::remove_file(scene.path("bin/ipvsadm.capabilities")).unwrap();
    // A change of the target makes it try at once.
    scene.file("bin/probe.is-well", "");
    assert_eq!(had(&scene, "ipvsadm"), [NONE; 4]);
    assert_eq!(watcher.log().matches("CAP_NET_ADMIN").count(), 1, "{}", watcher.log());
}
