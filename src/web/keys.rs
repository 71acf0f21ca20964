//! Keys of pushers and tokens of readers: what is kept of them is BLAKE3, keyed with a secret of this board, so that who
//! steals the file has none of them.
//!
//! Both stand in one file, a line each, to which lines are only added: a command and a running board write it side by
//! side, and the board reads on from where it was ([`ledger`]).
//!
//! ```text
//! first web1 3f2a... 2026-11-28T08:00:00Z     the key that web1 came with
//! push web2 90c1... 2026-11-28T08:00:00Z      one that `ocoboard token new web2 --role push` made
//! act ops 77e0... 2026-11-28T08:00:00Z        a token of role act; so read
//! forget web1                                 none of web1 any more
//! refuse web2 90c1... 2026-11-28T09:00:00Z    one of web2 that was taken back, and is never to be a first key again
//! revoke ops                                  no token of ops any more
//! ```

pub mod ledger;

use crate::config::Role;
use crate::limits::{SECRET_OCTETS, SPENT_LINES, TOKEN_OCTETS};
use ledger::{Ledger, Line, Word};
use log::warn;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::path::Path;

/// The file of the secret, in the state directory.
pub const SECRET_FILE: &str = "secret";

/// A hash that is kept in place of a key or token.
pub type Hash = [u8; 32];

/// What is known of keys and tokens.
pub struct Keys {
    secret: [u8; SECRET_OCTETS],
    ledger: Ledger,
    /// By the name as a part of an object's name.
    pushers: HashMap<Box<str>, Pusher>,
    /// Keys of pushers that were taken back, and when. Their names may get others.
    refused: BTreeMap<Box<str>, Vec<(Hash, u64)>>,
    /// Pushers of whom a line is damaged, with the last such line: nobody knows which key is theirs, so none is.
    damaged: BTreeMap<Box<str>, Box<str>>,
    tokens: BTreeMap<Box<str>, Token>,
    /// Lines that were read of the file, of these those that are lines of keys, be they damaged, and those that are none.
    lines: usize,
    understood: usize,
    unread: usize,
    /// Lines that say nothing any more.
    spent: usize,
}

impl std::fmt::Debug for Keys {
    /// No log is to have the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({}, {})", self.pushers.len(), self.tokens.len())
    }
}

/// The key of a pusher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pusher {
    hash: Hash,
    /// Made by a command, not by the first request.
    pub is_made: bool,
    /// When it came, in seconds since 1970.
    pub at: u64,
}

/// A token of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    hash: Hash,
    /// What it may.
    pub role: Role,
    /// When it was made, in seconds since 1970.
    pub at: u64,
}

/// What a pusher's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCheck {
    /// Its own.
    Right,
    /// Another one.
    Wrong,
    /// The name is not known.
    New,
}

impl Keys {
    /// Those of this directory. Its secret is made where there is none.
    ///
    /// # Errors
    /// Something in it can't be read or made.
    pub fn open(directory: &Path) -> io::Result<Keys> {
        let secret = secret(directory)?;
        let mut keys = Keys {
            secret,
            ledger: Ledger::new(directory),
            pushers: HashMap::new(),
            refused: BTreeMap::new(),
            damaged: BTreeMap::new(),
            tokens: BTreeMap::new(),
            lines: 0,
            understood: 0,
            unread: 0,
            spent: 0,
        };
        keys.refresh()?;
        if keys.understood == 0 && (keys.unread > 0 || keys.ledger.is_of_no_lines()) {
            let what = format!("{}: not a file of keys", keys.path().display());
            return Err(io::Error::new(ErrorKind::InvalidData, what));
        }
        Ok(keys)
    }

    /// Reads what others have written.
    ///
    /// # Errors
    /// It can't be read; what was known stays.
    pub fn refresh(&mut self) -> io::Result<()> {
        let Some(read) = self.ledger.read_on()? else { return Ok(()) };
        if read.is_anew {
            self.pushers.clear();
            self.refused.clear();
            self.damaged.clear();
            self.tokens.clear();
            (self.lines, self.understood, self.unread, self.spent) = (0, 0, 0, 0);
        }
        for line in read.text.lines() {
            self.lines += 1;
            match Line::parse(line) {
                Some(line) => {
                    self.understood += 1;
                    self.take(&line);
                }
                None if line.is_empty() => {}
                None => self.take_damaged(line),
            }
        }
        Ok(())
    }

