//! mon's monitors: all hosts of a service in a few calls, and what the end of one tells of each host.

use super::exec::{Told, short};
use crate::limits::MONITOR_OCTETS;
use oco::logic::code::Code;
use oco::logic::plugin_result::{End, Kept, Run};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The hosts in batches, each of which has room in one call.
pub fn batches<'a>(hosts: impl Iterator<Item = &'a str>) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut begin, mut octets, mut count) = (0, 0, 0);
    for host in hosts {
        if octets + host.len() + 1 > MONITOR_OCTETS && count > begin {
            batches.push(begin..count);
            (begin, octets) = (count, 0);
        }
        octets += host.len() + 1;
        count += 1;
    }
    if count > begin {
        batches.push(begin..count);
    }
    batches
}

/// What a monitor's run tells of `hosts`, which it was called with: one result each, in their order. Exit status 0:
/// all are up. Else the first line names those that failed; one that names none, and a time-out, fail all. One that
/// was cut leaves open how those are that it does not name.
pub fn told(run: &Run, stdout: &Kept, hosts: &[&str]) -> Vec<Told> {
    let all = |told: Told| vec![told; hosts.len()];
    match run {
        Run::NotStarted(why) => return all(Told::Own(short(why.as_bytes()))),
        Run::TimedOut(_) => return all(Told::Code(Code::KO, "timeout".to_owned())),
        Run::Ended(End::Status(0)) => return all(Told::Code(Code::OK, String::new())),
        Run::Ended(End::Status(_) | End::Signal(_) | End::Lost) => {}
    }
    let end = stdout.octets.iter().position(|octet| *octet == b'\n');
    let is_cut = end.is_none() && stdout.is_cut;
    let line =
        String::from_utf8_lossy(stdout.octets.get(..end.unwrap_or(stdout.octets.len())).unwrap_or_default());
    // Some put commas between the names, as mon's own process.monitor does.
    let mut words: Vec<&str> =
        line.split_ascii_whitespace().map(|word| word.trim_matches([',', ';'])).collect();
    if is_cut {
        // The last one may be the beginning of another name.
        words.pop();
    }
    let named: HashSet<&str> = words.into_iter().collect();
    let names_any = hosts.iter().any(|host| named.contains(host));
    let detail = end.and_then(|end| stdout.octets.get(end + 1..)).unwrap_or_default();
    let (own, others) = lines_of(detail, hosts);
    // A line that names nobody says what is wrong.
    let reason = reason(run, &others, if names_any { "" } else { &line });
    hosts
        .iter()
        .map(|host| match (named.contains(host), names_any, is_cut) {
            (true, _, _) | (false, false, false) => {
                let own = own.get(host.as_bytes()).map(|line| short(line));
                Told::Code(Code::KO, own.unwrap_or_else(|| reason.clone()))
            }
            (false, _, true) => Told::Own("the monitor's line was cut".to_owned()),
            (false, true, false) => Told::Code(Code::OK, String::new()),
        })
        .collect()
}

/// A line of a monitor.
type Line<'a> = &'a [u8];

/// What follows the first line: what is said of one host, in the first line that begins with it, without its name; and
/// the lines that are about none.
fn lines_of<'a>(detail: &'a [u8], hosts: &[&str]) -> (HashMap<&'a [u8], Line<'a>>, Vec<Line<'a>>) {
    let hosts: HashSet<&[u8]> = hosts.iter().map(|host| host.as_bytes()).collect();
    let (mut own, mut others) = (HashMap::new(), Vec::new());
    for line in detail.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii) {
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let word = word.strip_suffix(b":").unwrap_or(word);
        let rest = rest.trim_ascii_start();
        match hosts.contains(word) {
            true if rest.is_empty() => {}
            true => {
                own.entry(word).or_insert(rest);
            }
            false if line.is_empty() => {}
            false => others.push(line),
        }
    }
    (own, others)
}

