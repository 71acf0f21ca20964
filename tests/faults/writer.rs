//! `oco set` under faults: afterwards the old result stands or the new one, whole; nothing counts as a check that is
//! none; and where it failed it says so, with exit 3.

use crate::daemon::{Daemon, Reply, own_address};
use crate::scene::{PATIENCE, Scene, have, wrap};
use crate::server::answer;
use crate::strace::{Injection, is_missing, names, traced};
use nix::unistd::geteuid;
use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const OLD: &str = "300 old\n";
const NEW: &str = "200 new\n";
/// The user and group of no privileges.
const NOBODY: u32 = 65_534;

/// Errors that a file system gives to a writer. What `oco set` does with them begins behind the runtime's start.
const ERRORS: &[(&str, &[&str])] = &[
    (
        "openat",
        &["EACCES", "EROFS", "ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "ESTALE", "ENOENT", "EINTR"],
    ),
    ("write", &["ENOSPC", "EDQUOT", "EIO", "EFBIG", "ESTALE", "EINTR"]),
    ("fchmod", &["EPERM", "EIO", "EROFS", "ESTALE", "EINTR"]),
    ("renameat", &["ENOSPC", "EDQUOT", "EIO", "EACCES", "EPERM", "EROFS", "ENOENT", "ESTALE"]),
    ("close", &["EIO", "EDQUOT", "ENOSPC", "EINTR"]),
];

/// A file system of its own, in memory.
struct Volume(PathBuf);

impl Volume {
    /// None, with the reason said, where it can't be had.
    fn mount(path: &Path, options: &str) -> Option<Volume> {
        if !geteuid().is_root() {
            println!("skipped: only root can mount");
            return None;
        }
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "oco-test"]).arg(path).output();
        let output = output.expect("run mount");
        if !output.status.success() {
            println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        Some(Volume(path.to_owned()))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// All that is in the status directory.
fn listing(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.status()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn content(scene: &Scene) -> String {
    fs::read_to_string(scene.status().join("x")).unwrap_or_default()
}

#[track_caller]
fn assert_refused(scene: &Scene, output: &Output, why: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let path = scene.status().join("x");
    assert_eq!(stderr, format!("oco: write {}: {why}\n", path.display()));
    assert_eq!(content(scene), OLD);
}

/// Fills the file system with a hidden file.
fn fill(scene: &Scene) {
    let mut filler = File::create(scene.status().join(".filler")).unwrap();
    while filler.write_all(&[b'x'; 512]).is_ok() {}
}

#[test]
fn a_full_disk_leaves_the_old_result() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    let Some(_volume) = Volume::mount(&scene.status(), "size=16k,mode=755") else { return };
    scene.check("x", OLD);
    fill(&scene);
    let output = scene.oco(&["set", "x", "200", "new"]).output().unwrap();
    assert_refused(&scene, &output, "no space left on device");
    assert_eq!(listing(&scene), [".filler", "x"]);
    fs::remove_file(scene.status().join(".filler")).unwrap();
    assert!(scene.oco(&["set", "x", "200", "new"]).status().unwrap().success());
    assert_eq!((content(&scene).as_str(), listing(&scene)), (NEW, vec!["x".to_owned()]));
}

#[test]
fn a_disk_without_inodes_leaves_the_old_result() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    let Some(_volume) = Volume::mount(&scene.status(), "size=64k,nr_inodes=2,mode=755") else { return };
    scene.check("x", OLD);
    let output = scene.oco(&["set", "x", "200", "new"]).output().unwrap();
    assert_refused(&scene, &output, "no space left on device");
    assert_eq!(listing(&scene), ["x"]);
}

#[test]
fn a_read_only_file_system_leaves_the_old_result() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    let Some(volume) = Volume::mount(&scene.status(), "size=64k,mode=755") else { return };
    scene.check("x", OLD);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&volume.0).status().unwrap();
    assert!(remounted.success());
    let output = scene.oco(&["set", "x", "200", "new"]).output().unwrap();
    assert_refused(&scene, &output, "read-only file system");
    let output = scene.oco(&["clear", "x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((content(&scene).as_str(), listing(&scene)), (OLD, vec!["x".to_owned()]));
}

/// `oco set` as nobody if we are root, else as ourselves. None, with the reason said, where that can't be.
fn unprivileged(scene: &Scene) -> Option<Command> {
    // The build's own directory may be closed to others.
    let program = scene.path("oco");
    fs::copy(env!("CARGO_BIN_EXE_oco"), &program).unwrap();
    let mut command = Command::new(&program);
    command.env("OCO_DIR", scene.status()).args(["set", "x", "200", "new"]);
    if !geteuid().is_root() {
        return Some(command);
    }
    if !have("setpriv") {
        println!("skipped: no setpriv");
        return None;
    }
    fs::set_permissions(scene.path("."), Permissions::from_mode(0o755)).unwrap();
    let mut setpriv = Command::new("setpriv");
    setpriv.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]);
    Some(wrap(&setpriv, &command))
}

#[test]
fn a_directory_without_permission_leaves_the_old_result() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    scene.check("x", OLD);
    fs::set_permissions(scene.status(), Permissions::from_mode(0o555)).unwrap();
    let Some(mut command) = unprivileged(&scene) else { return };
    assert_refused(&scene, &command.output().unwrap(), "permission denied");
    assert_eq!(listing(&scene), ["x"]);
}

