//! Single values of the file: durations, numbers, paths, words, addresses. What it takes two keys to judge is not here.

use crate::limits::{
    LONGEST_DURATION, REGEX_CACHE_OCTETS, REGEX_OCTETS, REGEX_TEXT_OCTETS, SHORTEST_DURATION,
    SOCKET_PATH_OCTETS, TEXT_OCTETS,
};
use oco::config::parse_address;
use oco::logic::url;
use oco_fleet::calendar::{Hours, Period};
use oco_fleet::level::parse_target;
use oco_fleet::object::ObjectName;
use oco_fleet::text_values;
use oco_fleet::tree::Rule;
use oco_fleet::value::{path, word};
use regex::bytes::{Regex, RegexBuilder};
use serde::de::{self, Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

text_values! {
    /// A duration from 100ms on.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    pub(super) Length(Duration) = length;
    /// The path of the control socket, beside which there is another one.
    pub(super) SocketPath(PathBuf) = socket_path;
    /// The name of a backend of HAProxy, which is put into commands.
    pub(super) Backend(String) = backend;
    /// A text for people.
    pub(super) Text(String) = text;
    /// An address and a port.
    pub(super) Address(SocketAddr) = |text| parse_address(text);
    /// Where something speaks HTTP, without a slash at its end.
    pub(super) Url(String) = |text| url::parse(text);
    /// A name.
    pub(super) Object(ObjectName) = |text| ObjectName::parse(text);
    /// Weekly hours.
    pub(super) WeeklyHours(Hours) = |text| Hours::parse(text);
    /// The period of a level.
    pub(super) LevelPeriod(Period) = |text| Period::parse(text);
    /// The target of a level.
    pub(super) LevelTarget(u32) = |text| parse_target(text);
    /// A regular expression.
    pub(super) Expression(Regex) = expression;
}

/// Reads a duration of the file.
fn length(text: &str) -> Result<Duration, String> {
    match delay(text) {
        Ok(length) if length < SHORTEST_DURATION => Err(format!("{text:?}: expected at least 100ms")),
        read => read,
    }
}

/// Reads a duration that may be nothing.
pub(super) fn delay(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length <= LONGEST_DURATION => Ok(length),
        Ok(_) => Err(format!("{text:?}: expected at most 100 years")),
        Err(error) => Err(format!("{text:?}: {error}; expected a duration as 500ms, 10s or 5m")),
    }
}

fn socket_path(text: &str) -> Result<PathBuf, String> {
    let path = path(text)?;
    let token = super::token_socket(&path);
    if text.ends_with('/') || path == token {
        return Err(format!("{text:?}: expected the path of a socket, with another name than token"));
    }
    match text.len().max(token.as_os_str().len()) <= SOCKET_PATH_OCTETS {
        true => Ok(path),
        false => Err(format!(
            "{text:?}: too long for a socket; expected at most {SOCKET_PATH_OCTETS} octets, also with token as its name"
        )),
    }
}

fn backend(text: &str) -> Result<String, String> {
    let word = word(text)?;
    match word.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(&octet)) {
        true => Ok(word),
        false => Err(format!("{text:?}: expected letters, digits, and any of -_.: as HAProxy takes them")),
    }
}

fn text(text: &str) -> Result<String, String> {
    if text.len() > TEXT_OCTETS {
        return Err(format!("too long; expected at most {TEXT_OCTETS} octets"));
    }
    match !text.trim().is_empty() && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?}: expected a text of one line")),
    }
}

fn expression(text: &str) -> Result<Regex, String> {
    if text.len() > REGEX_TEXT_OCTETS {
        return Err(format!("too long; expected a regular expression of at most {REGEX_TEXT_OCTETS} octets"));
    }
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(REGEX_OCTETS).dfa_size_limit(REGEX_CACHE_OCTETS);
    builder.build().map_err(|error| {
        let why = match error {
            regex::Error::CompiledTooBig(_) => "it becomes too large".to_owned(),
            // The engine draws a picture; the last line of it says why.
            error => {
                let words = error.to_string();
                let last = words.lines().last().unwrap_or_default();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            }
        };
        format!("{text:?}: {why}; expected a regular expression as \"^220 \"")
    })
}

/// A list that is not empty.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T>, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list in brackets, as [\"...\"]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                match list.is_empty() {
                    false => Ok(List(list)),
                    true => Err(A::Error::custom("the list is empty; expected at least one")),
                }
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// So many of them, in words.
pub(super) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What may be written with quotes or as a number.
pub(super) enum TextOrNumber {
    Text(String),
    Number(i64),
}

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TextOrNumber, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = TextOrNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text in quotes")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber::Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// `need` and `rule`: how many have to be up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share(pub Rule);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        let rule = match TextOrNumber::deserialize(deserializer)? {
            TextOrNumber::Number(number) => {
                count(&number.to_string()).map_err(|why| format!("{number}: {why}"))
            }
            TextOrNumber::Text(text) => match text.as_str() {
                "all" => Ok(Rule::All),
                "any" => Ok(Rule::Any),
                text => text
                    .strip_suffix('%')
                    .map(percent)
                    .or_else(|| text.strip_suffix(" of").map(|number| count(number.trim_end())))
                    .unwrap_or_else(|| count(text))
                    .map_err(|why| format!("{text:?}: {why}")),
            },
        };
        rule.map(Share).map_err(D::Error::custom)
    }
}

fn count(digits: &str) -> Result<Rule, String> {
    match digits.parse() {
        Ok(count) if count > 0 => Ok(Rule::Count(count)),
        Ok(_) => Err("0 are always up; expected 1 or more".to_owned()),
        Err(_) => Err("expected \"all\", \"any\", a number of members or a share as \"50%\"".to_owned()),
    }
}

fn percent(digits: &str) -> Result<Rule, String> {
    match digits.trim_end().parse() {
        Ok(percent @ 1..=100) => Ok(Rule::Percent(percent)),
        Ok(_) | Err(_) => Err("expected 1% to 100%".to_owned()),
    }
}
