//! Figures for Prometheus, and a watcher of the watcher.

use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::server::{free_port, has};
use crate::watcher::Watcher;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One host under `web/oco` with a node and a level over it, and metrics at this port.
fn watched(host: &Host, port: u16) -> String {
    format!(
        "metrics = \"127.0.0.1:{port}\"\n[defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
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

/// 20,000 services of which nothing is known: a page of some 10 MB.
fn large(port: u16) -> String {
    let mut text = format!("metrics = \"127.0.0.1:{port}\"\n");
    for group in 0..200 {
        text.push_str(&format!("[hostgroup.group{group:03}]\nhosts = [\"127.0.0.1\"]\n"));
        for service in 0..100 {
            text.push_str(&format!("service.service{service:02}.probe = {{ report = \"25h\" }}\n"));
        }
    }
    text
}

/// The octets of a body in chunks; none where its end is missing.
fn joined(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n")?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return (rest == "\r\n").then_some(whole);
        }
        whole.push_str(rest.get(..length)?);
        body = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}

/// The most memory that a process has had, in kB.
fn most_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_large_page_is_made_while_it_is_sent() {
    let port = free_port();
    let scene = Scene::new(&large(port));
    let watcher = Watcher::start(&scene);
    assert!(ask(port, "GET /health").starts_with("HTTP/1.1 "));
    let before = most_memory(watcher.pid());
    let text = ask(port, "GET /metrics");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nTransfer-Encoding: chunked") && !head.contains("Content-Length"), "{head}");
    let page = joined(body).unwrap();
    assert_eq!(page.matches("oco_fleet_state{").count(), 4 * 20_000);
    assert!(page.ends_with('\n') && page.contains("\noco_fleet_last_round_timestamp_seconds "));

    // Who speaks an older HTTP has the same, up to the end of the connection.
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("Transfer-Encoding"), "{head}");
    assert_eq!(body.matches("oco_fleet_state{").count(), 4 * 20_000);
    assert!(ask(port, "HEAD /metrics").ends_with("\r\n\r\n"));

    // Those who ask and read nothing hold a part of it each, and delay nobody.
    let slow: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
            client.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
            client
        })
        .collect();
    assert!(ask(port, "GET /health").starts_with("HTTP/1.1 "));
    assert!(joined(ask(port, "GET /metrics").split_once("\r\n\r\n").unwrap().1).is_some());
    drop(slow);
    let grown = most_memory(watcher.pid()) - before;
    println!("a page of {} kB, and {grown} kB more memory", page.len() / 1000);
    assert!(grown < 12_000, "{grown} kB for a page of {} kB", page.len() / 1000);
}

#[test]
fn who_is_sent_a_page_over_a_reload_sees_that_it_is_not_whole() {
    let port = free_port();
    let scene = Scene::new(&large(port));
    let watcher = Watcher::start(&scene);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let mut begun = [0; 1000];
    client.read_exact(&mut begun).unwrap();
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    let text = String::from_utf8([begun.to_vec(), rest].concat()).unwrap();
    assert_eq!(joined(text.split_once("\r\n\r\n").unwrap().1), None);
    // The next one is.
    assert!(joined(ask(port, "GET /metrics").split_once("\r\n\r\n").unwrap().1).is_some());
}
