//! Writing and removing status files: what `oco set`, `oco clear` and every plugin's result come down to.

use crate::limits::STATUS_FILE_OCTETS;
use crate::logic::code::Code;
use crate::logic::cut::{MISSING, without_last_figure};
use crate::logic::status_file;
use crate::logic::text::printable;
use crate::system::atomic_file;
use crate::system::words::words;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
        write!(f, "{} {}: {}", self.what, self.path.display(), words(&self.error))
    }
}

impl std::error::Error for RecordError {}

impl RecordError {
    /// Whether something stands there already that was not to be replaced.
    pub fn is_taken(&self) -> bool {
        self.error.kind() == ErrorKind::AlreadyExists
    }
}

/// Writes the result of the check `name`, whole or not at all: aside, as a hidden file in the same directory, and
/// then renamed. It is not flushed to the disk: a result that a power cut takes along is stale after it anyway.
///
/// With a max-age it says on a second line how old it may be.
///
/// # Errors
/// The file could not be written; what was there before is still there.
pub fn write(
    directory: &Path,
    name: &str,
    code: Code,
    text: &[u8],
    max_age: Option<Duration>,
) -> Result<(), RecordError> {
    replace(directory, name, &content(code, text, max_age, None), true)
}

/// Writes a result as [`write()`] does, with a third line that says whose it is; ocod passes it over. The signature is one
/// printable line, and short. A file that is there already stays unless `may_replace` is given.
///
/// # Errors
/// The file could not be written, or [is there already](RecordError::is_taken).
pub fn write_signed(
    directory: &Path,
    name: &str,
    (code, text, max_age): (Code, &[u8], Duration),
    signature: &str,
    may_replace: bool,
) -> Result<(), RecordError> {
    replace(directory, name, &content(code, text, Some(max_age), Some(signature)), may_replace)
}

/// Whether a status file has this signature.
pub fn is_signed(content: &[u8], signature: &str) -> bool {
    content.split(|octet| *octet == b'\n').nth(2) == Some(signature.as_bytes())
}

fn replace(directory: &Path, name: &str, content: &str, may_replace: bool) -> Result<(), RecordError> {
    atomic_file::replace(directory, name, content.as_bytes(), MODE, may_replace)
        .map_err(|error| RecordError { what: "write", path: directory.join(name), error })
}

/// The status file of the check `name`, for people: its path, and what it says.
pub fn shown(directory: &Path, name: &str) -> String {
    let path = directory.join(name);
    let said = match std::fs::read(&path) {
        Ok(content) => said(&content),
        Err(error) => words(&error),
    };
    format!("{}: {said}\n", printable(path.as_os_str().as_bytes()))
}

/// A status file's first line, and how old it may be if it says so.
fn said(content: &[u8]) -> String {
    let first = content.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let mut said = printable(first.trim_ascii_end());
    if let Some(max_age) = status_file::parse(content).max_age {
        said.push_str(&format!(" (max-age {})", in_one_unit(max_age)));
    }
    said
}

/// Removes the check `name`. That there is none is no error; that there is no directory is one.
///
/// # Errors
/// There is no directory, or it does not let the file go.
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

/// What is written: the code, and the text behind one blank if there is any; then the max-age, and a signature. Control characters
/// become blanks, and what does not fit into [`STATUS_FILE_OCTETS`] is cut from the text, with the figure that the cut
/// falls into.
fn content(code: Code, text: &[u8], max_age: Option<Duration>, signature: Option<&str>) -> String {
    let blanked: Vec<u8> =
        text.iter().map(|octet| if octet.is_ascii_control() { b' ' } else { *octet }).collect();
    let text = printable(&blanked);
    let mut tail = max_age.map(|age| format!("max-age {}\n", in_one_unit(age))).unwrap_or_default();
    if let Some(signature) = signature {
        tail.push_str(signature);
        tail.push('\n');
    }
    let mut content = format!("{code} {}", text.trim());
    let room = (STATUS_FILE_OCTETS - 1).saturating_sub(tail.len());
    if content.len() > room {
        let mark = if content.contains('|') { MISSING.len() } else { 0 };
        truncate(&mut content, room - mark);
        content = printable(&without_last_figure(content.as_bytes()));
    }
    content.truncate(content.trim_end().len());
    content.push('\n');
    content.push_str(&tail);
    content
}

