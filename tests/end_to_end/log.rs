//! The log: who does not read it delays nobody, and nothing in it can be obeyed by a terminal.

use crate::scene::{Scene, wait_for};
use crate::server::{Ocod, answer, ask};
use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, tcflow};
use std::fs::{self, File};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Checks that change, and how often each does: less than what the log takes of one check.
const CHECKS: usize = 250;
const CHANGES: usize = 8;
/// Long enough that no buffer holds all of them.
const TEXT_OCTETS: usize = 3900;
/// Nobody waits for the log: whatever is asked of ocod takes no longer than this on a slow machine.
const PROMPTLY: Duration = Duration::from_secs(5);

/// An ocod whose standard error somebody holds and does not read.
struct Unread {
    child: Child,
    address: SocketAddr,
}

impl Unread {
    fn start(mut command: Command, stderr: OwnedFd) -> Unread {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("find a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        command.args(["-c", "/dev/null", "-l", &address.to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        let unread = Unread { child: child.expect("start ocod"), address };
        wait_for("ocod to listen", || std::net::TcpStream::connect(address).ok());
        // With an answer it has seen what is there at the start, which is no change.
        ask(address);
        unread
    }

    /// Lets every check change so often, and asks all the while.
    fn make_it_talk(&self, scene: &Scene, changes: usize) {
        let text = "x".repeat(TEXT_OCTETS);
        for change in 0..changes {
            let code = if change % 2 == 0 { "300" } else { "200" };
            for check in 0..CHECKS {
                scene.check(&format!("check{check}"), &format!("{code} {text}\n"));
            }
            let begin = Instant::now();
            let answer = ask(self.address);
            assert!(begin.elapsed() < PROMPTLY, "an answer took {:?}", begin.elapsed());
            assert!(answer.starts_with(if code == "300" { "350 KO " } else { "200 OK " }), "{answer}");
        }
    }

    /// Asserts that it sleeps though lines wait.
    fn expect_rest(&self) {
        let switches = || {
            let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
            let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
            lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>()
        };
        let mut known = switches();
        wait_for("a quiet second", || {
            std::thread::sleep(Duration::from_secs(1));
            let now = switches();
            (std::mem::replace(&mut known, now) == now).then_some(())
        });
    }

    /// Tells it to end, which it has to do in time and as a success.
    fn stop(&mut self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(status.expect("run kill").success());
        let begin = Instant::now();
        let exit = wait_for("ocod to end", || self.child.try_wait().expect("wait for ocod"));
        assert!(exit.success() && begin.elapsed() < PROMPTLY, "{exit} after {:?}", begin.elapsed());
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Begins to read.
fn reader(mut source: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&kept);
    std::thread::spawn(move || {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = source.read(&mut octets) {
            log.lock().expect("nobody panics with the lock").extend_from_slice(&octets[..count]);
        }
    });
    kept
}

/// Plays it with one kind of standard error: `make` gives ocod's end and the reader's, and `wake` makes whatever was
/// stopped go on.
fn nobody_reads(
    program: impl Fn(&Scene) -> Command,
    make: impl Fn() -> (OwnedFd, File),
    wake: impl Fn(&OwnedFd),
) {
    let scene = Scene::new();
    for check in 0..CHECKS {
        scene.check(&format!("check{check}"), "200\n");
    }
    let (writer, source) = make();
    let ocod = Unread::start(program(&scene), writer.try_clone().expect("a second one"));
    ocod.make_it_talk(&scene, CHANGES);
    ocod.expect_rest();
    assert!(!fcntl_getfl(&writer).expect("its flags").contains(OFlags::NONBLOCK), "it is not ours alone");
    wake(&writer);
    let log = reader(source);
    let text = || String::from_utf8(log.lock().unwrap().clone()).expect("whole characters");
    wait_for("the number of lost lines", || text().contains(" lines lost").then_some(()));
    let gap = text();
    let mut logged = 0;
    for line in gap.lines() {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert!(humantime::parse_rfc3339(time).is_ok(), "no whole line: {line:?}");
        logged += usize::from(rest.contains("info: check"));
    }
    let lost = gap.lines().find_map(|line| line.strip_suffix(" lines lost")?.rsplit_once(' '));
    let lost: usize = lost.unwrap().1.parse().unwrap();
    assert_eq!(logged + lost, CHECKS * CHANGES, "each change is logged or counted");
    let verdicts = gap.matches(" (was 200 OK)").count();
    assert_eq!(verdicts, CHANGES / 2, "no change of the verdict is lost");
    // What comes then is logged as ever.
    scene.check("later", "300 seen\n");
    ask(ocod.address);
    wait_for("the log to go on", || text().contains("later: none -> 300 (seen)").then_some(()));
    drop(ocod);
    fs::remove_file(scene.status().join("later")).unwrap();
    // And the end.
    let (writer, source) = make();
    let mut ocod = Unread::start(program(&scene), writer);
    ocod.make_it_talk(&scene, 1);
    ocod.stop();
    drop(source);
}

fn ocod(scene: &Scene) -> Command {
    scene.ocod(&[])
}

/// Started by root as somebody who may open nothing of root's.
fn ocod_as_nobody(scene: &Scene) -> Command {
    let nobody = nix::unistd::User::from_name("nobody").unwrap().expect("a user nobody");
    fs::set_permissions(scene.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let program = scene.path("ocod");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_ocod"), &program).unwrap();
    }
    let mut command = Command::new(program);
    command.env_remove("RUST_LOG").env("OCO_DIR", scene.status());
    command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
    command
}

fn pipe() -> (OwnedFd, File) {
    let (source, writer) = std::io::pipe().expect("make a pipe");
    (writer.into(), OwnedFd::from(source).into())
}

#[test]
fn a_pipe_that_nobody_reads_delays_nothing() {
    nobody_reads(ocod, pipe, |_| {});
}

/// As daemontools and runit start it: the pipe is root's.
#[test]
fn a_pipe_of_another_user_that_nobody_reads_delays_nothing() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make a pipe for another user");
        return;
    }
    nobody_reads(ocod_as_nobody, pipe, |_| {});
}

