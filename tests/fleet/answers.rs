//! Answers that no honest host gives: endless ones, slow ones, and ones that are no text.

use crate::scene::{Scene, text, wait_for};
use crate::server::{says, serve};
use crate::watcher::Watcher;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// Sends `begin`, then `octets` for ever, with a pause between.
fn endless(begin: &'static [u8], octets: Vec<u8>, pause: Duration) -> SocketAddr {
    serve(move |mut stream| {
        let mut went = stream.write_all(begin);
        while went.is_ok() {
            went = stream.write_all(&octets);
            std::thread::sleep(pause);
        }
    })
}

/// Kilobytes of memory that a process has had at most.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn answers_without_end_fill_no_memory_and_delay_nobody() {
    let flood = |begin| endless(begin, vec![b'x'; 1 << 16], Duration::ZERO);
    let trickle = |begin| endless(begin, vec![b'x'], Duration::from_millis(100));
    let http = b"HTTP/1.1 200 OK\r\n\r\n";
    let cases = [
        ("flood-oco", flood(b""), "\"oco\"", "ko "),
        ("flood-http", flood(http), "{ http = \"/\", expect = \"never\" }", "ko expected never, not found"),
        ("flood-page", flood(http), "{ http = \"/\" }", "ok"),
        ("flood-head", flood(b"HTTP/1.1 200 OK\r\nX: "), "{ http = \"/\" }", "ko "),
        ("flood-banner", flood(b""), "{ banner = \"^220\" }", "ko expected ^220, got "),
        ("flood-tls", flood(b"\x16\x03\x03\x40\x00"), "{ http = \"/\", tls = true, verify = false }", "ko "),
        (
            "flood-chunk",
            flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"),
            "{ http = \"/\", expect = \"never\" }",
            "ko ",
        ),
        ("slow-oco", trickle(b""), "\"oco\"", "ko timeout"),
        ("slow-http", trickle(http), "{ http = \"/\", expect = \"never\" }", "ko timeout"),
        ("slow-banner", trickle(b"2"), "{ banner = \"^220\" }", "ko timeout"),
        (
            "huge-length",
            says(*b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
            "{ http = \"/\", expect = \"x\" }",
            "ko ",
        ),
        (
            "nothing-http",
            says("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"),
            "{ http = \"/\", expect = \"x\" }",
            "ko timeout",
        ),
    ];
    let mut text = "[defaults]\ninterval = \"300ms\"\ntimeout = \"1s\"\n".to_owned();
    let good = crate::host::Host::new("200 OK");
    text.push_str(&format!(
        "[hostgroup.good]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n[hostgroup.good.service.s]\nprobe = \"oco\"\n\
         fall = 1\ntimeout = \"10s\"\n",
        good.address
    ));
    for (name, address, probe, _) in &cases {
        text.push_str(&format!(
            "[hostgroup.{name}]\nhosts = [{{ name = \"a\", address = \"{address}\" }}]\n[hostgroup.{name}.service.s]\nprobe = {probe}\n"
        ));
    }
    let scene = Scene::new(&text);
    let watcher = Watcher::start(&scene);
    for (name, _, _, words) in &cases {
        let shown = scene.wait_for_words(&format!("{name}/s/a"), words);
        assert!(shown["reason"].as_str().unwrap().len() < 300, "{shown}");
    }
    scene.wait_for_words("good/s/a", "ok");
    assert!(!watcher.log().contains("good/s/a: ok -> ko"), "{}", watcher.log());
    let peak = peak_memory(watcher.pid());
    assert!(peak < 200_000, "{peak} KiB");
}

#[test]
fn what_is_no_text_never_reaches_a_terminal() {
    let evil: &[u8] = b"\x1b]0;owned\x07\x1b[31m\xff\xfe\xc3\x28\x9b2J\x00\x08\x7f\xe2\x80\xae\r";
    let line = [evil, b"\r\n"].concat();
    let page = [b"HTTP/1.1 200 ".as_slice(), evil, b"\r\n\r\n", evil].concat();
    let scene = Scene::new("");
    std::fs::write(scene.path("evil"), &line).unwrap();
    let plugin =
        scene.program("plugin", &format!("#!/bin/sh\ncat {}\nexit 2\n", scene.path("evil").display()));
    let monitor = scene.program(
        "monitor",
        &format!("#!/bin/sh\necho 127.0.0.1\ncat {}\nexit 1\n", scene.path("evil").display()),
    );
    let server = says(line.clone());
    let mut config = "[defaults]\ninterval = \"100ms\"\n".to_owned();
    let cases = [
        ("oco", server, "\"oco\"".to_owned()),
        ("banner", server, "{ banner = \"^220\" }".to_owned()),
        ("http", server, "{ http = \"/\" }".to_owned()),
        ("page", says(page), "{ http = \"/\", expect = \"never\" }".to_owned()),
        ("exec", server, format!("{{ exec = [{plugin:?}] }}")),
        ("mon", server, format!("{{ mon = [{monitor:?}] }}")),
    ];
    for (name, address, probe) in &cases {
        let port = if *name == "mon" { "\"127.0.0.1\"".to_owned() } else { format!("\"{address}\"") };
        config.push_str(&format!(
            "[hostgroup.{name}]\nhosts = [{port}]\n[hostgroup.{name}.service.s]\nprobe = {probe}\n"
        ));
    }
    config.push_str("[hostgroup.push]\naccept-reports = true\n");
    scene.configure(&config);
    let watcher = Watcher::start(&scene);
    let report = serde_json::json!({"version": 1, "order": "report", "reports": [
        {"name": "push/a/b", "code": 300, "text": String::from_utf8_lossy(evil)}]});
    crate::talk::ask(&scene, &report.to_string());
    for name in cases.iter().map(|(name, ..)| *name).chain(["push"]) {
        wait_for(&format!("{name} to fail"), || {
            let status = scene.status();
            let services = status["services"].as_array().unwrap();
            let is_ko = |one: &serde_json::Value| {
                one["name"].as_str().unwrap().starts_with(name) && one["state"] == "ko"
            };
            services.iter().any(is_ko).then_some(())
        });
    }
    wait_for("the journal", || (scene.told(&["log"]).matches("-> ko").count() >= 14).then_some(()));
    let control = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    let status = text(&scene.fleet(&["status"]).output().unwrap().stdout);
    for (what, said) in [
        ("log", watcher.log()),
        ("status", status),
        ("status --json", scene.told(&["status", "--json"])),
        ("fleet log", scene.told(&["log"])),
        ("fleet log --json", scene.told(&["log", "--json"])),
    ] {
        assert!(!said.contains(control), "{what}: {said:?}");
    }
}

#[test]
fn a_service_that_closes_without_a_word_is_closed() {
    let closes = serve(|mut stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
        let _ = stream.read(&mut [0; 1024]);
    });
    let scene = Scene::new(&format!(
        "[hostgroup.g]\nhosts = [\"{closes}\"]\n[hostgroup.g.service.oco]\nprobe = \"oco\"\n\
         [hostgroup.g.service.http]\nprobe = {{ http = \"/\" }}\n[hostgroup.g.service.tls]\nprobe = {{ http = \"/\", tls = true }}\n\
         [hostgroup.g.service.banner]\nprobe = {{ banner = \"x\" }}\n"
    ));
    for (name, words) in scene.once() {
        assert_eq!(words, "ko closed", "{name}");
    }
}
