//! How old a result may be: what its writer promised, what the settings say, and what a boot makes of it.

use crate::faces::{get, start};
use crate::scene::{Scene, wait_for, wrap};
use crate::server::{Ocod, answer, ask};
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, SystemTime};

fn set_age(scene: &Scene, name: &str, seconds: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds);
    File::options().append(true).open(scene.status().join(name)).unwrap().set_modified(time).unwrap();
}

/// The second line of the file is the writer's own promise, whoever wrote it.
#[test]
fn a_result_that_promised_a_day_is_not_stale_after_an_hour() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    let shell = |script: &str| {
        let done = Command::new("sh").args(["-c", script]).current_dir(scene.status()).status();
        assert!(done.expect("run sh").success(), "{script}");
    };
    let orders: [&dyn Fn(); 3] = [
        &|| shell("printf '200 saved\\nmax-age 25h\\n' > backup"),
        &|| shell("printf '200 saved\\r\\nmax-age 1d 1h\\r\\n' > backup"),
        &|| assert!(scene.oco(&["set", "backup", "200", "--max-age", "25h"]).status().unwrap().success()),
    ];
    for order in orders {
        order();
        ocod.expect("200 OK oco");
        set_age(&scene, "backup", 3600);
        ocod.expect("200 OK oco");
        set_age(&scene, "backup", 25 * 3600 - 60);
        ocod.expect("200 OK oco");
        set_age(&scene, "backup", 25 * 3600 + 1);
        ocod.expect("350 KO oco 300-backup");
        // The promise is the result's: the next one makes none.
        scene.check("backup", "200\n");
        set_age(&scene, "backup", 3600);
        ocod.expect("350 KO oco 300-backup");
    }
    // What is no promise is any further line; a zero would be stale at once.
    for line in ["max-age soon", "max-age", "max-age 0s", "max-age=25h", "Max-age 25h", "\nmax-age 25h"] {
        scene.check("backup", &format!("200\n{line}\n"));
        ocod.expect("200 OK oco");
        set_age(&scene, "backup", 3600);
        ocod.expect("350 KO oco 300-backup");
    }
}

#[test]
fn a_result_that_promised_three_seconds_is_stale_after_them() {
    let scene = Scene::new();
    scene.check("x", "200\nmax-age 3s\n");
    let ocod = Ocod::start(&scene);
    // Nobody asks.
    ocod.wait_for_log("x: 200 -> 300 (stale, 3s");
    ocod.expect("350 KO oco 300-x");
}

