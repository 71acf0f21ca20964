//! Acknowledging from afar: the link that an alert ends in, and the socket that takes nothing else.

use crate::recorder::Recorder;
use crate::scene::{PATIENCE, Scene, text, wait_for};
use crate::watcher::Watcher;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

const WEB: &str = "base-url = \"https://board.example.org\"\n[hostgroup.web]\nhosts = [\"w1\", \"w2\"]\n\
                   [hostgroup.web.service.oco]\nprobe = { report = \"25h\" }\n";

fn report(scene: &Scene, host: &str, code: &str) {
    let output = scene.fleet(&["report", &format!("web/oco/{host}"), code, "words"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// What this socket answers to an order.
fn ask(scene: &Scene, socket: &str, order: &Value) -> Value {
    let mut stream = UnixStream::connect(scene.path(socket)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{order}\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

/// The token of the link in an alert.
fn token(lines: &[String]) -> String {
    let link = lines.iter().find_map(|line| line.strip_prefix("Acknowledge: https://board.example.org/a/"));
    let token = link.unwrap_or_else(|| panic!("no link: {lines:?}")).to_owned();
    assert!(lines.iter().any(|line| line.contains(&format!("[{token}]"))), "{lines:?}");
    token
}

#[test]
fn the_token_of_an_alert_acknowledges_its_failure_and_nothing_else() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!("{WEB}[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path()));
    let mut watcher = Watcher::start(&scene);
    wait_for("everybody to be let to the socket", || {
        let mode = std::fs::metadata(scene.path("token")).ok()?.permissions().mode();
        (mode & 0o777 == 0o666).then_some(())
    });
    report(&scene, "w1", "200");
    report(&scene, "w2", "200");
    report(&scene, "w1", "300");
    let first = token(&recorder.wait_for(1)[0].lines);
    for order in [
        json!({"version": 1, "order": "status"}),
        json!({"version": 1, "order": "ack", "name": "web/oco"}),
        json!({"version": 1, "order": "token", "token": first}),
    ] {
        let refused = ask(&scene, "token", &order);
        assert!(refused["error"].as_str().unwrap().contains("nothing but an acknowledgement"), "{refused}");
    }
    let wrong = ask(&scene, "token", &json!({"version": 1, "order": "acktoken", "token": "0123"}));
    assert_eq!(wrong["error"], "no such token");
    let shown = ask(&scene, "control", &json!({"version": 1, "order": "token", "token": first}));
    assert_eq!((&shown["name"], &shown["acked"]), (&json!("web/oco"), &Value::Null), "{shown}");
    let order =
        json!({"version": 1, "order": "acktoken", "token": first, "by": "ops@example.org", "text": "on it"});
    let acked = ask(&scene, "token", &order);
    assert_eq!(acked["took"], json!(["web/oco"]), "{acked}");
    let service = &scene.status()["services"][0];
    assert_eq!(service["acked"]["text"], "on it");
    assert!(service["acked"]["who"].as_str().unwrap().starts_with("ops@example.org via "), "{service}");
    let shown = ask(&scene, "control", &json!({"version": 1, "order": "token", "token": first}));
    assert_eq!(shown["acked"]["text"], "on it", "{shown}");
    // It is good after a restart, and of this failure alone.
    wait_for("the note of it", || scene.told(&["log"]).contains("sent").then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("web/oco", "ko");
    let shown = ask(&scene, "control", &json!({"version": 1, "order": "token", "token": first}));
    assert_eq!(shown["name"], "web/oco", "{shown}");
    report(&scene, "w1", "200");
    scene.wait_for_words("web/oco", "ok");
    let over = ask(&scene, "token", &json!({"version": 1, "order": "acktoken", "token": first}));
    assert_eq!(over["error"], "this failure is over");
    report(&scene, "w1", "300");
    let second = token(&recorder.wait_for(3)[2].lines);
    assert_ne!(first, second);
    // Neither is ever written down.
    for name in ["fleet.db", "fleet.db-wal", "token.secret"] {
        let octets = std::fs::read(scene.path("state").join(name)).unwrap();
        for token in [&first, &second] {
            assert!(!octets.windows(token.len()).any(|part| part == token.as_bytes()), "{name}");
        }
    }
    let log = watcher.log();
    assert!(!log.contains(&first) && !log.contains(&second), "{log}");
}

#[test]
fn without_a_board_there_is_no_link() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "told.alert", "");
    let web = WEB.split_once('\n').unwrap().1;
    scene.configure(&format!("{web}[[alert]]\nof = [\"web\"]\ncommand = [{:?}]\n", recorder.path()));
    let _watcher = Watcher::start(&scene);
    report(&scene, "w1", "300");
    report(&scene, "w2", "200");
    let lines = &recorder.wait_for(1)[0].lines;
    assert!(!lines.iter().any(|line| line.contains("Acknowledge")), "{lines:?}");
    assert!(!scene.path("state").join("token.secret").exists());
}
