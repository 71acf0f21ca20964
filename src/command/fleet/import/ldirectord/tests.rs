//! Each line of an ldirectord.cf is taken, or it stands with its number in a comment.

use super::super::document::written;
use super::super::tests::{holds_words, installed, is_named, is_well};
use super::convert;
use proptest::prelude::*;

fn of_ldirectord() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        1 => "virtual=192\\.0\\.2\\.[1-9]:(80|http|25)",
        1 => "(checkinterval|failurecount|quiescent|fallback|emailalert)=(7|yes|127\\.0\\.0\\.1:8[1-9])",
        4 => "\treal=198\\.51\\.100\\.[1-9]:80 (gate|masq)( [0-9])?",
        6 => "\t(scheduler=(rr|wlc)|checktype=(connect|negotiate|off|on|ping)|service=(http|smtp|none)|request=[a-c]{1,3})",
        4 => "\t(receive=[a-c]{1,3}|persistent=[1-9]0|fallback=127\\.0\\.0\\.1:8[1-9]|checkinterval=[1-9]|virtualhost=[a-c]{3})",
        1 => "\t(netmask=255\\.255\\.255\\.[0-9]|monitorfile=x|frob=y|quiescent=(yes|no)|protocol=tcp)",
    ];
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn each_line_of_ldirectord_is_taken_or_named(text in of_ldirectord()) {
        if let Some(made) = is_well(convert, &text) {
            let lost = lost_of_ldirectord(&text, &made);
            prop_assert!(lost.is_empty(), "{lost:?}: {made}");
        }
    }
}

/// The lines that are neither named nor in what was made. What is said in other words there has to be the one of its key that counts.
fn lost_of_ldirectord(text: &str, made: &str) -> Vec<(usize, String)> {
    let mut scope = 0;
    let mut settings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        if key.is_empty() {
            continue;
        }
        scope += usize::from(key.starts_with("virtual") && key != "virtualhost");
        let is_indented = line.starts_with(char::is_whitespace);
        settings.push((number, if is_indented { scope } else { 0 }, key, value));
    }
    let lost = settings.iter().filter(|(number, scope, key, value)| {
        let is_last =
            !settings.iter().any(|(later, other, of, _)| later > number && (other, of) == (scope, key));
        let is_taken = match key.as_str() {
            "virtual" | "virtual6" => made.contains(value.split(':').next().unwrap_or_default()),
            "real" | "real6" => made.contains(value.split([':', '-']).next().unwrap_or_default()),
            "request" | "receive" | "virtualhost" | "checkcommand" | "servicename" | "comment" => {
                is_last && holds_words(made, value)
            }
            // A setting at the top may be that of no virtual service, and counts all the same.
            _ if *scope == 0 => is_last,
            "scheduler" | "fallback" | "persistent" | "checkinterval" | "failurecount" => {
                is_last && (value.parse() == Ok(1) || is_amount(made, value) || holds_words(made, value))
            }
            _ => is_last,
        };
        !is_taken && !is_named(made, *number)
    });
    lost.map(|(number, _, key, value)| (*number, format!("{key}={value}"))).collect()
}

/// Whether so many seconds stand there, in whatever unit.
fn is_amount(made: &str, seconds: &str) -> bool {
    let seconds = seconds.parse().map(std::time::Duration::from_secs);
    seconds.is_ok_and(|length| made.contains(&format!("\"{}\"", written(length))))
}

#[test]
fn of_a_setting_of_ldirectord_that_is_given_twice_the_earlier_is_named() {
    let text = "checkinterval=5\ncheckinterval=6\nvirtual=192.0.2.1:80\n\treal=192.0.2.2:80 gate\n\tscheduler=rr\n\t\
                scheduler=wlc\n\tservice=http\n\trequest=a\n\trequest=b\n\tchecktype=connect\n\tchecktype=negotiate\n\t\
                fallback=127.0.0.1:80\n\tfallback=127.0.0.1:81\n\treal=192.0.2.3:80 gate\n";
    let made = convert(text).unwrap();
    for line in [1, 5, 8, 10, 12] {
        assert!(is_named(&made, line), "line {line}: {made}");
    }
    assert_eq!(lost_of_ldirectord(text, &made), []);
}

#[test]
fn each_line_of_the_files_that_came_with_ldirectord_is_taken_or_named() {
    for file in ["/etc/ha.d/ldirectord.cf", "/usr/share/doc/ldirectord/examples/ldirectord.cf"] {
        let Some(text) = installed(file, &[]) else { continue };
        let made = convert(&text).unwrap_or_else(|fault| panic!("{file}: {}", fault.what));
        assert_eq!(lost_of_ldirectord(&text, &made), [], "{file}:\n{made}");
    }
}
