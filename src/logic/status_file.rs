//! The format of a status file: three digits, then free text for people; on a second line perhaps how old that may be.

use super::code::Code;
use super::time::parse_max_age;
use crate::limits::STATUS_FILE_OCTETS;
use std::time::Duration;

/// What a status file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// The code, or none where the line does not begin with one.
    pub code: Option<Code>,
    /// The text behind the code; the whole line where there is no code. Bytes from outside: see
    /// [`printable`](super::text::printable).
    pub text: &'a [u8],
    /// How old the result may be, as its writer promised; none: nothing was promised.
    pub max_age: Option<Duration>,
    /// Whether the line may be the beginning of a longer one, as it reaches what a status file can hold.
    pub is_cut: bool,
}

/// Before the writer's promise on the second line, parted from it by a blank.
const MAX_AGE: &[u8] = b"max-age";

/// Octets of the longest character.
const LONGEST_CHARACTER: usize = char::MAX.len_utf8();

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the beginning of a status file.
///
/// The first line begins with three digits, then comes its end, or a blank or `-` and text. A byte order mark,
/// leading blanks and a CR before the line's end are tolerated. The second line may be `max-age 25h`; anything else
/// behind the first line is passed over.
pub fn parse(content: &[u8]) -> Status<'_> {
    // What fills the whole room may have been cut, and a promise that was cut is another one.
    let is_whole = content.len() < STATUS_FILE_OCTETS;
    let all = content;
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    let (line, rest) = split_line(content);
    let max_age = match split_line(rest) {
        (second, []) if is_whole || rest.ends_with(b"\n") => promise(second),
        (_, []) => None,
        (second, _) => promise(second),
    };
    let (code, text) = code_and_text(line);
    Status { code, text, max_age, is_cut: is_cut(all, max_age.is_some()) }
}

/// Whether the first line reaches the end of what is read. A writer that cuts to what fits ends its line there too, up
/// to a character before; a promise has its place behind that.
fn is_cut(content: &[u8], has_promise: bool) -> bool {
    let end_of = |line: usize| {
        content.split(|octet| *octet == b'\n').take(line).map(|line| line.len() + 1).sum::<usize>()
    };
    let reach = end_of(if has_promise { 2 } else { 1 });
    reach + LONGEST_CHARACTER > STATUS_FILE_OCTETS
}

fn code_and_text(line: &[u8]) -> (Option<Code>, &[u8]) {
    let Some((digits, rest)) = line.split_first_chunk() else { return (None, line) };
    match (Code::from_digits(*digits), rest.split_first()) {
        (Some(code), None) => (Some(code), rest),
        (Some(code), Some((b' ' | b'\t' | b'-', text))) => (Some(code), trim_blanks(text)),
        _ => (None, line),
    }
}

/// What the second line promises, if it is a promise.
fn promise(line: &[u8]) -> Option<Duration> {
    let value =
        line.strip_prefix(MAX_AGE).filter(|value| value.starts_with(b" ") || value.starts_with(b"\t"))?;
    parse_max_age(std::str::from_utf8(value).ok()?.trim()).ok()
}

/// The first line without its end and the blanks before it, and what follows.
fn split_line(content: &[u8]) -> (&[u8], &[u8]) {
    let end = content.iter().position(|octet| *octet == b'\n');
    let (line, rest) = content.split_at(end.unwrap_or(content.len()));
    (trim_blanks(line.strip_suffix(b"\r").unwrap_or(line)), rest.get(1..).unwrap_or_default())
}

