//! What each command shows of a good answer, for people and for programs.

use crate::watcher::Socket;
use std::process::Stdio;

const STATUS: &str = concat!(
    r#"{"version":1,"at":"2026-11-25T10:00:00Z","state":"STATE","code":350,"later":{"x":[1]},"services":["#,
    r#"{"name":"web/oco","state":"ko","code":350,"reason":"1 of 3 up\u001b[31m","since":"2026-11-25T09:56:40Z","need":2,"#,
    r#""up":1,"of":3,"acked":{"who":"root","at":"2026-11-25T09:58:00Z","until":null,"text":"disk"},"muted":null,"#,
    r#""maint":null,"flapping":false,"counts":{"ko":2,"unknown":0,"but":0,"ok":1},"targets":["#,
    r#"{"name":"web/oco/web1","host":"web1","address":"192.0.2.1:79","state":"ko","code":300,"reason":"refused","#,
    r#""since":"2026-11-25T09:56:40Z","last":null,"latency_ms":0.4,"acked":null,"muted":null,"maint":null}]},"#,
    r#"{"name":"db/oco","state":"ok","code":200,"reason":"","since":"2026-11-24T10:00:00Z","need":2,"up":2,"of":2,"#,
    r#""acked":null,"muted":null,"maint":null,"flapping":false,"targets":[]}],"nodes":[],"slos":[]}"#,
);
const BARS: &str = r#"{"version":1,"from":"f","to":"t","bars":[{"name":"web/oco","cells":"..oobbbuokkk"},{"name":"x","cells":"\u001b"}]}"#;

#[test]
fn status_shows_the_worst_first_and_exits_with_it() {
    let socket = Socket::new();
    for (state, code, shown, exit) in [
        ("ko", "350", "ko 350 ", 2),
        ("unknown", "null", "unknown", 3),
        ("but", "250", "but 250", 1),
        ("ok", "200", "ok 200 ", 0),
    ] {
        let line = STATUS.replace("STATE", state).replacen("350", code, 1);
        socket.answer(&[("status", &line), ("bars", BARS)]);
        let ended = socket.run("status");
        let expected = "         targets   2 ko, 1 ok\n\n\
            state    name     since  up/need/of  last hour     why\n\
            ko 350   web/oco  3m20s  1/2/3       ..--bbb?-KKK  1 of 3 up?[31m\n         acked by root 2m ago: disk\n\
            ko 300     web1   3m20s  refused\n           and 1 more\n\n\
            ok       db          1d  1 service, 2 targets\n";
        assert_eq!(ended.stdout, format!("{shown}  services  1 ko, 1 ok\n{expected}"));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(exit), ""));
        let json = socket.run("status --json");
        assert_eq!((json.status, json.stdout, json.stderr.as_str()), (Some(exit), line + "\n", ""));
    }
}

#[test]
fn status_without_bars_is_a_status() {
    let socket = Socket::new();
    for bars in [r#"{"version":1,"error":"no journal"}"#, "garbage", r#"{"version":1,"bars":7}"#] {
        socket.answer(&[("status", &STATUS.replace("STATE", "ko")), ("bars", bars)]);
        let ended = socket.run("status");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(2), ""));
        assert!(ended.stdout.contains("3m20s  1/2/3       1 of 3 up?[31m\n"), "{}", ended.stdout);
    }
}

#[test]
fn log_shows_a_line_each() {
    let socket = Socket::new();
    let lines = concat!(
        r#"{"at":"2026-11-25T11:00:00+01:00","kind":"transition","name":"web/oco","old":"ok","new":"ko","code":350,"reason":"refused\n","planned":false,"while":"gw/ping"}"#,
        "\n",
        r#"{"at":"2026-11-25T11:00:01+01:00","kind":"transition","name":"web/oco","old":"ko","new":"ko","code":550,"planned":true}"#,
        "\n",
        r#"{"at":"2026-11-25T11:00:02+01:00","kind":"alert","name":"web/oco","event":"ko","step":1,"command":"mail.alert ops","result":"held: muted"}"#,
        "\n",
        r#"{"at":"2026-11-25T11:00:03+01:00","kind":"act","name":"web/oco","act":"ack","who":"anna via board","until":"2026-11-25T13:00:00+01:00","text":"disk"}"#,
        "\n",
        r#"{"at":"2026-11-25T11:00:04+01:00","kind":"incident","name":"web/oco","event":"open"}"#,
        "\n",
    );
    let done = r#"{"version":1,"ok":true}"#;
    socket.answer(&[("log", &format!("{lines}{done}"))]);
    socket.run("log").expect(
        "2026-11-25T11:00:00+01:00 web/oco: ok -> ko (refused?), while gw/ping\n\
         2026-11-25T11:00:01+01:00 web/oco: ko -> ko 550 maint\n\
         2026-11-25T11:00:02+01:00 web/oco: alert ko, step 1, mail.alert ops: held: muted\n\
         2026-11-25T11:00:03+01:00 web/oco: ack by anna via board until 2026-11-25T13:00:00+01:00: disk\n\
         2026-11-25T11:00:04+01:00 web/oco: incident open\n",
    );
    socket.run("log --json").expect(lines);
    socket.answer(&[("log", done)]);
    socket.run("log").expect("");
}