/// As the journal's, which may be behind.
#[test]
fn a_socket_that_nobody_reads_delays_nothing() {
    let make = || {
        let (source, writer) = UnixStream::pair().expect("make a pair of sockets");
        (writer.into(), OwnedFd::from(source).into())
    };
    nobody_reads(ocod, make, |_| {});
}

/// A terminal, in which somebody pressed ^S.
fn stopped_terminal() -> (OwnedFd, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("make a terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("unlock it");
    let name = ptsname(&master, Vec::new()).expect("its name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let writer = rustix::fs::open(&name, flags, Mode::empty()).expect("open the terminal");
    tcflow(&writer, Action::OOff).expect("stop it");
    (writer, master.into())
}

fn go_on(terminal: &OwnedFd) {
    tcflow(terminal, Action::OOn).expect("let it go on");
}

#[test]
fn a_terminal_that_is_stopped_delays_nothing() {
    nobody_reads(ocod, stopped_terminal, go_on);
}

/// As after su(1): the terminal is root's.
#[test]
fn a_terminal_of_another_user_that_is_stopped_delays_nothing() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make a terminal for another user");
        return;
    }
    nobody_reads(ocod_as_nobody, stopped_terminal, go_on);
}

/// What goes by in a minute that a check flaps in: some lines, and each change of the verdict.
#[test]
fn a_check_that_flaps_does_not_fill_the_log() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    for _ in 0..20 {
        scene.check("http", "300\n");
        ocod.expect("350 KO oco 300-http");
        scene.check("http", "200\n");
        ocod.expect("200 OK oco");
    }
    scene.check("load", "300\n");
    ocod.expect("350 KO oco 300-load");
    ocod.wait_for_log("load: none -> 300");
    let log = ocod.wait_for_log("300-load (was 200 OK)");
    assert_eq!(log.matches("info: http: ").count(), 10, "{log}");
    assert_eq!(log.matches(" (was 200 OK)").count(), 21, "{log}");
    assert_eq!(log.matches(" (was 350 KO)").count(), 20, "{log}");
}

