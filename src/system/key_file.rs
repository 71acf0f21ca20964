//! A pusher's key in a file of its own, which is made on first use.
//!
//! The board keeps the first key of a name and takes no other, so the file is on the disk before anybody is told what is
//! in it.

use super::small_file::read_at_most;
use super::words::words;
use crate::limits::KEY_FILE_OCTETS;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

/// Octets of a key. In hexadecimal digits it is as long as OverC's own server has room for.
const KEY_OCTETS: usize = 16;

/// The key in the file at `path`, which is made with mode 0600 if there is none.
///
/// # Errors
/// It can't be read or made, or holds no key: the file, and why.
pub fn read_or_make(path: &Path) -> Result<String, String> {
    let key = match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        result => result,
    };
    key.map_err(|error| format!("key file {}: {}", path.display(), words(&error)))
}

fn read(path: &Path) -> io::Result<String> {
    let no_key = || io::Error::other("no key in it; expected one line of printable ASCII");
    let octets = read_at_most(path, KEY_FILE_OCTETS)?.ok_or_else(no_key)?;
    let key = octets.trim_ascii();
    if key.is_empty() || !key.iter().all(|octet| matches!(octet, b' '..=b'~')) {
        return Err(no_key());
    }
    String::from_utf8(key.to_vec()).map_err(|_| no_key())
}

/// Makes a key, whole or not at all. Of two who do so at once, both get the key of the first.
fn make(path: &Path) -> io::Result<String> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut octets = [0; KEY_OCTETS];
    File::open("/dev/urandom")?.read_exact(&mut octets)?;
    let key: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    // It has the mode 0600 from its beginning, and is removed when it is dropped, which every error does.
    let mut file = tempfile::Builder::new().prefix(".key.").tempfile_in(folder)?;
    writeln!(file, "{key}")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            File::open(folder)?.sync_all()?;
            Ok(key)
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = read_or_make(&path).unwrap();
        assert_eq!(key.len(), 2 * KEY_OCTETS);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(read_or_make(&path), Ok(key.clone()));
        let others: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(others.len(), 1, "nothing is left beside it");
        std::fs::remove_file(&path).unwrap();
        assert_ne!(read_or_make(&path), Ok(key));
    }

    #[test]
    fn all_who_make_it_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let makers: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let path = path.clone();
                    move || read_or_make(&path)
                })
            })
            .collect();
        let keys: std::collections::BTreeSet<_> =
            makers.into_iter().map(|maker| maker.join().unwrap()).collect();
        assert_eq!(keys, [read_or_make(&path)].into());
        assert!(read_or_make(&path).is_ok());
    }

    #[test]
    fn a_key_of_people_counts_and_what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let of = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            read_or_make(&path)
        };
        assert_eq!(of(b"  1234 b \r\n").as_deref(), Ok("1234 b"));
        for bad in [&b""[..], b"\n", b"a\nb\n", b"\xff", "\u{e4}".as_bytes(), &[b'x'; 2000]] {
            let error = of(bad).unwrap_err();
            assert!(error.ends_with("/key: no key in it; expected one line of printable ASCII"), "{error}");
        }
        let away = folder.path().join("away/key");
        let error = read_or_make(&away).unwrap_err();
        assert!(
            error.starts_with("key file ") && error.ends_with("/away/key: no such file or directory"),
            "{error}"
        );
    }
}
