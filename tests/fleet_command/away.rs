//! Watchers that are absent, have been killed, are silent, or say nonsense: every command says so in a line, and exits 3.

use crate::watcher::{Socket, request};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

const COMMANDS: [&str; 19] = [
    "status",
    "status --json",
    "log",
    "log --json",
    "ack web",
    "unack web",
    "mute web",
    "unmute web",
    "maint web",
    "unmaint web",
    "adjust web --from -2h --to -1h --state ok x",
    "adjustments",
    "unadjust 1",
    "incidents --json",
    "report a/b/c 200",
    "alert web x",
    "forget web",
    "availability web/oco",
    "availability web/oco --json",
];

fn all(socket: &Socket, words: &str) {
    COMMANDS.iter().for_each(|command| socket.run(command).expect_error(words));
}

#[test]
fn an_absent_watcher_is_said() {
    let socket = Socket::new();
    let path = socket.path();
    all(&socket, &format!("no ocowatch at {}: no such file or directory", path.display()));
    // As kill -9 leaves it.
    drop(UnixListener::bind(&path).unwrap());
    all(&socket, &format!("no ocowatch at {}: connection refused", path.display()));
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    socket.run("status").expect_error("connection refused");
    let long = format!("status --control /{}", "x".repeat(300));
    socket.run(&long).expect_error("no ocowatch at /xxx");
}

#[test]
fn a_watcher_that_closes_is_said() {
    let socket = Socket::new();
    socket.serve(drop);
    all(&socket, "closed without an answer");
    socket.serve(|stream| request(&stream));
    all(&socket, "closed without an answer");
    for half in [r#"{"version":1,"ok":tr"#, "[", "{"] {
        socket.serve(|mut stream: UnixStream| {
            request(&stream);
            let _ = stream.write_all(half.as_bytes());
        });
        all(&socket, "closed in the middle of its answer");
    }
}

#[test]
fn nonsense_is_said() {
    let socket = Socket::new();
    for (said, words) in [
        (&b"220 mail.example.org ESMTP\r\n"[..], "no answer to that: 220 mail.example.org ESMTP"),
        (b"SSH-2.0", "no answer to that: SSH-2.0"),
        (b"\n", "no answer to that: an empty line"),
        (b"{}\n", "no answer to that: {}"),
        (b"{\"version\":1}\n", "no answer to that: "),
        (b"{\"version\":1,\"ok\":true} x\n", "no answer to that: "),
        (b"{\"version\":\"1\"}\n", "no answer to that: "),
        (b"{\"version\":1,\"state\":\"\xff\"}\n", "no answer to that: {\"version\":1,\"state\":\"?\"}"),
        (b"{\"version\":1,\x1b[31m\n", "no answer to that: {\"version\":1,?[31m"),
        (b"[[[[\n", "no answer to that: [[[["),
        (b"\0\0\0\0\0\n", "no answer to that: ?????"),
        (b"{\"version\":9,\"future\":true}\n", "speaks version 9; expected 1"),
    ] {
        socket.serve(move |mut stream: UnixStream| {
            request(&stream);
            let _ = stream.write_all(said);
        });
        for command in COMMANDS {
            // That all was told is a good end of a log, and `{"version":1}` is none.
            socket.run(command).expect_error(words);
        }
    }
    let deep = format!("{{\"version\":1,\"x\":{}\n", "[".repeat(100_000));
    socket.serve(move |mut stream: UnixStream| {
        request(&stream);
        let _ = stream.write_all(deep.as_bytes());
    });
    all(&socket, "no answer to that: {\"version\":1,\"x\":[[[");
}

#[test]
fn a_refusal_is_said_in_the_watchers_words() {
    let socket = Socket::new();
    let long = "x".repeat(100_000);
    for error in ["web: nothing is known by that name", "two\\nlines\\u001b[2J", long.as_str()] {
        let line = format!("{{\"version\":1,\"error\":\"{error}\"}}\n");
        socket.serve(move |mut stream: UnixStream| {
            request(&stream);
            let _ = stream.write_all(line.as_bytes());
        });
        for command in COMMANDS {
            let ended = socket.run(command);
            ended.expect_error(&error.chars().take(3).collect::<String>());
            assert!(ended.stderr.len() < 1100 && !ended.stderr.contains('\x1b'), "{ended:?}");
        }
    }
}

/// Nothing is read without end: neither a line that never ends nor one that nobody would write.
#[test]
fn gigabytes_are_not_read() {
    let socket = Socket::new();
    for (begin, piece, commands) in [
        // A gigabyte of what is no JSON is not waited for.
        ("", "x", &COMMANDS[..]),
        ("{\"version\":1,\"state\":\"", "x", &["status --json", "log", "ack web"][..]),
    ] {
        socket.serve(move |mut stream: UnixStream| {
            request(&stream);
            let _ = stream.write_all(begin.as_bytes());
            let octets = piece.repeat(1024 * 1024);
            while stream.write_all(octets.as_bytes()).is_ok() {}
        });
        for command in commands {
            let ended = socket.run(command);
            ended.expect_error(if begin.is_empty() { "no answer to that: xxx" } else { "octets" });
        }
    }
}

/// One that is stopped, one that has accepted and says nothing, one that says an octet now and then.
#[test]
fn a_silent_watcher_is_said_in_time() {
    let begin = Instant::now();
    let (stopped, mute, slow, full) = (Socket::new(), Socket::new(), Socket::new(), Socket::new());
    let _listener = UnixListener::bind(stopped.path()).unwrap();
    mute.serve(std::mem::forget);
    slow.serve(|mut stream: UnixStream| {
        thread::spawn(move || {
            while stream.write_all(b"[").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        });
    });
    let _queue = UnixListener::bind(full.path()).unwrap();
    let path = full.path();
    thread::spawn(move || {
        let mut waiting = Vec::new();
        while waiting.len() < 100_000 {
            waiting.extend(UnixStream::connect(&path));
        }
    });
    thread::scope(|scope| {
        for socket in [&stopped, &mute, &slow, &full] {
            scope.spawn(|| socket.run("status").expect_error("no answer within 10s"));
            scope.spawn(|| socket.run("ack web").expect_error("no answer within 10s"));
            scope.spawn(|| socket.run("log").expect_error("no answer within 10s"));
        }
    });
    assert!(begin.elapsed() < Duration::from_secs(55), "it took {:?}", begin.elapsed());
}

#[test]
fn a_socket_that_is_not_ours_to_use_is_said() {
    if nix::unistd::Uid::effective().is_root() {
        println!("skipped: nothing is closed to root");
        return;
    }
    let socket = Socket::new();
    socket.answer(&[]);
    std::fs::set_permissions(socket.path(), PermissionsExt::from_mode(0o000)).unwrap();
    all(&socket, "permission denied");
}
