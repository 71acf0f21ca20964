//! Names of what has a state: `GROUP/SERVICE/HOST`, `GROUP/SERVICE`, `node:NAME`, `slo:NAME`; and patterns of them.

use oco::limits::NAME_OCTETS;
use std::fmt;

/// Octets of a part of a name that somebody reports, `%XX` counted as three.
pub const REPORTED_OCTETS: usize = 255;
const NODE: &str = "node:";
const LEVEL: &str = "slo:";

/// What kind of object a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One host under one service: `GROUP/SERVICE/HOST`.
    Target,
    /// One probe over a hostgroup: `GROUP/SERVICE`.
    Service,
    /// A state made of other states: `node:NAME`.
    Node,
    /// A level: `slo:NAME`.
    Level,
}

impl Kind {
    /// Its number in the journal.
    pub fn number(self) -> u8 {
        match self {
            Kind::Target => 0,
            Kind::Service => 1,
            Kind::Node => 2,
            Kind::Level => 3,
        }
    }

    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        [Kind::Target, Kind::Service, Kind::Node, Kind::Level]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// The name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Box<str>);

impl ObjectName {
    /// Reads a name, also one with parts that were reported or are addresses.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(text: &str) -> Result<ObjectName, String> {
        let expected =
            || format!("{text:?}: expected GROUP/SERVICE/HOST, GROUP/SERVICE, node:NAME or slo:NAME");
        if let Some(name) = text.strip_prefix(NODE).or_else(|| text.strip_prefix(LEVEL)) {
            check_part(name).map_err(|why| format!("{text:?}: {why}"))?;
            return Ok(ObjectName(text.into()));
        }
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [group, service] => {
                check_part(group).map_err(|why| format!("{text:?}: {why}"))?;
                check_reported_part(service).map_err(|why| format!("{text:?}: {why}"))?;
            }
            [group, service, host] => {
                check_part(group).map_err(|why| format!("{text:?}: {why}"))?;
                check_reported_part(service).map_err(|why| format!("{text:?}: {why}"))?;
                check_host(host).map_err(|why| format!("{text:?}: {why}"))?;
            }
            _ => return Err(expected()),
        }
        Ok(ObjectName(text.into()))
    }

    /// The target of `host` under a service. The parts have been checked.
    pub fn target(group: &str, service: &str, host: &str) -> ObjectName {
        ObjectName(format!("{group}/{service}/{host}").into())
    }

    /// A service. The parts have been checked.
    pub fn service(group: &str, service: &str) -> ObjectName {
        ObjectName(format!("{group}/{service}").into())
    }

    /// A node. The name has been checked.
    pub fn node(name: &str) -> ObjectName {
        ObjectName(format!("{NODE}{name}").into())
    }

    /// A level. The name has been checked.
    pub fn level(name: &str) -> ObjectName {
        ObjectName(format!("{LEVEL}{name}").into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it names.
    pub fn kind(&self) -> Kind {
        if self.0.starts_with(NODE) {
            Kind::Node
        } else if self.0.starts_with(LEVEL) {
            Kind::Level
        } else if self.0.matches('/').count() == 2 {
            Kind::Target
        } else {
            Kind::Service
        }
    }

    /// The group of a target or service; of another one the word before the colon.
    pub fn group(&self) -> &str {
        self.0.split(['/', ':']).next().unwrap_or_default()
    }

    /// The service of a target or service; of another one its name.
    pub fn service_part(&self) -> &str {
        self.0.split(['/', ':']).nth(1).unwrap_or_default()
    }

    /// The host of a target.
    pub fn host(&self) -> Option<&str> {
        if self.kind() == Kind::Target { self.0.splitn(3, '/').nth(2) } else { None }
    }

    /// The service of a target.
    pub fn service_of_target(&self) -> Option<ObjectName> {
        if self.kind() != Kind::Target {
            return None;
        }
        self.0.rsplit_once('/').map(|(service, _)| ObjectName(service.into()))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Checks a name that a person gives: 1 to 64 of `A-Z a-z 0-9 . _ -`, not first `.` or `-`.
///
/// # Errors
/// The words say what was expected.
pub fn check_part(part: &str) -> Result<(), &'static str> {
    let is_allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
    match part.as_bytes() {
        [] => Err("an empty name; expected 1 to 64 of A-Z a-z 0-9 . _ -"),
        [b'.' | b'-', ..] => Err("a name that begins with . or -; expected A-Z a-z 0-9 or _ first"),
        octets if octets.len() > NAME_OCTETS => Err("a name too long; expected at most 64 octets"),
        octets if !octets.iter().all(|octet| is_allowed(*octet)) => {
            Err("a name with other characters; expected A-Z a-z 0-9 . _ -")
        }
        _ => Ok(()),
    }
}

/// Checks a part that may have been reported: as [`check_part`], but with `%XX` in upper case for what that does not
/// allow, and at most [`REPORTED_OCTETS`].
///
/// # Errors
/// The words say what was expected.
pub fn check_reported_part(part: &str) -> Result<(), &'static str> {
    if part.len() <= NAME_OCTETS && !part.contains('%') {
        return check_part(part);
    }
    if part.len() > REPORTED_OCTETS {
        return Err("a name too long; expected at most 255 octets");
    }
    let octets =
        decode(part).ok_or("a % in a name; expected %XX, for an octet that a name does not allow")?;
    if encode(&octets) == part {
        Ok(())
    } else {
        Err("expected A-Z a-z 0-9 . _ - in a name, and %XX in upper case for all else and for nothing else")
    }
}

fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._-".contains(&octet)
}

