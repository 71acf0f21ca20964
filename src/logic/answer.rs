//! The answer line: made from ratings here, and read back by everyone who asks.

use super::code::{Code, Verdict};
use super::name::RESERVED;
use crate::limits::LINE_OCTETS;
use std::fmt::Write as _;

/// The program and its version, third word of the line.
pub const PROGRAM: &str = concat!("oco-", env!("CARGO_PKG_VERSION"));

/// The port of the protocol, where finger was (RFC 1288).
pub const PORT: u16 = 79;

/// More entries than a line can hold: the shortest is `,200-x`.
const LINE_ENTRIES: usize = LINE_OCTETS / 6;

/// Whether nothing is known of the checks, which is not OK: the directory is away, or it holds none and nobody said that
/// this is well.
pub fn nothing_is_known(is_away: bool, is_empty: bool, empty_is_ok: bool) -> bool {
    is_away || (is_empty && !empty_is_ok)
}

/// Makes answer lines. Keeps its memory from one line to the next, so that a change costs no allocation.
#[derive(Debug, Default)]
pub struct Composer {
    /// Line under construction, with its CRLF.
    line: String,
}

/// A line's verdict and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// What the line says in its first word.
    pub verdict: Verdict,
    /// The line with its CRLF: printable ASCII, at most [`LINE_OCTETS`].
    pub line: &'a str,
}

impl<'a> Answer<'a> {
    /// The checks that are not 200, as the line lists them.
    pub fn list(&self) -> &'a str {
        self.line.split_once(PROGRAM).map_or("", |(_, list)| list).trim()
    }
}

impl Composer {
    /// The answer of these checks, sorted here: highest code first, then by name. `ratings` is left with what is
    /// not 200. No check at all is [`Composer::unknown`]'s case, not this one's.
    pub fn compose<S: AsRef<str>>(&mut self, ratings: &mut Vec<(Code, S)>) -> Answer<'_> {
        ratings.retain(|(code, _)| *code != Code::OK);
        let order = |(code, name): &(Code, S), (other, other_name): &(Code, S)| {
            other.cmp(code).then_with(|| name.as_ref().cmp(other_name.as_ref()))
        };
        // Only what can fit has to be in order: with thousands of checks down, sorting them all would show.
        let count = ratings.len();
        let listed = if count > LINE_ENTRIES {
            ratings.select_nth_unstable_by(LINE_ENTRIES, order).0
        } else {
            ratings.as_mut_slice()
        };
        listed.sort_unstable_by(order);
        self.compose_listed(ratings.iter().map(|(code, name)| (*code, name.as_ref())), count)
    }

    /// The answer of `count` checks that are not 200, given in the line's order; what no line can hold need not be
    /// given.
    pub fn compose_listed<'a>(
        &mut self,
        listed: impl Iterator<Item = (Code, &'a str)>,
        count: usize,
    ) -> Answer<'_> {
        let mut listed = listed.peekable();
        let verdict = listed.peek().map_or(Verdict::Ok, |(worst, _)| worst.verdict());
        self.begin(verdict);
        // Where the line can be cut: its length behind the last entry after which `,+N` still fits.
        let mut cut = self.line.len();
        let mut kept = 0;
        for (index, (code, name)) in listed.enumerate() {
            let separator = if index == 0 { ' ' } else { ',' };
            let _ = write!(self.line, "{separator}{code}-{name}");
            let left = count.saturating_sub(index + 1);
            if self.line.len() + omission_octets(left) + 2 <= LINE_OCTETS {
                (cut, kept) = (self.line.len(), index + 1);
            } else if self.line.len() > LINE_OCTETS {
                break;
            }
        }
        self.line.truncate(cut);
        if kept < count {
            let _ = write!(self.line, ",+{}", count - kept);
        }
        self.line.push_str("\r\n");
        Answer { verdict, line: &self.line }
    }

    /// The answer when nothing is known: the directory is away, or holds no check.
    pub fn unknown(&mut self) -> Answer<'_> {
        self.begin(Verdict::Ko);
        let _ = write!(self.line, " {}-{RESERVED}\r\n", Code::KO);
        Answer { verdict: Verdict::Ko, line: &self.line }
    }

    fn begin(&mut self, verdict: Verdict) {
        self.line.clear();
        let _ = write!(self.line, "{verdict} {PROGRAM}");
    }
}

