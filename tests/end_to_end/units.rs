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
    for (unit, most) in [("ocod-socket.service", 1.0), ("ocod.service", 1.8)] {
        if let Some(found) = exposure(unit) {
            assert!(found <= most, "{unit}: {found}");
        }
    }
}
