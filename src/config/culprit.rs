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
        Culprit { span: error.span().unwrap_or_default(), what: error.message().to_owned() }
    }

    /// The fault of `text` that this is. Its line begins with the keys that lead there.
    pub fn fault(self, text: &str) -> Fault {
        let place = Some(Place::of(text, self.span.clone()));
        let Ok(file) = DeTable::parse(text) else { return Fault { place, what: one_line(&self.what) } };
        let mut found = Found { keys: Vec::new(), octets: usize::MAX };
        look_for(&self.span, file.get_ref(), &mut Vec::new(), &mut found);
        let keys = found.keys.join(".");
        let what = if keys.is_empty() { self.what } else { format!("{keys}: {}", self.what) };
        Fault { place, what: one_line(&what) }
    }
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
        look_within(span, value.get_ref(), keys, found);
    }
}

/// A key as the file has to have it.
pub fn shown(key: &str) -> String {
    let is_bare = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}
