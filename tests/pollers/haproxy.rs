//! HAProxy, with its checks of port 79. What it thinks is read from its runtime socket.

use crate::host::{Host, State};
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all};
use crate::scene::wait_for;
use crate::snippet::Snippet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// HAProxy with these files.
pub fn start(host: &Host, files: &[PathBuf]) -> Running {
    let socket = host.scene.path("haproxy.sock");
    let head = format!(
        "global\n stats socket {} level admin\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n \
         timeout server 5s\n timeout check 5s\n",
        socket.display()
    );
    let head = host.scene.file("head.cfg", &head);
    let mut command = Command::new(find("haproxy").expect("have_all has seen it"));
    command.arg("-db").arg("-f").arg(head);
    for file in files {
        command.arg("-f").arg(file);
    }
    Running::start(&mut command, host.scene.path("haproxy.log"))
}

/// What HAProxy thinks of the server web1 in `backend`.
pub fn sight(socket: &Path, backend: &str) -> Sight {
    let Some((status, line)) = field(socket, backend, "status") else { return Sight::none_yet() };
    match status.as_str() {
        "UP" => Sight::new(true, line),
        // Nobody but an agent, which has found no fault.
        "no check" => Sight::new(true, line),
        "DOWN" | "DOWN (agent)" => Sight::new(false, line),
        // On its way up or down, as "UP 1/2", it is still what it was.
        other if other.starts_with("UP ") => Sight::new(true, line),
        other if other.starts_with("DOWN ") => Sight::new(false, line),
        other => panic!("web1 is {other}: {line}"),
    }
}

/// A field of the statistics of the server web1 in `backend`, and all of its line.
fn field(socket: &Path, backend: &str, name: &str) -> Option<(String, String)> {
    let statistics = ask(socket, "show stat")?;
    let mut lines = statistics.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let column = |name: &str| header.iter().position(|field| *field == name).expect("a column");
    let line = lines.find(|line| line.starts_with(&format!("{backend},web1,")));
    // A field with commas is in quotes. The ones looked at before last_chk have none.
    let line = line.unwrap_or_else(|| panic!("no web1 in {backend}:\n{statistics}"));
    let fields: Vec<&str> = line.split(',').collect();
    Some((fields[column(name)].to_owned(), line.to_owned()))
}

fn ask(socket: &Path, order: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    writeln!(stream, "{order}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer).filter(|answer| !answer.is_empty())
}

fn tcp_check(name: &str, backend: &str, shows: Shows) {
    if !have_all("HAProxy", &["haproxy"]) {
        return;
    }
    let mut host = Host::new();
    let snippet = Snippet::load(name)
        .put("192.0.2.1:80", format!("{}:80", host.ip()))
        .put("port 79", format!("port {}", host.port()))
        .put("inter 2s", "inter 100ms");
    let file = snippet.write(&host.scene);
    let mut haproxy = start(&host, &[file]);
    let socket = host.scene.path("haproxy.sock");
    journey(name, shows, &mut host, |_| {
        haproxy.check();
        sight(&socket, backend)
    });
}

#[test]
fn tcp_check_takes_out_what_is_ko() {
    tcp_check("haproxy.cfg", "web", Shows::UpOrDown);
}

#[test]
fn tcp_check_shows_the_line() {
    tcp_check("haproxy-line.cfg", "web_with_line", Shows::TheLine);
}

#[test]
fn httpchk_takes_out_what_is_ko() {
    if !have_all("HAProxy", &["haproxy"]) {
        return;
    }
    let mut host = Host::new();
    let file = Snippet::load("haproxy-http.cfg")
        .put("192.0.2.1:80", format!("{}:80", host.ip()))
        .put("inter 2s", "inter 100ms")
        .write(&host.scene);
    let mut haproxy = start(&host, &[file]);
    let socket = host.scene.path("haproxy.sock");
    journey("haproxy-http.cfg", Shows::UpOrDown, &mut host, |_| {
        haproxy.check();
        sight(&socket, "web_by_http")
    });
}

/// As it stands in many a configuration: without a method, a page and an expectation, which is `OPTIONS / HTTP/1.0` and
/// any 2XX or 3XX. And the form that HAProxy's manual has for an example.
#[test]
fn plain_httpchk_takes_out_what_is_ko() {
    if !have_all("HAProxy", &["haproxy"]) {
        return;
    }
    for form in ["option httpchk", "option httpchk OPTIONS * HTTP/1.1\\r\\nHost:\\ www"] {
        let mut host = Host::new();
        let file = Snippet::load("haproxy-http.cfg")
            .put("option httpchk GET /health", form)
            .put("    http-check expect status 200\n", "")
            .put("192.0.2.1:80", format!("{}:80", host.ip()))
            .put("inter 2s", "inter 100ms")
            .write(&host.scene);
        let mut haproxy = start(&host, &[file]);
        let socket = host.scene.path("haproxy.sock");
        journey(form, Shows::UpOrDown, &mut host, |_| {
            haproxy.check();
            sight(&socket, "web_by_http")
        });
    }
}

#[test]
fn agent_check_takes_out_what_is_ko_and_follows_maint_drain_and_weight() {
    if !have_all("HAProxy", &["haproxy"]) {
        return;
    }
    let mut host = Host::new();
    let file = Snippet::load("haproxy-agent.cfg")
        .put("192.0.2.1:80", format!("{}:80", host.ip()))
        .put("port 79 ", format!("port {} ", host.port()))
        .put("inter 2s", "inter 100ms")
        .write(&host.scene);
    let mut haproxy = start(&host, &[file]);
    let socket = host.scene.path("haproxy.sock");
    journey("haproxy-agent.cfg", Shows::UpOrDown, &mut host, |_| {
        haproxy.check();
        sight(&socket, "web_by_agent")
    });
    let wait = |name: &str, expected: &str| {
        wait_for(&format!("{name} {expected}"), || {
            (field(&socket, "web_by_agent", name)?.0 == expected).then_some(())
        });
    };
    host.scene.check("disk", "210");
    wait("weight", "50");
    host.scene.check("disk", "200");
    wait("weight", "100");
    host.scene.check("drain", "300");
    wait("status", "DRAIN (agent)");
    host.scene.check("maint", "300");
    wait("status", "MAINT");
    std::fs::remove_file(host.scene.status().join("maint")).unwrap();
    wait("status", "DRAIN (agent)");
    std::fs::remove_file(host.scene.status().join("drain")).unwrap();
    wait("status", "UP");
}

/// What the agent says alone, with no check beside it.
#[test]
fn agent_check_alone_takes_out_what_is_ko() {
    if !have_all("HAProxy", &["haproxy"]) {
        return;
    }
    let mut host = Host::new();
    let file = Snippet::load("haproxy-agent.cfg")
        .put("192.0.2.1:80", format!("{}:80", host.ip()))
        .put(" check port 79 ", " ")
        .put("inter 2s", "inter 100ms")
        .write(&host.scene);
    let mut haproxy = start(&host, &[file]);
    let socket = host.scene.path("haproxy.sock");
    for state in [State::Ok, State::But, State::Ko, State::Incident, State::Stale, State::Ok] {
        host.enter(state);
        wait_for(&format!("{state:?}"), || {
            haproxy.check();
            (sight(&socket, "web_by_agent").up == Some(state.is_up())).then_some(())
        });
    }
}
