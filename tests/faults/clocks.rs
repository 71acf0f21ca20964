//! Clocks that jump, processes that stand still, and ends without notice: no fresh check goes stale by them, and
//! none that is stale comes back.
//!
//! The machine's clocks can't be set, so that libfaketime changes what ocod reads of them: the wall clock alone for
//! a step, the boot clock with it for a suspended machine. Seccomp and Landlock let it: it reads a file in a folder
//! that ocod may read.

use crate::scene::{PATIENCE, Scene, wait_for, wrap};
use crate::server::{Ocod, answer, ask, connect, read_line};
use std::fs::{self, File, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

const DAY: i64 = 86_400;
const HOUR: Duration = Duration::from_secs(3600);

/// Where Debian, Fedora and Arch keep it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];

/// Which clocks are shifted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shifted {
    Wall,
    WallAndBoot,
}

/// An ocod whose clocks can be shifted.
struct Shiftable {
    scene: Scene,
    ocod: Ocod,
}

/// The variables that shift the clocks by what the scene's file `shift` says.
fn shifting(scene: &Scene, shifted: Shifted) -> Option<Vec<(&'static str, PathBuf)>> {
    let Some(library) = LIBRARIES.iter().find(|library| Path::new(library).is_file()) else {
        println!("skipped: libfaketime is not installed, and the machine's own clock must not be set");
        return None;
    };
    shift(scene, 0);
    let keep = if shifted == Shifted::Wall { "1" } else { "0" };
    Some(vec![
        ("LD_PRELOAD", library.into()),
        ("FAKETIME_TIMESTAMP_FILE", scene.path("shift")),
        ("FAKETIME_NO_CACHE", "1".into()),
        // A step moves no file's time.
        ("NO_FAKE_STAT", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", keep.into()),
    ])
}

/// Shifts the clocks by so many seconds from now on.
fn shift(scene: &Scene, seconds: i64) {
    // Never half written: it is read with every look at a clock.
    fs::rename(scene.file("shift.new", &format!("{seconds:+}\n")), scene.path("shift")).unwrap();
}

impl Shiftable {
    fn start(shifted: Shifted, prepare: impl FnOnce(&Scene)) -> Option<Shiftable> {
        Shiftable::start_with(shifted, &[], prepare)
    }

    fn start_with(shifted: Shifted, more: &[&str], prepare: impl FnOnce(&Scene)) -> Option<Shiftable> {
        let scene = Scene::beside();
        prepare(&scene);
        let mut command = scene.ocod(&[&["-l", "127.0.0.1:0"], more].concat());
        command.envs(shifting(&scene, shifted)?);
        Some(Shiftable { ocod: Ocod::spawn(command), scene })
    }
}

impl Drop for Shiftable {
    fn drop(&mut self) {
        // libfaketime leaves them behind where a process ends in a hurry.
        for name in ["faketime_shm_", "sem.faketime_sem_"] {
            let _ = fs::remove_file(format!("/dev/shm/{name}{}", self.ocod.pid()));
        }
    }
}

fn set_age(file: &Path, age: Duration) {
    File::options().append(true).open(file).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

/// Writes a result dated by a clock that is shifted, as the kernel would.
fn write_at(scene: &Scene, name: &str, content: &str, seconds: i64) {
    let path = scene.path("aside");
    fs::write(&path, content).unwrap();
    let span = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    let time = if seconds < 0 { now - span } else { now + span };
    File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
    fs::rename(path, scene.status().join(name)).unwrap();
}

/// Child of [`libfaketime_shifts_the_clocks_it_should`]: prints both clocks in nanoseconds.
#[test]
#[ignore = "a part of another test"]
fn clocks_child() {
    let now = oco::system::clock::now();
    println!("clocks {} {}", now.wall.0, now.boot.0);
}

#[test]
fn libfaketime_shifts_the_clocks_it_should() {
    let _turn = crate::turn();
    let clocks = |variables: &[(&str, PathBuf)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "clocks::clocks_child", "--ignored", "--nocapture", "--test-threads=1"]);
        let output = command.envs(variables.iter().cloned()).output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let words = output.split_once("clocks ").unwrap_or_else(|| panic!("{output}")).1.split_whitespace();
        let numbers: Vec<i64> = words.take(2).map(|word| word.parse().unwrap()).collect();
        [numbers[0], numbers[1]].map(|nanos| nanos / 1_000_000_000)
    };
    for (shifted, boot) in [(Shifted::Wall, 0), (Shifted::WallAndBoot, DAY)] {
        let scene = Scene::beside();
        let Some(variables) = shifting(&scene, shifted) else { return };
        let before = clocks(&variables);
        shift(&scene, DAY);
        let after = clocks(&variables);
        for (before, after, expected) in [(before[0], after[0], DAY), (before[1], after[1], boot)] {
            let shifted = after - before;
            assert!((shifted - expected).abs() < 60, "shifted by {shifted} in place of {expected}");
        }
    }
}

