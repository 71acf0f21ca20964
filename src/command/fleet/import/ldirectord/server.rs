//! Real servers, `192.0.2.1->192.0.2.5:80 masq 5 "request", "receive"`, and ports by their names.

use crate::logic::endpoint::is_dns_name;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets of a name that leave room for its port in the name of a host.
const NAME_OCTETS: usize = 58;
/// Services by their usual names and ports, as /etc/services has them and ldirectord itself.
const PORTS: [(&str, u16); 27] = [
    ("domain", 53),
    ("dns", 53),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("http", 80),
    ("www", 80),
    ("pop", 110),
    ("pop3", 110),
    ("nntp", 119),
    ("ntp", 123),
    ("imap", 143),
    ("imap2", 143),
    ("ldap", 389),
    ("https", 443),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("pops", 995),
    ("pop3s", 995),
    ("oracle", 1521),
    ("radius", 1812),
    ("http_proxy", 3128),
    ("mysql", 3306),
    ("pgsql", 5432),
    ("sip", 5060),
];

/// Servers of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Servers {
    /// Addresses or names.
    pub hosts: Vec<String>,
    /// None: the line has none.
    pub port: Option<u16>,
    pub forward: &'static str,
    pub weight: u32,
    /// Its own request, and what has to come of it.
    pub pair: Option<(String, String)>,
    /// What is left of the line, limits of connections.
    pub rest: String,
}

/// Why a line's servers are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The line is malformed.
    Malformed,
    /// Nobody knows the port's name.
    Port,
    /// A range of names, or of too many addresses.
    Range,
}

/// Reads the value of `real`, with at most `most` servers.
pub(super) fn servers(value: &str, most: usize) -> Result<Servers, Unknown> {
    let (place, flags) = value.split_once(char::is_whitespace).ok_or(Unknown::Malformed)?;
    let (host, port_text) = split(place).ok_or(Unknown::Malformed)?;
    let (first, last) = match host.split_once("->") {
        Some((first, last)) => (first, Some(last)),
        None => (host, None),
    };
    let hosts = match last {
        None => vec![canonical(unbracketed(first).ok_or(Unknown::Malformed)?)],
        Some(last) => range(first, last, most).ok_or(Unknown::Range)?,
    };
    let port = port_text.map(|text| port(text).ok_or(Unknown::Port)).transpose()?;
    let (forward, rest) = flags.trim().split_once(char::is_whitespace).unwrap_or((flags.trim(), ""));
    let forward = forwarding(forward).ok_or(Unknown::Malformed)?;
    let rest = rest.trim();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(end).unwrap_or(("", rest));
    let weight = if digits.is_empty() { 1 } else { digits.parse().map_err(|_| Unknown::Malformed)? };
    let (pair, rest) = pair(rest.trim());
    Ok(Servers { hosts, port: port.filter(|port| *port > 0), forward, weight, pair, rest: rest.to_owned() })
}

/// Splits `HOST:PORT`.
pub(super) fn split(place: &str) -> Option<(&str, Option<&str>)> {
    if place.starts_with('[') {
        let (address, rest) = place.split_at_checked(place.find(']')? + 1)?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        return Some((address, port));
    }
    match place.split_once(':') {
        None => Some((place, None)),
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
    }
}

/// A host without the brackets of an IPv6 address.
pub(super) fn unbracketed(host: &str) -> Option<&str> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok().then_some(address),
        None => {
            let is_name = is_dns_name(host) && host.len() <= NAME_OCTETS;
            (host.parse::<IpAddr>().is_ok() || is_name).then_some(host)
        }
    }
}

/// An address as everybody writes it, so that it is the same one each time; a name as it is.
fn canonical(host: &str) -> String {
    host.parse::<IpAddr>().map_or_else(|_| host.to_owned(), |address| address.to_string())
}

/// A port by its number or name; 0 is one of a firewall mark.
pub(super) fn port(text: &str) -> Option<u16> {
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return text.parse().ok();
    }
    PORTS.iter().find(|(name, _)| *name == text).map(|(_, port)| *port)
}

/// The word, if it says how LVS forwards.
pub(super) fn forwarding(word: &str) -> Option<&'static str> {
    ["gate", "masq", "ipip"].into_iter().find(|known| *known == word)
}

fn range(first: &str, last: &str, most: usize) -> Option<Vec<String>> {
    let first: Ipv4Addr = first.parse().ok()?;
    let last: Ipv4Addr = last.parse().ok()?;
    let (first, last) = (u32::from(first), u32::from(last));
    let count = usize::try_from(last.checked_sub(first)?).ok()?;
    (count < most).then(|| (first..=last).map(|address| Ipv4Addr::from(address).to_string()).collect())
}

/// `"request", "receive"` at the beginning, and what follows.
fn pair(text: &str) -> (Option<(String, String)>, &str) {
    let found = || {
        let (request, rest) = text.strip_prefix('"')?.split_once('"')?;
        let rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let (receive, rest) = rest.strip_prefix('"')?.split_once('"')?;
        Some(((request.to_owned(), receive.to_owned()), rest.trim()))
    };
    match found() {
        Some((pair, rest)) => (Some(pair), rest),
        None => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_real_servers() {
        let read = |text: &str| servers(text, 100);
        let one = read("192.0.2.1:80 gate").unwrap();
        assert_eq!(
            (one.hosts.join(" ").as_str(), one.port, one.forward, one.weight),
            ("192.0.2.1", Some(80), "gate", 1)
        );
        let range = read(r#"192.0.2.254->192.0.3.1:http masq 5 "/a b", "ok" l:5 u:9"#).unwrap();
        assert_eq!(range.hosts.join(" "), "192.0.2.254 192.0.2.255 192.0.3.0 192.0.3.1");
        assert_eq!((range.port, range.weight, range.rest.as_str()), (Some(80), 5, "l:5 u:9"));
        assert_eq!(range.pair, Some(("/a b".to_owned(), "ok".to_owned())));
        let six = read("[2001:db8::4]:119 ipip").unwrap();
        assert_eq!((six.hosts.join(" ").as_str(), six.port), ("2001:db8::4", Some(119)));
        let shouted = read("[2001:DB8:0::4]:119 ipip").unwrap();
        assert_eq!(shouted.hosts, six.hosts, "one address is one server, however it is written");
        assert_eq!(read("192.0.2.1 gate").unwrap().port, None);
        for (text, why) in [
            ("192.0.2.1:80", Unknown::Malformed),
            ("192.0.2.1::80 gate", Unknown::Malformed),
            ("192.0.2.1:80 nat", Unknown::Malformed),
            ("a b:80 gate", Unknown::Malformed),
            ("192.0.2.1:what gate", Unknown::Port),
            ("sql01->sql03:80 gate", Unknown::Range),
            ("10.0.0.0->10.255.255.255:80 gate", Unknown::Range),
            ("192.0.2.5->192.0.2.1:80 gate", Unknown::Range),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }
}
