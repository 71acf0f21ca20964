//! What the orders of the control socket do.

use super::EventLoop;
use super::adjusting::Correction;
use super::levels::availability_reply;
use super::replies::{Going, Waiting, facts};
use crate::control::history::LogReply;
use crate::control::status::{StatusReply, Wish};
use crate::control::{Client, Line, Order, reply};
use crate::decide::fleet::Report as Told;
use crate::journal_reader::{Answer, Busy, Query};
use crate::limits::JOURNAL_HANGS;
use jiff::tz::TimeZone;
use log::info;
use oco::limits::LOG_ENTRIES;
use oco::logic::code::Code;
use oco::logic::control::{
    ActReply, BarStatus, BarsReply, FleetOrder, Report, ReportReply, Request, VERSION,
};
use oco::logic::text::printable;
use oco_fleet::journal::LogWish;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_from_to, parse_when_in, rfc3339, time_zone};
use std::time::Duration;

/// How the journal's answer is shown.
#[derive(Debug, Clone)]
pub enum Asked {
    /// As entries of the log, with times of this zone; none: UTC.
    Log(Option<TimeZone>),
    /// As the availability of this one, with times of this zone; none: UTC.
    Availability {
        /// Whose.
        name: ObjectName,
        /// Of times.
        zone: Option<TimeZone>,
    },
    /// By correcting, if it was ever watched.
    Adjust(Box<Correction>, ObjectName),
    /// As bars of this time.
    Bars {
        /// From when, RFC 3339.
        from: String,
        /// Until when.
        to: String,
    },
}

/// The reply to who asked the journal.
pub enum Answered {
    /// In one piece.
    Whole(Vec<u8>),
    /// Piece by piece.
    Log(LogReply),
    /// When this one is corrected so.
    Adjust(Box<Correction>, ObjectName),
}

/// What becomes of an order.
pub(super) enum Obeyed {
    /// Its whole reply.
    Reply(Vec<u8>),
    /// A reply that is made piece by piece.
    Status(Box<StatusReply>),
    /// The journal is asked first.
    Ask(Query, Asked),
}

impl EventLoop {
    pub(super) fn obey_orders(&mut self) {
        for Order { client, user, line } in self.control.turn(self.now.boot) {
            let obeyed = match line {
                Line::TooLong => Err("a line too long for an order; expected JSON in one line".to_owned()),
                Line::Whole(line) => self.obey_line(&line, user),
            };
            match obeyed {
                Ok(Obeyed::Reply(octets)) => self.control.reply(client, &octets, true, self.now.boot),
                Ok(Obeyed::Status(status)) => self.replies.begin(client, Going::Status(status)),
                Ok(Obeyed::Ask(query, asked)) => self.ask(client, query, asked),
                Err(why) => self.control.reply(client, &reply::error(&why), true, self.now.boot),
            }
        }
    }

    fn ask(&mut self, client: Client, query: Query, asked: Asked) {
        let after = self.journal.pushed();
        if matches!(query, Query::Availability(_)) && self.journal.written() < after {
            let until = self.now.boot.after(JOURNAL_HANGS);
            self.replies.wait(Waiting { after, until, client, query, asked });
        } else {
            self.ask_now(client, query, asked);
        }
    }

    /// Asks the journal, whatever waits to be written to it.
    pub(super) fn ask_now(&mut self, client: Client, query: Query, asked: Asked) {
        let ticket = self.replies.ask(client, asked);
        if let Err(Busy) = self.reader.ask(ticket, query) {
            self.replies.take_asked(ticket);
            let busy = reply::error("too many questions to the journal; try again");
            self.control.reply(client, &busy, true, self.now.boot);
        }
    }

    fn obey_line(&mut self, line: &[u8], user: u32) -> Result<Obeyed, String> {
        let request: Request = serde_json::from_slice(line)
            .map_err(|error| printable(format!("an order that is not understood: {error}").as_bytes()))?;
        if request.version != VERSION {
            return Err(format!("version {}: not known here; expected {VERSION}", request.version));
        }
        let zone = match &request.zone {
            Some(name) => time_zone(name)?,
            None => TimeZone::system(),
        };
        let shown = request.local.then(|| zone.clone());
        match request.order {
            FleetOrder::Status { patterns, most } => {
                let wish = Wish { patterns: parse_patterns(&patterns)?, most, zone: shown };
                let address_of = |name: &str| self.watcher.address_of(name);
                let facts = facts(&self.watcher, &self.levels, &address_of, Millis::of(self.now.wall));
                StatusReply::new(wish, &facts).map(|status| Obeyed::Status(Box::new(status)))
            }
            FleetOrder::Log { patterns, since } => {
                let now = Millis::of(self.now.wall);
                let since = since.map(|text| parse_when_in(&text, now, &zone, Toward::Past)).transpose()?;
                let limit = if since.is_some() { usize::MAX } else { LOG_ENTRIES };
                let wish = LogWish { patterns: parse_patterns(&patterns)?, since, before: None, limit };
                Ok(Obeyed::Ask(Query::Log(wish), Asked::Log(shown)))
            }
            FleetOrder::Bars { patterns, from, to, cells } => {
                let known = Millis::of(self.now.wall);
                let from = parse_when_in(&from, known, &zone, Toward::Past)?;
                let to = match to {
                    Some(text) => parse_when_in(&text, known, &zone, Toward::Past)?,
                    None => known,
                };
                let names = self.names(&parse_patterns(&patterns)?);
                let asked = Asked::Bars { from: rfc3339(from), to: rfc3339(to) };
                Ok(Obeyed::Ask(Query::Bars { names, from, to, cells, known }, asked))
            }
            FleetOrder::Report { reports } => Ok(Obeyed::Reply(self.report(&reports))),
            FleetOrder::Forget { name } => self.forget(&name, &who(user, request.by.as_deref())),
            FleetOrder::Availability { name, from, to } => {
                self.availability(&name, from.as_deref(), to.as_deref(), (&zone, shown))
            }
            FleetOrder::Adjust { name, from, to, state, text } => {
                let correction = Correction {
                    time: parse_from_to((&from, &to), Millis::of(self.now.wall), &zone, Toward::Past)?,
                    state,
                    text: printable(text.as_bytes()),
                    who: who(user, request.by.as_deref()),
                    zone: shown,
                    name,
                };
                self.adjust(correction)
            }
            FleetOrder::Unadjust { id } => self.unadjust(id, &who(user, request.by.as_deref())),
            FleetOrder::Adjustments => Ok(Obeyed::Reply(self.list_adjustments(shown.as_ref()))),
            other => Err(format!("{}: this watcher does not know that yet", word(&other))),
        }
    }

