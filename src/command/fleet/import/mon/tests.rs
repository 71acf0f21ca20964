//! Each line of a mon.cf is taken, or it stands with its number in a comment.

use super::super::document::written as written_length;
use super::super::tests::{holds_words, installed, is_named, is_well};
use super::convert;
use super::lines::lines;
use super::period::{Times, times};
use super::words::length;
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn each_line_of_mon_is_taken_or_named(text in of_mon()) {
        if let Some(made) = is_well(convert, &text) {
            let lost = lost_of_mon(&text, &made);
            prop_assert!(lost.is_empty(), "{lost:?}: {made}");
        }
    }
}

/// The lines of a mon.cf that are neither named nor in what was made by their value.
fn lost_of_mon(text: &str, made: &str) -> Vec<(usize, String)> {
    let is_key = |key: &str, value: &str| made.lines().any(|line| line == format!("{key} = {value}"));
    let written = |text: &str| length(text).map(written_length);
    let given = lines(text).into_iter().filter(|line| !line.text.is_empty());
    let lost = given.filter(|line| {
        let (word, rest) = line.text.split_once(char::is_whitespace).unwrap_or((&line.text, ""));
        let rest = rest.trim();
        let has_time =
            |key: &str, text: &str| written(text).is_some_and(|time| is_key(key, &format!("\"{time}\"")));
        let is_taken = match word {
            "interval" => has_time("interval", rest),
            "traptimeout" => written(rest).is_some_and(|time| made.contains(&format!("report = \"{time}\""))),
            "alertevery" => has_time("every", rest.split_whitespace().next().unwrap_or_default()),
            "alertafter" => is_key("after", rest) || has_time("after", rest),
            "numalerts" => is_key("limit", rest),
            "period" => {
                let behind = rest.split_once(':').map_or(rest, |(_, behind)| behind);
                match times(behind) {
                    Ok(Times::Always) => true,
                    Ok(Times::Hours(hours)) => is_key("hours", &format!("\"{hours}\"")),
                    Ok(Times::Never | Times::Other) | Err(_) => false,
                }
            }
            "depend" | "alertdepend" => {
                let services = rest.split(|c: char| c.is_whitespace() || "&|(),;".contains(c));
                let mut services =
                    services.filter_map(|name| name.split_once(':')).map(|(_, service)| service);
                let depends = || made.lines().filter(|line| line.starts_with("depends = "));
                services.all(|service| depends().any(|line| line.contains(&format!("/{service}\""))))
            }
            "service" => made.contains(&format!(".service.{rest}]")),
            "watch" => made.contains(&format!("[hostgroup.{rest}")),
            "hostgroup" | "monitor" | "alert" | "upalert" | "description" => holds_words(made, rest),
            _ => false,
        };
        // Hosts of the group above.
        let are_hosts = line.text.split_whitespace().all(|host| made.contains(&format!("\"{host}\"")));
        !is_taken && !are_hosts && !is_named(made, line.number)
    });
    lost.map(|line| (line.number, line.text)).collect()
}

#[test]
fn of_a_line_of_mon_that_is_given_twice_the_earlier_is_named() {
    let once = [
        "description a",
        "description b",
        "interval 1m",
        "interval 2m",
        "monitor c.x",
        "monitor d.x",
        "depend g:t",
        "depend g:u",
        "exclude_period hr {1}",
        "exclude_period hr {2}",
    ];
    let of_period =
        ["alertevery 10m", "alertevery 20m", "numalerts 3", "numalerts 4", "alertafter 4m", "alertafter 5m"];
    let others = "service t\ninterval 3m\nmonitor e.x\nservice u\ninterval 3m\nmonitor e.x\n";
    let text = format!(
        "hostgroup g h\nwatch g\nservice s\n{}\nperiod\nalert a.alert\n{}\n{others}",
        once.join("\n"),
        of_period.join("\n")
    );
    let made = convert(&text).unwrap();
    for line in [4, 6, 8, 10, 12, 16, 18, 20] {
        assert!(is_named(&made, line), "line {line}: {made}");
    }
    for line in [5, 7, 9, 11, 17, 19, 21] {
        assert!(!is_named(&made, line), "line {line} counts: {made}");
    }
    assert_eq!(lost_of_mon(&text, &made), []);
}

#[test]
fn a_number_of_alertafter_counts_before_a_time_as_in_mon() {
    for (lines, named) in [("alertafter 2\nalertafter 5m", 7), ("alertafter 5m\nalertafter 2", 6)] {
        let text =
            format!("hostgroup g h\nwatch g\nservice s\nmonitor x.x\nperiod\n{lines}\nalert a.alert\n");
        let made = convert(&text).unwrap();
        assert!(made.contains("\nafter = 2\n") && is_named(&made, named), "{made}");
    }
}

#[test]
fn each_line_of_the_files_that_came_with_mon_is_taken_or_named() {
    for (file, reader) in [
        ("/etc/mon/mon.cf", &[][..]),
        ("/usr/share/doc/mon/examples/very-simple.cf", &[]),
        ("/usr/share/doc/mon/examples/example.cf.gz", &["gzip", "-dc"]),
        ("/usr/share/doc/mon/examples/example.m4", &["m4"]),
    ] {
        let Some(text) = installed(file, reader) else { continue };
        let made = convert(&text).unwrap_or_else(|fault| panic!("{file}: {}", fault.what));
        assert_eq!(lost_of_mon(&text, &made), [], "{file}:\n{made}");
    }
}