    /// Takes in that a line says nothing, which no key of ours wrote so. Of whom it was is refused, where that can be read:
    /// were the name new again, anybody could come with it.
    fn take_damaged(&mut self, line: &str) {
        let place = format!("{}:{}", self.path().display(), self.lines);
        if let Some(name) = ledger::pusher_of_damaged(line) {
            warn!("{place}: not a line of keys; {name} is refused until ocoboard key forget {name}");
            self.understood += 1;
            self.pushers.remove(name);
            self.damaged.insert(name.into(), line.into());
        } else {
            (self.unread, self.spent) = (self.unread + 1, self.spent + 1);
            warn!("{place}: not a line of keys; it is left out");
        }
    }

    /// Takes in what a line says. Said twice it is as said once.
    fn take(&mut self, line: &Line<'_>) {
        let Line { word, name, hash, at } = *line;
        if matches!(word, Word::First | Word::Push | Word::Forget) {
            // What is said later counts.
            self.damaged.remove(name);
        }
        let is_over = match word {
            Word::First | Word::Push => {
                let pusher = Pusher { hash, is_made: word == Word::Push, at };
                self.pushers.insert(name.into(), pusher).is_some()
            }
            Word::Read | Word::Act => {
                let role = if word == Word::Act { Role::Act } else { Role::Read };
                self.tokens.insert(name.into(), Token { hash, role, at }).is_some()
            }
            Word::Forget => self.pushers.remove(name).is_some(),
            Word::Refuse => {
                let refused = self.refused.entry(name.into()).or_default();
                let is_known = refused.iter().any(|(known, _)| *known == hash);
                if !is_known {
                    refused.push((hash, at));
                }
                let is_its_own = self.pushers.get(name).is_some_and(|pusher| pusher.hash == hash);
                is_known || (is_its_own && self.pushers.remove(name).is_some())
            }
            Word::Revoke => self.tokens.remove(name).is_some(),
        };
        self.spent += usize::from(is_over) + usize::from(matches!(word, Word::Forget | Word::Revoke));
    }

    /// Writes the file anew where much of it says nothing any more. Only who serves may: others read on.
    ///
    /// # Errors
    /// It can't be written; the old one stays.
    pub fn tidy(&mut self) -> io::Result<()> {
        if self.spent <= SPENT_LINES.max(self.pushers.len() + self.tokens.len()) {
            return Ok(());
        }
        let mut text = String::new();
        for line in self.damaged.values() {
            text.push_str(line);
            text.push('\n');
        }
        for (name, refused) in &self.refused {
            for (hash, at) in refused {
                text.push_str(&Line { word: Word::Refuse, name, hash: *hash, at: *at }.text());
            }
        }
        for (name, pusher) in &self.pushers {
            let word = if pusher.is_made { Word::Push } else { Word::First };
            text.push_str(&Line { word, name, hash: pusher.hash, at: pusher.at }.text());
        }
        for (name, token) in &self.tokens {
            let word = if token.role == Role::Act { Word::Act } else { Word::Read };
            text.push_str(&Line { word, name, hash: token.hash, at: token.at }.text());
        }
        self.ledger.replace(&text)?;
        self.refresh()
    }

    /// What the key of this pusher is.
    pub fn check(&self, name: &str, key: &str) -> KeyCheck {
        // Compared in a time that tells nothing.
        let is_of = |hash: Hash| blake3::Hash::from(hash) == self.key_hash(name, key);
        match self.pushers.get(name) {
            Some(pusher) if is_of(pusher.hash) => KeyCheck::Right,
            Some(_) => KeyCheck::Wrong,
            None if self.damaged.contains_key(name) => KeyCheck::Wrong,
            None if self
                .refused
                .get(name)
                .is_some_and(|refused| refused.iter().any(|(hash, _)| is_of(*hash))) =>
            {
                KeyCheck::Wrong
            }
            None => KeyCheck::New,
        }
    }

    /// Keeps the first key of a pusher, from now on in memory. What is returned has to be written by
    /// [`ledger::append`], off the loop.
    pub fn keep_first(&mut self, name: &str, key: &str, at: u64) -> String {
        let hash = *self.key_hash(name, key).as_bytes();
        let line = Line { word: Word::First, name, hash, at };
        self.take(&line);
        line.text()
    }

    /// Takes that back: it could not be written.
    pub fn lose_first(&mut self, name: &str) {
        self.pushers.remove(name);
    }

    /// Where the lines are.
    pub fn path(&self) -> &Path {
        self.ledger.path()
    }

    /// Whose token this is, and what it may.
    pub fn token(&self, token: &str) -> Option<(&str, Token)> {
        let hash = self.mac("token", &[token.as_bytes()]);
        self.tokens
            .iter()
            .find(|(_, known)| blake3::Hash::from(known.hash) == hash)
            .map(|(name, token)| (&**name, *token))
    }

