//! The systemd units: what systemd itself thinks of them.

use crate::scene::{Scene, have};
use std::process::Command;

/// The exposure that systemd-analyze finds, from 0.0 to 10.0; none, with the reason said, if it can't tell.
fn exposure(unit: &str) -> Option<f64> {
    if !have("systemd-analyze") {
        println!("skipped: systemd-analyze is not installed");
        return None;
    }
    let unit = format!("{}/etc/systemd/{unit}", env!("CARGO_MANIFEST_DIR"));
    let output =
        Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager", &unit]).output();
    let output = output.expect("run systemd-analyze");
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(overall) = text.lines().find(|line| line.contains("Overall exposure level")) else {
        println!("skipped: systemd-analyze: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    };
    let figure = overall.rsplit(": ").next().and_then(|rest| rest.split_whitespace().next());
    Some(figure.and_then(|figure| figure.parse().ok()).expect("a figure"))
}

#[test]
fn the_units_expose_little() {
    let _alone = Scene::new();
    for (unit, most) in [
        ("ocod-socket.service", 1.0),
        ("ocod.service", 1.8),
        ("ocowatch.service", 2.6),
        ("ocoboard.service", 2.0),
    ] {
        if let Some(found) = exposure(unit) {
            assert!(found <= most, "{unit}: {found}");
        }
    }
}

/// What ocowatch runs may be setuid, which a plain `User=` would make of no use; and whoever reads the unit finds a reason
/// beside each line that is off.
#[test]
fn the_watcher_may_run_setuid_programs_and_says_what_is_off() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/etc/systemd/ocowatch.service");
    let text = std::fs::read_to_string(path).expect("the unit");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.contains(&"ExecStart=!/usr/sbin/ocowatch"),
        "started as root, for systemd to keep this right"
    );
    assert!(!text.contains("\nNoNewPrivileges="), "setuid programs would have no right");
    assert!(lines.contains(&"LimitNOFILE=65536"), "a socket for each probe at once");
    assert!(!text.contains("\nNice="), "an alert is not to wait for what else runs");
    let is_off = |line: &str| line.starts_with('#') && !line.starts_with("# ");
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_off(line)) {
        let mut before = lines.iter().take(index).rev().skip_while(|line| is_off(line));
        assert!(before.next().is_some_and(|line| line.starts_with("# ")), "{line}: no reason stands there");
    }
    assert!(lines.iter().any(|line| is_off(line)));
}
