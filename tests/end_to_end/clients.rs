//! Section 4 of the contract: connections, the pollers' habits, and floods.

use crate::process::ticks;
use crate::scene::{PATIENCE, Scene, have, wait_for};
use crate::server::{Ocod, answer, ask, ask_with, connect, connect_from, read_line};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};

fn ok_scene() -> Scene {
    let scene = Scene::new();
    scene.check("http", "200\n");
    scene
}

#[test]
fn every_habit_of_a_client_gets_its_line() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    let line = answer("200 OK oco");
    let requests: [&[u8]; 6] = [
        b"",
        b"\r\n",
        b"/W root\r\n",
        b"HELO probe\r\nQUIT\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &[b'x'; 60_000],
    ];
    for _ in 0..50 {
        for request in requests {
            assert_eq!(ask_with(ocod.address(), request, false), line);
            assert_eq!(ask_with(ocod.address(), request, true), line);
        }
    }
}

/// What a client sends after its line must not reset the connection either.
#[test]
fn a_client_that_talks_late_sees_no_reset() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    for _ in 0..100 {
        let mut stream = connect(ocod.address());
        let mut octet = [0];
        stream.read_exact(&mut octet).expect("the first octet");
        assert_eq!(octet, *b"2");
        stream.write_all(b"QUIT\r\n").expect("talk after the answer began");
        stream.write_all(b"QUIT\r\n").expect("and again");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("no reset");
        assert!(rest.ends_with("\r\n"));
    }
}

/// SMTP probes: a banner, HELO, QUIT, in a dialogue.
#[test]
fn a_probe_may_speak_smtp() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    let mut stream = connect(ocod.address());
    let banner = {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the banner, then the end");
        text
    };
    assert!(banner.starts_with("200 "));
    for command in ["HELO x\r\n", "QUIT\r\n"] {
        stream.write_all(command.as_bytes()).expect("the server drains");
    }
}

/// The line and the end come in one go: a client needs one read for both.
#[test]
fn a_client_is_closed_after_64_kib_or_2_seconds() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    let mut talker = connect(ocod.address());
    talker.set_write_timeout(Some(PATIENCE)).unwrap();
    let chunk = [b'x'; 8192];
    let mut sent = 0;
    let error = loop {
        match talker.write(&chunk) {
            Ok(octets) => sent += octets,
            Err(error) => break error,
        }
        assert!(sent < 64 << 20, "the server drains for ever");
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert!(sent >= 65_536, "closed after {sent} octets");
    // And one that says nothing and never closes.
    let mut idler = connect(ocod.address());
    assert_eq!(read_line(&mut idler), answer("200 OK oco"));
    wait_for("the idle client to be closed", || (connections(&ocod) == 0).then_some(()));
}

/// Descriptors of sockets that ocod holds, without its listeners and its signal pair.
fn connections(ocod: &Ocod) -> usize {
    let links = std::fs::read_dir(format!("/proc/{}/fd", ocod.pid())).expect("ocod's descriptors");
    let sockets = links
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"));
    sockets.count().saturating_sub(own_sockets(ocod))
}

fn own_sockets(ocod: &Ocod) -> usize {
    // The signal pair: one end to read, and one writer for each of four signals.
    ocod.addresses.len() + 5
}

#[test]
fn resets_are_ordinary() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    for _ in 0..200 {
        let stream = connect(ocod.address());
        // Closing with zero linger sends a reset.
        nix::sys::socket::setsockopt(
            &stream,
            nix::sys::socket::sockopt::Linger,
            &libc::linger { l_onoff: 1, l_linger: 0 },
        )
        .expect("ask for a reset");
    }
    ocod.expect("200 OK oco");
    let log = ocod.log();
    assert!(!log.contains("reset") && !log.contains("error"), "{log}");
}

/// Thousands of clients that never read nor close delay nobody and are dropped in the end.
#[test]
fn idle_clients_delay_nobody() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    let mut idle = Vec::new();
    for round in 0..2000 {
        idle.push(connect(ocod.address()));
        if round % 100 == 0 {
            ocod.expect("200 OK oco");
        }
    }
    for stream in &mut idle {
        assert_eq!(read_line(stream), answer("200 OK oco"));
    }
}

