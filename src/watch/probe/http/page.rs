//! The page of a response: where it ends, and its octets without the chunks that it came in (RFC 9112, 6 and 7).

use crate::limits::PAGE_OCTETS;
use httparse::Header;

/// What tells where a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Its length.
    Sized(u64),
    /// Its chunks.
    Chunked,
    /// The end of the connection.
    UntilClose,
}

impl Framing {
    /// As the fields of the head say. None: a length of theirs is none, so there is no telling where the page ends.
    pub fn of(fields: &[Header<'_>]) -> Option<Framing> {
        let mut length = Some(None);
        for field in fields {
            if field.name.eq_ignore_ascii_case("transfer-encoding") {
                let last = field.value.rsplit(|octet| *octet == b',').next().unwrap_or_default();
                if last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                    return Some(Framing::Chunked);
                }
            } else if field.name.eq_ignore_ascii_case("content-length") {
                // Some send it twice, perhaps as a list.
                for item in field.value.split(|octet| *octet == b',') {
                    length = match (length, digits(item)) {
                        (Some(None), Some(found)) => Some(Some(found)),
                        (Some(Some(known)), Some(found)) if known == found => length,
                        (Some(_) | None, Some(_) | None) => None,
                    };
                }
            }
        }
        length.map(|length| length.map_or(Framing::UntilClose, Framing::Sized))
    }
}

/// A number without a sign.
fn digits(octets: &[u8]) -> Option<u64> {
    let octets = octets.trim_ascii();
    let text = std::str::from_utf8(octets).ok().filter(|_| octets.iter().all(u8::is_ascii_digit))?;
    text.parse().ok()
}

/// What is known of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStep {
    /// There is more to come.
    More,
    /// It is whole, or as long as we look at.
    Whole,
    /// There is no telling where it ends.
    Broken,
}

/// Reads a page.
#[derive(Debug)]
pub struct PageReader {
    framing: Framing,
    chunk: Chunk,
}

/// Where in the chunks we are.
#[derive(Debug, Clone, Copy)]
enum Chunk {
    /// In the digits of its length. How many there were, and their value.
    Length(u32, u64),
    /// Behind them, up to the end of the line.
    Extension(u64),
    /// So many octets are to come.
    Data(u64),
    /// The end of the line behind them is.
    End,
}

impl PageReader {
    /// Nothing came yet.
    pub fn new(framing: Framing) -> PageReader {
        PageReader { framing, chunk: Chunk::Length(0, 0) }
    }

    /// Whether the end of the connection is that of the page.
    pub fn ends_with_connection(&self) -> bool {
        self.framing == Framing::UntilClose
    }

    /// Puts what of `octets` belongs to the page behind what is in `page`, which holds [`PAGE_OCTETS`] at most.
    pub fn read(&mut self, octets: &[u8], page: &mut Vec<u8>) -> PageStep {
        match &mut self.framing {
            Framing::UntilClose => {
                take(octets, u64::MAX, page);
            }
            Framing::Sized(left) => {
                *left -= take(octets, *left, page);
                if *left == 0 {
                    return PageStep::Whole;
                }
            }
            Framing::Chunked => {
                if let Some(end) = self.chunks(octets, page) {
                    return end;
                }
            }
        }
        if page.len() >= PAGE_OCTETS { PageStep::Whole } else { PageStep::More }
    }

    /// None: there is more to come.
    fn chunks(&mut self, octets: &[u8], page: &mut Vec<u8>) -> Option<PageStep> {
        let mut rest = octets;
        while let Some((octet, behind)) = rest.split_first() {
            if page.len() >= PAGE_OCTETS {
                return Some(PageStep::Whole);
            }
            self.chunk = match (self.chunk, octet) {
                (Chunk::Data(left), _) => {
                    let taken = take(rest, left, page);
                    rest =
                        usize::try_from(taken).ok().and_then(|taken| rest.get(taken..)).unwrap_or_default();
                    let left = left - taken;
                    self.chunk = if left == 0 { Chunk::End } else { Chunk::Data(left) };
                    // No octet of the page is left where it is full.
                    continue;
                }
                (Chunk::Length(digits, value), octet) if octet.is_ascii_hexdigit() => {
                    if digits == 15 {
                        return Some(PageStep::Broken);
                    }
                    let digit = char::from(*octet).to_digit(16).unwrap_or(0);
                    Chunk::Length(digits + 1, value * 16 + u64::from(digit))
                }
                (Chunk::Length(0, _), _) => return Some(PageStep::Broken),
                (Chunk::Length(_, 0) | Chunk::Extension(0), b'\n') => return Some(PageStep::Whole),
                (Chunk::Length(_, length) | Chunk::Extension(length), b'\n') => Chunk::Data(length),
                (Chunk::Length(_, length), b';' | b' ' | b'\t' | b'\r') => Chunk::Extension(length),
                (Chunk::Length(..), _) => return Some(PageStep::Broken),
                (Chunk::Extension(length), _) => Chunk::Extension(length),
                (Chunk::End, b'\r') => Chunk::End,
                (Chunk::End, b'\n') => Chunk::Length(0, 0),
                (Chunk::End, _) => return Some(PageStep::Broken),
            };
            rest = behind;
        }
        None
    }
}

