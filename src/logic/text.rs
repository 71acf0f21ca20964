//! The one place where bytes from outside become text: for logs, terminals and the answer's neighbours.

/// `bytes` as text without anything that a terminal or a log could obey: control characters, line and
/// direction marks and broken UTF-8 become `?`.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    push_printable(&mut text, bytes);
    text
}

/// Appends `bytes` to `text` as [`printable`] would give them.
pub fn push_printable(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|c| if is_harmless(c) { c } else { '?' }));
        if !chunk.invalid().is_empty() {
            text.push('?');
        }
    }
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
}
