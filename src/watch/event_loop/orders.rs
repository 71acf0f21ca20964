//! What the orders of the control socket do.

use super::EventLoop;
use super::adjusting::Correction;
use super::levels::availability_reply;
use super::replies::{Going, Waiting};
use crate::control::history::LogReply;
use crate::control::status::{StatusReply, Wish};
use crate::control::{Client, Line, Order, reply};
use crate::decide::fleet::Report as Told;
use crate::journal_reader::{Answer, Busy, Query};
use crate::limits::{INCIDENTS, JOURNAL_HANGS};
use jiff::tz::TimeZone;
use log::info;
use oco::limits::LOG_ENTRIES;
use oco::logic::code::Code;
use oco::logic::control::{
    ActReply, BarStatus, BarsReply, FleetOrder, Report, ReportReply, Request, VERSION,
};
use oco::logic::text::printable;
use oco_fleet::journal::{ActKind, LogWish};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_end, parse_from_to, parse_when_in, rfc3339, shown, time_zone};
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
    /// As incidents, with times of this zone; none: UTC.
    Incidents(Option<TimeZone>),
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

/// Now, and the zone of who gives an order.
pub struct OrderTime {
    now: Millis,
    zone: TimeZone,
    /// Times of replies are of that zone, not UTC.
    is_local: bool,
}

impl OrderTime {
    fn of(request: &Request, now: Millis) -> Result<OrderTime, String> {
        let zone = match &request.zone {
            Some(name) => time_zone(name)?,
            None => TimeZone::system(),
        };
        Ok(OrderTime { now, zone, is_local: request.local })
    }

    /// The zone of the reply's times; none: UTC.
    pub fn shown(&self) -> Option<TimeZone> {
        self.is_local.then(|| self.zone.clone())
    }

    /// The time that somebody wrote.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn read(&self, text: &str, toward: Toward) -> Result<Millis, String> {
        parse_when_in(text, self.now, &self.zone, toward)
    }

    /// The end of what begins then. A length before or after now stays that.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn read_end(&self, text: &str, from: Millis) -> Result<Millis, String> {
        parse_end(text, from, self.now, &self.zone)
    }

    /// As the reply tells it.
    pub fn show(&self, at: Millis) -> String {
        shown(at, self.is_local.then_some(&self.zone))
    }
}

/// What becomes of an order.
pub(super) enum Obeyed {
    /// Its whole reply.
    Reply(Vec<u8>),
    /// Its reply, once what it did is in the journal.
    Acted(Box<ActReply>),
    /// A reply that is made piece by piece.
    Status(Box<StatusReply>),
    /// The journal is asked first.
    Ask(Query, Asked),
}

impl EventLoop {
    pub(super) fn obey_orders(&mut self) {
        self.users.take_in();
        // Those that waited come before others of the same user are asked for: who has no name waits once.
        for order in std::mem::take(&mut self.orders) {
            self.obey_or_wait(order);
        }
        for order in self.control.turn(self.now.boot) {
            self.users.ask(order.user, self.now.boot);
            self.obey_or_wait(order);
        }
    }

    /// Obeys, unless the name of who gave the order is still being looked up.
    fn obey_or_wait(&mut self, order: Order) {
        if self.users.wait(order.user, self.now.boot).is_some() {
            self.orders.push(order);
            return;
        }
        let Order { client, user, is_public, line } = order;
        let obeyed = match line {
            Line::TooLong => Err("a line too long for an order; expected JSON in one line".to_owned()),
            Line::Whole(line) => self.obey_line(&line, user, is_public),
        };
        match obeyed {
            Ok(Obeyed::Reply(octets)) => self.control.reply(client, &octets, true, self.now.boot),
            Ok(Obeyed::Acted(reply)) => self.replies.hold(client, reply),
            Ok(Obeyed::Status(status)) => self.replies.begin(client, Going::Status(status)),
            Ok(Obeyed::Ask(query, asked)) => self.ask(client, query, asked),
            Err(why) => self.control.reply(client, &reply::error(&why), true, self.now.boot),
        }
    }

