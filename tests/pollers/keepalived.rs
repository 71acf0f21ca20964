//! keepalived, in a network of its own: its checker with a stand-in for the kernel's table of virtual servers, and its
//! VRRP, whose shared address comes and goes.

use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::namespace::Namespace;
use crate::running::{Running, find, have_all, output};
use crate::snippet::Snippet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A host in a network of its own, at port 79 of all addresses.
fn host(test: &str) -> Option<(Namespace, Host)> {
    if !have_all(test, &["keepalived", "ip", "nsenter", "unshare"]) {
        return None;
    }
    let namespace = Namespace::new(test, Path::new(env!("CARGO_BIN_EXE_oco")))?;
    let host = Host::within(namespace.enter(), ([0, 0, 0, 0], 79).into());
    Some((namespace, host))
}

/// keepalived's one part: `--check` or `--vrrp`.
fn command(host: &Host, part: &str) -> Command {
    let file = Snippet::load("keepalived.conf")
        .put("/usr/bin/oco", "/mnt/oco")
        .put("delay_loop 5", "delay_loop 1")
        .put("interval 2", "interval 1")
        .write(&host.scene);
    let mut command = host.command(find("keepalived").expect("have_all has seen it").to_str().unwrap());
    command.args(["--dont-fork", "--log-console", part]).arg("-f").arg(file);
    for (option, name) in [("--pid", "pid"), ("--checkers_pid", "checkers.pid"), ("--vrrp_pid", "vrrp.pid")] {
        command.arg(format!("{option}={}", host.scene.path(name).display()));
    }
    command
}

/// Compiles the stand-in. None without a compiler.
fn no_ipvs(test: &str, host: &Host) -> Option<PathBuf> {
    if !have_all(test, &["cc", "/usr/include/linux/ip_vs.h"]) {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pollers/no_ipvs.c");
    let library = host.scene.path("no_ipvs.so");
    let (done, text) = output(
        Command::new("cc").args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]).arg(&library).arg(source),
    );
    assert!(done, "{text}");
    Some(library)
}

#[test]
fn misc_check_keeps_in_the_table_what_is_up() {
    let test = "keepalived's MISC_CHECK";
    let Some((_namespace, mut host)) = host(test) else { return };
    let Some(library) = no_ipvs(test, &host) else { return };
    let record = host.scene.path("record");
    let mut command = command(&host, "--check");
    command.env("LD_PRELOAD", library).env("RECORD", &record);
    let mut keepalived = Running::start(&mut command, host.scene.path("log"));
    journey(test, Shows::UpOrDown, &mut host, |_| {
        keepalived.check();
        let orders = std::fs::read_to_string(&record).unwrap_or_default();
        match orders.lines().last() {
            Some("in") => Sight::new(true, orders),
            Some("out") => Sight::new(false, orders),
            _ => Sight::none_yet(),
        }
    });
    let orders = std::fs::read_to_string(&record).unwrap();
    assert_eq!(orders, "in\nout\nin\nout\nin\nout\nin\n");
}

#[test]
fn track_script_gives_the_shared_address_away() {
    let test = "keepalived's track_script";
    let Some((namespace, mut host)) = host(test) else { return };
    let mut keepalived = Running::start(&mut command(&host, "--vrrp"), host.scene.path("log"));
    journey(test, Shows::UpOrDown, &mut host, |_| {
        keepalived.check();
        let addresses = namespace.addresses();
        assert!(addresses.contains("192.0.2.1/24"), "{addresses}");
        Sight::new(addresses.contains("192.0.2.80/24"), format!("{addresses}\n{}", keepalived.log()))
    });
}
