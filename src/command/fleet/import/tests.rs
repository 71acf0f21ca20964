//! Other watchers' files and what comes of them. `OCO_WRITE=1` writes the golden texts anew; that ocowatch takes them is
//! seen in tests/fleet.

use super::{ldirectord, mon};
use crate::config::source::Fault;
use proptest::prelude::*;
use std::path::Path;

pub(super) type Convert = fn(&str) -> Result<String, Fault>;

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

pub(super) fn is_well(convert: Convert, text: &str) -> Option<String> {
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
}

/// Whether a comment names the line.
pub(super) fn is_named(made: &str, line: usize) -> bool {
    made.lines().any(|text| text.starts_with(&format!("# line {line}: ")))
}

/// Whether each run of letters and digits of it stands in what was made, as in names, addresses and words of commands.
pub(super) fn holds_words(made: &str, text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).all(|run| made.contains(run))
}

/// The text of a file that came with a program, as `reader` prints it where it is not plain. None where it is not there,
/// which is said.
pub(super) fn installed(file: &str, reader: &[&str]) -> Option<String> {
    let octets = match reader {
        _ if !Path::new(file).exists() => Err("it is not installed".to_owned()),
        [] => std::fs::read(file).map_err(|error| error.to_string()),
        [program, options @ ..] => {
            let output = std::process::Command::new(program).args(options).arg(file).output();
            let output = output.ok().filter(|output| output.status.success());
            output.map(|output| output.stdout).ok_or_else(|| format!("{program} does not read it"))
        }
    };
    octets.map_err(|why| println!("skipped: {file}: {why}")).ok().map(super::text)
}
