//! Permissions of the directory and of what is in it, given and taken while ocod runs as somebody who has no others.

use crate::scene::Scene;
use crate::server::Ocod;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[test]
fn permissions_count_at_once() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let Some(user) = unprivileged(&scene) else { return };
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "-u", user]);
    let file = scene.status().join("x");
    for _ in 0..50 {
        fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
        ocod.expect("350 KO oco 300-x");
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        ocod.expect("200 OK oco");
        fs::set_permissions(scene.status(), Permissions::from_mode(0o000)).unwrap();
        ocod.expect("350 KO oco 300-oco");
        fs::set_permissions(scene.status(), Permissions::from_mode(0o755)).unwrap();
        ocod.expect("200 OK oco");
        fs::set_permissions(scene.status(), Permissions::from_mode(0o744)).unwrap();
        ocod.expect("350 KO oco 300-x");
        fs::set_permissions(scene.status(), Permissions::from_mode(0o755)).unwrap();
        ocod.expect("200 OK oco");
    }
    let log = ocod.wait_for_log("Permission denied: answering 300-oco until that changes");
    assert!(!log.contains("restart"), "a chmod is what it needs:\n{log}");
}

/// A user that ocod can become, with the scene made open to it; none, with the reason said, if we are not root.
fn unprivileged(scene: &Scene) -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can start ocod as somebody else");
        return None;
    }
    fs::set_permissions(scene.path("."), Permissions::from_mode(0o755)).unwrap();
    Some("nobody")
}

/// Where the directory may not be searched, all that is in it is as unreadable as what is not.
#[test]
fn what_was_removed_is_no_check_where_nothing_can_be_looked_at() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let Some(user) = unprivileged(&scene) else { return };
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "-u", user]);
    for _ in 0..50 {
        scene.check("gone", "300\n");
        ocod.expect("350 KO oco 300-gone");
        fs::remove_file(scene.status().join("gone")).unwrap();
        fs::set_permissions(scene.status(), Permissions::from_mode(0o744)).unwrap();
        ocod.expect("350 KO oco 300-http");
        // Root can still write there.
        scene.check("new", "200\n");
        ocod.expect("350 KO oco 300-http,300-new");
        fs::remove_file(scene.status().join("new")).unwrap();
        ocod.expect("350 KO oco 300-http");
        fs::set_permissions(scene.status(), Permissions::from_mode(0o755)).unwrap();
        ocod.expect("200 OK oco");
    }
}
