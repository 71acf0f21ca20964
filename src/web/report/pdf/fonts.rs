//! Which font has each letter. Ours have Latin, Greek and Cyrillic; what they lack is looked for in the settings' fonts,
//! then in the system's. A letter that none has is shown by its number.

use crate::report::limits::{FONT_FILES, FONT_OCTETS, FONTS};
use rustybuzz::ttf_parser::{Face, cmap};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Noto Sans, cut down to Latin, Greek, Cyrillic and signs; its licence lies beside it.
const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");
/// Where systems keep fonts.
const DIRECTORIES: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
/// Octets of the table of letters of a font: the largest have a tenth of that.
const LETTERS_OCTETS: u32 = 4 * 1024 * 1024;
/// Folders below folders of fonts.
const DEPTH: usize = 8;

/// A font's file.
#[derive(Debug)]
pub(super) struct FontFile {
    pub(super) octets: Cow<'static, [u8]>,
}

/// The fonts of a document, and which of them has each letter.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) files: Vec<FontFile>,
    of: HashMap<char, usize>,
}

/// Our own, for text and for what stands out.
pub(super) const TEXT: usize = 0;
pub(super) const STRONG: usize = 1;

impl Library {
    /// Fonts for these letters.
    pub(super) fn for_letters(letters: &BTreeSet<char>, fonts: &[PathBuf]) -> Library {
        let ours = [REGULAR, BOLD].map(|octets| FontFile { octets: Cow::Borrowed(octets) });
        let mut library = Library { files: ours.into(), of: HashMap::new() };
        let mut missing = BTreeSet::new();
        let face = Face::parse(REGULAR, 0).ok();
        // Those that a page has by itself are among these.
        let usual: BTreeSet<char> = (' '..='~').collect();
        for letter in letters.union(&usual) {
            if face.as_ref().is_some_and(|face| face.glyph_index(*letter).is_some()) {
                library.of.insert(*letter, TEXT);
            } else if !is_private(*letter) {
                missing.insert(*letter);
            }
        }
        for path in fonts {
            library.try_file(path, &mut missing);
        }
        if !missing.is_empty() {
            for path in system_fonts() {
                library.try_file(&path, &mut missing);
            }
        }
        library
    }

    /// The font that has a letter; none: no font has it.
    pub(super) fn of(&self, letter: char) -> Option<usize> {
        self.of.get(&letter).copied()
    }

    /// A text in which each letter that no font has is its number, `U+XXXX`.
    pub(super) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.chars().all(|letter| self.of.contains_key(&letter)) {
            return Cow::Borrowed(text);
        }
        let shown = text.chars().map(|letter| match self.of(letter) {
            Some(_) => letter.to_string(),
            None => format!("U+{:04X}", u32::from(letter)),
        });
        Cow::Owned(shown.collect())
    }

    /// Takes a font that has some of the missing letters.
    fn try_file(&mut self, path: &Path, missing: &mut BTreeSet<char>) {
        if missing.is_empty() || self.files.len() >= FONTS {
            return;
        }
        let Some(has) = letters_of(path, missing) else { return };
        if has.is_empty() {
            return;
        }
        let Some(octets) = read(path) else { return };
        // What can't be read whole can't be cut down either.
        if rustybuzz::Face::from_slice(&octets, 0).is_none() {
            return;
        }
        for letter in has {
            missing.remove(&letter);
            self.of.insert(letter, self.files.len());
        }
        self.files.push(FontFile { octets: Cow::Owned(octets) });
    }
}

/// Letters that each font may use for signs of its own: by their numbers they mean nothing.
fn is_private(letter: char) -> bool {
    matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let mut octets = Vec::new();
    file.take(FONT_OCTETS + 1).read_to_end(&mut octets).ok()?;
    u64::try_from(octets.len()).is_ok_and(|length| length <= FONT_OCTETS).then_some(octets)
}

