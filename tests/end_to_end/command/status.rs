//! `oco status` of this host: the directory as the daemon would rate it.

use super::{Ended, end};
use crate::scene::{Scene, have};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, SystemTime};

const PROGRAM: &str = concat!("oco-", env!("CARGO_PKG_VERSION"));

fn status(scene: &Scene, arguments: &[&str]) -> Ended {
    end(&mut scene.oco(&[&["status"], arguments].concat()))
}

fn first_line(ended: &Ended) -> &str {
    ended.stdout.lines().next().unwrap_or_default()
}

fn set_age(scene: &Scene, name: &str, seconds: u64) {
    let file = fs::File::options().append(true).open(scene.status().join(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

#[test]
fn the_exit_status_is_the_verdict() {
    let scene = Scene::new();
    for (content, exit, line) in [
        ("200\n", 0, "200 OK PROGRAM"),
        ("210 slow\n", 1, "250 OK, but PROGRAM 210-http"),
        ("300\n", 2, "350 KO PROGRAM 300-http"),
        ("500\n", 2, "550 KO PROGRAM 500-http"),
        ("nonsense\n", 2, "350 KO PROGRAM 300-http"),
    ] {
        scene.check("http", content);
        let ended = status(&scene, &[]);
        assert_eq!(
            (ended.status, first_line(&ended)),
            (Some(exit), line.replace("PROGRAM", PROGRAM).as_str())
        );
    }
}

#[test]
fn the_table_has_the_worst_first() {
    let scene = Scene::new();
    scene.check("load", "200 load 0.5\x1b[31m\n");
    scene.check("http", "300 refused\n");
    scene.check("raid", "500 sda\n");
    scene.check("disk", "300 full\n");
    scene.check("old", "200 was fine\n");
    symlink("/etc/passwd", scene.status().join("link")).unwrap();
    // Shown to the minute, so that the seconds that pass meanwhile do not show.
    let config = scene.file("ocod.toml", "max-age = \"10h\"\n");
    for name in ["load", "http", "raid", "disk"] {
        set_age(&scene, name, 3723);
    }
    set_age(&scene, "old", 11 * 3600 + 365);
    let ended = status(&scene, &["-c", config.to_str().unwrap()]);
    let expected = [
        format!("550 KO {PROGRAM} 500-raid,300-disk,300-http,300-link,300-old"),
        "code  check  age/max-age                 text".to_owned(),
        "500   raid   #.......  1h2m/10h          sda".to_owned(),
        "300   disk   #.......  1h2m/10h          full".to_owned(),
        "300   http   #.......  1h2m/10h          refused".to_owned(),
        "300   link   ........  -/10h             not a regular file but a symbolic link".to_owned(),
        "300   old    ########  11h6m/10h  stale  was fine".to_owned(),
        "200   load   #.......  1h2m/10h          load 0.5?[31m".to_owned(),
    ];
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(ended.status, Some(2));
}

#[test]
fn the_configuration_counts() {
    let scene = Scene::new();
    let config = scene.file(
        "ocod.toml",
        "max-age = \"2h\"\n[checks.backup]\nmax-age = \"25h\"\n[checks.must]\nrequired = true\n",
    );
    let config = config.to_str().unwrap();
    scene.check("http", "200\n");
    set_age(&scene, "http", 1800);
    scene.check("backup", "200\n");
    set_age(&scene, "backup", 24 * 3600);
    scene.check("must", "200\n");
    let ended = status(&scene, &["-c", config]);
    assert_eq!((ended.status, first_line(&ended)), (Some(0), format!("200 OK {PROGRAM}").as_str()));
    assert!(ended.stdout.contains("  1d/1d1h"), "{}", ended.stdout);
    let ended = status(&scene, &[]);
    assert_eq!(first_line(&ended), format!("350 KO {PROGRAM} 300-backup,300-http"));
    fs::remove_file(scene.status().join("must")).unwrap();
    let ended = status(&scene, &["-c", config]);
    assert_eq!((ended.status, first_line(&ended)), (Some(2), format!("350 KO {PROGRAM} 300-must").as_str()));
}

#[test]
fn nothing_known_is_not_ok_unless_configured() {
    let scene = Scene::new();
    let unknown = format!("350 KO {PROGRAM} 300-oco");
    let ended = status(&scene, &[]);
    assert_eq!((ended.status, ended.stdout.trim_end()), (Some(2), unknown.as_str()));
    assert!(ended.stderr.contains("no checks in it"), "{}", ended.stderr);
    let config = scene.file("ocod.toml", "empty = \"ok\"\n");
    let config = config.to_str().unwrap();
    let ended = status(&scene, &["-c", config]);
    assert_eq!((ended.status, ended.stdout.trim_end()), (Some(0), format!("200 OK {PROGRAM}").as_str()));
    fs::remove_dir(scene.status()).unwrap();
    let ended = status(&scene, &["-c", config]);
    assert_eq!((ended.status, ended.stdout.trim_end()), (Some(2), unknown.as_str()));
    // In its own words: it answers nobody, and has no log.
    let said = format!("oco: directory {}: no such file or directory\n", scene.status().display());
    assert!(ended.stderr.starts_with(&said) && !ended.stderr.contains("300-oco until"), "{}", ended.stderr);
    let json: Value = serde_json::from_str(&status(&scene, &["--json"]).stdout).unwrap();
    assert_eq!((&json["code"], json["checks"].as_array().unwrap().len()), (&Value::from(350), 0));
}

#[test]
fn programs_get_json() {
    let scene = Scene::new();
    scene.check("http", "210 \"slow\"\\\n");
    scene.check("old", "200\n");
    set_age(&scene, "old", 400);
    symlink("/etc/passwd", scene.status().join("link")).unwrap();
    let ended = status(&scene, &["--json"]);
    assert_eq!(ended.status, Some(2));
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&json["code"], &json["state"]), (&Value::from(350), &Value::from("KO")));
    assert_eq!(json["line"], format!("350 KO {PROGRAM} 300-link,300-old,210-http"));
    let checks = json["checks"].as_array().unwrap();
    let names: Vec<_> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["link", "old", "http"]);
    assert!(checks[0]["age_seconds"].is_null() && checks[0]["stale"] == false);
    let age = checks[1]["age_seconds"].as_f64().unwrap();
    assert!((400.0..430.0).contains(&age) && checks[1]["stale"] == true, "{age}");
    let expected =
        serde_json::json!({"code": 210, "text": "\"slow\"\\", "stale": false, "max_age_seconds": 300.0});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&checks[2][key], value, "{key}");
    }
    assert_eq!(checks[2].as_object().unwrap().len(), 6);
}

