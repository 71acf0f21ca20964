//! `oco run`: what is recorded, and who is left.

use super::{end, lives, names_in, process_in, start, wait};
use crate::scene::{Scene, wait_for};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn recorded(scene: &Scene, name: &str) -> Option<String> {
    fs::read_to_string(scene.status().join(name)).ok()
}

fn script(scene: &Scene, name: &str, content: &str) -> PathBuf {
    let path = scene.file(name, content);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// `oco run x --timeout TIMEOUT sh -c SCRIPT`, in the scene's own directory.
fn shell(scene: &Scene, timeout: &str, script: &str) -> std::process::Command {
    let mut command = scene.oco(&["run", "x", "--timeout", timeout, "sh", "-c", script]);
    command.current_dir(scene.path("."));
    command
}

#[test]
fn a_plugins_end_is_recorded_and_repeated() {
    let scene = Scene::new();
    let cases = [
        ("echo 'LOAD OK | load=0.5'; echo more", 0, "200 LOAD OK | load=0.5\n"),
        ("echo slow; exit 1", 1, "210 slow\n"),
        ("echo down; exit 2", 2, "300 down\n"),
        ("echo what; exit 3", 3, "310 what\n"),
        ("exit 3", 3, "310 exit status 3\n"),
        ("exit 77", 3, "310 exit status 77\n"),
        ("exit 0", 0, "200\n"),
        ("exit 2", 2, "300\n"),
        ("echo why >&2; exit 2", 2, "300 why\n"),
        ("echo out; echo err >&2; exit 1", 1, "210 out\n"),
        ("kill -KILL $$", 3, "310 killed by signal 9\n"),
        ("echo so far; kill -SEGV $$", 3, "310 so far\n"),
        ("printf 'no end|a=1'", 0, "200 no end|a=1\n"),
        ("echo; echo second; echo third", 0, "200 second\n"),
        ("printf 'dos\\r\\nmore'", 0, "200 dos\n"),
        ("printf 'a\\033[31mb\\001c\\377d\\000e\\n'", 0, "200 a [31mb c?d e\n"),
        ("cat; echo stdin is empty", 0, "200 stdin is empty\n"),
        // Nothing of ours is open in the plugin.
        ("ls -l /proc/self/fd | grep -c lock; exit 1", 1, "210 0\n"),
    ];
    for (script, status, content) in cases {
        end(&mut shell(&scene, "20s", script)).expect_silent(status);
        assert_eq!(recorded(&scene, "x").as_deref(), Some(content), "{script}");
    }
    assert_eq!(names_in(&scene.status()), [".x.lock", "x"]);
    let mode = fs::metadata(scene.status().join(".x.lock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_can_not_be_started_is_recorded() {
    let scene = Scene::new();
    let plain = scene.file("plain", "#!/bin/sh\n");
    let lost = script(&scene, "lost", "#!/no/such/interpreter\n");
    let odd = script(&scene, "odd", "no program\n");
    let cases = [
        ("no-such-program".to_owned(), "not found: no-such-program"),
        ("/no/such/program".to_owned(), "not found: /no/such/program"),
        (plain.display().to_string(), "permission denied: "),
        (scene.status().display().to_string(), "permission denied: "),
        (lost.display().to_string(), "interpreter not found: "),
        (odd.display().to_string(), "exec format error: "),
    ];
    for (program, why) in cases {
        end(&mut scene.oco(&["run", "x", &program])).expect_silent(3);
        let content = recorded(&scene, "x").unwrap();
        assert!(content.starts_with(&format!("310 {why}")) && content.contains(&program), "{content}");
        fs::remove_file(scene.status().join("x")).unwrap();
    }
}

#[test]
fn much_output_is_read_and_its_beginning_kept() {
    let scene = Scene::new();
    let flood = "head -c 1000000 /dev/zero | tr '\\0' x; head -c 1000000 /dev/zero >&2; echo; exit 1";
    end(&mut shell(&scene, "20s", flood)).expect_silent(1);
    assert_eq!(recorded(&scene, "x").unwrap(), format!("210 {}\n", "x".repeat(4091)));
    let started = Instant::now();
    end(&mut shell(&scene, "5s", "yes")).expect_silent(3);
    assert_eq!(recorded(&scene, "x").unwrap(), "310 timed out after 5s: y\n");
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// Whatever cuts a plugin's line: what is recorded has whole figures only.
#[test]
fn a_figure_that_is_cut_is_not_recorded() {
    let scene = Scene::new();
    let figures: Vec<String> =
        (0..400).map(|number| format!("m{number:03}={}", 1_000_000 + number)).collect();
    for pad in 0..12 {
        let line = scene.file("line", &format!("{}OK|{}\n", "z".repeat(pad), figures.join(" ")));
        end(&mut scene.oco(&["run", "x", "cat", line.to_str().unwrap()])).expect_silent(0);
        let content = recorded(&scene, "x").unwrap();
        let last = content.strip_suffix(" ...\n").unwrap().rsplit(' ').next().unwrap();
        assert!(figures.iter().any(|figure| figure == last), "{last}");
    }
    end(&mut shell(&scene, "5s", "printf 'OK|a=1 b=12'; sleep 600")).expect_silent(3);
    assert_eq!(recorded(&scene, "x").unwrap(), "310 timed out after 5s: OK|a=1 ...\n");
    end(&mut shell(&scene, "20s", "printf 'OK|a=1 b=12'; kill -KILL $$")).expect_silent(3);
    assert_eq!(recorded(&scene, "x").unwrap(), "310 OK|a=1 ...\n");
}

#[test]
fn a_time_out_ends_the_whole_group_even_who_ignores_term() {
    let scene = Scene::new();
    let stubborn = "trap '' TERM; echo $$ > grandchild; while :; do sleep 1; done";
    let plugin = format!(
        "trap '' TERM; echo $$ > leader; echo checking; sh -c \"{}\" > /dev/null 2>&1 & while :; do sleep 1; done",
        stubborn.replace('$', "\\$")
    );
    let child = start(&mut shell(&scene, "5s", &plugin));
    let processes = [process_in(&scene.path("leader")), process_in(&scene.path("grandchild"))];
    wait(child).expect_silent(3);
    assert_eq!(processes.map(|process| lives(&process)), [false, false]);
    assert_eq!(recorded(&scene, "x").unwrap(), "310 timed out after 5s: checking\n");
}

#[test]
fn a_time_out_lets_a_plugin_clean_up() {
    let scene = Scene::new();
    let plugin = "trap 'echo bye > farewell; exit 0' TERM; echo $$ > leader; while :; do sleep 0.01; done";
    end(&mut shell(&scene, "5s", plugin)).expect_silent(3);
    assert_eq!(fs::read_to_string(scene.path("farewell")).unwrap(), "bye\n");
    assert_eq!(recorded(&scene, "x").unwrap(), "310 timed out after 5s\n");
}

#[test]
fn a_result_counts_at_once_and_who_holds_the_output_is_ended_at_the_time_out() {
    let scene = Scene::new();
    let child = start(&mut shell(&scene, "5s", "sleep 600 & echo $! > sleeper; echo fine"));
    let sleeper = process_in(&scene.path("sleeper"));
    wait_for("the result", || recorded(&scene, "x"));
    assert!(lives(&sleeper));
    wait(child).expect_silent(0);
    assert!(!lives(&sleeper));
    assert_eq!(recorded(&scene, "x").unwrap(), "200 fine\n");
}

#[test]
fn who_does_not_hold_the_output_is_left_alone() {
    let scene = Scene::new();
    let plugin = "sleep 600 > /dev/null 2>&1 & echo $! > sleeper; echo fine";
    let started = Instant::now();
    end(&mut shell(&scene, "60s", plugin)).expect_silent(0);
    assert!(started.elapsed() < Duration::from_secs(30));
    let sleeper = process_in(&scene.path("sleeper"));
    assert!(lives(&sleeper));
    kill(Pid::from_raw(sleeper.parse().unwrap()), Signal::SIGKILL).unwrap();
}

#[test]
fn a_group_that_left_for_another_session_does_not_hold_us_up() {
    let scene = Scene::new();
    let plugin = "setsid sh -c 'echo $$ > daemon; exec sleep 600' & while [ ! -s daemon ]; do sleep 0.01; done; echo fine";
    end(&mut shell(&scene, "5s", plugin)).expect_silent(0);
    let daemon = process_in(&scene.path("daemon"));
    assert_eq!(recorded(&scene, "x").unwrap(), "200 fine\n");
    kill(Pid::from_raw(daemon.parse().unwrap()), Signal::SIGKILL).unwrap();
}

#[test]
fn two_runs_of_one_check_never_overlap() {
    let scene = Scene::new();
    let first = start(&mut shell(
        &scene,
        "20s",
        "echo $$ > first; while [ ! -e go ]; do sleep 0.01; done; echo first",
    ));
    process_in(&scene.path("first"));
    end(&mut shell(&scene, "20s", "echo second; exit 1")).expect_silent(3);
    let told = end(shell(&scene, "20s", "echo second; exit 1").env("RUST_LOG", "debug"));
    assert_eq!(told.status, Some(3));
    assert!(told.stderr.contains("debug: x: another run"), "{told:?}");
    // Another check is another matter.
    end(&mut scene.oco(&["run", "y", "true"])).expect_silent(0);
    assert_eq!(recorded(&scene, "x"), None);
    scene.file("go", "");
    wait(first).expect_silent(0);
    assert_eq!(recorded(&scene, "x").unwrap(), "200 first\n");
    end(&mut shell(&scene, "20s", "echo second; exit 1")).expect_silent(1);
    assert_eq!(recorded(&scene, "x").unwrap(), "210 second\n");
}

#[test]
fn a_signal_ends_the_plugin_and_records_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let scene = Scene::new();
        let oco = shell(&scene, "60s", "trap '' TERM HUP INT; echo $$ > leader; while :; do sleep 1; done");
        // Who runs the tests may ignore signals, as a shell's "&" does with SIGINT, and oco would ignore them with it.
        let mut heeding = std::process::Command::new("env");
        heeding.env("OCO_DIR", scene.status()).current_dir(scene.path("."));
        heeding.arg("--default-signal=TERM,INT,HUP").arg(oco.get_program()).args(oco.get_args());
        let child = start(&mut heeding);
        let leader = process_in(&scene.path("leader"));
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        wait(child).expect_silent(3);
        assert!(!lives(&leader));
        assert_eq!(recorded(&scene, "x"), None);
    }
}

/// A grandchild holds the output, and oco is told to end while it waits for that: the result stands.
#[test]
fn what_was_recorded_before_a_signal_stays_the_outcome() {
    let scene = Scene::new();
    let child = start(&mut shell(&scene, "60s", "sleep 600 & echo $! > sleeper; echo slow; exit 1"));
    let sleeper = process_in(&scene.path("sleeper"));
    wait_for("the result", || recorded(&scene, "x"));
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    wait(child).expect_silent(1);
    assert!(!lives(&sleeper));
    assert_eq!(recorded(&scene, "x").unwrap(), "210 slow\n");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let scene = Scene::new();
    let oco = shell(&scene, "60s", "echo $$ > leader; while [ ! -e go ]; do sleep 0.01; done; echo done");
    let mut nohup = std::process::Command::new("sh");
    nohup.env("OCO_DIR", scene.status()).current_dir(scene.path("."));
    nohup.arg("-c").arg("trap '' HUP INT; exec \"$0\" \"$@\"").arg(oco.get_program()).args(oco.get_args());
    let child = start(&mut nohup);
    process_in(&scene.path("leader"));
    let process = Pid::from_raw(child.id().try_into().unwrap());
    kill(process, Signal::SIGHUP).unwrap();
    kill(process, Signal::SIGINT).unwrap();
    // Both have been delivered by the time that this is.
    kill(process, Signal::SIGCHLD).unwrap();
    scene.file("go", "");
    wait(child).expect_silent(0);
    assert_eq!(recorded(&scene, "x").unwrap(), "200 done\n");
}

/// A name without a slash is looked for in PATH: what lies in the working directory has nothing to say.
#[test]
fn a_file_of_the_same_name_elsewhere_is_not_the_program() {
    let scene = Scene::new();
    script(&scene, "no-such-program", "#!/bin/sh\n");
    let run = |path: &str| {
        let mut command = scene.oco(&["run", "x", "no-such-program"]);
        end(command.current_dir(scene.path(".")).env("PATH", path)).expect_silent(3);
        recorded(&scene, "x").unwrap()
    };
    assert_eq!(run("/usr/bin:/bin"), "310 not found: no-such-program\n");
    fs::create_dir(scene.path("bin")).unwrap();
    fs::write(scene.path("bin/no-such-program"), "#!/no/such/interpreter\n").unwrap();
    let path = scene.path("bin").display().to_string();
    assert!(run(&path).starts_with("310 permission denied: "));
    fs::set_permissions(scene.path("bin/no-such-program"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run(&format!("/no/such:{path}")), "310 interpreter not found: no-such-program\n");
}

#[test]
fn what_can_not_be_recorded_is_said() {
    let scene = Scene::new();
    fs::create_dir(scene.status().join("x")).unwrap();
    end(&mut scene.oco(&["run", "x", "true"])).expect_error(3, &["oco: write ", "status/x: is a directory"]);
    fs::remove_dir(scene.status().join("x")).unwrap();
    let elsewhere = scene.file("elsewhere", "");
    std::os::unix::fs::symlink(elsewhere, scene.status().join(".y.lock")).unwrap();
    end(&mut scene.oco(&["run", "y", "true"])).expect_error(3, &["lock ", ".y.lock: "]);
    fs::remove_dir_all(scene.status()).unwrap();
    end(&mut scene.oco(&["run", "x", "true"]))
        .expect_error(3, &["status/.x.lock: no such file or directory"]);
}

#[test]
fn a_parent_that_blocks_or_ignores_child_signals_is_no_trap() {
    let scene = Scene::new();
    let oco = scene.oco(&[]).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell
        .env("OCO_DIR", scene.status())
        .arg("-c")
        .arg("trap '' CHLD; exec \"$0\" run x sh -c 'exit 1'")
        .arg(oco);
    end(&mut shell).expect_silent(1);
    assert_eq!(recorded(&scene, "x").unwrap(), "210\n");
}

#[test]
fn verbose_prints_what_is_recorded() {
    let scene = Scene::new();
    let output =
        scene.oco(&["run", "load", "-v", "--", "sh", "-c", "echo 'high|a=1'; exit 1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("{}: 210 high|a=1\n", scene.status().join("load").display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    let quiet = scene.oco(&["run", "load", "true"]).output().unwrap();
    assert!(quiet.stdout.is_empty());
}

#[test]
fn a_result_says_how_old_it_may_be() {
    let scene = Scene::new();
    let run = |command: &[&str]| {
        let output = scene.oco(&[&["run", "backup", "-v", "--max-age", "25h"], command].concat()).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let path = scene.status().join("backup").display().to_string();
    assert_eq!(run(&["sh", "-c", "echo 'saved|a=1'"]), format!("{path}: 200 saved|a=1 (max-age 25h)\n"));
    assert_eq!(recorded(&scene, "backup").unwrap(), "200 saved|a=1\nmax-age 25h\n");
    // So does one that was not the plugin's own.
    assert_eq!(run(&["/no/such"]), format!("{path}: 310 not found: /no/such (max-age 25h)\n"));
    assert_eq!(
        run(&["--timeout", "200ms", "sleep", "600"]),
        format!("{path}: 310 timed out after 200ms (max-age 25h)\n")
    );
}
