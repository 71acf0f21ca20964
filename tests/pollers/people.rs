//! What people type: finger, telnet, netcat, curl and bash. Each shows the line, in every state.

use crate::address::own_address;
use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::running::have_all;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// What a client shows until it has shown the line or has ended. Its standard input stays open as long, as a
/// terminal's does: some leave when it ends.
fn shown(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("start a client");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut shown = String::new();
    while verdict(&shown).is_none() && output.read_line(&mut shown).is_ok_and(|octets| octets > 0) {}
    drop(child.stdin.take());
    drop(output);
    let _ = child.wait();
    shown
}

/// Whether the line among what is shown says up. None: there is no line.
fn verdict(shown: &str) -> Option<bool> {
    let line = shown.lines().find(|line| line.contains(" oco-"))?;
    Some(line.starts_with('2'))
}

fn people(program: &str, mut host: Host, arguments: &[&str]) {
    journey(program, Shows::TheLine, &mut host, |_| {
        let shown = shown(program, arguments);
        Sight::new(verdict(&shown).unwrap_or(false), shown)
    });
}

/// A host, and its address and port as words.
fn host() -> (Host, String, String) {
    let host = Host::new();
    let (ip, port) = (host.ip(), host.port());
    (host, ip, port)
}

#[test]
fn telnet_shows_the_line() {
    if have_all("telnet", &["telnet"]) {
        let (host, ip, port) = host();
        people("telnet", host, &[&ip, &port]);
    }
}

#[test]
fn nc_shows_the_line() {
    if have_all("netcat", &["nc"]) {
        let (host, ip, port) = host();
        people("nc", host, &[&ip, &port]);
    }
}

#[test]
fn curl_shows_the_line() {
    if have_all("curl", &["curl"]) {
        let (host, ip, port) = host();
        people("curl", host, &["-sSN", &format!("telnet://{ip}:{port}")]);
    }
}

#[test]
fn bash_shows_the_line() {
    if have_all("bash", &["bash"]) {
        let (host, ip, port) = host();
        people("bash", host, &["-c", &format!("read -r line </dev/tcp/{ip}/{port} && echo \"$line\"")]);
    }
}

/// finger knows no other port than 79, which takes root.
#[test]
fn finger_shows_the_line() {
    if !have_all("finger", &["finger"]) {
        return;
    }
    // Not the host's address: a process that starts meanwhile may hold the listener for a moment.
    if let Err(error) = TcpListener::bind((own_address(), 79)) {
        println!("skip: finger: port 79: {error}");
        return;
    }
    let address = own_address();
    let host = Host::within(Vec::new(), (address, 79).into());
    people("finger", host, &[&format!("@{address}")]);
}
