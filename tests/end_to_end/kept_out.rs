//! Ports that refuse while KO, and changes of which no event tells: nobody who connects makes ocod look.

use crate::faces::{configure, is_open};
use crate::mounts::Mount;
use crate::scene::{Scene, have, wait_for, wrap};
use crate::server::{Ocod, answer, ask};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// An ocod whose only port refuses while KO, at first shut.
fn shut(scene: &Scene, directory: &Path, around: Option<&Command>) -> Ocod {
    let config = configure(scene, &["refuse-when-ko = true"]);
    let command = scene.ocod(&["-c", config.to_str().unwrap(), "-d", directory.to_str().unwrap()]);
    let ocod = Ocod::spawn(match around {
        Some(around) => wrap(around, &command),
        None => command,
    });
    assert!(!is_open(ocod.address()), "{}", ocod.log());
    ocod
}

fn opens(ocod: &Ocod, line: &str) {
    wait_for("the port to open", || is_open(ocod.address()).then_some(()));
    assert_eq!(ask(ocod.address()), answer(line));
}

/// In a user namespace that may have no inotify, as where its limit is reached.
fn without_inotify() -> Option<Command> {
    let mut command = Command::new("unshare");
    command.args([
        "-U",
        "-r",
        "sh",
        "-c",
        "echo 0 >/proc/sys/user/max_inotify_instances && exec \"$@\"",
        "sh",
    ]);
    let mut probe = Command::new(command.get_program());
    let output = probe.args(command.get_args()).arg("true").stdin(Stdio::null()).output();
    if !output.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: no user namespace without inotify here: {output:?}");
        return None;
    }
    Some(command)
}

#[test]
fn a_port_that_refuses_opens_again_without_inotify() {
    let scene = Scene::new();
    let Some(namespace) = without_inotify() else { return };
    scene.check("http", "300\n");
    let ocod = shut(&scene, &scene.status(), Some(&namespace));
    ocod.wait_for_log("read whole for each answer: inotify: Too many open files");
    for _ in 0..2 {
        scene.check("http", "200\n");
        opens(&ocod, "200 OK oco");
        // Here somebody has to ask: who does is answered, and the port shut.
        scene.check("http", "300\n");
        assert_eq!(ask(ocod.address()), answer("350 KO oco 300-http"));
        wait_for("the port to shut", || (!is_open(ocod.address())).then_some(()));
    }
    // A directory that was away, too.
    fs::rename(scene.status(), scene.path("away")).unwrap();
    fs::create_dir(scene.status()).unwrap();
    scene.check("disk", "210\n");
    opens(&ocod, "250 OK, but oco 210-disk");
}

#[test]
fn a_port_that_refuses_opens_again_after_a_change_by_another_name() {
    let scene = Scene::new();
    scene.check("http", "300\n");
    let other = scene.path("other");
    fs::hard_link(scene.status().join("http"), &other).unwrap();
    let ocod = shut(&scene, &scene.status(), None);
    fs::write(&other, "210\n").unwrap();
    opens(&ocod, "250 OK, but oco 210-http");
}

#[test]
fn a_port_that_refuses_opens_again_after_a_change_of_a_mounted_file() {
    let scene = Scene::new();
    let source = scene.file("source", "300\n");
    scene.check("http", "300\n");
    let Some(_mount) = Mount::bind(&source, &scene.status().join("http")) else { return };
    let ocod = shut(&scene, &scene.status(), None);
    fs::write(&source, "210\n").unwrap();
    opens(&ocod, "250 OK, but oco 210-http");
    drop(ocod);
}

#[test]
fn a_port_that_refuses_opens_again_when_the_directorys_link_leads_elsewhere() {
    let scene = Scene::new();
    let [one, two, link] = ["one", "two", "link"].map(|name| scene.path(name));
    for (directory, code) in [(&one, "300\n"), (&two, "210\n")] {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("http"), code).unwrap();
    }
    symlink(&one, &link).unwrap();
    let ocod = shut(&scene, &link, None);
    symlink(&two, scene.path("next")).unwrap();
    fs::rename(scene.path("next"), &link).unwrap();
    opens(&ocod, "250 OK, but oco 210-http");
}

#[test]
fn a_port_that_refuses_opens_again_when_the_directory_is_mounted_over() {
    let scene = Scene::new();
    scene.check("http", "300\n");
    let ocod = shut(&scene, &scene.status(), None);
    let Some(_mount) = Mount::new(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], &scene.status()) else {
        return;
    };
    scene.check("http", "210\n");
    opens(&ocod, "250 OK, but oco 210-http");
    drop(ocod);
}

/// While its port is open a listener that refuses costs no wake-up, and the next expiry is waited for on the clock
/// that goes on while the host is suspended. (That a suspend ends the wait can't be tried: it stops the test as well.)
#[test]
fn expiry_is_waited_for_on_the_boot_clock_and_nothing_else_is() {
    let scene = Scene::new();
    let can_trace = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !have("strace") || !can_trace.is_ok_and(|status| status.success()) {
        println!("skipped: strace is missing or may not trace here");
        return;
    }
    scene.check("http", "200\n");
    let config = configure(&scene, &["refuse-when-ko = true"]);
    let command = scene.ocod(&["-c", config.to_str().unwrap(), "--max-age", "1h"]);
    let trace = scene.path("trace");
    let mut strace = Command::new("strace");
    strace.args(["-D", "-qq", "-o"]).arg(&trace);
    let ocod = Ocod::spawn(wrap(&strace, &command));
    assert_eq!(ask(ocod.address()), answer("200 OK oco"));
    let calls = || fs::read_to_string(&trace).unwrap();
    // First the last client has to be closed.
    let mut known = calls();
    wait_for("two quiet seconds", || {
        std::thread::sleep(std::time::Duration::from_secs(2));
        let now = calls();
        (std::mem::replace(&mut known, now.clone()) == now).then_some(())
    });
    let created = known.lines().find(|line| line.starts_with("timerfd_create("));
    let created = created.unwrap_or_else(|| panic!("no timer in {known}"));
    assert!(created.contains("CLOCK_BOOTTIME"), "{created}");
    let armed =
        known.lines().rfind(|line| line.starts_with("timerfd_settime(")).expect("a timer that is set");
    // About an hour from now, on that clock.
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    let at = armed.rsplit("it_value={tv_sec=").next().and_then(|rest| rest.split(',').next()).unwrap();
    let left = at.parse::<f64>().unwrap() - uptime;
    assert!(armed.contains("TFD_TIMER_ABSTIME") && (3400.0..3700.0).contains(&left), "{armed}: {left} s");
    let asleep = known.lines().last().unwrap();
    // A C library may have the one by the other.
    let waits = ["epoll_wait(", "epoll_pwait("].iter().any(|call| asleep.starts_with(call));
    assert!(waits && !known.ends_with('\n'), "it sleeps for good: {asleep}");
}
