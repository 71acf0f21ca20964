//! Prometheus, which asks the blackbox exporter, which asks port 79. What it thinks is asked by its HTTP API.

use crate::address::own_address;
use crate::host::{Host, State};
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all, output};
use crate::scene::{Scene, wait_for};
use crate::snippet::{Snippet, shipped};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Prometheus waits for an answer no longer than until it asks again.
const SCRAPES: &str = "scrape_interval: 3s";

/// The body of a page. None while it can't be had.
pub fn get(address: SocketAddr, page: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {page} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).is_some_and(|status| status == "200").then(|| body.to_owned())
}

/// Starts Prometheus in the host's scene at `address`.
pub fn start(host: &Host, file: &Path, address: SocketAddr) -> Running {
    let mut command = Command::new(find("prometheus").expect("have_all has seen it"));
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.tsdb.path={}", host.scene.path("data").display()));
    command.arg(format!("--web.listen-address={address}"));
    Running::start(&mut command, host.scene.path("prometheus.log"))
}

/// The newest series that an expression gives.
fn series(address: SocketAddr, expression: &str) -> Option<Vec<Value>> {
    let encoded: String = expression.bytes().map(|octet| format!("%{octet:02x}")).collect();
    let body = get(address, &format!("/api/v1/query?query={encoded}"))?;
    let answer: Value = serde_json::from_str(&body).expect("JSON of Prometheus");
    assert_eq!(answer["status"], "success", "{body}");
    answer["data"]["result"].as_array().cloned()
}

/// The newest value of a metric that has one series.
pub fn value(address: SocketAddr, metric: &str) -> Option<String> {
    series(address, metric)?.first()?["value"][1].as_str().map(str::to_owned)
}

#[test]
fn prometheus_sees_probe_success() {
    if !have_all("Prometheus", &["prometheus", "prometheus-blackbox-exporter"]) {
        return;
    }
    let mut host = Host::new();
    let modules = Snippet::load("blackbox.yml").write(&host.scene);
    let exporter_address = SocketAddr::from((own_address(), 9115));
    let mut command = Command::new(find("prometheus-blackbox-exporter").expect("have_all has seen it"));
    command.arg(format!("--config.file={}", modules.display()));
    command.arg(format!("--web.listen-address={exporter_address}"));
    // It gives up that much before Prometheus does, which is half a second unless told.
    command.arg("--timeout-offset=0.1");
    let mut exporter = Running::start(&mut command, host.scene.path("blackbox.log"));
    let file = Snippet::load("prometheus.yml")
        .put("192.0.2.1:79", host.address)
        .put("scrape_interval: 15s", SCRAPES)
        .put("127.0.0.1:9115", exporter_address)
        .write(&host.scene);
    let address = SocketAddr::from((own_address(), 9090));
    let mut prometheus = start(&host, &file, address);
    journey("Prometheus", Shows::UpOrDown, &mut host, |_| {
        exporter.check();
        prometheus.check();
        match value(address, "probe_success").as_deref() {
            Some("1") => Sight::new(true, "1"),
            Some("0") => Sight::new(false, "0"),
            None => Sight::none_yet(),
            Some(other) => panic!("probe_success is {other}"),
        }
    });
}

#[test]
fn prometheus_scrapes_every_check_and_its_figures() {
    if !have_all("Prometheus", &["prometheus"]) {
        return;
    }
    let mut host = Host::new();
    host.scene.check("load", "200 OK|load1=0.5;4;8\n");
    let file = Snippet::load("prometheus-metrics.yml")
        .put("192.0.2.1:8079", host.http())
        .put("scrape_interval: 15s", SCRAPES)
        .after("global:\n  evaluation_interval: 1s\nrule_files: [oco.rules.yml]")
        .write(&host.scene);
    Snippet::load("oco.rules.yml").write(&host.scene);
    let address = SocketAddr::from((own_address(), 9090));
    let mut prometheus = start(&host, &file, address);
    journey("Prometheus by /metrics", Shows::UpOrDown, &mut host, |_| {
        prometheus.check();
        match value(address, "up").as_deref() {
            Some("1") => {}
            Some("0") => return Sight::new(false, "no answer"),
            _ => return Sight::none_yet(),
        }
        match value(address, "oco_verdict_code").and_then(|code| code.parse::<u16>().ok()) {
            Some(code) => Sight::new(code < 300, code.to_string()),
            None => Sight::none_yet(),
        }
    });
    wait_for("the figure", || (value(address, "oco_perfdata").as_deref() == Some("0.5")).then_some(()));

    host.enter(State::Stale);
    wait_for("the alert", || value(address, r#"ALERTS{alertname="OcoKo",alertstate="pending"}"#));
    for expression in dashboard() {
        let shown = || series(address, &expression).filter(|series| !series.is_empty()).map(|_| ());
        wait_for(&expression, shown);
    }
}

/// The expressions of the dashboard, for all hosts and checks, each of our own metrics or whether there was an answer.
fn dashboard() -> Vec<String> {
    let text = std::fs::read_to_string(shipped("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(expressions.len() >= panels.len() && panels.len() > 10, "{expressions:?}");
    let metrics = [
        "oco_verdict_code",
        "oco_check_code",
        "oco_check_age_seconds",
        "oco_check_max_age_seconds",
        "oco_check_stale",
        "oco_perfdata",
        "oco_answers_total",
        "oco_build_info",
    ];
    for metric in metrics {
        assert!(expressions.iter().any(|expression| expression.contains(metric)), "no panel shows {metric}");
    }
    let replaced = |expression: &String| {
        expression.replace("$__rate_interval", "1m").replace("$host", ".*").replace("$check", ".*")
    };
    // What can never be empty shows only that it can be computed; without that, it shows the metric.
    let bare = |expression: String| expression.replace(" or vector(0)", "");
    let is_empty_here =
        |expression: &String| ["== 200", "== 250", "== 550", "== 0"].iter().any(|is| expression.contains(is));
    let whole = expressions.iter().map(replaced);
    whole.map(|expression| if is_empty_here(&expression) { expression } else { bare(expression) }).collect()
}

#[test]
fn promtool_takes_the_alerts_and_they_fire_when_they_should() {
    if !have_all("the alerts of Prometheus", &["promtool"]) {
        return;
    }
    let scene = Scene::beside();
    let rules = Snippet::load("oco.rules.yml").write(&scene);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pollers/rules/oco.rules.test.yml");
    let tests = scene.file("oco.rules.test.yml", &std::fs::read_to_string(tests).unwrap());
    let promtool = || Command::new(find("promtool").unwrap());
    let (is_good, text) = output(promtool().arg("check").arg("rules").arg(&rules));
    assert!(is_good, "{text}");
    let (is_good, text) = output(promtool().arg("test").arg("rules").arg(&tests));
    assert!(is_good, "{text}");
    // Each alert is in a test.
    let tests = std::fs::read_to_string(tests).unwrap();
    for alert in std::fs::read_to_string(rules)
        .unwrap()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert} is not tested");
    }
}
