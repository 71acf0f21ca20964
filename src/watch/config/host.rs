//! Hosts as people write them: `web1`, `192.0.2.1:7979`, `[2001:db8::1]`, `{ name = "web1", address = "192.0.2.1" }`.

use super::section::{Culprit, wrong};
use super::{Address, Canary, Host};
use oco::logic::endpoint;
use oco_fleet::object::check_host;
use oco_fleet::value::Name;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use toml::Spanned;

/// A host of the file. Deserialized, it is checked by itself.
#[derive(Debug)]
pub(super) struct HostEntry(pub Host);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedHost {
    name: Name,
    address: HostAddress,
}

/// The address of a host, as it is written.
struct HostAddress(String, Address, Option<u16>);

impl<'de> Deserialize<'de> for HostAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HostAddress, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (address, port) = split(&text).map_err(de::Error::custom)?;
        Ok(HostAddress(text, address, port))
    }
}

impl<'de> Deserialize<'de> for HostEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HostEntry, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = HostEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host as \"192.0.2.1\" or { name = \"web1\", address = \"192.0.2.1\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HostEntry, E> {
                unnamed(text).map(HostEntry).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HostEntry, A::Error> {
                let NamedHost { name, address: HostAddress(written, address, port) } =
                    NamedHost::deserialize(MapAccessDeserializer::new(map))?;
                let name: Box<str> = name.0.into();
                let address_text = (*name != *written).then(|| written.into());
                Ok(HostEntry(Host { name, address_text, address, port }))
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

/// A host that is called by its address.
fn unnamed(text: &str) -> Result<Host, String> {
    let (address, port) = split(text)?;
    check_host(text).map_err(|why| {
        format!("{text:?}: {why}; or give it a name, as {{ name = \"web1\", address = \"ADDRESS\" }}")
    })?;
    Ok(Host { name: text.into(), address_text: None, address, port })
}

/// Reads `HOST` or `HOST:PORT`.
///
/// # Errors
/// The words say what was expected.
pub(super) fn split(text: &str) -> Result<(Address, Option<u16>), String> {
    let endpoint = endpoint::parse(text).map_err(|why| format!("{text:?}: {why}"))?;
    let has_port = text != endpoint.name && text != format!("[{}]", endpoint.name);
    let port = has_port.then_some(endpoint.port);
    if let Ok(address) = endpoint.name.parse::<IpAddr>() {
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return Err(format!(
                "{text:?}: an address of a link says nothing without its interface; expected [{address}%eth0]:79"
            ));
        }
        return Ok((Address::Ip(address), port));
    }
    // What is left with a colon has a zone, `fe80::1%eth0`: the resolver knows the numbers of interfaces.
    if endpoint.name.contains(':') || is_host_name(&endpoint.name) {
        return Ok((Address::Name(endpoint.name.into()), port));
    }
    let is_numeric = endpoint.name.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let what = if is_numeric { "no IPv4 address" } else { "no name of a host" };
    Err(format!("{text:?}: {what}; expected HOST or HOST:PORT, as web1, 192.0.2.1:79 or [2001:db8::1]:79"))
}

/// Whether the DNS can have it, with or without a full stop at its end.
pub(super) fn is_host_name(text: &str) -> bool {
    endpoint::is_dns_name(text.strip_suffix('.').unwrap_or(text))
}

/// The hosts of a group, each name once.
pub(super) fn hosts(entries: Vec<Spanned<HostEntry>>) -> Result<Vec<Host>, Culprit> {
    let mut names = BTreeSet::new();
    for entry in &entries {
        if !names.insert(&*entry.get_ref().0.name) {
            return Err(wrong(entry, format!("{:?}: given twice", entry.get_ref().0.name)));
        }
    }
    // Not collected: that would keep the room of where each stands in the file.
    let mut hosts = Vec::with_capacity(entries.len());
    hosts.extend(entries.into_iter().map(|entry| entry.into_inner().0));
    Ok(hosts)
}

/// A canary of the file.
#[derive(Debug)]
pub(super) struct CanaryEntry(pub Canary);

impl<'de> Deserialize<'de> for CanaryEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CanaryEntry, D::Error> {
        let name = String::deserialize(deserializer)?;
        match split(&name).map_err(de::Error::custom)? {
            (Address::Ip(address), port) => Ok(CanaryEntry(Canary { name, address, port })),
            (Address::Name(_), _) => Err(de::Error::custom(format!(
                "{name:?}: a canary must not hang on the DNS; expected ADDRESS or ADDRESS:PORT"
            ))),
        }
    }
}

/// The canaries, each once.
pub(super) fn canaries(entries: Vec<Spanned<CanaryEntry>>) -> Result<Vec<Canary>, Culprit> {
    let mut canaries: Vec<Canary> = Vec::with_capacity(entries.len());
    for entry in entries {
        let canary = &entry.get_ref().0;
        let is_again = |other: &Canary| (other.address, other.port) == (canary.address, canary.port);
        if canaries.iter().any(is_again) {
            return Err(wrong(&entry, format!("{:?}: given twice", canary.name)));
        }
        canaries.push(entry.into_inner().0);
    }
    Ok(canaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_addresses_and_perhaps_ports() {
        let ip = |text: &str| Address::Ip(text.parse().unwrap());
        let name = |text: &str| Address::Name(text.into());
        for (text, address, port) in [
            ("192.0.2.11", ip("192.0.2.11"), None),
            ("192.0.2.12:79", ip("192.0.2.12"), Some(79)),
            ("2001:db8::3", ip("2001:db8::3"), None),
            ("[2001:db8::3]", ip("2001:db8::3"), None),
            ("[2001:db8::3]:7979", ip("2001:db8::3"), Some(7979)),
            ("web4.example.org", name("web4.example.org"), None),
            ("web4.example.org.:25", name("web4.example.org."), Some(25)),
            ("fe80::1%eth0", name("fe80::1%eth0"), None),
            ("x_1-a", name("x_1-a"), None),
        ] {
            assert_eq!(split(text), Ok((address, port)), "{text}");
            assert_eq!(&*unnamed(text).unwrap().name, text);
        }
        let long = format!("{}.example.org", "x".repeat(63));
        assert!(split(&long).is_ok());
        assert!(unnamed(&long).is_ok());
        assert!(unnamed(&format!("{long}:79")).unwrap_err().contains("give it a name"));
        for text in [
            "",
            "a b",
            "192.0.2.300",
            "192.0.2",
            "1",
            "a..b",
            "-a",
            "a.-b",
            "web1:0",
            "web1:http",
            "[web1]",
            "a/b",
            "a/b:79",
            "caf\u{e9}",
            "web,a",
            &"x".repeat(64),
            "[::1",
            "192.0.2.1:65536",
            "fe80::1",
            "[fe80::1]:79",
        ] {
            assert!(split(text).is_err_and(|why| why.contains("expected")), "{text:?}: {:?}", split(text));
        }
    }
}