#[test]
fn a_step_of_the_wall_clock_changes_no_rating() {
    let _turn = crate::turn();
    for step in [DAY, -DAY] {
        let prepare = |scene: &Scene| {
            scene.check("fresh", "200\n");
            scene.check("stale", "210\n");
            set_age(&scene.status().join("stale"), HOUR);
        };
        let Some(test) = Shiftable::start(Shifted::Wall, prepare) else { return };
        test.ocod.expect("350 KO oco 300-stale");
        shift(&test.scene, step);
        test.ocod.expect("350 KO oco 300-stale");
        test.ocod.signal("USR1");
        test.ocod.wait_for_log("2 checks in ");
        // That it has taken place shows in the log's dates.
        let log = test.ocod.log();
        let [first, last] = [log.lines().next().unwrap(), log.lines().last().unwrap()];
        assert_ne!(first[..10], last[..10], "{log}");
        // A look at the files for another reason, and at the whole directory, finds them as they were.
        for name in ["fresh", "stale"] {
            fs::set_permissions(test.scene.status().join(name), Permissions::from_mode(0o640)).unwrap();
        }
        test.ocod.expect("350 KO oco 300-stale");
        fs::set_permissions(test.scene.status(), Permissions::from_mode(0o750)).unwrap();
        test.ocod.expect("350 KO oco 300-stale");
        // Results of the new time count as new, and those after the step back too.
        write_at(&test.scene, "stale", "210\n", step);
        test.ocod.expect("250 OK, but oco 210-stale");
        shift(&test.scene, 0);
        test.ocod.expect("250 OK, but oco 210-stale");
        fs::remove_file(test.scene.status().join("stale")).unwrap();
        test.ocod.expect("200 OK oco");
    }
}

/// What is known of the files must outlive a moment in which the directory can't be read: by the clock of after the
/// step an old result may be one of the future.
#[test]
fn a_directory_that_comes_back_after_a_step_brings_no_stale_check_back() {
    let _turn = crate::turn();
    let prepare = |scene: &Scene| {
        scene.check("stale", "200\n");
        set_age(&scene.status().join("stale"), HOUR);
    };
    let Some(test) = Shiftable::start(Shifted::Wall, prepare) else { return };
    test.ocod.expect("350 KO oco 300-stale");
    shift(&test.scene, -DAY);
    fs::rename(test.scene.status(), test.scene.path("away")).unwrap();
    test.ocod.expect("350 KO oco 300-oco");
    fs::rename(test.scene.path("away"), test.scene.status()).unwrap();
    test.ocod.expect("350 KO oco 300-stale");
}

/// Under steps a check still gets as old as it may and no older.
#[test]
fn a_check_ages_on_through_steps_of_the_wall_clock() {
    let _turn = crate::turn();
    for step in [DAY, -DAY] {
        let written = Instant::now();
        let prepare = |scene: &Scene| scene.check("x", "200\n");
        let more = ["--max-age", "4s"];
        let Some(test) = Shiftable::start_with(Shifted::Wall, &more, prepare) else { return };
        // It has looked at the file by the clock of before the step, and waits for its end: libfaketime moves what is waited
        // for after the step, as no kernel does.
        test.ocod.ask();
        shift(&test.scene, step);
        let first = test.ocod.ask();
        if written.elapsed() < Duration::from_millis(3500) {
            assert_eq!(first, answer("200 OK oco"), "{step}");
        }
        test.ocod.wait_for_log("x: 200 -> 300 (stale, ");
        assert!(written.elapsed() < Duration::from_secs(15), "{:?}", written.elapsed());
        test.ocod.expect("350 KO oco 300-x");
        shift(&test.scene, 0);
        test.ocod.expect("350 KO oco 300-x");
    }
}

