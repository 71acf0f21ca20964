//! What a board is told of a host.

use crate::board::{Board, TAKEN};
use crate::scene::{Scene, is_root, run};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

#[test]
fn each_check_is_a_service_as_ocod_rates_it() {
    let scene =
        Scene::empty("max-age = \"7m\"\n[checks.raid]\nrequired = true\n[checks.load]\nmax-age = \"20s\"\n");
    for (name, content) in [
        ("http", "200 fine|time=3ms;5 \"x\"\n"),
        ("backup", "500 no tape\nmax-age 25h\n"),
        ("disk", "210 91% full\n"),
        ("load", "200\n"),
        ("ntp", "310 can't tell\n"),
        ("odd", "OK\n"),
        ("old", "200 was fine\n"),
        (".hidden", "300\n"),
        ("a b", "300\n"),
    ] {
        scene.check(name, content);
    }
    scene.age("old", Duration::from_secs(3600));
    let board = Board::new(TAKEN);
    scene.push(&board.url()).is_well();
    let mut body = board.only_body();
    assert_eq!(body["server"]["name"], "web1");
    assert_eq!(body["server"]["key"].as_str().unwrap().len(), 32);
    assert_eq!(body["period"], 60);
    assert_eq!(body["oco"], json!({ "version": env!("CARGO_PKG_VERSION"), "code": 550 }));
    let old = &mut body["services"][3]["info"];
    assert!(old.as_str().unwrap().starts_with("stale, 1h"), "{old}");
    assert!(old.as_str().unwrap().ends_with(" old: was fine"), "{old}");
    *old = json!("");
    assert_eq!(
        body["services"],
        json!([
            { "name": "backup", "state": "FAIL", "code": 500, "info": "no tape", "period": 90_000 },
            { "name": "ntp", "state": "UNK", "code": 310, "info": "can't tell", "period": 420 },
            { "name": "odd", "state": "FAIL", "code": 300, "info": "not understood: OK", "period": 420 },
            { "name": "old", "state": "FAIL", "code": 300, "info": "", "period": 420 },
            { "name": "raid", "state": "FAIL", "code": 300, "info": "required, but there is no file", "period": 420 },
            { "name": "disk", "state": "WARN", "code": 210, "info": "91% full", "period": 420 },
            { "name": "http", "state": "OK", "code": 200, "info": "fine|time=3ms;5 \"x\"", "period": 420 },
            { "name": "load", "state": "OK", "code": 200, "info": "", "period": 60 },
        ])
    );
}

#[test]
fn a_request_is_one_that_overcs_server_takes() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    let url = format!("{}/behind/a/proxy/", board.url());
    run(scene.command(&url).args(["--period", "90s"])).is_well();
    let request = board.requests().remove(0);
    assert_eq!(request.head[0], "post /behind/a/proxy/api/set/service/status http/1.1");
    for line in [
        &format!("host: {}", board.address),
        "content-type: application/json",
        "connection: close",
        concat!("user-agent: oco-", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.head.iter().any(|found| found == line), "{line} is not in {:?}", request.head);
    }
    let others = ["transfer-encoding", "expect", "authorization", "accept-encoding: g"];
    assert!(
        !request.head.iter().any(|line| others.iter().any(|other| line.starts_with(other))),
        "{:?}",
        request.head
    );
    assert_eq!(request.body["period"], 90);
}

#[test]
fn many_checks_are_several_requests_each_small_enough() {
    let (scene, board) = (Scene::empty(""), Board::new(TAKEN));
    let text = "\"\\".repeat(2000);
    for number in 0..300 {
        scene.check(&format!("check{number:03}"), &format!("300 {text}\n"));
    }
    scene.push(&board.url()).is_well();
    let requests = board.requests();
    assert!(requests.len() > 1);
    let mut names = Vec::new();
    for request in requests {
        assert!(request.octets < 1024 * 1024, "{}", request.octets);
        assert_eq!(request.body["oco"]["code"], 350);
        let services = request.body["services"].as_array().unwrap().clone();
        names.extend(services.into_iter().map(|one| one["name"].as_str().unwrap().to_owned()));
    }
    assert_eq!(names, (0..300).map(|number| format!("check{number:03}")).collect::<Vec<_>>());
}

#[test]
fn nothing_known_is_told_and_is_no_success() {
    let board = Board::new(TAKEN);
    let scene = Scene::empty("");
    let directory = scene.path("status").display().to_string();
    let said = |why: &str| format!("oco-push: directory {directory}: {why}\n");
    let pushed = scene.push(&board.url());
    assert_eq!((pushed.status, pushed.said), (Some(3), said("no checks in it")));
    std::fs::remove_dir(scene.path("status")).unwrap();
    let pushed = scene.push(&board.url());
    assert_eq!((pushed.status, pushed.said), (Some(3), said("no such file or directory")));
    for request in board.requests() {
        assert_eq!((&request.body["services"], &request.body["oco"]["code"]), (&json!([]), &json!(350)));
    }
    assert_eq!(board.requests().len(), 2);
    let (scene, board) = (Scene::empty("empty = \"ok\"\n"), Board::new(TAKEN));
    scene.push(&board.url()).is_well();
    assert_eq!(board.only_body()["oco"]["code"], 200);
}

#[test]
fn a_name_that_is_not_given_is_the_hostname() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    run(scene.bare(&board.url()).arg("--key-file").arg(scene.path("key"))).is_well();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(board.only_body()["server"]["name"], hostname.trim());
    let name = "\u{43f}\u{430}\u{440}\u{438}\u{436} 1";
    run(scene.bare(&board.url()).args(["--name", name]).arg("--key-file").arg(scene.path("key"))).is_well();
    assert_eq!(board.requests()[1].body["server"]["name"], name);
}

#[test]
fn root_reads_as_ocod_would_and_the_key_as_root() {
    if !is_root("root_reads_as_ocod_would_and_the_key_as_root") {
        return;
    }
    let board = Board::new(TAKEN);
    let scene = Scene::new("200\n");
    let directory = scene.path("status");
    std::fs::write(scene.path("ocod.toml"), format!("user = \"nobody\"\ndir = {directory:?}\n")).unwrap();
    std::fs::set_permissions(scene.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    scene.check("secret", "200\n");
    std::fs::set_permissions(directory.join("secret"), PermissionsExt::from_mode(0o600)).unwrap();
    scene.push(&board.url()).is_well();
    let body = board.only_body();
    let unreadable = &body["services"][0];
    assert_eq!((&unreadable["name"], &unreadable["code"]), (&json!("secret"), &json!(300)));
    assert!(unreadable["info"].as_str().unwrap().starts_with("unreadable"), "{unreadable}");
    assert_eq!(body["services"][1]["code"], 200);
}
