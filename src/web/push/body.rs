//! What a pusher's request says: OverC's bodies, and its words where one is wrong (run, not read: its own server's
//! answers).

use super::names;
use crate::limits::{ALERT_OCTETS, INFO_OCTETS, KEY_OCTETS, LONGEST_PERIOD, REASON_OCTETS};
use oco::logic::code::Code;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Which of the three paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/api/ping`.
    Ping,
    /// `/api/set/service/status`.
    Status,
    /// `/api/set/alerts`.
    Alerts,
}

impl Kind {
    /// The one of this path.
    pub fn of_path(path: &str) -> Option<Kind> {
        match path {
            "/api/ping" => Some(Kind::Ping),
            "/api/set/service/status" => Some(Kind::Status),
            "/api/set/alerts" => Some(Kind::Alerts),
            _ => None,
        }
    }
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The server's name as it was sent.
    pub sent_name: String,
    /// The same as a part of an object's name.
    pub name: String,
    /// Its key.
    pub key: String,
    /// What it says about its ocod.
    pub oco: Option<Oco>,
    /// What else.
    pub content: Content,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Whether we are there.
    Ping,
    /// How services are, each once.
    Services(Vec<Service>),
    /// Something that somebody is to hear.
    Alerts(Vec<Alert>),
}

/// What our own clients say about their ocod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oco {
    /// Its version.
    pub version: String,
    /// The code of its whole host.
    pub code: Option<u16>,
}

/// How a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name as a part of an object's name.
    pub name: String,
    /// 2XX, 3XX or 5XX.
    pub code: u16,
    /// In milliseconds: the next report comes within.
    pub period: i64,
    /// The first line of what it says, without performance data.
    pub reason: String,
    /// The performance data of that line.
    pub perfdata: String,
    /// All of it, where that is more.
    pub info: Option<String>,
}

/// Something that somebody is to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Of which service, as a part of an object's name.
    pub service: Option<String>,
    /// The words.
    pub text: String,
}

/// What is wrong with a request, in the words of OverC's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong(pub String);

const NO_JSON: &str = "The browser (or proxy) sent a request that this server could not understand.";
const NO_OBJECT: &str = "Invalid data: should be JSON object";
const SERVICES: &str = "a list of objects with keys \"name\", \"state\", \"info\"?, \"period\"?";
const ALERTS: &str = "a list of objects with keys \"title\", \"message\"?, \"service\"?";

/// A code that is none of OverC's words.
const UNKNOWN: u16 = 310;

/// Reads a request. `content_type` is its header.
///
/// # Errors
/// The first thing that is wrong, in the order in which OverC's server looks.
pub fn parse(kind: Kind, content_type: Option<&str>, octets: &[u8]) -> Result<Body, Wrong> {
    if !content_type.is_some_and(is_json) {
        return Err(Wrong(NO_OBJECT.to_owned()));
    }
    // Python's clients make half a character of each octet that is no UTF-8, and its server takes that.
    let value: Value = serde_json::from_slice(octets)
        .or_else(|_| serde_json::from_slice(&without_halves(octets)))
        .map_err(|_| Wrong(NO_JSON.to_owned()))?;
    let Value::Object(data) = value else { return Err(Wrong(NO_OBJECT.to_owned())) };
    let (sent_name, name, key) = server(&data)?;
    let content = match kind {
        Kind::Ping => Content::Ping,
        Kind::Status => Content::Services(services(&data)?),
        Kind::Alerts => Content::Alerts(alerts(&data)?),
    };
    Ok(Body { sent_name, name, key, oco: oco(&data), content })
}

/// JSON with U+FFFD in place of each `\uXXXX` that is half a character, a surrogate without its other half.
fn without_halves(json: &[u8]) -> Vec<u8> {
    let unit = |escape: &[u8]| -> Option<u16> {
        let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut whole = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.iter().position(|octet| *octet == b'\\') {
        let (before, escape) = rest.split_at(at);
        whole.extend_from_slice(before);
        let next = || escape.get(6..).and_then(unit);
        let length = match unit(escape) {
            Some(0xd800..=0xdbff) if matches!(next(), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                whole.extend_from_slice(b"\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            Some(_) => 6,
            None => 2,
        };
        let (escape, behind) = escape.split_at(length.min(escape.len()));
        whole.extend_from_slice(escape);
        rest = behind;
    }
    whole.extend_from_slice(rest);
    whole
}

fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

fn should_be(key: &str, what: &str) -> Wrong {
    Wrong(format!("Data: \"{key}\" should be {what}"))
}

fn of_key<'a>(data: &'a Map<String, Value>, key: &str) -> Result<&'a Value, Wrong> {
    data.get(key).ok_or_else(|| Wrong(format!("Data: \"{key}\" key is missing")))
}

fn server(data: &Map<String, Value>) -> Result<(String, String, String), Wrong> {
    let Value::Object(server) = of_key(data, "server")? else { return Err(should_be("server", "a dict")) };
    let text = |key: &str| match server.get(key) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) | None => Err(should_be(&format!("server.{key}"), "a string")),
    };
    let (sent, key) = (text("name")?, text("key")?);
    let name = names::part(sent).ok_or_else(|| should_be("server.name", BAD_NAME))?;
    if key.is_empty() || key.len() > KEY_OCTETS {
        return Err(should_be("server.key", "neither empty nor too long"));
    }
    Ok((sent.to_owned(), name, key.to_owned()))
}

const BAD_NAME: &str = "neither empty nor too long";

/// What our own clients add. What is not as they say it is ignored, as other unknown keys are.
fn oco(data: &Map<String, Value>) -> Option<Oco> {
    let oco = data.get("oco")?.as_object()?;
    let version = cut(oco.get("version")?.as_str()?, 64).to_owned();
    Some(Oco { version, code: oco.get("code").and_then(code) })
}

fn code(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|code| Code::new(*code).is_some())
}

fn services(data: &Map<String, Value>) -> Result<Vec<Service>, Wrong> {
    let period = match data.get("period") {
        // Null is as if it were missing.
        None | Some(Value::Null) => {
            return Err(Wrong("Data: \"period\" key is missing".to_owned()));
        }
        Some(value) => millis(value).map_err(|why| should_be("period", why))?,
    };
    let Value::Array(list) = of_key(data, "services")? else { return Err(should_be("services", "a list")) };
    let mut services: Vec<Service> = Vec::with_capacity(list.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for value in list {
        let service = service(value, period)?;
        // Of the same service twice the last counts.
        match places.get(&service.name).and_then(|place| services.get_mut(*place)) {
            Some(before) => *before = service,
            None => {
                if list.len() > 1 {
                    places.insert(service.name.clone(), services.len());
                }
                services.push(service);
            }
        }
    }
    Ok(services)
}

fn service(value: &Value, period: i64) -> Result<Service, Wrong> {
    let wrong = || should_be("services", SERVICES);
    let object = value.as_object().ok_or_else(wrong)?;
    let name = object.get("name").and_then(Value::as_str).ok_or_else(wrong)?;
    let name = names::part(name).ok_or_else(|| should_be("services.name", BAD_NAME))?;
    let state = object.get("state").and_then(Value::as_str).ok_or_else(wrong)?;
    let info = match object.get("info") {
        None => "",
        Some(Value::String(info)) => info,
        Some(_) => return Err(wrong()),
    };
    let period = match object.get("period") {
        None | Some(Value::Null) => period,
        Some(value) => millis(value).map_err(|_| wrong())?,
    };
    let (of_state, is_known) = match state {
        "OK" => (200, true),
        "WARN" => (210, true),
        // Its client says FAIL, its documentation ERR.
        "FAIL" | "ERR" => (300, true),
        "UNK" => (UNKNOWN, true),
        _ => (UNKNOWN, false),
    };
    let code = match object.get("code") {
        None | Some(Value::Null) => of_state,
        Some(value) => code(value).ok_or_else(wrong)?,
    };
    let (mut reason, perfdata, info) = words(info);
    if !is_known {
        let added = format!("{UNSUPPORTED} {:?})", cut(state, 32));
        let room = REASON_OCTETS.saturating_sub(added.len() + 1);
        reason = format!("{} {added}", cut(&reason, room)).trim_start().to_owned();
    }
    Ok(Service { name, code, period, reason, perfdata, info })
}

/// How what is added to a reason begins where the state is none that a pusher has.
pub const UNSUPPORTED: &str = "(sent unsupported state:";

/// The reason, the performance data, and all that is kept where that is more.
fn words(info: &str) -> (String, String, Option<String>) {
    let info = info.trim_end();
    let (words, perfdata) = first_line(info);
    let reason = cut(words, REASON_OCTETS);
    let kept = (info != reason).then(|| cut(info, INFO_OCTETS).to_owned());
    (reason.to_owned(), whole_figures(perfdata).to_owned(), kept)
}

/// The first line of what a service told: its words, and its performance data.
pub fn first_line(info: &str) -> (&str, &str) {
    let line = info.trim_start().lines().next().unwrap_or_default();
    let (words, perfdata) = line.split_once('|').unwrap_or((line, ""));
    (words.trim(), perfdata.trim())
}

/// Performance data as far as it is passed on: a figure that a cut would shorten is left out.
fn whole_figures(perfdata: &str) -> &str {
    let some = cut(perfdata, INFO_OCTETS);
    if some.len() == perfdata.len() {
        return some;
    }
    some.rsplit_once([' ', '\t', '|']).map_or("", |(whole, _)| whole)
}

fn alerts(data: &Map<String, Value>) -> Result<Vec<Alert>, Wrong> {
    let Value::Array(list) = of_key(data, "alerts")? else { return Err(should_be("alerts", "a list")) };
    list.iter().map(alert).collect()
}

fn alert(value: &Value) -> Result<Alert, Wrong> {
    let wrong = || should_be("alerts", ALERTS);
    let (service, text) = match value {
        // The last words of its monitor.
        Value::String(text) => (None, text),
        Value::Object(object) => {
            let text = object.get("message").or_else(|| object.get("title")).ok_or_else(wrong)?;
            let Value::String(text) = text else { return Err(wrong()) };
            let service = match object.get("service") {
                None => None,
                Some(Value::String(name)) => {
                    Some(names::part(name).ok_or_else(|| should_be("alerts.service", BAD_NAME))?)
                }
                Some(_) => return Err(wrong()),
            };
            (service, text)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return Err(wrong()),
    };
    let text = cut(text.trim(), ALERT_OCTETS);
    // The watcher sends no alert without words.
    let text = if text.is_empty() { "an alert without words" } else { text };
    Ok(Alert { service, text: text.to_owned() })
}

/// A period in milliseconds: positive seconds, as a number or a text of one.
fn millis(value: &Value) -> Result<i64, &'static str> {
    const NO_NUMBER: &str = "an integer";
    let seconds = match value {
        Value::Number(number) => number.as_f64().ok_or(NO_NUMBER)?,
        Value::String(text) => {
            let text = text.trim();
            let is_plain = |octet: u8| octet.is_ascii_digit() || b"+-.".contains(&octet);
            match text.bytes().all(is_plain) {
                true => text.parse().map_err(|_| NO_NUMBER)?,
                false => return Err(NO_NUMBER),
            }
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(NO_NUMBER),
    };
    let period = std::time::Duration::try_from_secs_f64(seconds).ok();
    let millis = period.filter(|period| *period <= LONGEST_PERIOD).map(|period| period.as_millis());
    match millis.and_then(|millis| i64::try_from(millis).ok()) {
        Some(millis) if millis > 0 => Ok(millis),
        Some(_) | None => Err("a positive number of seconds, of at most a year"),
    }
}

/// At most so many octets of a text, whole characters of it.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
