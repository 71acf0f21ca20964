//! Writing and removing status files: what `oco set`, `oco clear` and every plugin's result come down to.

use super::aside;
use super::reason::reason;
use crate::limits::STATUS_FILE_OCTETS;
use crate::logic::code::Code;
use crate::logic::text::printable;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The mode of a status file: the daemon runs as another user, whatever the umask here.
const MODE: u32 = 0o644;

/// Why a status file could not be written or removed.
#[derive(Debug)]
pub struct RecordError {
    what: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.what, self.path.display(), reason(&self.error))
    }
}

impl std::error::Error for RecordError {}

/// Writes the result of the check `name`, whole or not at all: aside, as a hidden file in the same directory, and
/// then renamed. It is not flushed to the disk: a result that a power cut takes along is stale after it anyway.
pub fn write(directory: &Path, name: &str, code: Code, text: &[u8]) -> Result<(), RecordError> {
    aside::write(directory, name, content(code, text).as_bytes(), MODE, true).map_err(|error| RecordError {
        what: "write",
        path: directory.join(name),
        error,
    })
}

/// The status file of the check `name`, for people: its path, and what it says.
pub fn shown(directory: &Path, name: &str) -> String {
    let path = directory.join(name);
    let said = match std::fs::read(&path) {
        Ok(content) => printable(content.trim_ascii_end()),
        Err(error) => reason(&error),
    };
    format!("{}: {said}\n", printable(path.as_os_str().as_encoded_bytes()))
}

/// Removes the check `name`. That there is none is no error; that there is no directory is one.
pub fn remove(directory: &Path, name: &str) -> Result<(), RecordError> {
    let path = directory.join(name);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => match std::fs::metadata(directory) {
            Ok(_) => Ok(()),
            Err(error) => Err(RecordError { what: "directory", path: directory.to_owned(), error }),
        },
        Err(error) => Err(RecordError { what: "remove", path, error }),
    }
}

/// What is written: the code, and the text behind one blank if there is any. Control characters become blanks,
/// and what does not fit into [`STATUS_FILE_OCTETS`] is cut.
fn content(code: Code, text: &[u8]) -> String {
    let blanked: Vec<u8> =
        text.iter().map(|octet| if octet.is_ascii_control() { b' ' } else { *octet }).collect();
    let text = printable(&blanked);
    let mut content = format!("{code} {}", text.trim());
    let mut end = content.len().min(STATUS_FILE_OCTETS - 1);
    while !content.is_char_boundary(end) {
        end -= 1;
    }
    content.truncate(end);
    content.truncate(content.trim_end().len());
    content.push('\n');
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::status_file;
    use proptest::prelude::*;

    #[test]
    fn texts_are_one_printable_line() {
        let of = |text: &[u8]| content(Code::BUT, text);
        assert_eq!(of(b""), "210\n");
        assert_eq!(of(b" \t\n"), "210\n");
        assert_eq!(of(b"disk 91% full"), "210 disk 91% full\n");
        assert_eq!(of(b"a\tb\r\nc\x00d\x1b[31m"), "210 a b  c d [31m\n");
        assert_eq!(of(b"\xff\xc2\x9b"), "210 ??\n");
        assert_eq!(of("caf\u{e9}".as_bytes()), "210 caf\u{e9}\n");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = content(Code::OK, "\u{e9}".repeat(5000).as_bytes());
        assert!(long.len() <= STATUS_FILE_OCTETS && long.len() > STATUS_FILE_OCTETS - 4);
        assert!(long.ends_with("\u{e9}\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_file_that_says_the_code(text in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let written = content(Code::KO, &text);
            prop_assert!(written.len() <= STATUS_FILE_OCTETS);
            prop_assert_eq!(written.find('\n'), Some(written.len() - 1));
            prop_assert_eq!(status_file::parse(written.as_bytes()).code, Some(Code::KO));
        }
    }
}
