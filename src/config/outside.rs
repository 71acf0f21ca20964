//! What a settings file names and has to be there outside of it, as a user: what is not there is told with the line that
//! names it. The file was read before, and is good. It knows no key of any file.

use super::ConfigError;
use super::culprit::Culprit;
use super::source::{self, Fault, one_line};
use crate::system::user::UserError;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// What is wrong with the value that `find` finds in the file at `path`, which has at most `most` octets. Where it finds
/// none, as the file has changed since, no line is told.
pub fn wrong(
    (path, most): (&Path, u64),
    find: impl FnOnce(&DeTable<'_>) -> Option<Range<usize>>,
    what: String,
) -> ConfigError {
    let text = source::read(path, most).unwrap_or_default();
    let span = DeTable::parse(&text).ok().and_then(|file| find(file.get_ref()));
    let fault = match span {
        Some(span) => Culprit { span, what }.fault(&text),
        None => Fault { place: None, what: one_line(&what) },
    };
    ConfigError::misunderstood(path, fault)
}

/// What is wrong with the value of the file's own `key`.
pub fn wrong_key(file: (&Path, u64), key: &str, what: String) -> ConfigError {
    wrong(file, |table| table.get(key).map(|value| value.span()), what)
}

/// What is wrong with the first `key`, in whatever table, that says `text`.
pub fn wrong_text(file: (&Path, u64), key: &str, text: &str, what: String) -> ConfigError {
    wrong(file, |table| find_text(table, key, text), what)
}

/// The file's `user` can't be had.
pub fn wrong_user(file: (&Path, u64), error: &UserError) -> ConfigError {
    let what = error.to_string();
    // The key says already of whom it is.
    wrong_key(file, "user", what.strip_prefix("user ").unwrap_or(&what).to_owned())
}

fn find_text(table: &DeTable<'_>, key: &str, text: &str) -> Option<Range<usize>> {
    table.iter().find_map(|(name, value)| match value.get_ref() {
        DeValue::String(said) if name.get_ref() == key && said == text => Some(value.span()),
        inner => find_text_within(inner, key, text),
    })
}

fn find_text_within(value: &DeValue<'_>, key: &str, text: &str) -> Option<Range<usize>> {
    match value {
        DeValue::Table(table) => find_text(table, key, text),
        DeValue::Array(values) => {
            values.iter().find_map(|value| find_text_within(value.get_ref(), key, text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 1000;

    #[test]
    fn what_is_not_there_is_told_with_the_line_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        std::fs::write(
            &path,
            "title = \"/ca\"\nuser = \"ghost\"\n[[group]]\nca = \"/other\"\n[group.probe]\nca = \"/ca\"\n",
        )
        .unwrap();
        let told = |error: ConfigError| {
            let said = error.to_string();
            said.strip_prefix(&path.display().to_string()).map(str::to_owned).unwrap_or(said)
        };
        let file = (path.as_path(), MOST);
        let unknown = UserError::Unknown("ghost".to_owned());
        assert_eq!(told(wrong_user(file, &unknown)), ":2: user: ghost: no such user");
        assert_eq!(wrong_user(file, &unknown).excerpt(), Some("    user = \"ghost\"\n           ^^^^^^^"));
        assert_eq!(told(wrong_text(file, "ca", "/ca", "gone".to_owned())), ":6: group.probe.ca: gone");
        // What the file has not, or no more, has no line.
        assert_eq!(told(wrong_key(file, "group-of", "gone".to_owned())), ": gone");
        assert_eq!(told(wrong_key((&path, 3), "user", "gone".to_owned())), ": gone");
    }
}
