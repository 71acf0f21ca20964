//! OverC's intake: what pushers send, taken in and handed over to ocowatch.
//!
//! A request is read whole ([`body`]), its key checked, its pace ([`buckets`], [`alerts`]); only then something is kept of
//! it. What it says goes to the watcher, whose word is the answer.

pub mod alerts;
pub mod body;
pub mod buckets;
pub mod details;
pub mod names;

use crate::board::Board;
use crate::control::NotDone;
use crate::keys::{KeyCheck, ledger};
use crate::pace::Pace;
use crate::pages::Pushed;
use alerts::{AlertPace, Held};
use body::{Alert, Body, Content, Kind, Service};
use buckets::{Buckets, NewNames};
use details::Details;
use log::{error, info, warn};
use oco::logic::control::{ActReply, FleetOrder, NOT_TAKEN_IN, Report};
use oco::logic::exposition::Exposition;
use oco::logic::text::printable;
use oco::logic::time::Nanos;
use oco::system::clock;
use oco::system::words::words;
use oco_fleet::object::ObjectName;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is counted and kept of pushers.
#[derive(Debug, Default)]
pub struct Intake {
    buckets: Buckets,
    new_names: NewNames,
    alerts: AlertPace,
    /// What services told beyond their reason.
    pub details: Details,
    refusals: Pace,
    /// Why the watcher takes in nobody, for people; none: it did when it was asked last.
    pub refused: Option<String>,
    /// Answers so far, by their status.
    answers: BTreeMap<u16, u64>,
}

impl Intake {
    /// What a host pushed last, beyond its reasons.
    pub fn pushed(&self, host: &str, group: &str) -> Option<Pushed> {
        let client = self.details.host(host).map(|oco| format!("oco {}", oco.version));
        let texts: Vec<(ObjectName, String)> = self
            .details
            .texts_of(host)
            .filter_map(|(service, text)| {
                let name = ObjectName::parse(&format!("{group}/{service}/{host}")).ok()?;
                Some((name, text.to_owned()))
            })
            .collect();
        (client.is_some() || !texts.is_empty()).then_some(Pushed { client, texts })
    }

    /// Counts an answer to a pusher, be it that it was not even read.
    pub fn count(&mut self, status: u16) {
        *self.answers.entry(status).or_default() += 1;
    }

    /// Adds the counts to a page of metrics.
    pub fn count_into(&self, page: &mut Exposition) {
        let name = "oco_board_pushes_total";
        page.family(name, "counter", "Requests of pushers, by the status of the answer.");
        for (status, count) in &self.answers {
            page.sample(name, &[("status", &status.to_string())], count);
        }
    }
}

/// An answer, always JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// The body.
    pub json: String,
    /// When it is worth while to try again, in seconds.
    pub retry_after: Option<u32>,
}

impl Answer {
    fn good(word: &str) -> Answer {
        Answer { status: 200, json: format!("{{\"{word}\": 1}}"), retry_after: None }
    }

    fn error(status: u16, what: &str) -> Answer {
        Answer { status, json: error_json(what), retry_after: None }
    }
}

/// An error as all of the API tells it.
pub fn error_json(what: &str) -> String {
    format!("{{\"error\": {}}}", serde_json::Value::from(what))
}

/// Who may not push, or not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    WrongKey,
    NotTakenIn,
    TooManyNew,
    TooMany,
}

impl Stop {
    fn answer(self) -> Answer {
        match self {
            Stop::WrongKey => Answer::error(403, "Invalid server key"),
            Stop::NotTakenIn => {
                Answer::error(403, "Unknown server, and new ones are not taken in from there")
            }
            Stop::TooManyNew => Answer {
                retry_after: Some(60),
                ..Answer::error(429, "Too many new servers; try again in a minute")
            },
            Stop::TooMany => Answer {
                retry_after: Some(1),
                ..Answer::error(429, "Too many requests; try again in a second")
            },
        }
    }
}

/// Takes in a request. `address`: where it came from; none: from this host, by a socket.
pub async fn take(
    board: &Board,
    kind: Kind,
    content_type: Option<&str>,
    octets: &[u8],
    address: Option<IpAddr>,
) -> Answer {
    let body = match body::parse(kind, content_type, octets) {
        Ok(body) => body,
        Err(wrong) => return Answer::error(400, &wrong.0),
    };
    match admit(board, &body, address) {
        Err(stop) => {
            tell_of(board, stop, &body, address);
            return stop.answer();
        }
        Ok(None) => {}
        Ok(Some(line)) => {
            if let Err(why) = write(board, line).await {
                board.keys.borrow_mut().lose_first(&body.name);
                error!("keys: {why}");
                return Answer::error(503, "The key can't be kept");
            }
            info!("push: {} is new", printable(body.sent_name.as_bytes()));
        }
    }
    if let Some(oco) = body.oco {
        board.intake.borrow_mut().details.keep_host(&body.name, oco);
    }
    match body.content {
        Content::Ping => Answer::good("pong"),
        Content::Services(services) => report(board, &body.name, services).await,
        Content::Alerts(alerts) => alert(board, &body.name, &body.sent_name, alerts).await,
    }
}

