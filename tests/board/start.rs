//! The start, its refusals, the reload, and the end.

use crate::board::Board;
use crate::http::{Reply, Request};
use crate::scene::{Scene, parts, wait_for};
use crate::watcher::{Running, watch};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_bad_file_is_refused_with_its_line() {
    let scene = Scene::new("");
    assert_eq!(scene.told_by_board(&["-t"]), "ocoboard: the configuration is good\n");
    std::fs::write(scene.path("board.toml"), "title = \"x\"\nlisten = [\"0.0.0.0:7980\"]\n").unwrap();
    for arguments in [&["-t"][..], &[]] {
        let (status, said, complaint) = parts(&scene.ocoboard(arguments).output().unwrap());
        assert_eq!((status, said.as_str()), (Some(1), ""));
        let expected =
            format!("{}:2: listen: 0.0.0.0:7980: more than this host", scene.path("board.toml").display());
        assert!(complaint.lines().last().unwrap().contains(&expected), "{complaint}");
    }
    let at = |line: u32| format!("{}:{line}: ", scene.path("board.toml").display());
    let whole = |rest: &str| format!("title = \"x\"\nstate-dir = {:?}\n{rest}", scene.path("board"));
    for (text, said) in [
        ("state-dir = \"/no/such/board\"\n".to_owned(), at(1) + "state-dir: /no/such: no such file"),
        (whole("fonts = [\"/no/font.ttf\"]\n"), at(3) + "fonts: /no/font.ttf: no such file"),
        (
            whole("tls = { certificate = \"/no/crt\", key = \"/no/key\" }\n"),
            at(3) + "tls.certificate: /no/crt: no such file or directory",
        ),
    ] {
        std::fs::write(scene.path("board.toml"), &text).unwrap();
        let (status, _, complaint) = parts(&scene.ocoboard(&["-t"]).output().unwrap());
        let last = complaint.lines().last().unwrap();
        assert!(status == Some(1) && last.starts_with(&format!("ocoboard: {said}")), "{complaint}");
    }
    if nix::unistd::geteuid().is_root() {
        std::fs::write(scene.path("board.toml"), whole("user = \"no-such-user\"\n")).unwrap();
        let (_, _, complaint) = parts(&scene.ocoboard(&["-t"]).output().unwrap());
        assert!(complaint.contains(&(at(3) + "user: no-such-user: no such user")), "{complaint}");
    }
    let (status, _, complaint) = parts(&scene.ocoboard(&["--nonsense"]).output().unwrap());
    assert_eq!((status, complaint.lines().count()), (Some(2), 1), "{complaint}");
}

#[test]
fn a_port_that_is_taken_or_a_folder_that_is_not_there_is_said() {
    let scene = Scene::new("");
    let board = Board::start(&scene);
    scene.configure(&format!("listen = [\"{}\"]\n", board.address));
    let (status, _, complaint) = parts(&scene.ocoboard(&[]).output().unwrap());
    assert_eq!(status, Some(1));
    let expected = format!("ocoboard: listen on {}: address already in use", board.address);
    assert_eq!(complaint.lines().last(), Some(expected.as_str()));
    scene.configure("");
    std::fs::remove_dir_all(scene.path("board")).unwrap();
    let (status, _, complaint) = parts(&scene.ocoboard(&[]).output().unwrap());
    assert_eq!(status, Some(1));
    assert!(complaint.lines().last().unwrap().contains("keys in "), "{complaint}");
}

#[test]
fn a_socket_is_served_replaced_and_removed() {
    let scene = Scene::new("");
    let socket = scene.path("web");
    scene.configure(&format!("listen = [\"127.0.0.1:0\", \"unix:{}\"]\n", socket.display()));
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let board = Board::start(&scene);
    let ping = Request::post("/api/ping", r#"{"server": {"name": "a", "key": "b"}}"#);
    assert_eq!(ping.send_unix(&socket).status, 200);
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let (status, _, complaint) = parts(&scene.ocoboard(&[]).output().unwrap());
    assert_eq!(status, Some(1));
    assert!(complaint.contains("address already in use"), "{complaint}");
    assert_eq!(ping.send_unix(&socket).status, 200, "it is still ours");
    board.stop();
    assert!(!socket.exists());
}

#[test]
fn a_reload_is_whole_or_not_at_all() {
    let scene = Scene::new("[push]\naccept-new = false\n");
    let board = Board::start(&scene);
    assert_eq!(board.ping("h1", "k").status, 403);
    scene.configure("[push]\naccept-new = 7\n");
    board.signal("HUP");
    board.wait_for_log("error: reload refused, going on as before: ");
    assert_eq!(board.ping("h1", "k").status, 403);
    scene.configure(&format!("user = \"x{}\"\n", std::process::id()));
    board.signal("HUP");
    board.wait_for_log("warn: user: can't be changed while running");
    board.wait_for_log("info: reloaded");
    assert_eq!(board.ping("h1", "k").status, 200);
}

#[test]
fn the_end_lets_those_finish_who_are_being_served() {
    let scene = Scene::new("");
    let watcher = watch(&scene);
    let board = Board::start(&scene);
    assert_eq!(board.ping("h1", "k").status, 200);
    watcher.signal("STOP");
    let body =
        r#"{"server": {"name": "h1", "key": "k"}, "period": 60, "services": [{"name": "a", "state": "OK"}]}"#;
    let waiting = Request::post("/api/set/service/status", body).begin(board.address);
    wait_for("the board to read the push", || is_read(&waiting).then_some(()));
    board.signal("TERM");
    board.wait_for_log("info: stopping");
    watcher.signal("CONT");
    assert_eq!(Reply::read(waiting).status, 200);
    board.wait_for_end();
}

/// Whether the other side of a connection on this host has read all that was sent.
fn is_read(stream: &TcpStream) -> bool {
    let words = |address: SocketAddr| format!(":{:04X}", address.port());
    let ends = [words(stream.peer_addr().unwrap()), words(stream.local_addr().unwrap())];
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        // Its address, ours, the state "established", and octets to be sent and to be read.
        let words: Vec<&str> = line.split_whitespace().collect();
        words[1].ends_with(&ends[0])
            && words[2].ends_with(&ends[1])
            && words[3..5] == ["01", "00000000:00000000"]
    })
}

#[test]
fn it_tells_systemd_when_it_is_ready() {
    let scene = Scene::new("");
    let path = scene.path("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(crate::scene::PATIENCE)).unwrap();
    let mut command = scene.ocoboard(&[]);
    command.env("NOTIFY_SOCKET", &path);
    let board = Running::spawn(command);
    let hear = || {
        let mut octets = [0; 512];
        let count = socket.recv(&mut octets).unwrap();
        String::from_utf8_lossy(&octets[..count]).into_owned()
    };
    assert!(hear().contains("READY=1"));
    board.signal("HUP");
    assert!(hear().contains("RELOADING=1"));
    assert!(hear().contains("READY=1"));
    board.signal("TERM");
    wait_for("the end", || hear().contains("STOPPING=1").then_some(()));
}
