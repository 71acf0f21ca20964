//! `oco run-parts`: which files are run, and that none hinders another.

use super::{end, names_in, process_in, start, wait};
use crate::scene::Scene;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

/// A directory of plugins in a scene.
struct Parts {
    scene: Scene,
    directory: PathBuf,
}

impl Parts {
    fn new() -> Parts {
        let scene = Scene::new();
        let directory = scene.path("checks.d");
        fs::create_dir(&directory).unwrap();
        Parts { scene, directory }
    }

    fn add(&self, name: &str, script: &str) {
        self.add_with_mode(name, script, 0o755);
    }

    fn add_with_mode(&self, name: &str, script: &str, mode: u32) {
        let path = self.directory.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn oco(&self, timeout: &str) -> Command {
        let directory = self.directory.to_str().unwrap();
        let mut command = self.scene.oco(&["run-parts", "--timeout", timeout, directory]);
        command.current_dir(self.scene.path("."));
        command
    }

    fn recorded(&self, name: &str) -> String {
        fs::read_to_string(self.scene.status().join(name)).unwrap_or_default()
    }

    fn checks(&self) -> Vec<String> {
        let mut names = names_in(&self.scene.status());
        names.retain(|name| !name.starts_with('.'));
        names
    }
}

#[test]
fn every_executable_with_a_checks_name_is_run() {
    let parts = Parts::new();
    parts.add("load", "echo load; exit 1");
    parts.add("http", "echo http");
    parts.scene.file("elsewhere", "#!/bin/sh\necho \"$0\"; exit 2\n");
    fs::set_permissions(parts.scene.path("elsewhere"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../elsewhere", parts.directory.join("link")).unwrap();
    symlink("/no/such/plugin", parts.directory.join("lost")).unwrap();
    parts.add_with_mode("off", "echo off", 0o644);
    parts.add(".hidden", "echo hidden");
    parts.add("http.dpkg-dist", "echo old");
    parts.add("http~", "echo old");
    parts.add("oco", "echo reserved");
    parts.add("two words", "echo strange");
    fs::create_dir(parts.directory.join("subdirectory")).unwrap();

    let ended = end(&mut parts.oco("20s"));
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(parts.checks(), ["http", "link", "load", "lost"]);
    assert_eq!((parts.recorded("http"), parts.recorded("load")), ("200 http\n".into(), "210 load\n".into()));
    assert_eq!(parts.recorded("link"), format!("300 {}\n", parts.directory.join("link").display()));
    assert!(parts.recorded("lost").starts_with("310 not found: "));
    // One line each for what somebody wanted to run.
    assert_eq!(ended.stderr.lines().count(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("oco: not run") && ended.stderr.contains("two words: not run"));
    let told = end(parts.oco("20s").env("RUST_LOG", "debug"));
    for name in ["off", ".hidden", "http.dpkg-dist", "http~", "subdirectory"] {
        assert!(told.stderr.contains(&format!("debug: {name}: not run")), "{name}: {}", told.stderr);
    }
}

#[test]
fn nothing_is_said_when_all_went_well() {
    let parts = Parts::new();
    end(&mut parts.oco("20s")).expect_silent(0);
    parts.add("http", "echo down; echo noise >&2; exit 2");
    end(&mut parts.oco("20s")).expect_silent(0);
    assert_eq!(parts.recorded("http"), "300 down\n");
}

#[test]
fn one_that_hangs_or_fails_hinders_no_other() {
    let parts = Parts::new();
    parts.add("hangs", "trap '' TERM; while :; do sleep 1; done");
    parts.add("crashes", "kill -KILL $$");
    fs::create_dir(parts.scene.status().join("unwritable")).unwrap();
    parts.add("unwritable", "echo fine");
    parts.add("works", "echo fine");
    let ended = end(&mut parts.oco("5s"));
    ended.expect_error(3, &["oco: unwritable: write ", "is a directory"]);
    assert_eq!(parts.recorded("hangs"), "310 timed out after 5s\n");
    assert_eq!(parts.recorded("crashes"), "310 killed by signal 9\n");
    assert_eq!(parts.recorded("works"), "200 fine\n");
}

#[test]
fn they_run_side_by_side() {
    let parts = Parts::new();
    parts.add("a", "touch a; while [ ! -e b ]; do sleep 0.01; done");
    parts.add("b", "touch b; while [ ! -e a ]; do sleep 0.01; done");
    end(&mut parts.oco("20s")).expect_silent(0);
    assert_eq!((parts.recorded("a"), parts.recorded("b")), ("200\n".into(), "200\n".into()));
}

#[test]
fn more_than_run_at_once_are_all_run() {
    let parts = Parts::new();
    let names: Vec<String> = (100..250).map(|number| format!("check{number}")).collect();
    names.iter().for_each(|name| parts.add(name, "echo fine"));
    end(&mut parts.oco("20s")).expect_silent(0);
    assert_eq!(parts.checks(), names);
    // What a plugin writes just before it ends is not lost.
    assert!(names.iter().all(|name| parts.recorded(name) == "200 fine\n"));
}

#[test]
fn few_descriptors_make_it_slower_and_no_worse() {
    let parts = Parts::new();
    let names: Vec<String> = (10..40).map(|number| format!("check{number}")).collect();
    names.iter().for_each(|name| parts.add(name, "echo fine"));
    let oco = parts.oco("20s");
    let mut limited = Command::new("sh");
    limited.env("OCO_DIR", parts.scene.status()).arg("-c").arg("ulimit -n 24; exec \"$0\" \"$@\"");
    limited.arg(oco.get_program()).args(oco.get_args());
    end(&mut limited).expect_silent(0);
    assert_eq!(parts.checks(), names);
}

#[test]
fn one_that_is_under_way_is_not_run_again() {
    let parts = Parts::new();
    parts.add("slow", "echo $$ > slow; while [ ! -e go ]; do sleep 0.01; done; echo once");
    parts.add("quick", "echo fine");
    let first = start(&mut parts.oco("20s"));
    process_in(&parts.scene.path("slow"));
    // Not all were run, but nobody needs a mail for that.
    end(&mut parts.oco("20s")).expect_silent(3);
    assert_eq!(parts.checks(), ["quick"]);
    parts.scene.file("go", "");
    wait(first).expect_silent(0);
    assert_eq!(parts.recorded("slow"), "200 once\n");
}

/// All were recorded, so a signal that comes while somebody holds their output takes nothing back.
#[test]
fn what_was_recorded_before_a_signal_is_not_called_stopped() {
    let parts = Parts::new();
    parts.add("holds", "sleep 600 & echo $! > sleeper; echo fine");
    let child = start(&mut parts.oco("60s"));
    let sleeper = process_in(&parts.scene.path("sleeper"));
    crate::scene::wait_for("the result", || (parts.recorded("holds") == "200 fine\n").then_some(()));
    let process = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    wait(child).expect_silent(0);
    assert!(!super::lives(&sleeper));
}

#[test]
fn a_script_may_want_another_time() {
    let parts = Parts::new();
    parts.add("short", "# oco-timeout: 300ms\nsleep 600");
    parts.add("long", "# oco-timeout: 60s\nsleep 1; echo fine");
    end(&mut parts.oco("500ms")).expect_silent(0);
    assert_eq!(parts.recorded("short"), "310 timed out after 300ms\n");
    assert_eq!(parts.recorded("long"), "200 fine\n");
    parts.add("short", "# oco-timeout: soon\necho fine");
    let ended = end(&mut parts.oco("20s"));
    assert_eq!((ended.status, parts.recorded("short").as_str()), (Some(0), "200 fine\n"));
    assert!(ended.stderr.contains("short: oco-timeout: ") && ended.stderr.lines().count() == 1, "{ended:?}");
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let parts = Parts::new();
    fs::remove_dir(&parts.directory).unwrap();
    end(&mut parts.oco("20s")).expect_error(3, &["oco: read ", "checks.d: no such file or directory"]);
    fs::write(&parts.directory, "").unwrap();
    end(&mut parts.oco("20s")).expect_error(3, &["checks.d: not a directory"]);
}

#[test]
fn scripts_that_others_can_write_are_refused_by_name() {
    let parts = Parts::new();
    parts.add("good", "echo fine");
    parts.add_with_mode("open", "echo mine; exit 0", 0o777);
    symlink(parts.directory.join("open"), parts.directory.join("link")).unwrap();
    if nix::unistd::geteuid().is_root() {
        parts.add_with_mode("grouped", "echo mine; exit 0", 0o775);
        std::os::unix::fs::chown(parts.directory.join("grouped"), None, Some(12_345)).unwrap();
        parts.add("owned", "echo mine; exit 0");
        std::os::unix::fs::chown(parts.directory.join("owned"), Some(12_345), None).unwrap();
    } else {
        println!("skipped: only root can give files to others");
    }
    let output = parts.oco("20s").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(complaints.contains("oco: open: not run: it can be written by everybody\n"), "{complaints}");
    assert!(complaints.contains("oco: link: not run: it can be written by everybody\n"), "{complaints}");
    if nix::unistd::geteuid().is_root() {
        assert!(
            complaints.contains("oco: grouped: not run: it can be written by the group 12345\n"),
            "{complaints}"
        );
        assert!(
            complaints.contains("oco: owned: not run: it can be written by the user 12345\n"),
            "{complaints}"
        );
    }
    let results = fs::read_dir(parts.scene.status()).unwrap().map(|entry| entry.unwrap().file_name());
    let results: Vec<_> = results.filter(|name| !name.to_string_lossy().starts_with('.')).collect();
    assert_eq!(results, ["good"]);
}

#[test]
fn a_directory_that_others_can_write_is_refused_whole() {
    let parts = Parts::new();
    parts.add("good", "echo fine");
    fs::set_permissions(&parts.directory, fs::Permissions::from_mode(0o1777)).unwrap();
    let output = parts.oco("20s").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(complaints.contains("not run: it can be written by everybody"), "{complaints}");
    assert!(!parts.scene.status().join("good").exists());
}
