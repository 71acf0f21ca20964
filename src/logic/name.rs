//! Names of checks, and the patterns that select them.

use crate::limits::NAME_OCTETS;
use std::fmt;

/// The name that an answer uses when nothing is known (`300-oco`). No check can have it.
pub const RESERVED: &str = "oco";
/// The check that takes a host out by hand (`oco maint on`).
pub const MAINTENANCE: &str = "maint";
/// The check that asks for no new sessions.
pub const DRAIN: &str = "drain";

/// The checks that every listener hears, whatever checks it is limited to: who takes a host out by hand means all of
/// it.
pub const HEARD_EVERYWHERE: [&str; 2] = [MAINTENANCE, DRAIN];

/// Whether the check `name` is one of [`HEARD_EVERYWHERE`].
pub fn is_heard_everywhere(name: &str) -> bool {
    HEARD_EVERYWHERE.contains(&name)
}

/// Endings of files that editors, packages and lock files leave behind.
const LEFTOVERS: [&str; 5] = ["~", ".tmp", ".swp", ".bak", ".lock"];
/// Beginnings of such endings: `.dpkg-old`, `.rpmsave`.
const LEFTOVER_FAMILIES: [&str; 2] = [".dpkg-", ".rpm"];

/// Why a name is not a check's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// No octet at all.
    Empty,
    /// More octets than [`NAME_OCTETS`].
    Long,
    /// Begins with a dot: a hidden file, of which nothing is said.
    Hidden,
    /// Begins with a dash.
    Dash,
    /// Holds something else than `A-Z a-z 0-9 . _ -`.
    Octet,
    /// Ends as editors' and packages' leftovers do.
    Leftover,
    /// [`RESERVED`].
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::Empty => "it is empty; expected 1 to 64 of A-Z a-z 0-9 . _ -",
            NameError::Long => "it is longer than 64 characters",
            NameError::Hidden => "it begins with a dot",
            NameError::Dash => "it begins with a dash",
            NameError::Octet => "it has a character other than A-Z a-z 0-9 . _ -",
            NameError::Leftover => "it ends like a leftover (~ .tmp .swp .bak .lock .dpkg-* .rpm*)",
            NameError::Reserved => "it is reserved for the daemon's own 300-oco",
        })
    }
}

impl std::error::Error for NameError {}

/// `name` as the name of a check.
///
/// # Errors
/// No check can have this name.
pub fn check_name(name: &[u8]) -> Result<&str, NameError> {
    let first = *name.first().ok_or(NameError::Empty)?;
    if first == b'.' {
        return Err(NameError::Hidden);
    }
    if !name.iter().copied().all(is_name_octet) {
        let ends_as_backup = name.last() == Some(&b'~');
        return Err(if ends_as_backup { NameError::Leftover } else { NameError::Octet });
    }
    if first == b'-' {
        return Err(NameError::Dash);
    }
    if name.len() > NAME_OCTETS {
        return Err(NameError::Long);
    }
    let name = std::str::from_utf8(name).map_err(|_| NameError::Octet)?;
    if name == RESERVED {
        return Err(NameError::Reserved);
    }
    let is_leftover = LEFTOVERS.iter().any(|end| name.ends_with(end))
        || LEFTOVER_FAMILIES.iter().any(|family| name.contains(family));
    if is_leftover { Err(NameError::Leftover) } else { Ok(name) }
}

fn is_name_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-')
}

/// Selects checks by name: `*` is any run of characters, `?` any one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern; an error names what no check's name could match.
    ///
    /// # Errors
    /// No check can match.
    pub fn new(pattern: &str) -> Result<Pattern, NameError> {
        if pattern.is_empty() {
            return Err(NameError::Empty);
        }
        if !pattern.bytes().all(|octet| is_name_octet(octet) || matches!(octet, b'*' | b'?')) {
            return Err(NameError::Octet);
        }
        if pattern == RESERVED {
            return Err(NameError::Reserved);
        }
        Ok(Pattern(pattern.to_owned()))
    }

    /// Whether the whole of `name` matches. Takes time in proportion to the product of both lengths at worst.
    pub fn matches(&self, name: &str) -> bool {
        let mut pattern = self.0.as_bytes();
        let mut name = name.as_bytes();
        // Where to go on when the run that the last `*` stands for has to become one longer.
        let mut retry: Option<(&[u8], &[u8])> = None;
        loop {
            match (pattern.split_first(), name.split_first()) {
                (Some((b'*', rest)), _) => {
                    retry = Some((rest, name));
                    pattern = rest;
                }
                (Some((expected, pattern_rest)), Some((octet, name_rest)))
                    if *expected == b'?' || expected == octet =>
                {
                    pattern = pattern_rest;
                    name = name_rest;
                }
                (None, None) => return true,
                _ => {
                    let Some((after_star, [_, longer @ ..])) = retry else { return false };
                    retry = Some((after_star, longer));
                    pattern = after_star;
                    name = longer;
                }
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_the_contract() {
        for good in ["http", "a", "php8.2", "A_b-c.d", "0", "x".repeat(64).as_str(), "oco2", "lock", "tmp.x"]
        {
            assert_eq!(check_name(good.as_bytes()), Ok(good));
        }
        let long = "x".repeat(65);
        let bad: [(&[u8], NameError); 18] = [
            (b"", NameError::Empty),
            (long.as_bytes(), NameError::Long),
            (b".http", NameError::Hidden),
            (b".", NameError::Hidden),
            (b"-http", NameError::Dash),
            (b"a b", NameError::Octet),
            (b"a/b", NameError::Octet),
            (b"a,b", NameError::Octet),
            (b"caf\xc3\xa9", NameError::Octet),
            (b"a\n", NameError::Octet),
            (b"http~", NameError::Leftover),
            (b"http.tmp", NameError::Leftover),
            (b"http.swp", NameError::Leftover),
            (b"http.bak", NameError::Leftover),
            (b"http.lock", NameError::Leftover),
            (b"http.dpkg-dist", NameError::Leftover),
            (b"http.rpmsave", NameError::Leftover),
            (b"oco", NameError::Reserved),
        ];
        for (name, error) in bad {
            assert_eq!(check_name(name), Err(error), "{name:?}");
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        let matches = |pattern: &str, name: &str| Pattern::new(pattern).unwrap().matches(name);
        assert!(matches("http", "http") && !matches("http", "https") && !matches("http", "xhttp"));
        assert!(matches("php*", "php") && matches("php*", "php5") && !matches("php*", "ph"));
        assert!(matches("*", "x") && matches("**", "x") && matches("?", "x") && !matches("?", "xy"));
        assert!(matches("*-db-*", "a-db-db-b") && matches("a*b*c", "aXbXbc") && !matches("a*b*c", "aXbXb"));
        assert!(Pattern::new("a b").is_err() && Pattern::new("").is_err() && Pattern::new("oco").is_err());
    }

    /// The obvious, exponential definition.
    fn matches_slowly(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                matches_slowly(rest, name) || (!name.is_empty() && matches_slowly(pattern, &name[1..]))
            }
            (Some((p, rest)), Some((n, name))) if *p == b'?' || p == n => matches_slowly(rest, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_agree_with_their_definition(pattern in "[ab*?]{1,8}", name in "[ab]{0,10}") {
            let fast = Pattern::new(&pattern).unwrap().matches(&name);
            prop_assert_eq!(fast, matches_slowly(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn a_name_is_short_and_plain_or_refused(name in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(good) = check_name(&name) {
                prop_assert!(good.len() <= 64 && good.bytes().all(|b| b.is_ascii_graphic() && b != b','));
            }
        }
    }
}