/// Why a host failed of which nothing is said: the first line about none, else `summary`, else how the monitor ended.
fn reason(run: &Run, others: &[&[u8]], summary: &str) -> String {
    let summary = summary.trim().as_bytes();
    match (others.first().copied().or(Some(summary).filter(|line| !line.is_empty())), run) {
        (Some(line), _) => short(line),
        // Nagios plugins have words of their own for some of them.
        (None, Run::Ended(End::Status(status))) => format!("exit status {status}"),
        (None, _) => short(&run.text(&Kept::default(), &Kept::default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const HOSTS: [&str; 3] = ["a", "b", "192.0.2.1"];

    fn told_by(status: i32, text: &str, is_cut: bool) -> Vec<Option<Code>> {
        let stdout = Kept { octets: text.as_bytes().to_vec(), is_cut };
        let told = told(&Run::Ended(End::Status(status)), &stdout, &HOSTS);
        told.into_iter().map(|told| if let Told::Code(code, _) = told { Some(code) } else { None }).collect()
    }

    #[test]
    fn the_failed_hosts_stand_on_the_first_line() {
        let (ok, ko) = (Some(Code::OK), Some(Code::KO));
        assert_eq!(told_by(0, "a b", false), [ok; 3]);
        assert_eq!(told_by(1, "b\na: fine\n", false), [ok, ko, ok]);
        assert_eq!(told_by(1, "192.0.2.1 a", false), [ko, ok, ko]);
        assert_eq!(told_by(1, "192.0.2.1, a;\n", false), [ko, ok, ko], "commas are no part of a name");
        assert_eq!(told_by(1, "something else\na\n", false), [ko; 3], "no host is named");
        assert_eq!(told_by(2, "", false), [ko; 3]);
        assert_eq!(told_by(1, "a b", true), [ko, None, None], "b may be the beginning of bc");
        assert_eq!(told_by(1, "a b\nmore", true), [ko, ko, ok]);
        assert_eq!(told_by(1, "x", true), [None; 3]);
        let late = told(&Run::TimedOut(Duration::from_secs(1)), &Kept::default(), &HOSTS);
        assert_eq!(late, vec![Told::Code(Code::KO, "timeout".into()); 3]);
    }

    #[test]
    fn the_reason_is_the_first_line_of_the_detail() {
        let stdout = Kept { octets: b"a\n\n  no answer\x07\nmore".to_vec(), is_cut: false };
        let told_all = told(&Run::Ended(End::Status(1)), &stdout, &HOSTS);
        assert_eq!(told_all[0], Told::Code(Code::KO, "no answer?".into()));
        let told_all = told(&Run::Ended(End::Status(7)), &Kept::default(), &HOSTS);
        assert_eq!(told_all[0], Told::Code(Code::KO, "exit status 7".into()));
        let of = |text: &str| {
            let stdout = Kept { octets: text.as_bytes().to_vec(), is_cut: false };
            told(&Run::Ended(End::Status(1)), &stdout, &HOSTS).swap_remove(0)
        };
        assert_eq!(of("a\n"), Told::Code(Code::KO, "exit status 1".into()));
        assert_eq!(of("it broke\n"), Told::Code(Code::KO, "it broke".into()), "it names nobody");
    }

    #[test]
    fn a_line_that_begins_with_a_host_is_about_that_host_alone() {
        let text = b"a b\n\nb: refused\na timeout\na again\n".to_vec();
        let stdout = Kept { octets: text, is_cut: false };
        let of = |stdout: &Kept| told(&Run::Ended(End::Status(1)), stdout, &HOSTS);
        let ko = |reason: &str| Told::Code(Code::KO, reason.into());
        assert_eq!(of(&stdout)[..2], [ko("timeout"), ko("refused")]);
        let stdout = Kept { octets: b"a b\na: timeout\nb\nbad\n".to_vec(), is_cut: false };
        assert_eq!(of(&stdout)[..2], [ko("timeout"), ko("bad")]);
        let stdout = Kept { octets: b"b\na: fine\n".to_vec(), is_cut: false };
        assert_eq!(of(&stdout)[1], ko("exit status 1"));
    }

    proptest! {
        #[test]
        fn batches_hold_all_hosts_in_order(lengths in prop::collection::vec(1usize..60_000, 0..20)) {
            let hosts: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            let batches = batches(hosts.iter().map(String::as_str));
            let flat: Vec<usize> = batches.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..hosts.len()).collect::<Vec<_>>());
            for batch in batches {
                let octets: usize = hosts[batch.clone()].iter().map(|host| host.len() + 1).sum();
                prop_assert!(octets <= MONITOR_OCTETS || batch.len() == 1);
            }
        }

        #[test]
        fn any_output_gives_each_host_a_result(octets in prop::collection::vec(any::<u8>(), 0..80), is_cut: bool, status in 0i32..4) {
            let told = told(&Run::Ended(End::Status(status)), &Kept { octets, is_cut }, &HOSTS);
            prop_assert_eq!(told.len(), HOSTS.len());
            for told in told {
                let (Told::Code(_, reason) | Told::Own(reason)) = told;
                prop_assert!(!reason.chars().any(char::is_control));
            }
        }
    }
}
