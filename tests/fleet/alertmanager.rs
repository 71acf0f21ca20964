//! Debian's Alertmanager, two in a cluster: each alert is there, told once, and resolved, whoever is away meanwhile; with
//! the shipped inhibitions, silences, and by https.

use crate::certificates::openssl;
use crate::host::Host;
use crate::prometheus::{put, shipped};
use crate::scene::{Scene, text, wait_for};
use crate::server::{Running, free_port, has, serve};
use crate::watcher::Watcher;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PROGRAM: &str = "prometheus-alertmanager";
/// How long the second member of the cluster waits for the first one to tell, before it tells too.
const PEER_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the cluster notifies: each alert as `name severity status`.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<String>>>);

impl Receiver {
    fn start(&self) -> SocketAddr {
        let told = Arc::clone(&self.0);
        serve(move |mut stream| {
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            let body = loop {
                let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    break body.to_owned();
                }
            };
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            for alert in body["alerts"].as_array().unwrap() {
                let labels = &alert["labels"];
                let words = [&labels["name"], &labels["severity"], &alert["status"]];
                told.lock().unwrap().push(words.map(|word| word.as_str().unwrap()).join(" "));
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        })
    }

    fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// How often it was told this.
    fn count(&self, told: &str) -> usize {
        self.told().iter().filter(|one| *one == told).count()
    }

    #[track_caller]
    fn wait_for(&self, told: &str) {
        wait_for(&format!("{told} in {:?}", self.told()), || (self.count(told) > 0).then_some(()));
    }
}

/// A member of the cluster.
struct Member {
    port: u16,
    gossip: u16,
    storage: std::path::PathBuf,
}

impl Member {
    fn new(scene: &Scene, name: &str) -> Member {
        Member { port: free_port(), gossip: free_port(), storage: scene.path(name) }
    }

    fn start(&self, scene: &Scene, peer: Option<&Member>) -> Option<Running> {
        self.start_with(scene, peer, &[])
    }

    /// The same with these arguments besides.
    fn start_with(&self, scene: &Scene, peer: Option<&Member>, arguments: &[String]) -> Option<Running> {
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", scene.path("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", self.storage.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg(format!("--cluster.listen-address=127.0.0.1:{}", self.gossip))
            .args(peer.map(|peer| format!("--cluster.peer=127.0.0.1:{}", peer.gossip)))
            .args(["--cluster.reconnect-interval=1s", "--cluster.settle-timeout=10s"])
            .arg(format!("--cluster.peer-timeout={}s", PEER_TIMEOUT.as_secs()))
            .arg("--log.level=error")
            .args(arguments);
        Running::start("alertmanager", &mut command, &[self.port])
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The alerts that it has and that are not resolved.
    fn active(&self) -> Option<Vec<serde_json::Value>> {
        Some(self.ask("alerts")?.as_array()?.clone())
    }

    /// Waits until it knows its peer: before that each of them tells all.
    fn wait_for_cluster(&self) {
        wait_for("the cluster", || {
            let cluster = self.ask("status")?["cluster"].clone();
            let is_whole = cluster["status"] == "ready" && cluster["peers"].as_array()?.len() == 2;
            is_whole.then_some(())
        });
    }

    /// The alert of this name that it has and that is not resolved.
    fn alert(&self, name: &str) -> Option<serde_json::Value> {
        self.active()?.into_iter().find(|alert| alert["labels"]["name"] == name)
    }

    /// Waits until it has this alert, and holds it back for such a reason: `silencedBy` or `inhibitedBy`.
    #[track_caller]
    fn wait_for_held(&self, name: &str, severity: &str, why: &str) -> serde_json::Value {
        wait_for(&format!("{name} {severity} to be held {why}, not {:?}", self.active()), || {
            let alert = self.alert(name).filter(|alert| alert["labels"]["severity"] == severity)?;
            (alert["status"][why].as_array()?.len() == 1).then_some(alert)
        })
    }

    fn ask(&self, what: &str) -> Option<serde_json::Value> {
        self.request("GET", what, "")
    }

    /// What it answers to this request; null where that is empty.
    fn request(&self, method: &str, what: &str, body: &str) -> Option<serde_json::Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let head = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
        write!(stream, "{method} /api/v2/{what} HTTP/1.0\r\nHost: x\r\n{head}\r\n\r\n{body}").ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        assert!(head.starts_with("HTTP/1.0 200 "), "{method} {what}: {response}");
        serde_json::from_str(if body.is_empty() { "null" } else { body }).ok()
    }

