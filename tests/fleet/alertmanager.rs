//! Debian's Alertmanager, two in a cluster: each alert is there, told once, and resolved, whoever is away meanwhile.

use crate::host::Host;
use crate::scene::{Scene, text, wait_for};
use crate::server::{Running, free_port, has, serve};
use crate::watcher::Watcher;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PROGRAM: &str = "prometheus-alertmanager";

/// Where the cluster notifies: each alert as `severity status`.
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
                let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                let told_alert = format!("{} {}", word(&alert["labels"]["severity"]), word(&alert["status"]));
                told.lock().unwrap().push(told_alert);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        })
    }

    fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_for(&self, told: &str) {
        wait_for(&format!("{told} in {:?}", self.told()), || {
            self.told().iter().any(|one| one == told).then_some(())
        });
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
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", scene.path("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", self.storage.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg(format!("--cluster.listen-address=127.0.0.1:{}", self.gossip))
            .args(peer.map(|peer| format!("--cluster.peer=127.0.0.1:{}", peer.gossip)))
            .args([
                "--cluster.reconnect-interval=1s",
                "--cluster.peer-timeout=3s",
                "--cluster.settle-timeout=10s",
            ])
            .arg("--log.level=error");
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

    fn ask(&self, what: &str) -> Option<serde_json::Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET /api/v2/{what} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        serde_json::from_str(response.split_once("\r\n\r\n")?.1).ok()
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
        "[alertmanager]\nurls = [{:?}, {:?}]\n[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 1\nrise = 1\n\
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
    receiver.wait_for("critical firing");
    // As long as the second member would wait before it told it too.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(receiver.told(), ["critical firing"]);

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
    receiver.wait_for("page firing");
    receiver.wait_for("critical resolved");

    // It comes back, and hears how it stands now.
    let Some(_first) = members[0].start(&scene, Some(&members[1])) else { return };
    watcher.wait_for_log(&format!("alertmanager {}: is told again", members[0].url()));
    members[0].wait_for(&["page"]);
    assert_eq!(watcher.log().matches(&away).count(), 1, "{}", watcher.log());
    host.say("200 OK");
    members.iter().for_each(|member| drop(member.wait_for(&[])));
    receiver.wait_for("page resolved");
    watcher.signal("TERM");
    assert!(watcher.wait().success());
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
        "[alertmanager]\nurls = [{:?}]\nof = [\"node:*\"]\n[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 1\nrise = 1\n\
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
