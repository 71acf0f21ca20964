//! Our own `check_oco` and `oco.monitor`: wrong usage, and servers that are no ocod.

use crate::address::own_address;
use crate::host::{Host, State};
use crate::running::have_all;
use crate::snippet::shipped;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(script: &str, arguments: &[&str]) -> Ended {
    let output = Command::new(shipped(script)).args(arguments).stdin(Stdio::null()).output().expect("run it");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ended { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A server that says something to one client after the other; its thread ends with the test program.
fn server(say: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((own_address(), 7979)).expect("an address of our own");
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(say));
    address
}

/// One that says this and closes.
fn saying(text: &'static [u8]) -> SocketAddr {
    server(move |mut stream| drop(stream.write_all(text)))
}

/// What servers may do, and what is said of each.
fn strangers() -> Vec<(SocketAddr, &'static str)> {
    let silent = |stream| {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(60));
            drop(stream);
        });
    };
    let endless = |mut stream: TcpStream| while stream.write_all(&[b'2'; 4096]).is_ok() {};
    let dripping = |mut stream: TcpStream| {
        std::thread::spawn(move || {
            while stream.write_all(b"2").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    };
    vec![
        (server(silent), "within 1 s"),
        (server(endless), "22222"),
        (server(dripping), "within 1 s"),
        (saying(b""), "closed"),
        (saying(b"220 mail.example.org ESMTP\r\n"), "220 mail"),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n"), "HTTP/1.1 200 OK"),
        (saying(b"350 KO oco-1 200-http\r\n200 OK oco-1\r\n"), "350 KO"),
        (saying(b"2\r\n"), "2"),
        (saying(b"\x1b[31m|200 OK oco-1\r\n"), "[31m"),
        (saying(b"\0\xff\xfe\r\n"), ""),
    ]
}

/// The seconds that a stranger has: those that speak are not to be too slow.
fn time(expected: &str) -> &'static str {
    if expected.starts_with("within") { "1" } else { "10" }
}

#[test]
fn check_oco_believes_no_stranger() {
    if !have_all("check_oco", &["bash", "timeout"]) {
        return;
    }
    for (address, expected) in strangers() {
        let port = address.port().to_string();
        let ended = run("check_oco", &["-t", time(expected), "-p", &port, &address.ip().to_string()]);
        assert_eq!(ended.status, Some(2), "{expected}: {}{}", ended.stdout, ended.stderr);
        assert!(
            ended.stdout.starts_with("OCO CRITICAL - ") && ended.stdout.contains(expected),
            "{}",
            ended.stdout
        );
        assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
        assert!(!ended.stdout.contains(['\x1b', '|']), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn oco_monitor_believes_no_stranger() {
    if !have_all("oco.monitor", &["bash", "timeout"]) {
        return;
    }
    for (address, expected) in strangers() {
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let ended = run("oco.monitor", &["-t", time(expected), "-p", &port, &ip]);
        assert_eq!(ended.status, Some(1), "{expected}: {}{}", ended.stdout, ended.stderr);
        let (failed, detail) = ended.stdout.split_once('\n').expect("two lines");
        assert_eq!(failed, ip);
        assert!(detail.starts_with(&format!("{ip}: ")) && detail.contains(expected), "{detail}");
        assert!(!detail.contains('\x1b'), "{detail}");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn oco_monitor_asks_side_by_side_and_names_the_failed_in_order() {
    if !have_all("oco.monitor", &["bash", "timeout"]) {
        return;
    }
    let (up, mut down) = (Host::new(), Host::new());
    down.enter(State::Incident);
    let nobody = own_address().to_string();
    let hosts = [nobody.as_str(), &up.ip(), &down.ip()];
    let ended = run("oco.monitor", &[&["-p", "7979"][..], &hosts].concat());
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let line = |state: State| state.line().expect("a line");
    let expected = format!(
        "{} {}\n{}: no answer: Connection refused\n{}: {}\n{}: {}\n",
        nobody,
        down.ip(),
        nobody,
        up.ip(),
        line(State::Ok),
        down.ip(),
        line(State::Incident)
    );
    assert_eq!(ended.stdout, expected);
}

#[test]
fn check_oco_refuses_wrong_usage() {
    if !have_all("check_oco", &["bash", "timeout"]) {
        return;
    }
    let wrong: [&[&str]; 12] = [
        &[],
        &[""],
        &["-H"],
        &["-x", "web1"],
        &["web1", "web2"],
        &["web1", "-p", "0"],
        &["web1", "-p", "65536"],
        &["web1", "-p", "http"],
        &["web1", "-t", "0"],
        &["web1", "-t", "1s"],
        &["web1/../x"],
        &["web1;id"],
    ];
    for arguments in wrong {
        let ended = run("check_oco", arguments);
        assert_eq!(ended.status, Some(3), "{arguments:?}: {}", ended.stdout);
        assert!(ended.stdout.starts_with("OCO UNKNOWN - ") && ended.stderr.is_empty(), "{arguments:?}");
    }
    let help = run("check_oco", &["-h"]);
    assert_eq!(help.status, Some(0));
    assert!(help.stdout.contains("-t SECONDS"));
}

#[test]
fn oco_monitor_refuses_wrong_usage() {
    if !have_all("oco.monitor", &["bash", "timeout"]) {
        return;
    }
    let wrong: [&[&str]; 8] = [
        &[],
        &["-p"],
        &["-x", "web1"],
        &["-p", "0", "web1"],
        &["-p", "65536", "web1"],
        &["-t", "0", "web1"],
        &["-t", "1s", "web1"],
        &["web1", "web1/../x"],
    ];
    for arguments in wrong {
        let ended = run("oco.monitor", arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {}", ended.stdout);
        // No host may be taken for a failed one.
        assert!(ended.stdout.is_empty() && ended.stderr.starts_with("oco.monitor: "), "{arguments:?}");
    }
    let help = run("oco.monitor", &["-h"]);
    assert_eq!(help.status, Some(0));
    assert!(help.stdout.contains("-t SECONDS"));
}
