//! `ocoboard report` and `ocoboard ack-mail` beside a real watcher.

use crate::moment::{day, of_one_time};
use crate::scene::{Scene, parts, wait_for};
use crate::watcher::{Running, watch};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// A watcher whose one service is reported, a node above it, and a promise.
const WATCH: &str = "time-zone = \"UTC\"\nbase-url = \"https://board.example.org\"\n\
    [hostgroup.web]\nhosts = [{ name = \"a\", address = \"192.0.2.1\" }]\n\
    [hostgroup.web.service.job]\nprobe = { report = \"1h\" }\n\
    [node.shop]\ntitle = \"The shop\"\nmembers = [\"web/*\"]\n\
    [slo.shop]\nof = \"node:shop\"\ntarget = \"99.9%\"\nperiod = \"month\"\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A watcher whose journal knows the node: it is written a moment after the start.
fn known_watch(scene: &Scene) -> Running {
    let watcher = watch(scene);
    wait_for("the node in the journal", || {
        let report = scene.ocoboard(&["report", "node:shop", "--format", "json"]).output().unwrap();
        report.status.success().then_some(())
    });
    watcher
}

/// The report of this month, as JSON.
fn this_month(scene: &Scene, name: &str) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json(&scene.told_by_board(&["report", name, "--period", &now[..7], "--format", "json"]))
}

#[test]
fn a_report_has_the_figures_of_the_command() {
    of_one_time(day, report_and_command);
}

fn report_and_command() {
    let scene = Scene::with(WATCH, "time-zone = \"UTC\"\ntitle = \"Example\"\n");
    let mut watcher = known_watch(&scene);
    scene.told(&["report", "web/job/a", "300", "disk", "full"]);
    // The journal is written a moment later.
    let report = wait_for("the outage in the journal", || {
        let report = this_month(&scene, "node:shop");
        (!report["outages"].as_array().unwrap().is_empty()).then_some(report)
    });
    assert_eq!((&report["title"], &report["made"]["watched"]), (&"The shop".into(), &true.into()));
    assert_eq!(report["outages"][0]["reason"], "1 of 1 down: web/job (1 of 1 down: a (disk full))");
    scene.told(&["report", "web/job/a", "200"]);
    let report = wait_for("its end", || {
        let report = this_month(&scene, "node:shop");
        (report["outages"][0]["goes_on"] == false).then_some(report)
    });
    // The same time, asked of the watcher.
    let (from, to) = (report["from"].as_str().unwrap(), report["until"].as_str().unwrap());
    let (member, level) = (&report["members"][0], &report["levels"][0]);
    let told = json(&scene.told(&["availability", "node:shop", "--from", from, "--to", to, "--json"]));
    for key in ["ok", "but", "ko", "unknown", "planned", "no_data", "measured", "contractual"] {
        assert_eq!(told[key], member[key], "{key}: {told} {member}");
    }
    let whole = report["to"].as_str().unwrap();
    let told = json(&scene.told(&["availability", "slo:shop", "--from", from, "--to", whole, "--json"]));
    for key in ["ko", "target", "budget", "left"] {
        assert_eq!(told[key], level[key], "{key}: {told} {level}");
    }
    // Without the watcher it is known until its last sign of life.
    watcher.signal("KILL");
    watcher.wait();
    let later = this_month(&scene, "slo:shop");
    assert_eq!((&later["made"]["watched"], &later["members"][0]["ko"]), (&false.into(), &member["ko"]));
    let file = scene.path("shop.pdf");
    scene.told_by_board(&["report", "web", "--period", &from[..4], "-o", file.to_str().unwrap()]);
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF"));
}

