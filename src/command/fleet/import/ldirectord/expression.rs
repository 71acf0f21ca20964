//! Perl's regular expressions, as far as ocowatch's engine surely takes them too: what ldirectord is given to look for is
//! most often a word.

/// Octets of an expression; what stands in one becomes larger when it is compiled.
const OCTETS: usize = 256;

/// The expression for ocowatch. None: it may mean something else there, or nothing.
pub(super) fn taken(perl: &str) -> Option<String> {
    if perl.len() > OCTETS {
        return None;
    }
    let mut taken = String::new();
    let mut rest = perl.chars().peekable();
    let mut depth = 0_usize;
    // Whether a quantifier may follow.
    let mut is_atom = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                match rest.next()? {
                    'd' => taken.push_str("[0-9]"),
                    'w' => taken.push_str("[0-9A-Za-z_]"),
                    's' => taken.push_str("[ \\t\\r\\n]"),
                    escaped if escaped.is_ascii_punctuation() => push_literal(&mut taken, escaped),
                    _ => return None,
                }
                is_atom = true;
            }
            '(' => {
                taken.push('(');
                if rest.next_if_eq(&'?').is_some() {
                    rest.next_if_eq(&':')?;
                    taken.push_str("?:");
                }
                depth += 1;
                is_atom = false;
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                taken.push(')');
                is_atom = true;
            }
            '|' | '^' | '$' => {
                taken.push(c);
                is_atom = false;
            }
            '*' | '+' | '?' => {
                if !is_atom {
                    return None;
                }
                taken.push(c);
                taken.extend(rest.next_if_eq(&'?'));
                is_atom = false;
            }
            '.' => {
                taken.push('.');
                is_atom = true;
            }
            '[' | ']' | '{' | '}' => return None,
            c => {
                push_literal(&mut taken, c);
                is_atom = true;
            }
        }
    }
    (depth == 0).then_some(taken)
}

/// Whether it has no character with a meaning: it is looked for as it is.
pub(super) fn is_literal(perl: &str) -> bool {
    !perl.contains(|c: char| "\\^$.|?*+()[]{}".contains(c))
}

fn push_literal(taken: &mut String, c: char) {
    if "\\^$.|?*+()[]{}".contains(c) {
        taken.push('\\');
    }
    taken.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_taken() {
        for (perl, expected) in [
            ("Test Page", "Test Page"),
            (r"^OK\.\d+$", r"^OK\.[0-9]+$"),
            ("(a|b)*?c", "(a|b)*?c"),
            ("(?:x)+", "(?:x)+"),
            (r"a\-b\/c", "a-b/c"),
            (r"\w\s\{", r"[0-9A-Za-z_][ \t\r\n]\{"),
            ("", ""),
        ] {
            assert_eq!(taken(perl).as_deref(), Some(expected), "{perl}");
        }
        for perl in ["*a", "a**", "(a", "a)", "[a]", "a{2}", "(?=x)", "(?i)x", r"\b", r"\1", "\\", "^*"] {
            assert_eq!(taken(perl), None, "{perl}");
        }
    }
}
