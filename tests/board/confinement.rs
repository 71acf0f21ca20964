//! Whom the board becomes, and what it gives up.

use crate::board::Board;
use crate::scene::{Scene, wait_for};
use crate::watcher::{Running, watch};
use nix::unistd::{User, geteuid};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

fn status(pid: u32, key: &str) -> Vec<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(&format!("{key}:"))).unwrap();
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// The helper that connects for the board.
fn helper(board: u32) -> u32 {
    wait_for("the helper", || {
        let children = std::fs::read_to_string(format!("/proc/{board}/task/{board}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
}

#[test]
fn the_board_and_its_helper_are_confined() {
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    board.wait_until_well();
    // What these filters deny is tried by the deeds.
    for (pid, filters) in [(board.pid(), "3"), (helper(board.pid()), "2")] {
        let of = |key: &str| status(pid, key).remove(0);
        assert_eq!([of("Seccomp"), of("Seccomp_filters"), of("NoNewPrivs")], ["2", filters, "1"]);
    }
}

#[test]
fn the_running_board_reads_nothing_but_what_its_file_named_when_it_started() {
    let scene = Scene::new("");
    for folder in ["first", "other"] {
        std::fs::create_dir(scene.path(folder)).unwrap();
        if !crate::tls::certify(&scene, folder, "board.example.org") {
            return println!("skipped: a certificate elsewhere: no openssl");
        }
    }
    scene.configure(&crate::tls::files(&scene, "first"));
    // In a folder of its own: what is beside the file may be read.
    std::fs::create_dir(scene.path("etc")).unwrap();
    let file = scene.path("etc/board.toml");
    std::fs::copy(scene.path("board.toml"), &file).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ocoboard"));
    command.arg("-c").arg(&file);
    let board = Running::spawn(command);
    board.wait_for_log("listening on ");
    if board.log().contains("missing: Landlock") {
        return println!("skipped: a certificate elsewhere: this kernel has no Landlock");
    }
    scene.configure(&crate::tls::files(&scene, "other"));
    // Nothing else is wrong with it.
    scene.told_by_board(&["-t"]);
    std::fs::copy(scene.path("board.toml"), &file).unwrap();
    board.signal("HUP");
    board.wait_for_log("error: reload refused, going on as before: ");
    assert!(board.log().contains("other/board.crt: permission denied"), "{}", board.log());
}

#[test]
fn ps_shows_the_helper_as_a_second_ocoboard() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    let helper = helper(board.pid());
    wait_for("the helper's name", || {
        let of_helper = |file: &str| std::fs::read_to_string(format!("/proc/{helper}/{file}")).ok();
        let is_named = of_helper("comm")? == "ocoboard\n" && of_helper("cmdline")?.starts_with("ocoboard\0");
        is_named.then_some(())
    });
}

#[test]
fn a_board_whose_helper_dies_ends() {
    let scene = Scene::new("");
    let mut board = Running::spawn(scene.ocoboard(&[]));
    board.wait_for_log("listening on ");
    let address = board.log().split("listening on ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let killed =
        std::process::Command::new("kill").arg("-KILL").arg(helper(board.pid()).to_string()).status();
    assert!(killed.unwrap().success());
    let health = crate::http::Request::raw("GET", "/health", "", b"");
    // The end may come before the answer.
    let _ = std::panic::catch_unwind(|| health.send(address));
    assert_eq!(board.wait().code(), Some(1));
    board.wait_for_log("the helper that connects to ocowatch has died; a restart brings it back");
}

#[test]
fn the_helper_goes_with_the_board() {
    let scene = Scene::new("");
    let mut board = Running::spawn(scene.ocoboard(&[]));
    board.wait_for_log("listening on ");
    let helper = helper(board.pid());
    board.signal("KILL");
    board.wait();
    wait_for("the end of the helper", || {
        let stat = std::fs::read_to_string(format!("/proc/{helper}/stat")).unwrap_or_default();
        // Nobody may be there to reap it.
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}

#[test]
fn root_becomes_its_user_and_what_it_writes_is_that_users() {
    let Some(user) = User::from_name("nobody").unwrap().filter(|_| geteuid().is_root()) else {
        return println!("skipped: another user: not root, or no nobody");
    };
    let scene = Scene::new("user = \"nobody\"\n");
    std::fs::set_permissions(scene.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder: PathBuf = scene.path("board");
    std::os::unix::fs::chown(&folder, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    scene.told_by_board(&["token", "new", "ops"]);
    let board = Board::start(&scene);
    assert_eq!(board.ping("h1", "k").status, 200);
    let uid = user.uid.to_string();
    assert_eq!(status(board.pid(), "Uid"), [uid.as_str(); 4]);
    assert_eq!(status(board.pid(), "CapEff"), ["0000000000000000"]);
    assert_eq!(status(helper(board.pid()), "Uid"), [uid.as_str(); 4]);
    for file in ["keys", "secret"] {
        assert_eq!(std::fs::metadata(folder.join(file)).unwrap().uid(), user.uid.as_raw(), "{file}");
    }
}
