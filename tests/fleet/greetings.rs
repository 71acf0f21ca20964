//! Greetings, ports and datagrams: `banner`, `tcp` and `udp`.

use crate::host::closed_port;
use crate::scene::{PATIENCE, Scene};
use crate::server::{Running, answers_datagrams, free_port, has, says, serve, silent};
use crate::shown::of_service;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

/// A configuration of a group for each probe, and what is expected of each.
fn groups(cases: &[(&str, SocketAddr, &str, &str)]) -> String {
    let of = |(name, address, probe, expected): &(&str, SocketAddr, &str, &str)| {
        let timeout = if *expected == "ko timeout" { "700ms" } else { "10s" };
        format!(
            "[hostgroup.{name}]\nhosts = [\"{address}\"]\n[hostgroup.{name}.service.x]\nprobe = {probe}\n\
             timeout = \"{timeout}\"\n"
        )
    };
    cases.iter().map(of).collect()
}

#[track_caller]
fn judge(cases: &[(&str, SocketAddr, &str, &str)]) {
    let found = Scene::new(&groups(cases)).once();
    for (name, _, _, expected) in cases {
        assert_eq!(of_service(&found, &format!("{name}/x")), *expected, "{name}");
    }
}

/// A server that speaks a little SMTP, with a greeting of several lines.
fn smtp(parting: &'static str) -> SocketAddr {
    serve(move |mut stream| {
        let _ = stream.write_all(b"220-mx.example.org\r\n220 ready\r\n");
        let mut line = String::new();
        let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut line);
        if line == "QUIT\r\n" {
            let _ = stream.write_all(parting.as_bytes());
        }
    })
}

#[test]
fn greetings_are_judged() {
    let quit = r#"{ banner = "^220", send = "QUIT\r\n", then = "^221" }"#;
    judge(&[
        ("mx", smtp("221 bye\r\n"), quit, "ok"),
        ("busy", smtp("421 no\r\n"), quit, r#"ko expected ^221, got "421 no""#),
        ("mute", smtp(""), quit, "ko closed"),
        ("greeting", smtp("221 bye\r\n"), r#"{ banner = "^220" }"#, "ok"),
        (
            "other",
            says("HTTP/1.1 400\r\n"),
            r#"{ banner = "^SSH-2" }"#,
            r#"ko expected ^SSH-2, got "HTTP/1.1 400""#,
        ),
        ("silent", silent(), r#"{ banner = "^220" }"#, "ko timeout"),
        ("endless", says("220 never ends"), r#"{ banner = "^221" }"#, "ko timeout"),
        ("closed", closed_port(), r#"{ banner = "^220" }"#, "ko refused"),
    ]);
}

#[test]
fn ports_are_open_or_not() {
    judge(&[
        ("open", silent(), r#""tcp""#, "ok"),
        ("closed", closed_port(), r#""tcp""#, "ko refused"),
        ("table", silent(), "{ tcp = true }", "ok"),
    ]);
}

#[test]
fn datagrams_are_answered_or_not() {
    let echo = || answers_datagrams(|octets| Some(octets.to_vec()));
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ping = r#"{ udp = "ping", expect = "^ping$" }"#;
    judge(&[
        ("echo", echo(), ping, "ok"),
        ("any", echo(), r#"{ udp = "x" }"#, "ok"),
        ("other", answers_datagrams(|_| Some(b"pong".to_vec())), ping, r#"ko expected ^ping$, got "pong""#),
        ("silent", answers_datagrams(|_| None), ping, "ko timeout"),
        ("closed", closed, ping, "ko refused"),
    ]);
}

#[test]
fn a_real_sshd_greets() {
    let test = "sshd";
    let path =
        ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| std::path::Path::new(path).exists());
    let Some(sshd) = path else { return println!("skipped: {test}: sshd is not installed") };
    if !has(test, "ssh-keygen") {
        return;
    }
    let scene = Scene::new("");
    let key = scene.path("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let port = free_port();
    // As root it wants a folder that only a booted system has.
    let root = nix::unistd::Uid::effective().is_root();
    let begin = if root { "mount -t tmpfs none /run && mkdir -m 755 /run/sshd && " } else { "" };
    let script = format!(
        "{begin}exec {sshd} -D -e -f /dev/null -h {} -p {port} -o ListenAddress=127.0.0.1 -o PidFile=none -o UsePAM=no",
        key.display()
    );
    let mut command = Command::new(if root { "unshare" } else { "sh" });
    command.args(if root { &["--mount", "sh", "-c"][..] } else { &["-c"][..] }).arg(script);
    let Some(_sshd) = Running::start(test, &mut command, &[port]) else { return };
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    judge(&[("ssh", at, r#"{ banner = "^SSH-2" }"#, "ok"), ("tcp", at, r#""tcp""#, "ok")]);
}

/// No port of ours is to wait for a minute after each probe.
#[test]
fn a_connection_that_we_close_first_is_reset() {
    let (tell, ends) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let address = serve(move |mut stream| {
        stream.write_all(b"220 ready\r\n").unwrap();
        let end = stream.read(&mut [0; 100]).map_err(|error| error.kind());
        tell.lock().unwrap().send(end).unwrap();
    });
    judge(&[("banner", address, r#"{ banner = "^220" }"#, "ok")]);
    assert_eq!(ends.recv_timeout(PATIENCE), Ok(Err(ErrorKind::ConnectionReset)));
}
