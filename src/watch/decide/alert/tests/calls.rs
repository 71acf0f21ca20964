//! What a command is given.

use super::words::{Call, call};
use super::*;
use crate::limits::MONITOR_OCTETS;

fn sending(bench: &mut Bench) -> Sending {
    bench.begun.pop().unwrap()
}

fn called(sending: &Sending, now: Moment) -> Call {
    call(sending, Some("https://board.example.org/"), Some("TOKEN"), now)
}

fn variable<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.environment.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

fn stdin(call: &Call) -> &str {
    std::str::from_utf8(&call.stdin).unwrap()
}

#[test]
fn an_alert_is_called_as_mon_calls_it() {
    let file = alert("text = \"fleet\"\ncommand = [\"mail.alert\", \"-x\", \"{group}/{service}\", \"ops\"]");
    let mut bench = Bench::new(&file);
    bench.becomes(500, &["a", "c"]);
    let call = called(&sending(&mut bench), bench.now);
    let all = "a b c";
    let at = (START / 1000).to_string();
    let mon = ["mail.alert", "-s", "oco", "-g", "web", "-h", all, "-t", &at, "-x", "web/oco", "ops"];
    assert_eq!(call.argv, mon);
    assert_eq!(
        stdin(&call),
        "a c\na: refused\nc: refused\n\
         Acknowledge: https://board.example.org/a/TOKEN\n[TOKEN]\n"
    );
    for (name, value) in [
        ("MON_LAST_SUMMARY", "a c"),
        ("MON_GROUP", "web"),
        ("MON_SERVICE", "oco"),
        ("MON_DESCRIPTION", "fleet"),
        ("MON_ALERTTYPE", "failure"),
        ("MON_OPSTATUS", "0"),
        ("MON_RETVAL", "1"),
        ("MON_FIRST_FAILURE", &at),
        ("MON_LAST_FAILURE", &at),
        ("OCO_NAME", "web/oco"),
        ("OCO_STATE", "ko"),
        ("OCO_CODE", "500"),
        ("OCO_EVENT", "ko"),
        ("OCO_FAILED", "a c"),
        ("OCO_RECOVERED", ""),
    ] {
        assert_eq!(variable(&call, name), Some(value), "{name}");
    }
    assert!(
        call.environment.iter().all(|(_, value)| !value.contains("TOKEN")),
        "it is on standard input alone"
    );
}

#[test]
fn a_recovery_has_u_and_names_those_that_came_back() {
    let mut bench = Bench::new(&simple(""));
    bench.becomes(300, &["a", "b"]);
    bench.seconds(60);
    bench.becomes(210, &["b"]);
    let call = called(&sending(&mut bench), bench.now);
    let at = (START / 1000 + 60).to_string();
    assert_eq!(call.argv[7..], ["-t", &at, "-u", "ops"]);
    assert_eq!(stdin(&call), "a\nb: refused\n", "there is nothing to acknowledge");
    for (name, value) in [
        ("MON_ALERTTYPE", "up"),
        ("MON_OPSTATUS", "1"),
        ("MON_RETVAL", "0"),
        ("MON_FIRST_FAILURE", &(START / 1000).to_string()),
        ("MON_LAST_SUCCESS", &at),
        ("OCO_EVENT", "ok"),
        ("OCO_STATE", "but"),
        ("OCO_RECOVERED", "a"),
        ("OCO_FAILED", "b"),
    ] {
        assert_eq!(variable(&call, name), Some(value), "{name}");
    }
}

#[test]
fn a_repetition_says_how_long_and_how_often() {
    let mut bench = Bench::new(&simple("every = \"1h\"\nlimit = 5"));
    bench.fails();
    bench.minutes(120);
    let call = called(&sending(&mut bench), bench.now);
    assert!(stdin(&call).contains("\nstill ko for 2h, 3 of 5\nAcknowledge: "), "{}", stdin(&call));
    assert_eq!(call.argv[8], (START / 1000).to_string(), "the event is that it began to fail");
    let mut bench = Bench::new(&simple("every = \"1h\""));
    bench.fails();
    bench.minutes(60);
    let call = called(&sending(&mut bench), bench.now);
    assert!(stdin(&call).contains("\nstill ko for 1h, 2\n"), "{}", stdin(&call));
}

