//! Reading a file that has to be small: who names a disk or an endless device must not fill our memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The content of the file at `path`. None: it has more than `most` octets.
///
/// # Errors
/// The file can't be opened or read.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut content)?;
    let fits = u64::try_from(content.len()).is_ok_and(|octets| octets <= most);
    Ok(fits.then_some(content))
}
