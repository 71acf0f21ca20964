//! A wall clock that jumps: no transition by it, none missed, and the journal's time never runs backwards.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::watcher::Watcher;
use std::path::{Path, PathBuf};

/// Where Debian, Fedora and Arch keep it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];

/// Shifts the wall clock by so many seconds.
fn shift(scene: &Scene, seconds: i64) {
    std::fs::write(scene.path("shift.new"), format!("{seconds:+}\n")).unwrap();
    std::fs::rename(scene.path("shift.new"), scene.path("shift")).unwrap();
}

fn times(scene: &Scene) -> Vec<jiff::Timestamp> {
    let log = scene.told(&["log", "--json"]);
    let entries = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    entries.map(|entry| entry["at"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_clock_that_jumps_is_no_transition_and_the_journal_never_runs_backwards() {
    let Some(library) = LIBRARIES.iter().find(|library| Path::new(library).is_file()) else {
        return println!("skipped: a clock that jumps: libfaketime is not installed");
    };
    let host = Host::new("200 OK");
    let scene = Scene::new(&format!(
        "[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\nmax-silence = \"1h\"\n[hostgroup.g]\n\
         hosts = [{{ name = \"a\", address = \"{}\" }}]\n[hostgroup.g.service.s]\nprobe = \"oco\"\n\
         [hostgroup.push]\naccept-reports = true\n",
        host.address
    ));
    shift(&scene, 0);
    let mut command = scene.ocowatch(&[]);
    let variables: [(&str, PathBuf); 5] = [
        ("LD_PRELOAD", library.into()),
        ("FAKETIME_TIMESTAMP_FILE", scene.path("shift")),
        ("FAKETIME_NO_CACHE", "1".into()),
        ("NO_FAKE_STAT", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
    ];
    command.envs(variables);
    let watcher = Watcher::spawn(command);
    wait_for("the control socket", || std::os::unix::net::UnixStream::connect(scene.control()).ok());
    scene.wait_for_words("g/s/a", "ok");
    let reported = scene.fleet(&["report", "push/x/y", "200", "--period", "10m"]).status().unwrap();
    assert!(reported.success());
    let change = |line: &str, words: &str, transitions: usize| {
        host.say(line);
        scene.wait_for_words("g/s/a", words);
        wait_for("the journal", || {
            (scene.told(&["log", "g/s/a"]).lines().count() == transitions).then_some(())
        });
    };
    for (round, seconds) in [86_400, -86_400, 0, 7_200].into_iter().enumerate() {
        shift(&scene, seconds);
        let last = scene.shown("g/s/a")["last"].clone();
        wait_for("another probe", || (scene.shown("g/s/a")["last"] != last).then_some(()));
        assert_eq!(scene.shown("push/x/y")["state"], "ok", "a promise does not break by a step");
        change("350 KO 300-x", "ko", 2 * round + 2);
        change("200 OK", "ok", 2 * round + 3);
    }
    let times = times(&scene);
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.last().unwrap().duration_since(times[0]).as_hours() >= 23, "{times:?}");
    wait_for("the last line", || (watcher.log().matches("g/s/a: ").count() >= 9).then_some(()));
    assert_eq!(watcher.log().matches("g/s/a: ").count(), 9, "{}", watcher.log());
}