#[test]
fn a_promise_is_shown_wherever_ages_are() {
    let scene = Scene::new();
    scene.check("backup", "200 saved\nmax-age 10h\n");
    set_age(&scene, "backup", 5 * 3600 - 60);
    scene.check("plain", "200\n");
    let ocod = start(&scene, &["speak = \"http\"", ""]);
    let [http, line] = ocod.addresses[..] else { panic!("two ports") };
    assert_eq!(ask(line), answer("200 OK oco"));
    let (_, checks) = get(http, "/checks");
    let json: serde_json::Value = serde_json::from_str(&checks).unwrap();
    let [backup, plain] = [&json["checks"][0], &json["checks"][1]];
    assert_eq!((&backup["name"], &plain["name"]), (&"backup".into(), &"plain".into()), "{checks}");
    assert_eq!(
        (backup["max_age_seconds"].as_f64(), backup["stale"].as_bool()),
        (Some(36_000.0), Some(false))
    );
    assert_eq!((backup["code"].as_u64(), backup["text"].as_str()), (Some(200), Some("saved")));
    assert_eq!(plain["max_age_seconds"].as_f64(), Some(300.0));
    let (_, metrics) = get(http, "/metrics");
    for wanted in [
        "oco_check_max_age_seconds{check=\"backup\"} 36000",
        "oco_check_max_age_seconds{check=\"plain\"} 300",
        "oco_check_stale{check=\"backup\"} 0",
    ] {
        assert!(metrics.lines().any(|line| line == wanted), "no {wanted} in {metrics}");
    }
    let config = scene.path("ocod.toml");
    let output = scene.oco(&["-c", config.to_str().unwrap(), "status"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    let row = table.lines().find(|line| line.contains("backup")).expect("a row");
    // Half of it is over, which is half of the bar.
    assert!(row.contains("/10h") && row.contains("####....") && row.contains("saved"), "{table}");
    ocod.signal("USR1");
    ocod.wait_for_log("200 backup ");
    ocod.wait_for_log(" old of 10h saved");
}

/// Who wrote the file knows better than the general rule, and who names the check in the settings better than both.
#[test]
fn a_promise_beats_the_general_rule_and_the_checks_own_rule_beats_the_promise() {
    let scene = Scene::new();
    for name in ["promised", "ruled"] {
        scene.check(name, "200\nmax-age 25h\n");
        set_age(&scene, name, 7200);
    }
    let listen = "[[listen]]\naddress = \"127.0.0.1:0\"\n";
    let own = "[checks.ruled]\nmax-age = \"1h\"\n";
    let config = scene.file("ocod.toml", &format!("max-age = \"1m\"\n{listen}{own}"));
    let arguments = ["-c", config.to_str().unwrap()];
    Ocod::start_with(&scene, &arguments).expect("350 KO oco 300-ruled");
    let ocod = Ocod::start_with(&scene, &[&arguments[..], &["--max-age", "1ms"]].concat());
    ocod.expect("350 KO oco 300-ruled");
    for name in ["promised", "ruled"] {
        scene.check(name, "200\nmax-age 1m\n");
        set_age(&scene, name, 1800);
    }
    ocod.expect("350 KO oco 300-promised");
    // A reload that takes the rule away gives the promise its word back.
    fs::write(&config, listen).unwrap();
    ocod.signal("HUP");
    ocod.wait_for_log("info: reloaded");
    ocod.expect("350 KO oco 300-promised,300-ruled");
}

/// How long the host is up in the namespaces below.
const UP_SECONDS: u64 = 20;

/// A host that was booted a moment ago, as seen from now; none, with the reason said, if there can't be one here.
fn booted_a_moment_ago() -> Option<Command> {
    let uptime = fs::read_to_string("/proc/uptime").expect("this host's uptime");
    let uptime: u64 = uptime.split('.').next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
    let offset = uptime.saturating_sub(UP_SECONDS);
    let mut unshare = Command::new("unshare");
    // A program that is started in a time namespace is a child's child.
    unshare.args(["-T", "-f", "--kill-child"]);
    unshare.args([format!("--boottime=-{offset}"), format!("--monotonic=-{offset}")]);
    let mut probe = Command::new("unshare");
    let output = probe.args(unshare.get_args()).arg("true").output();
    if !output.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: no time namespace here: {output:?}");
        return None;
    }
    Some(unshare)
}

/// What was right before a boot tells little of the host after it, unless the check runs so rarely that a boot falls
/// between its runs.
#[test]
fn after_a_quick_reboot_old_results_do_not_count() {
    for (more, promise, counts) in [
        (&[][..], "", false),
        (&["--max-age", "1h"], "", false),
        (&["--max-age", "61m"], "", true),
        (&[], "max-age 1h\n", false),
        (&[], "max-age 61m\n", true),
        (&["--max-age", "61m"], "max-age 1h\n", false),
    ] {
        let scene = Scene::new();
        let Some(namespace) = booted_a_moment_ago() else { return };
        scene.check("http", &format!("200\n{promise}"));
        set_age(&scene, "http", UP_SECONDS + 60);
        let arguments = [&["-l", "127.0.0.1:0"], more].concat();
        let ocod = Ocod::spawn(wrap(&namespace, &scene.ocod(&arguments)));
        let expected = if counts { "200 OK oco" } else { "350 KO oco 300-http" };
        assert_eq!(ocod.ask(), answer(expected), "{more:?} {promise:?}\n{}", ocod.log());
        // What is written after the boot counts as ever.
        scene.check("http", "210\n");
        ocod.expect("250 OK, but oco 210-http");
    }
}

/// `oco status` and the pages say so too, and why.
#[test]
fn after_a_quick_reboot_everybody_says_why() {
    let scene = Scene::new();
    let Some(namespace) = booted_a_moment_ago() else { return };
    scene.check("http", "200\n");
    let config = crate::faces::configure(&scene, &["speak = \"http\"", ""]);
    let config = config.to_str().unwrap();
    let ocod = Ocod::spawn(wrap(&namespace, &scene.ocod(&["-c", config])));
    // A program of before the boot, that writes what it knew then.
    set_age(&scene, "http", UP_SECONDS + 60);
    wait_for("the change", || (ask(ocod.addresses[1]) == answer("350 KO oco 300-http")).then_some(()));
    ocod.wait_for_log("http: 200 -> 300 (stale, from before the boot, 1m 2");
    let (_, checks) = get(ocod.addresses[0], "/checks");
    let json: serde_json::Value = serde_json::from_str(&checks).unwrap();
    assert_eq!(json["checks"][0]["stale"].as_bool(), Some(true), "{checks}");
    let status = wrap(&namespace, &scene.oco(&["-c", config, "status"])).output().unwrap();
    let table = String::from_utf8(status.stdout).unwrap();
    assert_eq!(status.status.code(), Some(2), "{table}");
    assert!(table.lines().any(|line| line.contains("300") && line.contains("http")), "{table}");
}
