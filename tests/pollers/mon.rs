//! mon's own daemon, with `oco.monitor` and with its stock telnet.monitor. What it thinks is asked at its server port,
//! and the alerts that it sends are recorded.

use crate::address::own_address;
use crate::host::{Host, State};
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all};
use crate::scene::{Scene, wait_for};
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

/// Writes a line of the arguments, the first line and the rest of each alert.
const RECORDER: &str = r#"#!/bin/sh
read -r summary
echo "$* summary: $summary detail: $(tr '\n' ' ')" >>"${0%/*}/../alerts"
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
    wait_for("mon's server", || {
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

/// Whether its service is OK. None: it has not been tried.
fn is_ok(address: SocketAddr) -> Option<bool> {
    let answer = ask(address)?;
    match answer.split(' ').find_map(|word| word.strip_prefix("opstatus=")) {
        Some("1") => Some(true),
        Some("0") => Some(false),
        Some("7") => None,
        other => panic!("opstatus is {other:?}: {answer}"),
    }
}

/// The alerts that were sent.
fn alerts(scene: &Scene) -> String {
    fs::read_to_string(scene.path("alerts")).unwrap_or_default()
}

fn is_upalert(alert: &str) -> bool {
    alert.split(" summary: ").next().unwrap_or_default().split(' ').any(|word| word == "-u")
}

/// A watch of two hosts, of which the second is OK for ever.
fn watch(file: &str, order: (&str, &str)) {
    let mut host = Host::new();
    let other = Host::new();
    let address = own_address();
    let monitor = order.1.replace("PORT", &host.port());
    let snippet = Snippet::load(file)
        .put("192.0.2.1 192.0.2.2", format!("{} {}", host.ip(), other.ip()))
        .put("interval 1m", "interval 1s")
        .put(order.0, monitor)
        .put("mail.alert root@localhost", "record.alert")
        .after(&format!("serverbind = {address}\ntrapbind = {address}"));
    let mut mon = start(&host.scene, address, &snippet);
    // Asked once only: mon looks after its clients once a second, and after its services as rarely then.
    wait_for("mon's first opinion", || {
        mon.check();
        is_ok((address, PORT).into()).filter(|is_ok| *is_ok)
    });
    journey(file, Shows::UpOrDown, &mut host, |host| {
        mon.check();
        let alerts = alerts(&host.scene);
        Sight::new(alerts.lines().last().is_none_or(is_upalert), alerts)
    });
    assert_eq!(is_ok((address, PORT).into()), Some(true));
    // Three times it went out, three times it came back, and nobody was told more often than that.
    let alerts = alerts(&host.scene);
    let lines: Vec<&str> = alerts.lines().collect();
    assert_eq!(lines.len(), 6, "{alerts}");
    for (alert, state) in lines.chunks(2).zip([State::Ko, State::Stale, State::Gone]) {
        assert!(!is_upalert(alert[0]) && is_upalert(alert[1]), "{alerts}");
        if file == "mon.cf" {
            let line = state.line().unwrap_or_else(|| "no answer: Connection refused".to_owned());
            assert!(alert[0].contains(&format!("summary: {} detail:", host.ip())), "{alerts}");
            assert!(alert[0].contains(&format!("{}: {line}", host.ip())), "{alerts}");
        }
    }
}

fn with_oco_monitor() {
    if have_all("mon with oco.monitor", &["mon", "bash", "timeout"]) {
        watch("mon.cf", ("oco.monitor -t 10", "oco.monitor -t 10 -p PORT"));
    }
}

fn with_telnet_monitor() {
    let module = "/usr/share/perl5/Net/Telnet.pm";
    if have_all("mon with telnet.monitor", &["mon", "/usr/lib/mon/mon.d/telnet.monitor", module]) {
        watch("mon-telnet.cf", ("-p 79", "-p PORT"));
    }
}

/// Side by side, since mon takes three seconds for what it is told to do each second.
#[test]
fn mon_alerts_by_oco_monitor_and_by_its_telnet_monitor() {
    std::thread::scope(|scope| {
        scope.spawn(with_oco_monitor);
        scope.spawn(with_telnet_monitor);
    });
}
