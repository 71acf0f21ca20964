//! A watch.toml in the making: sections with their keys, and comments beside them.

use crate::logic::text::printable;
use std::time::Duration;

/// A line of the other file that is not taken, and why.
#[derive(Debug, Clone)]
pub(super) struct Note {
    /// Its number, counted from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// Why it is not taken, or what is to be known of it.
    pub why: String,
}

impl Note {
    pub(super) fn new(line: usize, text: &str, why: impl Into<String>) -> Note {
        Note { line, text: text.to_owned(), why: why.into() }
    }
}

/// The text.
#[derive(Debug, Default)]
pub(super) struct Document(String);

impl Document {
    /// Begins a section, `[name]` or `[[name]]`, behind an empty line and the comments on it.
    pub(super) fn section(&mut self, notes: &[Note], header: &str) {
        self.gap();
        self.notes(notes);
        self.0.push_str(header);
        self.0.push('\n');
    }

    /// Comments that stand for themselves.
    pub(super) fn block(&mut self, notes: &[Note]) {
        if !notes.is_empty() {
            self.gap();
            self.notes(notes);
        }
    }

    /// A comment of words.
    pub(super) fn comment(&mut self, words: &str) {
        self.0.push_str(&format!("# {}\n", printable(words.as_bytes())));
    }

    /// A line each in the other file's order, as `# line 12: randstart = 60s: starts are spread by themselves`.
    fn notes(&mut self, notes: &[Note]) {
        let mut notes: Vec<&Note> = notes.iter().collect();
        notes.sort_by_key(|note| note.line);
        for Note { line, text, why } in notes {
            let text: Vec<&str> = text.split_whitespace().collect();
            self.comment(&format!("line {line}: {}: {why}", text.join(" ")));
        }
    }

    /// A key with a value that is written already.
    pub(super) fn key(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{key} = {value}\n"));
    }

    /// A key with a text.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.key(key, &quoted(text));
    }

    /// A key with a duration.
    pub(super) fn length(&mut self, key: &str, length: Duration) {
        self.text(key, &written(length));
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }
}

/// A text as TOML has it between quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts.
pub(super) fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(String::as_str).map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// A command: its words mean what they say, so that braces around a word become two.
pub(super) fn command(words: &[String]) -> String {
    list(&words.iter().map(|word| without_names(word)).collect::<Vec<_>>())
}

/// `{word}` as ocowatch reads it for itself.
fn without_names(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        let (before, behind) = rest.split_at(open);
        escaped.push_str(before);
        let inside = behind.get(1..).unwrap_or_default();
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        match end.filter(|end| *end > 0).and_then(|end| inside.split_at_checked(end)) {
            Some((name, tail)) if tail.starts_with('}') => {
                escaped.push_str(&format!("{{{{{name}}}}}"));
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => {
                escaped.push('{');
                rest = inside;
            }
        }
    }
    escaped.push_str(rest);
    escaped
}

/// A duration in the largest unit that it is whole in.
pub(super) fn written(length: Duration) -> String {
    let millis = length.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    match units.into_iter().find(|(_, unit)| millis > 0 && millis.is_multiple_of(*unit)) {
        Some((unit, size)) => format!("{}{unit}", millis / size),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_durations_whole() {
        assert_eq!(quoted("a\"b\\c\n\u{7f}\u{e4}"), "\"a\\\"b\\\\c\\n\\u007F\u{e4}\"");
        for (millis, text) in [(5_400_000, "90m"), (86_400_000, "1d"), (1500, "1500ms"), (2000, "2s")] {
            assert_eq!(written(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn braces_stand_for_themselves() {
        for (word, escaped) in [
            ("{host}", "{{host}}"),
            ("${A}/{b-c}", "${{A}}/{{b-c}}"),
            ("{{x}}", "{{{x}}}"),
            ("{ x }{", "{ x }{"),
            ("{x", "{x"),
            ("{}", "{}"),
        ] {
            assert_eq!(without_names(word), escaped, "{word}");
        }
    }
}
