//! Section 5 of the contract: command line, file, signals, log.

use crate::scene::{Scene, wait_for};
use crate::server::{Ocod, answer, ask, connect, read_line};
use nix::errno::Errno;
use oco::system::words::words;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Output;
use std::time::Duration;

/// Runs ocod to its end, which it has to reach by itself.
fn run(scene: &Scene, arguments: &[&str]) -> Output {
    scene.ocod(arguments).output().expect("run ocod")
}

/// Each C library has its own words, and both programs here have the same one.
fn words_of(errno: Errno) -> String {
    words(&std::io::Error::from(errno))
}

#[track_caller]
fn assert_refused(output: &Output, status: i32, what: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    let is_one_line = stderr.lines().count() == 1;
    assert!(is_one_line && stderr.starts_with("ocod: ") && stderr.contains(what), "{stderr}");
}

#[test]
fn bad_usage_is_one_line_and_exit_2() {
    let scene = Scene::new();
    let cases: [(&[&str], &str); 8] = [
        (&["-x"], "unexpected argument '-x'"),
        (&["extra"], "unexpected argument 'extra'"),
        (&["-l", "79"], "expected ADDRESS:PORT"),
        (&["-l", "host:79"], "expected ADDRESS:PORT"),
        (&["--max-age", "5"], "expected a duration as 5m"),
        (&["--max-age", "0s"], "more than 0s"),
        (&["-d"], "a value is required"),
        (&["-l", "127.0.0.1:79", "-l", "127.0.0.1:79"], "-l: address 127.0.0.1:79: given twice"),
    ];
    for (arguments, what) in cases {
        assert_refused(&run(&scene, arguments), 2, what);
    }
}

