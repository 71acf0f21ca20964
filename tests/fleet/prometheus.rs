//! Debian's Prometheus scrapes ocowatch by the shipped configuration, takes the shipped alerts, and is asked each
//! expression of the shipped dashboard.

use crate::host::Host;
use crate::scene::{Scene, parts, text, wait_for};
use crate::server::{Running, free_port, has};
use crate::watcher::Watcher;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of etc/prometheus.
pub fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../etc/prometheus").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Replaces what has to be there: what is loaded is the shipped file, and nothing else.
pub fn put(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is not in\n{text}");
    text.replace(old, new)
}

/// Prometheus, asked by its HTTP API.
struct Prometheus {
    port: u16,
    _running: Running,
}

impl Prometheus {
    /// Scrapes ocowatch at this port each three seconds: it waits for an answer no longer than until the next one.
    fn start(scene: &Scene, metrics: u16) -> Option<Prometheus> {
        scene.file("oco-fleet.rules.yml", &shipped("oco-fleet.rules.yml"));
        let file = put(&shipped("prometheus.yml"), "127.0.0.1:9779", &format!("127.0.0.1:{metrics}"));
        let file = put(&file, "scrape_interval: 15s", "scrape_interval: 3s");
        let file = scene.file("prometheus.yml", &format!("global:\n  evaluation_interval: 1s\n{file}"));
        let port = free_port();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", scene.path("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let running = Running::start("prometheus", &mut command, &[port])?;
        Some(Prometheus { port, _running: running })
    }

    fn ask(&self, page: &str) -> Option<Value> {
        let mut client = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(client, "GET /api/v1/{page} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut response = String::new();
        client.read_to_string(&mut response).ok()?;
        let answer: Value = serde_json::from_str(response.split_once("\r\n\r\n")?.1).ok()?;
        // It says "unavailable" until it has begun.
        assert_ne!(answer["status"], "error", "{page}: {answer}");
        Some(answer["data"].clone())
    }

    /// The newest series that an expression gives.
    fn series(&self, expression: &str) -> Option<Vec<Value>> {
        let encoded: String = expression.bytes().map(|octet| format!("%{octet:02x}")).collect();
        self.ask(&format!("query?query={encoded}"))?["result"].as_array().cloned()
    }

    /// Waits until an expression gives some.
    #[track_caller]
    fn wait_for(&self, expression: &str) -> Vec<Value> {
        wait_for(expression, || self.series(expression).filter(|series| !series.is_empty()))
    }
}

/// The expressions of the dashboard, for all names.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&shipped("oco-fleet.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(expressions.len() >= panels.len() && panels.len() > 10, "{expressions:?}");
    let replaced = |expression: &String| {
        let expression = expression.replace("$__rate_interval", "1m").replace("$__range", "1m");
        expression.replace("$name", ".*")
    };
    expressions.iter().map(replaced).collect()
}

#[test]
fn prometheus_scrapes_the_fleet_and_every_expression_shows_it() {
    if !has("prometheus", "prometheus") {
        return;
    }
    let hosts = [Host::new("200 OK"), Host::new("250 OK, but 201-disk"), Host::new("550 KO 500-raid")];
    let (planned, port) = (Host::new("350 KO 300-http"), free_port());
    let mut file = format!(
        "metrics = \"127.0.0.1:{port}\"\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
         [hostgroup.mute.service.job]\nprobe = {{ report = \"25h\" }}\n[hostgroup.mute]\nhosts = [\"a\"]\n\
         [node.shop]\nmembers = [\"*/oco\"]\n\
         [slo.gold]\nof = \"incident/oco\"\ntarget = \"100%\"\nperiod = \"day\"\n"
    );
    for (group, host) in ["ok", "but", "incident", "planned"].iter().zip(hosts.iter().chain([&planned])) {
        file.push_str(&format!(
            "[hostgroup.{group}]\nhosts = [{:?}]\n[hostgroup.{group}.service.oco]\nprobe = \"oco\"\n",
            host.address.to_string()
        ));
    }
    let scene = Scene::new(&file);
    let watcher = Watcher::start(&scene);
    watcher.wait_for_log("incident/oco: unknown -> ko");
    scene.told(&["maint", "planned/oco", "--for", "1h"]);
    let Some(prometheus) = Prometheus::start(&scene, port) else { return };
    prometheus.wait_for("oco_fleet_code{name=\"incident/oco\"} == 550");
    for expression in dashboard() {
        if expression.contains("up{job=") {
            // Nobody is away here: it is what comes in the place of nothing.
            assert_eq!(prometheus.wait_for(&expression)[0]["value"][1], "0");
            continue;
        }
        // What is never empty shows something only without that.
        prometheus.wait_for(&expression.replace(" or vector(0)", ""));
    }

    let rules = wait_for("all rules to be evaluated", || {
        let groups = prometheus.ask("rules")?["groups"].as_array()?.clone();
        let rules: Vec<Value> =
            groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect();
        let is_known = |rule: &Value| rule["health"] != "unknown";
        (rules.len() > 10 && rules.iter().all(is_known)).then_some(rules)
    });
    assert!(rules.iter().all(|rule| rule["health"] == "ok"), "{rules:?}");
    let told = prometheus.wait_for("ALERTS{alertname=\"OcoFleetIncident\",alertstate=\"firing\"}");
    let names: Vec<&Value> = told.iter().map(|series| &series["metric"]["name"]).collect();
    assert!(names.contains(&&Value::from("incident/oco")), "{names:?}");
    prometheus.wait_for("ALERTS{alertname=\"OcoFleetUnknown\",name=\"mute/job\"}");
    prometheus.wait_for("ALERTS{alertname=\"OcoFleetBudgetSpent\",name=\"slo:gold\"}");
    assert_eq!(prometheus.series("ALERTS{name=\"planned/oco\"}"), Some(Vec::new()));
    drop(watcher);
    prometheus.wait_for("ALERTS{alertname=\"OcoWatchAway\"}");
}

#[test]
fn promtool_takes_the_alerts_and_they_fire_when_they_should() {
    if !has("the alerts of Prometheus", "promtool") {
        return;
    }
    let scene = Scene::new("");
    let rules = scene.file("oco-fleet.rules.yml", &shipped("oco-fleet.rules.yml"));
    let tests =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fleet/rules/oco-fleet.rules.test.yml");
    let tests = scene.file("oco-fleet.rules.test.yml", &std::fs::read_to_string(tests).unwrap());
    let promtool = |words: &[&str], file: &PathBuf| {
        let output = Command::new("promtool").args(words).arg(file).output().unwrap();
        let (status, said, complaint) = parts(&output);
        assert_eq!(status, Some(0), "{said}{complaint}");
    };
    promtool(&["check", "rules"], &rules);
    promtool(&["test", "rules"], &tests);
    promtool(&["check", "config"], &scene.file("prometheus.yml", &shipped("prometheus.yml")));
    // Each alert is in a test.
    let tests = std::fs::read_to_string(tests).unwrap();
    let rules = std::fs::read_to_string(rules).unwrap();
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert} is not tested");
    }
}

#[test]
fn alertmanagers_own_tool_takes_the_example() {
    if !has("the example of Alertmanager", "amtool") {
        return;
    }
    let scene = Scene::new("");
    let file = scene.file("alertmanager.yml", &shipped("alertmanager.yml"));
    let output = Command::new("amtool").arg("check-config").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
