//! `ocowatch --once` and `-t`.

use crate::host::{Host, closed_port};
use crate::scene::{Scene, parts};

#[test]
fn a_fleet_is_probed_once_and_shown() {
    let (good, but, bad) =
        (Host::new("200 OK"), Host::new("250 OK, but 201-disk"), Host::new("350 KO 300-http"));
    let refusing = closed_port();
    let hosts = [good.address, but.address, bad.address, refusing];
    let scene = Scene::new(&format!(
        "[hostgroup.web]\nhosts = {:?}\n[hostgroup.web.service.oco]\nprobe = \"oco\"\nneed = 2\n",
        hosts.map(|host| host.to_string())
    ));
    let (status, said, complaints) = parts(&scene.ocowatch(&["--once", "--json"]).output().unwrap());
    assert_eq!((status, complaints.as_str()), (Some(1), ""), "{said}");
    assert!(said.starts_with(r#"{"version":1,"at":""#), "in the order that the page shows: {said}");
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["version"], &told["state"], &told["code"]), (&1.into(), &"but".into(), &250.into()));
    let service = &told["services"][0];
    assert_eq!((&service["name"], &service["need"]), (&"web/oco".into(), &2.into()));
    assert_eq!((&service["up"], &service["of"]), (&2.into(), &4.into()));
    let targets: Vec<_> = service["targets"].as_array().unwrap().iter().collect();
    let seen = |target: &serde_json::Value| {
        let word = |key: &str| target[key].as_str().unwrap().to_owned();
        (word("host"), word("state"), target["code"].as_u64().unwrap(), word("reason"))
    };
    let mut seen: Vec<_> = targets.into_iter().map(seen).collect();
    seen[..2].sort_by_key(|target| target.3.clone());
    let name = |address: std::net::SocketAddr| address.to_string();
    let expected = [
        (name(bad.address), "ko", 350, "350 KO 300-http"),
        (name(refusing), "ko", 300, "refused"),
        (name(but.address), "but", 250, "250 OK, but 201-disk"),
        (name(good.address), "ok", 200, ""),
    ];
    assert_eq!(seen, expected.map(|(host, state, code, why)| (host, state.to_owned(), code, why.to_owned())));
    assert!(std::fs::read_dir(scene.path("state")).unwrap().next().is_none(), "nothing is written");

    let (status, said, _) = parts(&scene.ocowatch(&["--once"]).output().unwrap());
    assert_eq!(status, Some(1));
    assert!(said.contains("web/oco") && said.contains("refused"), "{said}");
}

#[test]
fn the_exit_status_is_that_of_the_worst() {
    for (line, expected) in [("200 OK", 0), ("250 OK, but 201-a", 1), ("350 KO 300-a", 2)] {
        let host = Host::new(line);
        let text = "[hostgroup.a]\nhosts = [\"HOST\"]\n[hostgroup.a.service.oco]\nprobe = \"oco\"\n";
        let scene = Scene::new(&text.replace("HOST", &host.address.to_string()));
        assert_eq!(scene.ocowatch(&["--once"]).output().unwrap().status.code(), Some(expected), "{line}");
    }
}

#[test]
fn a_failure_that_comes_at_once_is_ko_where_there_is_a_canary() {
    let (canary, host) = (Host::new("200 OK"), Host::new("350 KO 300-a"));
    let text = format!(
        "[canary]\nhosts = [\"{}\"]\n[hostgroup.a]\nhosts = [\"{}\"]\n[hostgroup.a.service.oco]\nprobe = \"oco\"\n",
        canary.address, host.address
    );
    let scene = Scene::new(&text);
    let (status, said, _) = parts(&scene.ocowatch(&["--once"]).output().unwrap());
    assert!(status == Some(2) && said.contains("350 KO 300-a"), "{status:?}: {said}");
}

#[test]
fn a_configuration_is_checked() {
    let scene =
        Scene::new("[hostgroup.a]\nhosts = [\"192.0.2.1\"]\n[hostgroup.a.service.oco]\nprobe = \"oco\"\n");
    let (status, said, complaints) = parts(&scene.ocowatch(&["-t"]).output().unwrap());
    assert_eq!((status, said.as_str()), (Some(0), "ocowatch: the configuration is good\n"), "{complaints}");
    scene.configure("[hostgroup.a]\nhost = []\n");
    let (status, said, complaints) = parts(&scene.ocowatch(&["-t"]).output().unwrap());
    assert_eq!((status, said.as_str()), (Some(1), ""));
    let file = scene.path("watch.toml").display().to_string();
    let begin = format!("ocowatch: {file}:4: hostgroup.a: unknown field `host`");
    assert!(complaints.starts_with(&begin) && complaints.lines().count() == 1, "{complaints}");
    assert_eq!(scene.ocowatch(&["--no-such-option"]).output().unwrap().status.code(), Some(2));
}
