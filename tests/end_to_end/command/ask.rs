//! `oco status HOST`: other hosts, played by listeners of the test.

use super::{Ended, end};
use crate::scene::Scene;
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::Value;
use std::io::Write;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A server that does `behave` with each client. Returns where it listens.
pub fn serve(behave: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen on the loopback");
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(behave));
    address
}

/// A server that says `words` and closes.
pub fn saying(words: &'static str) -> String {
    serve(move |mut client| {
        let _ = client.write_all(words.as_bytes());
    })
}

/// A server that accepts and keeps silent.
pub fn silent() -> String {
    let clients = std::sync::Mutex::new(Vec::new());
    serve(move |client| clients.lock().unwrap().push(client))
}

/// A server that resets the connection.
fn resetting() -> String {
    serve(|client| {
        let linger = libc::linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&client, sockopt::Linger, &linger).unwrap();
    })
}

/// An address at which nobody listens.
pub fn refusing() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn ask(arguments: &[&str]) -> Ended {
    end(&mut Scene::new().oco(&[&["status"], arguments].concat()))
}

#[test]
fn one_host_is_summed_up_as_a_plugin_does() {
    let cases = [
        ("200 OK oco-1.0.0\r\n", 0, "OK", "200 OK oco-1.0.0"),
        ("250 OK, but oco-1.0.0 210-disk\r\n", 1, "WARNING", "250 OK, but oco-1.0.0 210-disk"),
        ("350 KO oco-1.14h 300-http,300-php\n", 2, "CRITICAL", "350 KO oco-1.14h 300-http,300-php"),
        ("550 KO oco-1.0.0 500-raid", 2, "CRITICAL", "550 KO oco-1.0.0 500-raid"),
        ("200 OK oco-1.0.0\r\nmore", 0, "OK", "200 OK oco-1.0.0"),
        ("220 mail ESMTP\r\n", 3, "UNKNOWN", "no OCO line: 220 mail ESMTP"),
        ("200 OK\r\n", 3, "UNKNOWN", "no OCO line: 200 OK"),
        ("a|b\x1b[31m\r\n", 3, "UNKNOWN", "no OCO line: a?b?[31m"),
        ("200 OK oco-1.0.0 300-http\r\n", 3, "UNKNOWN", "no OCO line: 200 OK oco-1.0.0 300-http"),
        ("", 3, "UNKNOWN", "closed without an answer"),
    ];
    for (words, status, state, said) in cases {
        let host = saying(words);
        let ended = ask(&[&host]);
        let line = format!("OCO {state} - {host}: {said}\n");
        assert_eq!(
            (ended.status, ended.stdout.as_str(), ended.stderr.as_str()),
            (Some(status), line.as_str(), "")
        );
        let up = ask(&["--up", &host]);
        assert_eq!((up.status, up.stdout), (Some(i32::from(status > 1)), line));
    }
}

#[test]
fn why_there_is_no_answer_is_told_apart() {
    let cases = [
        (refusing(), "connection refused"),
        (resetting(), "connection reset by peer"),
        (silent(), "no answer within 300ms"),
        (serve(|mut client| drop(client.write_all(&[b'x'; 2000]))), "no OCO line: xxxxxxxx"),
    ];
    for (host, why) in cases {
        let time = if why.ends_with("300ms") { "300ms" } else { "10s" };
        for arguments in [&["--timeout", time, &host][..], &["--timeout", time, "--up", &host]] {
            let ended = ask(arguments);
            let is_up = arguments.contains(&"--up");
            assert_eq!(ended.status, Some(if is_up { 1 } else { 3 }), "{ended:?}");
            let expected = format!("OCO UNKNOWN - {host}: {why}");
            assert!(ended.stdout.starts_with(&expected) && ended.stdout.lines().count() == 1, "{ended:?}");
        }
    }
    // What it is called when there is no resolver at all depends on the machine.
    let ended = ask(&["no-such-host.invalid"]);
    assert_eq!(ended.status, Some(3));
    assert!(ended.stdout.contains("name ") || ended.stdout.contains("no answer"), "{ended:?}");
}