    /// Silences a group, as its page does. The number of the silence.
    fn silence(&self, group: &str) -> String {
        let matcher = serde_json::json!({"name": "group", "value": group, "isRegex": false, "isEqual": true});
        let silence = serde_json::json!({
            "matchers": [matcher], "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "anna", "comment": "work",
        });
        let answer = self.request("POST", "silences", &silence.to_string()).expect("a silence");
        answer["silenceID"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn wait_for(&self, severities: &[&str]) -> Vec<serde_json::Value> {
        wait_for(&format!("{severities:?} at {}, not {:?}", self.url(), self.active()), || {
            let active = self.active()?;
            let found: Vec<&str> =
                active.iter().map(|alert| alert["labels"]["severity"].as_str().unwrap()).collect();
            (found == severities).then(|| active.clone())
        })
    }
}

#[test]
fn a_cluster_is_told_whoever_of_it_is_away() {
    if !has("alertmanager", PROGRAM) {
        return;
    }
    let (host, receiver) = (Host::new("200 OK"), Receiver::default());
    let scene = Scene::new("");
    let members = [Member::new(&scene, "one"), Member::new(&scene, "two")];
    scene.configure(&format!(
        "[alertmanager]\nurls = [{:?}, {:?}]\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n",
        members[0].url(),
        members[1].url(),
        host.address.to_string()
    ));
    scene.file(
        "alertmanager.yml",
        &format!(
            "route:\n  receiver: test\n  group_by: ['group']\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h\n\
             receivers:\n- name: test\n  webhook_configs:\n  - url: http://{}/\n    send_resolved: true\n",
            receiver.start()
        ),
    );
    let Some(first) = members[0].start(&scene, None) else { return };
    let Some(_second) = members[1].start(&scene, Some(&members[0])) else { return };
    members.iter().for_each(Member::wait_for_cluster);
    let mut watcher = Watcher::start(&scene);
    watcher.wait_for_log("web/oco: unknown -> ok");
    host.say("350 KO 300-http");
    for member in &members {
        let alert = member.wait_for(&["critical"]).remove(0);
        let labels = serde_json::json!({
            "alertname": "oco", "name": "web/oco", "group": "web", "service": "oco", "severity": "critical",
        });
        assert_eq!(alert["labels"], labels);
        let summary = alert["annotations"]["summary"].as_str().unwrap();
        assert!(summary.starts_with("web/oco is ko: "), "{summary}");
        assert!(alert["annotations"]["description"].as_str().unwrap().contains(": 350 KO 300-http"));
    }
    receiver.wait_for("web/oco critical firing");
    // Longer than the second member would wait before it told it too.
    std::thread::sleep(PEER_TIMEOUT + Duration::from_secs(2));
    assert_eq!(receiver.told(), ["web/oco critical firing"]);

    // One of them dies, and then the watcher, which tells all anew.
    first.signal("KILL");
    wait_for("the journal", || scene.told(&["log"]).contains("web/oco: ok -> ko").then_some(()));
    watcher.signal("KILL");
    watcher.wait();
    let mut watcher = Watcher::start(&scene);
    let away = format!("alertmanager {}: connection refused; it is tried again", members[0].url());
    watcher.wait_for_log(&away);
    members[1].wait_for(&["critical"]);
    host.say("550 KO 500-raid");
    members[1].wait_for(&["page"]);
    receiver.wait_for("web/oco page firing");
    receiver.wait_for("web/oco critical resolved");

    // It comes back, and hears how it stands now.
    let Some(_first) = members[0].start(&scene, Some(&members[1])) else { return };
    watcher.wait_for_log(&format!("alertmanager {}: is told again", members[0].url()));
    members[0].wait_for(&["page"]);
    assert_eq!(watcher.log().matches(&away).count(), 1, "{}", watcher.log());
    host.say("200 OK");
    members.iter().for_each(|member| drop(member.wait_for(&[])));
    receiver.wait_for("web/oco page resolved");
    watcher.signal("TERM");
    assert!(watcher.wait().success());
}

#[test]
fn two_watchers_of_one_fleet_tell_once_and_one_goes_on_when_the_other_dies() {
    if !has("two watchers", PROGRAM) {
        return;
    }
    let (host, receiver) = (Host::new("200 OK"), Receiver::default());
    let scenes = [Scene::new(""), Scene::new("")];
    let member = Member::new(&scenes[0], "one");
    for scene in &scenes {
        scene.configure(&format!(
            "[alertmanager]\nurls = [{:?}]\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
             [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n",
            member.url(),
            host.address.to_string()
        ));
    }
    scenes[0].file(
        "alertmanager.yml",
        &format!(
            "route:\n  receiver: test\n  group_by: ['group']\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h\n\
             receivers:\n- name: test\n  webhook_configs:\n  - url: http://{}/\n    send_resolved: true\n",
            receiver.start()
        ),
    );
    let Some(_running) = member.start(&scenes[0], None) else { return };
    let [mut first, second] = [Watcher::start(&scenes[0]), Watcher::start(&scenes[1])];
    for watcher in [&first, &second] {
        watcher.wait_for_log("web/oco: unknown -> ok");
    }
    host.say("350 KO 300-http");
    for watcher in [&first, &second] {
        watcher.wait_for_log("web/oco: ok -> ko");
    }
    // What both tell has the same labels, and is one alert.
    member.wait_for(&["critical"]);
    receiver.wait_for("web/oco critical firing");
    first.signal("KILL");
    first.wait();
    host.say("550 KO 500-raid");
    member.wait_for(&["page"]);
    receiver.wait_for("web/oco critical resolved");
    host.say("200 OK");
    receiver.wait_for("web/oco page resolved");
    let mut told = receiver.told();
    told.sort();
    // Alertmanager itself may tell an end again, with what else happened in the group.
    told.dedup_by(|one, other| one == other && one.ends_with("resolved"));
    assert_eq!(
        told,
        [
            "web/oco critical firing",
            "web/oco critical resolved",
            "web/oco page firing",
            "web/oco page resolved"
        ]
    );
}

#[test]
fn what_is_planned_is_not_sent_and_what_was_sent_goes_on() {
    if !has("alertmanager", PROGRAM) {
        return;
    }
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    let member = Member::new(&scene, "one");
    scene.configure(&format!(
        "[alertmanager]\nurls = [{:?}]\nof = [\"node:*\"]\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n[node.shop]\nmembers = [\"web/oco\"]\n",
        member.url(),
        host.address.to_string()
    ));
    scene.file("alertmanager.yml", "route:\n  receiver: nobody\nreceivers:\n- name: nobody\n");
    let Some(_running) = member.start(&scene, None) else { return };
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("web/oco: unknown -> ok");
    scene.told(&["maint", "node:shop", "--for", "1h"]);
    host.say("350 KO 300-http");
    watcher.wait_for_log("web/oco: ok -> ko");
    std::thread::sleep(Duration::from_secs(1));
    member.wait_for(&[]);
    scene.told(&["unmaint", "node:shop"]);
    let alert = member.wait_for(&["critical"]).remove(0);
    assert_eq!((&alert["labels"]["group"], &alert["labels"]["service"]), (&"node".into(), &"shop".into()));
    scene.told(&["maint", "node:shop", "--for", "1h"]);
    std::thread::sleep(Duration::from_secs(1));
    member.wait_for(&["critical"]);
    // It takes no alert of ours that it does not understand.
    let output =
        Command::new("amtool").args(["alert", "query", "--alertmanager.url", &member.url()]).output();
    if let Ok(output) = output {
        assert!(text(&output.stdout).contains("node:shop is ko"), "{}", text(&output.stdout));
    }
}

/// The shipped configuration, which tells this receiver, and sooner.
fn example(receiver: SocketAddr) -> String {
    let text = put(&shipped("alertmanager.yml"), "http://127.0.0.1:9094/", &format!("http://{receiver}/"));
    let text = put(&text, "group_wait: 10s", "group_wait: 1s");
    put(&text, "group_interval: 1m", "group_interval: 1s")
}

/// Services `oco` and `also` of one host each; the second one in the group `web` alone.
fn watched(urls: &[String], keys: &str, hosts: &[(&str, &Host)], also: Option<&Host>) -> String {
    let mut text = format!(
        "[alertmanager]\nurls = {urls:?}\n{keys}[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n"
    );
    for (group, host) in hosts {
        text.push_str(&format!(
            "[hostgroup.{group}]\nhosts = [{:?}]\n[hostgroup.{group}.service.oco]\nprobe = \"oco\"\n",
            host.address.to_string()
        ));
    }
    if let Some(host) = also {
        let port = host.address.port();
        text.push_str(&format!("[hostgroup.web.service.also]\nprobe = {{ oco = true, port = {port} }}\n"));
    }
    text
}

#[test]
fn silences_and_inhibitions_hold_while_it_is_told_on() {
    if !has("alertmanager", PROGRAM) {
        return;
    }
    let [web, also, db, network] = [(); 4].map(|()| Host::new("200 OK"));
    let (receiver, scene) = (Receiver::default(), Scene::new(""));
    let members = [Member::new(&scene, "one"), Member::new(&scene, "two")];
    let urls = [members[0].url(), members[1].url()];
    scene.configure(&watched(&urls, "", &[("web", &web), ("db", &db), ("network", &network)], Some(&also)));
    scene.file("alertmanager.yml", &example(receiver.start()));
    let Some(first) = members[0].start(&scene, None) else { return };
    let Some(_second) = members[1].start(&scene, Some(&members[0])) else { return };
    members.iter().for_each(Member::wait_for_cluster);
    let mut watcher = Watcher::start(&scene);
    for name in ["web/oco", "web/also", "db/oco", "network/oco"] {
        watcher.wait_for_log(&format!("{name}: unknown -> ok"));
    }

    // Who is called to the group is not told of the rest of it; others are.
    web.say("550 KO 500-raid");
    receiver.wait_for("web/oco page firing");
    also.say("350 KO 300-http");
    db.say("350 KO 300-mysql");
    members.iter().for_each(|member| drop(member.wait_for_held("web/also", "critical", "inhibitedBy")));
    receiver.wait_for("db/oco critical firing");
    assert_eq!(receiver.count("web/also critical firing"), 0, "{:?}", receiver.told());
    web.say("200 OK");
    receiver.wait_for("web/oco page resolved");
    receiver.wait_for("web/also critical firing");
    also.say("200 OK");
    receiver.wait_for("web/also critical resolved");

    // What is silenced by one member, in whichever way it gets worse, is told nobody, though each hears of it: also when
    // that one dies, and the watcher is another one.
    let silence = members[0].silence("db");
    wait_for("the silence", || (members[1].ask("silences")?.as_array()?.len() == 1).then_some(()));
    let heard = members[1].wait_for_held("db/oco", "critical", "silencedBy");
    db.say("550 KO 500-raid");
    members.iter().for_each(|member| drop(member.wait_for_held("db/oco", "page", "silencedBy")));
    first.signal("KILL");
    watcher.signal("KILL");
    watcher.wait();
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log(&format!("alertmanager {}: connection refused", members[0].url()));
    wait_for("the new watcher's alert", || {
        let alert = members[1].wait_for_held("db/oco", "page", "silencedBy");
        (alert["updatedAt"].as_str() > heard["updatedAt"].as_str()).then_some(())
    });
    // The network is told meanwhile, so there was time for the rest.
    network.say("350 KO 300-route");
    receiver.wait_for("network/oco critical firing");
    assert_eq!(receiver.count("db/oco page firing"), 0, "{:?}", receiver.told());
    // What is behind the network is held by that when the silence ends.
    members[1].request("DELETE", &format!("silence/{silence}"), "");
    members[1].wait_for_held("db/oco", "page", "inhibitedBy");
    network.say("200 OK");
    receiver.wait_for("db/oco page firing");
}

#[test]
fn a_member_that_speaks_https_is_told_where_its_certificate_is_good() {
    if !has("alertmanager", PROGRAM) || !has("alertmanager by https", "openssl") {
        return;
    }
    let (host, receiver) = (Host::new("200 OK"), Receiver::default());
    let scene = Scene::new("");
    std::fs::create_dir(scene.path("certificates")).unwrap();
    let folder = scene.path("certificates");
    for name in ["ours", "theirs"] {
        openssl(
            &folder,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 100 -subj /CN={name} \
                 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE -keyout {name}.key -out {name}.pem"
            ),
        );
    }
    let of = |name: &str| folder.join(name).display().to_string();
    let file =
        format!("tls_server_config:\n  cert_file: {}\n  key_file: {}\n", of("ours.pem"), of("ours.key"));
    let web = format!("--web.config.file={}", scene.file("web.yml", &file).display());
    let member = Member::new(&scene, "one");
    let urls = [format!("https://127.0.0.1:{}", member.port)];
    let configure = |ca: &str| scene.configure(&watched(&urls, ca, &[("web", &host)], None));
    configure(&format!("ca = {:?}\n", of("none.pem")));
    let complaint = format!("{}: no such file or directory", of("none.pem"));
    assert!(scene.refusal().1.contains(&complaint), "{complaint}");

    scene.file("alertmanager.yml", &example(receiver.start()));
    let Some(_running) = member.start_with(&scene, None, &[web]) else { return };
    configure("");
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("web/oco: unknown -> ok");
    host.say("350 KO 300-http");
    watcher.wait_for_log("an unknown authority");
    configure(&format!("ca = {:?}\n", of("theirs.pem")));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    configure(&format!("ca = {:?}\n", of("ours.pem")));
    watcher.signal("HUP");
    receiver.wait_for("web/oco critical firing");
    watcher.wait_for_log("is told again");
    host.say("200 OK");
    receiver.wait_for("web/oco critical resolved");
}