/// Checks the name of a host: as [`check_reported_part`], or an address as the file has it, `[2001:db8::1]:79`.
///
/// # Errors
/// The words say what was expected.
pub fn check_host(host: &str) -> Result<(), &'static str> {
    let is_of_address = |octet: u8| octet.is_ascii_hexdigit() || b"[]:.".contains(&octet);
    let (address, zone) = host.split_once('%').unwrap_or((host, "0"));
    let is_address = address.contains(':') && host.len() <= NAME_OCTETS;
    let zone_end = zone.trim_end_matches(|c: char| c == ']' || c == ':' || c.is_ascii_digit());
    let is_zone = zone_end.bytes().all(is_plain);
    if is_address
        && is_zone
        && (address.bytes().all(is_of_address) || oco::logic::endpoint::parse(host).is_ok())
    {
        return Ok(());
    }
    check_reported_part(host)
}

/// `name` as a part of an object's name: each octet of its UTF-8 that a part does not allow, and `%`, becomes `%XX`.
pub fn encode(name: &[u8]) -> String {
    let mut part = String::with_capacity(name.len());
    for (index, octet) in name.iter().enumerate() {
        let is_first = index == 0 && b".-".contains(octet);
        if is_plain(*octet) && !is_first {
            part.push(char::from(*octet));
        } else {
            part.push('%');
            for digit in [octet >> 4, octet & 15] {
                part.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    part
}

/// The octets that a part stands for. None: a `%` without two upper-case hexadecimal digits behind it.
pub fn decode(part: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || {
            let digit = rest.next().filter(|digit| !digit.is_ascii_lowercase())?;
            char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
        };
        octets.push(digit()? << 4 | digit()?);
    }
    Some(octets)
}

/// A pattern of names: `web/*`, `*/*`, `web/oco/db*`, `node:*`; `web` is `web/*`. A `*` stays within a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// No object could ever match; the words say what was expected.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let expected = || {
            Err(format!(
                "{text:?}: expected GROUP, GROUP/SERVICE, GROUP/SERVICE/HOST, node:NAME or slo:NAME, each with *"
            ))
        };
        let is_good = |part: &str| !part.is_empty() && check_host(&part.replace('*', "a")).is_ok();
        if let Some(name) = text.strip_prefix(NODE).or_else(|| text.strip_prefix(LEVEL)) {
            return if is_good(name) { Ok(Pattern { text: text.into() }) } else { expected() };
        }
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 3 || !parts.iter().all(|part| is_good(part)) {
            return expected();
        }
        let text = if parts.len() == 1 { format!("{text}/*") } else { text.to_owned() };
        Ok(Pattern { text: text.into() })
    }

    /// As it is written, in full.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `name` matches.
    pub fn matches(&self, name: &ObjectName) -> bool {
        let (pattern, name) = (self.text.split('/'), name.as_str().split('/'));
        pattern.clone().count() == name.clone().count()
            && pattern.zip(name).all(|(pattern, part)| fits(pattern, part))
    }

    /// Whether it names one object alone.
    pub fn is_name(&self) -> bool {
        !self.text.contains('*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any characters. Linear but for one step back a `*`.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_have_kinds_and_parts() {
        let name = ObjectName::parse("web/oco/192.0.2.12:7979").unwrap();
        assert_eq!((name.kind(), name.group(), name.service_part()), (Kind::Target, "web", "oco"));
        assert_eq!(name.host(), Some("192.0.2.12:7979"));
        assert_eq!(name.service_of_target(), ObjectName::parse("web/oco").ok());
        let name = ObjectName::parse("node:shop").unwrap();
        assert_eq!(
            (name.kind(), name.group(), name.service_part(), name.host()),
            (Kind::Node, "node", "shop", None)
        );
        assert_eq!(ObjectName::parse("slo:shop").unwrap().kind(), Kind::Level);
        for good in [
            "web/oco/[2001:db8::3]",
            "web/oco/[2001:db8::3]:79",
            "web/oco/2001:db8::3",
            "web/oco/fe80::1%eth0",
            "push/a%20b/c%2Fd",
            "web/oco/web4.example.org:79",
        ] {
            assert!(ObjectName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "web",
            "web/",
            "/oco",
            "web/oco/",
            "a/b/c/d",
            "node:",
            "node:a/b",
            "web/o co",
            "push/a%2fb/x",
            "push/%41/x",
            "push/a%/x",
            "-a/b",
            "web/.b",
            "web/oco/a\u{1b}",
        ] {
            assert!(ObjectName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_stay_within_parts() {
        let matches = |pattern: &str, name: &str| {
            Pattern::parse(pattern).unwrap().matches(&ObjectName::parse(name).unwrap())
        };
        assert!(matches("web", "web/oco") && matches("web/*", "web/oco") && !matches("web/*", "web/oco/a"));
        assert!(matches("*/*", "db/x") && !matches("*/*", "node:x") && matches("node:*", "node:x"));
        assert!(matches("w*b/o*/db*1", "web/oco/db-a-1") && !matches("w*b/o*/db*1", "web/oco/db-a-2"));
        assert!(!matches("node:*", "slo:x") && matches("web/oco/[2001:*", "web/oco/[2001:db8::1]"));
        for bad in ["", "a/b/c/d", "node:", "a b", "/", "a//b"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_encoded_and_read_back(name in prop::collection::vec(any::<u8>(), 1..60)) {
            let part = encode(&name);
            prop_assert_eq!(decode(&part), Some(name));
            prop_assert_eq!(check_reported_part(&part), Ok(()));
        }

        #[test]
        fn a_star_is_any_characters(pieces in prop::collection::vec("[ab]{0,3}", 1..5), text in "[ab]{0,12}") {
            let pattern = pieces.join("*");
            let naive = regex_like(&pattern, &text);
            prop_assert_eq!(fits(&pattern, &text), naive);
        }
    }

    /// The same by trying all.
    fn regex_like(pattern: &str, text: &str) -> bool {
        match (pattern.strip_prefix('*'), pattern.chars().next()) {
            (Some(rest), _) => (0..=text.len()).any(|skip| regex_like(rest, &text[skip..])),
            (None, Some(c)) => text.strip_prefix(c).is_some_and(|text| regex_like(&pattern[1..], text)),
            (None, None) => text.is_empty(),
        }
    }
}
