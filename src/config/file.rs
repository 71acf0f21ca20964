//! The format of the file: its keys, and what each may hold.

use super::{Listen, Settings, check_listeners, parse_address};
use crate::logic::board::{CheckRules, Rules};
use crate::logic::face::Speak;
use crate::logic::name::{Pattern, check_name};
use crate::logic::network::Network;
use crate::logic::time::parse_max_age;
use serde::de::{Deserialize, Deserializer, Error as _};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default, deserialize_with = "directory")]
    dir: Option<PathBuf>,
    #[serde(default, deserialize_with = "max_age")]
    max_age: Option<Duration>,
    #[serde(default, deserialize_with = "user")]
    user: Option<String>,
    #[serde(default, deserialize_with = "max_connections")]
    max_connections: Option<u32>,
    #[serde(default)]
    empty: Empty,
    #[serde(default)]
    listen: Vec<Spanned<ListenSection>>,
    #[serde(default)]
    checks: BTreeMap<CheckName, CheckSection>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ListenSection {
    name: Option<String>,
    #[serde(deserialize_with = "address")]
    address: SocketAddr,
    #[serde(default, deserialize_with = "patterns")]
    checks: Vec<Pattern>,
    #[serde(default, deserialize_with = "networks")]
    allow: Option<Vec<Network>>,
    speak: Option<Speak>,
    #[serde(default)]
    refuse_when_ko: bool,
    #[serde(default, deserialize_with = "but_weight")]
    but_weight: Option<u8>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CheckSection {
    #[serde(default, deserialize_with = "max_age")]
    max_age: Option<Duration>,
    #[serde(default)]
    required: bool,
}

#[derive(serde::Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Empty {
    #[default]
    Ko,
    Ok,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CheckName(String);

impl<'de> Deserialize<'de> for CheckName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CheckName, D::Error> {
        let name = String::deserialize(deserializer)?;
        match check_name(name.as_bytes()) {
            Ok(_) => Ok(CheckName(name)),
            Err(error) => Err(D::Error::custom(format!("checks.{name:?}: no name of a check: {error}"))),
        }
    }
}

fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(D::Error::custom)
}

fn directory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    text(deserializer, |path| match path.starts_with('/') && !path.contains('\0') {
        true => Ok(Some(PathBuf::from(path))),
        false => Err(format!("dir {path:?}: expected a path that begins with /")),
    })
}

fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, |name| match name.is_empty() {
        false => Ok(Some(name.to_owned())),
        true => Err("user \"\": expected the name of a user".to_owned()),
    })
}

fn max_age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    text(deserializer, parse_max_age).map(Some)
}

fn max_connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    match u32::try_from(number) {
        Ok(number @ 1..=1_000_000) => Ok(Some(number)),
        _ => Err(D::Error::custom(format!("max-connections {number}: expected 1 to 1000000"))),
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    text(deserializer, |address| parse_address(address).map_err(|error| format!("address {error}")))
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("checks is empty; expected names or patterns as \"php*\""));
    }
    let parse = |text: &String| {
        Pattern::new(text)
            .map_err(|error| D::Error::custom(format!("checks {text:?}: no check can match: {error}")))
    };
    list.iter().map(parse).collect()
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Network>>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom(
            "allow is empty, so nobody could ask; expected networks as \"192.0.2.0/24\"",
        ));
    }
    let parse = |text: &String| {
        Network::parse(text).map_err(|why| {
            D::Error::custom(format!("allow {text:?}: {why}; expected a network as 192.0.2.0/24"))
        })
    };
    list.iter().map(parse).collect::<Result<_, _>>().map(Some)
}

fn but_weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    match u8::try_from(number) {
        Ok(weight @ 1..=100) => Ok(Some(weight)),
        _ => Err(D::Error::custom(format!("but-weight {number}: expected 1 to 100"))),
    }
}

/// Reads the text of a file. The error is the line, counted from 1 where it is known, and what is wrong.
pub fn parse(text: &str) -> Result<Settings, (Option<usize>, String)> {
    let line_of = |offset: usize| {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        before.split(|octet| *octet == b'\n').count()
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(span.start));
        (line, error.message().trim_end().replace('\n', "; "))
    })?;
    let places: Vec<usize> = file.listen.iter().map(|section| section.span().start).collect();
    let listeners: Vec<Listen> =
        file.listen.into_iter().map(|section| listener(section.into_inner())).collect();
    check_listeners(&listeners)
        .map_err(|(index, what)| (places.get(index).map(|offset| line_of(*offset)), what))?;
    let defaults = Settings::default();
    let rules = |section: CheckSection| CheckRules { max_age: section.max_age, required: section.required };
    Ok(Settings {
        directory: file.dir,
        user: file.user,
        max_connections: file.max_connections.unwrap_or(defaults.max_connections),
        empty_is_ok: file.empty == Empty::Ok,
        rules: Rules {
            max_age: file.max_age.unwrap_or(defaults.rules.max_age),
            checks: file.checks.into_iter().map(|(name, section)| (name.0, rules(section))).collect(),
        },
        listeners,
    })
}

