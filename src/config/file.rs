//! The format of the file: its keys, and what each may hold.

use super::address::parse_address;
use super::culprit::Culprit;
use super::shape::not_a_table;
use super::source::{Fault, Place, one_line};
use super::{Listen, Settings, check_listeners};
use crate::limits::{HIGHEST_WEIGHT, MOST_CONNECTIONS};
use crate::logic::board::{CheckRules, Rules};
use crate::logic::face::Face;
use crate::logic::name::{Pattern, check_name};
use crate::logic::network::Network;
use crate::logic::time::parse_max_age;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

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
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [[listen]]")]
struct ListenSection {
    name: Option<String>,
    #[serde(deserialize_with = "address")]
    address: SocketAddr,
    #[serde(default, deserialize_with = "patterns")]
    checks: Vec<Pattern>,
    #[serde(default, deserialize_with = "networks")]
    allow: Option<Vec<Network>>,
    speak: Option<Face>,
    #[serde(default)]
    refuse_when_ko: bool,
    but_weight: Option<Spanned<Weight>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [checks.NAME]")]
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
    deserializer.deserialize_str(Text(parse, PhantomData))
}

/// Reads a text while it is visited: an error is then that of its own place, not of the list in which it stands.
struct Text<P, T>(P, PhantomData<T>);

impl<P: FnOnce(&str) -> Result<T, String>, T> Visitor<'_> for Text<P, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
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
        Ok(number @ 1..=MOST_CONNECTIONS) => Ok(Some(number)),
        _ => Err(D::Error::custom(format!("max-connections {number}: expected 1 to {MOST_CONNECTIONS}"))),
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    text(deserializer, |address| parse_address(address).map_err(|error| format!("address {error}")))
}

/// An item of a list.
struct Checks(Pattern);

impl<'de> Deserialize<'de> for Checks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Checks, D::Error> {
        text(deserializer, |text| {
            let pattern = Pattern::new(text);
            pattern.map(Checks).map_err(|error| format!("checks {text:?}: no check can match: {error}"))
        })
    }
}

/// The same of networks.
struct Allowed(Network);

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Allowed, D::Error> {
        text(deserializer, |text| {
            let network = Network::parse(text);
            network
                .map(Allowed)
                .map_err(|why| format!("allow {text:?}: {why}; expected a network as 192.0.2.0/24"))
        })
    }
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    let list = Vec::<Checks>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("checks is empty; expected names or patterns as \"php*\""));
    }
    Ok(list.into_iter().map(|item| item.0).collect())
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Network>>, D::Error> {
    let list = Vec::<Allowed>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom(
            "allow is empty, so nobody could ask; expected networks as \"192.0.2.0/24\"",
        ));
    }
    Ok(Some(list.into_iter().map(|item| item.0).collect()))
}

/// A weight in per cent.
struct Weight(u8);

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Weight, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u8::try_from(number) {
            Ok(weight @ 1..=HIGHEST_WEIGHT) => Ok(Weight(weight)),
            _ => Err(D::Error::custom(format!("but-weight {number}: expected 1 to {HIGHEST_WEIGHT}"))),
        }
    }
}

