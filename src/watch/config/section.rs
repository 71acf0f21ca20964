//! Sections of the file that have names of their own, `[hostgroup.NAME]`, in the file's order; and where names and values
//! stand, for what is said about them.

use oco::config::culprit::shown;
use oco::config::{Fault, Place, source::one_line};
use oco_fleet::object::check_part;
use oco_fleet::value::Name;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable};

pub(super) use oco::config::culprit::{Culprit, wrong};

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

impl<T> Section<T> {
    /// What is wrong with the section as a whole.
    pub(super) fn wrong(&self, what: impl Into<String>) -> Culprit {
        Culprit { span: self.span.clone(), what: what.into() }
    }
}

/// The fault of `text` that a culprit is.
pub(super) fn fault(culprit: Culprit, text: &str) -> Fault {
    let advice = DeTable::parse(text).ok().and_then(|file| unquoted_name(file.get_ref(), &culprit.span));
    match advice {
        Some(advice) => Fault { place: Some(Place::of(text, culprit.span)), what: one_line(&advice) },
        None => culprit.fault(text),
    }
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
