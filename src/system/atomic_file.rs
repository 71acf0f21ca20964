//! Writing a file whole or not at all.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes `name` into `directory` with `mode`: aside, as a hidden file in the same directory, and then renamed. If it
/// is there already and `may_replace` is not given, the error is of the kind `AlreadyExists`.
///
/// # Errors
/// The file was not written; nothing is left of it.
pub fn replace(directory: &Path, name: &str, content: &[u8], mode: u32, may_replace: bool) -> io::Result<()> {
    let path = directory.join(name);
    // From here on the file is removed when it is dropped, which every error does.
    let mut file = tempfile::Builder::new().prefix(&format!(".{name}.")).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    let persisted = if may_replace { file.persist(path) } else { file.persist_noclobber(path) };
    persisted.map(drop).map_err(|error| error.error)
}
