//! Reasons: short, printable, one line. All that a target sent and a reason shows goes through here.

use crate::limits::SHOWN_CHARACTERS;
use oco::logic::text::push_words;
use std::fmt::Write as _;
use std::time::Duration;

/// `expected WHAT, got "ANSWER"`.
pub fn expected(words: &mut String, what: &str, got: &[u8]) {
    words.push_str("expected ");
    shown(words, what.as_bytes());
    words.push_str(", got \"");
    shown(words, got.trim_ascii());
    words.push('"');
}

/// `expected WHAT, not found`.
pub fn not_found(words: &mut String, what: &str) {
    words.push_str("expected ");
    shown(words, what.as_bytes());
    words.push_str(", not found");
}

/// The beginning of `octets`, printable.
pub fn shown(words: &mut String, octets: &[u8]) {
    // A character has four octets at most.
    let begin = octets.get(..SHOWN_CHARACTERS * 4).unwrap_or(octets);
    let from = words.len();
    push_words(words, begin);
    let new = words.get(from..).unwrap_or_default();
    let cut = new.char_indices().nth(SHOWN_CHARACTERS).map(|(at, _)| from + at);
    if let Some(cut) = cut {
        words.truncate(cut);
    }
    if cut.is_some() || begin.len() < octets.len() {
        words.push_str("...");
    }
}

/// A length in its largest unit, rounded down: `9d`, `3h`.
pub fn length(words: &mut String, length: Duration) {
    let seconds = length.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, 's'),
        60..3_600 => (seconds / 60, 'm'),
        3_600..86_400 => (seconds / 3_600, 'h'),
        _ => (seconds / 86_400, 'd'),
    };
    let _ = write!(words, "{count}{unit}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(say: impl FnOnce(&mut String)) -> String {
        let mut words = String::new();
        say(&mut words);
        words
    }

    #[test]
    fn answers_are_shown_short_and_printable() {
        assert_eq!(
            said(|w| expected(w, "^SSH-2", b"HTTP/1.1 400\r\n")),
            r#"expected ^SSH-2, got "HTTP/1.1 400""#
        );
        assert_eq!(said(|w| not_found(w, "ready")), "expected ready, not found");
        assert_eq!(said(|w| shown(w, b"\x1b[31m\xff")), "?[31m?");
        assert_eq!(said(|w| shown(w, &[b'x'; 100])), "x".repeat(60) + "...");
        assert_eq!(said(|w| shown(w, &[b'x'; 60])), "x".repeat(60));
        assert_eq!(said(|w| shown(w, "\u{20ac}".repeat(61).as_bytes())), "\u{20ac}".repeat(60) + "...");
    }

    #[test]
    fn lengths_have_one_unit() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (3_599, "59m"), (86_399, "23h"), (9 * 86_400 + 5, "9d")]
        {
            assert_eq!(said(|w| length(w, Duration::from_secs(seconds))), text);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_one_short_line(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            let text = said(|w| shown(w, &octets));
            prop_assert!(text.chars().count() <= SHOWN_CHARACTERS + 3);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