/// Which of `wanted` the font in this file has, of several the first. Only its table of letters is read, since there may
/// be thousands of fonts.
fn letters_of(path: &Path, wanted: &BTreeSet<char>) -> Option<Vec<char>> {
    let is_file = fs::metadata(path).ok()?.is_file();
    let mut file = if is_file { File::open(path).ok()? } else { return None };
    let mut head = octets_at(&mut file, 0, 12)?;
    let mut start = 0;
    if head.starts_with(b"ttcf") {
        let first = octets_at(&mut file, 12, 4)?;
        start = number(&first, 0)?;
        head = octets_at(&mut file, start, 12)?;
    }
    let count = u32::from(u16::try_from(number(&head, 4)? >> 16).ok()?);
    let records = octets_at(&mut file, start + 12, count * 16)?;
    let mut table = None;
    let mut has_outlines = false;
    for record in records.chunks_exact(16) {
        match record.get(..4) {
            Some(b"cmap") => table = Some((number(record, 8)?, number(record, 12)?)),
            // Pictures of letters, and the second kind of outlines by curves, can't be cut down.
            Some(b"glyf" | b"CFF ") => has_outlines = true,
            Some(_) | None => {}
        }
    }
    let (at, length) = table.filter(|(_, length)| has_outlines && *length <= LETTERS_OCTETS)?;
    let octets = octets_at(&mut file, at, length)?;
    let table = cmap::Table::parse(&octets)?;
    let has = |letter: &char| {
        table.subtables.into_iter().any(|one| {
            one.is_unicode() && one.glyph_index(u32::from(*letter)).is_some_and(|glyph| glyph.0 != 0)
        })
    };
    Some(wanted.iter().copied().filter(has).collect())
}

fn octets_at(file: &mut File, at: u32, length: u32) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at.into())).ok()?;
    let mut octets = vec![0; usize::try_from(length).ok()?];
    file.read_exact(&mut octets).ok()?;
    Some(octets)
}

/// The four octets at `at`, as a number.
fn number(octets: &[u8], at: usize) -> Option<u32> {
    let four = octets.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four))
}

/// The system's fonts, those first that go with ours: upright, of usual weight and width, without serifs.
fn system_fonts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in DIRECTORIES {
        walk(Path::new(directory), 0, &mut found);
    }
    found.sort_by_cached_key(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let is_odd = ["italic", "oblique", "bold", "black", "light", "thin", "condensed", "mono", "serif"]
            .iter()
            .any(|word| name.contains(word));
        let is_like_ours = name.contains("sans") || name.contains("gothic");
        (is_odd, !is_like_ours, name)
    });
    found
}

fn walk(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if found.len() >= FONT_FILES {
            return;
        }
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if is_directory && depth < DEPTH {
            walk(&path, depth + 1, found);
        } else if ["ttf", "otf", "ttc"].iter().any(|one| ending.eq_ignore_ascii_case(one)) {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_greek_and_cyrillic_come_along() {
        let text: BTreeSet<char> = "Ünïçødé Ελλάδα Привет, Україна – “”…№€ 0%".chars().collect();
        for octets in [REGULAR, BOLD] {
            let face = Face::parse(octets, 0).unwrap();
            let lacking: Vec<char> =
                text.iter().copied().filter(|one| face.glyph_index(*one).is_none()).collect();
            assert!(lacking.is_empty(), "{lacking:?}");
        }
    }

    #[test]
    fn a_letter_that_no_font_has_is_its_number() {
        let letters = BTreeSet::from(['a', '\u{10ffff}', '\u{e000}']);
        let library =
            Library::for_letters(&letters, &[PathBuf::from("/dev/null"), PathBuf::from("/nowhere")]);
        assert_eq!(library.shown("a\u{10ffff}"), "aU+10FFFF");
        assert_eq!(library.shown("a"), "a");
    }

    #[test]
    fn files_that_are_no_fonts_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = BTreeSet::from(['\u{4e2d}']);
        for (name, content) in [
            ("empty.ttf", &b""[..]),
            ("short.ttf", b"\0\x01\0\0\xff\xff"),
            ("loop.ttc", b"ttcf\0\x01\0\0\0\0\0\x01\xff\xff\xff\xff"),
            ("many.ttf", b"\0\x01\0\0\xff\xff\0\0\0\0\0\0"),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            assert_eq!(letters_of(&path, &wanted), None, "{name}");
            let library = Library::for_letters(&wanted, &[path]);
            assert!(library.files.len() >= 2);
        }
    }
}