#[test]
fn at_max_connections_the_oldest_go_and_new_ones_are_answered() {
    let scene = ok_scene();
    let config = scene.file("ocod.toml", "max-connections = 5\n[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    let mut idle: Vec<TcpStream> = (0..200).map(|_| connect(ocod.address())).collect();
    ocod.expect("200 OK oco");
    assert!(connections(&ocod) <= 5, "{} connections", connections(&ocod));
    for stream in &mut idle {
        assert_eq!(read_line(stream), answer("200 OK oco"));
    }
}

#[test]
fn out_of_descriptors_new_clients_are_answered_still() {
    let scene = ok_scene();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 24; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ocod"), "-l", "127.0.0.1:0"]);
    command.arg("-d").arg(scene.status());
    let ocod = Ocod::spawn(command);
    ocod.wait_for_log("leaves room for 7");
    let mut idle: Vec<TcpStream> = (0..500).map(|_| connect(ocod.address())).collect();
    for _ in 0..20 {
        scene.check("http", "300\n");
        ocod.expect("350 KO oco 300-http");
        scene.check("http", "200\n");
        ocod.expect("200 OK oco");
    }
    // They waited while the state changed to and fro.
    let possible = [answer("200 OK oco"), answer("350 KO oco 300-http")];
    for stream in &mut idle {
        assert!(possible.contains(&read_line(stream)));
    }
    let before = ticks(ocod.pid());
    wait_for("the clients to be dropped", || (connections(&ocod) == 0).then_some(()));
    assert!(ticks(ocod.pid()) - before < 50, "ocod spins");
}

#[test]
fn only_those_in_allow_are_answered() {
    let scene = ok_scene();
    let config = scene.file(
        "ocod.toml",
        "[[listen]]\naddress = \"127.0.0.1:0\"\nallow = [\"192.0.2.0/24\", \"127.0.0.7\"]\n\
         [[listen]]\naddress = \"[::]:0\"\nallow = [\"127.0.0.0/8\"]\n",
    );
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    let mut nothing = Vec::new();
    match connect(ocod.address()).read_to_end(&mut nothing) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(nothing.is_empty());
    // IPv4 networks match IPv4 clients of a dual-stack listener.
    let port = ocod.addresses[1].port();
    assert_eq!(ask(SocketAddr::from(([127, 0, 0, 1], port))), answer("200 OK oco"));
    let mut nothing = Vec::new();
    let _ = connect(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))).read_to_end(&mut nothing);
    assert!(nothing.is_empty());
}

#[test]
fn ipv6_is_dual_stack_unless_the_port_is_given_for_ipv4_too() {
    let scene = ok_scene();
    let ocod = Ocod::start_with(&scene, &["-l", "[::]:0"]);
    let port = ocod.address().port();
    assert_eq!(ask(SocketAddr::from(([127, 0, 0, 1], port))), answer("200 OK oco"));
    assert_eq!(ask(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))), answer("200 OK oco"));
    drop(ocod);
    let [v6, v4] = [format!("[::]:{port}"), format!("0.0.0.0:{port}")];
    let both = Ocod::start_with(&scene, &["-l", &v6, "-l", &v4]);
    assert_eq!(both.addresses.len(), 2);
    assert_eq!(ask(SocketAddr::from(([127, 0, 0, 1], port))), answer("200 OK oco"));
}

