//! What is wrong with a value of a settings file, and the keys that lead to it. It knows no key of any file.

use super::source::{Fault, Place, one_line};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// The octets that are meant.
    pub span: Range<usize>,
    /// What, why and what was expected.
    pub what: String,
}

/// What is wrong with `value`.
pub fn wrong<T>(value: &Spanned<T>, what: impl Into<String>) -> Culprit {
    Culprit { span: value.span(), what: what.into() }
}

impl Culprit {
    /// What the parser of the format does not take.
    pub fn of_toml(error: &toml::de::Error) -> Culprit {
        Culprit { span: error.span().unwrap_or_default(), what: plain(error.message()) }
    }

    /// The fault of `text` that this is. Its line begins with the keys that lead there.
    pub fn fault(self, text: &str) -> Fault {
        let place = Some(Place::of(text, self.span.clone()));
        let Ok(file) = DeTable::parse(text) else {
            let what = match self.what.as_str() {
                "duplicate key" => given_twice(text, &self.span),
                what => what.to_owned(),
            };
            return Fault { place, what: one_line(&what) };
        };
        let mut found = Found { keys: Vec::new(), octets: usize::MAX };
        look_for(&self.span, file.get_ref(), &mut Vec::new(), &mut found);
        let keys = found.keys.join(".");
        let what = if keys.is_empty() { self.what } else { format!("{keys}: {}", self.what) };
        Fault { place, what: one_line(&what) }
    }
}

/// What the parser says, without words of Rust.
fn plain(message: &str) -> String {
    let mut message = message.replace("wanted string or table", "expected a text in quotes");
    for number in ["i64", "u64", "i32", "u32", "u16", "u8"] {
        if let Some(before) = message.strip_suffix(&format!("expected {number}")) {
            message = format!("{before}expected a whole number");
        }
    }
    message
}

/// That the key at `span` is there already, and which it is: with the section in which it stands, as far as that can be
/// told of a text that is no file of this format.
fn given_twice(text: &str, span: &Range<usize>) -> String {
    let key = text.get(span.clone()).unwrap_or_default();
    let begin = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let header = |line: &str| {
        let inner = line.trim().strip_prefix('[')?.trim_start_matches('[');
        inner.split_once(']').map(|(name, _)| name.trim().to_owned())
    };
    let here = text.get(begin..span.start).unwrap_or_default();
    let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let keys = match header(line) {
        // The section itself is there twice.
        Some(name) => name,
        // Of a table within a line the way there can't be told.
        None if !here.trim().is_empty() => key.to_owned(),
        None => match text.get(..begin).unwrap_or_default().lines().rev().find_map(header) {
            Some(section) => format!("{section}.{key}"),
            None => key.to_owned(),
        },
    };
    format!("{keys}: duplicate key")
}

/// The keys that lead to the smallest value around a place.
struct Found {
    keys: Vec<String>,
    octets: usize,
}

/// Looks for `span`: the keys of its value, or of the table in which it is a key.
fn look_for(span: &Range<usize>, table: &DeTable<'_>, keys: &mut Vec<String>, found: &mut Found) {
    for (key, value) in table {
        if key.span() == *span {
            *found = Found { keys: keys.clone(), octets: 0 };
            return;
        }
        keys.push(shown(key.get_ref()));
        let around = value.span();
        if around.start <= span.start && span.end <= around.end && around.len() < found.octets {
            *found = Found { keys: keys.clone(), octets: around.len() };
        }
        look_within(span, value.get_ref(), keys, found);
        keys.pop();
    }
}

fn look_within(span: &Range<usize>, value: &DeValue<'_>, keys: &mut Vec<String>, found: &mut Found) {
    if let Some(table) = value.as_table() {
        look_for(span, table, keys, found);
    }
    for value in value.as_array().into_iter().flatten() {
        // A section in double brackets is not within the place of the first one.
        let around = value.span();
        if around.start <= span.start && span.end <= around.end && around.len() < found.octets {
            *found = Found { keys: keys.clone(), octets: around.len() };
        }
        look_within(span, value.get_ref(), keys, found);
    }
}

/// A key as the file has to have it.
pub fn shown(key: &str) -> String {
    let is_bare = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let fault = Culprit::of_toml(&DeTable::parse(text).unwrap_err()).fault(text);
        format!("{}: {}", fault.place.unwrap().line, fault.what)
    }

    #[test]
    fn a_key_that_is_given_twice_is_named() {
        assert_eq!(said("user = \"a\"\nuser = \"b\"\n"), "2: user: duplicate key");
        assert_eq!(said("[push]\na = 1\n\na = 2\n"), "4: push.a: duplicate key");
        assert_eq!(said("[[listen]]\na = 1\na = 2\n"), "3: listen.a: duplicate key");
        assert_eq!(said("[a.b]\nx = 1\n[a.b]\n"), "3: a.b: duplicate key");
        assert_eq!(said("[a]\nx = { y = 1, y = 2 }\n"), "2: y: duplicate key");
    }

    #[test]
    fn what_is_wrong_with_a_second_section_in_double_brackets_begins_with_its_key() {
        let text = "[[alert]]\na = 1\n\n[[alert]]\nb = 2\n";
        let file = DeTable::parse(text).unwrap();
        let second = &file.get_ref().get("alert").unwrap().get_ref().as_array().unwrap()[1];
        let fault = wrong(second, "no command").fault(text);
        assert_eq!((fault.place.unwrap().line, fault.what.as_str()), (4, "alert: no command"));
    }

    #[test]
    fn words_of_rust_are_plain_ones() {
        assert_eq!(
            plain("invalid type: string \"x\", expected i64"),
            "invalid type: string \"x\", expected a whole number"
        );
        assert_eq!(plain("wanted string or table"), "expected a text in quotes");
    }
}