fn listener(section: ListenSection) -> Listen {
    let defaults = Listen::new(section.address);
    Listen {
        name: section.name,
        address: section.address,
        checks: section.checks,
        allow: section.allow,
        speak: section.speak,
        refuse_when_ko: section.refuse_when_ko,
        but_weight: section.but_weight.unwrap_or(defaults.but_weight),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_key_is_read() {
        let text = r#"
            dir = "/srv/oco"
            max-age = "10m"
            user = "oco"
            max-connections = 100
            empty = "ok"
            [[listen]]
            address = "[::]:79"
            [[listen]]
            address = "127.0.0.1:7979"
            checks = ["http", "php*"]
            allow = ["192.0.2.0/24", "::1"]
            speak = "oco"
            refuse-when-ko = false
            but-weight = 50
            name = "inside"
            [checks.backup]
            max-age = "25h"
            required = true
        "#;
        let settings = parse(text).unwrap();
        assert_eq!(settings.directory, Some(PathBuf::from("/srv/oco")));
        assert_eq!(settings.rules.max_age, Duration::from_secs(600));
        assert_eq!((settings.user.as_deref(), settings.max_connections), (Some("oco"), 100));
        assert!(settings.empty_is_ok);
        assert_eq!(settings.listeners.len(), 2);
        assert!(settings.listeners[1].covers("php5") && !settings.listeners[1].covers("disk"));
        let inside = &settings.listeners[1];
        assert!(inside.covers("maint") && inside.covers("drain") && !inside.is_about("maint"));
        assert!(!settings.listeners[1].allows("192.0.3.1".parse().unwrap()));
        let backup = CheckRules { max_age: Some(Duration::from_secs(25 * 3600)), required: true };
        assert_eq!(settings.rules.checks.get("backup"), Some(&backup));
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let cases = [
            ("dir = 5", 1, "invalid type: integer `5`, expected a string"),
            ("\ndri = \"/x\"", 2, "unknown field `dri`"),
            ("dir = \"x\"", 1, "begins with /"),
            ("max-age = \"5\"", 1, "expected a duration as 5m"),
            ("max-age = \"0s\"", 1, "more than 0s"),
            ("max-connections = 0", 1, "1 to 1000000"),
            ("empty = \"maybe\"", 1, "unknown variant `maybe`"),
            ("[[listen]]\nadress = \"x\"", 2, "unknown field `adress`"),
            ("[[listen]]\n", 1, "missing field `address`"),
            ("[[listen]]\naddress = \"79\"", 2, "expected ADDRESS:PORT"),
            ("[[listen]]\naddress = \"[::]:79\"\nallow = []", 3, "nobody could ask"),
            ("[[listen]]\naddress = \"[::]:79\"\nallow = [\"x\"]", 3, "not an IP address"),
            ("[[listen]]\naddress = \"[::]:79\"\nchecks = []", 3, "names or patterns"),
            ("[[listen]]\naddress = \"[::]:79\"\nchecks = [\"a b\"]", 3, "no check can match"),
            ("[[listen]]\naddress = \"[::]:79\"\nspeak = \"smtp\"", 3, "unknown variant `smtp`"),
            ("[[listen]]\naddress = \"[::]:79\"\n[[listen]]\naddress = \"[::]:79\"", 3, "given twice"),
            ("[checks.oco]\nrequired = true", 1, "reserved"),
            ("[checks.http]\nmaxage = \"5m\"", 2, "unknown field `maxage`"),
            ("x = [", 1, ""),
        ];
        for (text, line, what) in cases {
            let (found_line, found) = parse(text).unwrap_err();
            assert!(found.contains(what) && !found.contains('\n'), "{text:?}: {found}");
            assert_eq!(found_line, Some(line), "{text:?}: {found}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_one_line(text in "([a-z-]{1,8} ?= ?[\"'0-9a-z\\[\\].:/]{0,12}\n|\\[{1,2}[a-z.]{1,8}\\]{1,2}\n){0,6}") {
            if let Err((_, what)) = parse(&text) {
                prop_assert!(!what.is_empty() && !what.contains('\n'));
            }
        }
    }
}
