//! A settings file's text, and the place in it where something is wrong. It knows no key of any file.

use crate::limits::{CONFIG_ERROR_CHARACTERS, EXCERPT_COLUMNS};
use crate::logic::text::{columns, printable};
use crate::system::small_file::read_at_most;
use crate::system::words::words;
use std::io;
use std::ops::Range;
use std::path::Path;

/// What is wrong with a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as far as that is known.
    pub place: Option<Place>,
    /// What, which, why and what was expected, in one printable line.
    pub what: String,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, counted from 1.
    pub line: usize,
    /// That line, without its end.
    source: String,
    /// The octets of it that are meant.
    span: Range<usize>,
}

impl Place {
    /// The place of the octets `span` of `text`. Where they are none, something is missing there: the place is right
    /// behind what is there, on the same line; but a line that lacks its key is that of the place.
    pub fn of(text: &str, span: Range<usize>) -> Place {
        let before = text.get(..span.start).unwrap_or(text);
        let behind = text.get(before.len()..).unwrap_or_default();
        let begins_line = before.trim_end_matches([' ', '\t']).ends_with('\n') && behind.starts_with('=');
        let start = if span.is_empty() && !begins_line { before.trim_end().len() } else { before.len() };
        let before = text.get(..start).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.matches('\n').count() + 1;
        let source = text.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
        let end = span.end.max(start).saturating_sub(begin).min(source.len());
        let start = start.saturating_sub(begin).min(end);
        Place { line, source: source.to_owned(), span: start..end }
    }

    /// The line, and below it a mark at what is meant: for a terminal. A part of a line that is too long.
    pub fn excerpt(&self) -> String {
        let part = |range: Range<usize>| shown(self.source.get(range).unwrap_or_default());
        let (before, meant) = (part(0..self.span.start), part(self.span.clone()));
        let behind = part(self.span.end..self.source.len());
        // Half of the room is for what stands before: that tells what the rest is about.
        let before = last_columns(&before, EXCERPT_COLUMNS / 2);
        let line = first_columns(&format!("{before}{meant}{behind}"), EXCERPT_COLUMNS);
        let indent = " ".repeat(width(&before));
        let room = EXCERPT_COLUMNS.saturating_sub(width(&before));
        let mark = "^".repeat(width(&meant).clamp(1, room.max(1)));
        format!("    {}\n    {indent}{mark}", line.trim_end())
    }
}

/// What a terminal may see: a tab is one blank there, and an end of a line none.
fn shown(source: &str) -> String {
    printable(source.replace('\t', " ").trim_end_matches(['\r', '\n']).as_bytes())
}

fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// As much of `text` from its beginning as has room in `room` columns.
fn first_columns(text: &str, room: usize) -> String {
    let mut used = 0;
    let has_room = |c: &char| {
        used += columns(*c);
        used <= room
    };
    text.chars().take_while(has_room).collect()
}

/// The same from its end.
fn last_columns(text: &str, room: usize) -> String {
    let reversed: String = text.chars().rev().collect();
    first_columns(&reversed, room).chars().rev().collect()
}

/// `what` in one line that a terminal may see, and of a length that somebody reads.
pub fn one_line(what: &str) -> String {
    let line = printable(what.trim_end().replace('\n', "; ").as_bytes());
    match line.char_indices().nth(CONFIG_ERROR_CHARACTERS) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

/// Reads the text of the file at `path`, which has at most `most` octets.
///
/// # Errors
/// The error tells whether the file could be read at all.
pub fn read(path: &Path, most: u64) -> Result<String, ReadError> {
    String::from_utf8(octets(path, most)?).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        ReadError::NotText(good.split(|octet| *octet == b'\n').count())
    })
}

/// The same where it may be no UTF-8.
///
/// # Errors
/// The file could not be read, or is too large.
pub fn octets(path: &Path, most: u64) -> Result<Vec<u8>, ReadError> {
    let octets = read_at_most(path, most).map_err(ReadError::Unreadable)?;
    octets.ok_or(ReadError::TooLarge(most))
}

/// Why a file's text could not be had.
#[derive(Debug)]
pub enum ReadError {
    /// The system says why.
    Unreadable(io::Error),
    /// It has more octets than this.
    TooLarge(u64),
    /// It is no UTF-8, first on this line, counted from 1.
    NotText(usize),
}

