//! The lines of a mon.cf: those that end in a backslash are joined with the next, comments are left out.

/// A line, joined and without blanks around it. Empty, it ends a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first part, counted from 1.
    pub number: usize,
    pub text: String,
}

/// The lines of `text`.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut begun: Option<Line> = None;
    for (number, part) in (1..).zip(text.lines()) {
        if part.trim_start().starts_with('#') {
            continue;
        }
        let mut line = begun.take().unwrap_or(Line { number, text: String::new() });
        // What is behind the backslash and before the next word does not count.
        let part = if line.text.is_empty() { part } else { part.trim_start() };
        match part.trim_end().strip_suffix('\\') {
            Some(part) => {
                line.text.push_str(part);
                begun = Some(line);
            }
            None => {
                line.text.push_str(part);
                lines.push(Line { text: line.text.trim().to_owned(), ..line });
            }
        }
    }
    lines.extend(begun.map(|line| Line { text: line.text.trim().to_owned(), ..line }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_are_none() {
        let text = "a b \\  \n# x\n   c\n\n  # y\n d\\\n";
        let found: Vec<(usize, String)> =
            lines(text).into_iter().map(|line| (line.number, line.text)).collect();
        let expected = [(1, "a b c"), (4, ""), (6, "d")];
        assert_eq!(found, expected.map(|(number, text)| (number, text.to_owned())));
    }
}
