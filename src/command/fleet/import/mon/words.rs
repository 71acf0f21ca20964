//! Arguments as Perl's quotewords takes them apart, durations, and words for a shell.

use std::time::Duration;

/// What a duration of mon looks like.
pub(super) const EXPECTED_TIME: &str = "expected a time as 30s, 5m, 1.5h or 1d, at most ten years";
const LONGEST: Duration = Duration::from_secs(10 * 31_557_600);
const SHORTEST: Duration = Duration::from_millis(100);

/// The words of a line. None: a quote is not closed.
pub(super) fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            // In single quotes it stands for itself.
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(rest.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// Reads `30s`, `1.5h`.
pub(super) fn length(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_lowercase();
    let unit = match text.chars().next_back()? {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3600.0,
        'd' => 86_400.0,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let length = Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * unit).ok()?;
    let whole = Duration::from_millis(u64::try_from(length.as_millis()).ok()?);
    (SHORTEST..=LONGEST).contains(&whole).then_some(whole)
}

/// A word as a shell takes it for itself.
pub(super) fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_in_perl() {
        for (text, expected) in [
            ("a  b", vec!["a", "b"]),
            (r#"-S "web server is back up" mis"#, vec!["-S", "web server is back up", "mis"]),
            (r#"a'b c'd "" \" '\x'"#, vec!["ab cd", "", "\"", "\\x"]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), Some(expected.into_iter().map(str::to_owned).collect()), "{text}");
        }
        assert_eq!(words("it's"), None);
    }

    #[test]
    fn lengths_have_a_unit_and_may_have_a_point() {
        for (text, seconds) in [("30s", 30), (" 5M ", 300), ("1.5h", 5400), ("1d", 86_400)] {
            assert_eq!(length(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "0s", "s", ".5h", "1.h", "-1s", "1e3s", "99999d", "1w", "0.01s"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn a_shell_takes_words_for_themselves() {
        assert_eq!(
            [for_shell("/f330:5000"), for_shell("a b"), for_shell("it's"), for_shell("")].join(" "),
            r"/f330:5000 'a b' 'it'\''s' ''"
        );
    }
}
