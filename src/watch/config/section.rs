//! Sections of the file that have names of their own, `[hostgroup.NAME]`, in the file's order; and where names and values
//! stand, for what is said about them.

use super::value::Name;
use oco::config::{Fault, Place, source::one_line};
use oco_fleet::object::check_part;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Sections by their names.
#[derive(Debug)]
pub(super) struct Sections<T>(pub Vec<Section<T>>);

/// A section.
#[derive(Debug)]
pub(super) struct Section<T> {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Range<usize>,
    /// What it holds.
    pub keys: T,
}

impl<T> Default for Sections<T> {
    fn default() -> Sections<T> {
        Sections(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sections<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sections<T>, D::Error> {
        struct Named<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
            type Value = Sections<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tables with names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sections<T>, A::Error> {
                let mut sections = Vec::new();
                while let Some((name, keys)) = map.next_entry::<Spanned<Name>, T>()? {
                    let span = name.span();
                    sections.push(Section { name: name.into_inner().0, span, keys });
                }
                // The parser keeps tables by their names.
                sections.sort_by_key(|section| section.span.start);
                Ok(Sections(sections))
            }
        }
        deserializer.deserialize_map(Named(PhantomData))
    }
}

/// Sections without names, `[[alert]]`.
#[derive(Debug)]
pub(super) struct Repeated<T>(pub Vec<T>);

impl<T> Default for Repeated<T> {
    fn default() -> Repeated<T> {
        Repeated(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Repeated<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Repeated<T>, D::Error> {
        struct Each<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Repeated<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("sections in double brackets, as [[alert]]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Repeated<T>, A::Error> {
                let mut sections = Vec::new();
                while let Some(section) = items.next_element()? {
                    sections.push(section);
                }
                Ok(Repeated(sections))
            }
        }
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

/// What is wrong, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Culprit {
    /// The octets that are meant.
    pub span: Range<usize>,
    /// What, why and what was expected.
    pub what: String,
}

/// What is wrong with `value`.
pub(super) fn wrong<T>(value: &Spanned<T>, what: impl Into<String>) -> Culprit {
    Culprit { span: value.span(), what: what.into() }
}

impl<T> Section<T> {
    /// What is wrong with the section as a whole.
    pub(super) fn wrong(&self, what: impl Into<String>) -> Culprit {
        Culprit { span: self.span.clone(), what: what.into() }
    }
}

impl Culprit {
    /// The fault of `text` that this is. Its line begins with the keys that lead there.
    pub(super) fn fault(self, text: &str) -> Fault {
        let place = Some(Place::of(text, self.span.clone()));
        let Ok(file) = DeTable::parse(text) else { return Fault { place, what: one_line(&self.what) } };
        if let Some(advice) = unquoted_name(file.get_ref(), &self.span) {
            return Fault { place, what: one_line(&advice) };
        }
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
fn shown(key: &str) -> String {
    let is_bare = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}

/// A key of each kind of section by which one is known.
const GROUP_KEYS: [&str; 3] = ["hosts", "service", "accept-reports"];
const SERVICE_KEYS: [&str; 1] = ["probe"];
const NODE_KEYS: [&str; 1] = ["members"];
const LEVEL_KEYS: [&str; 2] = ["of", "target"];

/// What to write where the key at `span` is the part of a name behind a dot: `[hostgroup.web.service.a.b]` is the key `b`
/// of the service `a`.
fn unquoted_name(file: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let sections = |name: &str| file.get(name).and_then(|value| value.get_ref().as_table());
    for (kind, keys) in [("hostgroup", &GROUP_KEYS[..]), ("node", &NODE_KEYS), ("slo", &LEVEL_KEYS)] {
        let Some(named) = sections(kind) else { continue };
        if let Some(advice) = advice(kind, named, keys, span) {
            return Some(advice);
        }
    }
    tables(sections("hostgroup")?).find_map(|(group, keys)| {
        let services = keys.get("service")?.get_ref().as_table()?;
        advice(&format!("hostgroup.{}.service", shown(group.get_ref())), services, &SERVICE_KEYS, span)
    })
}

/// What to write in place of a section of `named` if the key at `span` is the part of its name behind a dot.
fn advice(kind: &str, named: &DeTable<'_>, keys: &[&str], span: &Range<usize>) -> Option<String> {
    let parts = tables(named).flat_map(|(first, section)| {
        tables(section).map(move |(second, inner)| (first.get_ref(), second, inner))
    });
    let (first, second, mut inner) = parts.into_iter().find(|(_, second, _)| second.span() == *span)?;
    let mut name = format!("{first}.{}", second.get_ref());
    // Each further dot is a table in a table; the last one holds what a section of this kind has.
    while !keys.iter().any(|key| inner.contains_key(*key)) {
        let (part, value) = tables(inner).next()?;
        name = format!("{name}.{}", part.get_ref());
        inner = value;
    }
    check_part(&name)
        .is_ok()
        .then(|| format!("{kind}.{name}: a name with a dot needs quotes: [{kind}.\"{name}\"]"))
}

/// The tables in `table`, by their keys.
fn tables<'a, 'i>(
    table: &'a DeTable<'i>,
) -> impl Iterator<Item = (&'a Spanned<DeString<'i>>, &'a DeTable<'i>)> {
    table.iter().filter_map(|(key, value)| value.get_ref().as_table().map(|table| (key, table)))
}