fn trim_blanks(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(content: &[u8]) -> Option<u16> {
        parse(content).code.map(Code::number)
    }

    #[test]
    fn codes_of_the_contract() {
        let good: [(&[u8], u16); 12] = [
            (b"200", 200),
            (b"200\n", 200),
            (b"200\r\n", 200),
            (b"  \t200 fine\n", 200),
            (b"\xef\xbb\xbf200\n", 200),
            (b"\xef\xbb\xbf 210-disk\r\n", 210),
            (b"300\tdown", 300),
            (b"599 x\nmore", 599),
            (b"200\nnonsense", 200),
            (b"201 ", 201),
            (b"200 \xff\x00", 200),
            (b"399-", 399),
        ];
        for (content, expected) in good {
            assert_eq!(code(content), Some(expected), "{content:?}");
        }
        let bad: [&[u8]; 19] = [
            b"",
            b"\n",
            b"\n200",
            b"20",
            b"20\n0",
            b"2000",
            b"200x",
            b"200\rx",
            b"200\x00",
            b"OK",
            b"OK 200",
            b"100",
            b"199",
            b"400",
            b"499",
            b"600",
            b"999",
            b"+200",
            b"\xff\xfe2\x000\x000\x00",
        ];
        for content in bad {
            assert_eq!(code(content), None, "{content:?}");
        }
    }

    #[test]
    fn text_is_the_rest_of_the_first_line() {
        assert_eq!(parse(b"210 disk 91% full\nmore").text, b"disk 91% full");
        assert_eq!(parse(b"210-disk\r\n").text, b"disk");
        assert_eq!(parse(b"oops\n").text, b"oops");
        assert_eq!(parse(b"200\n").text, b"");
    }

    #[test]
    fn the_second_line_may_promise_a_max_age() {
        let of = |content: &[u8]| parse(content).max_age.map(|age| age.as_secs());
        assert_eq!(of(b"200 fine\nmax-age 25h\n"), Some(90_000));
        assert_eq!(of(b"200\r\nmax-age 25h\r\n"), Some(90_000));
        assert_eq!(of(b"\xef\xbb\xbf 200\n  max-age\t 1h 30m "), Some(5_400));
        assert_eq!(of(b"200\nmax-age 7s\nmax-age 9s\n"), Some(7));
        let none: [&[u8]; 11] = [
            b"200",
            b"200\n",
            b"200 max-age 25h\n",
            b"200\n\nmax-age 25h\n",
            b"200\nmax-age\n",
            b"200\nmax-age25h\n",
            b"200\nmax-age 0s\n",
            b"200\nmax-age 300y\n",
            b"200\nmax-age 25\n",
            b"200\nmax-age \xff\n",
            b"200\nMax-Age 25h\n",
        ];
        for content in none {
            assert_eq!(of(content), None, "{content:?}");
        }
    }

    #[test]
    fn a_promise_that_was_cut_is_none() {
        let promise = b"\nmax-age 250h";
        let mut content = vec![b'x'; STATUS_FILE_OCTETS];
        content[..4].copy_from_slice(b"200 ");
        let place = STATUS_FILE_OCTETS - promise.len();
        content[place..].copy_from_slice(promise);
        assert_eq!(parse(&content).max_age, None);
        content[STATUS_FILE_OCTETS - 1] = b'\n';
        assert_eq!(parse(&content).max_age, None, "250 of nothing");
        content[place..].copy_from_slice(b"\nmax-age 50h\n");
        assert_eq!(parse(&content).max_age, Some(Duration::from_secs(180_000)));
    }

    #[test]
    fn a_line_that_reaches_the_end_may_be_cut() {
        let line = |octets: usize, rest: &str| {
            [b"200 ", vec![b'x'; octets - 4].as_slice(), rest.as_bytes()].concat()
        };
        let is_cut = |octets, rest: &str| {
            let mut content = line(octets, rest);
            content.truncate(STATUS_FILE_OCTETS);
            parse(&content).is_cut
        };
        assert!(is_cut(9000, ""), "of another program's file only the beginning is read");
        assert!(is_cut(STATUS_FILE_OCTETS, "") && is_cut(STATUS_FILE_OCTETS, "\n"));
        assert!(is_cut(STATUS_FILE_OCTETS - 1, "\n"), "as oco writes it");
        assert!(is_cut(STATUS_FILE_OCTETS - 4, "\n"), "a long character had no room");
        assert!(!is_cut(STATUS_FILE_OCTETS - 5, "\n"));
        assert!(!is_cut(100, "") && !is_cut(100, "\n"));
        assert!(!is_cut(100, &"\nmore".repeat(2000)), "what follows the line is not missed");
        let promise = "\nmax-age 25h\n";
        assert!(is_cut(STATUS_FILE_OCTETS - promise.len(), promise));
        assert!(!is_cut(STATUS_FILE_OCTETS - promise.len() - 4, promise));
        assert!(!is_cut(100, &(promise.to_owned() + &"more\n".repeat(2000))));
    }

    proptest! {
        #[test]
        fn a_promise_is_read_back(seconds in 1u64..10_000_000, text in "[^\n\r]{0,40}") {
            let age = Duration::from_secs(seconds);
            let content = format!("200 {text}\nmax-age {}\n", humantime::format_duration(age));
            prop_assert_eq!(parse(content.as_bytes()).max_age, Some(age));
        }

        #[test]
        fn what_is_written_is_read_back(number in 0u16..1000, text in "[^\n\r]{0,40}") {
            let content = format!("{number:03} {text}\n");
            prop_assert_eq!(parse(content.as_bytes()).code, Code::new(number));
        }

        #[test]
        fn anything_is_read_without_panic(content in proptest::collection::vec(any::<u8>(), 0..64)) {
            let status = parse(&content);
            prop_assert!(!status.text.contains(&b'\n'));
        }
    }
}
