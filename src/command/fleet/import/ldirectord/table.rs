//! The table of LVS that follows a virtual service: one way to forward, one weight, one port for all its servers.

use super::super::document::Note;
use super::check::Protocol;
use super::plan::{Address, Planner, Server, endpoint, is_yes, seconds};
use super::reader::{Bad, Virtual};
use super::server::{Servers, forwarding, port, split, unbracketed};
use crate::config::parse_address;
use std::time::Duration;

const LONGEST_PERSISTENCE: u64 = 31 * 86_400;
const HIGHEST_WEIGHT: u32 = 65_535;

/// A table of LVS.
pub(super) struct Table {
    pub virtual_service: String,
    pub scheduler: String,
    pub persistent: Option<Duration>,
    pub forward: &'static str,
    pub port: Option<u16>,
    pub weight: u32,
    pub quiesce: bool,
    pub fallback: Option<String>,
}

impl Planner {
    /// The table that follows the virtual service. None: there can be none, a note says why.
    pub(super) fn table(
        &mut self,
        of_file: &Virtual,
        address: &Address,
        protocol: Protocol,
        first: &Server,
        found: &[Server],
        notes: &mut Vec<Note>,
    ) -> Result<Option<Table>, Bad> {
        let scheduler = of_file.settings.get("scheduler").map_or("wrr", |setting| setting.value.as_str());
        let is_scheduler =
            (1..=15).contains(&scheduler.len()) && scheduler.bytes().all(|octet| octet.is_ascii_lowercase());
        if let Some(setting) = of_file.settings.get("scheduler").filter(|_| !is_scheduler) {
            return Err(setting.bad("a scheduler as wlc"));
        }
        let persistent = match of_file.settings.get("persistent") {
            Some(setting) => Some(seconds(setting)?),
            None => None,
        };
        let quiesce = self.setting(of_file, "quiescent").map_or(Ok(false), is_yes)?;
        let Servers { forward, weight, port, .. } = first.servers;
        note_weights(weight, found, notes);
        let (virtual_service, virtual_port) = match address {
            Address::Mark(mark) => (format!("fwmark {mark}"), None),
            Address::Service(host, port) => {
                let place = endpoint(host, *port);
                let is_good = parse_address(&place).is_ok_and(|address| !address.ip().is_unspecified());
                if !is_good {
                    notes.push(of_file.address.note("a table needs an address; there is none in this file"));
                    return Ok(None);
                }
                let word = if protocol == Protocol::Udp { "udp" } else { "tcp" };
                (format!("{word} {place}"), Some(*port))
            }
        };
        if !self.virtuals.insert(virtual_service.clone()) {
            if virtual_port.is_some() {
                return Err(of_file.address.bad("each virtual service once"));
            }
            notes.push(of_file.address.note("a mark is of one table, whose servers are those above"));
            return Ok(None);
        }
        let fallback = self.fallback(of_file, virtual_port, forward, notes);
        let persistent = persistent.filter(|length| {
            let fits = length.as_secs() <= LONGEST_PERSISTENCE;
            if !fits {
                notes.extend(
                    of_file
                        .settings
                        .get("persistent")
                        .map(|setting| setting.note("longer than 31 days; left out")),
                );
            }
            fits
        });
        Ok(Some(Table {
            virtual_service,
            scheduler: scheduler.to_owned(),
            persistent,
            forward,
            port: port.filter(|port| forward == "masq" && Some(*port) != virtual_port),
            weight: weight.min(HIGHEST_WEIGHT),
            quiesce,
            fallback,
        }))
    }

    /// The server while every other one is out.
    fn fallback(
        &self,
        of_file: &Virtual,
        virtual_port: Option<u16>,
        forward: &str,
        notes: &mut Vec<Note>,
    ) -> Option<String> {
        let key = if of_file.address.key == "virtual6" { "fallback6" } else { "fallback" };
        let setting = self.setting(of_file, key)?;
        let mut words = setting.value.split_whitespace();
        let (host, text) = words.next().and_then(split)?;
        let number = text.map_or(virtual_port, port).filter(|port| *port > 0);
        let host = if host == "localhost" { "127.0.0.1" } else { unbracketed(host).unwrap_or(host) };
        let place = number.map(|port| endpoint(host, port)).filter(|place| parse_address(place).is_ok());
        match (place, words.next().map(forwarding)) {
            (None, _) => {
                notes.push(setting.note("a fallback needs an address and a port; left out"));
                None
            }
            (Some(place), Some(own)) if own != Some(forward) => {
                notes.push(setting.note(format!("it is forwarded to as to the real servers, by {forward}")));
                Some(place)
            }
            (place, _) => place,
        }
    }
}

/// The servers that one table can have: they are forwarded to as the first, with masq also to the same port. Sessions of
/// others would go astray.
pub(super) fn alike(mut found: Vec<Server>, notes: &mut Vec<Note>) -> Vec<Server> {
    let Some((forward, port)) = found.first().map(|first| (first.servers.forward, first.servers.port)) else {
        return found;
    };
    found.retain(|server| {
        let is_alike =
            server.servers.forward == forward && (forward != "masq" || server.servers.port == port);
        if !is_alike {
            let words =
                port.filter(|_| forward == "masq").map(|port| format!(" to port {port}")).unwrap_or_default();
            notes.push(
                server
                    .line
                    .note(format!("{} left out: a table forwards to all by {forward}{words}", server.host)),
            );
        }
        is_alike
    });
    found
}

/// Notes on the lines with another weight.
fn note_weights(weight: u32, found: &[Server], notes: &mut Vec<Note>) {
    let mut noted = 0;
    for server in found.iter().filter(|server| server.servers.weight != weight) {
        if noted != server.line.line {
            notes.push(server.line.note(format!("a table has one weight for all, here {weight}")));
            noted = server.line.line;
        }
    }
}
