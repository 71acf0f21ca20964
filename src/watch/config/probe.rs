//! What a probe does: a word, or a table whose first key says the kind.

use super::host::{is_host_name, split};
use super::section::{Culprit, wrong};
use super::value::{Expression, Length, List, TextOrNumber};
use super::word::{Placeholder, command};
use super::{Banner, Http, Probe, Tls, Udp};
use crate::limits::{HEAD_OCTETS, HEADERS, SENT_OCTETS};
use oco_fleet::value::{FilePath, Port};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;
use toml::Spanned;

/// A certificate that ends sooner than this is `but`, unless the settings say otherwise.
const EXPIRES_BUT: Duration = Duration::from_secs(14 * 86_400);
/// The same for ko.
const EXPIRES_KO: Duration = Duration::from_secs(3 * 86_400);
/// Which status is well, unless the settings say otherwise.
const STATUS: (u16, u16) = (200, 399);
const METHOD: &str = "GET";
const KINDS: &str = "oco, tcp, http, banner, udp, ping, exec, mon or report";
/// What only the HTTP client itself says.
const OWN_HEADERS: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];

/// `probe`, as it is written.
#[derive(Debug)]
pub(super) enum ProbeKey {
    Oco,
    Tcp,
    Ping,
    Table(Box<ProbeTable>),
}

impl<'de> Deserialize<'de> for ProbeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ProbeKey, D::Error> {
        struct WordOrTable;
        impl<'de> Visitor<'de> for WordOrTable {
            type Value = ProbeKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a probe as \"oco\" or { http = \"/\" }")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<ProbeKey, E> {
                match word {
                    "oco" => Ok(ProbeKey::Oco),
                    "tcp" => Ok(ProbeKey::Tcp),
                    "ping" => Ok(ProbeKey::Ping),
                    _ => Err(E::custom(format!(
                        "{word:?}: expected \"oco\", \"tcp\", \"ping\" or a table as {{ http = \"/\" }}"
                    ))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ProbeKey, A::Error> {
                ProbeTable::deserialize(MapAccessDeserializer::new(map)).map(Box::new).map(ProbeKey::Table)
            }
        }
        deserializer.deserialize_any(WordOrTable)
    }
}

/// Every key that a probe may have.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProbeTable {
    oco: Option<Spanned<bool>>,
    tcp: Option<Spanned<bool>>,
    http: Option<Spanned<String>>,
    banner: Option<Spanned<Expression>>,
    udp: Option<Spanned<String>>,
    ping: Option<Spanned<bool>>,
    exec: Option<Spanned<List<Spanned<String>>>>,
    mon: Option<Spanned<List<Spanned<String>>>>,
    report: Option<Spanned<Length>>,
    port: Option<Spanned<Port>>,
    host: Option<Spanned<String>>,
    method: Option<Spanned<String>>,
    status: Option<Spanned<Status>>,
    expect: Option<Spanned<Expression>>,
    headers: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
    tls: Option<Spanned<bool>>,
    verify: Option<Spanned<bool>>,
    ca: Option<Spanned<FilePath>>,
    expires_but: Option<Spanned<Length>>,
    expires_ko: Option<Spanned<Length>>,
    send: Option<Spanned<String>>,
    then: Option<Spanned<Expression>>,
}

/// The probe that `key` means.
pub(super) fn probe(key: Spanned<ProbeKey>) -> Result<Probe, Culprit> {
    let whole = wrong(&key, "");
    match key.into_inner() {
        ProbeKey::Oco => Ok(Probe::Oco { port: None }),
        ProbeKey::Tcp => Ok(Probe::Tcp { port: None }),
        ProbeKey::Ping => Ok(Probe::Ping),
        ProbeKey::Table(table) => table.probe(whole),
    }
}

impl ProbeTable {
    fn probe(mut self, whole: Culprit) -> Result<Probe, Culprit> {
        self.has_one_kind(&whole)?;
        let probe = if let Some(http) = self.http.take() {
            self.page(http)?
        } else if let Some(expect) = self.banner.take() {
            self.greeting(expect)?
        } else if let Some(text) = self.udp.take() {
            let (send, expect) = (sent(text)?, self.expect.take().map(|expect| expect.into_inner().0));
            Probe::Udp(Udp { send, expect, port: self.port() })
        } else if let Some(words) = self.exec.take() {
            Probe::Exec(command(words.into_inner(), &Placeholder::ALL)?)
        } else if let Some(words) = self.mon.take() {
            Probe::Mon(command(words.into_inner(), &Placeholder::OF_ALL_HOSTS)?)
        } else if let Some(within) = self.report.take() {
            Probe::Report(within.into_inner().0)
        } else if let Some(word) = self.oco.take() {
            is_true(&word)?;
            Probe::Oco { port: self.port() }
        } else if let Some(word) = self.tcp.take() {
            is_true(&word)?;
            Probe::Tcp { port: self.port() }
        } else if let Some(word) = self.ping.take() {
            is_true(&word)?;
            Probe::Ping
        } else {
            return Err(whole);
        };
        self.is_used_up(kind(&probe))?;
        Ok(probe)
    }