#[test]
fn a_partial_names_first_those_that_came_back_where_some_did() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"partial\"]"));
    bench.becomes(300, &["a"]);
    bench.seconds(60);
    bench.becomes(300, &["a", "b"]);
    let call = called(&sending(&mut bench), bench.now);
    assert!(stdin(&call).starts_with("a b\na: refused\n"));
    bench.seconds(60);
    bench.becomes(300, &["b"]);
    let call = called(&sending(&mut bench), bench.now);
    assert!(stdin(&call).starts_with("a\nb: refused\n"));
    assert_eq!(variable(&call, "OCO_EVENT"), Some("partial"));
    assert_eq!(variable(&call, "OCO_RECOVERED"), Some("a"));
}

#[test]
fn the_log_has_a_command_as_it_ran() {
    let mut bench = Bench::new(&alert("command = [\"page\", \"{service} of {group}\"]"));
    bench.fails();
    let call = called(&sending(&mut bench), bench.now);
    assert_eq!((call.argv[0].as_str(), call.argv.last().unwrap().as_str()), ("page", "oco of web"));
    assert_eq!(bench.log[0].command, "page oco of web");
}

#[test]
fn a_node_and_a_level_have_no_hosts() {
    for (of, group) in [("node:shop", "node"), ("slo:shop", "slo")] {
        let mut bench = Bench::new(&simple(""));
        bench.of = name(of);
        bench.becomes(300, &[]);
        let call = called(&sending(&mut bench), bench.now);
        assert_eq!(call.argv[1..7], ["-s", "shop", "-g", group, "-h", ""]);
        assert!(stdin(&call).starts_with(&format!("{of}\n{of}: ko (why)\n")), "{}", stdin(&call));
    }
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    let mut sending = sending(&mut bench);
    sending.name = name("node:shop");
    let call = called(&sending, bench.now);
    assert!(stdin(&call).starts_with("web/oco/a\nweb/oco/a: refused\n"), "members of a node by their names");
}

#[test]
fn numbers_of_states_are_those_of_mon() {
    for (code, event, number, value) in
        [(210, "but", "9", "0"), (0, "unknown", "5", "1"), (300, "ko", "0", "1")]
    {
        let mut bench = Bench::new(&simple("on = [\"ko\", \"but\", \"unknown\"]"));
        bench.becomes(code, &[]);
        bench.minutes(1);
        let call = called(&sending(&mut bench), bench.now);
        assert_eq!(variable(&call, "OCO_EVENT"), Some(event));
        assert_eq!(variable(&call, "MON_OPSTATUS"), Some(number));
        assert_eq!(variable(&call, "MON_RETVAL"), Some(value));
        assert_eq!(variable(&call, "MON_ALERTTYPE"), Some("failure"));
    }
}

#[test]
fn what_somebody_says_stands_first_and_is_printable() {
    let mut bench = Bench::new(&simple(""));
    let mut said = Vec::new();
    bench.alerts.direct(
        std::slice::from_ref(&bench.of),
        "hello\u{1b}[1m\0",
        &bench.known,
        bench.now,
        &mut said,
    );
    bench.take(said);
    let call = call(&sending(&mut bench), None, None, bench.now);
    assert_eq!(stdin(&call), "hello?[1m?\nweb/oco: ok\n");
    assert_eq!(variable(&call, "OCO_EVENT"), Some("direct"));
    assert_eq!(variable(&call, "MON_LAST_SUMMARY"), Some("hello?[1m?"));
}

#[test]
fn each_argument_and_variable_is_cut_at_a_blank_and_standard_input_has_all() {
    let mut bench = Bench::new(&simple(""));
    let many = 20_000;
    bench.known.more = many;
    bench.fails();
    let mut sending = sending(&mut bench);
    assert!(sending.all.len() < many, "what is cut anyway is not taken along");
    sending.failed = vec![(name("web/oco/host.example.org"), "refused".into()); many].into();
    let call = called(&sending, bench.now);
    let values = call.environment.iter().map(|(_, value)| value).chain(&call.argv);
    for value in values {
        assert!(value.len() < MONITOR_OCTETS);
        assert!(
            value
                .split_whitespace()
                .all(|word| !word.starts_with("host") || word.ends_with("org") || word.ends_with("org:"))
        );
    }
    assert!(call.argv[6].len() > MONITOR_OCTETS - 30, "no more is left out than is cut");
    assert!(call.stdin.len() > many * 2 * "host.example.org".len());
}
