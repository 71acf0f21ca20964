//! Where a settings file has to have tables. What reads them would take a list for one as well, its values by the order of
//! the keys, which nobody means.

use super::culprit::{Culprit, wrong};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// Reads a file that has tables at `tables`.
///
/// # Errors
/// The first fault of its form.
pub fn read<T: DeserializeOwned>(text: &str, tables: &[&str]) -> Result<T, Culprit> {
    let file = DeTable::parse(text).map_err(|error| Culprit::of_toml(&error))?;
    match not_a_table(file.get_ref(), tables) {
        Some(culprit) => Err(culprit),
        None => T::deserialize(Deserializer::from(file)).map_err(|error| Culprit::of_toml(&error)),
    }
}

/// The first list that stands at one of `places` where a table has to. A place is keys and dots: `*` is each key of a
/// table, and `NAME[]` each item of the list NAME.
pub fn not_a_table(file: &DeTable<'_>, places: &[&str]) -> Option<Culprit> {
    places.iter().find_map(|place| {
        let steps: Vec<&str> = place.split('.').collect();
        look(file, &steps)
    })
}

fn look(table: &DeTable<'_>, steps: &[&str]) -> Option<Culprit> {
    let (step, rest) = steps.split_first()?;
    if *step == "*" {
        return table.values().find_map(|value| look_at(value, rest));
    }
    match step.strip_suffix("[]") {
        None => look_at(table.get(*step)?, rest),
        Some(key) => table.get(key)?.get_ref().as_array()?.iter().find_map(|value| look_at(value, rest)),
    }
}

fn look_at(value: &Spanned<DeValue<'_>>, rest: &[&str]) -> Option<Culprit> {
    match value.get_ref() {
        DeValue::Table(table) => look(table, rest),
        DeValue::Array(_) => Some(wrong(value, "a list; expected a table")),
        // What is neither is told of by what reads it.
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_place_of_a_table_is_found() {
        let places = ["keep", "group.*", "group.*.service.*", "alert[]", "alert[].steps[]"];
        for (text, at) in [
            ("keep = [\"30d\"]", Some("[\"30d\"]")),
            ("[[keep]]\na = 1\n", Some("[[keep]]")),
            ("group = { a = [1] }", Some("[1]")),
            ("[group.a.service]\nb = [2]\n", Some("[2]")),
            ("alert = [[3]]", Some("[3]")),
            ("[[alert]]\nsteps = [{}, [4]]\n", Some("[4]")),
            ("keep = {}\n[group.a.service.b]\n[[alert]]\nsteps = [{ x = [5] }]\n", None),
            ("keep = 1\ngroup = \"a\"\nalert = true\n", None),
        ] {
            let file = DeTable::parse(text).unwrap();
            let found = not_a_table(file.get_ref(), &places);
            assert_eq!(found.as_ref().map(|culprit| &text[culprit.span.clone()]), at, "{text}");
        }
    }
}
