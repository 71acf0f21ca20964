//! Names and addresses that a watch.toml can have.

use crate::limits::NAME_OCTETS;
use crate::logic::endpoint::is_dns_name;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Room that a number behind a name needs.
const NUMBER_OCTETS: usize = 8;

/// Names that were given, each once.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, usize>);

impl Names {
    /// Names of groups, of which `node` and `slo` are none.
    pub(super) fn of_groups() -> Names {
        Names(BTreeMap::from([("node".to_owned(), 1), ("slo".to_owned(), 1)]))
    }

    /// A name like `wanted` that nobody has yet.
    pub(super) fn unique(&mut self, wanted: &str) -> String {
        let base = name(wanted);
        let mut wanted = base.clone();
        while self.0.contains_key(&wanted) {
            let count = self.0.entry(base.clone()).or_insert(1);
            *count += 1;
            let room = NAME_OCTETS.saturating_sub(NUMBER_OCTETS).min(base.len());
            wanted = format!("{}-{count}", base.get(..room).unwrap_or_default());
        }
        self.0.insert(wanted.clone(), 1);
        wanted
    }
}

/// `text` with what a name does not allow replaced: 1 to 64 of `A-Z a-z 0-9 . _ -`, not first `.` or `-`.
fn name(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name: String = text.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let name = name.trim_start_matches(['.', '-']);
    match name.get(..name.len().min(NAME_OCTETS)) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "x".to_owned(),
    }
}

/// The name as a part of a section's header.
pub(super) fn header_part(name: &str) -> String {
    let is_bare = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    if name.bytes().all(is_bare) { name.to_owned() } else { format!("\"{name}\"") }
}

/// Whether a group can have it as a host: an address, a name of the DNS, with a port or without.
pub(super) fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() || is_dns_name(text) {
        return true;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_port =
        port.bytes().all(|octet| octet.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0);
    let is_host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.contains(':') && (host.parse::<IpAddr>().is_ok() || is_dns_name(host)),
    };
    is_port && is_host && text.len() <= NAME_OCTETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_allowed() {
        let mut names = Names::of_groups();
        let long = "a".repeat(80);
        for (wanted, given) in [
            ("web", "web"),
            ("web", "web-2"),
            ("web-2", "web-2-2"),
            ("web", "web-3"),
            ("node", "node-2"),
            (".x", "x"),
            ("--", "x-2"),
            ("192.0.2.1:80", "192.0.2.1-80"),
            (&long, &"a".repeat(64)),
            (&long, &format!("{}-2", "a".repeat(56))),
        ] {
            assert_eq!(names.unique(wanted), given, "{wanted}");
        }
    }

    #[test]
    fn hosts_are_those_that_a_group_takes() {
        for good in
            ["web1", "192.0.2.1", "192.0.2.1:79", "2001:db8::1", "[2001:db8::1]:79", "a_b.example.org:80"]
        {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "1",
            "192.0.2.300",
            "-a",
            "a..b",
            "a/b",
            "a:0",
            "a:+1",
            "a:x",
            "a:b:80",
            "[a]:80",
            "*a",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
