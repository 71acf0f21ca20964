//! The log: no check fills it, and nothing in it can be obeyed by a terminal.

use crate::scene::Scene;
use crate::server::{Ocod, answer};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// What goes by in a minute that a check flaps in: some lines, and each change of the verdict.
#[test]
fn a_check_that_flaps_does_not_fill_the_log() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    for _ in 0..20 {
        scene.check("http", "300\n");
        ocod.expect("350 KO oco 300-http");
        scene.check("http", "200\n");
        ocod.expect("200 OK oco");
    }
    scene.check("load", "300\n");
    ocod.expect("350 KO oco 300-load");
    ocod.wait_for_log("load: none -> 300");
    let log = ocod.log();
    assert_eq!(log.matches("info: http: ").count(), 10, "{log}");
    assert_eq!(log.matches(" (was 200 OK)").count(), 21, "{log}");
    assert_eq!(log.matches(" (was 350 KO)").count(), 20, "{log}");
}

/// What no log and no terminal may be given: it would be obeyed.
const EVIL: &str = "\u{1b}[31m\u{9b}2J\r\u{7}\u{202e}x\ny";

#[track_caller]
fn assert_harmless(output: &[u8]) {
    let text =
        std::str::from_utf8(output).unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(output)));
    assert!(!text.is_empty(), "nothing was said");
    let is_evil = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(is_evil), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with('y')), "a line was begun: {text:?}");
}

#[test]
fn control_characters_of_ocod_never_reach_the_log() {
    let scene = Scene::new();
    let key: String = EVIL.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let bad = format!("\"{key}\" = 1\n");
    let config = scene.file("bad.toml", &bad);
    let output = scene.ocod(&["-c"]).arg(config).output().expect("run ocod");
    assert_eq!(output.status.code(), Some(1));
    assert_harmless(&output.stderr);
    for arguments in
        [["-u", EVIL], ["-d", EVIL], ["-l", EVIL], ["--max-age", EVIL], ["-c", EVIL], ["--", EVIL]]
    {
        // Of these one is a directory that is not there, which is no reason to end.
        let arguments = [&arguments[..], &["-t"]].concat();
        let output =
            scene.ocod(&arguments).env("RUST_LOG", format!("{EVIL}=1=2")).output().expect("run ocod");
        assert_harmless(&output.stderr);
    }
    let config = scene.file("ocod.toml", "[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let evil = scene.path(EVIL);
    fs::create_dir(&evil).unwrap();
    fs::write(evil.join("text"), format!("200 {}\n", EVIL.replace('\n', " "))).unwrap();
    fs::write(evil.join(EVIL), "200\n").unwrap();
    let mut command = scene.ocod(&["-c"]);
    let ocod = Ocod::spawn({
        command.arg(&config).env("OCO_DIR", &evil);
        command
    });
    fs::write(&config, &bad).unwrap();
    ocod.signal("HUP");
    ocod.wait_for_log("reload refused");
    ocod.signal("USR1");
    fs::write(evil.join("text"), format!("300 {}\n", EVIL.replace('\n', " "))).unwrap();
    assert_eq!(ocod.ask(), answer("350 KO oco 300-text"));
    ocod.wait_for_log("text: 200 -> 300");
    fs::remove_dir_all(&evil).unwrap();
    ocod.ask();
    ocod.wait_for_log("answering 300-oco");
    assert!(ocod.log().contains("not a check"), "{}", ocod.log());
    assert_harmless(ocod.log().as_bytes());
}

#[test]
fn control_characters_of_oco_never_reach_the_terminal() {
    let scene = Scene::new();
    let of = |arguments: &[&str]| scene.oco(arguments).env("RUST_LOG", "debug").output().expect("run oco");
    let folder = scene.path(EVIL);
    fs::create_dir(&folder).unwrap();
    let nrpe = folder.join("nrpe.cfg");
    let include = format!("include={EVIL}\ncommand[{EVIL}]=/bin/true\n").replace("\ny", "y");
    fs::write(&nrpe, include + "command[good]=/bin/true\ncommand[odd]=/bin/true $ARG1$\n").unwrap();
    let parts = folder.join("parts");
    fs::create_dir(&parts).unwrap();
    fs::write(parts.join(EVIL), "#!/bin/sh\n").unwrap();
    fs::set_permissions(parts.join(EVIL), fs::Permissions::from_mode(0o755)).unwrap();
    let utf8 = |path: &std::path::Path| std::str::from_utf8(path.as_os_str().as_bytes()).unwrap().to_owned();
    let (folder, nrpe, parts) = (utf8(&folder), utf8(&nrpe), utf8(&parts));
    let imported = format!("{folder}/made");
    fs::create_dir(&imported).unwrap();
    let cases: [&[&str]; 12] = [
        &[EVIL],
        &["set", EVIL, "200"],
        &["set", "x", EVIL],
        &["-c", EVIL, "status"],
        &["-d", EVIL, "set", "x", "200"],
        &["-d", EVIL, "clear", "x"],
        &["-d", &folder, "status"],
        &["status", EVIL],
        &["run", "-v", "x", "--", EVIL],
        &["run-parts", &parts],
        &["run-parts", EVIL],
        &["import-nrpe", &nrpe, EVIL],
    ];
    for case in cases {
        let output = of(case);
        println!("{case:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_harmless(&[&output.stderr[..], &output.stdout].concat());
    }
    for _ in 0..2 {
        let output = of(&["import-nrpe", &nrpe, &imported]);
        assert!(fs::exists(format!("{imported}/good")).unwrap());
        assert_harmless(&output.stdout);
        assert_harmless(&output.stderr);
    }
    assert_harmless(&of(&["-d", &folder, "run", "-v", "x", "--", "printf", EVIL]).stdout);
}

/// A shell inside of a service has the variable too, and its standard error is not the journal.
#[test]
fn times_are_left_out_only_where_the_journal_adds_them() {
    let scene = Scene::new();
    let first_line = |variable: &dyn Fn(&File) -> String| {
        let path = scene.path("log");
        let log = File::create(&path).unwrap();
        let mut command = scene.ocod(&["-d", "/nowhere", "-l", "192.0.2.1:1"]);
        command.env("JOURNAL_STREAM", variable(&log)).stderr(log).status().expect("run ocod");
        fs::read_to_string(path).unwrap().lines().next().unwrap_or_default().to_owned()
    };
    let of = |log: &File| log.metadata().map(|metadata| (metadata.dev(), metadata.ino())).unwrap();
    let right = first_line(&|log| format!("{}:{}", of(log).0, of(log).1));
    assert!(right.starts_with("info: "), "{right}");
    for wrong in [
        first_line(&|log| format!("{}:{}", of(log).0, of(log).1 + 1)),
        first_line(&|log| format!("{}:{}", of(log).0 + 1, of(log).1)),
        first_line(&|_| String::new()),
        first_line(&|_| "1".to_owned()),
    ] {
        let (time, rest) = wrong.split_once(' ').expect("a time");
        assert!(humantime::parse_rfc3339(time).is_ok() && rest.starts_with("info: "), "{wrong}");
    }
}
