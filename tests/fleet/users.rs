//! Whom ocowatch becomes, and who may speak to it.

use crate::scene::{Scene, beside, text, wait_for};
use crate::server::is_root;
use crate::watcher::Watcher;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

fn with_keys(scene: &Scene, keys: &str) {
    let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    std::fs::write(scene.path("watch.toml"), format!("{keys}\n{text}")).unwrap();
}

#[test]
fn an_unknown_user_or_group_is_an_error() {
    if !is_root("an unknown user") {
        return;
    }
    for (keys, said) in [
        ("user = \"no-such-user\"", "watch.toml:1: user: no-such-user: no such user"),
        ("control-group = \"no-such-group\"", "watch.toml:1: control-group: no-such-group: no such group"),
    ] {
        let scene = Scene::new("");
        with_keys(&scene, keys);
        let (status, last) = scene.refusal();
        assert_eq!(status, Some(1), "{last}");
        assert!(last.ends_with(said), "{last}");
        assert!(!scene.control().exists());
        let output = scene.ocowatch(&["-t"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert!(text(&output.stderr).ends_with(&format!("{said}\n")), "{}", text(&output.stderr));
    }
}

#[test]
fn root_becomes_its_user_and_the_socket_is_for_the_group() {
    if !is_root("another user") {
        return;
    }
    let user = nix::unistd::User::from_name("nobody").unwrap();
    let group = nix::unistd::Group::from_name("daemon").unwrap();
    let (Some(user), Some(group)) = (user, group) else {
        return println!("skipped: another user: no nobody, or no group daemon");
    };
    let scene = Scene::new(
        "[defaults]\ninterval = \"100ms\"\n[hostgroup.g]\nhosts = [\"127.0.0.1\"]\n[hostgroup.g.service.s]\n\
         probe = { exec = [\"/bin/sh\", \"-c\", \"id -un; id -Gn | tr ' ' .; exit 1\"] }\n",
    );
    with_keys(&scene, "user = \"nobody\"\ncontrol-group = \"daemon\"");
    std::fs::set_permissions(scene.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(scene.path("state"), Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    let watcher = Watcher::start(&scene);
    // Plugins run as that user too.
    let shown = scene.wait_for_words("g/s/127.0.0.1", "but nobody");
    assert!(!shown["reason"].as_str().unwrap().contains("root"), "{shown}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", watcher.pid())).unwrap();
    let line = |key: &str| status.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let uid = user.uid.to_string();
    assert_eq!(line("Uid:").split_whitespace().skip(1).collect::<Vec<_>>(), [uid.as_str(); 4]);
    assert_eq!(line("CapEff:").split_whitespace().nth(1), Some("0000000000000000"));
    let socket = std::fs::metadata(scene.control()).unwrap();
    assert_eq!((socket.gid(), socket.permissions().mode() & 0o777), (group.gid.as_raw(), 0o660));
    assert_eq!(socket.uid(), user.uid.as_raw());
    let journal = wait_for("the journal", || std::fs::metadata(scene.path("state/fleet.db")).ok());
    assert_eq!((journal.uid(), journal.permissions().mode() & 0o777), (user.uid.as_raw(), 0o640));
    assert!(!watcher.log().contains("running as root"), "{}", watcher.log());
}

#[test]
fn programs_have_the_home_and_the_name_of_the_user_and_not_those_of_root() {
    if !is_root("another user") {
        return;
    }
    let Some(user) = nix::unistd::User::from_name("nobody").unwrap() else {
        return println!("skipped: another user: no nobody");
    };
    let scene = Scene::new(
        "[defaults]\ninterval = \"100ms\"\n[hostgroup.g]\nhosts = [\"127.0.0.1\"]\n[hostgroup.g.service.s]\n\
         probe = { exec = [\"/bin/sh\", \"-c\", \"echo $HOME $USER $LOGNAME; exit 1\"] }\n",
    );
    with_keys(&scene, "user = \"nobody\"");
    std::fs::set_permissions(scene.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(scene.path("state"), Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    let mut command = scene.ocowatch(&[]);
    command.env("HOME", "/root").env("USER", "root").env("LOGNAME", "root");
    let _watcher = Watcher::start_by(&scene, command);
    scene.wait_for_words("g/s/127.0.0.1", &format!("but {} nobody nobody", user.dir.display()));
}

#[test]
fn who_stays_root_is_warned() {
    if !is_root("root") {
        return;
    }
    let scene = Scene::new("");
    Watcher::start(&scene).wait_for_log("warn: running as root");
}

#[test]
fn who_has_no_name_acts_by_its_number() {
    if !is_root("a user without a name") {
        return;
    }
    let scene =
        Scene::new("[hostgroup.g]\nhosts = [\"a\"]\n[hostgroup.g.service.s]\nprobe = { report = \"25h\" }\n");
    std::fs::set_permissions(scene.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let _watcher = Watcher::start(&scene);
    // Where it was built others may not reach it.
    std::fs::copy(beside("oco"), scene.path("oco")).unwrap();
    for _ in 0..2 {
        let mut command = std::process::Command::new(scene.path("oco"));
        command.args(["fleet", "--control"]).arg(scene.control()).args(["mute", "g/s"]);
        let output = command.uid(54_321).gid(0).output().unwrap();
        assert_eq!(text(&output.stdout), "muted g/s, by user 54321, until unmute\n", "{output:?}");
    }
}