/// Cuts `text` between two characters.
fn truncate(text: &mut String, octets: usize) {
    let mut end = octets;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// A duration as people write a max-age: `25h`, `90m`, `1500ms`.
fn in_one_unit(duration: Duration) -> String {
    const UNITS: [(u128, &str); 5] =
        [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1, "ns")];
    let nanoseconds = duration.as_nanos();
    let (unit, letters) =
        UNITS.into_iter().find(|(unit, _)| nanoseconds.is_multiple_of(*unit)).unwrap_or((1, "ns"));
    format!("{}{letters}", nanoseconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_one_printable_line() {
        let of = |text: &[u8]| content(Code::BUT, text, None, None);
        assert_eq!(of(b""), "210\n");
        assert_eq!(of(b" \t\n"), "210\n");
        assert_eq!(of(b"disk 91% full"), "210 disk 91% full\n");
        assert_eq!(of(b"a\tb\r\nc\x00d\x1b[31m"), "210 a b  c d [31m\n");
        assert_eq!(of(b"\xff\xc2\x9b"), "210 ??\n");
        assert_eq!(of("caf\u{e9}".as_bytes()), "210 caf\u{e9}\n");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = content(Code::OK, "\u{e9}".repeat(5000).as_bytes(), None, None);
        assert!(long.len() <= STATUS_FILE_OCTETS && long.len() > STATUS_FILE_OCTETS - 4);
        assert!(long.ends_with("\u{e9}\n"));
    }

    #[test]
    fn a_max_age_is_the_second_line_and_is_never_cut() {
        let of = |text: &str, seconds| {
            content(Code::OK, text.as_bytes(), Some(Duration::from_secs_f64(seconds)), None)
        };
        assert_eq!(of("", 90_000.0), "200\nmax-age 25h\n");
        assert_eq!(of("fine", 5400.0), "200 fine\nmax-age 90m\n");
        assert_eq!([of("", 61.0), of("", 1.5)], ["200\nmax-age 61s\n", "200\nmax-age 1500ms\n"]);
        let long = of(&"x".repeat(5000), 90_000.0);
        assert_eq!(long.len(), STATUS_FILE_OCTETS);
        assert!(long.ends_with("x\nmax-age 25h\n"));
    }

    #[test]
    fn a_figure_that_the_room_cuts_is_not_written() {
        let figures: Vec<String> =
            (0..400).map(|number| format!("m{number:03}={}", 1_000_000 + number)).collect();
        for pad in 0..12 {
            let text = format!("{}|{}", "z".repeat(pad), figures.join(" "));
            let written = content(Code::OK, text.as_bytes(), None, None);
            let last = written.strip_suffix(" ...\n").unwrap().rsplit(' ').next().unwrap();
            assert!(
                figures.iter().any(|figure| figure == last) && written.len() > STATUS_FILE_OCTETS - 16,
                "{last}"
            );
        }
    }

    #[test]
    fn a_signature_is_the_third_line_however_long_the_text_is() {
        for text in ["", "fine", &"x".repeat(5000)] {
            let age = Some(Duration::from_secs(180));
            let written = content(Code::OK, text.as_bytes(), age, Some("by me"));
            assert!(written.len() <= STATUS_FILE_OCTETS && written.ends_with("\nmax-age 3m\nby me\n"));
            assert!(is_signed(written.as_bytes(), "by me") && !is_signed(written.as_bytes(), "by"));
            let read = status_file::parse(written.as_bytes());
            assert_eq!((read.code, read.max_age), (Some(Code::OK), age));
        }
        assert!(!is_signed(b"200 by me\nby me\n", "by me") && !is_signed(b"", ""));
    }

    #[test]
    fn what_was_written_is_shown_on_one_line() {
        assert_eq!(said(b"210 high|a=1\n"), "210 high|a=1");
        assert_eq!(said(b"210 high\nmax-age 25h\n"), "210 high (max-age 25h)");
        assert_eq!(said(b"200 a\x1b[31m\r\nmore\n"), "200 a?[31m");
        assert_eq!(said(b""), "");
    }

    proptest! {
        #[test]
        fn any_text_is_a_file_that_says_the_code_and_the_max_age(
            text in proptest::collection::vec(any::<u8>(), 0..5000),
            age in proptest::option::of(1u64..3_000_000_000_000_000_000),
        ) {
            let age = age.map(Duration::from_nanos);
            let written = content(Code::KO, &text, age, None);
            prop_assert!(written.len() <= STATUS_FILE_OCTETS && written.ends_with('\n'));
            prop_assert_eq!(written.lines().count(), 1 + usize::from(age.is_some()));
            let read = status_file::parse(written.as_bytes());
            prop_assert_eq!((read.code, read.max_age), (Some(Code::KO), age));
        }
    }
}