/// What was told before an error is shown, and the error too.
#[test]
fn a_log_that_breaks_off_says_so() {
    let socket = Socket::new();
    let entry = r#"{"at":"t","kind":"act","name":"web","act":"ack"}"#;
    for (end, words) in [
        (r#"{"version":1,"error":"journal: disk full"}"#, "oco: journal: disk full\n"),
        (r#"{"version":1,"ok":false}"#, "no answer to that: {\"version\":1,\"ok\":false}\n"),
        (r#"{"version":2,"ok":true}"#, "speaks version 2; expected 1\n"),
        ("[]", "no answer to that: []\n"),
        ("", "no answer to that: an empty line\n"),
        (r#"{"kind":"act"}"#, "no answer to that: {\"kind\":\"act\"}\n"),
    ] {
        socket.answer(&[("log", &format!("{entry}\n{end}"))]);
        let ended = socket.run("log");
        assert_eq!((ended.stdout.as_str(), ended.status), ("t web: ack\n", Some(3)), "{end}");
        assert!(
            ended.stderr.ends_with(words) && ended.stderr.lines().count() == 1,
            "{end}: {}",
            ended.stderr
        );
    }
}

/// `oco fleet log | head -1` over more than a pipe holds: no word, and no failure.
#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let socket = Socket::new();
    let entry = "{\"at\":\"t\",\"kind\":\"act\",\"name\":\"web\",\"act\":\"ack\"}\n";
    socket.answer(&[("log", &format!("{}{}", entry.repeat(100_000), r#"{"version":1,"ok":true}"#))]);
    let mut command = socket.command("log");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn acts_say_what_they_took() {
    let socket = Socket::new();
    let reply = |act: &str, more: &str| {
        format!(
            r#"{{"version":1,"ok":true,"act":"{act}","name":"web","took":["web/oco","web/\u0007tls"],"who":"root"{more}}}"#
        )
    };
    let ack = reply("ack", r#","until":"2026-11-25T13:00:00+01:00","text":"disk ordered""#);
    let adjust = reply("adjust", r#","id":7,"state":"ok","from":"F","until":"U","text":"probe""#);
    let alert = reply("alert", r#","held":["night: outside of its hours"]"#);
    socket.answer(&[
        ("ack", &ack),
        ("unmute", &reply("unmute", "")),
        ("adjust", &adjust),
        ("alert", &alert),
        ("forget", &reply("forget", "")),
        ("report", r#"{"version":1,"ok":true,"results":["web: expected GROUP/SERVICE/HOST"]}"#),
    ]);
    let said = "acknowledged web/oco, web/?tls, by root, until 2026-11-25T13:00:00+01:00: disk ordered\n";
    socket.run("ack web --for 2h disk ordered").expect(said);
    // For programs it is as the watcher said it.
    socket.run("ack web --json").expect(&format!("{ack}\n"));
    socket.run("adjust web --json --from F --to U --state ok probe").expect(&format!("{adjust}\n"));
    socket.run("unmute web").expect("no longer muted: web/oco, web/?tls, by root\n");
    let said = "corrections 7 to 8: web/oco, web/?tls were ok from F until U, by root: probe\n";
    socket.run("adjust web --from F --to U --state ok probe").expect(said);
    socket
        .run("alert web help")
        .expect("alert of web: web/oco, web/?tls\nheld: night: outside of its hours\n");
    socket.run("forget web").expect("forgot web/oco, web/?tls, by root\n");
    socket.run("report web 200").expect_error("web: expected GROUP/SERVICE/HOST");
    socket.run("mute web").expect_error("oco: no answer was given");
}

#[test]
fn lists_are_a_line_each() {
    let socket = Socket::new();
    let adjustments = r#"[{"id":7,"name":"node:shop","from":"F","to":"T","state":"ok","who":"anna","at":"A","text":"probe"}]"#;
    let incidents = concat!(
        r#"[{"id":3,"name":"web/oco","state":"closed","opened":"O","acknowledged":"A","closed":"C","who":"anna","members":["web1","web2"]},"#,
        r#"{"id":4,"name":"node:shop","state":"open","opened":"O","acknowledged":null,"closed":null,"who":null,"members":[]}]"#,
    );
    let availability = concat!(
        r#"{"version":1,"name":"slo:shop","from":"F","to":"T","ok":86400000,"but":3600000,"ko":60500,"unknown":0,"#,
        r#""planned":120000,"no_data":1,"measured":99.8,"contractual":99.932,"target":99.9,"budget":2592000,"left":-60000}"#,
    );
    socket.answer(&[("adjustments", adjustments), ("incidents", incidents), ("availability", availability)]);
    socket.run("adjustments").expect("7: node:shop was ok from F until T, by anna at A: probe\n");
    socket.run("incidents").expect(
        "3: web/oco closed, opened O, acknowledged A by anna, closed C: web1, web2\n4: node:shop open, opened O\n",
    );
    socket.run("availability slo:shop").expect(concat!(
        "slo:shop from F until T\n  ok          1d\n  but         1h\n  ko          1m\n  unknown     0s\n",
        "  planned     2m\n  no data     0s\n  measured    99.800 %\n  contractual 99.932 %\n",
        "  target      99.900 %\n  budget      43m12s\n  left        none, 1m over\n",
    ));
    for (line, json) in
        [("adjustments", adjustments), ("incidents", incidents), ("availability slo:shop", availability)]
    {
        socket.run(&format!("{line} --json")).expect(&format!("{json}\n"));
    }
    socket.answer(&[("adjustments", "[]"), ("incidents", "[]")]);
    socket.run("adjustments").expect("no corrections\n");
    socket.run("incidents").expect("no incidents\n");
}