#[test]
fn a_line_that_dribbles_is_read_within_the_time_and_no_longer() {
    let slow = || {
        serve(|mut client| {
            for octet in b"200 OK oco-1.0.0\r\n" {
                let _ = client.write_all(&[*octet]);
                thread::sleep(Duration::from_millis(10));
            }
        })
    };
    assert_eq!(ask(&["--timeout", "15s", &slow()]).status, Some(0));
    let started = Instant::now();
    let endless = serve(|mut client| {
        while client.write_all(b"2").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(ask(&["--timeout", "300ms", &endless]).status, Some(3));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn several_hosts_are_one_line_each_in_the_order_given() {
    let (ok, but, ko) = (
        saying("200 OK oco-1\r\n"),
        saying("250 OK, but oco-1 210-disk\r\n"),
        saying("350 KO oco-1 300-http\r\n"),
    );
    let refused = refusing();
    let ended = ask(&[&ko, &ok, &refused, &but]);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    let width = [&ok, &but, &ko, &refused].iter().map(|host| host.len()).max().unwrap();
    let expected = [
        format!("{ko:width$}  350 KO oco-1 300-http"),
        format!("{ok:width$}  200 OK oco-1"),
        format!("{refused:width$}  --- connection refused"),
        format!("{but:width$}  250 OK, but oco-1 210-disk"),
    ];
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(ask(&[&ok, &ok]).status, Some(0));
    assert_eq!(ask(&[&but, &ok]).status, Some(1));
    assert_eq!(ask(&[&ok, &ko, &but]).status, Some(2));
}

#[test]
fn hosts_are_asked_side_by_side() {
    let hosts: Vec<String> = (0..60).map(|_| silent()).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let started = Instant::now();
    let ended = ask(&[&["--timeout", "500ms"], hosts.as_slice()].concat());
    assert_eq!((ended.status, ended.stdout.lines().count()), (Some(3), 60));
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

#[test]
fn names_and_ipv6_addresses_are_hosts_too() {
    let host = saying("200 OK oco-1\r\n");
    let port = host.rsplit(':').next().unwrap();
    // It listens on IPv4 alone; where localhost is ::1 too, that is tried as well.
    assert_eq!(ask(&[&format!("localhost:{port}")]).status, Some(0));
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        println!("skipped: no IPv6 here");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.write_all(b"200 OK oco-1\r\n");
        }
    });
    let ended = ask(&[&format!("[::1]:{port}")]);
    assert_eq!(ended.stdout, format!("OCO OK - [::1]:{port}: 200 OK oco-1\n"));
}

#[test]
fn up_fails_with_1_whatever_is_wrong() {
    let ok = saying("200 OK oco-1\r\n");
    let bad: [&[&str]; 8] = [
        &["--up"],
        &["--up", &ok, &ok],
        &["--up", "web1:port"],
        &["--up", "--nonsense", &ok],
        &["--up=yes", &ok],
        &["--up", "--timeout", "x", &ok],
        // Whoever means the host must not get a "good" help.
        &["--up", "-h", &ok],
        &["--version", "--up", &ok],
    ];
    for arguments in bad {
        assert_eq!(ask(arguments).status, Some(1), "{arguments:?}");
    }
    assert_eq!(ask(&["--up", &ok]).status, Some(0));
    assert_eq!(ask(&["--up", &saying("250 OK, but oco-1 210-disk\r\n")]).status, Some(0));
}

#[test]
fn programs_get_json_of_hosts() {
    let (ok, refused) = (saying("250 OK, but oco-1 210-disk\r\n"), refusing());
    let ended = ask(&["--json", &ok, &refused]);
    assert_eq!(ended.status, Some(3));
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let expected = serde_json::json!({"hosts": [
        {"host": ok, "code": 250, "state": "OK, but", "line": "250 OK, but oco-1 210-disk", "error": null},
        {"host": refused, "code": null, "state": null, "line": null, "error": "connection refused"},
    ]});
    assert_eq!(json, expected);
    let json: Value = serde_json::from_str(&ask(&["--json", &ok]).stdout).unwrap();
    assert_eq!(json["hosts"].as_array().unwrap().len(), 1);
    let up = ask(&["--up", "--json", &ok]);
    assert_eq!(up.status, Some(0));
    assert!(serde_json::from_str::<Value>(&up.stdout).is_ok());
}
