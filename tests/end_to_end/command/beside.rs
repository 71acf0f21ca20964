//! `oco status` of this host beside its ocod: the directory is read, and where the port tells otherwise, that is said.

use super::ask::{refusing, saying, serve, silent};
use super::{Ended, end};
use crate::address::own_address;
use crate::scene::{Scene, wait_for};
use crate::server::Ocod;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

const PROGRAM: &str = concat!("oco-", env!("CARGO_PKG_VERSION"));

/// A configuration with this directory and a listener at `address`.
fn config(scene: &Scene, address: &str, more: &str) -> PathBuf {
    let dir = scene.status();
    scene.file("ocod.toml", &format!("dir = {dir:?}\n{more}\n[[listen]]\naddress = \"{address}\"\n"))
}

fn status(scene: &Scene, config: &Path, arguments: &[&str]) -> Ended {
    let config = config.to_str().unwrap();
    end(scene.oco(&[&["-c", config, "status"], arguments].concat()).env_remove("OCO_DIR"))
}

#[test]
fn a_port_that_answers_the_same_needs_no_word() {
    let scene = Scene::new();
    let address = format!("{}:7979", own_address());
    for speak in ["oco", "http"] {
        let config = config(&scene, &address, "");
        let text = fs::read_to_string(&config).unwrap() + &format!("speak = \"{speak}\"\n");
        fs::write(&config, text).unwrap();
        scene.check("http", "200\n");
        let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
        for (content, exit) in [("200\n", 0), ("210 slow\n", 1), ("300\n", 2), ("500\n", 2)] {
            scene.check("http", content);
            let ended = status(&scene, &config, &[]);
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(exit), ""), "{ended:?}\n{}", ocod.log());
        }
        let json: Value = serde_json::from_str(&status(&scene, &config, &["--json"]).stdout).unwrap();
        let port = serde_json::json!({
            "host": address, "code": 550, "state": "KO", "line": json["line"], "error": null
        });
        assert_eq!(json["port"], port);
    }
}

#[test]
fn a_port_that_answers_otherwise_is_believed_when_it_is_worse() {
    let scene = Scene::new();
    let says_ko = saying("350 KO oco-1.0.0 300-backup\r\n");
    let config = config(&scene, &says_ko, "");
    let line = format!("oco: {says_ko} answers otherwise: 350 KO oco-1.0.0 300-backup\n");
    scene.check("backup", "200\n");
    let ended = status(&scene, &config, &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), line.as_str()));
    assert!(ended.stdout.starts_with(&format!("200 OK {PROGRAM}\n")), "{ended:?}");
    let ended = status(&scene, &config, &["-q"]);
    ended.expect_silent(2);
    let ended = status(&scene, &config, &["--json"]);
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), line.as_str()));
    assert_eq!((&json["code"], &json["port"]["code"]), (&Value::from(200), &Value::from(350)));
    // What we read counts where that is worse.
    scene.check("backup", "500\n");
    assert_eq!(status(&scene, &config, &[]).status, Some(2));
    let says_ok = saying("200 OK oco-1.0.0\r\n");
    let config = self::config(&scene, &says_ok, "");
    scene.check("backup", "210\n");
    let ended = status(&scene, &config, &[]);
    assert!(ended.status == Some(1) && ended.stderr.contains("otherwise: 200 OK oco-1.0.0\n"), "{ended:?}");
}

/// The directory was chosen on the command line: the daemon of the settings may have another one.
#[test]
fn of_another_directory_the_port_is_only_mentioned() {
    let scene = Scene::new();
    let config = config(&scene, &saying("350 KO oco-1.0.0 300-backup\r\n"), "");
    let other = scene.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("try"), "200\n").unwrap();
    let ended = status(&scene, &config, &["-d", other.to_str().unwrap()]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("300-backup; its directory may be another one\n"), "{ended:?}");
}

#[test]
fn a_port_that_does_not_answer_is_named_in_time() {
    let scene = Scene::new();
    scene.check("http", "210\n");
    let web = saying("220 mail ESMTP\r\n");
    for (address, why) in [
        (refusing(), "connection refused"),
        (silent(), "no answer within 1s"),
        (web, "no OCO line: 220 mail ESMTP"),
        (saying(""), "closed without an answer"),
    ] {
        let config = config(&scene, &address, "");
        let started = Instant::now();
        let ended = status(&scene, &config, &[]);
        // The directory's verdict stands.
        assert_eq!(ended.status, Some(1), "{ended:?}");
        let line = format!("oco: no ocod answers at {address}: {why}\n");
        assert!(ended.stderr.starts_with(&line), "{ended:?}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        status(&scene, &config, &["-q"]).expect_silent(1);
    }
}

#[test]
fn where_no_listener_tells_all_it_is_said_at_least_that_none_is_there() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    for limit in ["speak = \"agent\"", "checks = [\"php*\"]", "allow = [\"192.0.2.1\"]"] {
        let told = |address: &str| {
            let config = config(&scene, address, "");
            fs::write(&config, format!("{}{limit}\n", fs::read_to_string(&config).unwrap())).unwrap();
            let ended = status(&scene, &config, &[]);
            assert_eq!(ended.status, Some(0), "{limit}: {ended:?}");
            ended.stderr
        };
        let address = refusing();
        assert_eq!(told(&address), format!("oco: no ocod answers at {address}: connection refused\n"));
        assert_eq!(told(&silent()), "", "{limit}");
    }
}

