//! Coherence and torn reads: what an answer has to know of, and what it must not show.

use crate::scene::{Scene, wait_for};
use crate::server::{Ocod, answer, ask};
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// Rounds of each lock-step test.
const ROUNDS: u32 = 400;

/// Every way to bring a result about, then an answer that has to know.
#[test]
fn what_was_done_before_connect_is_seen() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let ocod = Ocod::start(&scene);
    let file = scene.status().join("x");
    let aside = scene.status().join(".x.new");
    let [ok, ko] = ["200 OK oco", "350 KO oco 300-x"];
    for _ in 0..ROUNDS {
        fs::write(&file, "300\n").unwrap();
        ocod.expect(ko);
        fs::write(&aside, "200\n").unwrap();
        fs::rename(&aside, &file).unwrap();
        ocod.expect(ok);
        fs::remove_file(&file).unwrap();
        ocod.expect("350 KO oco 300-oco");
        fs::write(&aside, "210\n").unwrap();
        fs::hard_link(&aside, &file).unwrap();
        ocod.expect("250 OK, but oco 210-x");
        // With two names it may change by either.
        fs::write(&aside, "500\n").unwrap();
        ocod.expect("550 KO oco 500-x");
        fs::remove_file(&aside).unwrap();
        fs::write(&file, "200\n").unwrap();
        ocod.expect(ok);
        touch(&file, SystemTime::now() - Duration::from_secs(600));
        ocod.expect(ko);
        touch(&file, SystemTime::now());
        ocod.expect(ok);
        File::create(&file).unwrap();
        ocod.expect(ko);
        fs::write(&file, "200\n").unwrap();
        ocod.expect(ok);
    }
}

fn touch(file: &std::path::Path, time: SystemTime) {
    File::options().append(true).open(file).unwrap().set_modified(time).unwrap();
}

#[test]
fn an_open_writer_shows_the_old_result() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    let mut writer = File::create(scene.status().join("x")).unwrap();
    ocod.expect("200 OK oco");
    writer.write_all(b"30").unwrap();
    ocod.expect("200 OK oco");
    writer.write_all(b"0\n").unwrap();
    ocod.expect("200 OK oco");
    // Looking at it for another reason changes nothing.
    fs::set_permissions(scene.status().join("x"), Permissions::from_mode(0o600)).unwrap();
    ocod.expect("200 OK oco");
    drop(writer);
    ocod.expect("350 KO oco 300-x");
    // A new file is no check until it is closed, and then at once.
    let mut writer = File::create(scene.status().join("new")).unwrap();
    ocod.expect("350 KO oco 300-x");
    writer.write_all(b"500").unwrap();
    ocod.expect("350 KO oco 300-x");
    drop(writer);
    ocod.expect("550 KO oco 500-new,300-x");
    // Renaming into place counts though the writer is still there.
    let mut writer = File::create(scene.status().join(".y")).unwrap();
    writer.write_all(b"210\n").unwrap();
    fs::rename(scene.status().join(".y"), scene.status().join("new")).unwrap();
    ocod.expect("350 KO oco 300-x,210-new");
}

#[test]
fn under_a_writer_that_hangs_the_old_result_ages_on() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "--max-age", "3s"]);
    let _writer = File::create(scene.status().join("x")).unwrap();
    ocod.wait_for_log("x: 200 -> 300 (stale, 3s old)");
    ocod.expect("350 KO oco 300-x");
}

#[test]
fn at_the_start_a_young_empty_file_is_no_check_yet() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    scene.check("young", "");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    ocod.wait_for_log("young: none -> 300 (empty)");
    ocod.expect("350 KO oco 300-young");
}

/// The storm of the contract, by a real shell.
#[test]
fn no_torn_read_under_a_storm_of_rewrites() {
    let scene = Scene::new();
    scene.check("f", "200\n");
    let ocod = Ocod::start(&scene);
    let mut shell = Command::new("sh")
        .args(["-c", "while :; do echo 200 > f; done"])
        .current_dir(scene.status())
        .stdin(Stdio::null())
        .spawn()
        .expect("start a shell");
    let ok = answer("200 OK oco");
    let polls = AtomicU32::new(0);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let poll = || {
            (0..2500)
                .map(|_| ask(ocod.address()))
                .inspect(|_| {
                    polls.fetch_add(1, Ordering::Relaxed);
                })
                .filter(|line| *line != ok)
                .collect::<Vec<_>>()
        };
        let pollers: Vec<_> = (0..2).map(|_| scope.spawn(poll)).collect();
        pollers.into_iter().flat_map(|poller| poller.join().expect("poll")).collect()
    });
    shell.kill().expect("end the shell");
    shell.wait().expect("reap the shell");
    assert_eq!(wrong, Vec::<String>::new(), "of {polls:?} polls\n{}", ocod.log());
}