/// Whether the request may be obeyed, and the line to be kept where its name is new.
fn admit(board: &Board, body: &Body, address: Option<IpAddr>) -> Result<Option<String>, Stop> {
    let now = clock::now();
    let mut keys = board.keys.borrow_mut();
    if let Err(error) = keys.refresh() {
        // What was known stays.
        warn!("keys: {}", words(&error));
    }
    let mut intake = board.intake.borrow_mut();
    let is_free = match &body.content {
        // Who is refused a ping ends, and who sends empty lists sends nothing: both cost next to nothing.
        Content::Ping => true,
        Content::Services(services) => services.is_empty(),
        Content::Alerts(alerts) => alerts.is_empty(),
    };
    let check = keys.check(&body.name, &body.key);
    match check {
        KeyCheck::Wrong => return Err(Stop::WrongKey),
        KeyCheck::Right => {}
        KeyCheck::New => {
            let push = &board.settings().push;
            if !push.accept_new.takes(address) {
                return Err(Stop::NotTakenIn);
            }
            if !intake.new_names.take(push.new_a_minute, now.boot) {
                return Err(Stop::TooManyNew);
            }
        }
    }
    if !is_free && !intake.buckets.take(&body.name, now.boot) {
        return Err(Stop::TooMany);
    }
    let seconds = u64::try_from(now.wall.0 / 1_000_000_000).unwrap_or(0);
    Ok((check == KeyCheck::New).then(|| keys.keep_first(&body.name, &body.key, seconds)))
}

/// Logs that somebody is not let in, some lines a minute.
fn tell_of(board: &Board, stop: Stop, body: &Body, address: Option<IpAddr>) {
    let why = match stop {
        Stop::WrongKey => "wrong key",
        Stop::NotTakenIn => "unknown, and accept-new does not take it in",
        Stop::TooManyNew => "unknown, and new-a-minute is reached",
        Stop::TooMany => "too many requests",
    };
    if let Some(withheld) = board.intake.borrow_mut().refusals.admit(clock::now().boot) {
        let from = address.map_or_else(|| "this host".to_owned(), |address| address.to_string());
        warn!("push: {} from {from}: {why}{withheld}", printable(body.sent_name.as_bytes()));
    }
}

/// Has a line on the disk, without the loop waiting for it.
async fn write(board: &Board, line: String) -> Result<(), String> {
    let path = board.keys.borrow().path().to_owned();
    let written = tokio::task::spawn_blocking(move || ledger::append(&path, &line)).await;
    written.map_err(|error| error.to_string())?.map_err(|error| words(&error))
}

async fn report(board: &Board, server: &str, services: Vec<Service>) -> Answer {
    if services.is_empty() {
        return Answer::good("ok");
    }
    let group = board.settings().push.group.clone();
    let last = services.len().saturating_sub(1);
    let reports = services.iter().enumerate().map(|(place, service)| {
        serde_json::to_string(&Report {
            name: format!("{group}/{}/{server}", service.name),
            code: service.code,
            period: Some(service.period),
            text: service.reason.clone(),
            perfdata: service.perfdata.clone(),
            // One that is refused fails the request, and nothing of it is taken.
            with_next: place < last,
        })
    });
    let reports = match reports.collect::<Result<Vec<String>, _>>() {
        Ok(reports) => reports,
        Err(error) => return Answer::error(503, &error.to_string()),
    };
    match board.watcher.report(reports).await {
        Ok(()) => {
            let mut intake = board.intake.borrow_mut();
            intake.refused = None;
            for service in services {
                intake.details.keep(&service.name, server, service.info);
            }
            Answer::good("ok")
        }
        Err(why) => {
            if matches!(&why, NotDone::Refused(why) if why.ends_with(NOT_TAKEN_IN)) {
                board.intake.borrow_mut().refused = Some(format!(
                    "Pushes are not taken: the hostgroup {group} has no accept-reports = true in watch.toml"
                ));
            }
            not_taken(board, &why)
        }
    }
}

async fn alert(board: &Board, server: &str, sent_name: &str, alerts: Vec<Alert>) -> Answer {
    let group = board.settings().push.group.clone();
    for alert in alerts {
        if !board.intake.borrow_mut().alerts.admit(server, &alert.text, clock::now().boot) {
            continue;
        }
        let name = match alert.service {
            Some(service) => format!("{group}/{service}"),
            None => group.clone(),
        };
        if let Err(why) = speak(board, name, alert.text, sent_name).await {
            board.intake.borrow_mut().alerts.undo(server);
            return not_taken(board, &why);
        }
    }
    Answer::good("ok")
}

async fn speak(board: &Board, name: String, text: String, by: &str) -> Result<(), NotDone> {
    let order = FleetOrder::Alert { name, text };
    board.watcher.order::<ActReply>(order, Some(by.to_owned()), None).await.map(drop)
}

/// Nothing is thrown away silently: the client is told, and so is the log.
fn not_taken(board: &Board, why: &NotDone) -> Answer {
    if let Some(withheld) = board.intake.borrow_mut().refusals.admit(clock::now().boot) {
        warn!("push: not taken: {}{withheld}", printable(why.to_string().as_bytes()));
    }
    Answer::error(503, &why.to_string())
}

/// Sends what sums up the alerts that were held: those whose time is over by `now`; with none, all.
pub async fn sum_up(board: &Board, now: Option<Nanos>) {
    let over = board.intake.borrow_mut().alerts.take_held(now);
    for held in over {
        let Held { name, count, last } = &held;
        let text = format!("{count} more alerts of {name} within an hour, the last one: {last}");
        let group = board.settings().push.group.clone();
        if let Err(why) = speak(board, group, text, name).await {
            match (&why, now) {
                (NotDone::Away(_), Some(now)) => board.intake.borrow_mut().alerts.put_back(held, now),
                (NotDone::Away(_) | NotDone::Refused(_), _) => {
                    warn!("push: {count} alerts of {name} were held, and can't be told of: {why}");
                }
            }
        }
    }
}
