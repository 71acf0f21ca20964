//! Performance data of a text that was cut: its last figure is worth nothing, as digits may be missing.
//!
//! `'label'=value[unit];...` in words parted by blanks, tabs or a further `|`, behind the first `|`. In a quoted label
//! nothing parts.

use std::borrow::Cow;

/// Stands for the figures that are missing. It is none itself, so whoever reads the others sees that some are lost.
pub const MISSING: &[u8] = b" ...";

/// `text`, which was cut at its end, with [`MISSING`] for the last word of its performance data.
pub fn without_last_figure(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(bar) = text.iter().position(|octet| *octet == b'|') else { return Cow::Borrowed(text) };
    let figures = text.get(bar + 1..).unwrap_or_default();
    let end = match last_word(figures) {
        0 => bar + 1,
        begin => bar + 1 + begin,
    };
    Cow::Owned([text.get(..end).unwrap_or(text).trim_ascii_end(), MISSING].concat())
}

/// Where the last word begins.
fn last_word(figures: &[u8]) -> usize {
    let (mut begin, mut is_begun, mut is_quoted) = (0, false, false);
    for (place, octet) in figures.iter().enumerate() {
        match octet {
            // Two quotes in a label stand for one: the second opens again what the first has closed.
            b'\'' if is_quoted => is_quoted = false,
            b'\'' if !is_begun || figures.get(place.wrapping_sub(1)) == Some(&b'\'') => is_quoted = true,
            b' ' | b'\t' | b'|' if !is_quoted => {
                (begin, is_begun) = (place + 1, false);
                continue;
            }
            _ => {}
        }
        is_begun = true;
    }
    begin
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> String {
        String::from_utf8(without_last_figure(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn the_last_word_behind_the_bar_is_left_out() {
        for (text, whole) in [
            ("no figures at all", "no figures at all"),
            ("x|a=1 b=2 c=34", "x|a=1 b=2 ..."),
            ("x|a=1 b=2 ", "x|a=1 b=2 ..."),
            ("x |a=12", "x | ..."),
            ("x|", "x| ..."),
            ("x| a=1", "x| ..."),
            ("x|a=1 'C:\\ used sp", "x|a=1 ..."),
            ("x|a=1 'y z=5", "x|a=1 ..."),
            ("x|'it''s a'=1 'b c'=2", "x|'it''s a'=1 ..."),
            ("x|a=1 'it''s b=5 c=6", "x|a=1 ..."),
            ("x|it's=1 b=2 c=3", "x|it's=1 b=2 ..."),
            ("x|a=1\tb=2", "x|a=1 ..."),
            ("x|a=1 |b=2", "x|a=1 | ..."),
            ("x|a=1 'b|c'=2", "x|a=1 ..."),
        ] {
            assert_eq!(cut(text), whole, "{text}");
        }
    }

    proptest! {
        /// Wherever a text is cut, what is left of it has whole words of it only, from the first one on.
        #[test]
        fn a_cut_figure_is_no_figure(
            figures in proptest::collection::vec(("[a-z/' =|]{1,9}", 0u64..u64::MAX, "(s|%|MB|)"), 0..6),
            at in any::<proptest::sample::Index>(),
        ) {
            let words: Vec<String> = figures
                .iter()
                .map(|(label, value, unit)| format!("'{}'={value}{unit};1;2", label.replace('\'', "''")))
                .collect();
            let text = format!("OK|{}", words.join(" "));
            let end = at.index(text.len());
            let left = cut(text.get(..end).unwrap());
            let whole = |count: usize| format!("OK|{}", words[..count].join(" "));
            let begun = (0..=words.len()).rev().find(|count| whole(*count).len() < end);
            match begun.unwrap_or(0) {
                0 if end <= 2 => prop_assert_eq!(left, &"OK"[..end]),
                count => prop_assert_eq!(left, whole(count) + " ..."),
            }
        }
    }
}