/// Needs a kernel that has quotas in memory (`CONFIG_TMPFS_QUOTA`), where nothing has to be set up with tools.
/// Everywhere else EDQUOT is one of the errors below.
#[test]
fn a_quota_leaves_the_old_result() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    let options = "size=1m,mode=1777,usrquota,usrquota_block_hardlimit=4k";
    let Some(_volume) = Volume::mount(&scene.status(), options) else { return };
    scene.check("x", OLD);
    chown(scene.status().join("x"), Some(NOBODY), Some(NOBODY)).unwrap();
    let Some(mut command) = unprivileged(&scene) else { return };
    assert_refused(&scene, &command.output().unwrap(), "disk quota exceeded");
    assert_eq!(listing(&scene), ["x"]);
}

/// The calls of an undisturbed `oco set`, in their order, and which is the first of its own.
fn calls_of_a_life() -> (Vec<String>, usize) {
    let scene = Scene::beside();
    let trace = scene.path("trace");
    let status = traced(&scene.oco(&["set", "x", "200", "new"]), &trace).status().unwrap();
    assert!(status.success());
    let calls = names(&trace);
    // It opens one file, last of all files: those before it are the loader's and the runtime's.
    let last = calls.iter().rposition(|call| call == "openat").expect("it opens a file");
    assert!(calls[last..].iter().any(|call| call.starts_with("rename")), "{calls:?}");
    (calls, last)
}

/// A scene with an old result, an ocod that watches it, and an `oco set` in which something fails.
struct Writer {
    scene: Scene,
    daemon: Daemon,
}

impl Writer {
    fn new() -> Writer {
        let scene = Scene::beside();
        scene.check("x", OLD);
        let address = own_address();
        let command = scene.ocod(&["-l", &address.to_string()]);
        let daemon = Daemon::spawn(command, address, scene.path("log"));
        assert!(daemon.logs_within(PATIENCE, "350 KO", 1), "{}", daemon.log());
        Writer { scene, daemon }
    }

    /// Returns how it ended, and what hidden files it has left.
    fn set(&self, call: &str, fault: &str, number: usize) -> (Output, Vec<String>) {
        self.scene.check("x", OLD);
        let injection = Injection {
            call: call.to_owned(),
            fault: fault.to_owned(),
            when: number.to_string(),
            trace: self.scene.path("trace"),
        };
        let output = injection.around(&self.scene.oco(&["set", "x", "200", "new"])).output().unwrap();
        let case = format!("{call} {fault} {number}: {output:?}");
        let content = content(&self.scene);
        assert!([OLD, NEW].contains(&content.as_str()), "{case}: {content:?}");
        assert!(!output.status.success() || content == NEW, "{case}: not written");
        assert_ne!(output.status.code(), Some(101), "{case}");
        let expected = if content == NEW { "200 OK oco" } else { "350 KO oco 300-x" };
        assert_eq!(self.daemon.ask(PATIENCE), Reply::Line(answer(expected)), "{case}");
        let (hidden, checks): (Vec<_>, Vec<_>) =
            listing(&self.scene).into_iter().partition(|name| name.starts_with('.'));
        assert_eq!(checks, ["x"], "{case}");
        for name in &hidden {
            fs::remove_file(self.scene.status().join(name)).unwrap();
        }
        (output, hidden)
    }
}

#[test]
fn killed_anywhere_it_leaves_one_whole_result() {
    let _turn = crate::turn();
    if is_missing() {
        return;
    }
    let (calls, _) = calls_of_a_life();
    let writer = Writer::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut killed, mut left) = (0, 0);
    for call in calls.iter().filter(|call| *call != "execve") {
        let number = counts.entry(call).or_insert(0);
        *number += 1;
        let (output, hidden) = writer.set(call, "signal=SIGKILL", *number);
        killed += usize::from(output.status.code().is_none());
        left += hidden.len();
    }
    println!("killed {killed} of {} times, {left} hidden files left", calls.len() - 1);
    // Which calls are made varies a little from run to run, as addresses do.
    assert!(killed + 5 > calls.len(), "killed {killed} times in {}", calls.len());
    assert!(left >= 3, "open, write, fchmod and rename were not all hit: {left}");
}

#[test]
fn failing_anywhere_it_says_so_and_leaves_nothing() {
    let _turn = crate::turn();
    if is_missing() {
        return;
    }
    let (calls, first) = calls_of_a_life();
    let writer = Writer::new();
    let unknown: Vec<&String> = calls[first..]
        .iter()
        .filter(|call| !ERRORS.iter().any(|(known, _)| known == call) && !ENDING.contains(&call.as_str()))
        .collect();
    assert!(unknown.is_empty(), "calls that `oco set` makes and the table does not have: {unknown:?}");
    for (call, errors) in ERRORS {
        let before = calls[..first].iter().filter(|name| name == call).count();
        let all = calls.iter().filter(|name| name == call).count();
        assert!(all > before, "{call} is not made any more");
        for number in before + 1..=all {
            for error in *errors {
                let (output, hidden) = writer.set(call, &format!("error={error}"), number);
                let stderr = String::from_utf8_lossy(&output.stderr);
                println!("{call} {error} {number}: {} {}", output.status, stderr.trim());
                assert_eq!(hidden, Vec::<String>::new(), "{call} {error}");
                if output.status.success() {
                    // Nothing is lost by these: one is done again, of the other nobody can make anything.
                    assert!(*error == "EINTR" || *call == "close", "{call} {error} went unnoticed");
                    continue;
                }
                assert_eq!(output.status.code(), Some(3), "{call} {error}: {stderr}");
                let path = writer.scene.status().join("x");
                assert!(stderr.starts_with(&format!("oco: write {}: ", path.display())), "{stderr}");
                assert_eq!(stderr.lines().count(), 1, "{stderr}");
            }
        }
    }
}

/// Calls behind the writing that only tidy up the process.
const ENDING: &[&str] = &["fcntl", "sigaltstack", "munmap", "exit_group"];
