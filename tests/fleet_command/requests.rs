//! What each command sends, letter for letter.

use crate::watcher::Socket;

const ACT: &str = r#"{"version":1,"ok":true,"act":"x","name":"web","took":[],"who":"root"}"#;

#[test]
fn each_command_sends_one_line() {
    let socket = Socket::new();
    let orders =
        ["ack", "unack", "mute", "unmute", "maint", "unmaint", "adjust", "unadjust", "alert", "forget"];
    let mut answers: Vec<(&str, &str)> = orders.iter().map(|order| (*order, ACT)).collect();
    answers.extend([
        ("log", r#"{"version":1,"ok":true}"#),
        ("adjustments", "[]"),
        ("incidents", "[]"),
        ("report", r#"{"version":1,"ok":true,"results":[null]}"#),
        ("status", r#"{"version":1,"at":"2026-11-25T10:00:00Z","state":"ok","code":200,"services":[],"nodes":[],"slos":[]}"#),
        ("availability", r#"{"version":1,"name":"web/oco","from":"f","to":"t","ok":1,"but":0,"ko":0,"unknown":0,"planned":0,"no_data":0,"measured":100.0,"contractual":100.0}"#),
    ]);
    let asked = socket.answer(&answers);
    for (line, request) in [
        ("status", r#""order":"status","patterns":[],"most":4}"#),
        ("status web node:*", r#""order":"status","patterns":["web","node:*"],"most":4}"#),
        ("status web/oco", r#""order":"status","patterns":["web/oco"]}"#),
        ("status --json web", r#""order":"status","patterns":["web"]}"#),
        ("log", r#""local":true,"order":"log","patterns":[]}"#),
        ("log web --since -2h", r#""local":true,"order":"log","patterns":["web"],"since":"-2h"}"#),
        ("log --since=10:00 --json", r#""order":"log","patterns":[],"since":"10:00"}"#),
        ("ack web/oco", r#""local":true,"order":"ack","name":"web/oco"}"#),
        (
            "ack web --for 2h disk \"ordered",
            r#""local":true,"order":"ack","name":"web","for":7200000,"text":"disk \"ordered"}"#,
        ),
        ("ack web --json on it", r#""order":"ack","name":"web","text":"on it"}"#),
        ("unack web --json", r#""order":"unack","name":"web"}"#),
        ("mute web --json", r#""order":"mute","name":"web"}"#),
        ("unmute --json web", r#""order":"unmute","name":"web"}"#),
        ("maint web --json --for 90m", r#""order":"maint","name":"web","for":5400000}"#),
        ("unmaint web --json", r#""order":"unmaint","name":"web"}"#),
        (
            "adjust web --from -2h --to -1h --state ok --json why",
            r#""order":"adjust","name":"web","from":"-2h","to":"-1h","state":"ok","text":"why"}"#,
        ),
        ("unadjust 7 --json", r#""order":"unadjust","id":7}"#),
        ("unack web", r#""local":true,"order":"unack","name":"web"}"#),
        ("mute web --for 1h", r#""local":true,"order":"mute","name":"web","for":3600000}"#),
        ("unmute web", r#""local":true,"order":"unmute","name":"web"}"#),
        (
            "maint web --from 22:00 --to 2026-11-26 racks",
            r#""local":true,"order":"maint","name":"web","from":"22:00","until":"2026-11-26","text":"racks"}"#,
        ),
        ("maint web --for 90m", r#""local":true,"order":"maint","name":"web","for":5400000}"#),
        ("unmaint web", r#""local":true,"order":"unmaint","name":"web"}"#),
        (
            "adjust web --from -2h --to -1h --state ok the probe",
            r#""local":true,"order":"adjust","name":"web","from":"-2h","to":"-1h","state":"ok","text":"the probe"}"#,
        ),
        ("adjustments", r#""local":true,"order":"adjustments"}"#),
        ("adjustments --json", r#""order":"adjustments"}"#),
        ("unadjust 7", r#""local":true,"order":"unadjust","id":7}"#),
        ("incidents", r#""local":true,"order":"incidents"}"#),
        (
            "report a/b/c 210 slow today --period 60s",
            r#""order":"report","reports":[{"name":"a/b/c","code":210,"period":60000,"text":"slow today"}]}"#,
        ),
        (
            "report a/b/c 200 -- -5 degrees",
            r#""order":"report","reports":[{"name":"a/b/c","code":200,"text":"-5 degrees"}]}"#,
        ),
        ("alert web help us", r#""local":true,"order":"alert","name":"web","text":"help us"}"#),
        ("forget web/b/c", r#""local":true,"order":"forget","name":"web/b/c"}"#),
        (
            "availability web/oco --from 2026-11-01",
            r#""local":true,"order":"availability","name":"web/oco","from":"2026-11-01"}"#,
        ),
        (
            "availability web/oco --to 10:00 --json",
            r#""order":"availability","name":"web/oco","to":"10:00"}"#,
        ),
    ] {
        let ended = socket.run(line);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{line}: {ended:?}");
        assert_eq!(asked.take(), [format!(r#"{{"version":1,"zone":"Europe/Paris",{request}"#)], "{line}");
    }
}

#[test]
fn bad_usage_is_a_line_and_asks_nobody() {
    let socket = Socket::new();
    let asked = socket.answer(&[]);
    for line in [
        "x",
        "ack",
        "ack web --for x",
        "log --since --json",
        "report a/b/c 99",
        "status --up",
        "status --watch --json",
        "adjust web --from 10:00 --to 11:00 --state good x",
    ] {
        socket.run(line).expect_error("see oco --help");
    }
    socket.run("").expect_error("requires a subcommand");
    socket.run("status --watch").expect_error("standard output is no terminal");
    assert_eq!(asked.take(), [""; 0]);
}

#[test]
fn a_text_that_no_watcher_takes_is_not_sent() {
    let socket = Socket::new();
    let asked = socket.answer(&[]);
    // An argument has at most 128 KiB, all of them two MiB.
    let word = "x".repeat(100_000);
    let words = [word.as_str(); 11].join(" ");
    socket.run(&format!("alert web {words}")).expect_error("takes no request of more than 1048576 octets");
    assert_eq!(asked.take(), [""; 0]);
}