    fn has_one_kind(&self, whole: &Culprit) -> Result<(), Culprit> {
        let kinds = [
            self.oco.as_ref().map(Spanned::span),
            self.tcp.as_ref().map(Spanned::span),
            self.http.as_ref().map(Spanned::span),
            self.banner.as_ref().map(Spanned::span),
            self.udp.as_ref().map(Spanned::span),
            self.ping.as_ref().map(Spanned::span),
            self.exec.as_ref().map(Spanned::span),
            self.mon.as_ref().map(Spanned::span),
            self.report.as_ref().map(Spanned::span),
        ];
        let mut kinds: Vec<_> = kinds.into_iter().flatten().collect();
        kinds.sort_by_key(|span| span.start);
        match kinds.as_slice() {
            [_] => Ok(()),
            [] => {
                let what = format!("a probe needs a kind; expected {KINDS}");
                Err(Culprit { span: whole.span.clone(), what })
            }
            [_, second, ..] => {
                let what = format!("a probe is of one kind alone; expected one of {KINDS}");
                Err(Culprit { span: second.clone(), what })
            }
        }
    }

    /// What no kind has taken is of another one.
    fn is_used_up(&self, kind: &str) -> Result<(), Culprit> {
        let left = [
            ("port", self.port.as_ref().map(Spanned::span)),
            ("host", self.host.as_ref().map(Spanned::span)),
            ("method", self.method.as_ref().map(Spanned::span)),
            ("status", self.status.as_ref().map(Spanned::span)),
            ("expect", self.expect.as_ref().map(Spanned::span)),
            ("headers", self.headers.as_ref().map(Spanned::span)),
            ("tls", self.tls.as_ref().map(Spanned::span)),
            ("verify", self.verify.as_ref().map(Spanned::span)),
            ("ca", self.ca.as_ref().map(Spanned::span)),
            ("expires-but", self.expires_but.as_ref().map(Spanned::span)),
            ("expires-ko", self.expires_ko.as_ref().map(Spanned::span)),
            ("send", self.send.as_ref().map(Spanned::span)),
            ("then", self.then.as_ref().map(Spanned::span)),
        ];
        match left.into_iter().find_map(|(key, span)| span.map(|span| (key, span))) {
            None => Ok(()),
            Some((key, span)) => Err(Culprit { span, what: format!("{key} counts for nothing with {kind}") }),
        }
    }

    fn port(&mut self) -> Option<u16> {
        self.port.take().map(|port| port.into_inner().number())
    }

    fn greeting(&mut self, expect: Spanned<Expression>) -> Result<Probe, Culprit> {
        if let (None, Some(then)) = (&self.send, &self.then) {
            return Err(wrong(then, "it is what answers to send, and that is missing"));
        }
        Ok(Probe::Banner(Banner {
            expect: expect.into_inner().0,
            port: self.port(),
            send: self.send.take().map(sent).transpose()?,
            then: self.then.take().map(|then| then.into_inner().0),
        }))
    }

    fn page(&mut self, path: Spanned<String>) -> Result<Probe, Culprit> {
        let is_path =
            |text: &str| text.starts_with('/') && text.bytes().all(|octet| octet.is_ascii_graphic());
        if !is_path(path.get_ref()) || path.get_ref().contains('#') {
            let what = format!("{:?}: expected a path as \"/health\", blanks in it as %20", path.get_ref());
            return Err(wrong(&path, what));
        }
        let octets = path.get_ref().len();
        let headers = self.headers(octets)?;
        Ok(Probe::Http(Box::new(Http {
            port: self.port(),
            host: self.host.take().map(server).transpose()?,
            method: self.method.take().map(method).transpose()?.unwrap_or_else(|| METHOD.to_owned()),
            status: self.status.take().map_or_else(|| vec![STATUS], |status| status.into_inner().0),
            expect: self.expect.take().map(|expect| expect.into_inner().0),
            headers,
            tls: self.tls()?,
            path: path.into_inner(),
        })))
    }

