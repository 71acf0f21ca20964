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
    for pid in [board.pid(), helper(board.pid())] {
        assert_eq!((status(pid, "Seccomp")[0].as_str(), status(pid, "NoNewPrivs")[0].as_str()), ("2", "1"));
    }
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
