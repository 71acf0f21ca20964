//! OverC's own client, as it is installed in the field: 1.0.2 for single commands, 1.0.9.post1 for `monitor` (those between
//! cannot run the commands at all). It is fetched once into the build's directory; without a network, or without Python 2.7,
//! these tests say so and do nothing.

use crate::board::Board;
use crate::scene::{Scene, parts, wait_for};
use crate::watcher::{Running, watch};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A version of the client that can be run.
struct Client {
    python: PathBuf,
    packages: PathBuf,
}

impl Client {
    /// The client of this version, or why there is none.
    fn of(version: &str) -> Result<Client, String> {
        let python = python().ok_or("no Python 2.7")?;
        let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("overc-{version}"));
        if !packages.join("overcli").exists() {
            let fetched = Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--target",
                ])
                .arg(&packages)
                .arg(format!("overc=={version}"))
                .output()
                .map_err(|error| error.to_string())?;
            if !fetched.status.success() {
                return Err(format!(
                    "overc {version} can't be fetched: {}",
                    String::from_utf8_lossy(&fetched.stderr)
                ));
            }
        }
        Ok(Client { python, packages })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.env("PYTHONPATH", &self.packages).env("PYTHONIOENCODING", "utf-8");
        command.args(["-c", "from overcli import main; main()"]).args(arguments);
        command
    }
}

/// A Python 2.7 that runs.
fn python() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let installed = std::fs::read_dir(home.join(".pyenv/versions")).into_iter().flatten().flatten();
    let mut candidates = vec![PathBuf::from("python2.7"), PathBuf::from("python2")];
    candidates.extend(installed.map(|version| version.path().join("bin/python2.7")));
    candidates.into_iter().find(|python| {
        let said = Command::new(python).arg("--version").output();
        said.is_ok_and(|said| said.status.success() && said.stderr.starts_with(b"Python 2.7"))
    })
}

#[test]
fn the_commands_of_the_real_client_work() {
    let client = match Client::of("1.0.2.post0") {
        Ok(client) => client,
        Err(why) => return println!("skipped: the commands of overcli: {why}"),
    };
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let url = format!("http://{}/", board.address);
    let run = |arguments: &[&str]| {
        let mut all = vec!["-s", &url, "-i", "localhost:12:34"];
        all.extend(arguments);
        parts(&client.command(&all).output().unwrap())
    };
    for (arguments, shown) in [
        (&["ping"][..], None),
        (&["service-status", "60", "app", "OK", "Runs fine"], Some((200, "Runs fine"))),
        (&["service-status", "60", "app", "ERR"], Some((300, ""))),
        (&["service-status", "60", "app", "WARN", "Всё"], Some((210, "Всё"))),
        (&["alert", "Something bad has happened"], None),
        (&["alert", "--service", "app", "Something bad has happened"], None),
    ] {
        let (status, said, complaint) = run(arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {said}{complaint}");
        if let Some((code, reason)) = shown {
            assert_eq!(scene.shown("push/app/localhost"), (code, reason.to_owned()), "{arguments:?}");
        }
    }
    let (status, _, complaint) =
        parts(&client.command(&["-s", &url, "-i", "localhost:other", "ping"]).output().unwrap());
    assert_eq!((status, complaint.contains("403")), (Some(1), true), "{complaint}");
}

#[test]
fn the_monitor_of_the_real_client_works() {
    let client = match Client::of("1.0.9.post1") {
        Ok(client) => client,
        Err(why) => return println!("skipped: the monitor of overcli: {why}"),
    };
    let scene = Scene::new("");
    let _watcher = watch(&scene);
    let board = Board::start(&scene);
    let program = |name: &str, script: &str| {
        let path = scene.path(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("fine", "#!/bin/sh\necho 'OK - load 0.1|load1=0.10;5;10;0'\necho second line\n");
    program("bad", "#!/bin/sh\necho 'CRITICAL - y'\nexit 2\n");
    // One octet that is no ASCII makes the client post empty lists for ever, some 90 a second.
    program("wild", "#!/bin/sh\necho 'gr\u{fc}n'\n");
    let file = |services: &[&str]| {
        let mut text =
            format!("[overc]\nserver=http://{}/\nmy-name=a.example.com\nmy-key=1234\n", board.address);
        for name in services {
            text.push_str(&format!("[service:{name}]\nperiod=1\ncommand=./{name}\n"));
        }
        let path = scene.path("overcli.ini");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let path = file(&["fine", "bad", "missing"]);
    let monitor = Running::spawn(client.command(&["monitor", &path]));
    wait_for(&format!("the services; {}", monitor.log()), || {
        let codes = ["fine", "bad", "missing"]
            .map(|name| scene.target(&format!("push/{name}/a.example.com"))?["code"].as_u64());
        (codes == [Some(200), Some(300), Some(310)]).then_some(())
    });
    assert_eq!(scene.shown("push/fine/a.example.com").1, "OK - load 0.1");
    drop(monitor);
    let path = file(&["wild", "fine"]);
    let mut monitor = Running::spawn(client.command(&["monitor", &path]));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(monitor.has_ended().is_none(), "{}", monitor.log());
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", board.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    std::thread::sleep(std::time::Duration::from_secs(5));
    // A hundredth of a second each. What it costs in truth is measured by scripts/bench, on a machine that is quiet.
    let used = ticks() - before;
    println!("a wild client costs {used} of 500 ticks");
    assert!(used <= 100, "{used} ticks");
}