    /// Asks the journal, once all is written that is known by now: who acts and then asks is to see it.
    fn ask(&mut self, client: Client, query: Query, asked: Asked) {
        let after = self.journal.pushed();
        if self.journal.written() < after {
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

    fn obey_line(&mut self, line: &[u8], user: u32, is_public: bool) -> Result<Obeyed, String> {
        let request: Request = serde_json::from_slice(line)
            .map_err(|error| printable(format!("an order that is not understood: {error}").as_bytes()))?;
        if request.version != VERSION {
            return Err(format!("version {}: not known here; expected {VERSION}", request.version));
        }
        let time = OrderTime::of(&request, Millis::of(self.now.wall))?;
        let who = self.who(user, request.by.as_deref());
        if is_public && !matches!(request.order, FleetOrder::AckToken { .. }) {
            return Err("this socket takes nothing but an acknowledgement by token".to_owned());
        }
        match request.order {
            FleetOrder::Token { token } => self.show_token(&token, &time),
            FleetOrder::AckToken { token, text } => self.acknowledge_by_token(&token, text, who, &time),
            FleetOrder::Status { patterns, most } => {
                let wish = Wish { patterns: parse_patterns(&patterns)?, most, zone: time.shown() };
                let status = self.with_facts(|facts| StatusReply::new(wish, facts))?;
                Ok(Obeyed::Status(Box::new(status)))
            }
            FleetOrder::Log { patterns, since } => {
                let since = since.map(|text| time.read(&text, Toward::Past)).transpose()?;
                let limit = if since.is_some() { usize::MAX } else { LOG_ENTRIES };
                let patterns = parse_patterns(&patterns)?;
                let wish = LogWish { patterns, since, before: None, limit, is_last_page: true };
                Ok(Obeyed::Ask(Query::Log(wish), Asked::Log(time.shown())))
            }
            FleetOrder::Bars { patterns, from, to, cells } => {
                let known = Millis::of(self.now.wall);
                let from = time.read(&from, Toward::Past)?;
                let to = match to {
                    Some(text) => time.read(&text, Toward::Past)?,
                    None => known,
                };
                let names = self.names(&parse_patterns(&patterns)?);
                let asked = Asked::Bars { from: rfc3339(from), to: rfc3339(to) };
                Ok(Obeyed::Ask(Query::Bars { names, from, to, cells, known }, asked))
            }
            FleetOrder::Report { reports } => Ok(Obeyed::Reply(self.report(&reports))),
            FleetOrder::Forget { name } => self.forget(&name, &who),
            FleetOrder::Ack(act) => self.act(ActKind::Ack, act, who, &time),
            FleetOrder::Mute(act) => self.act(ActKind::Mute, act, who, &time),
            FleetOrder::Maint(act) => self.act(ActKind::Maint, act, who, &time),
            FleetOrder::Unack(undo) => self.undo(ActKind::Ack, undo.name, who, &time),
            FleetOrder::Unmute(undo) => self.undo(ActKind::Mute, undo.name, who, &time),
            FleetOrder::Unmaint(undo) => self.undo(ActKind::Maint, undo.name, who, &time),
            FleetOrder::Alert { name, text } => self.speak(name, &text, who),
            FleetOrder::Incidents => {
                Ok(Obeyed::Ask(Query::Incidents(INCIDENTS), Asked::Incidents(time.shown())))
            }
            FleetOrder::Availability { name, from, to } => {
                self.availability(&name, from.as_deref(), to.as_deref(), (&time.zone, time.shown()))
            }
            FleetOrder::Adjust { name, from, to, state, text } => {
                let correction = Correction {
                    time: parse_from_to((&from, &to), Millis::of(self.now.wall), &time.zone, Toward::Past)?,
                    state,
                    text: printable(text.as_bytes()),
                    who,
                    zone: time.shown(),
                    name,
                };
                self.adjust(correction)
            }
            FleetOrder::Unadjust { id } => self.unadjust(id, &who),
            FleetOrder::Adjustments => Ok(Obeyed::Reply(self.list_adjustments(time.shown().as_ref()))),
        }
    }

    /// Who acts: the peer's user, or somebody whom it names.
    fn who(&self, user: u32, by: Option<&str>) -> String {
        let peer = self.users.spoken(user);
        match by {
            Some(by) => format!("{} via {peer}", printable(by.as_bytes())),
            None => peer,
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
        let mut results = Vec::with_capacity(reports.len());
        for together in reports.chunk_by(|one, _| one.with_next) {
            // One alone is found out about by taking it.
            let refused = match together {
                [_] => None,
                some => some.iter().find_map(|report| self.refusal(report)),
            };
            match refused {
                Some(why) => results.extend(together.iter().map(|_| Some(why.clone()))),
                None => results.extend(together.iter().map(|report| self.take_in(report).err())),
            }
        }
        reply::line(&ReportReply { version: VERSION, ok: true, results })
    }

    /// Why a report would be refused.
    fn refusal(&self, report: &Report) -> Option<String> {
        let read = read(report).map(|(name, _)| name);
        let taken =
            read.and_then(|name| self.watcher.fleet().takes(&name).map_err(|error| error.to_string()));
        taken.err()
    }

    fn take_in(&mut self, report: &Report) -> Result<(), String> {
        let (name, told) = read(report)?;
        let is_new = self.watcher.fleet().find(&name).is_none();
        let taken = self.watcher.fleet_mut().report(&name, told, self.now, &mut self.changes);
        if taken.is_ok() {
            self.watcher.reported(&name, &report.perfdata);
            if is_new {
                self.telling.met_somebody();
            }
        }
        taken.map_err(|error| error.to_string())
    }

    fn forget(&mut self, name: &str, who: &str) -> Result<Obeyed, String> {
        let (now, changes) = (self.now, &mut self.changes);
        let fleet = self.watcher.fleet_mut();
        let took = if fleet.has_group(name) {
            let took = fleet.forget_group(name, now, changes);
            if took.is_empty() {
                return Err(format!(
                    "{name}: there is nothing in it that only reports; the file's are not dropped"
                ));
            }
            took
        } else {
            let parsed = ObjectName::parse(name)?;
            fleet.forget(&parsed, now, changes).map_err(|error| error.to_string())?;
            vec![parsed]
        };
        for name in &took {
            info!("{name}: forgotten, by {who}");
        }
        let reply = ActReply {
            version: VERSION,
            ok: true,
            act: "forget".to_owned(),
            name: name.to_owned(),
            took: took.iter().map(ToString::to_string).collect(),
            who: who.to_owned(),
            ..ActReply::default()
        };
        Ok(Obeyed::Acted(Box::new(reply)))
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
            (Asked::Incidents(zone), Answer::Incidents(found)) => {
                let status = |incident| oco_fleet::shown::incident(incident, zone.as_ref());
                reply::line(&found.iter().map(status).collect::<Vec<_>>())
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

/// Of whom a report is, and what it tells.
fn read(report: &Report) -> Result<(ObjectName, Told<'_>), String> {
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
    Ok((name, Told { code, period, text: &report.text }))
}

fn parse_patterns(patterns: &[String]) -> Result<Vec<Pattern>, String> {
    patterns.iter().map(|text| Pattern::parse(text)).collect()
}