/// To ocod a suspended machine is one whose wall and boot clocks have gone on without it.
#[test]
fn after_a_suspended_day_the_first_answer_is_stale() {
    let _turn = crate::turn();
    let prepare = |scene: &Scene| scene.check("x", "200\n");
    let Some(test) = Shiftable::start(Shifted::WallAndBoot, prepare) else { return };
    test.ocod.expect("200 OK oco");
    shift(&test.scene, DAY);
    test.ocod.expect("350 KO oco 300-x");
    write_at(&test.scene, "x", "200\n", DAY);
    test.ocod.expect("200 OK oco");
}

/// A boot clock that began at another time than the machine: in a container, or after weeks of uptime.
#[test]
fn any_uptime_will_do() {
    let _turn = crate::turn();
    for uptime in ["--boottime=864000", "--boottime=31536000"] {
        let mut namespace = Command::new("unshare");
        namespace.args(["-T", uptime]);
        let probe = Command::new("unshare").args(["-T", uptime, "true"]).output();
        if !probe.as_ref().is_ok_and(|output| output.status.success()) {
            println!("skipped: no time namespace here: {probe:?}");
            return;
        }
        let scene = Scene::beside();
        scene.check("fresh", "200\n");
        scene.check("stale", "200\n");
        set_age(&scene.status().join("stale"), HOUR);
        let ocod = Ocod::spawn(wrap(&namespace, &scene.ocod(&["-l", "127.0.0.1:0"])));
        ocod.expect("350 KO oco 300-stale");
        fs::remove_file(scene.status().join("stale")).unwrap();
        ocod.expect("200 OK oco");
    }
}

#[test]
fn the_first_answer_after_a_long_stop_is_stale() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    scene.check("x", "200\n");
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "--max-age", "3s"]);
    for _ in 0..3 {
        scene.check("x", "200\n");
        let written = Instant::now();
        ocod.expect("200 OK oco");
        ocod.signal("STOP");
        let early = connect(ocod.address());
        // The condition is the age itself.
        std::thread::sleep(Duration::from_millis(3100).saturating_sub(written.elapsed()));
        let late = connect(ocod.address());
        ocod.signal("CONT");
        for mut stream in [early, late] {
            assert_eq!(read_line(&mut stream), answer("350 KO oco 300-x"), "{}", ocod.log());
        }
    }
}

/// Pollers ask as fast as they can while ocod is killed and started again. Whoever asked while the check was 300 from
/// before the connection until after the answer must not have heard OK.
#[test]
fn killed_and_restarted_under_load_it_never_says_a_wrong_ok() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    scene.check("x", "300\n");
    let mut ocod = Ocod::start(&scene);
    let address = ocod.address();
    // Odd: the check is 300. It counts up with each change.
    let epoch = AtomicU64::new(1);
    let (stop, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    let poll = || {
        while !stop.load(Ordering::SeqCst) {
            let before = epoch.load(Ordering::SeqCst);
            let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else { continue };
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut line = String::new();
            let whole =
                std::io::Read::read_to_string(&mut &stream, &mut line).is_ok() && line.ends_with("\r\n");
            if whole && epoch.load(Ordering::SeqCst) == before {
                assert!(before.is_multiple_of(2) || !line.starts_with('2'), "{line:?} while x was 300");
                answers.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    std::thread::scope(|scope| {
        let pollers: Vec<_> = (0..3).map(|_| scope.spawn(poll)).collect();
        for _ in 0..6 {
            for (content, expected) in [("200\n", "200 OK oco"), ("300\n", "350 KO oco 300-x")] {
                // From before it is written an OK may be right, and until after it a 300 need not be.
                let is_ok = content == "200\n";
                epoch.fetch_add(u64::from(is_ok), Ordering::SeqCst);
                scene.check("x", content);
                epoch.fetch_add(u64::from(!is_ok), Ordering::SeqCst);
                let known = answers.load(Ordering::SeqCst);
                wait_for("answers", || (answers.load(Ordering::SeqCst) > known + 20).then_some(()));
                ocod.signal("KILL");
                ocod.wait();
                // At once: whoever can't have the port ends, which the start would tell.
                ocod = Ocod::start_with(&scene, &["-l", &address.to_string()]);
                assert_eq!(ask(address), answer(expected));
            }
        }
        stop.store(true, Ordering::SeqCst);
        for poller in pollers {
            poller.join().expect("a poller heard a wrong OK");
        }
    });
}