impl ReadError {
    /// The line, where it is about one.
    pub fn line(&self) -> Option<usize> {
        match self {
            ReadError::NotText(line) => Some(*line),
            ReadError::Unreadable(_) | ReadError::TooLarge(_) => None,
        }
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Unreadable(error) => write!(f, "can't be read: {}", words(error)),
            ReadError::TooLarge(most) => write!(f, "too large; expected at most {most} octets"),
            ReadError::NotText(_) => f.write_str("not UTF-8; expected text, as an editor writes it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(text: &str, meant: &str) -> Place {
        let start = text.find(meant).unwrap();
        Place::of(text, start..start + meant.len())
    }

    #[test]
    fn an_error_at_the_end_of_a_line_is_of_that_line() {
        for (text, at, line) in [
            ("dir = \"x\n", 8, 1),
            ("user =\n\n\n", 6, 1),
            ("allow = [\"a\"\n  \"b\"]\n", 15, 1),
            ("dir = '''\nabc\n\n", 15, 2),
            ("a = 1\nb", 7, 2),
            ("", 0, 1),
            ("\n\n", 2, 1),
            ("\u{e4} =", 4, 1),
            ("x", 100, 1),
            // A line that has no key.
            ("a = 1\nb = 2\n= 3\n", 12, 3),
            ("a = 1\n\n\n  = 3\n", 10, 4),
            ("\n= 3", 1, 2),
        ] {
            assert_eq!(Place::of(text, at..at).line, line, "{text:?}");
        }
        assert_eq!(place("a = 1\nb = 2\n", "b").line, 2);
    }

    #[test]
    fn the_mark_stands_below_what_is_meant() {
        assert_eq!(place("a = 1\nbb = 2 # x\n", "bb").excerpt(), "    bb = 2 # x\n    ^^");
        assert_eq!(place("a\t= \x1b[1m\r\n", "\x1b").excerpt(), "    a = ?[1m\n        ^");
        assert_eq!(
            place("a = \"\u{6f22}\u{5b57}\" x", "x").excerpt(),
            "    a = \"\u{6f22}\u{5b57}\" x\n               ^"
        );
        assert_eq!(place("a = \"e\u{301}\" x", "x").excerpt(), "    a = \"e\u{301}\" x\n            ^");
        assert_eq!(place("\u{6f22} = 1", "\u{6f22}").excerpt(), "    \u{6f22} = 1\n    ^^");
        assert_eq!(Place::of("dir =\n", 5..5).excerpt(), "    dir =\n         ^");
        let several = place("a = [\n1,\n2]", "[\n1,\n2]");
        assert_eq!((several.line, several.excerpt()), (1, "    a = [\n        ^".to_owned()));
    }

    #[test]
    fn a_long_line_is_shown_where_it_matters() {
        let text = format!("{} = {} y", "a".repeat(500), "x".repeat(500));
        for meant in ["a = ", "x y", " y"] {
            let excerpt = place(&text, meant).excerpt();
            let lines: Vec<&str> = excerpt.lines().collect();
            let at = lines[1].find('^').unwrap();
            assert!(lines[0][at..].starts_with(meant.trim_end()), "{excerpt}");
        }
    }

    proptest! {
        #[test]
        fn an_excerpt_is_two_short_printable_lines(text in "([ -~]|[\u{e4}\u{6f22}\u{301}\t\r\n\x1b]){0,200}", start in 0usize..220, length in 0usize..100) {
            let mut ends = (start.min(text.len()), (start + length).min(text.len()));
            while !text.is_char_boundary(ends.0) { ends.0 -= 1; }
            while !text.is_char_boundary(ends.1) { ends.1 -= 1; }
            let place = Place::of(&text, ends.0..ends.1.max(ends.0));
            prop_assert!(place.line >= 1 && place.line <= text.lines().count().max(1));
            let excerpt = place.excerpt();
            let lines: Vec<&str> = excerpt.split('\n').collect();
            prop_assert_eq!(lines.len(), 2);
            for line in lines {
                prop_assert!(width(line) <= EXCERPT_COLUMNS + 4 && !line.chars().any(char::is_control), "{excerpt:?}");
            }
        }
    }
}
