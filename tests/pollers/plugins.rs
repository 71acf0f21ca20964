//! The commands of nagios.cfg, run as Nagios runs them: by a shell, judged by their exit status.

use crate::host::{Host, State};
use crate::journey::{Shows, Sight, journey};
use crate::running::have_all;
use crate::snippet::{Snippet, shipped};
use std::process::{Command, Stdio};

/// The exit statuses of a plugin.
const OK: i32 = 0;
const WARNING: i32 = 1;
const CRITICAL: i32 = 2;
const UNKNOWN: i32 = 3;

/// The command line called `name`.
fn command_line(name: &str) -> String {
    let snippet = Snippet::load("nagios.cfg");
    let lines: Vec<&str> = snippet.text().lines().map(str::trim).collect();
    let pair = lines.windows(2).find(|pair| pair[0] == format!("command_name {name}"));
    let pair = pair.unwrap_or_else(|| panic!("no command {name} in nagios.cfg"));
    pair[1].strip_prefix("command_line ").expect("the command follows its name").to_owned()
}

/// Runs a command line whose parts are put in place, and demands the status of `expected` in each state.
fn watch(name: &str, line: impl Fn(&Host, String) -> String, expected: impl Fn(State) -> i32) {
    let mut host = Host::new();
    let line = line(&host, command_line(name));
    assert!(!line.contains('$') && !line.contains("/usr/bin/oco"), "{line}");
    journey(name, Shows::TheLine, &mut host, |host| {
        let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().expect("run sh");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(expected(host.state)), "{:?}: {line}: {shown}", host.state);
        Sight::new(matches!(output.status.code(), Some(OK | WARNING)), shown)
    });
}

/// Replaces what is there, and fails when it is not.
fn put(line: &str, old: &str, new: &str) -> String {
    assert!(line.contains(old), "no {old} in {line}");
    line.replace(old, new)
}

#[test]
fn oco_status_is_a_plugin() {
    let line = |host: &Host, line: String| {
        let line = put(&line, "/usr/bin/oco", env!("CARGO_BIN_EXE_oco"));
        put(&line, "$HOSTADDRESS$", &host.address.to_string())
    };
    watch("check_oco_command", line, |state| match state {
        State::Ok => OK,
        State::But => WARNING,
        State::Ko | State::Incident | State::Stale => CRITICAL,
        State::Gone => UNKNOWN,
    });
}

#[test]
fn check_oco_is_a_plugin() {
    if !have_all("check_oco", &["bash", "timeout"]) {
        return;
    }
    let line = |host: &Host, line: String| {
        let line = put(&line, "/usr/lib/nagios/plugins/check_oco", shipped("check_oco").to_str().unwrap());
        put(&line, "$HOSTADDRESS$", &format!("{} -p {}", host.ip(), host.port()))
    };
    watch("check_oco", line, |state| match state {
        State::Ok => OK,
        State::But => WARNING,
        State::Ko | State::Incident | State::Stale | State::Gone => CRITICAL,
    });
}

#[test]
fn check_tcp_sees_a_ko() {
    if !have_all("check_tcp", &["/usr/lib/nagios/plugins/check_tcp"]) {
        return;
    }
    let line = |host: &Host, line: String| {
        let line = put(&line, "-p 79", &format!("-p {}", host.port()));
        put(&line, "$HOSTADDRESS$", &host.ip())
    };
    // Its text shows the line only when it is the expected one.
    let mut host = Host::new();
    let line = line(&host, command_line("check_oco_tcp"));
    journey("check_tcp", Shows::UpOrDown, &mut host, |_| {
        let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().expect("run sh");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(OK) => Sight::new(true, shown),
            Some(CRITICAL) => Sight::new(false, shown),
            other => panic!("{line}: {other:?}: {shown}"),
        }
    });
}
