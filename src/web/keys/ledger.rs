//! The file of keys and tokens: lines that are only added, by several processes side by side.
//!
//! Who adds holds a lock, writes a whole line and has it on the disk before it goes on. A line that a crash cut is of no
//! use, and who adds the next one takes it away. Who reads remembers how far it was.

use super::Hash;
use crate::limits::KEYS_OCTETS;
use nix::fcntl::{Flock, FlockArg};
use oco_fleet::object::check_reported_part;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Its name in the state directory.
pub const FILE: &str = "keys";

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The key that a pusher came with.
    First,
    /// The key that was made for a pusher.
    Push,
    /// A token of role read.
    Read,
    /// A token of role act.
    Act,
    /// No key of a pusher any more.
    Forget,
    /// This key of a pusher was taken back.
    Refuse,
    /// No token any more.
    Revoke,
}

const WORDS: [(Word, &str); 7] = [
    (Word::First, "first"),
    (Word::Push, "push"),
    (Word::Read, "read"),
    (Word::Act, "act"),
    (Word::Forget, "forget"),
    (Word::Refuse, "refuse"),
    (Word::Revoke, "revoke"),
];

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is about.
    pub word: Word,
    /// Whose.
    pub name: &'a str,
    /// The hash; of what ends zeros.
    pub hash: Hash,
    /// When, in seconds since 1970; of what ends 0.
    pub at: u64,
}

impl Line<'_> {
    /// Reads a line. None: it says nothing.
    pub fn parse(text: &str) -> Option<Line<'_>> {
        let mut words = text.split(' ');
        let word = words.next()?;
        let (word, _) = WORDS.into_iter().find(|(_, written)| *written == word)?;
        let name = words.next().filter(|name| check_reported_part(name).is_ok())?;
        let (hash, at) = match word {
            Word::First | Word::Push | Word::Read | Word::Act | Word::Refuse => {
                let hash = blake3::Hash::from_hex(words.next()?).ok()?;
                let at = humantime::parse_rfc3339(words.next()?).ok()?;
                let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                (*hash.as_bytes(), since.as_secs())
            }
            Word::Forget | Word::Revoke => ([0; 32], 0),
        };
        words.next().is_none().then_some(Line { word, name, hash, at })
    }

    /// The line with its end.
    pub fn text(&self) -> String {
        let word = WORDS.iter().find(|(word, _)| *word == self.word).map_or("", |(_, written)| written);
        match self.word {
            Word::First | Word::Push | Word::Read | Word::Act | Word::Refuse => {
                let hash = super::hexadecimal(&self.hash);
                format!("{word} {} {hash} {}\n", self.name, shown(self.at))
            }
            Word::Forget | Word::Revoke => format!("{word} {}\n", self.name),
        }
    }
}

/// Whose a line is that says nothing, where that can be read, and where it was of a pusher: a reader's token that can't be
/// read lets nobody in.
pub fn pusher_of_damaged(text: &str) -> Option<&str> {
    let words: Vec<&str> = text.split(' ').collect();
    let (word, name) = (words.first()?, words.get(1)?);
    let is_word = ["first", "push", "forget", "refuse"].contains(word);
    let has_hash = words.get(2).is_some_and(|hash| blake3::Hash::from_hex(hash).is_ok());
    let is_of_reader = ["read", "act", "revoke"].contains(word);
    ((is_word || has_hash) && !is_of_reader && check_reported_part(name).is_ok()).then_some(name)
}

/// Seconds since 1970 as RFC 3339. What is behind its years is shown as their end.
pub fn shown(at: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(at.min(LAST))).to_string()
}

/// The file, and how far it was read.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    /// Device and number of the file that was read.
    file: Option<(u64, u64)>,
    read: u64,
    /// How long it was then: a line may be half written.
    length: u64,
}

/// What was read.
#[derive(Debug)]
pub struct Added {
    /// It is all there is: what was read before does not count any more.
    pub is_anew: bool,
    /// Whole lines.
    pub text: String,
}

impl Ledger {
    /// The one of this directory, not read yet.
    pub fn new(directory: &Path) -> Ledger {
        Ledger { path: directory.join(FILE), file: None, read: 0, length: 0 }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads on. None: there is nothing new.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read_on(&mut self) -> io::Result<Option<Added>> {
        let found = match std::fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let was_there = self.file.take().is_some();
                return Ok(was_there.then(|| Added { is_anew: true, text: String::new() }));
            }
            Err(error) => return Err(error),
        };
        let is_same = self.file == Some((found.dev(), found.ino())) && found.len() >= self.length;
        // What a crash cut may have been replaced by as many octets.
        if is_same && found.len() == self.length && self.read == self.length {
            return Ok(None);
        }
        let mut file = File::open(&self.path)?;
        let opened = file.metadata()?;
        let is_same = self.file == Some((opened.dev(), opened.ino())) && opened.len() >= self.length;
        let from = if is_same { self.read } else { 0 };
        file.seek(SeekFrom::Start(from))?;
        let mut octets = Vec::new();
        file.take(KEYS_OCTETS).read_to_end(&mut octets)?;
        let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        let got = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        octets.truncate(whole);
        self.file = Some((opened.dev(), opened.ino()));
        self.read = from.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        self.length = from.saturating_add(got);
        let text = String::from_utf8_lossy(&octets).into_owned();
        Ok(Some(Added { is_anew: !is_same, text }))
    }

    /// Whether what was read last ends in more than a line that was cut.
    pub fn is_of_no_lines(&self) -> bool {
        self.length.saturating_sub(self.read) > LINE_OCTETS
    }

    /// Writes it anew. Who adds lines meanwhile waits, and adds them to the new one; lines that were added since it was
    /// read are an error.
    ///
    /// # Errors
    /// It can't be written; the old one stays.
    pub fn replace(&self, text: &str) -> io::Result<()> {
        let file = locked(&self.path)?;
        if file.metadata()?.len() != self.length {
            return Err(ErrorKind::ResourceBusy.into());
        }
        let directory = self.path.parent().unwrap_or(Path::new("."));
        oco::system::atomic_file::replace(directory, FILE, text.as_bytes(), 0o600, true)
    }
}

/// Adds a line to the file at `path`, and waits until the disk has it.
///
/// # Errors
/// It can't be written.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = locked(path)?;
    let whole = whole(&file)?;
    // What a crash cut was never answered for, and whoever sent it tries again.
    if whole < file.metadata()?.len() {
        file.set_len(whole)?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// Where the last whole line of a file ends. Its last line may be whole but for the end of it, by an editor.
fn whole(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LINE_OCTETS);
    let mut tail = vec![0; usize::try_from(length - from).unwrap_or(0)];
    file.read_exact_at(&mut tail, from)?;
    let begin = tail.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
    let cut = tail.split_off(begin);
    let end = from.saturating_add(u64::try_from(begin).unwrap_or(0));
    // One that ends with its time is whole; of a name nobody knows whether it is.
    let is_whole = |line: Line<'_>| !matches!(line.word, Word::Forget | Word::Revoke);
    if std::str::from_utf8(&cut).ok().and_then(Line::parse).is_some_and(is_whole) {
        let mut file = file;
        file.write_all(b"\n")?;
        return Ok(length.saturating_add(1));
    }
    Ok(end)
}

/// More octets than a line has.
const LINE_OCTETS: u64 = 4096;

/// The file at `path`, which nobody else adds to while it is held.
fn locked(path: &Path) -> io::Result<Flock<File>> {
    loop {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io::Error::from(errno))?;
        // It may have been replaced while we waited.
        let (ours, there) = (file.metadata()?, std::fs::metadata(path));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(file);
        }
    }
}
