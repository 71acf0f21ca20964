//! Single values that more than one settings file of the fleet takes, so that they are taken, and refused, alike.

use crate::object::{Pattern, check_part};
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error as _};
use std::path::PathBuf;

/// Declares values that are made of a text by a function, whose words say what was expected.
#[macro_export]
macro_rules! text_values {
    ($($(#[$meta:meta])* $vis:vis $name:ident($inner:ty) = $parse:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        $vis struct $name(pub $inner);

        impl<'de> ::serde::de::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::de::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <String as ::serde::de::Deserialize>::deserialize(deserializer)?;
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(&text).map($name).map_err(<D::Error as ::serde::de::Error>::custom)
            }
        }
    )*};
}

text_values! {
    /// The name of something that the file makes: a group, a service, a node, a level, a page, a report.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    pub Name(String) = name;
    /// A pattern of names.
    pub Names(Pattern) = |text| Pattern::parse(text);
    /// A path that begins with `/`.
    pub FilePath(PathBuf) = path;
    /// Something that has a name elsewhere: a user, a group.
    pub Word(String) = word;
    /// The name of a time zone that this host knows.
    pub Zone(String) = zone;
}

fn name(text: &str) -> Result<String, String> {
    check_part(text).map(|()| text.to_owned()).map_err(|why| format!("{text:?}: {why}"))
}

/// Reads a path that begins with `/`.
///
/// # Errors
/// It does not.
pub fn path(text: &str) -> Result<PathBuf, String> {
    match text.starts_with('/') && !text.contains('\0') {
        true => Ok(PathBuf::from(text)),
        false => Err(format!("{text:?}: expected a path that begins with /")),
    }
}

/// Reads a name of elsewhere.
///
/// # Errors
/// It is none.
pub fn word(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?}: expected a name, without blanks")),
    }
}

fn zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err(format!("{text:?}: this host knows no such time zone; expected a name as Europe/Paris"))
        }
    }
}

/// A number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<const LEAST: u32, const MOST: u32>(pub u32);

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Number<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u32::try_from(number) {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Number(number)),
            _ => Err(D::Error::custom(format!("{number}: expected a number from {LEAST} to {MOST}"))),
        }
    }
}

/// A TCP or UDP port that can be reached.
pub type Port = Number<1, 65_535>;

impl Port {
    /// As sockets have it.
    pub fn number(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }
}
