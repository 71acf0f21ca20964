//! Other watchers' files and what comes of them. `OCO_WRITE=1` writes the golden texts anew; that ocowatch takes them is
//! seen in tests/fleet.

use super::{ldirectord, mon};
use crate::config::source::Fault;
use proptest::prelude::*;
use std::path::Path;

type Convert = fn(&str) -> Result<String, Fault>;

fn is_golden(name: &str, convert: Convert) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command/fleet/import/golden");
    let text = std::fs::read_to_string(folder.join(format!("{name}.cf"))).unwrap();
    let made = convert(&text).unwrap();
    let path = folder.join(format!("{name}.toml"));
    if std::env::var_os("OCO_WRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(made == golden, "{} differs, OCO_WRITE=1 writes it anew:\n{made}", path.display());
}

#[test]
fn shapes_of_mon() {
    is_golden("groups.mon", mon::convert);
    is_golden("folders.mon", mon::convert);
}

#[test]
fn shapes_of_ldirectord() {
    is_golden("services.ldirectord", ldirectord::convert);
}

fn fault(convert: Convert, text: &str) -> (usize, String) {
    let Err(Fault { place, what }) = convert(text) else { panic!("taken: {text}") };
    (place.unwrap().line, what)
}

#[test]
fn what_mon_would_not_take_is_an_error_with_its_line() {
    for (text, line, said) in [
        ("define(a, b)dnl\n", 1, "m4"),
        ("x\n", 1, "expected VARIABLE"),
        ("a\0b", 1, "zero octet"),
        ("# a\n\nhostgroup a/b c\n", 3, "expected a name"),
        ("watch a\nwatch a\n", 2, "given twice"),
        ("watch a\ninterval 5m\n", 2, "expected a service"),
        ("watch a\nservice b\nservice b\n", 3, "given twice"),
        ("watch a\nservice b c\n", 2, "expected a name"),
        ("watch a\nservice b\ninterval 5\n", 3, "expected a time"),
        ("watch a\nservice b\nmonitor x 'y\n", 3, "quote is not closed"),
        ("watch a\nservice b\nperiod wd {x}\n", 3, "expected one as wd"),
        ("watch a\nservice b\nperiod\nalert\n", 4, "expected a program"),
        ("watch a\nservice b\nperiod\nalertevery 1h often\n", 4, "expected a time, and strict"),
        ("watch a\nservice b\nperiod\nalertafter x\n", 4, "expected a number of failures"),
        ("watch a\nservice b\nperiod\nnumalerts x\n", 4, "expected a number"),
        ("watch a\nservice b\ndep_behavior x\n", 3, "expected a, m or hm"),
    ] {
        let (at, what) = fault(mon::convert, text);
        assert!(at == line && what.contains(said), "{text:?}: {at}: {what}");
    }
}

#[test]
fn what_ldirectord_would_not_take_is_an_error_with_its_line() {
    let of_virtual = |line: &str| format!("virtual=192.0.2.1:80\n\treal=192.0.2.2:80 gate\n\t{line}\n");
    for (text, line, said) in [
        ("checktimeout\n".to_owned(), 1, "expected KEY = VALUE"),
        ("    real=192.0.2.1:80 gate\n".to_owned(), 1, "indented"),
        ("virtual=x\n".to_owned(), 1, "expected ADDRESS:PORT"),
        ("virtual=0\n".to_owned(), 1, "expected ADDRESS:PORT"),
        (of_virtual("real=192.0.2.2:80 nat"), 3, "expected ADDRESS:PORT gate"),
        (of_virtual("checktype=x"), 3, "expected connect"),
        (of_virtual("service=gopher"), 3, "expected one that ldirectord knows"),
        (of_virtual("checkport=0"), 3, "expected a port"),
        (of_virtual("persistent=long"), 3, "expected a number of seconds"),
        (of_virtual("failurecount=0"), 3, "expected a number from 1"),
        (of_virtual("scheduler=W"), 3, "expected a scheduler"),
        (of_virtual("protocol=fwm"), 3, "expected tcp or udp"),
        (of_virtual("quiescent=maybe"), 3, "expected yes or no"),
        (of_virtual("").repeat(2), 4, "each virtual service once"),
    ] {
        let (at, what) = fault(ldirectord::convert, &text);
        assert!(at == line && what.contains(said), "{text:?}: {at}: {what}");
    }
}

/// Lines of mon that say something of what is written, in other words.
const OF_MON: [&str; 15] = [
    "hostgroup",
    "watch",
    "service",
    "interval",
    "monitor",
    "traptimeout",
    "description",
    "period",
    "alert",
    "upalert",
    "alertevery",
    "alertafter",
    "numalerts",
    "depend",
    "alertdepend",
];

fn of_mon() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just(String::new()),
        "hostgroup [a-c] ?[a-c]{0,2} ?\\*?[a-c]",
        "watch [a-d]",
        "\tservice [a-c]",
        "\tmonitor [a-z ;'\"${}]{1,12}( ;;)?",
        "\t(interval|traptimeout|failure_interval|randskew|dep_memory) [0-9]{1,2}(\\.5)?[smhd]",
        "\t(depend|alertdepend|monitordepend|hostdepend) (SELF|[a-c]):[a-c]( (&&|\\|\\|)? ?[a-c]:[a-c])?",
        "\tdep_behavior (a|m|hm)",
        "\texclude_hosts [a-c] [a-c]",
        "\t(description|redistribute|unack_summary|frob) .{0,8}",
        "\tperiod ([A-Z]: )?(wd \\{(Mon|Sat)-(Fri|Sun)\\})?( hr \\{[0-9]-1[0-9]\\})?",
        "\t(alert|upalert|startupalert) (exit=1 )?[a-c{}]{1,3} ?.{0,3}",
        "\talertevery [1-9]m( strict| observe_detail)?",
        "\talertafter ([0-9]|[1-9]m|[1-9] [1-9]h)",
        "\t(numalerts [0-9]|no_comp_alerts|upalertafter 5m)",
        "(maxprocs|randstart|mondir|alertdir|odd) ?= ?[/a-z]{0,6}",
    ];
    prop::collection::vec(line, 0..25).prop_map(|lines| lines.join("\n"))
}

fn is_well(convert: Convert, text: &str) -> Option<String> {
    match convert(text) {
        Ok(made) => {
            assert!(!made.chars().any(|c| c.is_control() && c != '\n'), "{made:?}");
            Some(made)
        }
        Err(Fault { place, what }) => {
            assert!(!what.is_empty() && !what.chars().any(char::is_control), "one printable line: {what:?}");
            let lines = text.lines().count().max(1);
            assert!((1..=lines).contains(&place.unwrap().line), "{what}");
            None
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_or_an_error(text in "(?s).{0,300}") {
        is_well(mon::convert, &text);
        is_well(ldirectord::convert, &text);
    }

    #[test]
    fn each_line_of_mon_is_taken_or_named(text in of_mon()) {
        let Some(made) = is_well(mon::convert, &text) else { return Ok(()) };
        let is_left_out = made.contains("left out");
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let word = line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            prop_assert!(
                made.contains(word) || OF_MON.contains(&word) || word.starts_with("dep_") || is_left_out || word == "monitordepend",
                "{}: {}", line, made
            );
        }
    }
}
