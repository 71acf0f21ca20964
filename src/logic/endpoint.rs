//! Hosts on the command line: `web1`, `web1:7979`, `192.0.2.1`, `[2001:db8::1]:79`, `2001:db8::1`.

use crate::logic::answer::PORT;
use crate::logic::text::printable;
use std::net::Ipv6Addr;

/// A host to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As it was given, for people.
    pub shown: String,
    /// A name or an address, without brackets.
    pub name: String,
    /// Where it listens.
    pub port: u16,
}

/// What a host has to look like.
const EXPECTED: &str = "expected HOST or HOST:PORT, as web1, 192.0.2.1:79 or [2001:db8::1]:79";

/// Octets of a name in the DNS, and of a part of it (RFC 1035, 2.3.4).
const DNS_NAME_OCTETS: usize = 253;
const DNS_LABEL_OCTETS: usize = 63;

/// Reads `HOST[:PORT]`. An IPv6 address may stand without brackets where no port follows.
///
/// # Errors
/// The text is no host; the words say what was expected.
pub fn parse(text: &str) -> Result<Endpoint, String> {
    let (name, port) = split(text).ok_or(EXPECTED)?;
    let port = match port {
        None => PORT,
        Some(digits) => parse_port(digits).ok_or("expected a port from 1 to 65535 behind the colon")?,
    };
    let is_name =
        !name.is_empty() && !name.starts_with('-') && name.bytes().all(|octet| octet.is_ascii_graphic());
    if !is_name {
        return Err(EXPECTED.to_owned());
    }
    Ok(Endpoint { shown: printable(text.as_bytes()), name: name.to_owned(), port })
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        return is_ipv6(address).then_some((address, port));
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some((_, rest)) if rest.contains(':') => is_ipv6(text).then_some((text, None)),
        Some((name, port)) => Some((name, Some(port))),
    }
}

/// An IPv6 address, perhaps with its zone: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok()
}

fn parse_port(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
    digits.parse().ok().filter(|port| is_number && *port > 0)
}

/// Whether the DNS can have it. A name whose last part is a number is a mistyped address.
pub fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=DNS_LABEL_OCTETS).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= DNS_NAME_OCTETS
        && name.split('.').all(is_label)
        && !last.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_and_ports() {
        let good = [
            ("web1", "web1", 79),
            ("web1.example.org:7979", "web1.example.org", 7979),
            ("192.0.2.1", "192.0.2.1", 79),
            ("192.0.2.1:1", "192.0.2.1", 1),
            ("[2001:db8::1]:65535", "2001:db8::1", 65535),
            ("[::1]", "::1", 79),
            ("::1", "::1", 79),
            ("2001:db8::1:79", "2001:db8::1:79", 79),
            ("fe80::1%eth0", "fe80::1%eth0", 79),
            ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ];
        for (text, name, port) in good {
            let host = parse(text).unwrap();
            assert_eq!((host.name.as_str(), host.port, host.shown.as_str()), (name, port, text));
        }
        let bad = [
            "",
            ":79",
            "web1:",
            "web1:0",
            "web1:65536",
            "web1:+79",
            "web1:http",
            "a:b:c",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[web1]:79",
            "[192.0.2.1]",
            "::1%",
            "we b",
            "web1\n",
            "-x",
            "caf\u{e9}",
        ];
        for text in bad {
            assert!(parse(text).is_err_and(|why| why.contains("expected")), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(name in "[a-z0-9][a-z0-9.-]{0,20}", bits in any::<u128>(), port in 1u16..) {
            let named = parse(&format!("{name}:{port}")).unwrap();
            prop_assert_eq!((named.name.as_str(), named.port), (name.as_str(), port));
            let address = Ipv6Addr::from_bits(bits).to_string();
            let numbered = parse(&format!("[{address}]:{port}")).unwrap();
            prop_assert_eq!((numbered.name.as_str(), numbered.port), (address.as_str(), port));
            prop_assert_eq!(parse(&address).unwrap().name, address);
        }

        #[test]
        fn any_text_is_a_host_or_an_error(text in "[\\[\\]:%0-9a-f.]{0,20}|\\PC{0,20}") {
            if let Ok(host) = parse(&text) {
                prop_assert!(!host.name.is_empty() && host.port > 0);
            }
        }
    }
}
