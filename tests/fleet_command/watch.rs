//! `oco fleet status --watch` in a terminal that `script` makes.

use crate::watcher::{Socket, wait_for};
use std::fs;
use std::process::{Child, Command, Stdio};

const LINES: usize = 12;

fn status(services: usize, state: &str) -> String {
    let services = (0..services).map(|number| {
        format!(
            r#"{{"name":"web/s{number}","state":"{state}","code":300,"reason":"x","since":"2026-11-25T09:59:00Z","need":1,"up":0,"of":1,"acked":null,"muted":null,"maint":null,"flapping":false,"targets":[]}}"#
        )
    });
    let services = services.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"version":1,"at":"2026-11-25T10:00:00Z","state":"{state}","code":350,"services":[{services}],"nodes":[],"slos":[]}}"#
    )
}

/// What the picture begins with: over what was there.
const HOME: &str = "\x1b[H";

/// Ended with the test, however that ends; what runs in it ends with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[test]
fn watching_goes_on_while_the_watcher_is_away() {
    if !Command::new("script")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("skipped: script is not installed");
        return;
    }
    let socket = Socket::new();
    let typescript = socket.path().with_extension("typescript");
    let control = socket.path();
    let run = format!(
        "stty rows {LINES} cols 80; exec {} fleet --control {} status --watch",
        env!("CARGO_BIN_EXE_oco"),
        control.display()
    );
    let mut command = Command::new("script");
    command.args(["-qefc", &run]).arg(&typescript).env("TERM", "xterm").env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running(command.spawn().expect("run script"));
    let drawn = || String::from_utf8_lossy(&fs::read(&typescript).unwrap_or_default()).into_owned();
    let wait = |text: &str| wait_for(text, || drawn().contains(text).then_some(()));
    // It may be started before the watcher is.
    wait(&format!("{HOME}no ocowatch at {}: no such file or directory\x1b[K", control.display()));
    socket.answer(&[("status", &status(100, "ko"))]);
    wait(&format!("{HOME}ko 350   services  100 ko\x1b[K"));
    wait("and 93 ko more\x1b[K");
    fs::remove_file(&control).unwrap();
    // What was told last stays, below its age.
    let is_kept = |picture: &str| {
        picture.contains("s old: no ocowatch at ") && picture.contains("services  100 ko\x1b[K")
    };
    wait_for("what was told last", || drawn().split(HOME).any(is_kept).then_some(()));
    socket.answer(&[("status", &status(1, "but"))]);
    wait(&format!("{HOME}but 350  services  1 but\x1b[K"));
    // Nothing is drawn over the first picture but from its first line, and no picture is higher than the terminal.
    let drawn_all = drawn();
    assert_eq!(drawn_all.matches("\x1b[2J").count(), 1);
    for picture in drawn_all.split(HOME).skip(2) {
        assert!(picture.matches('\n').count() < LINES, "{picture:?}");
    }
}