/// Octets of `,+N`.
fn omission_octets(left: usize) -> usize {
    left.checked_ilog10().map_or(0, |digits| usize::try_from(digits).unwrap_or(20) + 3)
}

/// An answer that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// What the line says in its first word.
    pub verdict: Verdict,
    /// The third word, such as `oco-1.0.0`.
    pub program: &'a str,
    /// The checks that are not 200, as listed.
    pub entries: Vec<(Code, &'a str)>,
    /// How many more there are that the line had no room for.
    pub omitted: u32,
}

/// Reads an answer, with or without its line end. None where it is no OCO line.
pub fn parse(line: &[u8]) -> Option<Parsed<'_>> {
    let mut entries = Vec::new();
    let read = read(line, |code, name| entries.push((code, name)))?;
    Some(Parsed { verdict: read.verdict, program: read.program, entries, omitted: read.omitted })
}

/// What an answer says beside its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary<'a> {
    /// What the line says in its first word.
    pub verdict: Verdict,
    /// The third word, such as `oco-1.0.0`.
    pub program: &'a str,
    /// How many more entries there are that the line had no room for.
    pub omitted: u32,
}

/// Reads an answer as [`parse`] does, and keeps nothing of it: `each` is called with the entries, also with those before
/// one that is none.
pub fn read<'a>(line: &'a [u8], each: impl FnMut(Code, &'a str)) -> Option<Summary<'a>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let Head { code, program, list } = head(line.strip_suffix(b"\r").unwrap_or(line))?;
    let verdict = code.verdict();
    if !is_of_ocod(code) {
        return None;
    }
    let (worst, omitted) = entries(list, each)?;
    // The first word sums up the list; a line whose parts disagree is not believed.
    (worst == verdict).then_some(Summary { verdict, program, omitted })
}

/// Reads a line that ocod does not write but others may, without its end: it begins with the code of a check, as
/// `210 OK, but oco-9`, and may list nothing. Its code, and the program.
pub fn read_other(line: &[u8]) -> Option<(Code, &str)> {
    let Head { code, program, list } = head(line)?;
    let (worst, _) = entries(list, |_, _| ())?;
    (!is_of_ocod(code) && worst <= code.verdict()).then_some((code, program))
}

/// Whether an answer of ocod begins so.
fn is_of_ocod(code: Code) -> bool {
    code.number() == code.verdict().number()
}

/// What a line begins with, and its list as it stands there.
struct Head<'a> {
    code: Code,
    program: &'a str,
    list: &'a str,
}

fn head(line: &[u8]) -> Option<Head<'_>> {
    if line.len() > LINE_OCTETS || !line.iter().all(|octet| matches!(octet, b' '..=b'~')) {
        return None;
    }
    let (digits, rest) = line.split_first_chunk()?;
    let code = Code::from_digits(*digits)?;
    let rest = std::str::from_utf8(rest).ok()?;
    let rest = rest.strip_prefix(' ')?.strip_prefix(code.verdict().words())?.strip_prefix(' ')?;
    let (program, list) = rest.split_once(' ').unwrap_or((rest, ""));
    let version = program.strip_prefix("oco-")?;
    (!version.is_empty()).then_some(Head { code, program, list })
}