    /// The services, nodes and levels that patterns name; of none, all.
    fn names(&self, patterns: &[Pattern]) -> Vec<ObjectName> {
        let fleet = self.watcher.fleet();
        let above = fleet.services().map(|service| service.name).chain(fleet.nodes().map(|node| node.name));
        let names = above.chain(self.levels.all().map(|level| level.name));
        let is_wanted =
            |name: &&ObjectName| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name));
        let mut names: Vec<ObjectName> = names.filter(is_wanted).cloned().collect();
        // Those that are a target's own name.
        for pattern in patterns.iter().filter(|pattern| pattern.is_name()) {
            if let Ok(name) = ObjectName::parse(pattern.as_str())
                && !names.contains(&name)
                && fleet.find(&name).is_some()
            {
                names.push(name);
            }
        }
        names
    }

    fn report(&mut self, reports: &[Report]) -> Vec<u8> {
        let results = reports.iter().map(|report| self.take_in(report).err()).collect();
        reply::line(&ReportReply { version: VERSION, ok: true, results })
    }

    fn take_in(&mut self, report: &Report) -> Result<(), String> {
        let name = ObjectName::parse(&report.name)?;
        let code = Code::new(report.code)
            .ok_or_else(|| format!("{name}: code {}: expected 2XX, 3XX or 5XX", report.code))?;
        let period = match report.period {
            None => None,
            Some(period) => match u64::try_from(period) {
                Ok(period) if period > 0 => Some(Duration::from_millis(period)),
                _ => return Err(format!("{name}: period {period}: expected more than 0 milliseconds")),
            },
        };
        let told = Told { code, period, text: &report.text };
        let taken = self.watcher.fleet_mut().report(&name, told, self.now, &mut self.changes);
        taken.map_err(|error| error.to_string())
    }

    fn forget(&mut self, name: &str, who: &str) -> Result<Obeyed, String> {
        let parsed = ObjectName::parse(name)?;
        self.watcher
            .fleet_mut()
            .forget(&parsed, self.now, &mut self.changes)
            .map_err(|error| error.to_string())?;
        info!("{parsed}: forgotten, by {who}");
        let reply = ActReply {
            version: VERSION,
            ok: true,
            act: "forget".to_owned(),
            name: name.to_owned(),
            took: vec![parsed.to_string()],
            who: who.to_owned(),
            ..ActReply::default()
        };
        Ok(Obeyed::Reply(reply::line(&reply)))
    }
}

impl Asked {
    /// The reply that shows an answer.
    pub fn reply(self, answer: Answer) -> Answered {
        Answered::Whole(match (self, answer) {
            (Asked::Log(zone), Answer::Log(page)) => return Answered::Log(LogReply::new(page, zone)),
            (Asked::Bars { from, to }, Answer::Bars(bars)) => {
                let bars = bars
                    .into_iter()
                    .map(|bar| BarStatus { name: bar.name.to_string(), cells: bar.letters() });
                reply::line(&BarsReply { version: VERSION, from, to, bars: bars.collect() })
            }
            (Asked::Availability { name, zone }, Answer::Availability(found)) => {
                availability_reply(&name, found, zone.as_ref())
            }
            (Asked::Adjust(correction, name), Answer::Knows(true)) => {
                return Answered::Adjust(correction, name);
            }
            (Asked::Adjust(_, name), Answer::Knows(false)) => {
                reply::error(&format!("{name}: nothing is known by that name"))
            }
            _ => reply::error("the journal answered something else"),
        })
    }
}

fn parse_patterns(patterns: &[String]) -> Result<Vec<Pattern>, String> {
    patterns.iter().map(|text| Pattern::parse(text)).collect()
}

/// Who acts: the peer's user, or somebody whom it names.
fn who(user: u32, by: Option<&str>) -> String {
    let peer = format!("user {user}");
    match by {
        Some(by) => format!("{} via {peer}", printable(by.as_bytes())),
        None => peer,
    }
}

/// The word of an order.
fn word(order: &FleetOrder) -> String {
    let json = serde_json::to_value(order).unwrap_or_default();
    json.get("order").and_then(|word| word.as_str()).unwrap_or("order").to_owned()
}
