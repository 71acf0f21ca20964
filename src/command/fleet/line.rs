//! A line on a terminal: pieces of text with their colours, which know how many columns they take.

use super::super::columns::Style;
use super::state::State;
use crate::logic::text::{columns, printable};

/// Stands for what was cut.
const CUT: &str = "...";

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Option<u8>, String)>,
    width: usize,
}

impl Line {
    /// A line that begins with this text.
    pub fn of(text: &str) -> Line {
        Line::default().text(text)
    }

    /// The columns that it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Appends text, from wherever it comes.
    #[must_use]
    pub fn text(self, text: &str) -> Line {
        self.piece(None, text)
    }

    /// Appends text in the colour of a state.
    #[must_use]
    pub fn painted(self, state: State, text: &str) -> Line {
        self.piece(Some(state.colour()), text)
    }

    /// Appends text in a colour.
    #[must_use]
    pub fn piece(mut self, colour: Option<u8>, text: &str) -> Line {
        let text = printable(text.as_bytes());
        self.width += width(&text);
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == colour => piece.push_str(&text),
            _ => self.pieces.push((colour, text)),
        }
        self
    }

    /// Appends blanks until it takes so many columns, and `gap` more wherever it ends.
    #[must_use]
    pub fn pad(self, width: usize, gap: usize) -> Line {
        let blanks = width.saturating_sub(self.width) + gap;
        self.text(&" ".repeat(blanks))
    }

    /// The line as it is written, cut to `room` columns.
    pub fn written(&self, room: Option<usize>, style: Style) -> String {
        let room = room.unwrap_or(usize::MAX);
        let is_cut = self.trimmed_width() > room;
        let mut left = if is_cut { room.saturating_sub(CUT.len()) } else { room };
        let mut text = String::new();
        let mut is_blank = true;
        for (colour, piece) in &self.pieces {
            let piece = cut(piece, left);
            left = left.saturating_sub(width(piece));
            is_blank &= piece.trim().is_empty();
            match colour {
                Some(colour) if !piece.is_empty() => text.push_str(&style.coloured(*colour, piece)),
                Some(_) | None => text.push_str(piece),
            }
        }
        if is_cut && !is_blank {
            text.push_str(CUT.get(..room.min(CUT.len())).unwrap_or_default());
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// The columns of all but the blanks at its end.
    fn trimmed_width(&self) -> usize {
        let mut trailing = 0;
        for (_, piece) in self.pieces.iter().rev() {
            let kept = piece.trim_end_matches(' ');
            trailing += piece.len() - kept.len();
            if !kept.is_empty() {
                break;
            }
        }
        self.width - trailing
    }
}

/// The columns of a terminal that printable text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The beginning of `text` that fits into `room` columns.
fn cut(text: &str, room: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += columns(*c);
        used > room
    });
    text.get(..end.map_or(text.len(), |(end, _)| end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Style = Style::plain(None);

    #[test]
    fn a_line_is_cut_to_its_room() {
        let line = Line::of("ko").pad(4, 1).painted(State::Ko, "refused").pad(20, 0);
        assert_eq!(line.width(), 20);
        assert_eq!(line.written(None, PLAIN), "ko   refused");
        assert_eq!(line.written(Some(12), PLAIN), "ko   refused");
        assert_eq!(line.written(Some(11), PLAIN), "ko   ref...");
        assert_eq!(line.written(Some(3), PLAIN), "");
        assert_eq!(line.written(Some(0), PLAIN), "");
        let coloured = line.written(Some(10), Style::in_colour(None));
        assert_eq!(coloured, "ko   \x1b[31mre\x1b[0m...");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let line = Line::of("\u{6771}\u{4eac}e\u{301}").pad(8, 2).text("x");
        assert_eq!(line.written(None, PLAIN), "\u{6771}\u{4eac}e\u{301}     x");
        assert_eq!(line.written(Some(6), PLAIN), "\u{6771}...");
        assert_eq!(width("\u{6771}\u{4eac}e\u{301}"), 5);
    }

    proptest! {
        /// Whatever is said and however narrow the room, nothing is wider, and nothing obeys.
        #[test]
        fn nothing_is_wider_than_its_room(texts in prop::collection::vec("\\PC{0,9}|[\\x00-\\x1f\\x7f-\\u{9f} ]{0,3}", 0..5), room in 0..30usize) {
            let line = texts.iter().fold(Line::default(), |line, text| line.text(text).pad(3, 1));
            let written = line.written(Some(room), PLAIN);
            prop_assert!(width(&written) <= room, "{written:?}");
            prop_assert!(!written.chars().any(char::is_control));
            if line.width() <= room {
                let whole: String = line.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
                prop_assert_eq!(written, whole.trim_end_matches(' '));
            }
        }
    }
}