/// Calls `each` with the entries of a list. The worst of them, and how many more there are.
fn entries<'a>(list: &'a str, mut each: impl FnMut(Code, &'a str)) -> Option<(Verdict, u32)> {
    let (mut worst, mut omitted) = (Verdict::Ok, 0);
    for entry in list.split_terminator(',') {
        if omitted > 0 {
            return None;
        }
        if let Some(number) = entry.strip_prefix('+') {
            omitted = number.parse().ok().filter(|number| *number > 0)?;
            continue;
        }
        let (digits, name) = entry.split_once('-')?;
        let code = Code::from_digits(digits.as_bytes().try_into().ok()?)?;
        if name.is_empty() || name.contains(' ') {
            return None;
        }
        worst = worst.max(code.verdict());
        each(code, name);
    }
    Some((worst, omitted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compose(ratings: &[(u16, &str)]) -> String {
        let mut ratings: Vec<_> =
            ratings.iter().map(|(code, name)| (Code::new(*code).unwrap(), *name)).collect();
        Composer::default().compose(&mut ratings).line.to_owned()
    }

    fn with_version(line: &str) -> String {
        line.replace("oco-1.0.0", PROGRAM) + "\r\n"
    }

    #[test]
    fn lines_of_the_contract() {
        assert_eq!(compose(&[(200, "http")]), with_version("200 OK oco-1.0.0"));
        assert_eq!(compose(&[(210, "disk"), (200, "http")]), with_version("250 OK, but oco-1.0.0 210-disk"));
        assert_eq!(
            compose(&[(300, "php5"), (300, "http"), (200, "a"), (300, "php")]),
            with_version("350 KO oco-1.0.0 300-http,300-php,300-php5")
        );
        assert_eq!(
            compose(&[(210, "load"), (300, "http"), (500, "raid")]),
            with_version("550 KO oco-1.0.0 500-raid,300-http,210-load")
        );
        assert_eq!(Composer::default().unknown().line, with_version("350 KO oco-1.0.0 300-oco"));
    }

    #[test]
    fn names_are_in_byte_order() {
        let line = compose(&[(300, "a"), (300, "B"), (300, "_"), (300, "a-"), (300, "0")]);
        assert_eq!(line, with_version("350 KO oco-1.0.0 300-0,300-B,300-_,300-a,300-a-"));
    }

    #[test]
    fn the_originals_lines_are_read_too() {
        let parsed = parse(b"350 KO oco-1.14h 300-http,300-php,300-php5\r\n").unwrap();
        assert_eq!((parsed.verdict, parsed.program, parsed.entries.len()), (Verdict::Ko, "oco-1.14h", 3));
        assert_eq!(parse(b"200 OK oco-1.14h").unwrap().verdict, Verdict::Ok);
    }

    #[test]
    fn other_lines_are_no_answers() {
        let bad: [&[u8]; 16] = [
            b"",
            b"200",
            b"200 OK",
            b"200 OK ",
            b"200 OK nginx",
            b"200 OK oco-",
            b"220 OK oco-1",
            b"350 OK oco-1 300-a",
            b"200 OK oco-1 300-a",
            b"350 KO oco-1",
            b"250 OK, but oco-1 200-a",
            b"350 KO oco-1 300-a,+0",
            b"350 KO oco-1 300-a,+1,300-b",
            b"350 KO oco-1 300",
            b"HTTP/1.1 200 OK",
            b"350 KO oco-1 300-a\x07",
        ];
        for line in bad {
            assert_eq!(parse(line), None, "{}", line.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn a_line_fits_is_printable_and_is_read_back(
            checks in proptest::collection::btree_map("[A-Za-z0-9._-]{1,64}", 200u16..600, 1..400)
        ) {
            let mut ratings: Vec<(Code, &str)> =
                checks.iter().filter_map(|(name, code)| Some((Code::new(*code)?, name.as_str()))).collect();
            let line = Composer::default().compose(&mut ratings).line.to_owned();
            ratings.sort_by_key(|(code, name)| (std::cmp::Reverse(*code), *name));
            prop_assert!(line.len() <= LINE_OCTETS);
            let body = line.strip_suffix("\r\n").unwrap();
            prop_assert!(body.bytes().all(|b| (b' '..=b'~').contains(&b)));
            let parsed = parse(line.as_bytes()).unwrap();
            let kept = parsed.entries.len();
            prop_assert_eq!(&parsed.entries[..], &ratings[..kept]);
            prop_assert_eq!(kept + usize::try_from(parsed.omitted).unwrap(), ratings.len());
            // As many as fit: one more would not.
            if let Some((code, name)) = ratings.get(kept) {
                let without = body.rsplit_once(",+").map_or(body, |(head, _)| head);
                let longer = without.len() + format!(",{code}-{name}").len();
                prop_assert!(longer + omission_octets(ratings.len() - kept - 1) + 2 > LINE_OCTETS);
            }
        }

        #[test]
        fn any_line_is_read_without_panic(line in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse(&line);
        }

        #[test]
        fn lines_that_look_right_are_read_without_panic(tail in "[0-9+,a-z -]{0,60}") {
            let _ = parse(format!("350 KO oco-1.0.0 {tail}").as_bytes());
        }
    }
}