/// A storm on some checks must not make the others late.
#[test]
fn a_storm_does_not_delay_other_checks() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let ocod = Ocod::start(&scene);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for name in ["a", "b", "c"] {
                    scene.check(name, "200\n");
                }
            }
        });
        for round in 0..1000 {
            let (content, line) =
                if round % 2 == 0 { ("300", "350 KO oco 300-x") } else { ("200", "200 OK oco") };
            scene.check("x", content);
            let got = ocod.ask();
            if got != answer(line) {
                stop.store(true, Ordering::Relaxed);
                panic!("round {round}: {got}\n{}", ocod.log());
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn events_that_were_lost_are_made_up_for() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.signal("STOP");
    // More than the kernel's queue holds (fs.inotify.max_queued_events).
    let queue: u32 =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    assert!(queue <= 100_000, "a queue of {queue} is too long for this test");
    for number in 0..=queue / 2 {
        scene.check(if number % 2 == 0 { "a" } else { "b" }, "200\n");
    }
    scene.check("x", "300\n");
    ocod.signal("CONT");
    ocod.expect("350 KO oco 300-x");
}

#[test]
fn the_directory_may_come_and_go() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    let [here, away] = [scene.status(), scene.path("away")];
    for round in 0..20 {
        scene.check("x", "200\n");
        ocod.expect("200 OK oco");
        fs::rename(&here, &away).unwrap();
        ocod.expect("350 KO oco 300-oco");
        // Another directory in its place.
        fs::create_dir(&here).unwrap();
        scene.check("y", "300\n");
        ocod.expect("350 KO oco 300-y");
        fs::remove_dir_all(&here).unwrap();
        ocod.expect("350 KO oco 300-oco");
        // By a link, which is then pointed elsewhere.
        symlink(&away, &here).unwrap();
        ocod.expect("200 OK oco");
        fs::write(away.join("x"), "210\n").unwrap();
        ocod.expect("250 OK, but oco 210-x");
        let other = scene.path(&format!("other{round}"));
        fs::create_dir(&other).unwrap();
        fs::write(other.join("z"), "500\n").unwrap();
        symlink(&other, scene.path("link")).unwrap();
        fs::rename(scene.path("link"), &here).unwrap();
        ocod.expect("550 KO oco 500-z");
        fs::remove_file(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        ocod.expect("250 OK, but oco 210-x");
    }
}

/// Nobody asks, and yet it is seen: the verdict's change is in the log.
#[test]
fn a_directory_that_comes_back_is_seen_without_being_asked() {
    let scene = Scene::new();
    fs::remove_dir(scene.status()).unwrap();
    let ocod = Ocod::start(&scene);
    fs::create_dir(scene.status()).unwrap();
    scene.check("x", "200\n");
    ocod.wait_for_log("200 OK oco-");
}

#[test]
fn mounting_over_the_directory_is_seen_and_umount_works() {
    let scene = Scene::new();
    let mount = |arguments: &[&str]| {
        Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(scene.status())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    scene.check("below", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        println!("skipped: tmpfs can't be mounted here");
        return;
    }
    ocod.expect("350 KO oco 300-oco");
    scene.check("above", "210\n");
    ocod.expect("250 OK, but oco 210-above");
    assert!(mount(&["umount"]), "ocod keeps the file system busy");
    ocod.expect("200 OK oco");
}

/// Without inotify the directory is read for each answer, with the same results.
#[test]
fn without_inotify_each_answer_reads_the_directory() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let mut command = Command::new("strace");
    // As a grandchild: the process that the test ends has to be ocod.
    command.args(["-D", "-qq", "-o", "/dev/null", "-e", "trace=inotify_init1"]);
    command.args([
        "-e",
        "inject=inotify_init1:error=EMFILE",
        env!("CARGO_BIN_EXE_ocod"),
        "-l",
        "127.0.0.1:0",
    ]);
    command.arg("-d").arg(scene.status());
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        println!("skipped: strace is missing or may not trace here");
        return;
    }
    let ocod = Ocod::spawn(command);
    let log = ocod.wait_for_log("read whole for each answer");
    assert_eq!(log.matches("read whole for each answer: inotify: Too many open files").count(), 1, "{log}");
    for _ in 0..20 {
        ocod.expect("200 OK oco");
        scene.check("x", "300\n");
        ocod.expect("350 KO oco 300-x");
        scene.check("y", "500\n");
        ocod.expect("550 KO oco 500-y,300-x");
        fs::remove_file(scene.status().join("y")).unwrap();
        scene.check("x", "200\n");
    }
    ocod.expect("200 OK oco");
    // An empty file keeps its last result for a moment, since nobody tells whether it is being written.
    let _writer = File::create(scene.status().join("x")).unwrap();
    ocod.expect("200 OK oco");
    wait_for("the empty file to count", || (ocod.ask() == answer("350 KO oco 300-x")).then_some(()));
    assert_eq!(ocod.log().matches("read whole for each answer").count(), 1, "{}", ocod.log());
}