/// What no log and no terminal may be given: it would be obeyed.
const EVIL: &str = "\u{1b}[31m\u{9b}2J\r\u{7}\u{202e}x\ny";

#[track_caller]
fn assert_harmless(output: &[u8]) {
    let text =
        std::str::from_utf8(output).unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(output)));
    assert!(!text.is_empty(), "nothing was said");
    let is_evil = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(is_evil), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with('y')), "a line was begun: {text:?}");
}

#[test]
fn control_characters_of_ocod_never_reach_the_log() {
    let scene = Scene::new();
    let key: String = EVIL.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let bad = format!("\"{key}\" = 1\n");
    let config = scene.file("bad.toml", &bad);
    let output = scene.ocod(&["-c"]).arg(config).output().expect("run ocod");
    assert_eq!(output.status.code(), Some(1));
    assert_harmless(&output.stderr);
    for arguments in
        [["-u", EVIL], ["-d", EVIL], ["-l", EVIL], ["--max-age", EVIL], ["-c", EVIL], ["--", EVIL]]
    {
        // Of these one is a directory that is not there, which is no reason to end.
        let arguments = [&arguments[..], &["-t"]].concat();
        let output =
            scene.ocod(&arguments).env("RUST_LOG", format!("{EVIL}=1=2")).output().expect("run ocod");
        assert_harmless(&output.stderr);
    }
    let config = scene.file("ocod.toml", "[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let evil = scene.path(EVIL);
    fs::create_dir(&evil).unwrap();
    fs::write(evil.join("text"), format!("200 {}\n", EVIL.replace('\n', " "))).unwrap();
    fs::write(evil.join(EVIL), "200\n").unwrap();
    let mut command = scene.ocod(&["-c"]);
    let ocod = Ocod::spawn({
        command.arg(&config).env("OCO_DIR", &evil);
        command
    });
    fs::write(&config, &bad).unwrap();
    ocod.signal("HUP");
    ocod.wait_for_log("reload refused");
    ocod.signal("USR1");
    fs::write(evil.join("text"), format!("300 {}\n", EVIL.replace('\n', " "))).unwrap();
    assert_eq!(ocod.ask(), answer("350 KO oco 300-text"));
    ocod.wait_for_log("text: 200 -> 300");
    fs::remove_dir_all(&evil).unwrap();
    ocod.ask();
    ocod.wait_for_log("answering 300-oco");
    ocod.wait_for_log("not a check");
    assert_harmless(ocod.log().as_bytes());
}

#[test]
fn control_characters_of_oco_never_reach_the_terminal() {
    let scene = Scene::new();
    let of = |arguments: &[&str]| scene.oco(arguments).env("RUST_LOG", "debug").output().expect("run oco");
    let folder = scene.path(EVIL);
    fs::create_dir(&folder).unwrap();
    let nrpe = folder.join("nrpe.cfg");
    let include = format!("include={EVIL}\ncommand[{EVIL}]=/bin/true\n").replace("\ny", "y");
    fs::write(&nrpe, include + "command[good]=/bin/true\ncommand[odd]=/bin/true $ARG1$\n").unwrap();
    let parts = folder.join("parts");
    fs::create_dir(&parts).unwrap();
    fs::write(parts.join(EVIL), "#!/bin/sh\n").unwrap();
    fs::set_permissions(parts.join(EVIL), fs::Permissions::from_mode(0o755)).unwrap();
    let utf8 = |path: &std::path::Path| std::str::from_utf8(path.as_os_str().as_bytes()).unwrap().to_owned();
    let (folder, nrpe, parts) = (utf8(&folder), utf8(&nrpe), utf8(&parts));
    let imported = format!("{folder}/made");
    fs::create_dir(&imported).unwrap();
    let cases: [&[&str]; 12] = [
        &[EVIL],
        &["set", EVIL, "200"],
        &["set", "x", EVIL],
        &["-c", EVIL, "status"],
        &["-d", EVIL, "set", "x", "200"],
        &["-d", EVIL, "clear", "x"],
        &["-d", &folder, "status"],
        &["status", EVIL],
        &["run", "-v", "x", "--", EVIL],
        &["run-parts", &parts],
        &["run-parts", EVIL],
        &["import-nrpe", &nrpe, EVIL],
    ];
    for case in cases {
        let output = of(case);
        println!("{case:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_harmless(&[&output.stderr[..], &output.stdout].concat());
    }
    for _ in 0..2 {
        let output = of(&["import-nrpe", &nrpe, &imported]);
        assert!(fs::exists(format!("{imported}/good")).unwrap());
        assert_harmless(&output.stdout);
        assert_harmless(&output.stderr);
    }
    assert_harmless(&of(&["-d", &folder, "run", "-v", "x", "--", "printf", EVIL]).stdout);
}

/// A shell inside of a service has the variable too, and its standard error is not the journal.
#[test]
fn times_are_left_out_only_where_the_journal_adds_them() {
    let scene = Scene::new();
    let first_line = |variable: &dyn Fn(&File) -> String| {
        let path = scene.path("log");
        let log = File::create(&path).unwrap();
        let mut command = scene.ocod(&["-d", "/nowhere", "-l", "127.0.0.1:0"]);
        let mut ocod = command.env("JOURNAL_STREAM", variable(&log)).stderr(log).spawn().expect("run ocod");
        let line = wait_for("a line", || {
            let text = fs::read_to_string(&path).unwrap();
            text.split_once('\n').map(|(line, _)| line.to_owned())
        });
        ocod.kill().unwrap();
        ocod.wait().unwrap();
        line
    };
    let of = |log: &File| log.metadata().map(|metadata| (metadata.dev(), metadata.ino())).unwrap();
    let right = first_line(&|log| format!("{}:{}", of(log).0, of(log).1));
    assert!(right.starts_with("info: "), "{right}");
    for wrong in [
        first_line(&|log| format!("{}:{}", of(log).0, of(log).1 + 1)),
        first_line(&|log| format!("{}:{}", of(log).0 + 1, of(log).1)),
        first_line(&|_| String::new()),
        first_line(&|_| "1".to_owned()),
    ] {
        let (time, rest) = wrong.split_once(' ').expect("a time");
        assert!(humantime::parse_rfc3339(time).is_ok() && rest.starts_with("info: "), "{wrong}");
    }
}

/// Nothing is wrong with the directory, so the log says what is.
#[test]
fn no_check_at_all_is_a_reason_in_the_log() {
    let scene = Scene::new();
    let config = "[[listen]]\naddress = \"127.0.0.1:0\"\n\
                  [[listen]]\naddress = \"127.0.0.2:0\"\nchecks = [\"db-*\"]\n";
    let config = scene.file("ocod.toml", config);
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    let of_all = format!("error: directory {}: no checks in it: answering 300-oco", scene.status().display());
    let of_some = "error: 127.0.0.2:0: none of its checks is there: answering 300-oco";
    ocod.wait_for_log(&of_all);
    ocod.wait_for_log(of_some);
    for _ in 0..2 {
        scene.check("http", "300\n");
        ocod.expect("350 KO oco 300-http");
        fs::remove_file(scene.status().join("http")).unwrap();
        ocod.expect("350 KO oco 300-oco");
    }
    scene.check("last", "200\n");
    let log = ocod.wait_for_log("info: last: none -> 200");
    assert_eq!((log.matches(&of_all).count(), log.matches(of_some).count()), (3, 1), "{log}");
}
