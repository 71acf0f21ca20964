//! The format of a status file: three digits, then free text for people.

use super::code::Code;

/// What the first line of a status file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// The code, or none where the line does not begin with one.
    pub code: Option<Code>,
    /// The text behind the code; the whole line where there is no code. Bytes from outside: see
    /// [`printable`](super::text::printable).
    pub text: &'a [u8],
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the beginning of a status file.
///
/// The first line begins with three digits, then comes its end, or a blank or `-` and text. A byte order mark,
/// leading blanks and a CR before the line's end are tolerated.
pub fn parse(content: &[u8]) -> Status<'_> {
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    let line = content.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = trim_blanks(line.strip_suffix(b"\r").unwrap_or(line));
    let Some((digits, rest)) = line.split_first_chunk() else {
        return Status { code: None, text: line };
    };
    match (Code::from_digits(*digits), rest.split_first()) {
        (Some(code), None) => Status { code: Some(code), text: rest },
        (Some(code), Some((b' ' | b'\t' | b'-', text))) => {
            Status { code: Some(code), text: trim_blanks(text) }
        }
        _ => Status { code: None, text: line },
    }
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

    proptest! {
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
