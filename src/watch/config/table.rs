//! Balancers' tables: which service they follow, and how.

use super::names::Known;
use super::section::{Culprit, wrong};
use super::value::{Address, Backend, Length, List, Object, TextOrNumber, counted};
use super::word::{Placeholder, command};
use super::{Forwarding, Group, HaproxySocket, Table, TableKind, VirtualService};
use crate::limits::{SOCKET_PATH_OCTETS, TABLES};
use oco::config::parse_address;
use oco_fleet::object::Kind;
use oco_fleet::value::{Number, Port};
use serde::de::{Deserialize, Deserializer, Error as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// The weight of a real server that is ok, unless the settings say otherwise.
const WEIGHT: u32 = 100;
/// The highest weight that LVS takes.
const HIGHEST_WEIGHT: u32 = 65_535;
/// The weight of `but` at HAProxy in per cent, unless the settings say otherwise.
const BUT_WEIGHT: u8 = 50;
const SCHEDULER: &str = "wlc";

/// `[[table]]`: every key that one may have.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [[table]]")]
pub(super) struct TableSection {
    kind: Spanned<TableWord>,
    service: Spanned<Object>,
    socket: Option<Spanned<Socket>>,
    backend: Option<Spanned<Backend>>,
    ko: Option<Spanned<KoWord>>,
    but_weight: Option<Spanned<Weight>>,
    min_up: Option<Spanned<Number<0, { u32::MAX }>>>,
    #[serde(rename = "virtual")]
    virtual_service: Option<Spanned<Virtual>>,
    persistent: Option<Spanned<Length>>,
    scheduler: Option<Spanned<Scheduler>>,
    forward: Option<Spanned<ForwardWord>>,
    port: Option<Spanned<Port>>,
    weight: Option<Spanned<Number<1, HIGHEST_WEIGHT>>>,
    quiesce: Option<Spanned<bool>>,
    fallback: Option<Spanned<Address>>,
    command: Option<Spanned<List<Spanned<String>>>>,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum TableWord {
    Haproxy,
    Lvs,
    Exec,
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum KoWord {
    Maint,
    Drain,
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum ForwardWord {
    Gate,
    Masq,
    Ipip,
}

/// HAProxy's socket.
#[derive(Debug)]
struct Socket(HaproxySocket);

impl<'de> Deserialize<'de> for Socket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Socket, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(address) = text.strip_prefix("tcp ") {
            return parse_address(address).map(HaproxySocket::Tcp).map(Socket).map_err(D::Error::custom);
        }
        match text.starts_with('/') && !text.contains('\0') {
            true if text.len() > SOCKET_PATH_OCTETS => Err(D::Error::custom(format!(
                "{text:?}: too long for a socket; expected at most {SOCKET_PATH_OCTETS} octets"
            ))),
            true => Ok(Socket(HaproxySocket::Unix(PathBuf::from(text)))),
            false => Err(D::Error::custom(format!(
                "{text:?}: expected a path that begins with /, or \"tcp 127.0.0.1:9999\""
            ))),
        }
    }
}

/// A weight: `"50%"` of HAProxy's, or a number of LVS's.
#[derive(Debug, Clone, Copy)]
enum Weight {
    Percent(u8),
    Number(u32),
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Weight, D::Error> {
        match TextOrNumber::deserialize(deserializer)? {
            TextOrNumber::Number(number) => match u32::try_from(number) {
                Ok(weight @ 0..=HIGHEST_WEIGHT) => Ok(Weight::Number(weight)),
                _ => Err(D::Error::custom(format!("{number}: expected 0 to {HIGHEST_WEIGHT}"))),
            },
            TextOrNumber::Text(text) => {
                let percent = text.strip_suffix('%').and_then(|digits| digits.parse().ok());
                let percent = percent.filter(|percent| *percent <= 100).map(Weight::Percent);
                percent.ok_or_else(|| D::Error::custom(format!("{text:?}: expected 0% to 100%, or a number")))
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Virtual(VirtualService);

impl<'de> Deserialize<'de> for Virtual {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Virtual, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address = |address: &str| {
            let address = parse_address(address).map_err(D::Error::custom)?;
            let is_good = address.port() != 0 && !address.ip().is_unspecified();
            let what = || {
                D::Error::custom(format!(
                    "{text:?}: expected an address that clients connect to, and its port"
                ))
            };
            is_good.then_some(address).ok_or_else(what)
        };
        match text.split_once(' ') {
            Some(("tcp", rest)) => address(rest).map(VirtualService::Tcp).map(Virtual),
            Some(("udp", rest)) => address(rest).map(VirtualService::Udp).map(Virtual),
            Some(("fwmark", digits)) if digits.parse::<u32>().is_ok_and(|mark| mark > 0) => {
                Ok(Virtual(VirtualService::Mark(digits.parse().unwrap_or_default())))
            }
            _ => Err(D::Error::custom(format!(
                "{text:?}: expected \"tcp 192.0.2.1:80\", \"udp 192.0.2.1:53\" or \"fwmark 3\""
            ))),
        }
    }
}

#[derive(Debug)]
struct Scheduler(String);

impl<'de> Deserialize<'de> for Scheduler {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scheduler, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_word = (1..=15).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_lowercase());
        if is_word {
            Ok(Scheduler(text))
        } else {
            Err(D::Error::custom(format!("{text:?}: expected a scheduler as wlc")))
        }
    }
}

/// The tables, in the file's order, each of another balancer's part.
pub(super) fn tables(
    sections: Vec<Spanned<TableSection>>,
    groups: &[Group],
    known: &Known<'_>,
) -> Result<Vec<Table>, Culprit> {
    if let Some(section) = sections.get(TABLES) {
        return Err(wrong(
            section,
            format!("there are {}; expected at most {TABLES}", counted(sections.len(), "table")),
        ));
    }
    let mut tables: Vec<Table> = Vec::with_capacity(sections.len());
    for section in sections {
        let whole = wrong(&section, "another table is about the same servers of the same balancer");
        let table = section.into_inner().table(whole.span.clone(), groups, known)?;
        if tables.iter().any(|other| is_same(&table.kind, &other.kind)) {
            return Err(whole);
        }
        tables.push(table);
    }
    Ok(tables)
}

/// Whether both would set the same: they would fight for it.
fn is_same(one: &TableKind, other: &TableKind) -> bool {
    match (one, other) {
        (
            TableKind::Haproxy { socket, backend, .. },
            TableKind::Haproxy { socket: other_socket, backend: other_backend, .. },
        ) => socket == other_socket && backend == other_backend,
        (TableKind::Lvs { virtual_service, .. }, TableKind::Lvs { virtual_service: other, .. }) => {
            virtual_service == other
        }
        (TableKind::Haproxy { .. } | TableKind::Lvs { .. } | TableKind::Exec { .. }, _) => false,
    }
}

impl TableSection {
    fn table(mut self, whole: Range<usize>, groups: &[Group], known: &Known<'_>) -> Result<Table, Culprit> {
        let service_span = self.service.span();
        let service = known.object(self.service.clone(), &[Kind::Service])?;
        let group = groups.iter().find(|group| group.name == service.group());
        let is_there =
            |group: &Group| group.services.iter().any(|other| other.name == service.service_part());
        if !group.is_some_and(is_there) {
            return Err(Culprit {
                span: service_span,
                what: format!("\"{service}\": there is no such service"),
            });
        }
        let min_up = self.min_up(group)?;
        let missing = |key: &str, kind: &str, example: &str| Culprit {
            span: whole.clone(),
            what: format!("{key} is missing; expected as {example} with kind = \"{kind}\""),
        };
        let (kind, word) = match self.kind.get_ref() {
            TableWord::Haproxy => {
                let socket = self
                    .socket
                    .take()
                    .ok_or_else(|| missing("socket", "haproxy", "\"/run/haproxy/admin.sock\""))?;
                let backend = self.backend.take().ok_or_else(|| missing("backend", "haproxy", "\"web\""))?;
                (self.haproxy(socket.into_inner().0, backend.into_inner().0, min_up)?, "haproxy")
            }
            TableWord::Lvs => {
                let service = self.virtual_service.take();
                let service = service.ok_or_else(|| missing("virtual", "lvs", "\"tcp 192.0.2.1:80\""))?;
                (self.lvs(service.into_inner().0, min_up)?, "lvs")
            }
            TableWord::Exec => {
                let words = self
                    .command
                    .take()
                    .ok_or_else(|| missing("command", "exec", "[\"/etc/oco/on-change\"]"))?;
                (TableKind::Exec { command: command(words.into_inner(), &Placeholder::ALL)? }, "exec")
            }
        };
        self.is_used_up(word)?;
        Ok(Table { service, kind })
    }

    /// How many have to stay in. Not of a command, which only hears of it.
    fn min_up(&mut self, group: Option<&Group>) -> Result<u32, Culprit> {
        if matches!(self.kind.get_ref(), TableWord::Exec) {
            return Ok(0);
        }
        let Some(number) = self.min_up.take() else { return Ok(0) };
        let hosts = group.map_or(0, |group| group.hosts.len());
        let can_grow = group.is_some_and(|group| group.accept_reports);
        match usize::try_from(number.get_ref().0).is_ok_and(|number| number <= hosts) || can_grow {
            true => Ok(number.into_inner().0),
            false => Err(wrong(
                &number,
                format!("the group has {}; expected at most that", counted(hosts, "host")),
            )),
        }
    }

    fn haproxy(&mut self, socket: HaproxySocket, backend: String, min_up: u32) -> Result<TableKind, Culprit> {
        let but_weight = match self.but_weight.take() {
            None => BUT_WEIGHT,
            Some(weight) => match weight.get_ref() {
                Weight::Percent(percent) => *percent,
                Weight::Number(number) => {
                    return Err(wrong(
                        &weight,
                        format!("{number}: expected a share of the weight, as \"50%\""),
                    ));
                }
            },
        };
        let ko_is_maint = self.ko.take().is_none_or(|ko| ko.into_inner() == KoWord::Maint);
        Ok(TableKind::Haproxy { socket, backend, ko_is_maint, but_weight, min_up })
    }

    fn lvs(&mut self, virtual_service: VirtualService, min_up: u32) -> Result<TableKind, Culprit> {
        let persistent = self.persistent.take();
        if let Some(length) = &persistent
            && (length.get_ref().0.subsec_nanos() != 0
                || length.get_ref().0 > Duration::from_secs(86_400 * 31))
        {
            return Err(wrong(length, "expected whole seconds, and at most 31 days"));
        }
        let weight = self.weight.take().map_or(WEIGHT, |weight| weight.into_inner().0);
        let but_weight = match self.but_weight.take() {
            None => weight.div_ceil(2),
            Some(but_weight) => match but_weight.get_ref() {
                Weight::Number(number) => *number,
                Weight::Percent(percent) => {
                    return Err(wrong(
                        &but_weight,
                        format!("{percent}%: expected a number, as weight has one"),
                    ));
                }
            },
        };
        let forward = self.forward.take().map_or(ForwardWord::Gate, Spanned::into_inner);
        let port = self.port.take();
        if let (Some(port), Some(address)) = (&port, address(virtual_service))
            && forward != ForwardWord::Masq
            && port.get_ref().number() != address.port()
        {
            let what =
                format!("with gate and ipip it is that of the virtual service; expected {}", address.port());
            return Err(wrong(port, what));
        }
        Ok(TableKind::Lvs {
            virtual_service,
            persistent: persistent.map(|length| length.into_inner().0),
            scheduler: self.scheduler.take().map_or_else(|| SCHEDULER.to_owned(), |word| word.into_inner().0),
            forward: match forward {
                ForwardWord::Gate => Forwarding::Gate,
                ForwardWord::Masq => Forwarding::Masq,
                ForwardWord::Ipip => Forwarding::Ipip,
            },
            port: port.map(|port| port.into_inner().number()),
            weight,
            but_weight,
            quiesce: self.quiesce.take().is_some_and(Spanned::into_inner),
            fallback: self.fallback.take().map(|address| address.into_inner().0),
            min_up,
        })
    }

    /// What no kind has taken is of another one.
    fn is_used_up(&self, kind: &str) -> Result<(), Culprit> {
        let left = [
            ("socket", self.socket.as_ref().map(Spanned::span)),
            ("backend", self.backend.as_ref().map(Spanned::span)),
            ("ko", self.ko.as_ref().map(Spanned::span)),
            ("but-weight", self.but_weight.as_ref().map(Spanned::span)),
            ("min-up", self.min_up.as_ref().map(Spanned::span)),
            ("virtual", self.virtual_service.as_ref().map(Spanned::span)),
            ("persistent", self.persistent.as_ref().map(Spanned::span)),
            ("scheduler", self.scheduler.as_ref().map(Spanned::span)),
            ("forward", self.forward.as_ref().map(Spanned::span)),
            ("port", self.port.as_ref().map(Spanned::span)),
            ("weight", self.weight.as_ref().map(Spanned::span)),
            ("quiesce", self.quiesce.as_ref().map(Spanned::span)),
            ("fallback", self.fallback.as_ref().map(Spanned::span)),
            ("command", self.command.as_ref().map(Spanned::span)),
        ];
        match left.into_iter().find_map(|(key, span)| span.map(|span| (key, span))) {
            None => Ok(()),
            Some((key, span)) => {
                Err(Culprit { span, what: format!("{key} counts for nothing with kind = \"{kind}\"") })
            }
        }
    }
}

fn address(service: VirtualService) -> Option<SocketAddr> {
    match service {
        VirtualService::Tcp(address) | VirtualService::Udp(address) => Some(address),
        VirtualService::Mark(_) => None,
    }
}
