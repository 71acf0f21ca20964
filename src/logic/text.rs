//! The one place where bytes from outside become text: for logs, terminals and the answer's neighbours.

/// `bytes` as text without anything that a terminal or a log could obey: control characters, line and
/// direction marks and broken UTF-8 become `?`.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    push(&mut text, bytes, harmless);
    text
}

/// Appends the text of a result to `text`, as [`printable`] would give it but for tabs: they part words as blanks do,
/// and become one.
pub fn push_words(text: &mut String, bytes: &[u8]) {
    push(text, bytes, |c| if c == '\t' { ' ' } else { harmless(c) });
}

fn push(text: &mut String, bytes: &[u8], as_shown: impl Fn(char) -> char) {
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(&as_shown));
        if !chunk.invalid().is_empty() {
            text.push('?');
        }
    }
}

fn harmless(c: char) -> char {
    if is_harmless(c) { c } else { '?' }
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many columns of a terminal a printable character takes: none where it joins the one before, two where it is as wide
/// as it is high (Unicode Standard Annex 11; blocks, not single characters, which is enough to point at a place).
pub fn columns(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => 0,
        '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' => 2,
        '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' => 2,
        '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' => 2,
        '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1f9ff}' => 2,
        '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_direction_marks_and_broken_utf8_are_taken_out() {
        assert_eq!(printable(b"load 0.5"), "load 0.5");
        assert_eq!(printable("d\u{e9}j\u{e0} vu".as_bytes()), "d\u{e9}j\u{e0} vu");
        assert_eq!(printable(b"a\x1b[31mb\r\n\tc\x7f"), "a?[31mb???c?");
        assert_eq!(printable("a\u{9b}b\u{202e}c\u{2028}".as_bytes()), "a?b?c?");
        assert_eq!(printable(b"a\xffb\xc3"), "a?b?");
    }

    #[test]
    fn tabs_part_the_words_of_a_text() {
        let mut text = "x".to_owned();
        push_words(&mut text, b"a\tb\x1b\xff");
        assert_eq!(text, "xa b??");
    }
}