/// Takes `most` of `octets` at most, and not more than fits. Returns how many octets of the wire that were.
fn take(octets: &[u8], most: u64, page: &mut Vec<u8>) -> u64 {
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(octets.len());
    let fits = count.min(PAGE_OCTETS.saturating_sub(page.len()));
    page.extend_from_slice(octets.get(..fits).unwrap_or_default());
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(framing: Framing, octets: &[u8], length: usize) -> (PageStep, Vec<u8>) {
        let (mut reader, mut page) = (PageReader::new(framing), Vec::new());
        for piece in octets.chunks(length.max(1)) {
            match reader.read(piece, &mut page) {
                PageStep::More => {}
                step => return (step, page),
            }
        }
        (PageStep::More, page)
    }

    #[test]
    fn chunks_are_taken_off() {
        for (wire, step, page) in [
            ("5\r\nhello\r\n0\r\n\r\n", PageStep::Whole, "hello"),
            ("5;x=\"y\"\r\nhello\r\n1\n!\n00\n", PageStep::Whole, "hello!"),
            ("A \r\n0123456789\r\n", PageStep::More, "0123456789"),
            ("5\r\nhel", PageStep::More, "hel"),
            ("hello", PageStep::Broken, ""),
            ("5\r\nhello!\r\n", PageStep::Broken, "hello"),
            ("\r\n", PageStep::Broken, ""),
            ("5x\r\n", PageStep::Broken, ""),
            ("ffffffffffffffff\r\n", PageStep::Broken, ""),
        ] {
            assert_eq!(read(Framing::Chunked, wire.as_bytes(), 100), (step, page.into()), "{wire:?}");
        }
    }

    #[test]
    fn the_head_tells_where_it_ends() {
        let of = |fields: &[(&str, &str)]| {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
            Framing::of(&fields)
        };
        assert_eq!(of(&[]), Some(Framing::UntilClose));
        assert_eq!(of(&[("content-length", " 12 ")]), Some(Framing::Sized(12)));
        assert_eq!(of(&[("content-length", "12, 12"), ("Content-Length", "12")]), Some(Framing::Sized(12)));
        let chunked = [("Content-Length", "x"), ("Transfer-Encoding", "gzip, Chunked")];
        assert_eq!(of(&chunked), Some(Framing::Chunked));
        assert_eq!(of(&[("Transfer-Encoding", "gzip")]), Some(Framing::UntilClose));
        for length in ["x", "", "-5", "+5", "12345678901234567890123", "5, 6", "5,"] {
            assert_eq!(of(&[("Content-Length", length)]), None, "{length}");
        }
    }

    #[test]
    fn the_length_ends_it() {
        assert_eq!(read(Framing::Sized(3), b"abcdef", 9), (PageStep::Whole, b"abc".to_vec()));
        assert_eq!(read(Framing::Sized(3), b"ab", 9), (PageStep::More, b"ab".to_vec()));
        assert_eq!(PageReader::new(Framing::Sized(0)).read(b"", &mut Vec::new()), PageStep::Whole);
        let flood = vec![b'x'; PAGE_OCTETS + 5];
        for framing in [Framing::UntilClose, Framing::Sized(u64::MAX)] {
            let (step, page) = read(framing, &flood, 5000);
            assert_eq!((step, page.len()), (PageStep::Whole, PAGE_OCTETS));
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_ends_and_fits(octets in "[0-9a-f;\r\n]{0,200}", length in 1usize..20) {
            let whole = read(Framing::Chunked, octets.as_bytes(), 1000);
            prop_assert_eq!(read(Framing::Chunked, octets.as_bytes(), length), whole);
        }

        #[test]
        fn what_was_put_in_chunks_comes_out(
            parts in proptest::collection::vec("[a-z]{1,30}", 0..9), length in 1usize..40,
        ) {
            let mut wire: String =
                parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len())).collect();
            wire.push_str("0\r\n\r\n");
            let page = parts.concat().into_bytes();
            prop_assert_eq!(read(Framing::Chunked, wire.as_bytes(), length), (PageStep::Whole, page));
        }
    }
}
