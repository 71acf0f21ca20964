//! Lines of what comes in pieces. A line that came whole is not copied.

use super::step::Step;

/// Reads lines. What has no end yet is kept.
#[derive(Debug)]
pub struct Lines {
    kept: Vec<u8>,
    /// Octets of a line; what is longer is cut there.
    most: usize,
}

impl Lines {
    /// Nothing was read yet. `kept` is an empty buffer to be used.
    pub fn new(kept: Vec<u8>, most: usize) -> Lines {
        Lines { kept, most }
    }

    /// Calls `each` with each line, without its end, until that knows what to do. What follows is kept then.
    pub fn read(&mut self, octets: &[u8], mut each: impl FnMut(&[u8]) -> Option<Step>) -> Option<Step> {
        if self.kept.is_empty() {
            let (used, step) = lines(octets, self.most, &mut each);
            self.kept.extend_from_slice(octets.get(used..).unwrap_or_default());
            return step;
        }
        self.kept.extend_from_slice(octets);
        let (used, step) = lines(&self.kept, self.most, &mut each);
        self.kept.drain(..used.min(self.kept.len()));
        step
    }

    /// What has no end yet.
    pub fn rest(&self) -> &[u8] {
        &self.kept
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.kept
    }
}

/// How many octets of `octets` were used, and what `each` said at last.
fn lines(octets: &[u8], most: usize, each: &mut impl FnMut(&[u8]) -> Option<Step>) -> (usize, Option<Step>) {
    let mut used = 0;
    loop {
        let rest = octets.get(used..).unwrap_or_default();
        let begin = rest.get(..most).unwrap_or(rest);
        let line = match begin.iter().position(|octet| *octet == b'\n') {
            Some(end) => {
                used += end + 1;
                let line = begin.get(..end).unwrap_or(begin);
                line.strip_suffix(b"\r").unwrap_or(line)
            }
            None if begin.len() == most => {
                used += most;
                begin
            }
            None => return (used, None),
        };
        if let Some(step) = each(line) {
            return (used, Some(step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_end_as_the_field_ends_them_and_are_cut() {
        let mut lines = Lines::new(Vec::new(), 5);
        let mut read = Vec::new();
        let each = |line: &[u8]| {
            read.push(String::from_utf8_lossy(line).into_owned());
            None
        };
        assert_eq!(lines.read(b"a\r\nb\n\nabcdefgh\r\ni", each), None);
        assert_eq!(read, ["a", "b", "", "abcde", "fgh"]);
        assert_eq!(lines.rest(), b"i");
    }

    #[test]
    fn what_follows_the_line_that_decides_is_kept() {
        let mut lines = Lines::new(Vec::new(), 100);
        assert_eq!(lines.read(b"one\ntwo\nthr", |_| Some(Step::Send)), Some(Step::Send));
        assert_eq!(lines.rest(), b"two\nthr");
        let mut read = Vec::new();
        assert_eq!(
            lines.read(b"ee\n", |line| {
                read.push(line.to_vec());
                None
            }),
            None
        );
        assert_eq!(read, [b"two".to_vec(), b"three".to_vec()]);
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_lines(text in "[a\n\r]{0,60}", length in 1usize..9, most in 1usize..20) {
            let whole = {
                let (mut lines, mut read) = (Lines::new(Vec::new(), most), Vec::new());
                lines.read(text.as_bytes(), |line| { read.push(line.to_vec()); None });
                (read, lines.into_buffer())
            };
            let (mut lines, mut read) = (Lines::new(Vec::new(), most), Vec::new());
            for piece in text.as_bytes().chunks(length) {
                lines.read(piece, |line| { read.push(line.to_vec()); None });
                prop_assert!(lines.rest().len() < most);
            }
            prop_assert_eq!((read, lines.into_buffer()), whole);
        }
    }
}
