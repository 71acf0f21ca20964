//! Tokens by which who was alerted acknowledges from afar: whoever has one may acknowledge that failure, and do nothing
//! else.
//!
//! A token is BLAKE3 of the failure (whose it is, and since when), keyed with a secret that lies beside the journal, mode
//! 0600. It is never written down here, so a start makes those of failures that somebody was told of anew.

use crate::limits::{TOKEN_OCTETS, TOKENS};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file of the secret, in the state directory.
pub const SECRET_FILE: &str = "token.secret";
const SECRET_OCTETS: usize = 32;

/// The tokens that were given to somebody. They outlive their failures, so that an old one is told from a wrong one.
pub struct AckTokens {
    secret: [u8; SECRET_OCTETS],
    failures: HashMap<String, (ObjectName, Millis)>,
    /// In the order in which they were given: the oldest go first.
    given: VecDeque<String>,
}

impl std::fmt::Debug for AckTokens {
    /// No log is to have the secret or a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AckTokens({})", self.given.len())
    }
}

impl AckTokens {
    /// With the secret of this directory, which is made where there is none.
    ///
    /// # Errors
    /// It can't be read or made, or is none.
    pub fn open(dir: &Path) -> io::Result<AckTokens> {
        let path = dir.join(SECRET_FILE);
        let secret = match fs::read(&path) {
            Ok(octets) => {
                octets.try_into().map_err(|_| io::Error::new(ErrorKind::InvalidData, "no secret in it"))?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => make_secret(&path)?,
            Err(error) => return Err(error),
        };
        Ok(AckTokens { secret, failures: HashMap::new(), given: VecDeque::new() })
    }

    /// The token of somebody's failure that began then.
    pub fn give(&mut self, name: &ObjectName, failing: Millis) -> String {
        let token = self.token(name, failing);
        if self.failures.insert(token.clone(), (name.clone(), failing)).is_none() {
            self.given.push_back(token.clone());
        }
        while self.given.len() > TOKENS {
            if let Some(oldest) = self.given.pop_front() {
                self.failures.remove(&oldest);
            }
        }
        token
    }

    /// Whose failure a token is of, and since when that is; it may be over. None: nobody was given this one.
    pub fn failure(&self, token: &str) -> Option<(&ObjectName, Millis)> {
        let (name, failing) = self.failures.get(token)?;
        Some((name, *failing))
    }

    fn token(&self, name: &ObjectName, failing: Millis) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(&failing.0.to_le_bytes());
        hasher.update(name.as_str().as_bytes());
        let mut octets = [0; TOKEN_OCTETS];
        hasher.finalize_xof().fill(&mut octets);
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// Makes a secret, whole or not at all: who is killed meanwhile must not leave half of one.
fn make_secret(path: &Path) -> io::Result<[u8; SECRET_OCTETS]> {
    let mut secret = [0; SECRET_OCTETS];
    File::open("/dev/urandom")?.read_exact(&mut secret)?;
    let aside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn name(text: &str) -> ObjectName {
        ObjectName::parse(text).unwrap()
    }

    #[test]
    fn a_token_is_of_one_failure_and_the_same_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = AckTokens::open(dir.path()).unwrap();
        let token = tokens.give(&name("web/oco"), Millis(7));
        assert_eq!(token.len(), 2 * TOKEN_OCTETS);
        assert_eq!(tokens.give(&name("web/oco"), Millis(7)), token);
        assert_ne!(tokens.give(&name("web/oco"), Millis(8)), token);
        assert_ne!(tokens.give(&name("web/ocp"), Millis(7)), token);
        assert_eq!(tokens.failure(&token), Some((&name("web/oco"), Millis(7))));
        assert_eq!((tokens.failure(""), tokens.failure(&token.to_uppercase())), (None, None));
        let mut again = AckTokens::open(dir.path()).unwrap();
        assert_eq!(again.failure(&token), None);
        assert_eq!(again.give(&name("web/oco"), Millis(7)), token);
        assert!(!format!("{again:?}").contains(&token));
        let other = tempfile::tempdir().unwrap();
        assert_ne!(AckTokens::open(other.path()).unwrap().give(&name("web/oco"), Millis(7)), token);
    }

    #[test]
    fn the_secret_is_its_owners_alone_and_a_damaged_one_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        AckTokens::open(dir.path()).unwrap();
        let path = dir.path().join(SECRET_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        assert_eq!(AckTokens::open(dir.path()).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn the_oldest_tokens_go_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut tokens = AckTokens::open(dir.path()).unwrap();
        let first = tokens.give(&name("a/b"), Millis(0));
        let last =
            (1..=i64::try_from(TOKENS).unwrap()).map(|at| tokens.give(&name("a/b"), Millis(at))).last();
        assert_eq!(tokens.failure(&first), None);
        assert_eq!(tokens.failures.len(), TOKENS);
        assert!(tokens.failure(&last.unwrap()).is_some());
    }
}