    /// The token of this name.
    pub fn token_of(&self, name: &str) -> Option<Token> {
        self.tokens.get(name).copied()
    }

    /// The hash of the token of this name.
    pub fn token_hash(&self, name: &str) -> Option<Hash> {
        self.tokens.get(name).map(|token| token.hash)
    }

    /// Makes a token, and writes it. A pusher's is its key.
    ///
    /// # Errors
    /// The name has one, or it can't be written.
    pub fn make(&mut self, name: &str, role: Option<Role>, at: u64) -> io::Result<String> {
        let exists = match role {
            Some(_) => self.tokens.contains_key(name),
            None => self.pushers.contains_key(name) || self.damaged.contains_key(name),
        };
        if exists {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut octets = [0; TOKEN_OCTETS];
        getrandom::fill(&mut octets).map_err(io::Error::other)?;
        let token = hexadecimal(&octets);
        let (word, hash) = match role {
            Some(Role::Read) => (Word::Read, self.mac("token", &[token.as_bytes()])),
            Some(Role::Act) => (Word::Act, self.mac("token", &[token.as_bytes()])),
            None => (Word::Push, self.key_hash(name, &token)),
        };
        self.add(&Line { word, name, hash: *hash.as_bytes(), at })?;
        Ok(token)
    }

    /// Takes the token of this name back, and a pusher's that was made: that one is refused from then on, whereas one that
    /// is forgotten may come again as a first key. Whether there was one.
    ///
    /// # Errors
    /// It can't be written.
    pub fn revoke(&mut self, name: &str, at: u64) -> io::Result<bool> {
        let is_reader = self.tokens.contains_key(name);
        if is_reader {
            self.add(&Line { word: Word::Revoke, name, hash: [0; 32], at: 0 })?;
        }
        let made = self.pushers.get(name).filter(|pusher| pusher.is_made).map(|pusher| pusher.hash);
        if let Some(hash) = made {
            self.add(&Line { word: Word::Refuse, name, hash, at })?;
        }
        Ok(is_reader || made.is_some())
    }

    /// Forgets the key of a pusher. Whether there was one.
    ///
    /// # Errors
    /// It can't be written.
    pub fn forget(&mut self, name: &str) -> io::Result<bool> {
        let is_known = self.pushers.contains_key(name) || self.damaged.contains_key(name);
        if is_known {
            self.add(&Line { word: Word::Forget, name, hash: [0; 32], at: 0 })?;
        }
        Ok(is_known)
    }

    /// Writes a line, and takes it in.
    fn add(&mut self, line: &Line<'_>) -> io::Result<()> {
        ledger::append(self.ledger.path(), &line.text())?;
        self.take(line);
        Ok(())
    }

    /// The pushers, in the order of their names.
    pub fn pushers(&self) -> Vec<(&str, Pusher)> {
        let mut all: Vec<(&str, Pusher)> =
            self.pushers.iter().map(|(name, pusher)| (&**name, *pusher)).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// The tokens of readers, in the order of their names.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, Token)> {
        self.tokens.iter().map(|(name, token)| (&**name, *token))
    }

    fn key_hash(&self, name: &str, key: &str) -> blake3::Hash {
        self.mac("key", &[name.as_bytes(), key.as_bytes()])
    }

    /// The keyed hash of these parts, for one purpose alone. No two lists of parts have the same.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        for part in [purpose.as_bytes()].iter().chain(parts) {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }
}

/// Octets in hexadecimal digits.
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The secret of a directory, made where there is none: whole or not at all, for who is killed meanwhile must not leave
/// half of one.
fn secret(directory: &Path) -> io::Result<[u8; SECRET_OCTETS]> {
    let path = directory.join(SECRET_FILE);
    let read = || -> io::Result<[u8; SECRET_OCTETS]> {
        let octets = std::fs::read(&path)?;
        octets.try_into().map_err(|_| io::Error::new(ErrorKind::InvalidData, "no secret in it"))
    };
    match read() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut secret = [0; SECRET_OCTETS];
            getrandom::fill(&mut secret).map_err(io::Error::other)?;
            match oco::system::atomic_file::replace(directory, SECRET_FILE, &secret, 0o600, false) {
                Ok(()) => Ok(secret),
                // A command made one meanwhile.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => read(),
                Err(error) => Err(error),
            }
        }
        result => result,
    }
}

#[cfg(test)]
mod tests;