#[test]
fn a_port_that_is_closed_while_ko_says_ko() {
    let scene = Scene::new();
    let config = config(&scene, &refusing(), "");
    fs::write(&config, fs::read_to_string(&config).unwrap() + "refuse-when-ko = true\n").unwrap();
    scene.check("http", "300\n");
    let ended = status(&scene, &config, &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), ""));
    scene.check("http", "200\n");
    let ended = status(&scene, &config, &[]);
    assert!(ended.status == Some(0) && ended.stderr.contains("connection refused"), "{ended:?}");
}

/// The file changes after it was read and before the port is asked, or the answer is older than the reading.
#[test]
fn what_changes_in_between_is_no_difference() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let file = scene.status().join("http");
    let changing = serve(move |mut client| {
        fs::write(&file, "300\n").unwrap();
        let _ = client.write_all(b"350 KO oco-1.0.0 300-http\r\n");
    });
    let ended = status(&scene, &config(&scene, &changing, ""), &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("350 KO {PROGRAM} 300-http\n")), "{ended:?}");

    scene.check("http", "200\n");
    let asked = AtomicUsize::new(0);
    let behind = serve(move |mut client| {
        let line: &[u8] = match asked.fetch_add(1, Ordering::SeqCst) {
            0 => b"350 KO oco-1.0.0 300-http\r\n",
            _ => b"200 OK oco-1.0.0\r\n",
        };
        let _ = client.write_all(line);
    });
    let ended = status(&scene, &config(&scene, &behind, ""), &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
}

/// One of the settings' user: what root can read and he can't is 300, as in the daemon.
#[test]
fn a_file_that_only_root_can_read_is_not_ok() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let scene = Scene::new();
    fs::set_permissions(scene.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    scene.check("backup", "200\n");
    fs::set_permissions(scene.status().join("backup"), fs::Permissions::from_mode(0o600)).unwrap();
    let address = format!("{}:7979", own_address());
    let config = config(&scene, &address, "user = \"nobody\"\n");
    let ended = status(&scene, &config, &[]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("350 KO {PROGRAM} 300-backup\n")), "{ended:?}");
    assert!(ended.stdout.to_lowercase().contains("unreadable: permission denied"), "{ended:?}");
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    let ended = status(&scene, &config, &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), ""), "{}", ocod.log());
    drop(ocod);
    // Where nobody knows whom the daemon runs as, or whether the directory is its own, it is said.
    let directory = scene.status();
    let unknown = ["-d", directory.to_str().unwrap()];
    let ended = end(&mut scene.oco(&[&["-c", "/dev/null", "status"], &unknown[..]].concat()));
    assert!(ended.stdout.starts_with("200 OK ") && ended.status == Some(0), "{ended:?}");
    let word = "oco: backup: its mode 0600 keeps others from reading it: ocod may rate it 300\n";
    assert!(ended.stderr.contains(word), "{ended:?}");
}

/// To the daemon it is as old as its first sight of it. Read anew each time, it must not look new for ever.
#[test]
fn a_result_of_the_future_gets_stale() {
    let scene = Scene::new();
    let config = config(&scene, &refusing(), "max-age = \"1s\"\n");
    scene.check("http", "200\n");
    let file = fs::File::options().append(true).open(scene.status().join("http")).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(7200)).unwrap();
    let ended = wait_for("it to be stale", || {
        Some(status(&scene, &config, &[])).filter(|ended| ended.status == Some(2))
    });
    assert!(ended.stdout.starts_with(&format!("350 KO {PROGRAM} 300-http\n")), "{ended:?}");
    assert!(ended.stdout.contains("  stale"), "{ended:?}");
    assert!(ended.stderr.contains("oco: http: dated in the future: its age is that of"), "{ended:?}");
}

/// Who asks reads the line only; nothing is left open that would hold a daemon up.
#[test]
fn the_port_is_asked_as_a_poller_asks() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let sent = scene.path("sent");
    let kept = sent.clone();
    let polite = serve(move |mut client| {
        let _ = client.write_all(format!("200 OK {PROGRAM}\r\n").as_bytes());
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        fs::write(&kept, rest).unwrap();
    });
    status(&scene, &config(&scene, &polite, ""), &["-q"]).expect_silent(0);
    let sent = wait_for("the end of the connection", || fs::read(&sent).ok());
    assert_eq!(sent, b"");
}