/// Reads the text of a file.
///
/// # Errors
/// The first fault, with its line.
pub fn parse(text: &str) -> Result<Settings, Fault> {
    let fault =
        |span: Range<usize>, what: &str| Fault { place: Some(Place::of(text, span)), what: one_line(what) };
    let table = DeTable::parse(text).map_err(|error| Culprit::of_toml(&error).fault(text))?;
    if let Some(culprit) = not_a_table(table.get_ref(), &["listen[]", "checks.*"]) {
        return Err(culprit.fault(text));
    }
    let file =
        File::deserialize(toml::de::Deserializer::from(table)).map_err(|error| match error.span() {
            Some(span) => match unquoted_name(text, &span) {
                Some(name) => fault(
                    span,
                    &format!("checks.{name}: a name with a dot needs quotes: [checks.\"{name}\"]"),
                ),
                None => fault(span, &Culprit::of_toml(&error).what),
            },
            None => Fault { place: None, what: one_line(error.message()) },
        })?;
    let places: Vec<Range<usize>> = file.listen.iter().map(Spanned::span).collect();
    let listeners = file.listen.into_iter().map(|section| listener(section.into_inner()));
    let listeners =
        listeners.collect::<Result<Vec<Listen>, _>>().map_err(|(span, what)| fault(span, &what))?;
    check_listeners(&listeners)
        .map_err(|(index, what)| fault(places.get(index).cloned().unwrap_or_default(), &what))?;
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

/// The name of the check whose part behind a dot stands at `place`, where it was taken for a key of another check:
/// `[checks.php8.2]` is the key `2` of `php8`.
fn unquoted_name(text: &str, place: &Range<usize>) -> Option<String> {
    let file = DeTable::parse(text).ok()?;
    let checks = file.get_ref().get("checks")?.get_ref().as_table()?;
    let parts = checks.iter().flat_map(|(first, section)| {
        tables(section.get_ref()).map(move |(second, inner)| (first.get_ref(), second, inner))
    });
    let (first, second, mut inner) = parts.into_iter().find(|(_, second, _)| second.span() == *place)?;
    let mut name = format!("{first}.{}", second.get_ref());
    // Each further dot is a table in a table.
    while let Some((part, value)) = tables(inner).next() {
        name = format!("{name}.{}", part.get_ref());
        inner = value;
    }
    check_name(name.as_bytes()).is_ok().then_some(name)
}

/// The tables in `value`, by their keys.
fn tables<'a, 'i>(
    value: &'a DeValue<'i>,
) -> impl Iterator<Item = (&'a Spanned<DeString<'i>>, &'a DeValue<'i>)> {
    let entries = value.as_table().into_iter().flatten();
    entries.map(|(key, value)| (key, value.get_ref())).filter(|(_, value)| value.is_table())
}

/// Whether the listener speaks as HAProxy's agent: because it says so, or by its name if a socket is passed to it.
fn speaks_as_agent(section: &ListenSection) -> bool {
    let by_name = || section.name.as_deref().and_then(Face::from_word);
    section.speak.or_else(by_name) == Some(Face::Agent)
}

/// A section's listener, or where something of it is wrong, and what.
fn listener(section: ListenSection) -> Result<Listen, (Range<usize>, String)> {
    let defaults = Listen::new(section.address);
    if let Some(weight) = &section.but_weight
        && !speaks_as_agent(&section)
    {
        let what = "but-weight: it counts only with speak = \"agent\", and this listener speaks otherwise";
        return Err((weight.span(), what.to_owned()));
    }
    let but_weight = section.but_weight.map_or(defaults.but_weight, |weight| weight.into_inner().0);
    Ok(Listen {
        name: section.name,
        address: section.address,
        checks: section.checks,
        allow: section.allow,
        speak: section.speak,
        refuse_when_ko: section.refuse_when_ko,
        but_weight,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CONFIG_ERROR_CHARACTERS;
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
            speak = "agent"
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
            ("[[listen]]\naddress = \"[::]:79\"\nchecks = [\n\"a\",\n\"b b\",\n]", 5, "checks \"b b\""),
            ("[[listen]]\naddress = \"[::]:79\"\nallow = [\n\"::1\",\n\"x\",\n]", 5, "allow \"x\""),
            ("dir = \"/a\"\ndir = \"/b\"", 2, "dir: duplicate key"),
            ("max-connections = \"x\"", 1, "expected a whole number"),
            ("listen = [[\"a\", \"[::]:79\"]]", 1, "expected a table"),
            ("[checks]\ndisk = [\"5m\", true]", 2, "expected a table"),
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
            ("dir = \"/x\n", 1, "expected `\"`"),
            ("user =\nempty = \"ok\"\n", 1, "must be quoted"),
            (
                "[[listen]]\naddress = \"[::]:79\"\nallow = [\"192.0.2.1\"\n  \"192.0.2.2\"]\n",
                3,
                "missing comma",
            ),
            ("dir = '''\n/x\n", 2, "expected `'`"),
            ("user = \"\u{1b}[31m\"", 1, "expected"),
            ("[[listen]]\naddress = \"::1:79\"", 2, "as [::1]:79"),
            ("[[listen]]\naddress = \"[::]:79\"\nbut-weight = 5", 3, "only with speak = \"agent\""),
            (
                "[[listen]]\naddress = \"[::]:79\"\nspeak = \"http\"\nname = \"agent\"\nbut-weight = 5",
                5,
                "only with",
            ),
            (
                "[[listen]]\naddress = \"[::]:79\"\nspeak = \"agent\"\nbut-weight = 101",
                4,
                "expected 1 to 100",
            ),
            (
                "[[listen]]\naddress = \"[::]:79\"\nname = \"a\"\n[[listen]]\naddress = \"[::]:80\"\nname = \"a\"",
                4,
                "name \"a\": given twice",
            ),
            ("[checks]\nhttp = 5", 2, "expected a table, as [checks.NAME]"),
            ("listen = [5]", 1, "expected a table, as [[listen]]"),
        ];
        for (text, line, what) in cases {
            let Fault { place, what: found } = parse(text).unwrap_err();
            assert!(found.contains(what) && !found.contains('\n'), "{text:?}: {found}");
            assert_eq!(place.map(|place| place.line), Some(line), "{text:?}: {found}");
        }
    }

    #[test]
    fn a_name_that_needs_quotes_is_told_so() {
        for (text, line, name) in [
            ("[checks.php8.2]\nmax-age = \"5m\"", 1, "php8.2"),
            ("[checks.php8]\n[checks.php8.2]\nrequired = true", 2, "php8.2"),
            ("[checks.a.b.c]\nrequired = true", 1, "a.b.c"),
            ("checks.php8.2.max-age = \"5m\"", 1, "php8.2"),
            ("[checks]\nphp8.2 = { required = true }", 2, "php8.2"),
        ] {
            let Fault { place, what } = parse(text).unwrap_err();
            let expected = format!("checks.{name}: a name with a dot needs quotes: [checks.\"{name}\"]");
            assert_eq!((place.map(|place| place.line), what), (Some(line), expected), "{text}");
            let advice = format!("[checks.\"{name}\"]\nrequired = true");
            assert!(parse(&advice).unwrap().rules.checks.contains_key(name));
        }
        for text in ["[checks.a]\nb = 5", "[checks.a.\"b c\"]\nrequired = true", "[checks.a.tmp]"] {
            assert!(parse(text).unwrap_err().what.starts_with("unknown field"), "{text}");
        }
    }

    #[test]
    fn the_weight_of_a_socket_that_is_called_agent_counts() {
        let settings = parse("[[listen]]\naddress = \"[::]:79\"\nname = \"agent\"\nbut-weight = 5").unwrap();
        assert_eq!(settings.listeners[0].but_weight, 5);
    }

    #[test]
    fn what_is_said_of_a_long_value_is_short() {
        let text = format!("max-connections = \"{}\"", "x".repeat(10_000));
        let what = parse(&text).unwrap_err().what;
        assert!(what.chars().count() <= CONFIG_ERROR_CHARACTERS + 3 && what.ends_with("..."), "{what}");
    }

    proptest! {
        #[test]
        fn any_text_is_settings_or_one_line(text in "([a-z-]{1,8} ?= ?[\"'0-9a-z\\[\\].:/]{0,12}\n|\\[{1,2}[a-z.]{1,8}\\]{1,2}\n){0,6}") {
            if let Err(Fault { place, what }) = parse(&text) {
                prop_assert!(!what.is_empty() && !what.chars().any(char::is_control));
                prop_assert!(place.is_some_and(|place| place.line <= text.lines().count().max(1)));
            }
        }
    }
}
