//! Many files: too many, many that go at once, many listeners, and a long dump.

use crate::process::ticks;
use crate::scene::{Scene, wait_at_most, wait_for};
use crate::server::{Ocod, answer, ask};
use oco::limits::CHECKS;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn make_files(scene: &Scene, count: usize) {
    for number in 0..count {
        File::create(scene.status().join(format!("file{number}"))).unwrap();
    }
}

fn remove_files(scene: &Scene, count: usize) {
    for number in 0..count {
        fs::remove_file(scene.status().join(format!("file{number}"))).unwrap();
    }
}

/// A script that makes up names must not cost a core, nor make clients wait.
#[test]
fn too_many_files_cost_nothing_once_they_are_known() {
    let scene = Scene::of_many_files();
    scene.check("http", "210\n");
    make_files(&scene, CHECKS + 500);
    let ocod = Ocod::start(&scene);
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("more than 100000 files: answering 300-oco until that changes");
    // It is tried again and again, and each time twice as late.
    let mut known = ticks(ocod.pid());
    wait_at_most(Duration::from_secs(150), "four seconds without work", || {
        std::thread::sleep(Duration::from_secs(4));
        let now = ticks(ocod.pid());
        (now - std::mem::replace(&mut known, now) <= 1).then_some(())
    });
    // Nobody who asks has it read.
    let before = ticks(ocod.pid());
    for _ in 0..200 {
        ocod.expect("350 KO oco 300-oco");
    }
    let ran = ticks(ocod.pid()) - before;
    assert!(ran < 100, "200 answers took {ran} ticks");
    remove_files(&scene, CHECKS + 500);
    wait_for("the directory to be read", || {
        (ask(ocod.address()) == answer("250 OK, but oco 210-http")).then_some(())
    });
    let log = ocod.wait_for_log("it is back");
    assert_eq!(log.matches("more than 100000 files").count(), 1, "{log}");
    assert_eq!(log.matches("it is back").count(), 1, "{log}");
}

/// What goes at once is not told one by one in front of a client.
#[test]
fn many_files_that_are_removed_at_once_keep_nobody_waiting() {
    const FILES: usize = 50_000;
    let scene = Scene::of_many_files();
    scene.check("http", "200\n");
    for number in 0..FILES {
        scene.check(&format!("file{number}"), "200\n");
    }
    let ocod = Ocod::start(&scene);
    wait_for("all to be read", || (ask(ocod.address()) == answer("200 OK oco")).then_some(()));
    ocod.signal("STOP");
    remove_files(&scene, FILES);
    scene.check("http", "300\n");
    ocod.signal("CONT");
    ocod.expect("350 KO oco 300-http");
    // Not before each of them is logged.
    let told = ocod.log().matches("(removed)").count();
    assert!(told < FILES / 2, "an answer came behind {told} lines");
    for (code, line) in
        [("210", "250 OK, but oco 210-http"), ("500", "550 KO oco 500-http"), ("300", "350 KO oco 300-http")]
    {
        scene.check("http", code);
        ocod.expect(line);
    }
    wait_for("the whole log", || (ocod.log().matches("(removed)").count() == FILES).then_some(()));
}

/// What a change costs does not grow with the files and the listeners that it does not concern.
#[test]
fn one_change_among_many_files_and_listeners_costs_little_and_is_told_right() {
    const LISTENERS: usize = 30;
    const FILES: usize = 3_000;
    const CHANGES: usize = 60;
    let scene = Scene::of_many_files();
    for number in 0..FILES {
        scene.check(&format!("g{}-{number}", number % LISTENERS), "200\n");
    }
    let listeners: Vec<String> =
        (0..LISTENERS).map(|number| format!("checks = [\"g{number}-*\", \"all\"]")).collect();
    let listeners: Vec<&str> = listeners.iter().map(String::as_str).collect();
    let ocod = crate::faces::start(&scene, &listeners);
    let expect = |troubled: usize, list: &str| {
        for (number, address) in ocod.addresses.iter().enumerate() {
            let line = if number == troubled || troubled >= LISTENERS { list } else { "200 OK oco" };
            assert_eq!(ask(*address), answer(line), "listener {number}, trouble at {troubled}");
        }
    };
    expect(0, "200 OK oco");
    let before = ticks(ocod.pid());
    for change in 0..CHANGES {
        let number = change % LISTENERS;
        let name = format!("g{number}-{number}");
        scene.check(&name, "300\n");
        assert_eq!(ask(ocod.addresses[number]), answer(&format!("350 KO oco 300-{name}")));
        scene.check(&name, "200\n");
        assert_eq!(ask(ocod.addresses[number]), answer("200 OK oco"));
    }
    let ran = ticks(ocod.pid()) - before;
    // Ten times what it takes, and a quarter of what all views of all checks took.
    assert!(ran < 40, "{CHANGES} changes there and back took {ran} ticks");
    for number in [0, 17, LISTENERS - 1] {
        let name = format!("g{number}-{number}");
        scene.check(&name, "210\n");
        expect(number, &format!("250 OK, but oco 210-{name}"));
        fs::remove_file(scene.status().join(&name)).unwrap();
        expect(number, "200 OK oco");
    }
    for (code, list) in
        [("500\n", "550 KO oco 500-all"), ("210\n", "250 OK, but oco 210-all"), ("200\n", "200 OK oco")]
    {
        scene.check("all", code);
        expect(LISTENERS, list);
    }
}

/// A reader that is late: all of a dump is there for him, and clients did not wait for it.
#[test]
fn a_dump_of_many_checks_is_whole_and_keeps_nobody_waiting() {
    const FILES: usize = 5_000;
    let scene = Scene::of_many_files();
    for number in 0..FILES {
        scene.check(&format!("file{number}"), "200\n");
    }
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mut source, writer) = std::io::pipe().unwrap();
    let mut command = scene.ocod(&["-l", &address.to_string()]);
    let mut child = command.stdin(Stdio::null()).stderr(OwnedFd::from(writer)).spawn().expect("start ocod");
    drop(command);
    wait_for("ocod to listen", || std::net::TcpStream::connect(address).ok());
    ask(address);
    let signalled = std::process::Command::new("kill").args(["-USR1", &child.id().to_string()]).status();
    assert!(signalled.expect("run kill").success());
    let begun = Instant::now();
    for round in 0..200 {
        let (code, line) =
            if round % 2 == 0 { ("300", "350 KO oco 300-file7") } else { ("200", "200 OK oco") };
        scene.check("file7", code);
        assert_eq!(ask(address), answer(line), "after {:?}", begun.elapsed());
    }
    // Now somebody reads, to the end.
    let stopped = std::process::Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.expect("run kill").success());
    let mut log = String::new();
    source.read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success());
    let dumped = log.lines().filter_map(|line| line.split("info: 200 file").nth(1)?.split(' ').next());
    let mut dumped: Vec<usize> = dumped.map(|number| number.parse().expect("a number")).collect();
    dumped.sort_unstable();
    // That one may be 300 by the time of its turn.
    dumped.retain(|number| *number != 7);
    assert!(dumped.into_iter().eq((0..FILES).filter(|number| *number != 7)), "each check once");
    assert!(!log.contains("lines lost"), "nothing is left out");
}