/// Debian's clients, as people and pollers use them.
#[test]
fn real_clients_show_the_line() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    let port = ocod.address().port().to_string();
    let line = answer("200 OK oco");
    // These two leave when their input ends, be the answer there or not: it ends when the answer is there.
    let heard = scene.path("heard");
    let heard = heard.display();
    let by = |client: String| {
        format!(
            "tries=0; : >'{heard}'; {{ until grep -q OK '{heard}' || [ $tries -ge 100 ]; do sleep 0.1; tries=$((tries + 1)); done; }} \
             | {client} >'{heard}'; cat '{heard}'"
        )
    };
    let scripts = [
        ("nc", format!("printf 'HELO x\\r\\nQUIT\\r\\n' | nc -N 127.0.0.1 {port}")),
        ("nc", format!("nc -d 127.0.0.1 {port}")),
        ("telnet", by(format!("telnet 127.0.0.1 {port}"))),
        ("bash", format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; echo HELO >&3; cat <&3'")),
        ("curl", by(format!("curl -sS -N telnet://127.0.0.1:{port}"))),
        ("curl", format!("curl -sS gopher://127.0.0.1:{port}/")),
        (
            "python3",
            format!("python3 -c 'import smtplib; print(smtplib.SMTP().connect(\"127.0.0.1\", {port}))'"),
        ),
    ];
    for (program, script) in scripts {
        if !have(program) {
            println!("skipped: {program} is not installed");
            continue;
        }
        for _ in 0..5 {
            let output =
                Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().expect("run sh");
            let text = String::from_utf8_lossy(&output.stdout);
            let expected = if program == "python3" { &line[4..] } else { &line };
            assert!(text.contains(expected), "{script}: {output:?}");
        }
    }
}

/// finger knows no other port than 79, which takes root and a host where nobody has it.
#[test]
fn finger_shows_the_line() {
    if !have("finger") {
        println!("skipped: finger is not installed");
        return;
    }
    let scene = ok_scene();
    let port_79 = std::net::TcpListener::bind("127.0.0.79:79");
    if let Err(error) = port_79 {
        println!("skipped: 127.0.0.79:79 can't be had: {error}");
        return;
    }
    drop(port_79);
    let _ocod = Ocod::start_with(&scene, &["-l", "127.0.0.79:79"]);
    for arguments in [&["@127.0.0.79"][..], &["-l", "root@127.0.0.79"]] {
        for _ in 0..20 {
            let output = Command::new("finger").args(arguments).output().expect("run finger");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains(&answer("200 OK oco")), "{output:?}");
        }
    }
}

/// The line and the FIN are one segment: what is read first is whole.
#[test]
fn the_line_comes_whole() {
    let scene = ok_scene();
    let ocod = Ocod::start(&scene);
    for _ in 0..200 {
        let mut stream = connect(ocod.address());
        let mut buffer = [0; 1024];
        let octets = stream.read(&mut buffer).expect("read once");
        assert_eq!(buffer[..octets], *format!("{}\r\n", answer("200 OK oco")).as_bytes());
        assert_eq!(stream.read(&mut buffer).expect("read the end"), 0);
        stream.shutdown(Shutdown::Both).ok();
    }
}

/// How many connections from `client` ocod still holds: those of the kernel's table that belong to a process.
fn held_from(ocod: &Ocod, client: [u8; 4]) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's connections");
    let local = format!(":{:04X}", ocod.address().port());
    let remote = format!("{:08X}:", u32::from_ne_bytes(client));
    let is_held = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.len() > 9 && fields[1].ends_with(&local) && fields[2].starts_with(&remote) && fields[9] != "0"
    };
    table.lines().filter(is_held).count()
}

#[test]
fn a_flood_from_one_address_pushes_out_only_itself() {
    let scene = ok_scene();
    let config = scene.file("ocod.toml", "max-connections = 40\n[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    let from = |client: [u8; 4]| {
        let mut stream = connect_from(client, ocod.address());
        assert_eq!(read_line(&mut stream), answer("200 OK oco"));
        stream
    };
    // All within the two seconds for which a client may linger; a slow machine tries again.
    let kept = wait_for("a flood within two seconds", || {
        let start = std::time::Instant::now();
        let quiet: Vec<TcpStream> = (0..8).map(|_| from([127, 0, 0, 2])).collect();
        let flood: Vec<TcpStream> = (0..200).map(|_| from([127, 0, 0, 3])).collect();
        let kept = held_from(&ocod, [127, 0, 0, 2]);
        drop((quiet, flood));
        (start.elapsed().as_millis() < 1_500).then_some(kept)
    });
    assert_eq!(kept, 8);
    assert!(held_from(&ocod, [127, 0, 0, 3]) <= 40);
}