#[test]
fn what_can_not_be_reported_is_one_line() {
    let scene = Scene::with(WATCH, "time-zone = \"UTC\"\n");
    let said = |arguments: &[&str]| parts(&scene.ocoboard(arguments).output().unwrap());
    let (status, out, why) = said(&["report", "node:shop"]);
    assert_eq!((status, out.as_str(), why.lines().count()), (Some(1), "", 1), "there is no journal: {why}");
    let _watcher = known_watch(&scene);
    for (arguments, part) in [
        (&["report", "web/no"][..], "web/no: nothing is known by that name"),
        (&["report", "node:shop", "--period", "2026-13"], "expected"),
        (&["report", "node:shop", "--mail", "a b"], "--mail: \"a b\": expected an address"),
    ] {
        let (status, out, why) = said(arguments);
        assert_eq!((status, out.as_str(), why.lines().count()), (Some(1), "", 1), "{arguments:?}: {why}");
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn what_is_owed_is_noted_from_the_first_time_on() {
    of_one_time(day, note_what_is_owed);
}

fn note_what_is_owed() {
    let board = "[[report]]\nname = \"daily\"\nof = [\"node:shop\"]\nevery = \"day\"\ndir = \"/nowhere\"\n";
    let scene = Scene::with(WATCH, board);
    let _watcher = known_watch(&scene);
    assert_eq!(scene.told_by_board(&["report", "--due"]), "");
    let kept = json(&std::fs::read_to_string(scene.path("board/reports.json")).unwrap());
    let next = kept["next"]["daily"].as_i64().unwrap();
    // As if that had been three days ago: all three are owed, and can't be written.
    let old = serde_json::json!({"version": 1, "next": {"daily": next - 3 * 86_400_000}});
    std::fs::write(scene.path("board/reports.json"), old.to_string()).unwrap();
    let (status, _, why) = parts(&scene.ocoboard(&["report", "--due"]).output().unwrap());
    assert_eq!((status, why.contains("report daily: write /nowhere/")), (Some(1), true), "{why}");
    let folder = scene.path("out");
    std::fs::create_dir(&folder).unwrap();
    scene.configure(&board.replace("/nowhere", folder.to_str().unwrap()));
    let (status, _, why) = parts(&scene.ocoboard(&["report", "--due"]).output().unwrap());
    assert_eq!((status, why.lines().count()), (Some(0), 3), "{why}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
    assert_eq!(scene.told_by_board(&["report", "--due"]), "");
}

/// Runs `ack-mail` on a mail with this body.
fn ack_mail(scene: &Scene, headers: &str, body: &str) -> (Option<i32>, String) {
    let mut command = scene.ocoboard(&["ack-mail"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mail = format!("From: Eve <eve@example.org>\nSubject: Re: web/job\n{headers}\n{body}\n");
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    let (status, said, why) = parts(&child.wait_with_output().unwrap());
    assert_eq!(said, "");
    (status, why)
}

#[test]
fn an_answer_to_an_alert_acknowledges() {
    let scene = Scene::new("");
    let alert = scene.path("alert");
    let script = format!("#!/bin/sh\ncat >> {}.said\n", alert.display());
    std::fs::write(&alert, script).unwrap();
    std::fs::set_permissions(&alert, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let watch_file = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    let paths = watch_file.split_once("[hostgroup").map(|(paths, _)| paths).unwrap();
    let alerts = format!("[[alert]]\nof = [\"web/*\"]\ncommand = [{:?}]\n", alert.to_str().unwrap());
    std::fs::write(scene.path("watch.toml"), format!("{paths}{WATCH}{alerts}")).unwrap();
    let watcher = watch(&scene);
    scene.told(&["report", "web/job/a", "300", "disk", "full"]);
    let said = scene.path("alert.said");
    let token = wait_for("the alert", || {
        let said = std::fs::read_to_string(&said).ok()?;
        said.lines().find_map(|line| line.strip_prefix('[')?.strip_suffix(']')).map(str::to_owned)
    });
    let body = format!("on it\n\n> Acknowledge: https://board.example.org/a/{token}\n> [{token}]");
    let (status, why) = ack_mail(&scene, "", &body);
    assert_eq!((status, why.contains("no answer")), (Some(0), true), "{why}");
    let (status, why) = ack_mail(&scene, "In-Reply-To: <1@host>\n", &body);
    assert_eq!(status, Some(0));
    assert!(
        why.contains("web/job: acknowledged by Eve <eve@example.org> via ") && !why.contains(&token),
        "{why}"
    );
    let acked = json(&scene.told(&["status", "--json"]))["services"][0]["acked"].clone();
    assert_eq!(acked["text"], "on it");
    // An old token is logged and done with.
    scene.told(&["report", "web/job/a", "200"]);
    let (status, why) = wait_for("the recovery", || {
        let answer = ack_mail(&scene, "In-Reply-To: <1@host>\n", &body);
        answer.1.contains("this failure is over").then_some(answer)
    });
    assert_eq!(status, Some(0), "{why}");
    // Without a watcher the mail comes once more.
    drop(watcher);
    let (status, why) = ack_mail(&scene, "In-Reply-To: <1@host>\n", &body);
    assert_eq!(status, Some(75), "{why}");
}