/// What lies beside the parents of the start can't be read; the answer says that nothing is known.
#[test]
fn a_directory_pointed_outside_of_the_confinement_is_300_oco_and_says_why() {
    let scene = Scene::new();
    let outside = Scene::beside();
    outside.check("x", "200\n");
    scene.check("x", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    fs::remove_dir_all(scene.status()).unwrap();
    symlink(outside.status(), scene.status()).unwrap();
    if ocod.log().contains("Landlock") {
        println!("skipped: this kernel has no Landlock: {}", ocod.log());
        return;
    }
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("Permission denied (since the start only what lies below");
    // It is said once, and looked for in peace.
    for _ in 0..20 {
        ocod.expect("350 KO oco 300-oco");
    }
    assert_eq!(ocod.log().matches("Permission denied").count(), 1, "{}", ocod.log());
    fs::remove_file(scene.status()).unwrap();
    fs::create_dir(scene.status()).unwrap();
    scene.check("x", "210\n");
    ocod.expect("250 OK, but oco 210-x");
    let log = ocod.wait_for_log("it is back");
    assert_eq!(log.matches("it is back").count(), 1, "{log}");
}

/// The confinement holds by what was there at the start, and not by its name.
#[test]
fn a_parent_made_anew_is_300_oco_and_says_that_it_needs_a_restart() {
    let scene = Scene::new();
    let directory = scene.path("parent/status");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("x"), "200\n").unwrap();
    let arguments = ["-l", "127.0.0.1:0", "-d", directory.to_str().unwrap()];
    let ocod = Ocod::start_with(&scene, &arguments);
    ocod.expect("200 OK oco");
    fs::remove_dir_all(scene.path("parent")).unwrap();
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("x"), "210\n").unwrap();
    if ocod.log().contains("Landlock") {
        println!("skipped: this kernel has no Landlock: {}", ocod.log());
        return;
    }
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("can be read, as it was then; this needs a restart)");
    drop(ocod);
    Ocod::start_with(&scene, &arguments).expect("250 OK, but oco 210-x");
}

/// Where the parent is missing at the start, what is made later is found all the same, by any name that was given.
#[test]
fn a_parent_that_was_missing_at_the_start_is_found_once_it_is_made() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let made = elsewhere.path().join("a/b/status");
    let link = scene.path("link");
    symlink(&made, &link).unwrap();
    for directory in [&made, &link] {
        let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "-d", directory.to_str().unwrap()]);
        ocod.expect("350 KO oco 300-oco");
        fs::create_dir_all(&made).unwrap();
        fs::write(made.join("x"), "210\n").unwrap();
        ocod.expect("250 OK, but oco 210-x");
        ocod.wait_for_log("a/b: missing; until a restart, all that lies below");
        fs::remove_dir_all(elsewhere.path().join("a")).unwrap();
    }
}

/// On FUSE inotify does not see what others change, so the directory is read for each answer.
#[test]
fn on_fuse_each_answer_reads_the_directory() {
    let scene = Scene::new();
    scene.check("x", "200\n");
    let mounted = scene.path("mounted");
    fs::create_dir(&mounted).unwrap();
    let mount = Command::new("bindfs")
        .args(["-o", "attr_timeout=0,entry_timeout=0"])
        .arg(scene.status())
        .arg(&mounted)
        .output();
    if !mount.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: bindfs is missing or may not mount here: {mount:?}");
        return;
    }
    let mounted_path = mounted.to_str().unwrap();
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "-d", mounted_path]);
    let answers: Vec<String> = ["300", "200", "500"]
        .iter()
        .map(|code| {
            // Behind the mount's back, as another machine would.
            scene.check("x", code);
            ocod.ask()
        })
        .collect();
    let log = ocod.wait_for_log("read whole for each answer");
    let unmounted = Command::new("umount").arg(&mounted).status();
    assert!(unmounted.is_ok_and(|status| status.success()), "ocod keeps the file system busy");
    assert_eq!(answers, [answer("350 KO oco 300-x"), answer("200 OK oco"), answer("550 KO oco 500-x")]);
    assert_eq!(
        log.matches("read whole for each answer: inotify sees no changes on FUSE").count(),
        1,
        "{log}"
    );
}
