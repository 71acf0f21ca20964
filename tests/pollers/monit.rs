//! Monit in the foreground, asked by its own command line.

use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all, output};
use crate::snippet::Snippet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn monit_sees_a_failed_host() {
    if !have_all("Monit", &["monit"]) {
        return;
    }
    let mut host = Host::new();
    let mut head = "set daemon 1\n".to_owned();
    for (what, name) in [("idfile", "id"), ("statefile", "state"), ("pidfile", "pid")] {
        head += &format!("set {what} {}\n", host.scene.path(name).display());
    }
    head += &format!("set httpd unixsocket {} allow nobody:nothing\n", host.scene.path("sock").display());
    let file = Snippet::load("monit")
        .put("192.0.2.1", host.ip())
        .put("port 79", format!("port {}", host.port()))
        .after(&head)
        .write(&host.scene);
    // It reads no file that others can read.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let program = find("monit").expect("have_all has seen it");
    let mut command = Command::new(&program);
    let mut monit = Running::start(command.arg("-I").arg("-c").arg(&file), host.scene.path("log"));
    journey("Monit", Shows::UpOrDown, &mut host, |_| {
        monit.check();
        let (done, text) = output(Command::new(&program).arg("-c").arg(&file).arg("status"));
        if !done {
            return Sight::none_yet();
        }
        let of_host = text.split("Remote Host 'web1'").nth(1).unwrap_or_default();
        let status = of_host.lines().find_map(|line| line.trim().strip_prefix("status "));
        match status.map(str::trim) {
            Some("OK") => Sight::new(true, text),
            Some("Connection failed") => Sight::new(false, text),
            Some("Initializing") | None => Sight::none_yet(),
            Some(other) => panic!("web1 is {other}"),
        }
    });
}
