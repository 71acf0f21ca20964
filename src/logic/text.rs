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