#[test]
fn help_and_version_succeed() {
    let scene = Scene::new();
    let version = run(&scene, &["-V"]);
    assert_eq!(version.stdout, format!("ocod {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
    for flag in ["-h", "--help"] {
        let help = run(&scene, &[flag]);
        assert!(help.status.success());
        let text = String::from_utf8(help.stdout).unwrap();
        for flag in ["-c", "-d", "-l", "--max-age", "-u", "-t", "-V", "-h"] {
            assert!(
                text.contains(&format!("{flag} ")) || text.contains(&format!("{flag},")),
                "{flag}:\n{text}"
            );
        }
    }
}

#[test]
fn a_start_that_fails_is_one_line_and_exit_1() {
    let scene = Scene::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_refused(
        &run(&scene, &["-l", &address]),
        1,
        &format!("listen on {address}: {}", words_of(Errno::EADDRINUSE)),
    );
    assert_refused(&run(&scene, &["-l", "192.0.2.1:7979"]), 1, &words_of(Errno::EADDRNOTAVAIL));
    assert_refused(&run(&scene, &["-u", "no-such-user"]), 1, "user no-such-user: no such user");
    assert_refused(
        &run(&scene, &["-c", "/nowhere/x"]),
        1,
        "/nowhere/x: can't be read: no such file or directory",
    );
    assert_refused(&run(&scene, &["-c", "/etc"]), 1, "/etc: can't be read: is a directory");
    // The file's own is told with its line.
    let ghost = scene.file("ghost.toml", "max-age = \"5m\"\nuser = \"no-such-user\"\n");
    let ghost = ghost.to_str().unwrap();
    let said = format!("{ghost}:2: user: no-such-user: no such user");
    assert_refused(&run(&scene, &["-c", ghost]), 1, &said);
    assert_refused(&run(&scene, &["-t", "-c", ghost]), 1, &said);
    let bad = scene.file("bad.toml", "# comment\nmax-age = \"5m\"\nlisten = 3\n");
    let bad = bad.to_str().unwrap();
    assert_refused(&run(&scene, &["-c", bad]), 1, &format!("{bad}:3: "));
    assert_refused(&run(&scene, &["-t", "-c", bad]), 1, &format!("{bad}:3: "));
    fs::write(bad, b"# fine\nuser = \"caf\xe9\"\n").unwrap();
    assert_refused(&run(&scene, &["-c", bad]), 1, &format!("{bad}:2: not UTF-8"));
    fs::write(bad, "#".repeat(2 * 1024 * 1024)).unwrap();
    assert_refused(
        &run(&scene, &["-c", bad]),
        1,
        &format!("{bad}: too large; expected at most 1048576 octets"),
    );
    let twice = "[[listen]]\naddress = \"127.0.0.1:0\"\nname = \"a\"\n".repeat(2);
    fs::write(bad, twice).unwrap();
    assert_refused(&run(&scene, &["-c", bad]), 1, &format!("{bad}:4: name \"a\": given twice"));
}

/// One line for programs; people at a terminal see what is meant.
#[test]
fn an_error_in_the_file_is_shown_below_its_line_on_a_terminal() {
    let scene = Scene::new();
    let bad = scene.file("bad.toml", "# comment\n[[listen]]\naddress = \t\"::1:79\" # here\n");
    let line = format!(
        "ocod: {}:3: \
         address \"::1:79\": an IPv6 address needs brackets; expected ADDRESS:PORT, as [::1]:79\n",
        bad.display()
    );
    let arguments = ["-t", "-c", bad.to_str().unwrap()];
    assert_eq!(String::from_utf8(run(&scene, &arguments).stderr).unwrap(), line);
    if !crate::scene::have("script") {
        println!("skipped: script is not installed");
        return;
    }
    let command = format!("{} {}", env!("CARGO_BIN_EXE_ocod"), arguments.join(" "));
    let output = std::process::Command::new("script").args(["-qec", &command, "/dev/null"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let excerpt = "    address =  \"::1:79\" # here\n               ^^^^^^^^\n";
    assert_eq!(shown, format!("{line}{excerpt}"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn t_checks_the_configuration_and_exits() {
    let scene = Scene::new();
    let good = scene.file("good.toml", "max-age = \"10m\"\n[checks.backup]\nmax-age = \"25h\"\n");
    let output = run(&scene, &["-t", "-c", good.to_str().unwrap()]);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"ocod: the configuration is good\n");
    assert!(output.stderr.is_empty());
}

#[test]
fn the_directory_is_the_flags_else_the_environments_else_the_files() {
    let scene = Scene::new();
    let directories = ["flag", "environment", "file"].map(|name| scene.path(name));
    for (directory, code) in directories.iter().zip(["210", "220", "230"]) {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("x"), code).unwrap();
    }
    let [flag, environment, file] = directories.map(|path| path.to_str().unwrap().to_owned());
    let config = scene.file("ocod.toml", &format!("dir = {file:?}\n"));
    let arguments = ["-l", "127.0.0.1:0", "-c", config.to_str().unwrap()];
    let start = |variable: Option<&str>, flag: Option<&str>| {
        let mut command = scene.ocod(&arguments);
        command.env_remove("OCO_DIR").envs(variable.map(|value| ("OCO_DIR", value)));
        command.args(flag.map(|value| ["-d", value]).into_iter().flatten());
        Ocod::spawn(command)
    };
    start(None, None).expect("250 OK, but oco 230-x");
    start(Some(""), None).expect("250 OK, but oco 230-x");
    start(Some(&environment), None).expect("250 OK, but oco 220-x");
    start(Some(&environment), Some(&flag)).expect("250 OK, but oco 210-x");
}

#[test]
fn sigterm_and_sigint_end_it_with_0() {
    for signal in ["TERM", "INT"] {
        let scene = Scene::new();
        let mut ocod = Ocod::start(&scene);
        // A client that lingers holds it up for a second at the most.
        let mut lingerer = connect(ocod.address());
        read_line(&mut lingerer);
        ocod.signal(signal);
        assert_eq!(ocod.wait().code(), Some(0));
        assert!(TcpStream::connect(ocod.address()).is_err());
    }
}

/// Nobody who was connected before the stop goes without a line, and the port can be had again at once.
#[test]
fn a_restart_loses_no_connection_and_gets_the_same_port() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let mut ocod = Ocod::start(&scene);
    let address = ocod.address();
    for _ in 0..10 {
        ocod.signal("STOP");
        let mut waiting: Vec<TcpStream> = (0..300).map(|_| connect(address)).collect();
        ocod.signal("TERM");
        ocod.signal("CONT");
        for stream in &mut waiting {
            assert_eq!(read_line(stream), answer("200 OK oco"));
        }
        drop(waiting);
        assert_eq!(ocod.wait().code(), Some(0));
        ocod = Ocod::start_with(&scene, &["-l", &address.to_string()]);
        ocod.expect("200 OK oco");
    }
}

#[test]
fn sigkill_and_restart_gets_the_same_port() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    let address = ocod.address();
    let _lingerers: Vec<TcpStream> = (0..50).map(|_| connect(address)).collect();
    drop(ocod);
    Ocod::start_with(&scene, &["-l", &address.to_string()]).expect("200 OK oco");
}

#[test]
fn sigusr1_logs_every_check() {
    let scene = Scene::new();
    scene.check("http", "200 all fine\n");
    scene.check("disk", "210-91% full\n");
    let ocod = Ocod::start(&scene);
    ocod.signal("USR1");
    ocod.wait_for_log("2 checks in ");
    for (check, text) in [("info: 200 http ", "old of 5m all fine"), ("info: 210 disk ", " 91% full")] {
        let log = ocod.wait_for_log(check);
        assert!(log.contains(text), "{log}");
    }
}

#[test]
fn the_log_tells_changes_once_and_no_connections() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    for _ in 0..10 {
        scene.check("http", "200 still fine\n");
        ocod.expect("200 OK oco");
    }
    scene.check("http", "300 no answer\n");
    // Nobody asks.
    ocod.wait_for_log("http: 200 -> 300 (no answer)");
    ocod.wait_for_log(&format!("350 KO {} 300-http (was 200 OK)", oco::logic::answer::PROGRAM));
    fs::remove_file(scene.status().join("http")).unwrap();
    let log = ocod.wait_for_log("http: 300 -> none (removed)");
    assert_eq!(log.matches("http: ").count(), 2, "{log}");
    assert!(!log.contains("connected"), "{log}");
}

/// A configuration that the test changes, and a daemon that reads it.
struct Reloading {
    scene: Scene,
    config: std::path::PathBuf,
    ocod: Ocod,
}

impl Reloading {
    fn start(config: &str) -> Reloading {
        let scene = Scene::new();
        scene.check("http", "200\n");
        let path = scene.file("ocod.toml", config);
        let ocod = Ocod::start_with(&scene, &["-c", path.to_str().unwrap()]);
        Reloading { scene, config: path, ocod }
    }

    fn reload(&self, config: &str, expected: &str) {
        let count = |log: &str| log.matches(expected).count();
        let before = count(&self.ocod.log());
        fs::write(&self.config, config).unwrap();
        self.ocod.signal("HUP");
        wait_for(expected, || (count(&self.ocod.log()) > before).then_some(()));
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn sighup_applies_the_file() {
    let port = free_port();
    let listen = format!("[[listen]]\naddress = \"127.0.0.1:{port}\"\n");
    let test = Reloading::start(&listen);
    test.ocod.expect("200 OK oco");
    test.reload(&format!("{listen}[checks.raid]\nrequired = true\n"), "info: reloaded");
    test.ocod.expect("350 KO oco 300-raid");
    test.ocod.wait_for_log("raid: none -> 300 (required, but there is no file)");
    test.reload(&format!("{listen}checks = [\"php\"]\n"), "info: reloaded");
    test.ocod.expect("350 KO oco 300-oco");
    test.reload(&format!("max-age = \"1ms\"\n{listen}"), "info: reloaded");
    test.ocod.expect("350 KO oco 300-http");
    test.reload(&format!("empty = \"ok\"\n{listen}checks = [\"php\"]\n"), "info: reloaded");
    test.ocod.expect("200 OK oco");
    test.reload(&listen, "info: reloaded");
    test.ocod.expect("200 OK oco");
    let other = test.scene.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("x"), "500\n").unwrap();
    // The environment beats the file's directory, here as at the start.
    test.reload(&format!("dir = {other:?}\n{listen}"), "info: reloaded");
    test.ocod.expect("200 OK oco");
    // What runs counts, not what the last file said.
    let (user, warning) = (format!("user = \"nobody\"\n{listen}"), "it can't be changed while running");
    test.reload(&user, warning);
    test.reload(&user, warning);
    test.reload(&listen, "info: reloaded");
    assert_eq!(test.ocod.log().matches(warning).count(), 2, "{}", test.ocod.log());
}

#[test]
fn a_bad_file_or_port_is_refused_and_the_running_one_stays() {
    let port = free_port();
    let listen = format!("[[listen]]\naddress = \"127.0.0.1:{port}\"\n");
    let test = Reloading::start(&listen);
    test.reload("nonsense = 1\n", "error: reload refused");
    test.ocod.expect("200 OK oco");
    let _taken = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let wanted = format!("[[listen]]\naddress = \"127.0.0.2:{port}\"\n");
    test.reload(&wanted, "error: reload refused");
    test.ocod.expect("200 OK oco");
    test.ocod.wait_for_log(&words_of(Errno::EADDRINUSE));
}

/// The file's folder is known at the start, and a link may lead to another one later.
#[test]
fn a_file_that_may_not_be_read_since_the_start_needs_a_restart() {
    let test = Reloading::start("[[listen]]\naddress = \"127.0.0.1:0\"\n");
    if test.ocod.log().contains("Landlock") {
        println!("skipped: this kernel has no Landlock: {}", test.ocod.log());
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("ocod.toml");
    fs::rename(&test.config, &file).or_else(|_| fs::copy(&test.config, &file).map(|_| ())).unwrap();
    let _ = fs::remove_file(&test.config);
    std::os::unix::fs::symlink(&file, &test.config).unwrap();
    test.ocod.signal("HUP");
    test.ocod.wait_for_log("ocod.toml: can't be read: permission denied; that needs a restart");
    test.ocod.expect("200 OK oco");
}

/// A further address, then a further port: that one may not be bound any more where Landlock keeps it.
#[test]
fn sighup_adds_listeners_or_says_that_it_needs_a_restart() {
    let port = free_port();
    let listen = format!("[[listen]]\naddress = \"127.0.0.1:{port}\"\n");
    let test = Reloading::start(&listen);
    let both = format!("{listen}[[listen]]\naddress = \"127.0.0.2:{port}\"\n");
    test.reload(&both, "info: reloaded");
    let second: SocketAddr = ([127, 0, 0, 2], port).into();
    assert_eq!(ask(second), answer("200 OK oco"));
    test.ocod.expect("200 OK oco");
    test.reload(&listen, "info: reloaded");
    assert!(TcpStream::connect(second).is_err());
    let third = free_port();
    let other = format!("{listen}[[listen]]\naddress = \"127.0.0.1:{third}\"\n");
    fs::write(&test.config, other).unwrap();
    test.ocod.signal("HUP");
    wait_for("the reload's end", || {
        let log = test.ocod.log();
        let is_bound = log.contains(&format!("listening on 127.0.0.1:{third}"));
        let is_refused =
            log.contains(&format!("listen on 127.0.0.1:{third}: permission denied; that needs a restart"));
        (is_bound || is_refused).then_some(())
    });
    test.ocod.expect("200 OK oco");
}

/// A listener in the way of its own successor: 127.0.0.1 becomes the wildcard, and dual stack becomes two.
#[test]
fn sighup_changes_a_port_that_is_in_its_own_way() {
    let port = free_port();
    let at = |address: &str| format!("[[listen]]\naddress = \"{address}:{port}\"\n");
    let test = Reloading::start(&at("127.0.0.1"));
    for config in [at("0.0.0.0"), at("[::]"), at("[::]") + &at("0.0.0.0"), at("[::]"), at("127.0.0.1")] {
        test.reload(&config, "info: reloaded");
        test.ocod.expect("200 OK oco");
    }
    // One that fails leaves the port as it was.
    let bad = at("0.0.0.0") + &at("192.0.2.1");
    test.reload(&bad, "error: reload refused");
    test.ocod.expect("200 OK oco");
}

#[test]
fn max_age_of_the_flag_beats_the_file() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let config = scene.file("ocod.toml", "max-age = \"1ms\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap(), "--max-age", "1h"]);
    ocod.expect("200 OK oco");
    // -l replaces every [[listen]].
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap(), "-l", "127.0.0.2:0"]);
    assert_eq!(ocod.addresses.len(), 1);
    assert!(ocod.address().ip().to_string() == "127.0.0.2");
}

/// At rest nothing wakes it up. The bench counts for longer; this sees a spin.
#[test]
fn at_rest_it_sleeps() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    let switches = || {
        let status = fs::read_to_string(format!("/proc/{}/status", ocod.pid())).unwrap();
        let count = |line: &str| line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
        status.lines().filter(|line| line.contains("ctxt_switches")).filter_map(count).sum::<u64>()
    };
    // First the last client has to be closed.
    let mut known = switches();
    wait_for("a quiet second", || {
        std::thread::sleep(Duration::from_secs(1));
        let now = switches();
        let quiet = now == known;
        known = now;
        quiet.then_some(())
    });
}

/// systemd's own tool binds the port, and starts ocod with the first connection.
#[test]
fn sockets_that_systemd_passes_are_the_listeners() {
    if !crate::scene::have("systemd-socket-activate") {
        println!("skipped: systemd-socket-activate is not installed");
        return;
    }
    let scene = Scene::new();
    scene.check("http", "200\n");
    scene.check("disk", "210\n");
    // Its address is not bound, which could not be: the settings are taken by name.
    let config = scene
        .file("ocod.toml", "[[listen]]\naddress = \"192.0.2.1:79\"\nname = \"web\"\nchecks = [\"http\"]\n");
    let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let mut command = std::process::Command::new("systemd-socket-activate");
    command.args([
        "-l",
        &address.to_string(),
        "--fdname=web",
        "-E",
        "OCO_DIR",
        env!("CARGO_BIN_EXE_ocod"),
        "-c",
    ]);
    command.arg(&config).env("OCO_DIR", scene.status()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("start systemd-socket-activate");
    wait_for("the port", || TcpStream::connect(address).ok());
    for _ in 0..10 {
        assert_eq!(ask(address), answer("200 OK oco"));
    }
    // A reload keeps the socket.
    fs::write(&config, "[[listen]]\naddress = \"192.0.2.1:79\"\nname = \"web\"\nchecks = [\"disk\"]\n")
        .unwrap();
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    wait_for("the reload", || (ask(address) == answer("250 OK, but oco 210-disk")).then_some(()));
    child.kill().expect("end ocod");
    child.wait().expect("reap ocod");
}

/// The default listener on a kernel without IPv6, as strace makes one.
#[test]
fn the_default_listener_does_without_ipv6() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let can_trace = std::process::Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !can_trace.is_ok_and(|status| status.success()) {
        println!("skipped: strace is missing or may not trace here");
        return;
    }
    if let Err(error) = TcpListener::bind("0.0.0.0:79") {
        println!("skipped: port 79 can't be had: {error}");
        return;
    }
    let config = scene.file("ocod.toml", "");
    let mut command = std::process::Command::new("strace");
    command.args(["-D", "-qq", "-o", "/dev/null", "-e", "inject=socket:error=EAFNOSUPPORT:when=1"]);
    command.args([env!("CARGO_BIN_EXE_ocod"), "-c"]).arg(config).arg("-d").arg(scene.status());
    let ocod = Ocod::spawn(command);
    assert_eq!(ocod.addresses, ["0.0.0.0:79".parse().unwrap()]);
    let local: SocketAddr = ([127, 0, 0, 1], 79).into();
    assert_eq!(ask(local), answer("200 OK oco"));
    ocod.signal("HUP");
    ocod.wait_for_log("info: reloaded");
    assert_eq!(ask(local), answer("200 OK oco"));
}