#[test]
fn figures_are_for_programs_and_for_those_who_want_them() {
    let scene = Scene::new();
    scene.check("load", "200 load 0.5 | load1=0.5;9;99\n");
    let row = |arguments: &[&str]| {
        let shown = status(&scene, arguments).stdout;
        shown.lines().last().unwrap().split_once("/5m  ").unwrap().1.to_owned()
    };
    assert_eq!(row(&[]), "load 0.5");
    assert_eq!([row(&["-v"]), row(&["--verbose"])], ["load 0.5 | load1=0.5;9;99"; 2].map(str::to_owned));
    let json: Value = serde_json::from_str(&status(&scene, &["--json"]).stdout).unwrap();
    assert_eq!(json["checks"][0]["text"], "load 0.5 | load1=0.5;9;99");
}

#[test]
fn files_that_are_no_checks_are_named() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    scene.check("two words", "200\n");
    scene.check("http~", "200\n");
    scene.check(".hidden", "200\n");
    fs::create_dir(scene.status().join("a,b")).unwrap();
    let said = status(&scene, &[]).stderr;
    assert!(said.contains("oco: http~: not a check: it ends like a leftover"), "{said}");
    assert!(said.contains("oco: two words: not a check: it has a character"), "{said}");
    assert!(!said.contains("hidden") && !said.contains("a,b") && !said.contains("warn"), "{said}");
}

#[test]
fn many_files_that_are_not_understood_are_all_seen() {
    let scene = Scene::new();
    (0..300).for_each(|number| scene.check(&format!("c{number}"), "nonsense\n"));
    assert_eq!(status(&scene, &[]).stdout.lines().count(), 302);
}

#[test]
fn colour_and_cutting_are_for_terminals_that_want_them() {
    let scene = Scene::new();
    scene.check("http", &format!("300 {}\n", "x".repeat(300)));
    let plain = status(&scene, &[]).stdout;
    assert!(!plain.contains('\x1b') && plain.contains(&"x".repeat(300)));
    if !have("script") {
        println!("skipped: script is not installed (bsdutils), so there is no terminal");
        return;
    }
    let on_terminal = |no_color: &str, terminal: &str| {
        let oco = scene.oco(&[]).get_program().to_owned();
        let line = format!("stty cols 60; {} status", oco.to_str().unwrap());
        let mut command = Command::new("script");
        command.env("OCO_DIR", scene.status()).env("NO_COLOR", no_color).env("TERM", terminal);
        end(command.args(["-qec", &line, "/dev/null"])).stdout
    };
    let coloured = on_terminal("", "xterm");
    assert!(coloured.contains("\x1b[31m300\x1b[0m"), "{coloured:?}");
    let plain = on_terminal("1", "xterm");
    assert!(!plain.contains('\x1b'), "{plain:?}");
    assert!(!on_terminal("", "dumb").contains('\x1b'));
    let row = plain.lines().find(|line| line.contains("xxx")).unwrap();
    assert_eq!(row.trim_end().len(), 60, "{row:?}");
}

