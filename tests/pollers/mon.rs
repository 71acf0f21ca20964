//! mon's own daemon, with `oco.monitor` and with its stock telnet.monitor. What it thinks is asked at its server port,
//! and the alerts that it sends are recorded.

use crate::host::{Host, own_address};
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all};
use crate::scene::Scene;
use crate::snippet::{Snippet, shipped};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// mon's server of orders.
const PORT: u16 = 2583;

/// Writes the arguments and the first line of each alert.
const RECORDER: &str = r#"#!/bin/sh
read -r summary
echo "$* summary: $summary" >>"${0%/*}/../alerts"
"#;

/// Starts mon in the scene at `address` with this configuration.
fn start(scene: &Scene, address: Ipv4Addr, snippet: &Snippet) -> Running {
    for name in ["alert.d", "monitor.d", "state", "log"] {
        fs::create_dir(scene.path(name)).unwrap();
    }
    let recorder = scene.file("alert.d/record.alert", RECORDER);
    fs::set_permissions(recorder, fs::Permissions::from_mode(0o755)).unwrap();
    symlink(shipped("oco.monitor"), scene.path("monitor.d/oco.monitor")).unwrap();
    let stock = Path::new("/usr/lib/mon/mon.d/telnet.monitor");
    symlink(stock, scene.path("monitor.d/telnet.monitor")).unwrap();
    scene.file("auth.cf", "command section\nlist: all\ntrap section\n");
    scene.file("mon.cf", snippet.text());
    let mut command = Command::new(find("mon").expect("have_all has seen it"));
    let directories = [
        ("-a", "alert.d"),
        ("-s", "monitor.d"),
        ("-b", "."),
        ("-B", "."),
        ("-c", "mon.cf"),
        ("-A", "auth.cf"),
        ("-D", "state"),
        ("-L", "log"),
        ("-P", "mon.pid"),
    ];
    for (option, name) in directories {
        command.arg(option).arg(scene.path(name));
    }
    command.args(["-p", &PORT.to_string(), "-t", &(PORT + 1).to_string()]);
    let mut mon = Running::start(&mut command, scene.path("mon.log"));
    crate::scene::wait_for("mon's server", || {
        mon.check();
        ask((address, PORT).into())
    });
    mon
}

/// What mon knows of its services.
fn ask(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(b"list opstatus\nquit\n").ok()?;
    let mut answer = Vec::new();
    // It may close with what we have sent unread.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.contains("220 list opstatus completed").then_some(answer)
}

fn sight(address: SocketAddr) -> Sight {
    let Some(answer) = ask(address) else { return Sight::none_yet() };
    let words: Vec<&str> = answer.split(' ').collect();
    let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    // Blanks are written as \20, ends of lines as \0a.
    let detail = value("last_detail").unwrap_or_default().replace("\\20", " ").replace("\\0a", "\n");
    match value("opstatus") {
        Some("1") => Sight::new(true, detail),
        Some("0") => Sight::new(false, detail),
        // Not tried yet.
        Some("7") => Sight::none_yet(),
        other => panic!("opstatus is {other:?}: {answer}"),
    }
}

/// A watch of two hosts, of which the second is OK for ever.
fn watch(file: &str, order: (&str, &str), shows: Shows) {
    let mut host = Host::new();
    let other = Host::new();
    let server = own_address();
    let monitor = order.1.replace("PORT", &host.port());
    let snippet = Snippet::load(file)
        .put("192.0.2.1 192.0.2.2", format!("{} {}", host.ip(), other.ip()))
        .put("interval 1m", "interval 1s")
        .put(order.0, monitor)
        .put("mail.alert root@localhost", "record.alert")
        .after(&format!("serverbind = {server}\ntrapbind = {server}"));
    let mut mon = start(&host.scene, server, &snippet);
    journey(file, shows, &mut host, |_| {
        mon.check();
        sight((server, PORT).into())
    });
    // Three times it went out, three times it came back, and nobody was told more often than that.
    let ip = host.ip();
    let alerts = crate::scene::wait_for("the last upalert", || {
        let alerts = fs::read_to_string(host.scene.path("alerts")).unwrap_or_default();
        (alerts.lines().count() >= 6).then_some(alerts)
    });
    for (number, alert) in alerts.lines().enumerate() {
        let is_upalert = alert.contains(" -u") || alert.starts_with("-u");
        assert_eq!(is_upalert, number % 2 == 1, "{alerts}");
        if !is_upalert && shows == Shows::TheLine {
            assert!(alert.ends_with(&format!("summary: {ip}")), "{alerts}");
        }
    }
    assert_eq!(alerts.lines().count(), 6, "{alerts}");
}

#[test]
fn mon_alerts_by_oco_monitor() {
    if have_all("mon with oco.monitor", &["mon", "bash", "timeout"]) {
        let order = ("oco.monitor -t 10", "oco.monitor -t 10 -p PORT");
        watch("mon.cf", order, Shows::TheLine);
    }
}

#[test]
fn mon_alerts_by_its_telnet_monitor() {
    let module = "/usr/share/perl5/Net/Telnet.pm";
    if have_all("mon with telnet.monitor", &["mon", "/usr/lib/mon/mon.d/telnet.monitor", module]) {
        watch("mon-telnet.cf", ("-p 79", "-p PORT"), Shows::UpOrDown);
    }
}