    fn headers(&mut self, path_octets: usize) -> Result<Vec<(String, String)>, Culprit> {
        let Some(headers) = self.headers.take() else { return Ok(Vec::new()) };
        if headers.get_ref().len() > HEADERS {
            return Err(wrong(&headers, format!("too many; expected at most {HEADERS}")));
        }
        let whole = wrong(&headers, format!("too long; expected at most {HEAD_OCTETS} octets with the path"));
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in headers.into_inner() {
            let lower = name.get_ref().to_ascii_lowercase();
            if !is_token(name.get_ref()) {
                return Err(wrong(&name, format!("{:?}: expected the name of a header", name.get_ref())));
            }
            if OWN_HEADERS.contains(&lower.as_str()) {
                let advice = if lower == "host" { "; expected the key host" } else { "" };
                return Err(wrong(&name, format!("{:?}: the probe sets it itself{advice}", name.get_ref())));
            }
            if fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(&lower)) {
                return Err(wrong(&name, format!("{:?}: given twice", name.get_ref())));
            }
            if value.get_ref().trim() != value.get_ref() || value.get_ref().chars().any(char::is_control) {
                return Err(wrong(
                    &value,
                    format!("{:?}: expected one line without blanks around it", value.get_ref()),
                ));
            }
            fields.push((name.into_inner(), value.into_inner()));
        }
        let octets: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        if octets + path_octets > HEAD_OCTETS { Err(whole) } else { Ok(fields) }
    }

    fn tls(&mut self) -> Result<Option<Tls>, Culprit> {
        if !self.tls.take().is_some_and(Spanned::into_inner) {
            let left = [
                ("verify", self.verify.as_ref().map(Spanned::span)),
                ("ca", self.ca.as_ref().map(Spanned::span)),
                ("expires-but", self.expires_but.as_ref().map(Spanned::span)),
                ("expires-ko", self.expires_ko.as_ref().map(Spanned::span)),
            ];
            return match left.into_iter().find_map(|(key, span)| span.map(|span| (key, span))) {
                None => Ok(None),
                Some((key, span)) => {
                    Err(Culprit { span, what: format!("{key} counts only with tls = true") })
                }
            };
        }
        let verify = self.verify.take().is_none_or(Spanned::into_inner);
        if let (false, Some(ca)) = (verify, &self.ca) {
            return Err(wrong(ca, "with verify = false nobody looks at it"));
        }
        let but = self.expires_but.take().map(|length| length.into_inner().0);
        if let (Some(but), Some(ko)) = (but, &self.expires_ko)
            && ko.get_ref().0 > but
        {
            return Err(wrong(ko, "longer than expires-but; expected at most that"));
        }
        let ko = self.expires_ko.take().map(|length| length.into_inner().0);
        Ok(Some(Tls {
            verify,
            ca: self.ca.take().map(|ca| ca.into_inner().0),
            expires_but: but.unwrap_or(EXPIRES_BUT.max(ko.unwrap_or_default())),
            expires_ko: ko.unwrap_or(EXPIRES_KO.min(but.unwrap_or(EXPIRES_KO))),
        }))
    }
}

/// What a kind is called in an error.
fn kind(probe: &Probe) -> &'static str {
    match probe {
        Probe::Oco { .. } => "oco",
        Probe::Tcp { .. } => "tcp",
        Probe::Banner(_) => "banner",
        Probe::Http(_) => "http",
        Probe::Udp(_) => "udp",
        Probe::Ping => "ping",
        Probe::Exec(_) => "exec",
        Probe::Mon(_) => "mon",
        Probe::Report(_) => "report",
    }
}

fn is_true(word: &Spanned<bool>) -> Result<(), Culprit> {
    if *word.get_ref() { Ok(()) } else { Err(wrong(word, "expected true, or another kind of probe")) }
}

/// What is sent as it stands.
fn sent(text: Spanned<String>) -> Result<Vec<u8>, Culprit> {
    match text.get_ref().len() <= SENT_OCTETS {
        true => Ok(text.into_inner().into_bytes()),
        false => Err(wrong(&text, format!("too long; expected at most {SENT_OCTETS} octets"))),
    }
}

/// The name that a server is asked by.
fn server(name: Spanned<String>) -> Result<String, Culprit> {
    let text = name.get_ref();
    let is_address = text.parse::<Ipv6Addr>().is_ok() || split(text).is_ok_and(|(_, port)| port.is_none());
    match is_host_name(text) || is_address {
        true => Ok(name.into_inner()),
        false => Err(wrong(&name, format!("{text:?}: expected the name of a host, without a port"))),
    }
}

fn method(name: Spanned<String>) -> Result<String, Culprit> {
    match is_token(name.get_ref()) && name.get_ref() != "CONNECT" {
        true => Ok(name.into_inner()),
        false => Err(wrong(&name, format!("{:?}: expected a method as GET or HEAD", name.get_ref()))),
    }
}

/// A token of RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    let is_allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// Which status is well: `200`, `200-299,401`.
#[derive(Debug)]
struct Status(Vec<(u16, u16)>);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        let text = match TextOrNumber::deserialize(deserializer)? {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        };
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (status(first.trim())?, status(last.trim())?);
            (first <= last).then_some((first, last))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Status).ok_or_else(|| {
            de::Error::custom(format!(
                "{text:?}: expected a status or a range, several by comma, as \"200-399\""
            ))
        })
    }
}

fn status(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|status| digits.len() == 3 && (100..=599).contains(status))
}