#[test]
fn quiet_prints_nothing() {
    let scene = Scene::new();
    for (content, exit) in [("200\n", 0), ("210\n", 1), ("300\n", 2)] {
        scene.check("http", content);
        for option in ["-q", "--quiet"] {
            let ended = status(&scene, &[option]);
            assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (Some(exit), "", ""));
        }
    }
    assert_eq!(status(&scene, &["-q", "--json"]).status, Some(3));
}

#[test]
fn ages_are_bars() {
    let scene = Scene::new();
    scene.check("half", "200\n");
    set_age(&scene, "half", 140);
    scene.check("new", "200\n");
    scene.check("old", "200\n");
    set_age(&scene, "old", 3600);
    let ended = status(&scene, &[]);
    for (name, bar) in [("half", "####...."), ("old", "########")] {
        let line = ended.stdout.lines().find(|line| line.contains(name) && line.contains("/5m"));
        assert!(line.is_some_and(|line| line.contains(&format!("  {bar}  "))), "{}", ended.stdout);
    }
}

/// A directory that is away is no news each second: not across the screen, and not in a file beside it.
#[test]
fn words_are_said_once_while_watching() {
    if !have("script") {
        println!("skipped: script is not installed");
        return;
    }
    let scene = Scene::new();
    fs::remove_dir(scene.status()).unwrap();
    let (typescript, errors) = (scene.path("typescript"), scene.path("errors"));
    let mut command = Command::new("script");
    let oco = scene.oco(&[]).get_program().to_str().unwrap().to_owned();
    let run = format!("exec {oco} status --watch 2>{}", errors.display());
    command.args(["-qefc", &run]).arg(&typescript).env("OCO_DIR", scene.status()).env("TERM", "xterm");
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let mut child = command.spawn().expect("run script");
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let line = format!("directory {}: no such file or directory", scene.status().display());
    let frames = || read(&typescript).matches(&format!("\x1b[H350 KO {PROGRAM} 300-oco\x1b[K")).count();
    crate::scene::wait_for("the third picture", || (frames() >= 3).then_some(()));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().expect("reap script");
    assert!(read(&typescript).matches(&format!("{line}\x1b[K")).count() >= 3, "{}", read(&typescript));
    assert_eq!(read(&errors).matches(&format!("oco: {line}\n")).count(), 1, "{}", read(&errors));
    assert!(!read(&errors).contains("error: "), "{}", read(&errors));
}

/// In a terminal that `script` makes: the change of a file is drawn over what was there.
#[test]
fn watch_redraws_in_place() {
    if !have("script") {
        println!("skipped: script is not installed");
        return;
    }
    let scene = Scene::new();
    scene.check("http", "200\n");
    let typescript = scene.path("typescript");
    let mut oco = scene.oco(&[]);
    let mut command = Command::new("script");
    let run = format!("exec {} status --watch", oco.get_program().to_str().unwrap());
    command.args(["-qefc", &run]).arg(&typescript).env("OCO_DIR", scene.status()).env("TERM", "xterm");
    oco.env_clear();
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let mut child = command.spawn().expect("run script");
    let drawn = || String::from_utf8_lossy(&fs::read(&typescript).unwrap_or_default()).into_owned();
    let wait = |text: &str| {
        crate::scene::wait_for(text, || drawn().contains(text).then_some(()));
    };
    wait(&format!("200 OK {PROGRAM}\x1b[K"));
    scene.check("http", "300 broken\n");
    wait(&format!("\x1b[H350 KO {PROGRAM} 300-http\x1b[K"));
    // script ends what runs in it with itself.
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().expect("reap script");
    assert_eq!(drawn().matches("\x1b[2J").count(), 1, "cleared once, then drawn over");
    assert!(!drawn().contains("oco: "), "words are drawn, and not written over what is drawn");
    let without = status(&scene, &["--watch"]);
    assert_eq!((without.status, without.stdout.as_str()), (Some(3), ""));
    assert!(without.stderr.contains("no terminal"), "{}", without.stderr);
}
