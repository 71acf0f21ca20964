//! Figures for Prometheus, and a watcher of the watcher.

use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::server::{Running, free_port, has};
use crate::watcher::Watcher;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One host under `web/oco` with a node and a level over it, and metrics at this port.
fn watched(host: &Host, port: u16) -> String {
    format!(
        "metrics = \"127.0.0.1:{port}\"\n[defaults]\ninterval = \"100ms\"\ntimeout = \"1s\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{:?}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n\
         [node.shop]\nmembers = [\"web/oco\"]\n\
         [slo.gold]\nof = \"web/oco\"\ntarget = \"99%\"\nperiod = \"day\"\n",
        host.address.to_string()
    )
}

/// The response to this request.
fn ask(port: u16, head: &str) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(client, "{head} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text
}

fn page(port: u16) -> String {
    let text = ask(port, "GET /metrics");
    let (head, page) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
    page.to_owned()
}

/// Waits for this line on the page.
#[track_caller]
fn wait_for_line(port: u16, line: &str) {
    wait_for(&format!("{line} in\n{}", page(port)), || {
        page(port).lines().any(|found| found == line).then_some(())
    });
}

#[test]
fn the_page_tells_how_the_fleet_stands() {
    let (host, port) = (Host::new("200 OK"), free_port());
    let scene = Scene::new(&watched(&host, port));
    let watcher = Watcher::start(&scene);
    wait_for_line(port, "oco_fleet_code{name=\"web/oco\"} 200");
    host.say("550 KO 500-raid");
    for line in [
        "oco_fleet_code{name=\"web/oco\"} 550",
        "oco_fleet_code{name=\"node:shop\"} 550",
        "oco_fleet_state{name=\"web/oco\",state=\"ko\"} 1",
        "oco_fleet_state{name=\"web/oco\",state=\"ok\"} 0",
        "oco_fleet_targets{service=\"web/oco\",state=\"ko\"} 1",
        "oco_fleet_alerts_total{result=\"sent\"} 0",
    ] {
        wait_for_line(port, line);
    }
    wait_for("the level's availability", || {
        page(port).contains("oco_fleet_availability{slo=\"gold\",view=\"contractual\"} 0.").then_some(())
    });
    if has("metrics", "promtool") {
        let mut promtool = Command::new("promtool");
        promtool
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = promtool.spawn().unwrap();
        child.stdin.take().unwrap().write_all(page(port).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(parts(&output), (Some(0), String::new(), String::new()), "{}", page(port));
    }
    // The port is another one after a reload, and then none.
    let other = free_port();
    scene.configure(&watched(&host, other));
    watcher.signal("HUP");
    wait_for_line_at(other);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    scene.configure(watched(&host, other).split_once('\n').unwrap().1);
    watcher.signal("HUP");
    wait_for("the port to be closed", || TcpStream::connect(("127.0.0.1", other)).is_err().then_some(()));
}

fn wait_for_line_at(port: u16) {
    wait_for("the port", || TcpStream::connect(("127.0.0.1", port)).ok());
    wait_for_line(port, "oco_fleet_code{name=\"web/oco\"} 550");
}

#[test]
fn a_watcher_that_was_late_is_not_healthy() {
    let (host, port) = (Host::new("200 OK"), free_port());
    let scene = Scene::new(&watched(&host, port));
    let watcher = Watcher::start(&scene);
    wait_for_line(port, "oco_fleet_code{name=\"web/oco\"} 200");
    for head in ["GET /health", "GET /", "OPTIONS /health"] {
        assert!(ask(port, head).starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    }
    watcher.signal("STOP");
    std::thread::sleep(Duration::from_secs(2));
    watcher.signal("CONT");
    let text = wait_for("health to tell", || {
        Some(ask(port, "GET /health")).filter(|text| text.starts_with("HTTP/1.1 503 "))
    });
    assert!(text.contains("\r\n\r\nprobes began "), "{text}");
}

#[test]
fn a_port_that_is_taken_is_an_error_of_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let scene = Scene::new(&watched(&Host::new("200 OK"), port));
    let (status, line) = scene.refusal();
    assert_eq!(status, Some(1));
    assert!(line.contains(&format!("metrics: listen on 127.0.0.1:{port}: address already in use")), "{line}");
    assert!(!scene.control().exists());
}

#[test]
fn prometheus_scrapes_it() {
    if !has("metrics", "prometheus") {
        return;
    }
    let (host, port, own) = (Host::new("200 OK"), free_port(), free_port());
    let scene = Scene::new(&watched(&host, port));
    let _watcher = Watcher::start(&scene);
    let file = scene.file(
        "prometheus.yml",
        &format!(
            "scrape_configs:\n- job_name: ocowatch\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['127.0.0.1:{port}']\n"
        ),
    );
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", scene.path("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{own}"));
    let Some(_prometheus) = Running::start("metrics", &mut command, &[own]) else { return };
    wait_for("the scrape", || {
        let mut client = TcpStream::connect(("127.0.0.1", own)).ok()?;
        let query = "/api/v1/query?query=oco_fleet_code%7Bname%3D%22web/oco%22%7D";
        write!(client, "GET {query} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut text = String::new();
        client.read_to_string(&mut text).ok()?;
        text.contains(",\"200\"]").then_some(())
    });
}
